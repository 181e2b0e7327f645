//! The Worker: routes, Durable Objects, proxy. Drivers only.
//!
//! What a request means is decided by `everlit-edge`, what becomes of a session by `everlit-core`; here things are fetched,
//! stored and answered. Nothing in this crate panics, as far as the lints can see to it: with `panic = "abort"` one panic
//! would hang every request of the isolate and could lose an object's alarm for good.
//!
//! | module | one noun |
//! |---|---|
//! | [`routes`] | which handler answers what |
//! | [`login`], [`sign_in`], [`callback`], [`session`], [`token`], [`logout`], [`end_session`], [`events`], [`proxy`], [`sessions`], [`backchannel`] | one endpoint each |
//! | [`services`] | the way to the services Worker |
//! | [`vault`], [`escrow`], [`desk`], [`index`] | one Durable Object each, both sides of it |
//! | [`rotator`], [`revocation`] | what is asked of an authorization server on behalf of a vault |
//! | [`environment`], [`registration`] | variables, secrets and bindings; who we are at a provider |
//! | [`silent`] | logging in again without the user |
//! | [`siblings`] | apps on sibling hosts, and what they may read (CORS) |
//! | [`gate`] | what is counted, so that nobody asks too much |
//! | [`discovery`], [`verify`] | what providers say of themselves, and their signatures |
//! | [`token_request`], [`dpop`] | what is asked of a token endpoint, and the proofs that go with bound tokens |
//! | [`pages`] | what a person sees of us |
//!
//! What is asked of the platform itself (requests, storage, alarms, timers, the log) is `everlit-runtime`, beside this.

#![warn(clippy::arithmetic_side_effects)]

use everlit_runtime::{
    alarm, background, body, clock, entropy, fault_point, few, http, incoming, log, outgoing, packed, sql,
    stub, web_crypto,
};
use wasm_bindgen::JsValue;
use worker::{Context, Env, event};

mod backchannel;
mod callback;
mod desk;
mod discovery;
mod dpop;
mod end_session;
mod environment;
mod escrow;
mod events;
mod gate;
mod index;
mod links;
mod login;
mod logout;
mod pages;
mod proxy;
mod registration;
mod revocation;
mod rotator;
mod routes;
mod services;
mod session;
mod sessions;
mod siblings;
mod sign_in;
mod silent;
mod token;
mod token_request;
mod vault;
mod verify;

pub use desk::LoginDesk;
pub use escrow::Escrow;
pub use index::SessionIndex;
pub use vault::SessionVault;

/// Answers one request. An error here means that not even an answer could be made.
#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> Result<web_sys::Response, worker::Error> {
    let call = routes::Call { request: incoming::Incoming::new(request), env, context };
    let reply = log::Traced::new(0, Box::pin(siblings::answer(call))).await;
    reply.map_err(|thrown: JsValue| worker::Error::from(thrown))
}
