//! A session's escrow: the Durable Object that drives [`everlit_core::escrow::Escrow`], and how rotator and vault speak to it.
//!
//! | file | one noun |
//! |---|---|
//! | [`object`] | the object and its internal routes |
//! | [`store`] | the one row |
//! | [`message`] | what is said to the object, and what it answers |
//! | [`client`] | the other side of that, with the seal over an answer |

pub(crate) mod client;
mod message;
mod object;
mod store;

pub use object::Escrow;
