//! The values that tie an authorization response to its request.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use sha2::{Digest as _, Sha256};

use crate::base64url;

/// The `code_verifier` of PKCE (RFC 7636, section 4.1): 256 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeVerifier(Secret<String>);

impl CodeVerifier {
    /// A new one from 32 fresh random bytes.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(Secret::new(base64url::encode(&entropy)))
    }

    /// One that was kept in the login transaction.
    #[must_use]
    pub fn restored(text: &str) -> Option<Self> {
        base64url::decode_array::<32>(text).map(|_| Self(Secret::new(text.to_string())))
    }

    /// The verifier itself, for the token request and for sealing.
    #[must_use]
    pub const fn secret(&self) -> &Secret<String> {
        &self.0
    }

    /// Its `code_challenge` by the method `S256` (section 4.2), the only one we use.
    #[must_use]
    pub fn challenge(&self) -> String {
        base64url::encode(&Sha256::digest(self.0.expose().as_bytes()))
    }
}

/// The `state` of an authorization request (RFC 6749, section 10.12): 256 bits, and it means nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State(String);

impl State {
    /// A new one from 32 fresh random bytes.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(base64url::encode(&entropy))
    }

    /// Reads a `state` from a request or from storage; nothing if it is none that we ever made.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode_array::<32>(text).map(|_| Self(text.to_string()))
    }

    /// The state: the key of its login transaction.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = CodeVerifier::restored("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(CodeVerifier::from_entropy([0; 32]).secret().expose().len(), 43);
        assert!(!alloc::format!("{verifier:?}").contains("dBjft"));
    }

    #[test]
    fn a_state_is_one_of_ours_or_none() {
        let state = State::from_entropy([7; 32]);
        assert_eq!(State::parse(state.as_str()), Some(state));
        for wrong in [
            "",
            "x",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkA",
        ] {
            assert_eq!(State::parse(wrong), None, "{wrong}");
        }
    }
}
