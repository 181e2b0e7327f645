//! `POST /service/{name}/token` and `/refresh`: the token, for another program of the operator's.

use everlit_core::time::{Millis, Timestamp};
use everlit_runtime::clock;
use everlit_runtime::http::Reply;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::routes::Call;
use crate::vault::client::ServiceClient;
use crate::vault::message::{Place, TokenReply};

/// A question is short.
const MAX_BODY: usize = 4 * 1_024;

/// `/token`
pub(crate) async fn ask(call: &Call, service: &str) -> Result<Reply, Problem> {
    let caller = call.environment.callers.of_service(call.key().as_deref(), service)?;
    let body = call.json(MAX_BODY).await?;
    let reads_only = match body.get("reads_only") {
        None => false,
        Some(value) => {
            value.as_bool().ok_or_else(|| Problem::bad_request("reads_only is not true or false."))?
        }
    };
    let vault = ServiceClient::of(&call.env, service);
    told(call, service, vault.token(&caller.name, reads_only).await?)
}

/// `/refresh`
pub(crate) async fn refresh(call: &Call, service: &str) -> Result<Reply, Problem> {
    let caller = call.environment.callers.of_service(call.key().as_deref(), service)?;
    let body = call.json(MAX_BODY).await?;
    let number = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .map(Some)
            .ok_or_else(|| Problem::bad_request("epoch and generation are whole numbers.")),
    };
    let holds = match (number("epoch")?, number("generation")?) {
        (None, None) => None,
        (Some(epoch), Some(generation)) => {
            let generation = u32::try_from(generation)
                .map_err(|_| Problem::bad_request("generation is a number below 4294967296."))?;
            Some(Place { epoch, generation })
        }
        _ => return Err(Problem::bad_request("epoch and generation go together: both, or none.")),
    };
    let vault = ServiceClient::of(&call.env, service);
    told(call, service, vault.refresh(&caller.name, holds, caller.operator).await?)
}

fn told(call: &Call, service: &str, reply: TokenReply) -> Result<Reply, Problem> {
    let account = call.environment.account(service).ok_or_else(Problem::not_found)?;
    let provider = account.config.description.name;
    match reply {
        TokenReply::Token { access_token, place, expires_at, read_only } => {
            let now = clock::now();
            let left = expires_at.map(|at| now.until(Timestamp::from_millis(at)));
            Ok(Reply::json(&json!({
                "access_token": access_token,
                "token_type": account.config.protocol.token_type(),
                "client_id": account.config.client_id,
                "expires_at": expires_at,
                "expires_in": left.map(|left| left.as_millis() as f64 / 1_000.0),
                "epoch": place.epoch,
                "generation": place.generation,
                "read_only": read_only,
                "provider": provider,
                "server_time": now.as_millis(),
            })))
        }
        TokenReply::None { reason, wait, since, login_from } => {
            Err(Problem::no_token(&reason, Millis::from_millis(wait))
                .with("since", since.into())
                .with("login_from", login_from.into()))
        }
    }
}
