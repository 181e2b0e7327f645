//! `GET /auth/session`: where the session stands.

use everlit_edge::cookie::SessionId;
use everlit_edge::cross_site::SameOrigin;
use everlit_wire::{
    Mode, NumericDate, Problem, Provider, ProviderState, Session, SessionResponse, Upstream, VERSION,
};

use crate::clock;
use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::token;
use crate::vault::client::VaultClient;
use crate::vault::message::{Holder, VaultReply};

/// The session that a request's cookie stands for; nothing if there is no cookie of ours.
pub(crate) fn named(call: &Call, environment: &Environment, _proof: SameOrigin) -> Option<SessionId> {
    environment.cookies.session(&call.request.header("cookie")?).ok().map(|cookie| cookie.id)
}

/// Shows it.
pub(crate) async fn show(
    call: &Call,
    environment: &Environment,
    proof: SameOrigin,
) -> Result<Reply, Problem> {
    let reply = match named(call, environment, proof) {
        Some(session) => VaultClient::of(&call.env, &session).session().await?,
        None => VaultReply::LoggedOut,
    };
    let (session, of, state) = match reply {
        VaultReply::Current(mut current) => match current.holder.take() {
            Some(Holder { provider, user }) => {
                let session = Session::active(&token::response(&current), user, upstreams(environment));
                (session, provider, ProviderState::Ready)
            }
            None => logged_out(),
        },
        VaultReply::ReauthRequired { epoch, generation, holder: Some(Holder { provider, user }), .. } => {
            (Session::ReauthRequired { epoch, generation, user }, provider, ProviderState::NeedsHuman)
        }
        VaultReply::ReauthRequired { holder: None, .. }
        | VaultReply::RetryAfter { .. }
        | VaultReply::Ended { .. }
        | VaultReply::LoggedOut => logged_out(),
    };
    let named = |name: &String| Provider {
        name: name.clone(),
        state: if *name == of { state } else { ProviderState::Unavailable },
    };
    let providers = environment.config.providers().iter().map(|provider| named(&provider.name)).collect();
    let server_time = NumericDate(clock::now());
    Ok(Reply::json(&SessionResponse { v: VERSION, server_time, session, providers }))
}

fn logged_out() -> (Session, String, ProviderState) {
    (Session::LoggedOut, String::new(), ProviderState::Unavailable)
}

fn upstreams(environment: &Environment) -> Vec<Upstream> {
    let shown = |upstream: &everlit_edge::config::UpstreamConfig| Upstream {
        name: upstream.name.clone(),
        origin: upstream.origin.to_string(),
        path: upstream.path.clone(),
        // The configuration is refused with any other mode or vault.
        mode: Mode::Bff,
        vault: "login".to_owned(),
    };
    environment.config.upstreams().iter().map(shown).collect()
}
