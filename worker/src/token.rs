//! `POST /auth/token`: a tab's question for the token. What it gets is timing: the token itself stays at the edge.

use everlit_core::id::OpId;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::Ask;
use everlit_edge::config::{Config, VaultName};
use everlit_edge::cross_site::SameOrigin;
use everlit_edge::oauth::Wanted;
use everlit_wire::{Code, HandedToken, NumericDate, Problem, Seconds, TokenRequest, TokenResponse, VERSION};

use crate::environment::Environment;
use crate::http::Reply;
use crate::links::Account;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::vault::reply::CurrentToken;
use crate::{clock, gate, log, session};

/// The longest name of a question.
const MAX_OP_ID: usize = 64;

/// Asks the vault.
pub(crate) async fn ask(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Reply, Problem> {
    let body = call.request.body().await?;
    let request: TokenRequest = serde_json::from_slice(&body).map_err(|_| Problem::new(Code::BadRequest))?;
    if request.v != VERSION {
        return Err(Problem::new(Code::UnsupportedVersion));
    }
    if request.op_id.as_ref().is_some_and(|id| id.len() > MAX_OP_ID) {
        return Err(Problem::new(Code::BadRequest));
    }
    let (other, wanted) =
        of_whom(&request, &environment.config).ok_or_else(|| Problem::new(Code::NotFound))?;
    let cookie = session::named(call, environment, proof).ok_or_else(|| gate::refused(call, environment))?;
    if let Some(name) = &request.op_id {
        log::follow(op(name));
    }
    let ask = Ask {
        // Without a name its trace is one.
        op: Some(OpId(log::trace())),
        stamp: request.stamp(),
        reason: request.reason.into(),
        aim: wanted.map(Wanted::aim),
        active_ago: request.active_ago.map(|Seconds(ago)| ago),
    };
    if let Some(tab_state) = request.tab_state {
        log::line("asked", [("tab_state", tab_state.as_str().into())]);
    }
    let asked_at = clock::now();
    let current = match other {
        None => VaultClient::of(&call.env, &cookie.id).token(ask, asked_at).await?.current(environment)?,
        Some(provider) => {
            let account = Account::of(call, environment, &cookie.id, provider, ask.active_ago).await?;
            // The user is active in the session, not in one of its accounts; and its limits are the session's.
            let ask = Ask { active_ago: None, ..ask };
            let reply = account.vault.token(ask, asked_at).await?;
            let current = account.token(call, reply, environment)?;
            let absolute_left =
                clock::now().until(Timestamp::from_millis(account.owner.absolute_at)).as_millis();
            CurrentToken { idle_left: account.owner.idle_left, absolute_left, ..current }
        }
    };
    Ok(session::renewed(Reply::json(&response(&current, environment)), &cookie, asked_at, environment))
}

/// The provider of the further account that is asked, where it is not the login; and what a page is to be handed, if it is. Nothing
/// where the question names what there is not.
fn of_whom<'a>(
    request: &'a TokenRequest,
    config: &'a Config,
) -> Option<(Option<&'a str>, Option<&'a Wanted>)> {
    let named = request.provider.as_deref().filter(|name| config.login_provider_named(name).is_none());
    if let Some(name) = named {
        config.linked_provider_named(name)?;
    }
    let Some(name) = &request.upstream else { return Some((named, None)) };
    let upstream = config.upstream(name)?;
    let of = match &upstream.vault {
        VaultName::Linked(provider) => Some(provider.as_str()),
        VaultName::Login | VaultName::Service(_) => None,
    };
    // A provider need not be named beside an upstream. One that is has to be that of its vault.
    let agrees = request.provider.is_none() || named == of;
    agrees.then_some((of, Some(upstream.wanted.as_ref()?)))
}

/// The name of a question as a number: FNV-1a, as far as a number goes through JavaScript unharmed. It guards nothing; two
/// questions of one session would have to meet within one generation to be taken for one.
fn op(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 11
}

/// What a tab is told of a token.
pub(crate) fn response(current: &CurrentToken, environment: &Environment) -> TokenResponse {
    let seconds = |millis| Seconds(Millis::from_millis(millis));
    TokenResponse {
        v: VERSION,
        epoch: current.epoch,
        generation: current.generation,
        expires_in: seconds(current.expires_in),
        lifetime: seconds(current.lifetime),
        server_time: NumericDate(clock::now()),
        idle_left: seconds(current.idle_left),
        idle_limit: Seconds(environment.config.limits.idle),
        absolute_left: seconds(current.absolute_left),
        // What was asked without an aim has none, whoever asked it.
        access_token: current.scope.as_ref().and_then(|_| current.access_token.clone()).map(HandedToken),
        token_type: current.scope.as_ref().map(|_| "Bearer".to_owned()),
        scope: current.scope.clone(),
    }
}
