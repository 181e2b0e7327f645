//! The index of a user's sessions, or of those that one session at the authorization server led to: the Durable Object that drives
//! [`everlit_core::index::Index`], and how the Worker speaks to it.

pub(crate) mod client;
pub(crate) mod message;
mod object;
mod store;

pub use object::SessionIndex;
