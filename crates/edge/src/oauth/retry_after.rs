//! `Retry-After` (RFC 9110, section 10.2.3), in both of its forms.

use everlit_core::time::{Millis, Timestamp};

use crate::date::parse_http_date;

/// No server puts us off for longer: a mistyped header must not end a session by waiting.
pub const MAX_RETRY_AFTER: Millis = everlit_core::retry::COOL_DOWN_MAX;

/// How long to wait. `date` is the answer's own `Date`, so that a date form is measured by the clock it was written with;
/// `now` stands in where that is missing. Nothing if the header is absent or neither form.
#[must_use]
pub fn parse_retry_after(header: Option<&str>, date: Option<&str>, now: Timestamp) -> Option<Millis> {
    let header = header?.trim();
    let length = if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than the cap.
        header.parse().map_or(MAX_RETRY_AFTER, Millis::from_secs)
    } else {
        let from = date.and_then(parse_http_date).unwrap_or(now);
        from.until(parse_http_date(header)?)
    };
    Some(length.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn seconds(header: &str, date: Option<&str>) -> Option<u64> {
        parse_retry_after(Some(header), date, NOW).map(|wait| wait.as_millis() / 1_000)
    }

    #[test]
    fn both_forms_are_read_and_capped() {
        assert_eq!(seconds("120", None), Some(120));
        assert_eq!(seconds(" 0 ", None), Some(0));
        assert_eq!(seconds("7200", None), Some(3_600));
        assert_eq!(seconds("99999999999999999999999", None), Some(3_600));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT", None), Some(60));
        assert_eq!(seconds("Sun, 06 Nov 1994 07:00:00 GMT", None), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 2094 07:00:00 GMT", None), Some(3_600));
    }

    #[test]
    fn a_date_is_measured_by_the_servers_own_clock() {
        let server = Some("Sun, 06 Nov 1994 08:50:27 GMT");
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT", server), Some(10));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT", Some("nonsense")), Some(60));
    }

    #[test]
    fn other_texts_say_nothing() {
        for other in ["", "-1", "+1", "1.5", "soon", "120 s", "1e3"] {
            assert_eq!(seconds(other, None), None, "{other:?}");
        }
        assert_eq!(parse_retry_after(None, None, NOW), None);
    }
}
