//! A request of ours to an authorization server: no redirects, a limit on its time and one on its answer.

use std::pin::pin;

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::oauth::{ClientRequest, HttpAnswer, MAX_BODY};
use futures_util::future::{Either, select};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, Request, RequestInit, RequestRedirect, Response, WorkerGlobalScope};

use crate::{body, clock};

/// An answer, whatever it is worth.
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    content_type: Option<String>,
    retry_after: Option<String>,
    date: Option<String>,
    /// The nonce for the next proof (RFC 9449, section 8), unread.
    pub dpop_nonce: Option<String>,
}

impl Received {
    /// The answer as its classifiers want it.
    pub fn judged_at(&self, now: Timestamp) -> HttpAnswer<'_> {
        HttpAnswer {
            status: self.status,
            content_type: self.content_type.as_deref(),
            retry_after: self.retry_after.as_deref(),
            date: self.date.as_deref(),
            body: &self.body,
            now,
        }
    }
}

/// Why there is no answer. In none of these cases is it known that the request was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// No connection, or it broke.
    Broken,
    /// The limit passed; the request was aborted.
    TooSlow,
    /// The answer is longer than any that makes sense.
    TooLarge,
}

impl Unanswered {
    /// The reason in words, for a log.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Broken => "the connection broke",
            Self::TooSlow => "no answer in time",
            Self::TooLarge => "the answer is too large",
        }
    }
}

/// Fetches a document.
pub async fn get(url: &str, limit: Millis) -> Result<Received, Unanswered> {
    let init = RequestInit::new();
    let request = headers([("accept", "application/json")]).and_then(|headers| {
        init.set_headers_headers(&headers);
        build(url, &init)
    });
    send(request, limit).await
}

/// Posts what the client says to an endpoint of its authorization server.
pub async fn post(url: &str, client: &ClientRequest, limit: Millis) -> Result<Received, Unanswered> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body_opt_str(Some(client.body().expose()));
    let request = headers(client.headers()).and_then(|headers| {
        init.set_headers_headers(&headers);
        build(url, &init)
    });
    send(request, limit).await
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> Result<Headers, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in pairs {
        headers.set(name, value)?;
    }
    Ok(headers)
}

fn build(url: &str, init: &RequestInit) -> Result<Request, JsValue> {
    // A redirect would take the client's credentials to a place that nobody configured.
    init.set_redirect(RequestRedirect::Manual);
    Request::new_with_str_and_init(url, init)
}

async fn send(request: Result<Request, JsValue>, limit: Millis) -> Result<Received, Unanswered> {
    let request = request.map_err(|_| Unanswered::Broken)?;
    let controller = AbortController::new().map_err(|_| Unanswered::Broken)?;
    let exchange = pin!(exchange(request, &controller));
    match select(exchange, clock::pause(limit)).await {
        Either::Left((received, _)) => received,
        Either::Right(((), _)) => {
            controller.abort();
            Err(Unanswered::TooSlow)
        }
    }
}

async fn exchange(request: Request, controller: &AbortController) -> Result<Received, Unanswered> {
    let init = RequestInit::new();
    init.set_signal(Some(&controller.signal()));
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let promise = scope.fetch_with_request_and_init(&request, &init);
    let response = JsFuture::from(promise).await.map_err(|_| Unanswered::Broken)?;
    let response: Response = response.dyn_into().map_err(|_| Unanswered::Broken)?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let (content_type, retry_after, date) = (header("content-type"), header("retry-after"), header("date"));
    let dpop_nonce = header("dpop-nonce");
    let body = body::read(response.body(), MAX_BODY).await.map_err(|error| match error {
        body::BodyError::TooLarge => Unanswered::TooLarge,
        body::BodyError::Broken | body::BodyError::TooSlow => Unanswered::Broken,
    })?;
    Ok(Received { status: response.status(), body, content_type, retry_after, date, dpop_nonce })
}
