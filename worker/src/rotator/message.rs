//! What a vault says to the rotator. The request's id and deadline are in the header that proves it.

use serde::{Deserialize, Serialize};

/// A token request to send. There is no `Debug`: it holds the refresh token and the key.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// The id of the vault's object: the name of its escrow.
    pub(super) vault: String,
    /// The name of the provider in the configuration.
    pub(super) provider: String,
    /// What to present.
    pub(super) refresh_token: String,
    /// What to ask for, where that is less than all that the login was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) aim: Option<u64>,
    /// The key that the tokens are bound to, a private JWK, if they are.
    #[serde(default)]
    pub(super) dpop_key: Option<String>,
    /// The trace of the question that it is for.
    #[serde(default)]
    pub(super) trace: u64,
    /// How long to wait for an answer, in milliseconds.
    pub(super) abort_after: u64,
}
