//! The internal request: how a vault's object asks the rotator of the same deployment to send a token request.
//!
//! The rotator is reached over a service binding, but by the same `fetch` that strangers reach. So the request proves where
//! it comes from: one header carries a MAC over everything that matters, made with a key that only this deployment has.
//! Whatever is wrong with that, the answer is that of an unknown path; which [`InternalError`] it was is for the log. Only our own
//! request that comes past its deadline is told so: that it is not sent.
//!
//! ```text
//! everlit-internal: v1 <request> <deadline> <MAC in base64url>
//! ```
//!
//! `<request>` is the id of the intent and `<deadline>` the time in milliseconds since 1970 after which it is too late to
//! begin, both in plain decimals. The MAC is HMAC-SHA-256 over path, id, deadline and the SHA-256 of the body, each with its
//! length in front. A request that is repeated before its deadline verifies again: that it is not carried out twice is the
//! escrow's business, who lets each id be claimed once.
//!
//! ```
//! use everlit_core::id::RequestId;
//! use everlit_core::time::{Millis, Timestamp};
//! use everlit_edge::internal::{InternalKeys, ROTATE};
//! use everlit_edge::keys::{Keyring, MasterKey};
//! use everlit_edge::url::Origin;
//!
//! let ring = Keyring::new(MasterKey::new(1, [7; 32]));
//! let keys = InternalKeys::new(&ring, &Origin::parse("https://app.example").unwrap());
//! let now = Timestamp::from_millis(1_790_000_000_000);
//!
//! let header = keys.sign(ROTATE, RequestId(4), now.after(Millis::from_secs(30)), b"body");
//! assert_eq!(keys.verify(ROTATE, &header, b"body", now).unwrap().request, RequestId(4));
//! assert!(keys.verify(ROTATE, &header, b"another body", now).is_err());
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::id::RequestId;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::base64url;
use crate::keys::{Keyring, MasterKey};
use crate::seal::associated_data;
use crate::url::Origin;

/// The name of the header.
pub const HEADER: &str = "everlit-internal";
/// The path of the rotator.
pub const ROTATE: &str = "/internal/rotate";
/// The furthest ahead that a deadline may be: nothing of ours takes longer, so a later one was not made by us.
pub const FURTHEST: Millis = Millis::from_secs(60);

/// Bytes of the MAC: all of HMAC-SHA-256.
const MAC_BYTES: usize = 32;
const VERSION: &str = "v1";

/// A request that proved where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Internal {
    /// The intent that it carries out.
    pub request: RequestId,
    /// When it is too late to begin.
    pub deadline: Timestamp,
}

/// Why a request is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InternalError {
    /// The header is not written as ours are.
    Malformed,
    /// The MAC is that of another path, id, deadline, body or deployment.
    Forged,
    /// Its deadline has passed.
    Late,
    /// Its deadline is further ahead than any of ours.
    Early,
}

/// The keys of the internal request, for one origin: the current one signs, all of them verify.
#[derive(Clone)]
pub struct InternalKeys {
    keys: Vec<Secret<[u8; 32]>>,
}

impl InternalKeys {
    /// Derives the keys for the canonical origin.
    #[must_use]
    pub fn new(keyring: &Keyring, origin: &Origin) -> Self {
        let derive = |key: &MasterKey| key.derive("everlit internal", origin.as_str());
        Self { keys: keyring.iter().map(derive).collect() }
    }

    /// The value of the header for a request to `path` with this `body`.
    #[must_use]
    pub fn sign(&self, path: &str, request: RequestId, deadline: Timestamp, body: &[u8]) -> String {
        let said = signed(path, Internal { request, deadline }, body);
        let mac = self.keys.first().and_then(|key| hmac(key, &said)).map(|mac| mac.finalize().into_bytes());
        let mac = mac.as_deref().map(base64url::encode).unwrap_or_default();
        alloc::format!("{VERSION} {} {} {mac}", request.0, deadline.as_millis())
    }

    /// What a request says that came to `path` with this header and this `body`.
    ///
    /// # Errors
    ///
    /// An [`InternalError`], which all mean the same to whoever sent it. Time is looked at last, so that `Late` and `Early`
    /// are said of our own requests only.
    pub fn verify(
        &self,
        path: &str,
        header: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Internal, InternalError> {
        let (internal, mac) = parse(header).ok_or(InternalError::Malformed)?;
        let said = signed(path, internal, body);
        // Every key is tried and `verify_slice` compares in constant time: how long this takes says nothing.
        let ours = self.keys.iter().fold(false, |found, key| {
            found | hmac(key, &said).is_some_and(|ours| ours.verify_slice(&mac).is_ok())
        });
        if !ours {
            Err(InternalError::Forged)
        } else if internal.deadline <= now {
            Err(InternalError::Late)
        } else if internal.deadline > now.after(FURTHEST) {
            Err(InternalError::Early)
        } else {
            Ok(internal)
        }
    }
}

/// The header's parts, if it is written in the one way that there is.
fn parse(header: &str) -> Option<(Internal, [u8; MAC_BYTES])> {
    let mut words = header.split(' ');
    let (version, request, deadline, mac) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if version != VERSION || words.next().is_some() {
        return None;
    }
    let request = RequestId(u32::try_from(decimal(request)?).ok()?);
    let deadline = Timestamp::from_millis(decimal(deadline)?);
    Some((Internal { request, deadline }, base64url::decode_array(mac)?))
}

/// A number without sign or leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// What the MAC is over.
fn signed(path: &str, internal: Internal, body: &[u8]) -> Vec<u8> {
    associated_data(&[
        path.as_bytes(),
        &internal.request.0.to_be_bytes(),
        &internal.deadline.as_millis().to_be_bytes(),
        &Sha256::digest(body),
    ])
}

fn hmac(key: &Secret<[u8; 32]>, said: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length; there is always one.
    Hmac::<Sha256>::new_from_slice(key.expose()).ok().map(|mac| mac.chain_update(said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const SOON: Timestamp = Timestamp::from_millis(1_790_000_030_000);
    const R: RequestId = RequestId(7);

    fn keys(byte: u8, origin: &str) -> InternalKeys {
        InternalKeys::new(&Keyring::new(MasterKey::new(1, [byte; 32])), &Origin::parse(origin).unwrap())
    }

    fn ours() -> InternalKeys {
        keys(1, "https://app.example")
    }

    #[test]
    fn a_header_never_changes_its_value() {
        // Two versions of the Worker speak to each other while one is rolled out. Checked against an independent
        // implementation (Python's hmac and hashlib).
        assert_eq!(
            ours().sign(ROTATE, R, SOON, b"{}"),
            "v1 7 1790000030000 _kgipySJTy-L-A8nOez1wn-1By3XQl85spjGZ0-GW1Q"
        );
    }

    #[test]
    fn everything_that_matters_is_in_the_mac() {
        let header = ours().sign(ROTATE, R, SOON, b"body");
        assert_eq!(ours().verify(ROTATE, &header, b"body", NOW), Ok(Internal { request: R, deadline: SOON }));
        let forged = Err(InternalError::Forged);
        assert_eq!(ours().verify("/internal/rotat", &header, b"body", NOW), forged);
        assert_eq!(ours().verify(ROTATE, &header, b"bodY", NOW), forged);
        assert_eq!(ours().verify(ROTATE, &header, b"", NOW), forged);
        assert_eq!(ours().verify(ROTATE, &header.replace(" 7 ", " 8 "), b"body", NOW), forged);
        assert_eq!(ours().verify(ROTATE, &header.replace("30000 ", "30001 "), b"body", NOW), forged);
        for other in [keys(2, "https://app.example"), keys(1, "https://b.example")] {
            assert_eq!(other.verify(ROTATE, &header, b"body", NOW), forged);
        }
    }

    #[test]
    fn a_deadline_is_kept_on_both_sides() {
        let judge = |deadline| {
            let header = ours().sign(ROTATE, R, deadline, b"");
            ours().verify(ROTATE, &header, b"", NOW).map(|internal| internal.deadline)
        };
        let at = |millis| Timestamp::from_millis(NOW.as_millis() + millis);
        assert_eq!(judge(NOW), Err(InternalError::Late));
        assert_eq!(judge(Timestamp::from_millis(0)), Err(InternalError::Late));
        assert_eq!(judge(at(1)), Ok(at(1)));
        assert_eq!(judge(at(60_000)), Ok(at(60_000)));
        assert_eq!(judge(at(60_001)), Err(InternalError::Early));
        assert_eq!(judge(Timestamp::from_millis(u64::MAX)), Err(InternalError::Early));
    }

    #[test]
    fn every_key_of_the_ring_verifies() {
        let origin = Origin::parse("https://app.example").unwrap();
        let both = Keyring::new(MasterKey::new(2, [2; 32])).with_older(MasterKey::new(1, [1; 32]));
        let both = InternalKeys::new(&both, &origin);
        let new = keys(2, "https://app.example");
        assert!(both.verify(ROTATE, &ours().sign(ROTATE, R, SOON, b""), b"", NOW).is_ok());
        assert!(new.verify(ROTATE, &both.sign(ROTATE, R, SOON, b""), b"", NOW).is_ok());
        assert!(ours().verify(ROTATE, &both.sign(ROTATE, R, SOON, b""), b"", NOW).is_err());
    }

    #[test]
    fn a_header_is_written_in_one_way() {
        let good = ours().sign(ROTATE, R, SOON, b"");
        let (rest, mac) = good.rsplit_once(' ').unwrap();
        for wrong in [
            String::new(),
            format!(" {good}"),
            format!("{good} "),
            format!("{good} x"),
            format!("{good}="),
            format!("{good}A"),
            good.replacen(' ', "  ", 1),
            good.replacen(' ', "\t", 1),
            good.replacen("v1", "v2", 1),
            good.replacen("v1", "V1", 1),
            good.replacen(" 7 ", " 07 ", 1),
            good.replacen(" 7 ", " +7 ", 1),
            good.replacen(" 7 ", "  ", 1),
            good.replacen(" 7 ", " 4294967296 ", 1),
            good.replacen(" 1790", " 99999999999999999999", 1),
            rest.into(),
            format!("{rest} "),
            format!("{rest} {}", &mac[1..]),
        ] {
            let judged = ours().verify(ROTATE, &wrong, b"", NOW);
            assert_eq!(judged, Err(InternalError::Malformed), "{wrong}");
        }
    }
}
