//! What a caller is told when it does not get what it wants (RFC 9457).

use everlit_core::time::Millis;
use everlit_runtime::body::BodyError;
use everlit_runtime::http::{Reply, retry_after};
use serde_json::{Map, Value, json};

/// A problem document.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    title: &'static str,
    detail: Option<String>,
    retry_after: Option<Millis>,
    allow: &'static [&'static str],
    more: Map<String, Value>,
}

impl Problem {
    fn new(status: u16, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, retry_after: None, allow: &[], more: Map::new() }
    }

    /// Whoever asks shows no key that is good for this.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "This needs a key that is good for this service.")
    }

    /// It shows one, but not an operator's.
    pub(crate) fn forbidden() -> Self {
        Self::new(403, "operators_only", "Only an operator may do this.")
    }

    /// Somebody with a session, to whom the configuration does not give this.
    pub(crate) fn not_theirs() -> Self {
        Self::new(403, "forbidden", "This is not for your account.")
    }

    /// There is nothing there.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "not_found", "There is nothing at this address.")
    }

    /// Not by this method, but by these.
    pub(crate) fn method(allow: &'static [&'static str]) -> Self {
        let problem = Self::new(405, "method_not_allowed", "This address does not take that method.");
        Self { allow, ..problem }
    }

    /// It cannot be understood.
    pub(crate) fn bad_request(detail: &str) -> Self {
        Self::new(400, "bad_request", "The request cannot be understood.").detail(detail)
    }

    /// It is too large.
    pub(crate) fn too_large() -> Self {
        Self::new(413, "too_large", "The request is too large.")
    }

    /// Its body could not be read.
    pub(crate) fn unread(why: BodyError) -> Self {
        match why {
            BodyError::TooLarge => Self::too_large(),
            BodyError::TooSlow => Self::new(408, "too_slow", "The request came too slowly."),
            BodyError::Broken => Self::bad_request("The body broke off."),
        }
    }

    /// There is no token.
    pub(crate) fn no_token(reason: &str, wait: Millis) -> Self {
        let problem = match reason {
            "caller_limited" => Self::new(429, "no_token", "That was a little often. Try again in a minute."),
            _ => Self::new(503, "no_token", "There is no token to be had just now."),
        };
        Self { retry_after: Some(wait), ..problem }.with("reason", reason.into())
    }

    /// What was handed in is not taken.
    pub(crate) fn refused(verdict: &str, detail: &str) -> Self {
        let problem = match verdict {
            "busy" => Self::new(429, "credential_refused", "Too many wait for their proof."),
            _ => Self::new(422, "credential_refused", "What was handed in is not taken."),
        };
        problem.with("verdict", verdict.into()).detail(detail)
    }

    /// The object did not answer: it was reset, or its storage failed. It is safe to ask again.
    pub(crate) fn unavailable() -> Self {
        let problem = Self::new(503, "temporarily_unavailable", "The service cannot be asked just now.");
        Self { retry_after: Some(Millis::from_secs(1)), ..problem }
    }

    /// An operator of the deployment must act.
    pub(crate) fn misconfigured(detail: &str) -> Self {
        Self::new(503, "misconfigured", "The configuration of this deployment is wrong.").detail(detail)
    }

    /// The same with what is special about it; never a secret.
    pub(crate) fn detail(self, detail: &str) -> Self {
        Self { detail: Some(detail.to_owned()), ..self }
    }

    /// The same with one more member.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        if !value.is_null() {
            self.more.insert(name.to_owned(), value);
        }
        self
    }

    /// As it is answered.
    pub(crate) fn reply(self) -> Reply {
        let mut body = self.more;
        let seconds = |wait: Millis| json!(wait.as_millis() as f64 / 1_000.0);
        for (name, value) in [
            ("type", Value::from(["urn:everlit:problem:", self.code].concat())),
            ("title", self.title.into()),
            ("status", self.status.into()),
            ("code", self.code.into()),
            ("detail", self.detail.map_or(Value::Null, Value::from)),
            ("retry_after", self.retry_after.map_or(Value::Null, seconds)),
        ] {
            if !value.is_null() {
                body.insert(name.to_owned(), value);
            }
        }
        let reply = Reply::text(self.status, "application/problem+json", Value::Object(body).to_string());
        let reply = match self.retry_after {
            Some(wait) => reply.with("retry-after", retry_after(wait)),
            None => reply,
        };
        let reply = if self.allow.is_empty() { reply } else { reply.with("allow", self.allow.join(", ")) };
        if self.status == 401 { reply.with("www-authenticate", "Bearer".to_owned()) } else { reply }
    }
}
