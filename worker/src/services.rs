//! The way to the services Worker, where one is deployed: it keeps the operator's own accounts, and nothing of a user's.
//!
//! What programs ask with a key, and providers, goes to its public side. What a browser asks in the name of a session goes to an
//! entrypoint that no route leads to, with a word on whose session it is: there nobody else is heard.

use everlit_edge::cookie::{BINDING_COOKIE, CookieError, SESSION_COOKIE, find, without};
use everlit_edge::cross_site::{self, SameOrigin};
use everlit_edge::people::{Asked, Statement, USER_HEADER};
use everlit_edge::proxy::Destination;
use everlit_wire::{Code, HEADER_EPOCH, HEADER_VERSION, Problem};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, RequestRedirect, Response};

use crate::environment::{Environment, SERVICES_USERS};
use crate::http::Reply;
use crate::routes::{Call, same_origin};
use crate::vault::client::VaultClient;
use crate::{gate, log, session};

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

/// Whether a browser asks, with a session or one that is over: what tells a program is its key, whatever header it sends beside that.
pub(crate) fn is_of_browser(call: &Call) -> bool {
    has_session(call) || (call.request.header(HEADER_VERSION).is_some() && !shows_key(call))
}

/// Answers what is asked under `/service`.
pub(crate) async fn answer(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    let request = &call.request;
    not_of_two(call)?;
    let asked = Asked::of(&request.method, &request.path, request.query.as_deref());
    if asked == Asked::ByOthers || !is_of_browser(call) {
        return forward(call).await;
    }
    // Where there is no such Worker nobody is asked who they are.
    let service = bound(call, SERVICES_USERS)?;
    let proof = match asked {
        Asked::ByGoing => going(call, environment)?,
        Asked::ByPage | Asked::ByOthers => same_origin(call, environment)?,
    };
    let query = request.query.as_deref().map(|query| ["?", query].concat()).unwrap_or_default();
    in_the_name_of_a_user(call, environment, &service, proof, &[request.path.as_str(), &query].concat()).await
}

/// Makes a call to an upstream that belongs to an account of the operator's.
pub(crate) async fn call(
    call: &Call,
    environment: &Environment,
    service: &str,
    destination: &Destination<'_>,
) -> Result<Reply, Problem> {
    not_of_two(call)?;
    let way = bound(call, SERVICES_USERS)?;
    let proof = same_origin(call, environment)?;
    let rest = destination.url.strip_prefix(destination.upstream.origin.as_str()).unwrap_or_default();
    in_the_name_of_a_user(call, environment, &way, proof, &["/api/", service, rest].concat()).await
}

/// Hands a request on as it came, but for what is about sessions. Where there is no such Worker, there is nothing.
pub(crate) async fn forward(call: &Call) -> Result<Reply, Problem> {
    not_of_two(call)?;
    hand_on(&bound(call, SERVICES)?, stripped(call)).await
}

async fn in_the_name_of_a_user(
    call: &Call,
    environment: &Environment,
    service: &Service,
    proof: SameOrigin,
    target: &str,
) -> Result<Reply, Problem> {
    let user = user(call, environment, proof).await?;
    hand_on(service, said(call, &user, target)).await
}

/// Whose session it is, as long as that is active: what a token is needed for elsewhere is not had here without one either.
async fn user(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Statement, Problem> {
    let cookie = session::named(call, environment, proof).ok_or_else(|| gate::refused(call, environment))?;
    let vault = VaultClient::of(&call.env, &cookie.id);
    let current = vault.session().await?.current(environment)?;
    let under = call.request.header(HEADER_EPOCH);
    if under.is_some_and(|epoch| epoch.parse() != Ok(current.epoch)) {
        log::line("other_login", []);
        return Err(Problem::new(Code::LoggedOut));
    }
    if current.expires_in == 0 {
        // Whoever may log in no more is not found out before somebody asks.
        vault.access(None).await?.current(environment)?;
    }
    // One of a provider that the login does not use any more is somebody else's name.
    let holder = current.holder.filter(|holder| holder.provider == environment.config.login_provider().name);
    let holder = holder.ok_or_else(|| Problem::new(Code::LoggedOut))?;
    let email = holder.user.email.filter(|_| holder.about.email_verified);
    Ok(Statement { provider: holder.provider, sub: holder.user.sub, email, name: holder.user.name })
}

/// A login that a page of ours has led to, and no other.
fn going(call: &Call, environment: &Environment) -> Result<SameOrigin, Problem> {
    let header = |name: &str| call.request.header(name);
    let (mode, site, referer) = (header("sec-fetch-mode"), header("sec-fetch-site"), header("referer"));
    let (mode, site, referer) = (mode.as_deref(), site.as_deref(), referer.as_deref());
    cross_site::check_navigation(mode, site, referer, &environment.config.origins).map_err(|refusal| {
        gate::line("cross_site", [("reason", refusal.reason().into())]);
        Problem::new(Code::CrossSite)
    })
}

/// One of the two ways to it, where it is deployed.
fn bound(call: &Call, binding: &str) -> Result<Service, Problem> {
    let service = js_sys::Reflect::get(&call.env, &JsValue::from_str(binding)).ok();
    service
        .filter(JsValue::is_object)
        .map(JsValue::unchecked_into)
        .ok_or_else(|| Problem::new(Code::NotFound))
}

async fn hand_on(service: &Service, request: Result<Request, JsValue>) -> Result<Reply, Problem> {
    let answered = async {
        let answer = JsFuture::from(service.call(&request?)?).await?;
        let answer: Response = answer.dyn_into()?;
        // A copy, whose headers can be changed.
        Response::new_with_opt_readable_stream_and_init(answer.body().as_ref(), answer.unchecked_ref())
    };
    answered.await.map(Reply::Forwarded).map_err(|thrown| {
        log::line("services_unreachable", [("reason", log::class_of(&thrown))]);
        Problem::new(Code::TemporarilyUnavailable)
    })
}

fn has_session(call: &Call) -> bool {
    let cookies = call.request.header("cookie").unwrap_or_default();
    find(&cookies, SESSION_COOKIE) != Err(CookieError::Absent)
}

fn shows_key(call: &Call) -> bool {
    ["authorization", "x-sessiontoken"].into_iter().any(|name| call.request.header(name).is_some())
}

/// Refuses what is said by a program with its key and by a browser with its session: nobody is both, and whose it is would be a guess.
fn not_of_two(call: &Call) -> Result<(), Problem> {
    if has_session(call) && shows_key(call) { Err(Problem::new(Code::BadRequest)) } else { Ok(()) }
}

/// The request without what is not that Worker's to know, and without what only we may say. One that has neither goes as it is: a broker's
/// SDK sends GETs with a body, which no copy would have.
fn stripped(call: &Call) -> Result<Request, JsValue> {
    let (raw, cookies) = (call.request.raw(), call.request.header("cookie"));
    if cookies.is_none() && call.request.header(USER_HEADER).is_none() {
        return Ok(Clone::clone(raw));
    }
    let headers = Headers::new_with_headers(call.request.headers())?;
    headers.delete(USER_HEADER)?;
    if let Some(cookies) = cookies {
        headers.set("cookie", &without(&cookies, &[SESSION_COOKIE, BINDING_COOKIE]))?;
    }
    let init = RequestInit::new();
    init.set_headers_headers(&headers);
    Request::new_with_request_and_init(raw, &init)
}

/// The request with a word on whose it is, and without any cookie.
fn said(call: &Call, user: &Statement, target: &str) -> Result<Request, JsValue> {
    let raw = call.request.raw();
    let headers = Headers::new_with_headers(call.request.headers())?;
    headers.delete("cookie")?;
    headers.set(USER_HEADER, &user.encode())?;
    let init = RequestInit::new();
    init.set_method(&call.request.method);
    init.set_headers_headers(&headers);
    // Where it leads to is the browser's to follow.
    init.set_redirect(RequestRedirect::Manual);
    init.set_body_opt_readable_stream(raw.body().as_ref());
    Request::new_with_str_and_init(&["https://", &call.request.host, target].concat(), &init)
}
