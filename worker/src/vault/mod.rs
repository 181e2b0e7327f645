//! A session's vault: the Durable Object that drives [`everlit_core::vault::Vault`], and how the Worker speaks to it.
//!
//! | file | one noun |
//! |---|---|
//! | [`object`] | the object: its internal routes, its alarm and its sockets |
//! | [`turn`] | one step of the machine, and who waits for it |
//! | [`loaded`] | the machine in memory, and what of a step is written |
//! | [`effects`] | what is left of a turn then: requests, and answers |
//! | [`sockets`] | those who are told without having asked |
//! | [`watch`], [`rest`] | the timer of those who wait; how long the alarm's handler stays |
//! | [`row_store`], [`columns`], [`shape_1`] | the one row, and how it was before |
//! | [`seals`] | the object's own key, and what it seals |
//! | [`message`], [`reply`] | what Worker and object say to each other |
//! | [`client`] | the Worker's side of that |

mod brake;
pub(crate) mod client;
mod columns;
mod effects;
mod loaded;
pub(crate) mod message;
mod object;
pub(crate) mod reply;
mod rest;
mod row_store;
mod seals;
mod shape_1;
mod sockets;
mod turn;
mod watch;

pub use object::SessionVault;
