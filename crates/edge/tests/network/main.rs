//! Whatever comes over the network: no parser panics, hangs or says yes to nonsense.
//!
//! Each property feeds a parser with arbitrary input and with input that is nearly right, and checks what must hold of any
//! answer it gives.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

mod browser;
mod inputs;
mod provider;
