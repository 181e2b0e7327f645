//! `POST /service/{name}/notify/{capability}`: what a provider says by itself.

use everlit_runtime::http::Reply;
use serde_json::json;

use crate::problem::Problem;
use crate::routes::Call;
use crate::seldom;
use crate::vault::client::ServiceClient;
use crate::vault::message::NoticeAsk;

/// A notice is short.
const MAX_BODY: usize = 64 * 1_024;

/// Takes it. The answer is always the same: whoever sent it learns nothing, and a provider wants no more than that.
pub(crate) async fn take(call: &Call, service: &str, capability: &str) -> Result<Reply, Problem> {
    let body = call.request.read(MAX_BODY).await.ok().and_then(|body| String::from_utf8(body).ok());
    match body.filter(|_| call.environment.config.service(service).is_some()) {
        Some(body) => {
            let ask = NoticeAsk { capability: capability.to_owned(), body };
            // Where it cannot be taken just now, the provider may say it again.
            ServiceClient::of(&call.env, service).notice(&ask).await?;
        }
        None => seldom::line("notice_refused", [("reason", "no such service, or no notice of its".into())]),
    }
    Ok(Reply::json(&json!({ "ok": true })))
}
