//! Each provider's answers: the class they must get, what the user sees, and what is read from those that bring something.
//!
//! `answers.json` holds what the stand-ins of `tests/servers/stand-ins` say, which the official SDKs were shown to understand;
//! `tests/providers/golden.test.mjs` holds it to them, and writes it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod answers;
mod breeze;
mod expiry;
mod kite;
mod notice;
mod openid;
mod refusals;
mod supabase;
mod upstox;
