//! A call to a provider, sent: by `fetch`, or where that does not send it, over a socket.

use std::pin::pin;

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::http1::{Answer, Limits};
use everlit_edge::oauth::{HttpAnswer, MAX_BODY};
pub(crate) use everlit_edge::signed_call::Outgoing;
use everlit_runtime::body::{self, BodyError};
use everlit_runtime::clock;
pub(crate) use everlit_runtime::outgoing::Unanswered;
use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Headers, RequestInit, RequestRedirect, Response, ResponseInit,
    WorkerGlobalScope,
};

use crate::socket;

/// The longest answer that is taken over a socket, where it is held until it is whole.
const MAX_SOCKET_BODY: usize = 4 << 20;
/// Headers that are about the connection, and not about the answer that came over it.
const OF_CONNECTION: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];

/// An answer, read.
pub(crate) struct Received {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
    content_type: Option<String>,
    retry_after: Option<String>,
    date: Option<String>,
}

impl Received {
    /// An answer whose body was read.
    pub(crate) fn of(response: &Response, body: Vec<u8>) -> Self {
        let header = |name: &str| response.headers().get(name).ok().flatten();
        let (content_type, retry_after, date) =
            (header("content-type"), header("retry-after"), header("date"));
        Self { status: response.status(), body, content_type, retry_after, date }
    }

    /// The answer as its classifiers want it.
    pub(crate) fn judged_at(&self, now: Timestamp) -> HttpAnswer<'_> {
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

/// Sends a call and reads the answer, within this limit for both.
pub(crate) async fn send(call: &Outgoing, limit: Millis) -> Result<Received, Unanswered> {
    within(limit, async |signal| {
        let response = attempt(call, Some(signal), MAX_BODY).await?;
        let body = body::read(response.body(), MAX_BODY).await.map_err(|error| match error {
            BodyError::TooLarge => Unanswered::TooLarge,
            BodyError::Broken | BodyError::TooSlow => Unanswered::Broken,
        })?;
        Ok(Received::of(&response, body))
    })
    .await
}

/// Sends a call, and hands over the answer as soon as its head is there, within this limit; its body comes by and by. Over a socket it
/// is there already.
pub(crate) async fn open(call: &Outgoing, limit: Millis) -> Result<Response, Unanswered> {
    within(limit, async |signal| attempt(call, Some(signal), MAX_SOCKET_BODY).await).await
}

/// Does something that is given up at a limit, and aborted then.
async fn within<T>(
    limit: Millis,
    work: impl AsyncFnOnce(&AbortSignal) -> Result<T, Unanswered>,
) -> Result<T, Unanswered> {
    let controller = AbortController::new().map_err(|_| Unanswered::Broken)?;
    let signal = controller.signal();
    let work = pin!(work(&signal));
    match select(work, clock::pause(limit)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => {
            controller.abort();
            Err(Unanswered::TooSlow)
        }
    }
}

async fn attempt(
    call: &Outgoing,
    signal: Option<&AbortSignal>,
    limit: usize,
) -> Result<Response, Unanswered> {
    if call.needs_socket() {
        // A call that could be taken for two is none.
        let request = call.bytes().ok_or(Unanswered::Broken)?;
        let to_head = call.method == everlit_edge::proxy::Method::Head;
        let answer = socket::exchange(&call.origin, request.expose(), to_head, Limits::body(limit)).await?;
        return response(answer).map_err(|_| Unanswered::Broken);
    }
    let init = init(call, signal).map_err(|_| Unanswered::Broken)?;
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let answered = JsFuture::from(scope.fetch_with_str_and_init(call.url().expose(), &init)).await;
    answered.and_then(|response| response.dyn_into()).map_err(|_| Unanswered::Broken)
}

fn init(call: &Outgoing, signal: Option<&AbortSignal>) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &call.headers {
        headers.append(name, value.expose())?;
    }
    let init = RequestInit::new();
    init.set_method(call.method.as_str());
    init.set_headers_headers(&headers);
    // A redirect would take the token to a place that nobody configured.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(signal);
    if let Some(body) = &call.body {
        init.set_body(&Uint8Array::from(body.expose().as_slice()));
    }
    Ok(init)
}

/// What came over a socket, as `fetch` would have brought it.
fn response(Answer { head, body }: Answer) -> Result<Response, JsValue> {
    let is_packed =
        head.header("content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
    if is_packed {
        return Err(JsValue::NULL);
    }
    let headers = Headers::new()?;
    for (name, value) in &head.headers {
        if !OF_CONNECTION.contains(&name.as_str()) {
            headers.append(name, value)?;
        }
    }
    let init = ResponseInit::new();
    init.set_status(head.status);
    init.set_headers_headers(&headers);
    // Some statuses are refused with any body, an empty one included.
    match body.as_slice() {
        [] => Response::new_with_opt_str_and_init(None, &init),
        bytes => Response::new_with_opt_js_u8_array_and_init(Some(&Uint8Array::from(bytes)), &init),
    }
}
