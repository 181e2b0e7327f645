//! `POST /auth/token`: a tab's question for the token. What it gets is timing: the token itself stays at the edge.

use everlit_core::id::OpId;
use everlit_core::time::Millis;
use everlit_core::vault::Ask;
use everlit_edge::cross_site::SameOrigin;
use everlit_edge::oauth::Wanted;
use everlit_wire::{Code, HandedToken, NumericDate, Problem, Seconds, TokenRequest, TokenResponse, VERSION};

use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::vault::message::CurrentToken;
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
    // A session has one grant, the login's.
    if request.provider.as_deref().is_some_and(|name| environment.config.login_provider_named(name).is_none())
    {
        return Err(Problem::new(Code::NotFound));
    }
    let upstream = request.upstream.as_deref().map(|name| environment.config.upstream(name)?.wanted.as_ref());
    if upstream == Some(None) {
        return Err(Problem::new(Code::NotFound));
    }
    let cookie = session::named(call, environment, proof).ok_or_else(|| gate::refused(call, environment))?;
    let ask = Ask {
        op: request.op_id.as_deref().map(op),
        stamp: request.stamp(),
        reason: request.reason.into(),
        aim: upstream.flatten().map(Wanted::aim),
        active_ago: request.active_ago.map(|Seconds(ago)| ago),
    };
    if let Some(tab_state) = request.tab_state {
        let op = ask.op.map(|OpId(op)| op).into();
        log::line("asked", [("tab_state", tab_state.as_str().into()), ("op", op)]);
    }
    let asked_at = clock::now();
    let vault = VaultClient::of(&call.env, &cookie.id);
    let reply =
        if ask.aim.is_some() { vault.aimed(ask, asked_at).await } else { vault.token(ask, asked_at).await };
    let current = reply?.current(environment)?;
    Ok(session::renewed(Reply::json(&response(&current, environment)), &cookie, asked_at, environment))
}

/// The name of a question as a number: FNV-1a, as far as a number goes through JavaScript unharmed. It guards nothing; two
/// questions of one session would have to meet within one generation to be taken for one.
fn op(name: &str) -> OpId {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    OpId(hash >> 11)
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
