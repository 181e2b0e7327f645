//! The services Worker: accounts of the operator's that the whole app uses, watched day and night. Drivers only.
//!
//! It is a Worker of its own, beside the edge Worker that keeps the users' sessions: what goes wrong with a broker's account hangs or
//! slows no session, its secrets lie in no Worker that strangers reach, and who has no such account deploys none of it.
//!
//! | module | one noun |
//! |---|---|
//! | [`routes`] | which handler answers what |
//! | [`token`], [`status`], [`credential`], [`login`], [`notice`], [`list`] | one endpoint each |
//! | [`people`] | what is asked in the name of a session |
//! | [`vault`], [`backup`] | one Durable Object each, both sides of it |
//! | [`calls`], [`knock`], [`proxy`] | calls to a broker in the operator's name: whose they are, before that is known, and how they are made |
//! | [`alerts`] | who is told |
//! | [`provider_call`], [`socket`] | what is asked of a provider, by `fetch` or over a socket |
//! | [`environment`], [`callers`] | variables, secrets and bindings; whose key is shown |
//! | [`seldom`] | lines that a stranger can cause |
//! | [`problem`] | what a caller is told that does not get what it wants |

#![warn(clippy::arithmetic_side_effects)]

mod alerts;
mod backup;
mod callers;
mod calls;
mod credential;
mod environment;
mod knock;
mod list;
mod login;
mod notice;
mod people;
mod problem;
mod provider_call;
mod proxy;
mod routes;
mod seldom;
mod socket;
mod status;
mod token;
mod vault;

use everlit_runtime::incoming::Incoming;
use everlit_runtime::log;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

pub use backup::ServiceBackup;
pub use vault::ServiceVault;

/// Answers one request. An error here means that not even an answer could be made.
#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    _context: Context,
) -> Result<web_sys::Response, worker::Error> {
    let answer = Box::pin(async move { routes::answer(Incoming::new(request), env).await.into_response() });
    log::Traced::new(0, answer).await.map_err(|thrown: JsValue| worker::Error::from(thrown))
}

/// The same for the entrypoint that the edge Worker alone is bound to: it says whose session it is.
#[wasm_bindgen(js_name = forUsers)]
pub async fn for_users(request: web_sys::Request, env: Env) -> Result<web_sys::Response, JsValue> {
    let answer = Box::pin(async move { people::answer(Incoming::new(request), env).await.into_response() });
    log::Traced::new(0, answer).await
}

/// Looks at every service: the first time there is a monitor where nobody has asked yet, and an alarm that was lost is armed again.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    log::Traced::new(0, Box::pin(async move { list::touch(&env).await })).await;
}
