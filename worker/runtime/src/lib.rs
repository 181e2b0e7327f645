//! What both Workers ask of the platform: nothing here knows what a session or a service is.
//!
//! Nothing in this crate panics, as far as the lints can see to it: with `panic = "abort"` one panic would hang every request of the
//! isolate and could lose an object's alarm for good.
//!
//! | module | one noun |
//! |---|---|
//! | [`incoming`], [`outgoing`], [`body`], [`http`] | requests and answers |
//! | [`stub`], [`packed`], [`sql`], [`alarm`], [`background`] | calls of our objects and what they say, the platform's storage, alarms and patience |
//! | [`clock`], [`entropy`], [`log`] | what they are called |
//! | [`web_crypto`] | the runtime's signatures, theirs and ours |
//! | [`few`] | a map of few entries |
//! | [`fault_point`] | where tests stop the world; empty in every deployment |

#![warn(clippy::arithmetic_side_effects)]

pub mod alarm;
pub mod background;
pub mod body;
pub mod clock;
pub mod entropy;
pub mod fault_point;
pub mod few;
pub mod http;
pub mod incoming;
pub mod log;
pub mod outgoing;
pub mod packed;
pub mod sql;
pub mod stub;
pub mod web_crypto;
