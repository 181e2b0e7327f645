//! The key that a webhook is signed with.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use everlit_core::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base64url::{decode_classic, encode_classic};

/// The fewest bytes of a key that Standard Webhooks allows.
const LEAST: usize = 24;
/// More is of no use, and a text so long was none that anybody meant to be a key.
const MOST: usize = 128;

/// A key of Standard Webhooks, for its symmetric signatures.
#[derive(Clone, Debug)]
pub struct SigningKey(Secret<Vec<u8>>);

impl SigningKey {
    /// What such a key should look like.
    pub const EXPECTED: &'static str = "24 to 128 random bytes in base64, with or without `whsec_` in front, as `openssl rand -base64 32` makes them";

    /// Reads `whsec_` and base64, or base64. White space around it is an accident of `wrangler secret put`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = decode_classic(text.strip_prefix("whsec_").unwrap_or(text))?;
        (LEAST..=MOST).contains(&bytes.len()).then(|| Self(Secret::new(bytes)))
    }

    /// The signature of a message: over its name, the time at which it is sent in seconds, and its body.
    pub(super) fn sign(&self, name: &str, at: Timestamp, body: &str) -> String {
        let seconds = at.as_millis() / 1_000;
        // A key of any length is one for HMAC.
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).ok();
        let mac = mac
            .map(|mac| mac.chain_update(alloc::format!("{name}.{seconds}.{body}")).finalize().into_bytes());
        ["v1,", &mac.as_deref().map(encode_classic).unwrap_or_default()].concat()
    }
}
