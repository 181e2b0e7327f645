//! Keys, all derived from `SECRET_SESSION_KEY` and its later versions.
//!
//! One secret of 32 random bytes is what an operator sets. Every use has a key of its own by HKDF (RFC 5869) under its own
//! label, so that a MAC can never be taken for a seal, nor a session's cookie for a login's.
//!
//! The secret can be renewed without logging anybody out. `SECRET_SESSION_KEY` is version 1, `SECRET_SESSION_KEY_2` is version
//! 2, and so on to 255. The highest one that is set makes everything new; the others still open and verify what they made,
//! until it was made anew and they are removed. `cargo xtask keys rotate` sets the next version and says when that is.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use everlit_core::sort;
use hkdf::Hkdf;
use sha2::Sha256;

use crate::base64url;
use crate::config::ConfigError;

/// The name of the secret, in its first version.
pub const SESSION_KEY: &str = "SECRET_SESSION_KEY";

/// The first version of the session key.
pub const FIRST_VERSION: u8 = 1;

/// What a secret that holds a session key should look like.
pub(crate) const EXPECTED: &str = "32 random bytes in base64url, 43 characters";

/// The name of the secret that holds a version of the session key; there is none for version 0.
#[must_use]
pub fn secret_name(version: u8) -> Option<String> {
    match version {
        0 => None,
        FIRST_VERSION => Some(SESSION_KEY.to_string()),
        later => Some(alloc::format!("{SESSION_KEY}_{later}")),
    }
}

/// The version of the session key that a secret of this name holds; nothing if that is not what it holds.
#[must_use]
pub fn version_of(name: &str) -> Option<u8> {
    let suffix = name.strip_prefix(SESSION_KEY)?;
    let version = if suffix.is_empty() { FIRST_VERSION } else { suffix.strip_prefix('_')?.parse().ok()? };
    // One name for each version: `_1`, `_02` and `_+2` are none.
    secret_name(version).filter(|written| written == name).map(|_| version)
}

/// Whether a secret's name is that of a session key, but for its number: nothing would ever read it.
#[must_use]
pub fn is_near_miss(name: &str) -> bool {
    let number = name.strip_prefix(SESSION_KEY).and_then(|suffix| suffix.strip_prefix('_'));
    let number = number.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    number && version_of(name).is_none()
}

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
            let name = secret_name(version).unwrap_or_else(|| SESSION_KEY.to_string());
            ConfigError::secret(name, "is not a key", EXPECTED)
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

    /// The ring of all secrets that are set, given by name and text. Secrets that hold no session key are passed over.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names a secret and shows nothing of it: one that is no key, or the first if none is set. A key
    /// that cannot be read is an error also where it is not the current one: without it sessions would be lost.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(
        secrets: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, ConfigError> {
        let mut keys = secrets
            .into_iter()
            .filter_map(|(name, text)| Some((version_of(name.as_ref())?, text)))
            .map(|(version, text)| MasterKey::parse(version, text.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        sort::by_key(&mut keys, |key| core::cmp::Reverse(key.version));
        let mut keys = keys.into_iter();
        let current = keys
            .next()
            .ok_or_else(|| ConfigError::secret(SESSION_KEY.to_string(), "is not set", EXPECTED))?;
        Ok(keys.fold(Self::new(current), Self::with_older))
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

    /// The greatest version there is a key of. What says a greater one was made by a deployment that is newer than this one.
    #[must_use]
    pub fn newest(&self) -> u8 {
        self.iter().map(MasterKey::version).fold(0, u8::max)
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
    fn each_version_has_one_name() {
        assert_eq!(secret_name(0), None);
        for (name, version) in
            [(SESSION_KEY, 1), ("SECRET_SESSION_KEY_2", 2), ("SECRET_SESSION_KEY_255", 255)]
        {
            assert_eq!((version_of(name), secret_name(version).as_deref()), (Some(version), Some(name)));
            assert!(!is_near_miss(name));
        }
        for number in ["", "0", "1", "02", "256", "99999999999"] {
            let name = format!("{SESSION_KEY}_{number}");
            assert!(version_of(&name).is_none() && is_near_miss(&name), "{name}");
        }
        // A provider of the name SESSION_KEY_2 has this one.
        for other in
            ["SECRET_SESSION_KEY_2_CLIENT_SECRET", "SECRET_SESSION_KEY2", "SECRET_SESSION_KEY_+2", "X"]
        {
            assert!(version_of(other).is_none() && !is_near_miss(other), "{other}");
        }
    }

    #[test]
    fn the_highest_version_is_current_and_gaps_are_no_matter() {
        let text = |byte| session_key_text([byte; 32]).expose().clone();
        let ring = Keyring::parse([
            ("SECRET_SESSION_KEY_3", text(3)),
            ("SECRET_DEMO_CLIENT_SECRET", "x".into()),
            ("SECRET_SESSION_KEY_12", text(12)),
            ("SECRET_SESSION_KEY", text(1)),
        ]);
        let ring = ring.ok().unwrap();
        assert_eq!(ring.iter().map(MasterKey::version).collect::<Vec<_>>(), [12, 3, 1]);
        assert_eq!((ring.newest(), ring.version(12).map(|key| *key.bytes.expose())), (12, Some([12; 32])));
    }

    #[test]
    fn a_wrong_or_missing_key_is_named_and_not_shown() {
        let good = session_key_text([1; 32]).expose().clone();
        for (secrets, name, problem) in [
            (alloc::vec![], SESSION_KEY, "is not set"),
            (alloc::vec![("SECRET_OTHER", good.as_str())], SESSION_KEY, "is not set"),
            (
                alloc::vec![(SESSION_KEY, "canary"), ("SECRET_SESSION_KEY_2", &good)],
                SESSION_KEY,
                "is not a key",
            ),
            (
                alloc::vec![(SESSION_KEY, &good), ("SECRET_SESSION_KEY_2", "canary")],
                "SECRET_SESSION_KEY_2",
                "is not a key",
            ),
        ] {
            let error = Keyring::parse(secrets).err().unwrap();
            assert_eq!((error.variable.as_str(), error.problem), (name, problem));
            assert!(!format!("{error} {error:?}").contains("canary"));
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
