//! Sealing: what a Durable Object keeps that is secret, it keeps sealed.
//!
//! XChaCha20-Poly1305 by RustCrypto: synchronous, so that sealing and writing are one turn, and with a nonce long enough to
//! be drawn at random. A sealed value is `version byte | 24 bytes of nonce | ciphertext | 16 bytes of tag`.
//!
//! What lives long is sealed by a [`DataKey`] of its own object, and its version byte is 0; only that key is wrapped by the
//! session key, so that a new session key means one small value to make anew, and a lost one makes all of the object
//! unreadable at once. What lives for minutes is sealed by the session key itself ([`Sealer::new`]), whose version it names.

use alloc::string::String;
use alloc::vec::Vec;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use everlit_core::secret::Secret;

use crate::keys::{Keyring, MasterKey};

mod data_key;

pub use data_key::DataKey;

/// The bytes of a nonce.
pub const NONCE_LEN: usize = 24;
/// The bytes of a tag.
const TAG_LEN: usize = 16;

/// Why a sealed value was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// It is shorter than any sealed value.
    TooShort,
    /// It was sealed with a key that is newer than any in the ring: by a deployment that is being rolled out. Whoever reads
    /// this is behind, and must change nothing.
    KeyAhead,
    /// It was sealed with a key that is no longer in the ring, and will not be opened again.
    KeyRetired,
    /// It was sealed with another key or for another place, or it was changed.
    Refused,
}

/// Seals and opens the values of one subject: a session, say.
///
/// ```
/// use everlit_edge::keys::{Keyring, MasterKey};
/// use everlit_edge::seal::{DataKey, Sealer, associated_data};
///
/// let ring = Keyring::new(MasterKey::new(1, [7; 32]));
/// let data_key = DataKey::from_entropy([9; 32]);
/// for sealer in [Sealer::new(&ring, "refresh token", "session-1"), Sealer::with_data_key(&data_key, "refresh token")] {
///     let place = associated_data(&[b"generation", b"4"]);
///     let sealed = sealer.seal([0; 24], &place, b"r-1").unwrap();
///     assert_eq!(sealer.open(&place, &sealed).unwrap().expose(), b"r-1");
/// }
/// ```
#[derive(Clone)]
pub struct Sealer {
    current: (u8, Secret<[u8; 32]>),
    older: Vec<(u8, Secret<[u8; 32]>)>,
}

impl Sealer {
    /// A sealer for one kind of value (`label`) of one `subject`, directly under the session key.
    #[must_use]
    pub fn new(keyring: &Keyring, label: &str, subject: &str) -> Self {
        let label = sealing(label);
        let derive = |key: &MasterKey| (key.version(), key.derive(&label, subject));
        Self { current: derive(keyring.current()), older: keyring.iter().skip(1).map(derive).collect() }
    }

    /// A sealer for one kind of value (`label`) of the object that this data key belongs to.
    #[must_use]
    pub fn with_data_key(key: &DataKey, label: &str) -> Self {
        Self { current: (DATA_KEY, key.derive(&sealing(label))), older: Vec::new() }
    }

    /// Seals with the current key. `nonce` is 24 fresh random bytes; `place` says where the value belongs, and only there it
    /// opens.
    ///
    /// # Errors
    ///
    /// [`SealError::Refused`] where the value is longer than the cipher can take (256 GB).
    pub fn seal(&self, nonce: [u8; NONCE_LEN], place: &[u8], value: &[u8]) -> Result<Vec<u8>, SealError> {
        let (version, key) = &self.current;
        seal_with(*version, key, nonce, place, value)
    }

    /// Opens what was sealed for this subject and this place, by whichever key of the ring.
    ///
    /// # Errors
    ///
    /// A [`SealError`] that says why not.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let version = version_of(sealed)?;
        let known = || core::iter::once(&self.current).chain(&self.older);
        match known().find(|(known, _)| *known == version) {
            Some((_, key)) => open_with(key, place, sealed),
            None => Err(unknown(version, known().map(|(known, _)| *known).fold(DATA_KEY, u8::max))),
        }
    }

    /// Whether a value was sealed by an older key than the current one, and is worth sealing again. What a newer one sealed
    /// is not: that would be a step back.
    #[must_use]
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        sealed.first().is_some_and(|version| *version < self.current.0 && *version != DATA_KEY)
    }
}

/// The version byte of what a data key sealed. No session key has this version.
const DATA_KEY: u8 = 0;

fn sealing(label: &str) -> String {
    ["everlit seal ", label].concat()
}

/// Why there is no key of this version, where `newest` is the greatest that there is one of.
const fn unknown(version: u8, newest: u8) -> SealError {
    // A data key's value has no session key, and the other way round: that it is here at all is a mistake.
    if version == DATA_KEY || newest == DATA_KEY {
        SealError::Refused
    } else if version > newest {
        SealError::KeyAhead
    } else {
        SealError::KeyRetired
    }
}

fn version_of(sealed: &[u8]) -> Result<u8, SealError> {
    let long_enough = sealed.len() >= NONCE_LEN.saturating_add(TAG_LEN).saturating_add(1);
    sealed.first().copied().filter(|_| long_enough).ok_or(SealError::TooShort)
}

fn seal_with(
    version: u8,
    key: &Secret<[u8; 32]>,
    nonce: [u8; NONCE_LEN],
    place: &[u8],
    value: &[u8],
) -> Result<Vec<u8>, SealError> {
    let ciphertext = cipher(key)
        .encrypt(&XNonce::from(nonce), Payload { msg: value, aad: &bound(version, place) })
        .map_err(|_| SealError::Refused)?;
    let mut sealed = Vec::with_capacity(ciphertext.len().saturating_add(NONCE_LEN).saturating_add(1));
    sealed.push(version);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

fn open_with(key: &Secret<[u8; 32]>, place: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
    let (version, rest) = sealed.split_first().ok_or(SealError::TooShort)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::TooShort)?;
    cipher(key)
        .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &bound(*version, place) })
        .map(Secret::new)
        .map_err(|_| SealError::Refused)
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
        assert_eq!(without.open(b"", &sealed), Err(SealError::KeyRetired));
        let with = Sealer::new(&rotated.with_older(MasterKey::new(1, [1; 32])), "refresh", "session");
        assert_eq!(with.open(b"", &sealed).unwrap().expose(), b"token");
        assert!(with.is_stale(&sealed) && !with.is_stale(&with.seal([6; 24], b"", b"token").unwrap()));
    }

    #[test]
    fn a_key_to_come_is_told_from_one_that_is_gone() {
        let ring = |versions: &[u8]| {
            let mut keys = versions.iter().map(|version| MasterKey::new(*version, [*version; 32]));
            let current = keys.next().unwrap();
            Sealer::new(&keys.fold(Keyring::new(current), Keyring::with_older), "refresh", "session")
        };
        let sealed = ring(&[2]).seal([5; 24], b"", b"token").unwrap();
        for (versions, expected) in [
            (&[1_u8][..], SealError::KeyAhead),
            (&[3], SealError::KeyRetired),
            (&[3, 1], SealError::KeyRetired),
            // A rotation that was taken back while its key is still about: the current key need not be the newest.
            (&[1, 3], SealError::KeyRetired),
        ] {
            assert_eq!(ring(versions).open(b"", &sealed), Err(expected), "{versions:?}");
        }
        assert!(!ring(&[1]).is_stale(&sealed), "to seal it again with an older key is a step back");
        assert_eq!(ring(&[1]).open(b"", &[9; 10]), Err(SealError::TooShort));
    }

    #[test]
    fn what_a_data_key_sealed_only_that_data_key_opens() {
        let (key, other) = (DataKey::from_entropy([1; 32]), DataKey::from_entropy([2; 32]));
        let sealer = Sealer::with_data_key(&key, "refresh");
        let sealed = sealer.seal([5; 24], b"place", b"token").unwrap();
        assert_eq!(sealer.open(b"place", &sealed).unwrap().expose(), b"token");
        assert!(!sealer.is_stale(&sealed), "a new session key leaves it alone");
        // Also not a session key of the same bytes.
        for stranger in [
            Sealer::with_data_key(&other, "refresh"),
            Sealer::with_data_key(&key, "access"),
            Sealer::new(&ring(), "refresh", ""),
        ] {
            assert_eq!(stranger.open(b"place", &sealed), Err(SealError::Refused));
        }
        assert_eq!(sealer.open(b"elsewhere", &sealed), Err(SealError::Refused));
        let direct = Sealer::new(&ring(), "refresh", "").seal([5; 24], b"place", b"token").unwrap();
        assert_eq!(sealer.open(b"place", &direct), Err(SealError::Refused));
    }

    #[test]
    fn a_value_of_the_first_shape_still_opens() {
        // Rows were sealed directly under version 1 of the session key before there were data keys. This is one of them.
        let hex = "010505050505050505050505050505050505050505050505058b8563a8db45825ecd61471f9674839a82256a";
        let sealed: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let rotated = Keyring::new(MasterKey::new(2, [2; 32])).with_older(MasterKey::new(1, [1; 32]));
        for ring in [ring(), rotated] {
            let opened = Sealer::new(&ring, "refresh token", "object-1").open(b"place", &sealed).unwrap();
            assert_eq!(opened.expose(), b"r-1");
        }
    }

    #[test]
    fn parts_cannot_be_shifted_between_each_other() {
        assert_ne!(associated_data(&[b"ab", b"c"]), associated_data(&[b"a", b"bc"]));
        assert_ne!(associated_data(&[b"ab"]), associated_data(&[b"ab", b""]));
    }
}
