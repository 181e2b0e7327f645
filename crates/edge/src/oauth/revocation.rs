//! The answer of a revocation endpoint (RFC 7009, section 2.2).

use everlit_core::time::Millis;
use everlit_core::{service, vault};
use serde_json::Value;

use super::HttpAnswer;

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationAnswer {
    /// The token is dead, or was never known: the server does not tell the two apart, and neither do we.
    Revoked,
    /// The token must be taken to live; try again.
    Retry {
        /// When, if the server says.
        retry_after: Option<Millis>,
        /// Why.
        reason: &'static str,
    },
    /// The server will not do it, however often it is asked: the operator may want to know.
    Refused {
        /// Why.
        reason: &'static str,
    },
}

impl RevocationAnswer {
    /// The class of a request that got no answer.
    pub const UNANSWERED: Self = Self::Retry { retry_after: None, reason: "no answer" };

    /// Judges an answer.
    ///
    /// # Spec
    ///
    /// [_RFC 7009 § 2.2.1_](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.2.1): after a 503 the client must assume
    /// that the token still exists. We judge every answer that is no answer alike.
    #[must_use]
    pub fn classify(answer: &HttpAnswer<'_>) -> Self {
        let retry = |reason| Self::Retry { retry_after: answer.wait(), reason };
        match answer.status {
            200..=299 => return Self::Revoked,
            408 | 409 | 429 | 500.. => return retry("the server is busy or failed"),
            400..=499 => {}
            _ => return retry("neither success nor error"),
        }
        let object = match answer.object() {
            Ok(object) => object,
            Err(reason) => return retry(reason),
        };
        match object.get("error").and_then(Value::as_str) {
            Some("unsupported_token_type") => Self::Refused { reason: "unsupported_token_type" },
            // Of us, not of the token: it lives, and an operator may put that right.
            Some("invalid_client") => retry("invalid_client"),
            Some("unauthorized_client") => retry("unauthorized_client"),
            Some("invalid_request") => Self::Refused { reason: "invalid_request" },
            // Not in the RFC; those who send them mean that there is no such token any more.
            Some("invalid_grant" | "invalid_token") => Self::Revoked,
            Some(_) | None => retry("an unknown error code"),
        }
    }
}

/// The answer in the machine's words: what will not be done however often it is asked is as settled as what was done.
impl From<RevocationAnswer> for service::RevocationAnswer {
    fn from(answer: RevocationAnswer) -> Self {
        match answer {
            RevocationAnswer::Revoked => Self::Revoked,
            RevocationAnswer::Refused { .. } => Self::Refused,
            RevocationAnswer::Retry { retry_after, .. } => Self::Retry { retry_after },
        }
    }
}

impl From<RevocationAnswer> for vault::RevocationAnswer {
    fn from(answer: RevocationAnswer) -> Self {
        match answer {
            RevocationAnswer::Revoked | RevocationAnswer::Refused { .. } => Self::Settled,
            RevocationAnswer::Retry { retry_after, .. } => Self::Retry { retry_after },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_core::time::Timestamp;

    #[test]
    fn what_was_refused_is_not_asked_again() {
        let (settled, wait) = (vault::RevocationAnswer::Settled, Some(Millis::from_secs(5)));
        assert_eq!(vault::RevocationAnswer::from(RevocationAnswer::Revoked), settled);
        assert_eq!(vault::RevocationAnswer::from(RevocationAnswer::Refused { reason: "" }), settled);
        let retry = RevocationAnswer::Retry { retry_after: wait, reason: "" };
        assert_eq!(
            vault::RevocationAnswer::from(retry),
            vault::RevocationAnswer::Retry { retry_after: wait }
        );
        for (answer, expected) in [
            (RevocationAnswer::Revoked, service::RevocationAnswer::Revoked),
            (RevocationAnswer::Refused { reason: "" }, service::RevocationAnswer::Refused),
            (retry, service::RevocationAnswer::Retry { retry_after: wait }),
        ] {
            assert_eq!(service::RevocationAnswer::from(answer), expected);
        }
    }

    #[test]
    fn only_an_answer_ends_the_attempts() {
        let judge = |status, body: &str| {
            let now = Timestamp::from_millis(0);
            let answer = HttpAnswer {
                status,
                content_type: None,
                retry_after: Some("5"),
                date: None,
                body: body.as_bytes(),
                now,
            };
            match RevocationAnswer::classify(&answer) {
                RevocationAnswer::Revoked => "revoked",
                RevocationAnswer::Retry { retry_after, .. } => {
                    assert_eq!(retry_after, Some(Millis::from_secs(5)));
                    "retry"
                }
                RevocationAnswer::Refused { .. } => "refused",
            }
        };
        for (status, body, expected) in [
            (200, "", "revoked"),
            (204, "", "revoked"),
            (400, r#"{"error":"invalid_token"}"#, "revoked"),
            (400, r#"{"error":"unsupported_token_type"}"#, "refused"),
            (401, r#"{"error":"invalid_client"}"#, "retry"),
            (400, r#"{"error":"unauthorized_client"}"#, "retry"),
            (400, r#"{"error":"invalid_request"}"#, "refused"),
            (400, r#"{"error":"something"}"#, "retry"),
            (400, "{}", "retry"),
            (404, "<html>", "retry"),
            (302, "", "retry"),
            (429, "", "retry"),
            (503, r#"{"error":"invalid_client"}"#, "retry"),
        ] {
            assert_eq!(judge(status, body), expected, "{status} {body}");
        }
    }
}
