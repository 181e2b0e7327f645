//! Minting and checking the values of the cookies.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{BINDING_COOKIE, BindingId, CookieError, SESSION_COOKIE, SessionId, find};
use crate::base64url;
use crate::keys::Keyring;
use crate::url::Origin;

/// Bytes of the MAC: 128 bits of HMAC-SHA-256.
const MAC_BYTES: usize = 16;

/// What a session cookie says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    /// The session.
    pub id: SessionId,
    /// Whether its MAC was made with an older key than the current one. Then it is to be minted anew before that key is gone.
    pub stale: bool,
}

/// The keys of both cookies, for one origin.
///
/// A cookie of another deployment does not verify here even if it has the same secret: the origin is in the key.
#[derive(Clone)]
pub struct CookieKeys {
    session: Vec<Secret<Hmac<Sha256>>>,
    binding: Vec<Secret<Hmac<Sha256>>>,
}

impl CookieKeys {
    /// Derives the keys, the current one first, for the canonical origin.
    #[must_use]
    pub fn new(keyring: &Keyring, origin: &Origin) -> Self {
        let derive = |label: &str| {
            keyring.iter().filter_map(|key| prepared(&key.derive(label, origin.as_str()))).collect::<Vec<_>>()
        };
        Self { session: derive("everlit cookie session"), binding: derive("everlit cookie binding") }
    }

    /// The value of the session cookie for this session.
    #[must_use]
    pub fn mint_session(&self, id: &SessionId) -> Secret<String> {
        mint(&self.session, id.as_str())
    }

    /// The value of the binding cookie for this browser.
    #[must_use]
    pub fn mint_binding(&self, id: &BindingId) -> Secret<String> {
        mint(&self.binding, id.as_str())
    }

    /// The session that a `Cookie` header stands for.
    ///
    /// # Errors
    ///
    /// A [`CookieError`], which means: logged out.
    pub fn session(&self, cookie_header: &str) -> Result<SessionCookie, CookieError> {
        let (id, key) = verify(&self.session, find(cookie_header, SESSION_COOKIE)?)?;
        let id = SessionId::restored(id).ok_or(CookieError::Malformed)?;
        Ok(SessionCookie { id, stale: key > 0 })
    }

    /// The browser that a `Cookie` header stands for, in a login.
    ///
    /// # Errors
    ///
    /// A [`CookieError`], which means: no login was begun here.
    pub fn binding(&self, cookie_header: &str) -> Result<BindingId, CookieError> {
        let (id, _) = verify(&self.binding, find(cookie_header, BINDING_COOKIE)?)?;
        BindingId::restored(id).ok_or(CookieError::Malformed)
    }
}

/// The key with its own blocks hashed already: half of what a MAC costs.
fn prepared(key: &Secret<[u8; 32]>) -> Option<Secret<Hmac<Sha256>>> {
    // HMAC takes keys of any length; there is always one.
    Hmac::new_from_slice(key.expose()).ok().map(Secret::new)
}

fn hmac(key: &Secret<Hmac<Sha256>>, id: &str) -> Hmac<Sha256> {
    key.expose().clone().chain_update(id.as_bytes())
}

fn mint(keys: &[Secret<Hmac<Sha256>>], id: &str) -> Secret<String> {
    let mac = keys.first().map(|key| hmac(key, id).finalize().into_bytes());
    let tag = mac.as_ref().and_then(|mac| mac.get(..MAC_BYTES)).map(base64url::encode).unwrap_or_default();
    Secret::new([id, ".", &tag].concat().to_string())
}

/// The id of a value whose MAC is right under one of the keys, and which of them it is.
fn verify<'a>(keys: &[Secret<Hmac<Sha256>>], value: &'a str) -> Result<(&'a str, usize), CookieError> {
    let (id, tag) = value
        .split_once('.')
        .filter(|(id, tag)| id.len() == 24 && tag.len() == 22)
        .ok_or(CookieError::Malformed)?;
    let tag: [u8; MAC_BYTES] = base64url::decode_array(tag).ok_or(CookieError::Malformed)?;
    // `verify_truncated_left` compares in constant time.
    let ours = |key: &Secret<_>| hmac(key, id).verify_truncated_left(&tag).is_ok();
    keys.iter().position(ours).map(|at| (id, at)).ok_or(CookieError::Forged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;
    use alloc::format;

    fn keys(byte: u8, origin: &str) -> CookieKeys {
        CookieKeys::new(&Keyring::new(MasterKey::new(1, [byte; 32])), &Origin::parse(origin).unwrap())
    }

    #[test]
    fn a_minted_cookie_comes_back_as_its_session() {
        let (keys, id) = (keys(1, "https://app.example"), SessionId::from_entropy([3; 18]));
        let value = keys.mint_session(&id);
        assert!((43..=60).contains(&value.expose().len()), "{} bytes", value.expose().len());
        let header = format!("a=b; {SESSION_COOKIE}={}; c=d", value.expose());
        assert_eq!(keys.session(&header), Ok(SessionCookie { id, stale: false }));
        assert_eq!(keys.binding(&header), Err(CookieError::Absent));
    }

    #[test]
    fn the_two_cookies_cannot_stand_in_for_each_other() {
        let keys = keys(1, "https://app.example");
        let value = keys.mint_binding(&BindingId::from_entropy([3; 18]));
        assert!(keys.binding(&format!("{BINDING_COOKIE}={}", value.expose())).is_ok());
        assert_eq!(keys.session(&format!("{SESSION_COOKIE}={}", value.expose())), Err(CookieError::Forged));
    }

    #[test]
    fn cookies_of_other_keys_and_origins_are_forged() {
        let value = keys(1, "https://app.example").mint_session(&SessionId::from_entropy([3; 18]));
        let header = format!("{SESSION_COOKIE}={}", value.expose());
        for other in [
            keys(2, "https://app.example"),
            keys(1, "https://other.example"),
            keys(1, "https://app.example:8443"),
        ] {
            assert_eq!(other.session(&header), Err(CookieError::Forged));
        }
    }

    #[test]
    fn a_rotated_key_logs_nobody_out_and_its_cookies_are_minted_anew() {
        let value = keys(1, "https://app.example").mint_session(&SessionId::from_entropy([3; 18]));
        let ring = Keyring::new(MasterKey::new(2, [2; 32])).with_older(MasterKey::new(1, [1; 32]));
        let rotated = CookieKeys::new(&ring, &Origin::parse("https://app.example").unwrap());
        let old = rotated.session(&format!("{SESSION_COOKIE}={}", value.expose())).unwrap();
        assert!(old.stale);
        let anew = rotated.mint_session(&old.id);
        assert_ne!(anew.expose(), value.expose());
        let new = rotated.session(&format!("{SESSION_COOKIE}={}", anew.expose())).unwrap();
        assert_eq!(new, SessionCookie { id: old.id, stale: false });
        let retired = CookieKeys::new(
            &Keyring::new(MasterKey::new(2, [2; 32])),
            &Origin::parse("https://app.example").unwrap(),
        );
        assert!(retired.session(&format!("{SESSION_COOKIE}={}", anew.expose())).is_ok());
        assert_eq!(
            retired.session(&format!("{SESSION_COOKIE}={}", value.expose())),
            Err(CookieError::Forged)
        );
    }

    #[test]
    fn every_change_of_a_cookie_is_refused() {
        let keys = keys(1, "https://app.example");
        let value = keys.mint_session(&SessionId::from_entropy([3; 18]));
        let value = value.expose();
        for at in 0..value.len() {
            for replacement in ['A', 'z', '.', '=', ' '] {
                let mut changed = value.clone();
                changed.replace_range(at..=at, &format!("{replacement}"));
                if changed != *value {
                    let header = format!("{SESSION_COOKIE}={changed}");
                    assert!(keys.session(&header).is_err(), "{header}");
                }
            }
            assert!(keys.session(&format!("{SESSION_COOKIE}={}", &value[..at])).is_err());
        }
        assert!(keys.session(&format!("{SESSION_COOKIE}={value}A")).is_err());
        assert!(keys.session(&format!("{SESSION_COOKIE}={}", "a".repeat(16_384))).is_err());
    }

    #[test]
    fn ids_do_not_print_themselves() {
        let id = SessionId::from_entropy([3; 18]);
        assert!(!format!("{id:?}").contains(id.as_str()));
    }
}
