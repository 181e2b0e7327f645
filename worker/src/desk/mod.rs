//! The login desk: the Durable Object that holds a browser's pending logins, and how the Worker speaks to it.
//!
//! One login is one transaction, found by its `state`. It goes `open -> claimed -> done | failed`: the callback that claims it
//! spends the code, and everyone who comes with the same `state` later gets what that one got.

pub(crate) mod client;
pub(crate) mod message;
mod object;
mod store;

pub use object::LoginDesk;
pub(crate) use store::LIFE;
