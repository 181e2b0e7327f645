//! The model checker: one vault with everything around it, and every order in which things can happen, up to a bound.
//!
//! The vault and the escrow are the real ones, of `everlit-core`. Around them are a driver, rotators, messages, two or more
//! tabs and an authorization server of each kind, all made of values. From a [`world::World`] follow all that can come next;
//! [`search`] visits each once and looks whether a law is broken.
#![forbid(unsafe_code)]

pub mod flaw;
pub mod hash;
pub mod moves;
mod names;
pub mod plan;
pub mod report;
mod rest;
mod rotators;
pub mod search;
pub mod server;
pub mod shared;
pub mod turn;
pub mod world;
