//! A JWT that we sign ourselves, in the compact form (RFC 7515, section 7.1). WebCrypto signs it: the Worker's business.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use serde_json::Value;

use crate::base64url;

/// A JWT that lacks its signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsigned {
    input: Secret<String>,
}

impl Unsigned {
    /// A JWT of this header and these claims.
    #[must_use]
    pub(crate) fn new(header: &Value, claims: &Value) -> Self {
        let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
        Self { input: Secret::new([part(header), part(claims)].join(".")) }
    }

    /// What the signature is made over.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.input.expose().as_bytes()
    }

    /// The whole JWT.
    #[must_use]
    pub fn signed_by(self, signature: &[u8]) -> Secret<String> {
        Secret::new([self.input.expose(), ".", &base64url::encode(signature)].concat())
    }
}
