//! A response that an authorization server has the browser post (OAuth 2.0 Form Post Response Mode), kept for the request that follows.
//!
//! A form that another site sends brings none of our cookies, so nothing is known of the login that it belongs to. It is sealed into a
//! cookie of its own, and the browser is sent by 303 to the same path by GET, which brings them all. No object learns of it before that,
//! so strangers make none by posting; and what it holds is taken once, by the login's desk, however often it comes.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};

use crate::base64url;
use crate::cookie::{RESPONSE_COOKIE, find};
use crate::keys::Keyring;
use crate::oauth::{AuthorizationResponse, CallbackError};
use crate::query::{Query, QueryError, encode_pairs};
use crate::seal::{NONCE_LEN, Sealer, associated_data};

/// How long it is kept.
pub const LIFE: Millis = Millis::from_secs(60);
/// The longest that a cookie of 4,096 bytes holds, sealed.
const MAX: usize = 2_800;
/// What counts of a response.
const FIELDS: [&str; 4] = ["state", "code", "iss", "error"];

/// What the body of a form says, as far as it counts: written like the query of a callback.
///
/// # Errors
///
/// A [`CallbackError`], as for a query.
pub fn query_of(body: &str) -> Result<Secret<String>, CallbackError> {
    AuthorizationResponse::parse(body)?;
    let form = Query::parse(body).map_err(CallbackError::Query)?;
    let mut pairs = Vec::new();
    for name in FIELDS {
        if let Some(value) = form.one(name).map_err(CallbackError::Query)? {
            pairs.push((name, value));
        }
    }
    let query = encode_pairs(pairs);
    if query.len() > MAX { Err(CallbackError::Query(QueryError::TooLong)) } else { Ok(Secret::new(query)) }
}

/// The value of the cookie that keeps it, for so long. What a login has to remember whose response names no `state` is kept in the same way.
#[must_use]
pub fn seal(
    keyring: &Keyring,
    provider: &str,
    nonce: [u8; NONCE_LEN],
    query: &Secret<String>,
    life: Millis,
    now: Timestamp,
) -> Option<Secret<String>> {
    let until = now.after(life).as_millis().to_be_bytes();
    let kept = [until.as_slice(), query.expose().as_bytes()].concat();
    let sealed = sealer(keyring, provider).seal(nonce, &associated_data(&[]), &kept).ok()?;
    Some(Secret::new(base64url::encode(&sealed)))
}

/// What the cookie in this header keeps, for so long, of a response of this provider.
#[must_use]
pub fn open(
    keyring: &Keyring,
    provider: &str,
    cookies: &str,
    life: Millis,
    now: Timestamp,
) -> Option<Secret<String>> {
    let sealed = base64url::decode(find(cookies, RESPONSE_COOKIE).ok()?)?;
    let kept = sealer(keyring, provider).open(&associated_data(&[]), &sealed).ok()?;
    let (until, query) = kept.expose().split_first_chunk::<8>()?;
    let until = Timestamp::from_millis(u64::from_be_bytes(*until));
    // A clock that was set back keeps nothing for longer.
    let is_kept = now < until && until <= now.after(life);
    core::str::from_utf8(query).ok().filter(|_| is_kept).map(|query| Secret::new(query.to_string()))
}

fn sealer(keyring: &Keyring, provider: &str) -> Sealer {
    Sealer::new(keyring, "posted response", provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;
    use alloc::format;

    const STATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn ring() -> Keyring {
        Keyring::new(MasterKey::new(1, [7; 32]))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).after(Millis::from_secs(seconds))
    }

    #[test]
    fn what_counts_of_a_form_is_kept_and_nothing_else() {
        let body =
            format!("code=a%2Bb+c&state={STATE}&session_state=x&id_token=y&iss=https%3A%2F%2Fas.example");
        let query = query_of(&body).unwrap();
        assert_eq!(*query.expose(), format!("state={STATE}&code=a%2Bb%20c&iss=https%3A%2F%2Fas.example"));
        assert!(AuthorizationResponse::parse(query.expose()).is_ok());
    }

    #[test]
    fn what_is_no_response_is_refused() {
        let long = format!("code={}&state={STATE}", "c".repeat(MAX));
        for body in [
            "",
            "code=a",
            "state=a&code=b",
            &format!("state={STATE}"),
            &format!("code=a&code=b&state={STATE}"),
            &long,
        ] {
            assert!(query_of(body).is_err(), "{body}");
        }
    }

    #[test]
    fn it_is_kept_for_a_minute_by_its_provider_and_fits_a_cookie() {
        let query = query_of(&format!("code={}&state={STATE}", "c".repeat(2_700))).unwrap();
        let value = seal(&ring(), "demo", [3; NONCE_LEN], &query, LIFE, at(0)).unwrap();
        let cookies = format!("a=b; {RESPONSE_COOKIE}={}", value.expose());
        assert!(cookies.len() < 4_096);
        let opened = |provider: &str, seconds| {
            open(&ring(), provider, &cookies, LIFE, at(seconds)).map(|query| query.expose().clone())
        };
        assert_eq!(opened("demo", 59), Some(query.expose().clone()));
        assert_eq!((opened("demo", 60), opened("other", 1)), (None, None));
        let before = at(0).before(Millis::from_secs(1));
        assert!(open(&ring(), "demo", &cookies, LIFE, before).is_none(), "a clock that was set back");
        let other = Keyring::new(MasterKey::new(1, [8; 32]));
        assert!(open(&other, "demo", &cookies, LIFE, at(1)).is_none());
        for nonsense in
            ["", "x", RESPONSE_COOKIE, &format!("{RESPONSE_COOKIE}=AAAA"), &format!("{cookies}; {cookies}")]
        {
            assert!(open(&ring(), "demo", nonsense, LIFE, at(1)).is_none());
        }
    }
}
