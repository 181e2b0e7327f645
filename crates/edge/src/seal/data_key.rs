//! The key of one object, and how it is kept.

use alloc::vec::Vec;

use everlit_core::secret::Secret;

use super::{NONCE_LEN, SealError, associated_data, open_with, seal_with, unknown, version_of};
use crate::keys::{Keyring, MasterKey};

/// The label of the keys that wrap.
const WRAPPING: &str = "everlit wrap data key";

/// A key that seals what one object keeps. It is made once, at login, and kept *wrapped*: sealed by the session key.
///
/// A new session key therefore changes nothing but that one value. And whoever finds a deleted object's storage, after the
/// session key that was current when it was deleted is gone, finds nothing that can be opened.
///
/// ```
/// use everlit_edge::keys::{Keyring, MasterKey};
/// use everlit_edge::seal::DataKey;
///
/// let old = Keyring::new(MasterKey::new(1, [1; 32]));
/// let wrapped = DataKey::from_entropy([9; 32]).wrap(&old, [0; 24], "object-1").unwrap();
///
/// let new = Keyring::new(MasterKey::new(2, [2; 32])).with_older(MasterKey::new(1, [1; 32]));
/// assert!(DataKey::is_stale(&new, &wrapped));
/// let again = DataKey::unwrap(&new, "object-1", &wrapped).unwrap().wrap(&new, [1; 24], "object-1").unwrap();
/// assert!(!DataKey::is_stale(&new, &again));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKey(Secret<[u8; 32]>);

impl DataKey {
    /// A new key from 32 fresh random bytes.
    #[must_use]
    pub const fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(Secret::new(entropy))
    }

    /// The key as it is kept: `version byte | 24 bytes of nonce | ciphertext | 16 bytes of tag`, under the current session
    /// key. `nonce` is 24 fresh random bytes; `subject` names the object, and only there it is unwrapped.
    ///
    /// # Errors
    ///
    /// None that can happen: a key is not too long for the cipher.
    pub fn wrap(
        &self,
        keyring: &Keyring,
        nonce: [u8; NONCE_LEN],
        subject: &str,
    ) -> Result<Vec<u8>, SealError> {
        let key = keyring.current();
        seal_with(key.version(), &wrapping(key, subject), nonce, &place(subject), self.0.expose())
    }

    /// The key that was wrapped for this subject, by whichever session key of the ring.
    ///
    /// # Errors
    ///
    /// A [`SealError`] that says why not. [`SealError::KeyAhead`] is no reason to give anything up: this instance is about to
    /// be replaced by one that knows the key.
    pub fn unwrap(keyring: &Keyring, subject: &str, wrapped: &[u8]) -> Result<Self, SealError> {
        let version = version_of(wrapped)?;
        let key = keyring.version(version).ok_or_else(|| unknown(version, keyring.newest()))?;
        let opened = open_with(&wrapping(key, subject), &place(subject), wrapped)?;
        let bytes = opened.expose().as_slice().try_into().map_err(|_| SealError::Refused)?;
        Ok(Self(Secret::new(bytes)))
    }

    /// Whether a wrapped key is to be wrapped again: it was by an older session key than the current one.
    #[must_use]
    pub fn is_stale(keyring: &Keyring, wrapped: &[u8]) -> bool {
        wrapped.first().is_some_and(|version| *version < keyring.current().version())
    }

    /// The key for one kind of value. Which object it is for needs no saying: no other has this data key.
    pub(super) fn derive(&self, label: &str) -> Secret<[u8; 32]> {
        // The version of a master key is not part of what it derives.
        MasterKey::new(0, *self.0.expose()).derive(label, "")
    }
}

fn wrapping(key: &MasterKey, subject: &str) -> Secret<[u8; 32]> {
    key.derive(WRAPPING, subject)
}

fn place(subject: &str) -> Vec<u8> {
    associated_data(&[b"data key", subject.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(versions: &[u8]) -> Keyring {
        let mut keys = versions.iter().map(|version| MasterKey::new(*version, [*version; 32]));
        let current = keys.next().unwrap();
        keys.fold(Keyring::new(current), Keyring::with_older)
    }

    #[test]
    fn it_is_unwrapped_only_where_it_belongs() {
        let key = DataKey::from_entropy([9; 32]);
        let wrapped = key.wrap(&ring(&[1]), [5; 24], "object-1").unwrap();
        assert_eq!(wrapped.len(), 1 + 24 + 32 + 16);
        assert_eq!(DataKey::unwrap(&ring(&[1]), "object-1", &wrapped), Ok(key.clone()));
        assert_eq!(DataKey::unwrap(&ring(&[1]), "object-2", &wrapped), Err(SealError::Refused));
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(DataKey::unwrap(&ring(&[1]), "object-1", &changed).is_err(), "byte {at}");
            assert!(DataKey::unwrap(&ring(&[1]), "object-1", &wrapped[..at]).is_err(), "length {at}");
        }
        assert!(!alloc::format!("{key:?}").contains('9'), "it never prints itself");
    }

    #[test]
    fn a_key_to_come_is_told_from_one_that_is_gone() {
        let wrapped = DataKey::from_entropy([9; 32]).wrap(&ring(&[2]), [5; 24], "object").unwrap();
        for (versions, expected) in [
            (&[2_u8, 1][..], None),
            (&[3, 2], None),
            (&[1], Some(SealError::KeyAhead)),
            (&[3, 1], Some(SealError::KeyRetired)),
            (&[3], Some(SealError::KeyRetired)),
        ] {
            let unwrapped = DataKey::unwrap(&ring(versions), "object", &wrapped);
            assert_eq!(unwrapped.err(), expected, "{versions:?}");
        }
    }

    #[test]
    fn only_what_an_older_key_wrapped_is_wrapped_again() {
        let wrapped = DataKey::from_entropy([9; 32]).wrap(&ring(&[2, 1]), [5; 24], "object").unwrap();
        for (versions, stale) in [(&[2_u8, 1][..], false), (&[3, 2], true), (&[1], false)] {
            assert_eq!(DataKey::is_stale(&ring(versions), &wrapped), stale, "{versions:?}");
        }
        assert!(!DataKey::is_stale(&ring(&[3]), b""));
    }

    #[test]
    fn what_an_object_keeps_survives_every_rotation() {
        let key = DataKey::from_entropy([9; 32]);
        let sealed = super::super::Sealer::with_data_key(&key, "user").seal([1; 24], b"", b"u").unwrap();
        let mut wrapped = key.wrap(&ring(&[1]), [5; 24], "object").unwrap();
        for versions in [&[2_u8, 1][..], &[3, 2], &[4, 3], &[4]] {
            let ring = ring(versions);
            let key = DataKey::unwrap(&ring, "object", &wrapped).unwrap();
            let opened = super::super::Sealer::with_data_key(&key, "user").open(b"", &sealed).unwrap();
            assert_eq!(opened.expose(), b"u");
            wrapped = key.wrap(&ring, [6; 24], "object").unwrap();
        }
    }
}
