//! A session's vault: the Durable Object that drives [`everlit_core::vault::Vault`], and how the Worker speaks to it.
//!
//! | file | one noun |
//! |---|---|
//! | [`object`] | the object: its internal routes and its alarm |
//! | [`turn`] | one step of the machine and its effects, in their order |
//! | [`row_store`] | the one row |
//! | [`token_request`] | the refresh at the authorization server |
//! | [`revocation`] | the end of a refresh token there |
//! | [`message`] | what Worker and object say to each other |
//! | [`client`] | the Worker's side of that |

pub(crate) mod client;
pub(crate) mod message;
mod object;
pub(crate) mod revocation;
mod row_store;
mod token_request;
mod turn;

pub use object::SessionVault;
