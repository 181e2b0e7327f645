//! `POST /auth/callback/{provider}`: a response that the browser was made to post.

use everlit_edge::cookie::set_response;
use everlit_edge::posted;
use everlit_edge::return_to::ReturnTo;
use everlit_wire::{Code, Problem};

use crate::environment::Environment;
use crate::http::Reply;
use crate::pages::{self, Failed};
use crate::routes::Call;
use crate::{clock, entropy, gate};

/// Keeps it for the request that follows. It comes from another site, without the cookies that it needs.
pub(crate) async fn take(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    let name = call.request.path.strip_prefix("/auth/callback/").unwrap_or_default();
    let provider = environment.config.provider(name).filter(|provider| provider.form_post);
    let provider = provider.ok_or_else(|| Problem::new(Code::NotFound))?;
    let body = String::from_utf8(call.request.body().await?).unwrap_or_default();
    let query = match posted::query_of(&body) {
        Ok(query) => query,
        Err(error) => {
            gate::line("callback_refused", [("reason", error.reason().into())]);
            return Ok(pages::failed(Failed::Unknown, &provider.name, &ReturnTo::root()));
        }
    };
    let nonce = entropy::bytes().ok_or_else(|| Problem::new(Code::Internal))?;
    let kept = posted::seal(&environment.keyring, &provider.name, nonce, &query, posted::LIFE, clock::now());
    let kept = kept.ok_or_else(|| Problem::new(Code::Internal))?;
    Ok(Reply::see_other(call.request.path.clone()).with_cookie(set_response(&kept, posted::LIFE)))
}
