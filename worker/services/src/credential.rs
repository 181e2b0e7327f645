//! `PUT` and `DELETE /service/{name}/credential`: an operator hands a token in, or ends the session.

use everlit_runtime::http::Reply;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::routes::Call;
use crate::vault::client::ServiceClient;
use crate::vault::message::{HandAsk, HandReply};

/// The longest that is read: a token, or a whole address, and a little around it.
const MAX_BODY: usize = 64 * 1_024;

/// Takes what is handed in.
pub(crate) async fn hand_in(call: &Call, service: &str) -> Result<Reply, Problem> {
    operator(call, service)?;
    take(call, service).await
}

/// The same, of somebody who is known to be an operator.
pub(crate) async fn take(call: &Call, service: &str) -> Result<Reply, Problem> {
    let body = call.json(MAX_BODY).await?;
    let text = match body.get("credential") {
        Some(Value::String(text)) => text.clone(),
        _ => {
            return Err(Problem::bad_request(
                "credential is missing: the token, the code, or the whole address.",
            ));
        }
    };
    let imported = match body.get("source").map(Value::as_str) {
        None | Some(Some("pasted")) => false,
        Some(Some("imported")) => true,
        Some(_) => return Err(Problem::bad_request("source is \"pasted\" or \"imported\".")),
    };
    let is_code = match body.get("kind").map(Value::as_str) {
        None => None,
        Some(Some("code")) => Some(true),
        Some(Some("token")) => Some(false),
        Some(_) => return Err(Problem::bad_request("kind is \"code\" or \"token\".")),
    };
    let expires_at = match body.get("expires_at") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let at = value.as_u64();
            Some(at.ok_or_else(|| Problem::bad_request("expires_at is in milliseconds since 1970."))?)
        }
    };
    let ask = HandAsk { text, is_code, imported, expires_at };
    told(ServiceClient::of(&call.env, service).hand_in(&ask).await?)
}

/// Ends the session.
pub(crate) async fn end(call: &Call, service: &str) -> Result<Reply, Problem> {
    operator(call, service)?;
    ServiceClient::of(&call.env, service).log_out().await?;
    Ok(Reply::empty(204))
}

/// Whoever calls is an operator.
pub(crate) fn operator(call: &Call, service: &str) -> Result<(), Problem> {
    let caller = call.environment.callers.of_service(call.key().as_deref(), service)?;
    if caller.operator { Ok(()) } else { Err(Problem::forbidden()) }
}

fn told(reply: HandReply) -> Result<Reply, Problem> {
    match reply {
        HandReply::Accepted { place, expires_at } => Ok(Reply::json(&json!({
            "verdict": "accepted",
            "epoch": place.epoch,
            "generation": place.generation,
            "expires_at": expires_at,
        }))),
        HandReply::Unproven => {
            let detail = "The provider has not answered yet. It is kept, and looked at again by itself.";
            let body = json!({ "verdict": "unproven", "detail": detail });
            Ok(Reply::text(202, "application/json", body.to_string()))
        }
        HandReply::Refused { verdict, class, says } => {
            Err(Problem::refused(&verdict, &says).with("class", class.into()))
        }
    }
}
