//! The service key, where an SDK shows it.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;

use super::Scheme;
use crate::base64url::decode_classic;

/// The longest header that a key is looked for in.
const MAX_SHOWN: usize = 1_024;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// None is shown.
    Absent,
    /// What is shown is none: too long, of another scheme, or nothing where it should be.
    Malformed,
    /// Two are shown, and they are not the same.
    Two,
}

impl NoKey {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Absent => "no key",
            Self::Malformed => "a key that is none",
            Self::Two => "two keys",
        }
    }
}

/// The key of a call, by its headers. As a bearer token it is taken for every provider: who writes a call by hand shows it as everywhere
/// else.
///
/// # Errors
///
/// A [`NoKey`].
pub fn shown(scheme: Scheme, header: impl Fn(&str) -> Option<String>) -> Result<Secret<String>, NoKey> {
    let authorization = header("authorization").map(|value| by_authorization(scheme, &value));
    let session_token = match scheme {
        Scheme::Breeze => header("x-sessiontoken").map(|value| by_session_token(&value)),
        Scheme::Kite | Scheme::Upstox => None,
    };
    match (authorization, session_token) {
        (None, None) => Err(NoKey::Absent),
        (Some(key), None) | (None, Some(key)) => key,
        (Some(one), Some(other)) => {
            let (one, other) = (one?, other?);
            if one == other { Ok(one) } else { Err(NoKey::Two) }
        }
    }
}

fn by_authorization(scheme: Scheme, value: &str) -> Result<Secret<String>, NoKey> {
    let (name, credential) = value.trim().split_once(' ').ok_or(NoKey::Malformed)?;
    let credential = credential.trim_start();
    if name.eq_ignore_ascii_case("bearer") {
        return key(credential);
    }
    if scheme == Scheme::Kite && name.eq_ignore_ascii_case("token") {
        // What is in front of it is the app's key, which may be whatever its caller likes: we know the right one.
        return key(credential.split_once(':').map_or("", |(_, key)| key));
    }
    Err(NoKey::Malformed)
}

/// What goes into `X-SessionToken`, and into the body of the exchange: the key, alone or as Breeze has its own (user, colon, key, in
/// base64).
pub(super) fn by_session_token(value: &str) -> Result<Secret<String>, NoKey> {
    let value = value.trim();
    let decoded = decode_classic(value).filter(|_| value.len() <= MAX_SHOWN);
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let inner = decoded.as_deref().and_then(|text| text.split_once(':')).map(|(_, key)| key);
    match inner {
        // Chance makes no text with a colon and nothing else of a key in base64.
        Some(inner) if key(inner).is_ok() => key(inner),
        Some(_) | None => key(value),
    }
}

fn key(text: &str) -> Result<Secret<String>, NoKey> {
    let is_key = (1..=MAX_SHOWN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_key { Ok(Secret::new(text.to_string())) } else { Err(NoKey::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k3y-of-the-charting-service-32ch";

    fn read(scheme: Scheme, headers: &[(&str, &str)]) -> Result<String, NoKey> {
        let header = |name: &str| {
            headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_string())
        };
        shown(scheme, header).map(|key| key.expose().clone())
    }

    #[test]
    fn a_key_is_found_where_the_sdk_of_each_shows_its_token() {
        // base64("AB123456:k3y-of-the-charting-service-32ch")
        let pair = "QUIxMjM0NTY6azN5LW9mLXRoZS1jaGFydGluZy1zZXJ2aWNlLTMyY2g=";
        for (scheme, headers) in [
            (Scheme::Upstox, &[("authorization", "Bearer k3y-of-the-charting-service-32ch")][..]),
            (Scheme::Upstox, &[("authorization", "bearer  k3y-of-the-charting-service-32ch ")]),
            (Scheme::Kite, &[("authorization", "token anything:k3y-of-the-charting-service-32ch")]),
            (Scheme::Kite, &[("authorization", "token :k3y-of-the-charting-service-32ch")]),
            (Scheme::Kite, &[("authorization", "Bearer k3y-of-the-charting-service-32ch")]),
            (Scheme::Breeze, &[("x-sessiontoken", pair)]),
            (Scheme::Breeze, &[("x-sessiontoken", KEY)]),
            (Scheme::Breeze, &[("x-sessiontoken", " k3y-of-the-charting-service-32ch\t")]),
            (Scheme::Breeze, &[("authorization", "Bearer k3y-of-the-charting-service-32ch")]),
            (
                Scheme::Breeze,
                &[
                    ("x-sessiontoken", pair),
                    ("authorization", "Bearer k3y-of-the-charting-service-32ch"),
                    ("apikey", "x"),
                ],
            ),
        ] {
            assert_eq!(read(scheme, headers).as_deref(), Ok(KEY), "{scheme:?} {headers:?}");
        }
    }

    #[test]
    fn a_key_that_looks_like_base64_stays_as_it_is() {
        for key in
            ["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR", "c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtaGVyZQ=="]
        {
            assert_eq!(read(Scheme::Breeze, &[("x-sessiontoken", key)]).as_deref(), Ok(key));
        }
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        let long = ["Bearer ", &"a".repeat(MAX_SHOWN + 1)].concat();
        for (scheme, headers, expected) in [
            (Scheme::Upstox, &[][..], NoKey::Absent),
            (Scheme::Upstox, &[("x-sessiontoken", KEY)], NoKey::Absent),
            (Scheme::Upstox, &[("authorization", KEY)], NoKey::Malformed),
            (Scheme::Upstox, &[("authorization", "Bearer ")], NoKey::Malformed),
            (Scheme::Upstox, &[("authorization", "Bearer a b")], NoKey::Malformed),
            (Scheme::Upstox, &[("authorization", "Bearer caf\u{e9}")], NoKey::Malformed),
            (Scheme::Upstox, &[("authorization", "token a:b")], NoKey::Malformed),
            (Scheme::Upstox, &[("authorization", &long)], NoKey::Malformed),
            (Scheme::Kite, &[("authorization", "token b")], NoKey::Malformed),
            (Scheme::Kite, &[("authorization", "token b:")], NoKey::Malformed),
            (Scheme::Breeze, &[("x-sessiontoken", "")], NoKey::Malformed),
            (Scheme::Breeze, &[("x-sessiontoken", "a"), ("authorization", "Bearer b")], NoKey::Two),
            (Scheme::Breeze, &[("x-sessiontoken", "a"), ("authorization", "Basic b")], NoKey::Malformed),
        ] {
            assert_eq!(read(scheme, headers), Err(expected), "{scheme:?} {headers:?}");
        }
        assert!(!NoKey::Two.reason().is_empty() && NoKey::Two.reason() != NoKey::Absent.reason());
    }
}
