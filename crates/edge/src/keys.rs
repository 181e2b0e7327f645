//! Keys, all derived from `SECRET_SESSION_KEY`.
//!
//! One secret of 32 random bytes is what an operator sets. Every use has a key of its own by HKDF (RFC 5869) under its own
//! label, so that a MAC can never be taken for a seal, nor a session's cookie for a login's.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use hkdf::Hkdf;
use sha2::Sha256;

use crate::base64url;
use crate::config::ConfigError;

/// The name of the secret.
pub const SESSION_KEY: &str = "SECRET_SESSION_KEY";

/// The domain of all our derivations. A change of it is a change of every key.
const SALT: &[u8] = b"everlit/1";

/// One version of the session key.
#[derive(Clone)]
pub struct MasterKey {
    version: u8,
    bytes: Secret<[u8; 32]>,
}

impl MasterKey {
    /// Makes the key of a version from its bytes.
    #[must_use]
    pub const fn new(version: u8, bytes: [u8; 32]) -> Self {
        Self { version, bytes: Secret::new(bytes) }
    }

    /// Reads the secret's text: 32 bytes in base64url. White space around it is an accident of `wrangler secret put`.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the secret and shows nothing of it.
    pub fn parse(version: u8, text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let text = text.trim_end_matches('=');
        base64url::decode_array(text).map(|bytes| Self::new(version, bytes)).ok_or_else(|| {
            ConfigError::secret(
                SESSION_KEY.to_string(),
                "is not a key",
                "32 random bytes in base64url, 43 characters",
            )
        })
    }

    /// Its version: the first byte of everything it seals.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The key for one use (`label`) and one subject of it (`context`: an origin, a session).
    #[must_use]
    pub fn derive(&self, label: &str, context: &str) -> Secret<[u8; 32]> {
        let mut key = [0; 32];
        // The zero byte ends the label, which has none, so that no label and context can pass for another pair.
        let info: [&[u8]; 3] = [label.as_bytes(), &[0], context.as_bytes()];
        let expanded =
            Hkdf::<Sha256>::new(Some(SALT), self.bytes.expose()).expand_multi_info(&info, &mut key);
        debug_assert!(expanded.is_ok(), "32 bytes are within HKDF's limit");
        Secret::new(key)
    }
}

/// The versions of the session key that are in force: new things are made with the current one, old ones still open.
#[derive(Clone)]
pub struct Keyring {
    current: MasterKey,
    older: Vec<MasterKey>,
}

impl Keyring {
    /// A ring of one key.
    #[must_use]
    pub const fn new(current: MasterKey) -> Self {
        Self { current, older: Vec::new() }
    }

    /// The same ring, which also opens what an older key made. A version that is there already is not replaced.
    #[must_use]
    pub fn with_older(mut self, key: MasterKey) -> Self {
        if self.version(key.version()).is_none() {
            self.older.push(key);
        }
        self
    }

    /// The key that new things are made with.
    #[must_use]
    pub const fn current(&self) -> &MasterKey {
        &self.current
    }

    /// All keys, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        core::iter::once(&self.current).chain(&self.older)
    }

    /// The key of a version.
    #[must_use]
    pub fn version(&self, version: u8) -> Option<&MasterKey> {
        self.iter().find(|key| key.version == version)
    }
}

/// The text that `wrangler secret put SECRET_SESSION_KEY` wants, from 32 random bytes.
#[must_use]
pub fn session_key_text(entropy: [u8; 32]) -> Secret<String> {
    Secret::new(base64url::encode(&entropy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn every_label_and_context_has_its_own_key() {
        let master = MasterKey::new(1, [7; 32]);
        let keys = [
            master.derive("a", "b"),
            master.derive("a", "c"),
            master.derive("ab", ""),
            master.derive("", "ab"),
            MasterKey::new(1, [8; 32]).derive("a", "b"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(at + 1).all(|other| other != key), "{at}");
        }
        assert_eq!(master.derive("a", "b"), MasterKey::new(2, [7; 32]).derive("a", "b"));
    }

    #[test]
    fn a_derived_key_never_changes_its_value() {
        // Cookies in people's browsers depend on it. Checked against an independent HKDF (Python's hmac and hashlib).
        let key = MasterKey::new(1, [0; 32]).derive("everlit cookie session", "https://app.example");
        assert_eq!(base64url::encode(key.expose()), "Nz-rT5ejlU0-kJeipcJDsK4NWqK9zku9MXwcxhH3Qm4");
    }

    #[test]
    fn the_secret_is_read_strictly_and_never_shown() {
        let text = session_key_text([9; 32]);
        assert!(MasterKey::parse(1, text.expose()).is_ok());
        assert!(MasterKey::parse(1, &format!(" {}=\n", text.expose())).is_ok());
        for wrong in ["", "canary-secret", &text.expose()[1..], &format!("{}AA", text.expose())] {
            let error = MasterKey::parse(1, wrong).err().unwrap();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(SESSION_KEY));
            assert!(wrong.is_empty() || !shown.contains(wrong), "{shown}");
        }
    }

    #[test]
    fn a_ring_finds_the_key_of_a_version() {
        let ring = Keyring::new(MasterKey::new(2, [2; 32]))
            .with_older(MasterKey::new(1, [1; 32]))
            .with_older(MasterKey::new(2, [9; 32]));
        assert_eq!(ring.iter().map(MasterKey::version).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(ring.current().version(), 2);
        assert!(ring.version(3).is_none());
        assert_eq!(ring.version(2).map(|key| *key.bytes.expose()), Some([2; 32]));
    }
}
