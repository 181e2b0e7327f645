//! Whatever comes over the network: no parser panics, hangs or says yes to nonsense.
//!
//! Each property feeds a parser with arbitrary input and with input that is nearly right, and checks what must hold of any
//! answer it gives.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod alerts;
mod browser;
mod from_brokers;
mod from_browsers;
mod from_callers;
mod from_ourselves;
mod from_providers;
mod from_services;
mod inputs;
mod parsers;
mod provider;
