//! `expires_in` of a token answer, and what it is taken for when it is not what it should be.
//!
//! An answer with an access token is never thrown away for its `expires_in`: a strict server has already spent the old
//! refresh token when it gives that answer, so to drop it would log the user out for a typing error. What a wrong value
//! costs instead is small: too long, and a call is refused once, renewed and repeated; too short, and a refresh comes early.
//!
//! | the answer says | taken as | why |
//! |---|---|---|
//! | a positive number, also with a fraction | that | RFC 6749, section 5.1 |
//! | a string of digits | that number | several servers send it so |
//! | nothing, or `null` | [`DEFAULT`] | the RFC allows it; an hour is the RFC's own example and the usual value |
//! | zero or less | [`DEFAULT`] | a token that is dead on arrival is a mistake in the number, not in the token; and if it is not, the first call says so |
//! | any other text or type | [`DEFAULT`] | as good as not stated |
//! | more than a day | [`LONGEST`] | most likely milliseconds; and a true ten years are served as well by a refresh a day |

use everlit_core::time::Millis;
use serde_json::Value;

/// What is assumed where nothing usable is said.
pub const DEFAULT: Millis = Millis::from_secs(3_600);
/// The longest that is believed.
pub const LONGEST: Millis = Millis::from_days(1);

/// The lifetime that an `expires_in` stands for, and a word for the log where it is not simply what was said.
#[must_use]
pub fn parse_expires_in(value: Option<&Value>) -> (Millis, Option<&'static str>) {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return (DEFAULT, Some("expires_in is missing"));
    };
    let stated = match value.as_str() {
        Some(text) => {
            let text = text.trim();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().map_or(LONGEST, seconds))
        }
        None => value.as_f64().map(seconds),
    };
    match stated {
        None => (DEFAULT, Some("expires_in is not a number")),
        Some(length) if length.is_zero() => (DEFAULT, Some("expires_in is not positive")),
        Some(length) if length > LONGEST => (LONGEST, Some("expires_in is longer than a day")),
        Some(length) => (length, None),
    }
}

/// Seconds as a length; a float's cast saturates at both ends, and nothing below zero is left.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturation is what is wanted")]
fn seconds(seconds: f64) -> Millis {
    Millis::from_millis((seconds * 1_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_value_has_its_length() {
        let day = 86_400_000;
        for (value, millis, plain) in [
            (json!(60), 60_000, true),
            (json!(3599.5), 3_599_500, true),
            (json!("3600"), 3_600_000, true),
            (json!(" 60 "), 60_000, true),
            (json!(86_400), day, true),
            (json!(86_401), day, false),
            (json!(3_600_000), day, false),
            (json!(315_360_000), day, false),
            (json!("99999999999999999999999999"), day, false),
            (json!(1e300), day, false),
            (json!(u64::MAX), day, false),
            (json!(0), 3_600_000, false),
            (json!(0.0001), 3_600_000, false),
            (json!("0"), 3_600_000, false),
            (json!(-1), 3_600_000, false),
            (json!(-1e300), 3_600_000, false),
            (json!("-1"), 3_600_000, false),
            (json!("soon"), 3_600_000, false),
            (json!(""), 3_600_000, false),
            (json!("1h"), 3_600_000, false),
            (json!(null), 3_600_000, false),
            (json!(true), 3_600_000, false),
            (json!([60]), 3_600_000, false),
            (json!({"s": 60}), 3_600_000, false),
        ] {
            let (length, note) = parse_expires_in(Some(&value));
            assert_eq!((length.as_millis(), note.is_none()), (millis, plain), "{value}");
        }
        assert_eq!(parse_expires_in(None), (DEFAULT, Some("expires_in is missing")));
    }
}
