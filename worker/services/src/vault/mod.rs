//! The Durable Object of one account: its token, sealed, and the machine that looks after it.

pub(crate) mod client;
pub(crate) mod message;

mod attempt;
mod effects;
mod hearing;
mod kept;
mod loaded;
mod login;
mod object;
mod revoking;
mod turn;

pub(crate) use loaded::{Fault, Loaded};
pub use object::ServiceVault;
