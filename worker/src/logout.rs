//! `POST /auth/logout`: the end of a session, by its user.

use std::pin::pin;

use everlit_core::index::Kind;
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::cookie::{BindingId, SessionId, clear_session, set_binding};
use everlit_edge::cross_site::SameOrigin;
use everlit_edge::oauth::State;
use everlit_edge::return_to::ReturnTo;
use everlit_wire::{LoggedOut, LogoutRequest, LogoutResponse, Problem, Route, VERSION};
use futures_util::future::{Either, join_all, select};
use worker::Env;

use crate::background::{self, Keeper};
use crate::desk::client::DeskClient;
use crate::desk::message::Departure;
use crate::environment::Environment;
use crate::http::Reply;
use crate::index::client::IndexClient;
use crate::routes::Call;
use crate::stub::NoAnswer;
use crate::vault::client::VaultClient;
use crate::vault::message::{BY_USER, Left};
use crate::{clock, desk, discovery, entropy, log, session};

/// How long the answer waits to hear whether the authorization server logs users out. The session is over meanwhile.
const PATIENCE: Millis = Millis::from_secs(1);

/// Ends it. Who has none is logged out already.
pub(crate) async fn end(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Reply, Problem> {
    let asked_at = clock::now();
    let body = call.request.body().await?;
    let mut binding = None;
    if let Some(cookie) = session::named(call, environment, proof) {
        // While the vault cannot be reached the cookie stays: the session would live on where nobody can end it.
        let left = leave(&call.env, environment, call.context.as_ref(), &cookie.id, BY_USER).await?;
        log::line("logout", []);
        let wished = serde_json::from_slice(&body).ok().and_then(|LogoutRequest { return_to, .. }| return_to);
        let return_to =
            wished.map_or_else(ReturnTo::root, |to| ReturnTo::parse_among(&to, &environment.config.origins));
        // A cookie for pending logins that comes late would take the place of a newer one.
        binding = depart(call, environment, left, &return_to).await.filter(|_| is_prompt(asked_at));
    }
    let end_session = binding.is_some().then(|| Route::EndSession.template().to_owned());
    let mut reply = Reply::json(&LogoutResponse { v: VERSION, state: LoggedOut::LoggedOut, end_session });
    if let Some(binding) = binding {
        let minted = environment.cookies.mint_binding(&binding);
        reply = reply.with_cookie(set_binding(&minted, desk::LIFE));
    }
    // A cookie that stays behind names a session that is over: it opens nothing, and the next login replaces it.
    Ok(if is_prompt(asked_at) { reply.with_cookie(clear_session()) } else { reply })
}

fn is_prompt(asked_at: Timestamp) -> bool {
    clock::now().since(asked_at) < session::PROMPT
}

/// Ends a session, and takes it out of the lists that it is in.
pub(crate) async fn leave(
    env: &Env,
    environment: &Environment,
    keeper: &impl Keeper,
    session: &SessionId,
    how: &str,
) -> Result<Left, NoAnswer> {
    let left = VaultClient::of(env, session).leave(how).await?;
    let provider = left.provider.as_deref().and_then(|name| environment.config.provider(name));
    let lists = provider.into_iter().flat_map(|provider| {
        let of = (provider.issuer.as_str(), provider.client_id.as_str());
        let values = [(Kind::Subject, &left.sub), (Kind::Sid, &left.sid)];
        let index = move |(kind, value): (Kind, &Option<String>)| {
            Some(IndexClient::of(env, environment, kind, of, value.as_deref()?))
        };
        values.into_iter().filter_map(index)
    });
    let (lists, session): (Vec<_>, _) = (lists.collect(), session.clone());
    background::start(keeper, async move {
        join_all(lists.iter().map(|index| index.drop(&session))).await;
    });
    Ok(left)
}

/// Leaves at the browser's desk what it needs to be logged out at the authorization server as well, if it can be. Nothing that fails
/// here matters to the logout, which is done.
async fn depart(
    call: &Call,
    environment: &Environment,
    Left { provider, id_token, .. }: Left,
    return_to: &ReturnTo,
) -> Option<BindingId> {
    let provider = environment.config.provider(&provider?)?;
    let metadata = match select(pin!(discovery::metadata(provider)), clock::pause(PATIENCE)).await {
        Either::Left((metadata, _)) => metadata.ok()?,
        Either::Right(((), _)) => return None,
    };
    provider.end_session_at(&metadata)?;
    let known = environment.cookies.binding(&call.request.header("cookie").unwrap_or_default()).ok();
    let binding = known.or_else(|| entropy::bytes().map(BindingId::from_entropy))?;
    let departure = Departure {
        state: State::from_entropy(entropy::bytes()?).as_str().to_owned(),
        provider: provider.name.clone(),
        id_token,
        return_to: return_to.as_str().to_owned(),
    };
    DeskClient::of(&call.env, &binding).depart(&departure).await.ok()?;
    Some(binding)
}
