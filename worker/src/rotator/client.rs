//! The vault's side of the rotator.

use everlit_core::id::{Aim, RequestId};
use everlit_core::secret::{RefreshToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::TokenAnswer;
use everlit_edge::internal::{HEADER, ROTATE};
use everlit_edge::oauth::KeptAnswer;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};
use worker::Env;

use super::message::Order;
use crate::environment::{Environment, ROTATOR};
use crate::{clock, log};

#[wasm_bindgen]
extern "C" {
    type Service;
    #[wasm_bindgen(method, catch, js_name = fetch)]
    fn call(this: &Service, url: &str, init: &RequestInit) -> Result<js_sys::Promise, JsValue>;
}

/// A token request as the machine wants it sent.
pub(crate) struct TokenRequest {
    /// The id of the vault's object.
    pub(crate) vault: String,
    /// The name of the provider.
    pub(crate) provider: String,
    /// Its name.
    pub(crate) request: RequestId,
    /// What to present.
    pub(crate) refresh_token: RefreshToken,
    /// What to ask for; nothing for all that the login was granted.
    pub(crate) aim: Option<Aim>,
    /// The key that the tokens are bound to, if they are.
    pub(crate) dpop_key: Option<Secret<String>>,
    /// How long the rotator waits for an answer.
    pub(crate) abort_after: Millis,
    /// When it is too late to send it.
    pub(crate) send_by: Timestamp,
}

/// Has a token request sent, and says how it ended, and whether its token is bound no more. Whatever goes wrong on the way, the escrow
/// knows more.
pub(crate) async fn send(env: &Env, environment: &Environment, order: TokenRequest) -> (TokenAnswer, bool) {
    attempt(env, environment, order).await.unwrap_or_else(|thrown| {
        log::line("rotator_failed", [("reason", log::class_of(&thrown))]);
        (TokenAnswer::Unheard, false)
    })
}

async fn attempt(
    env: &Env,
    environment: &Environment,
    order: TokenRequest,
) -> Result<(TokenAnswer, bool), JsValue> {
    let TokenRequest { vault, provider, request, refresh_token, aim, dpop_key, abort_after, send_by } = order;
    let order = Order {
        vault,
        provider,
        refresh_token: refresh_token.expose().clone(),
        aim: aim.map(|Aim(aim)| aim),
        dpop_key: dpop_key.map(|key| key.expose().clone()),
        trace: log::trace(),
        abort_after: abort_after.as_millis(),
    };
    let body = serde_json::to_string(&order).map_err(|_| JsValue::NULL)?;
    let proof = environment.internal.sign(ROTATE, request, send_by, body.as_bytes());
    let headers = Headers::new()?;
    headers.set(HEADER, &proof)?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers_headers(&headers);
    init.set_body_opt_str(Some(&body));
    let service: Service = js_sys::Reflect::get(env, &JsValue::from_str(ROTATOR))?.unchecked_into();
    // The host means nothing: the binding leads there.
    let promise = service.call(&["http://rotator", ROTATE].concat(), &init)?;
    let response: Response = JsFuture::from(promise).await?.unchecked_into();
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    if response.status() != 200 {
        return Err(JsValue::NULL);
    }
    let Ok(kept) = KeptAnswer::decode(text.as_bytes()) else {
        return Ok((TokenAnswer::Unheard, false));
    };
    // A server counts in seconds. What passed on the way here is no part of the token's life as it was granted, unless it is
    // more than that.
    let now = clock::now();
    let is_at_once = kept.received_at.until(now) < Millis::from_secs(1);
    let now = if is_at_once { kept.received_at } else { now };
    let unbound = kept.unbound;
    Ok((kept.at(now), unbound))
}
