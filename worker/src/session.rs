//! `GET /auth/session`: where the session stands.

use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::Link;
use everlit_edge::cookie::{SessionCookie, set_session};
use everlit_edge::cross_site::SameOrigin;
use everlit_wire::{
    Mediated, Mode, NumericDate, Problem, Provider, ProviderState, Session, SessionResponse, Upstream,
    VERSION,
};
use futures_util::future::join_all;

use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::vault::message::Holder;
use crate::vault::reply::VaultReply;
use crate::{clock, silent, token};

/// An answer within this time may change the cookie.
///
/// `Set-Cookie` cannot say which value it replaces or removes. An answer that comes late, after the user has given up and logged
/// in again, would do that to the cookie of the new session. Within this time nobody has logged in again, and answers of one
/// connection keep their order.
pub(crate) const PROMPT: Millis = Millis::from_secs(2);

/// The cookie that a request came with, if it is one of ours.
pub(crate) fn named(call: &Call, environment: &Environment, _proof: SameOrigin) -> Option<SessionCookie> {
    environment.cookies.session(&call.request.header("cookie")?).ok()
}

/// The answer, with the cookie minted anew where its MAC was made with an older key: when that key is removed, nobody is
/// logged out.
pub(crate) fn renewed(
    reply: Reply,
    cookie: &SessionCookie,
    asked_at: Timestamp,
    environment: &Environment,
) -> Reply {
    if !cookie.stale || clock::now().since(asked_at) >= PROMPT {
        return reply;
    }
    let minted = environment.cookies.mint_session(&cookie.id);
    reply.with_cookie(set_session(&minted, environment.config.limits.absolute))
}

/// Shows it.
pub(crate) async fn show(
    call: &Call,
    environment: &Environment,
    proof: SameOrigin,
) -> Result<Reply, Problem> {
    let (cookie, asked_at) = (named(call, environment, proof), clock::now());
    let reply = match &cookie {
        Some(cookie) => VaultClient::of(&call.env, &cookie.id).session().await?,
        None => VaultReply::LoggedOut,
    };
    let cookie = cookie.filter(|_| reply.is_open());
    let linked = linked(call, &reply).await;
    let (session, of, state) = match reply {
        VaultReply::Current(mut current) => match current.holder.take() {
            Some(Holder { provider, user, .. }) => {
                let session = Session::active(
                    &token::response(&current, environment),
                    user,
                    upstreams(environment),
                    mediating(environment),
                );
                (session, provider, ProviderState::Ready)
            }
            None => logged_out(),
        },
        VaultReply::ReauthRequired {
            epoch,
            generation,
            holder: Some(Holder { provider, user, .. }),
            refused,
            ..
        } => (
            Session::ReauthRequired {
                epoch,
                generation,
                user,
                silent: silent::ways(environment, refused.into()),
            },
            provider,
            ProviderState::NeedsHuman,
        ),
        VaultReply::ReauthRequired { holder: None, .. }
        | VaultReply::RetryAfter { .. }
        | VaultReply::Unobtainable
        | VaultReply::Throttled { .. }
        | VaultReply::Ended { .. }
        | VaultReply::LoggedOut => logged_out(),
    };
    let named = |name: &String| {
        let own = *name == of;
        let state = if own {
            Some(state)
        } else {
            linked.iter().find(|(linked, _)| linked == name).map(|(_, state)| *state)
        };
        Provider { name: name.clone(), state: state.unwrap_or(ProviderState::Unavailable), own }
    };
    let providers = environment.config.providers().iter().map(|provider| named(&provider.name)).collect();
    let server_time = NumericDate(clock::now());
    let reply = Reply::json(&SessionResponse { v: VERSION, server_time, session, providers });
    Ok(match &cookie {
        Some(cookie) => renewed(reply, cookie, asked_at, environment),
        None => reply,
    })
}

/// Where the further accounts of a session stand, asked all at once. One that does not answer is not there just now.
async fn linked(call: &Call, reply: &VaultReply) -> Vec<(String, ProviderState)> {
    let links = reply.holder().map(|holder| holder.links.clone()).unwrap_or_default();
    let asked = links.into_iter().map(|link| async move {
        let vault = VaultClient::of_link(&call.env, &Link::from(link.clone()));
        let state = match vault.session_soon().await {
            Ok(
                VaultReply::Current(_)
                | VaultReply::RetryAfter { .. }
                | VaultReply::Unobtainable
                | VaultReply::Throttled { .. },
            ) => ProviderState::Ready,
            Ok(VaultReply::ReauthRequired { .. } | VaultReply::Ended { .. } | VaultReply::LoggedOut) => {
                ProviderState::NeedsHuman
            }
            Err(_) => ProviderState::Unavailable,
        };
        (link.provider, state)
    });
    join_all(asked).await
}

fn logged_out() -> (Session, String, ProviderState) {
    (Session::LoggedOut, String::new(), ProviderState::Unavailable)
}

fn upstreams(environment: &Environment) -> Vec<Upstream> {
    let shown = |upstream: &everlit_edge::config::UpstreamConfig| Upstream {
        name: upstream.name.clone(),
        origin: upstream.origin.to_string(),
        path: upstream.path.clone(),
        // The others are no part of this list.
        mode: Mode::Bff,
        vault: upstream.vault.to_string(),
    };
    environment.config.upstreams().iter().filter(|upstream| upstream.wanted.is_none()).map(shown).collect()
}

fn mediating(environment: &Environment) -> Vec<Mediated> {
    let shown = |upstream: &everlit_edge::config::UpstreamConfig| {
        Some(Mediated {
            name: upstream.name.clone(),
            origin: upstream.origin.to_string(),
            path: upstream.path.clone(),
            vault: upstream.vault.to_string(),
            scopes: upstream.wanted.as_ref()?.scopes.clone(),
        })
    };
    environment.config.upstreams().iter().filter_map(shown).collect()
}
