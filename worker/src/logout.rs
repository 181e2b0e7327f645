//! `POST /auth/logout`: the end of a session, by its user.

use everlit_core::time::Millis;
use everlit_edge::cookie::clear_session;
use everlit_edge::cross_site::SameOrigin;
use everlit_wire::{LoggedOut, LogoutResponse, Problem, VERSION};

use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::{clock, log, session};

/// An answer within this time removes the cookie.
///
/// `Set-Cookie` cannot say which value it removes. An answer that comes late, after the user has given up and logged in again,
/// would remove the cookie of the new session. Within this time nobody has logged in again, and answers of one connection keep
/// their order. A cookie that stays behind names a session that is over: it opens nothing, and the next login replaces it.
const PROMPT: Millis = Millis::from_secs(2);

/// Ends it. Who has none is logged out already.
pub(crate) async fn end(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Reply, Problem> {
    let asked_at = clock::now();
    call.request.body().await?;
    if let Some(session) = session::named(call, environment, proof) {
        // While the vault cannot be reached the cookie stays: the session would live on where nobody can end it.
        VaultClient::of(&call.env, &session).logout().await?;
        log::line("logout", []);
    }
    let reply = Reply::json(&LogoutResponse { v: VERSION, state: LoggedOut::LoggedOut });
    let is_prompt = clock::now().since(asked_at) < PROMPT;
    Ok(if is_prompt { reply.with_cookie(clear_session()) } else { reply })
}
