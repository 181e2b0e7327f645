//! Apps on sibling hosts (`APP_ORIGINS`): what their pages may ask for, and read (CORS).
//!
//! Nothing here lets a request act: that is the cross-site rule's to say, which is asked for each. Without such an app nothing of
//! this is in any answer.

use everlit_edge::config::VaultName;
use everlit_edge::cross_site;
use everlit_edge::proxy::RequestHeaders;
use everlit_wire::{HEADER_EPOCH, HEADER_VERSION, Route};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::environment::Environment;
use crate::http::Reply;
use crate::incoming::Incoming;
use crate::proxy::names;
use crate::routes::{self, Call};
use crate::services;

/// How long a browser may remember what it was told: the longest that Chromium does. What is no longer configured is refused all the same.
const MAX_AGE: &str = "7200";

/// Answers, so that an app may read it.
pub(crate) async fn answer(call: Call) -> Result<Response, JsValue> {
    // Without a configuration nobody is known.
    let Some(environment) =
        Environment::of(&call.env).ok().filter(|known| !known.config.origins.apps().is_empty())
    else {
        return routes::answer(call).await.into_response();
    };
    let path = call.request.path.as_str();
    // What is another Worker's says itself which methods it takes.
    let route = Route::of(path).or_else(|| services::is_theirs(path).then_some(Route::Api));
    let route = route.filter(|route| is_asked_by_pages(*route));
    let header = |name: &str| call.request.header(name);
    let (site, origin) = (header("sec-fetch-site"), header("origin"));
    let reader = cross_site::reader(site.as_deref(), origin.as_deref(), &environment.config.origins);
    let reader = reader.filter(|_| route.is_some());
    let leave =
        route.filter(|_| reader.is_some()).and_then(|route| leave(&call.request, route, &environment));
    let response = match leave {
        Some(leave) => leave,
        // Nobody needs to be told that a Worker without an app of its own has no first page.
        None if call.request.path == "/" => match environment.config.origins.apps().first() {
            Some(app) => Reply::redirect(app.to_string()),
            None => routes::answer(call).await,
        },
        None => routes::answer(call).await,
    }
    .into_response()?;
    // A socket's answer is not ours to change, and needs no leave.
    if route.is_none() || response.status() == 101 {
        return Ok(response);
    }
    let headers = response.headers();
    headers.append("vary", "origin")?;
    if let Some(app) = reader {
        let exposed = names(&headers).replace('\n', ",") + "date";
        headers.set("access-control-expose-headers", &exposed)?;
        headers.set("cross-origin-resource-policy", "same-site")?;
        headers.set("access-control-allow-credentials", "true")?;
        headers.set("access-control-allow-origin", app.as_str())?;
    }
    Ok(response)
}

/// What a page asks for with `fetch`. To all else its browser is led, or nobody of the app comes.
const fn is_asked_by_pages(route: Route) -> bool {
    match route {
        Route::Session
        | Route::Token
        | Route::Logout
        | Route::Sessions
        | Route::OneSession
        | Route::OneLink
        | Route::Api => true,
        Route::Healthz
        | Route::Openapi
        | Route::Login
        | Route::Callback
        | Route::EndSession
        | Route::EndedSession
        | Route::BackchannelLogout
        | Route::Events => false,
    }
}

/// By which a call to an account of the operator's says what it means, where no `fetch` sends that: a read with a body.
const HEADER_MEANT: &str = "x-http-method-override";

/// Whether it is a call to an account of the operator's: the header goes no further to any other upstream.
fn is_of_service(path: &str, environment: &Environment) -> bool {
    let name = path.strip_prefix("/api/").and_then(|rest| rest.split('/').next());
    let upstream = name.and_then(|name| environment.config.upstream(name));
    upstream.is_some_and(|upstream| matches!(upstream.vault, VaultName::Service(_)))
}

/// The answer to a browser that asks whether a request may be sent (a preflight); nothing where this is the request.
fn leave(request: &Incoming, route: Route, environment: &Environment) -> Option<Reply> {
    let asked = |what: &str| request.header(&["access-control-request-", what].concat());
    if request.method != "OPTIONS" || asked("method").is_none() {
        return None;
    }
    let methods = if route == Route::Api {
        // What of these an upstream takes, it says itself.
        "GET,HEAD,POST,PUT,PATCH,DELETE".to_owned()
    } else {
        route.methods().join(",")
    };
    let proxied = RequestHeaders::new(None);
    let may_mean_another = is_of_service(&request.path, environment);
    let may_come = |name: &&str| {
        let ours: &[&str] = if route == Route::Api {
            &[HEADER_VERSION, HEADER_EPOCH]
        } else {
            &[HEADER_VERSION, "content-type"]
        };
        ours.contains(name)
            || route == Route::Api && proxied.keeps(name)
            || may_mean_another && *name == HEADER_MEANT
    };
    let wished = asked("headers").unwrap_or_default();
    let allowed: Vec<&str> = wished.split(',').map(str::trim).filter(may_come).take(64).collect();
    let reply = Reply::empty(204)
        .with("access-control-allow-methods", methods)
        .with("access-control-allow-headers", allowed.join(","))
        .with("access-control-max-age", MAX_AGE.to_owned());
    Some(reply)
}
