//! `POST /auth/logout`: the end of a session, by its user.

use everlit_edge::cookie::clear_session;
use everlit_edge::cross_site::SameOrigin;
use everlit_wire::{LoggedOut, LogoutResponse, Problem, VERSION};

use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::{clock, log, session};

/// Ends it. Who has none is logged out already.
pub(crate) async fn end(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Reply, Problem> {
    let asked_at = clock::now();
    call.request.body().await?;
    if let Some(cookie) = session::named(call, environment, proof) {
        // While the vault cannot be reached the cookie stays: the session would live on where nobody can end it.
        VaultClient::of(&call.env, &cookie.id).logout().await?;
        log::line("logout", []);
    }
    let reply = Reply::json(&LogoutResponse { v: VERSION, state: LoggedOut::LoggedOut });
    // A cookie that stays behind names a session that is over: it opens nothing, and the next login replaces it.
    let is_prompt = clock::now().since(asked_at) < session::PROMPT;
    Ok(if is_prompt { reply.with_cookie(clear_session()) } else { reply })
}
