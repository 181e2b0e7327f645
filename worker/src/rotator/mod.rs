//! The rotator: who sends a vault's token request (RFC 6749, section 6), and lives on when the vault's object does not.
//!
//! It is a handler of this same Worker, which the vault reaches over a service binding, and it keeps nothing itself. Before it
//! sends, it claims the request at the session's escrow; before it tells the vault how the request ended, it leaves that there.
//! So a vault that was reset in between still learns of it. A request is sent once: whether there is another is the machine's
//! decision.
//!
//! | file | one noun |
//! |---|---|
//! | [`message`] | what a vault says to the rotator |
//! | [`client`] | the vault's side |
//! | [`handler`] | the rotator's side, at `/internal/rotate` |

pub(crate) mod client;
pub(crate) mod handler;
mod message;
