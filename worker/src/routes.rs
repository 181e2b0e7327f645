//! Which handler answers what, and what is checked before any of them runs.

use std::rc::Rc;

use everlit_edge::config::ConfigError;
use everlit_edge::cross_site::{self, Provenance, SameOrigin};
use everlit_edge::internal::ROTATE;
use everlit_wire::{Code, HEADER_VERSION, OPENAPI, Problem, Route, VERSION};
use worker::{Context, Env};

use crate::environment::Environment;
use crate::http::Reply;
use crate::incoming::Incoming;
use crate::{
    backchannel, callback, clock, end_session, events, gate, links, log, login, logout, proxy, rotator,
    services, session, sessions, sign_in, token,
};

/// A request, and where it happens.
pub(crate) struct Call {
    /// The request.
    pub(crate) request: Incoming,
    /// Its bindings.
    pub(crate) env: Env,
    /// Its context.
    pub(crate) context: Context,
}

/// Answers.
pub(crate) async fn answer(call: Call) -> Reply {
    let environment = match Environment::of(&call.env) {
        Ok(environment) => environment,
        Err(error) => return misconfigured(&error),
    };
    let since = clock::now();
    let (headers, known) = (call.request.headers().clone(), Rc::clone(&environment));
    let route = Route::of(&call.request.path);
    if let Some(route) = route.filter(|route| !takes(*route, &call.request.method)) {
        let allow = route.methods().join(", ");
        return Reply::problem(&Problem::new(Code::MethodNotAllowed)).with("allow", allow);
    }
    let reply = match route {
        Some(route) => handle(route, call, environment).await,
        // Unknown to whoever is not a vault of ours.
        None if call.request.path == ROTATE => rotator::handler::rotate(call, environment).await,
        None if services::is_theirs(&call.request.path) => services::answer(&call, &environment).await,
        None => Err(Problem::new(Code::NotFound)),
    };
    let (outcome, status) = match &reply {
        Ok(reply) => ("ok", reply.status()),
        Err(problem) => (problem.code.as_str(), problem.status),
    };
    let template = route.map_or("unknown", Route::template);
    let took = since.until(clock::now()).as_millis();
    let said = [
        ("route", template.into()),
        ("outcome", outcome.into()),
        ("status", status.into()),
        ("ms", took.into()),
    ];
    // Of what there is too much of, enough is said where it is counted; and what an upstream answers is its own to write down.
    let fails = status >= 400 && (reply.is_err() || route != Some(Route::Api));
    let is_worth_it = fails || route.is_some_and(decides);
    if is_worth_it && status != Code::Throttled.status() {
        let line: fn(_, _) = if is_known(&headers, &known) { log::line } else { gate::line };
        if reply.is_err() { line("refused", said) } else { line("answered", said) }
    }
    match reply {
        Ok(reply) => reply,
        Err(problem) => {
            if route == Some(Route::Api) {
                Reply::marked_problem(&problem)
            } else {
                Reply::problem(&problem)
            }
        }
    }
}

/// Whether it is somebody with a session of ours, or who had one. What anybody can have written is written seldom.
fn is_known(headers: &web_sys::Headers, environment: &Environment) -> bool {
    let cookie = headers.get("cookie").ok().flatten();
    cookie.is_some_and(|cookie| environment.cookies.session(&cookie).is_ok())
}

/// Whether it is worth a line that all went well. Not where nothing was decided, nor for a call: there are as many as the app likes, and
/// the upstream knows of each.
const fn decides(route: Route) -> bool {
    match route {
        // A question for the token that a refresh is begun for has lines of its own: of the vault, and of the rotator.
        Route::Healthz | Route::Openapi | Route::Session | Route::Token | Route::Api => false,
        Route::Login
        | Route::Callback
        | Route::Logout
        | Route::BackchannelLogout
        | Route::Sessions
        | Route::OneSession
        | Route::OneLink
        | Route::EndSession
        | Route::EndedSession
        | Route::Events => true,
    }
}

/// Under `/api` the upstream decides.
fn takes(route: Route, method: &str) -> bool {
    route == Route::Api || route.methods().contains(&method)
}

async fn handle(route: Route, call: Call, environment: Rc<Environment>) -> Result<Reply, Problem> {
    match route {
        Route::Healthz => Ok(Reply::json(&serde_json::json!({ "ok": true }))),
        Route::Openapi => Ok(Reply::text(200, "application/json", OPENAPI.to_owned())),
        Route::Login if call.request.method == "POST" => sign_in::take(call, environment).await,
        Route::Login => login::begin(&call, &environment).await,
        Route::Callback if call.request.method == "POST" => callback::posted::take(&call, &environment).await,
        Route::Callback => Ok(callback::finish(call, environment).await),
        Route::Session => session::show(&call, &environment, same_origin(&call, &environment)?).await,
        Route::Token => token::ask(&call, &environment, same_origin(&call, &environment)?).await,
        Route::Logout => logout::end(&call, &environment, same_origin(&call, &environment)?).await,
        Route::EndSession => end_session::leave(&call, &environment).await,
        Route::EndedSession => Ok(end_session::back(&call, &environment).await),
        Route::BackchannelLogout => backchannel::logout(&call, &environment).await,
        Route::Sessions => sessions::all(&call, &environment, same_origin(&call, &environment)?).await,
        Route::OneSession => sessions::end_one(&call, &environment, same_origin(&call, &environment)?).await,
        Route::OneLink => links::end_one(&call, &environment, same_origin(&call, &environment)?).await,
        Route::Events => events::open(&call, &environment).await,
        Route::Api => proxy::forward(&call, &environment).await,
    }
}

/// The cross-site rule, and the version that goes with it.
pub(crate) fn same_origin(call: &Call, environment: &Environment) -> Result<SameOrigin, Problem> {
    let header = |name: &str| call.request.header(name);
    let (site, origin, version) = (header("sec-fetch-site"), header("origin"), header(HEADER_VERSION));
    let provenance = Provenance {
        is_read: matches!(call.request.method.as_str(), "GET" | "HEAD"),
        sec_fetch_site: site.as_deref(),
        origin: origin.as_deref(),
        version: version.as_deref(),
    };
    let proof = cross_site::check(&provenance, &environment.config.origins).map_err(|refusal| {
        gate::line("cross_site", [("reason", refusal.reason().into())]);
        Problem::new(Code::CrossSite)
    })?;
    if u32::from(proof.version()) == VERSION {
        Ok(proof)
    } else {
        Err(Problem::new(Code::UnsupportedVersion))
    }
}

/// Whether a page of ours has led its browser here; nothing where the browser does not say who has.
pub(crate) fn is_led_by_us(call: &Call, environment: &Environment) -> Option<bool> {
    let site = call.request.header("sec-fetch-site")?;
    let referer = call.request.header("referer");
    Some(cross_site::is_led_by_us(&site, referer.as_deref(), &environment.config.origins))
}

/// On every route alike: nothing works with half a configuration.
fn misconfigured(error: &ConfigError) -> Reply {
    let name = error.variable.as_str();
    gate::line("misconfigured", [("variable", name.into()), ("problem", error.problem.into())]);
    Reply::problem(&Problem { detail: Some(error.to_string()), ..Problem::new(Code::Misconfigured) })
}
