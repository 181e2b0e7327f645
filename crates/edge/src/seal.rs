//! Sealing: what a Durable Object keeps that is secret, it keeps sealed.
//!
//! XChaCha20-Poly1305 by RustCrypto: synchronous, so that sealing and writing are one turn, and with a nonce long enough to
//! be drawn at random. A sealed value is `version byte | 24 bytes of nonce | ciphertext | 16 bytes of tag`.

use alloc::vec::Vec;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use everlit_core::secret::Secret;

use crate::keys::Keyring;

/// The bytes of a nonce.
pub const NONCE_LEN: usize = 24;

/// Why a sealed value was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// It is shorter than any sealed value.
    TooShort,
    /// It was sealed with a key that is no longer, or not yet, in the ring.
    UnknownKey,
    /// It was sealed with another key or for another place, or it was changed.
    Refused,
}

/// Seals and opens the values of one subject: a session, say.
///
/// ```
/// use everlit_edge::keys::{Keyring, MasterKey};
/// use everlit_edge::seal::{Sealer, associated_data};
///
/// let ring = Keyring::new(MasterKey::new(1, [7; 32]));
/// let sealer = Sealer::new(&ring, "refresh token", "session-1");
/// let place = associated_data(&[b"generation", b"4"]);
/// let sealed = sealer.seal([0; 24], &place, b"r-1").unwrap();
/// assert_eq!(sealer.open(&place, &sealed).unwrap().expose(), b"r-1");
/// ```
#[derive(Clone)]
pub struct Sealer {
    current: (u8, Secret<[u8; 32]>),
    older: Vec<(u8, Secret<[u8; 32]>)>,
}

impl Sealer {
    /// A sealer for one kind of value (`label`) of one `subject`.
    #[must_use]
    pub fn new(keyring: &Keyring, label: &str, subject: &str) -> Self {
        let label = alloc::format!("everlit seal {label}");
        let derive = |key: &crate::keys::MasterKey| (key.version(), key.derive(&label, subject));
        Self { current: derive(keyring.current()), older: keyring.iter().skip(1).map(derive).collect() }
    }

    /// Seals with the current key. `nonce` is 24 fresh random bytes; `place` says where the value belongs, and only there it
    /// opens.
    ///
    /// # Errors
    ///
    /// [`SealError::Refused`] where the value is longer than the cipher can take (256 GB).
    pub fn seal(&self, nonce: [u8; NONCE_LEN], place: &[u8], value: &[u8]) -> Result<Vec<u8>, SealError> {
        let (version, key) = &self.current;
        let ciphertext = cipher(key)
            .encrypt(&XNonce::from(nonce), Payload { msg: value, aad: &bound(*version, place) })
            .map_err(|_| SealError::Refused)?;
        let mut sealed = Vec::with_capacity(ciphertext.len().saturating_add(NONCE_LEN).saturating_add(1));
        sealed.push(*version);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what was sealed for this subject and this place, by whichever key of the ring.
    ///
    /// # Errors
    ///
    /// A [`SealError`] that says why not.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::TooShort)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::TooShort)?;
        let (_, key) = core::iter::once(&self.current)
            .chain(&self.older)
            .find(|(known, _)| known == version)
            .ok_or(SealError::UnknownKey)?;
        cipher(key)
            .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &bound(*version, place) })
            .map(Secret::new)
            .map_err(|_| SealError::Refused)
    }

    /// Whether a value was sealed by an older key than the current one, and is worth sealing again.
    #[must_use]
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        sealed.first() != Some(&self.current.0)
    }
}

fn cipher(key: &Secret<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.expose()))
}

/// The associated data: the version is authenticated too.
fn bound(version: u8, place: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(place.len().saturating_add(1));
    data.push(version);
    data.extend_from_slice(place);
    data
}

/// Several parts as one associated data, each with its length in front, so that no two lists give the same bytes.
#[must_use]
pub fn associated_data(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    for part in parts {
        data.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    fn ring() -> Keyring {
        Keyring::new(MasterKey::new(1, [1; 32]))
    }

    #[test]
    fn it_opens_only_where_it_belongs() {
        let sealer = Sealer::new(&ring(), "refresh", "session");
        let sealed = sealer.seal([5; 24], b"place", b"token").unwrap();
        assert_eq!(sealed.len(), 1 + 24 + 5 + 16);
        assert_eq!(sealer.open(b"place", &sealed).unwrap().expose(), b"token");
        assert_eq!(sealer.open(b"elsewhere", &sealed), Err(SealError::Refused));
        for other in [Sealer::new(&ring(), "access", "session"), Sealer::new(&ring(), "refresh", "another")] {
            assert_eq!(other.open(b"place", &sealed), Err(SealError::Refused));
        }
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let sealer = Sealer::new(&ring(), "refresh", "session");
        let sealed = sealer.seal([5; 24], b"place", b"token").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(b"place", &changed).is_err(), "byte {at}");
            assert!(sealer.open(b"place", &sealed[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn a_new_key_still_opens_what_the_old_one_sealed() {
        let old = Sealer::new(&ring(), "refresh", "session");
        let sealed = old.seal([5; 24], b"", b"token").unwrap();
        let rotated = Keyring::new(MasterKey::new(2, [2; 32]));
        let without = Sealer::new(&rotated, "refresh", "session");
        assert_eq!(without.open(b"", &sealed), Err(SealError::UnknownKey));
        let with = Sealer::new(&rotated.with_older(MasterKey::new(1, [1; 32])), "refresh", "session");
        assert_eq!(with.open(b"", &sealed).unwrap().expose(), b"token");
        assert!(with.is_stale(&sealed) && !with.is_stale(&with.seal([6; 24], b"", b"token").unwrap()));
    }

    #[test]
    fn parts_cannot_be_shifted_between_each_other() {
        assert_ne!(associated_data(&[b"ab", b"c"]), associated_data(&[b"a", b"bc"]));
        assert_ne!(associated_data(&[b"ab"]), associated_data(&[b"ab", b""]));
    }
}
