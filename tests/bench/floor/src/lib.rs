//! Does nothing, in Rust.

use worker::{Context, Env, event};

/// Answers.
#[event(fetch)]
async fn fetch(
    _request: web_sys::Request,
    _env: Env,
    _context: Context,
) -> Result<web_sys::Response, worker::Error> {
    web_sys::Response::new_with_opt_str(Some("ok")).map_err(worker::Error::from)
}
