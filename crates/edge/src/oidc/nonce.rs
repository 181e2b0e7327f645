//! The `nonce` of a login.

use alloc::string::{String, ToString as _};

use crate::base64url;

/// Ties an ID Token to the authorization request it answers (OpenID Connect Core, section 15.5.2): 256 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A new one from 32 fresh random bytes.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(base64url::encode(&entropy))
    }

    /// One that was kept in the login transaction.
    #[must_use]
    pub fn restored(text: &str) -> Option<Self> {
        base64url::decode_array::<32>(text).map(|_| Self(text.to_string()))
    }

    /// The nonce.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
