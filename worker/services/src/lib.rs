//! The services Worker: accounts of the operator's that the whole app uses, watched day and night. Drivers only.
//!
//! It is a Worker of its own, beside the edge Worker that keeps the users' sessions: what goes wrong with a broker's account hangs or
//! slows no session, its secrets lie in no Worker that strangers reach, and who has no such account deploys none of it.

#![warn(clippy::arithmetic_side_effects)]

mod provider_call;
#[expect(dead_code, reason = "the routes are not here yet")]
mod proxy;
mod socket;

use everlit_runtime::http::Reply;
use everlit_wire::{Code, Problem};
use worker::{Context, Env, event};

/// Answers one request. An error here means that not even an answer could be made.
#[event(fetch)]
async fn fetch(
    _request: web_sys::Request,
    _env: Env,
    _context: Context,
) -> Result<web_sys::Response, worker::Error> {
    Reply::problem(&Problem::new(Code::NotFound)).into_response().map_err(worker::Error::from)
}
