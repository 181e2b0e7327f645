//! What a service vault says to its provider, to its storage and to those who ask it: texts and records, pure.
//!
//! The machine is [`everlit_core::service`]; what is known of providers is [`crate::provider`]. Here they are brought together for one
//! configured account: which request an attempt is, what its answer comes to, how the row is kept, and how its state is told.

pub mod account;
pub mod answer;
pub mod hand;
pub mod person;
pub mod revocation;
pub mod row;
pub mod secrets;
pub mod status;
mod stored;

pub use account::{Account, Given, Unsendable};
pub use hand::{Handled, Kind};
pub use revocation::{Left, Revoked};
