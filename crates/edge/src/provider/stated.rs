//! What a provider states of a token's end, in the forms that are in use.

use alloc::string::String;

use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

use crate::base64url;

/// What is stated to be further away is a mistake in the unit: no provider of ours gives more than a year.
pub const FURTHEST: Millis = Millis::from_days(400);
/// Below this a time is in seconds, above it in milliseconds: the one lies in 1973, the other in 5138.
const MILLIS_FROM: u64 = 100_000_000_000;
/// The longest token whose claims are looked at.
const MAX_JWT: usize = 16 * 1_024;

/// Where a provider states the end of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stated {
    /// `expires_in` of the answer, in seconds.
    ExpiresIn,
    /// `expires_at` of the answer.
    ExpiresAt,
    /// `exp` inside the token, which is a JWT. It is read to plan by it, and proves nothing.
    JwtExp,
}

impl Stated {
    /// The end of a token by the answer that brought it; nothing where that says nothing usable.
    #[must_use]
    pub fn read(self, answer: &Map<String, Value>, token: &str, issued: Timestamp) -> Option<Timestamp> {
        let end = match self {
            Self::ExpiresIn => {
                let seconds = number(answer.get("expires_in")?).filter(|seconds| *seconds < MILLIS_FROM)?;
                issued.after(Millis::from_secs(seconds))
            }
            Self::ExpiresAt => moment(answer.get("expires_at")?)?,
            Self::JwtExp => jwt_expiry(token)?,
        };
        (end > issued && issued.until(end) <= FURTHEST).then_some(end)
    }
}

/// A time in seconds or milliseconds since 1970, as a number or in quotes.
#[must_use]
pub fn moment(value: &Value) -> Option<Timestamp> {
    let number = number(value)?;
    Some(Timestamp::from_millis(if number < MILLIS_FROM { number.saturating_mul(1_000) } else { number }))
}

/// `exp` of a JWT, whoever signed it.
#[must_use]
pub fn jwt_expiry(token: &str) -> Option<Timestamp> {
    let mut parts = token.split('.').filter(|_| token.len() <= MAX_JWT);
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims: Map<String, Value> = serde_json::from_slice(&base64url::decode(payload)?).ok()?;
    moment(claims.get("exp")?)
}

/// A whole number, also in quotes. A fraction is cut off.
fn number(value: &Value) -> Option<u64> {
    if let Some(text) = value.as_str() {
        let text = text.trim();
        let digits = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        return text.parse().ok().filter(|_| digits);
    }
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(whole))
}

/// A float's cast saturates at both ends.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturation is what is wanted")]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use serde_json::json;

    const ISSUED: Timestamp = Timestamp::from_millis(1_790_951_400_000);

    fn jwt(claims: &Value) -> String {
        ["eyJhbGciOiJub25lIn0", &base64url::encode(claims.to_string().as_bytes()), "c2ln"].join(".")
    }

    #[test]
    fn each_form_is_read_where_it_is_stated() {
        let end = ISSUED.after(Millis::from_secs(3_600));
        let answer = json!({ "expires_in": 3_600, "expires_at": end.as_millis() / 1_000 });
        let answer = answer.as_object().unwrap();
        let token = jwt(&json!({ "exp": end.as_millis() / 1_000 }));
        for stated in [Stated::ExpiresIn, Stated::ExpiresAt, Stated::JwtExp] {
            assert_eq!(stated.read(answer, &token, ISSUED), Some(end), "{stated:?}");
            assert_eq!(stated.read(&Map::new(), "opaque", ISSUED), None, "{stated:?}");
        }
    }

    #[test]
    fn seconds_milliseconds_and_quotes_say_the_same() {
        for value in [
            json!(1_731_448_800),
            json!(1_731_448_800_000_u64),
            json!("1731448800000"),
            json!(" 1731448800 "),
            json!(1_731_448_800.9),
        ] {
            assert_eq!(moment(&value), Some(Timestamp::from_millis(1_731_448_800_000)), "{value}");
        }
        for value in [
            json!(null),
            json!(""),
            json!("-1"),
            json!("+1"),
            json!(-1),
            json!("1e9"),
            json!("0x1"),
            json!([1]),
            json!("9999999999999999"),
        ] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }

    #[test]
    fn what_cannot_be_is_not_stated() {
        for (field, value) in [
            ("expires_in", json!(0)),
            ("expires_in", json!(-5)),
            // Milliseconds, or ten years.
            ("expires_in", json!(3_600_000_000_u64)),
            ("expires_in", json!(315_360_000)),
            ("expires_at", json!(1_790_951_400)),
            ("expires_at", json!(1_690_000_000)),
            ("expires_at", json!(1e300)),
        ] {
            let answer = json!({ field: value });
            let stated = if field == "expires_in" { Stated::ExpiresIn } else { Stated::ExpiresAt };
            assert_eq!(stated.read(answer.as_object().unwrap(), "", ISSUED), None, "{answer}");
        }
        for token in [
            "",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            &jwt(&json!([])),
            &jwt(&json!({ "exp": "soon" })),
            &"x".repeat(MAX_JWT + 1),
        ] {
            assert_eq!(jwt_expiry(token), None, "{token}");
        }
    }
}
