//! Which handler answers what.

use std::rc::Rc;

use everlit_edge::cookie::{CookieError, SESSION_COOKIE, find};
use everlit_edge::people::USER_HEADER;
use everlit_runtime::http::Reply;
use everlit_runtime::incoming::Incoming;
use everlit_runtime::log;
use everlit_wire::ServiceRoute;
use worker::Env;

use crate::environment::Environment;
use crate::problem::Problem;

use crate::{callers, calls, credential, list, login, notice, seldom, status, token};

/// A request, and where it happens.
pub(crate) struct Call {
    pub(crate) request: Incoming,
    pub(crate) env: Env,
    pub(crate) environment: Rc<Environment>,
}

impl Call {
    /// A request, where the configuration is one; else what everybody is told.
    pub(crate) fn of(request: Incoming, env: Env) -> Result<Self, Reply> {
        match Environment::of(&env) {
            Ok(environment) => Ok(Self { request, env, environment }),
            Err(error) => {
                let name = error.variable.as_str();
                log::line("misconfigured", [("variable", name.into()), ("problem", error.problem.into())]);
                Err(Problem::misconfigured(&error.to_string()).reply())
            }
        }
    }

    /// The key that it shows.
    pub(crate) fn key(&self) -> Option<String> {
        let header = self.request.header("authorization")?;
        callers::credentials(&header, "bearer").map(str::to_owned)
    }

    /// Whether a program's key and a browser's session came together: nobody knows then in whose name it is.
    fn is_of_two(&self) -> bool {
        let cookies = self.request.header("cookie").unwrap_or_default();
        self.request.header("authorization").is_some()
            && find(&cookies, SESSION_COOKIE) != Err(CookieError::Absent)
    }

    /// Its body, which is JSON or nothing.
    pub(crate) async fn json(&self, limit: usize) -> Result<serde_json::Value, Problem> {
        let bytes = self.request.read(limit).await.map_err(Problem::unread)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(serde_json::json!({}));
        }
        let read: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
        read.filter(serde_json::Value::is_object)
            .ok_or_else(|| Problem::bad_request("The body is no JSON object."))
    }
}

/// Answers.
pub(crate) async fn answer(request: Incoming, env: Env) -> Reply {
    let call = match Call::of(request, env) {
        Ok(call) => call,
        Err(refusal) => return refusal,
    };
    if call.request.header(USER_HEADER).is_some() {
        // Whose call it is, is said at another entrypoint. Here it can only be a lie.
        let lie = Problem::bad_request("Nobody says here whose call it is.");
        return logged("unknown", Err(lie));
    }
    let path = call.request.path.clone();
    if let Some(path) = path.strip_prefix("/api/") {
        return calls::forward(&call, path).await;
    }
    let (template, reply) = handle(&call, &path).await;
    logged(template, reply)
}

/// The answer, written down where it is a refusal of ours.
pub(crate) fn logged(template: &'static str, answered: Result<Reply, Problem>) -> Reply {
    let (outcome, status) = match &answered {
        Ok(reply) => ("ok", reply.status()),
        Err(problem) => (problem.code, problem.status),
    };
    // A caller that is told that there is none is told so as often as it asks; the vault counts it.
    if status >= 400 && outcome != "no_token" {
        seldom::line(
            "refused",
            [("route", template.into()), ("outcome", outcome.into()), ("status", status.into())],
        );
    }
    answered.unwrap_or_else(Problem::reply)
}

async fn handle(call: &Call, path: &str) -> (&'static str, Result<Reply, Problem>) {
    let method = call.request.method.as_str();
    if path == "/healthz" {
        return ("/healthz", Ok(Reply::json(&serde_json::json!({ "ok": true }))));
    }
    if call.is_of_two() {
        let detail =
            "A session cookie came together with a key. A browser sends the one, a program the other.";
        return ("/service", Err(Problem::bad_request(detail)));
    }
    let Some((route, service, capability)) = ServiceRoute::of(path) else {
        return ("unknown", Err(Problem::not_found()));
    };
    if !route.methods().contains(&method) {
        return (route.template(), Err(Problem::method(route.methods())));
    }
    let reply = match route {
        ServiceRoute::Services => list::all(call).await,
        ServiceRoute::Status => status::show(call, service).await,
        ServiceRoute::Token => token::ask(call, service).await,
        ServiceRoute::Refresh => token::refresh(call, service).await,
        ServiceRoute::Credential if method == "DELETE" => credential::end(call, service).await,
        ServiceRoute::Credential => credential::hand_in(call, service).await,
        ServiceRoute::Fallback => status::fell_back(call, service).await,
        ServiceRoute::Login if method == "POST" => login::ticket(call, service).await,
        ServiceRoute::Login => login::begin(call, service).await,
        ServiceRoute::Callback if method == "POST" => login::posted(call, service).await,
        ServiceRoute::Callback => login::finish(call, service).await,
        ServiceRoute::Notify => notice::take(call, service, capability).await,
    };
    (route.template(), reply)
}
