//! What we answer: problems, JSON, pages, and the headers that go with all of them.

use std::cell::RefCell;

use everlit_core::time::Millis;
use everlit_edge::html::Page;
use everlit_wire::{Code, HEADER_CODE, Problem};
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

use crate::few::Few;

/// On every answer of ours. None may be stored, framed, sniffed or taken for a document, and none may say where it was: the
/// URL of a callback holds a code.
const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

/// An answer.
pub enum Reply {
    /// Of our own.
    Own {
        /// The HTTP status.
        status: u16,
        /// What the body is.
        content_type: Option<&'static str>,
        /// Headers that are set, in place of those that every answer has.
        headers: Vec<(&'static str, String)>,
        /// Cookies that are set or removed, each a header of its own.
        cookies: Vec<String>,
        /// The body.
        body: Option<String>,
    },
    /// Of an upstream, with headers that were let through.
    Forwarded(Response),
}

impl Reply {
    /// An answer without a body.
    pub const fn empty(status: u16) -> Self {
        Self::Own { status, content_type: None, headers: Vec::new(), cookies: Vec::new(), body: None }
    }

    /// Its HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Own { status, .. } => *status,
            Self::Forwarded(response) => response.status(),
        }
    }

    /// A JSON document.
    pub fn json(body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(text) => Self::text(200, "application/json", text),
            // Only a map whose keys are no text cannot be written, and wire has none.
            Err(_) => Self::problem(&Problem::new(Code::Internal)),
        }
    }

    /// A problem document (RFC 9457).
    pub fn problem(problem: &Problem) -> Self {
        let text = serde_json::to_string(problem).unwrap_or_default();
        let reply = Self::text(problem.status, "application/problem+json", text);
        match problem.retry_after {
            Some(wait) => reply.with("retry-after", retry_after(wait.0)),
            None => reply,
        }
    }

    /// A problem that is answered under `/api`, where it must be told from an upstream's own answer.
    pub fn marked_problem(problem: &Problem) -> Self {
        Self::problem(problem).with(HEADER_CODE, problem.code.as_str().to_owned())
    }

    /// A page of ours.
    pub fn page(status: u16, page: Page) -> Self {
        let headers = page.headers().iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::Own { status, content_type: None, headers, cookies: Vec::new(), body: Some(page.body) }
    }

    /// A redirect that a navigation follows.
    pub fn redirect(location: String) -> Self {
        Self::empty(302).with("location", location)
    }

    /// A redirect that is followed by GET, whatever led to it (RFC 9110, section 15.4.4).
    pub fn see_other(location: String) -> Self {
        Self::empty(303).with("location", location)
    }

    /// The same answer with one more header.
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        if let Self::Own { headers, .. } = &mut self {
            headers.push((name, value));
        }
        self
    }

    /// The same answer, which also sets or removes a cookie.
    pub fn with_cookie(mut self, cookie: String) -> Self {
        if let Self::Own { cookies, .. } = &mut self {
            cookies.push(cookie);
        }
        self
    }

    /// A body of this type.
    pub fn text(status: u16, content_type: &'static str, text: String) -> Self {
        let content_type = Some(content_type);
        Self::Own { status, content_type, headers: Vec::new(), cookies: Vec::new(), body: Some(text) }
    }

    /// The answer as the runtime wants it.
    pub fn into_response(self) -> Result<Response, JsValue> {
        match self {
            Self::Forwarded(response) => Ok(response),
            Self::Own { status, content_type, headers, cookies, body } => {
                let init = usual(content_type)?;
                init.set_status(status);
                let response = Response::new_with_opt_str_and_init(body.as_deref(), &init)?;
                for (name, value) in headers {
                    response.headers().set(name, &value)?;
                }
                for cookie in cookies {
                    response.headers().append("set-cookie", &cookie)?;
                }
                Ok(response)
            }
        }
    }
}

/// The header knows whole seconds only; a fraction of one still means: not yet.
pub fn retry_after(wait: Millis) -> String {
    wait.as_millis().div_ceil(1_000).max(1).to_string()
}

thread_local! {
    static USUAL: RefCell<Few<Option<&'static str>, ResponseInit>> = const { RefCell::new(Few::new()) };
}

/// [`HEADERS`] and the type of the body, as the runtime wants them: made once, since each header that is set crosses over to
/// JavaScript with two texts. A response copies them.
fn usual(content_type: Option<&'static str>) -> Result<ResponseInit, JsValue> {
    if let Some(made) = USUAL.with_borrow(|usual| usual.get(|known| *known == content_type).cloned()) {
        return Ok(made);
    }
    let headers = Headers::new()?;
    for (name, value) in HEADERS.into_iter().chain(content_type.map(|value| ("content-type", value))) {
        headers.set(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_headers_headers(&headers);
    USUAL.with_borrow_mut(|usual| usual.insert(content_type, init.clone()));
    Ok(init)
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Self::problem(&problem)
    }
}
