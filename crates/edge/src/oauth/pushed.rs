//! The answer of a pushed authorization request endpoint (RFC 9126, section 2.2).

use alloc::string::{String, ToString as _};

use serde_json::Value;

use super::HttpAnswer;

/// The longest `request_uri` that is carried on: it goes into a URL.
const MAX_REQUEST_URI: usize = 2_048;

/// The name of an authorization request that the server has already. It is good for one login, within a minute or so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUri(String);

impl RequestUri {
    /// Reads it from an answer.
    ///
    /// # Errors
    ///
    /// A [`NotPushed`] for everything but a success that names the request.
    pub fn read(answer: &HttpAnswer<'_>) -> Result<Self, NotPushed> {
        let not = |reason| Err(NotPushed { reason });
        match answer.status {
            200..=299 => {}
            429 => return not("pushed: too many requests"),
            400..=499 => return not(refusal(answer)),
            500.. => return not("pushed: the server failed"),
            _ => return not("pushed: neither success nor error"),
        }
        let object = answer.object().map_err(|reason| NotPushed { reason })?;
        let request_uri = object.get("request_uri").and_then(Value::as_str).filter(|text| is_carried(text));
        request_uri.map_or_else(|| not("pushed: there is no request_uri"), |text| Ok(Self(text.to_string())))
    }

    /// The `request_uri`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why an authorization request was not taken. The reason is for logs, and holds nothing of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPushed {
    /// Why.
    pub reason: &'static str,
}

fn refusal(answer: &HttpAnswer<'_>) -> &'static str {
    let Ok(object) = answer.object() else { return "pushed: an error without a code" };
    match object.get("error").and_then(Value::as_str) {
        Some("invalid_client") => "pushed: invalid_client",
        Some("unauthorized_client") => "pushed: unauthorized_client",
        Some("invalid_request") => "pushed: invalid_request",
        Some("invalid_scope") => "pushed: invalid_scope",
        Some("invalid_dpop_proof") => "pushed: invalid_dpop_proof",
        Some(_) => "pushed: an unknown error code",
        None => "pushed: an error without a code",
    }
}

fn is_carried(text: &str) -> bool {
    (1..=MAX_REQUEST_URI).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_core::time::Timestamp;

    fn read(status: u16, body: &str) -> Result<String, &'static str> {
        let answer = HttpAnswer {
            status,
            content_type: None,
            retry_after: None,
            date: None,
            body: body.as_bytes(),
            now: Timestamp::from_millis(0),
        };
        RequestUri::read(&answer).map(|uri| uri.as_str().to_string()).map_err(|error| error.reason)
    }

    #[test]
    fn only_a_success_that_names_the_request_is_one() {
        let good = r#"{"request_uri":"urn:ietf:params:oauth:request_uri:a","expires_in":60}"#;
        assert_eq!(read(201, good).as_deref(), Ok("urn:ietf:params:oauth:request_uri:a"));
        // It is to be 201, and one that says 200 means the same.
        assert!(read(200, good).is_ok());
        for (status, body, reason) in [
            (201, "{}", "pushed: there is no request_uri"),
            (201, r#"{"request_uri":7}"#, "pushed: there is no request_uri"),
            (201, r#"{"request_uri":""}"#, "pushed: there is no request_uri"),
            (201, r#"{"request_uri":"a b"}"#, "pushed: there is no request_uri"),
            (201, "<html>", "the answer is HTML"),
            (302, good, "pushed: neither success nor error"),
            (400, good, "pushed: an error without a code"),
            (400, r#"{"error":"invalid_request"}"#, "pushed: invalid_request"),
            (401, r#"{"error":"invalid_client"}"#, "pushed: invalid_client"),
            (400, r#"{"error":"canary"}"#, "pushed: an unknown error code"),
            (404, "<html>", "pushed: an error without a code"),
            (429, "", "pushed: too many requests"),
            (503, good, "pushed: the server failed"),
        ] {
            assert_eq!(read(status, body), Err(reason), "{status} {body}");
        }
        let long = alloc::format!(r#"{{"request_uri":"{}"}}"#, "x".repeat(MAX_REQUEST_URI + 1));
        assert!(read(201, &long).is_err());
    }
}
