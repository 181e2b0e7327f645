//! What a receiver's answer means.

use everlit_core::time::{Millis, Timestamp};

use crate::oauth::parse_retry_after;

/// What becomes of an alert at one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Whether it is not sent there again: it was taken, or it never will be.
    pub settled: bool,
    /// Whether it was taken. What is settled and was not belongs into the log.
    pub taken: bool,
    /// How long the receiver wants to be left alone.
    pub retry_after: Option<Millis>,
}

impl Answered {
    /// There was no answer.
    pub const NOTHING: Self = Self { settled: false, taken: false, retry_after: None };
}

/// Judges an answer by its status, and its `Retry-After`. A redirect is not taken and not followed: where it leads nobody has configured.
#[must_use]
pub fn judge(status: u16, retry_after: Option<&str>, now: Timestamp) -> Answered {
    let taken = matches!(status, 200..=299);
    let refused = matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429);
    let settled = taken || refused;
    let retry_after = if settled { None } else { parse_retry_after(retry_after, None, now) };
    Answered { settled, taken, retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_or_refused_is_settled_and_nothing_else_is() {
        let now = Timestamp::from_millis(784_111_777_000);
        let wait = Some(Millis::from_secs(60));
        for (statuses, expected) in [
            (&[200, 201, 202, 204, 299][..], Answered { settled: true, taken: true, retry_after: None }),
            (
                &[400, 401, 403, 404, 409, 410, 413, 422, 451, 499],
                Answered { settled: true, taken: false, retry_after: None },
            ),
            (
                &[0, 100, 301, 302, 304, 307, 308, 408, 425, 429, 500, 502, 503, 504, 599, 999],
                Answered { settled: false, taken: false, retry_after: wait },
            ),
        ] {
            for status in statuses {
                assert_eq!(judge(*status, Some("60"), now), expected, "{status}");
                assert_eq!(judge(*status, Some("Sun, 06 Nov 1994 08:50:37 GMT"), now), expected, "{status}");
                let bare = Answered { retry_after: None, ..expected };
                assert_eq!(judge(*status, None, now), bare, "{status}");
                assert_eq!(judge(*status, Some("soon"), now), bare, "{status}");
            }
        }
        assert_eq!(
            judge(503, Some("999999"), now).retry_after,
            Some(Millis::from_secs(3_600)),
            "and no longer"
        );
        assert_eq!(judge(500, None, now), Answered::NOTHING);
    }
}
