//! Tests over the source.
