//! The way to the services Worker, where one is deployed: it keeps the operator's own accounts, and nothing of a user's.

use everlit_edge::cookie::{BINDING_COOKIE, CookieError, SESSION_COOKIE, find, without};
use everlit_wire::{Code, Problem};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, Response};

use crate::http::Reply;
use crate::log;
use crate::routes::Call;

/// The binding of the services Worker.
const SERVICES: &str = "SERVICES";

#[wasm_bindgen]
extern "C" {
    type Service;
    #[wasm_bindgen(method, catch, js_name = fetch)]
    fn call(this: &Service, request: &Request) -> Result<js_sys::Promise, JsValue>;
}

/// Whether a path is one of that Worker's.
pub(crate) fn is_theirs(path: &str) -> bool {
    path == "/service" || path.starts_with("/service/")
}

/// Hands a request on as it came, but for the cookies that are about sessions. Where there is no such Worker, there is nothing.
pub(crate) async fn forward(call: &Call) -> Result<Reply, Problem> {
    if is_of_two(call) {
        return Err(Problem::new(Code::BadRequest));
    }
    let service = js_sys::Reflect::get(&call.env, &JsValue::from_str(SERVICES)).ok();
    let service = service.filter(JsValue::is_object).ok_or_else(|| Problem::new(Code::NotFound))?;
    let answered = async {
        let request = stripped(call)?;
        JsFuture::from(service.unchecked_ref::<Service>().call(&request)?).await?.dyn_into::<Response>()
    };
    answered.await.map(Reply::Forwarded).map_err(|thrown| {
        log::line("services_unreachable", [("reason", log::class_of(&thrown))]);
        Problem::new(Code::TemporarilyUnavailable)
    })
}

/// Whether it is said by a program with its key and by a browser with its session: nobody is both, and whose it is would be a guess.
fn is_of_two(call: &Call) -> bool {
    let shows = |name| call.request.header(name).is_some();
    let cookies = call.request.header("cookie").unwrap_or_default();
    find(&cookies, SESSION_COOKIE) != Err(CookieError::Absent)
        && (shows("authorization") || shows("x-sessiontoken"))
}

/// The request without what is not that Worker's to know. One without cookies goes as it is: a broker's SDK sends GETs with a body, which
/// no copy would have.
fn stripped(call: &Call) -> Result<Request, JsValue> {
    let raw = call.request.raw();
    let Some(cookies) = call.request.header("cookie") else { return Ok(Clone::clone(raw)) };
    let headers = Headers::new_with_headers(call.request.headers())?;
    headers.set("cookie", &without(&cookies, &[SESSION_COOKIE, BINDING_COOKIE]))?;
    let init = RequestInit::new();
    init.set_headers_headers(&headers);
    Request::new_with_request_and_init(raw, &init)
}
