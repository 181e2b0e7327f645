//! Which handler answers what, and what is checked before any of them runs.

use std::rc::Rc;

use everlit_edge::config::ConfigError;
use everlit_edge::cross_site::{self, Provenance, SameOrigin};
use everlit_edge::internal::ROTATE;
use everlit_wire::{Code, HEADER_VERSION, Problem, VERSION};
use worker::{Context, Env};

use crate::environment::Environment;
use crate::http::Reply;
use crate::incoming::Incoming;
use crate::{backchannel, callback, events, log, login, logout, proxy, rotator, session, sessions, token};

/// A request, and where it happens.
pub(crate) struct Call {
    /// The request.
    pub(crate) request: Incoming,
    /// Its bindings.
    pub(crate) env: Env,
    /// Its context.
    pub(crate) context: Context,
}

/// What we answer at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Healthz,
    Login,
    Callback,
    Session,
    Token,
    Logout,
    BackchannelLogout,
    Sessions,
    OneSession,
    Events,
    Api,
    Rotate,
    Unknown,
}

impl Route {
    fn of(path: &str) -> Self {
        match path {
            "/healthz" => Self::Healthz,
            "/auth/login" => Self::Login,
            "/auth/session" => Self::Session,
            "/auth/token" => Self::Token,
            "/auth/logout" => Self::Logout,
            "/auth/backchannel-logout" => Self::BackchannelLogout,
            "/auth/sessions" => Self::Sessions,
            "/auth/events" => Self::Events,
            ROTATE => Self::Rotate,
            _ if path.starts_with(sessions::ONE) => Self::OneSession,
            _ if path.starts_with("/auth/callback/") => Self::Callback,
            _ if path.starts_with("/api/") => Self::Api,
            _ => Self::Unknown,
        }
    }

    /// The name in the log.
    const fn template(self) -> &'static str {
        match self {
            Self::Healthz => "/healthz",
            Self::Login => "/auth/login",
            Self::Callback => "/auth/callback/{provider}",
            Self::Session => "/auth/session",
            Self::Token => "/auth/token",
            Self::Logout => "/auth/logout",
            Self::BackchannelLogout => "/auth/backchannel-logout",
            Self::Sessions => "/auth/sessions",
            Self::OneSession => "/auth/sessions/{id}",
            Self::Events => "/auth/events",
            Self::Api => "/api/{upstream}",
            Self::Rotate => ROTATE,
            Self::Unknown => "unknown",
        }
    }

    /// The methods, as `Allow` lists them, where it is not the handler that knows them.
    const fn methods(self) -> Option<&'static str> {
        match self {
            Self::Healthz | Self::Login | Self::Callback | Self::Session | Self::Events => Some("GET"),
            Self::Token | Self::Logout | Self::BackchannelLogout => Some("POST"),
            Self::Sessions => Some("GET, DELETE"),
            Self::OneSession => Some("DELETE"),
            // What is unknown has no method that would be allowed, and the rotator is unknown to strangers.
            Self::Api | Self::Rotate | Self::Unknown => None,
        }
    }
}

/// Answers.
pub(crate) async fn answer(call: Call) -> Reply {
    let route = Route::of(&call.request.path);
    let environment = match Environment::of(&call.env) {
        Ok(environment) => environment,
        Err(error) => return misconfigured(&error),
    };
    let is_allowed = |methods: &str| methods.split(", ").any(|method| method == call.request.method);
    if let Some(methods) = route.methods().filter(|methods| !is_allowed(methods)) {
        return Reply::problem(&Problem::new(Code::MethodNotAllowed)).with("allow", methods.to_owned());
    }
    let reply = handle(route, call, environment).await;
    match reply {
        Ok(reply) => reply,
        Err(problem) => {
            log::line(
                "refused",
                [("route", route.template().into()), ("code", problem.code.as_str().into())],
            );
            if route == Route::Api { Reply::marked_problem(&problem) } else { Reply::problem(&problem) }
        }
    }
}

async fn handle(route: Route, call: Call, environment: Rc<Environment>) -> Result<Reply, Problem> {
    match route {
        Route::Healthz => Ok(Reply::json(&serde_json::json!({ "ok": true }))),
        Route::Login => login::begin(&call, &environment).await,
        Route::Callback => Ok(callback::finish(call, environment).await),
        Route::Session => session::show(&call, &environment, same_origin(&call, &environment)?).await,
        Route::Token => token::ask(&call, &environment, same_origin(&call, &environment)?).await,
        Route::Logout => logout::end(&call, &environment, same_origin(&call, &environment)?).await,
        Route::BackchannelLogout => Ok(backchannel::logout(&call, &environment).await),
        Route::Sessions => sessions::all(&call, &environment, same_origin(&call, &environment)?).await,
        Route::OneSession => sessions::end_one(&call, &environment, same_origin(&call, &environment)?).await,
        Route::Events => events::open(&call, &environment).await,
        Route::Api => proxy::forward(&call, &environment).await,
        Route::Rotate => rotator::handler::rotate(call, environment).await,
        Route::Unknown => Err(Problem::new(Code::NotFound)),
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
        log::line("cross_site", [("reason", refusal.reason().into())]);
        Problem::new(Code::CrossSite)
    })?;
    if u32::from(proof.version()) == VERSION {
        Ok(proof)
    } else {
        Err(Problem::new(Code::UnsupportedVersion))
    }
}

/// On every route alike: nothing works with half a configuration.
fn misconfigured(error: &ConfigError) -> Reply {
    let name = error.variable.as_str();
    log::line("misconfigured", [("variable", name.into()), ("problem", error.problem.into())]);
    Reply::problem(&Problem { detail: Some(error.to_string()), ..Problem::new(Code::Misconfigured) })
}
