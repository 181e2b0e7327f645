//! `POST /auth/backchannel-logout`: the authorization server says that a user, or a session of theirs, is logged out.
//!
//! The Logout Token is all the proof there is, and all that is looked at: cookies and where the request comes from mean nothing here.

use everlit_core::index::Kind;
use everlit_edge::gate::Network;
use everlit_edge::oidc::{Expectation, LogoutOrder, parse_logout_token};
use everlit_edge::query::{MAX_QUERY, Query};
use everlit_wire::{Code, Problem, Seconds};

use crate::body::BodyError;
use crate::environment::Environment;
use crate::http::Reply;
use crate::index::client::IndexClient;
use crate::pages::Failed;
use crate::routes::Call;
use crate::vault::message::Meant;
use crate::{clock, discovery, gate, log, verify};

/// Why a logout was not taken: the `error` and its description (RFC 6749, section 5.2).
struct Refusal(&'static str, &'static str);

/// Takes it.
///
/// # Spec
///
/// [_OpenID Connect Back-Channel Logout § 2.8_](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse): 200, or 400
/// where the request is invalid or the logout failed, and nothing of it stored by anybody.
pub(crate) async fn logout(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    let network = call.request.header("cf-connecting-ip").as_deref().and_then(Network::of);
    let gate = network.map(Network::logout_gate);
    // One that does not answer keeps no logout out: what it protects is only ever a moment's work.
    if let Err(Failed::Throttled(wait)) = gate::pass(call, environment, "logout", gate).await {
        return Err(Problem { retry_after: Some(Seconds(wait)), ..Problem::new(Code::Throttled) });
    }
    Ok(match take(call, environment).await {
        Ok(again) => {
            log::line("backchannel_logout", [("again", again.into())]);
            Reply::empty(200)
        }
        Err(Refusal(error, description)) => {
            gate::line("backchannel_logout_refused", [("reason", description.into())]);
            let body = serde_json::json!({ "error": error, "error_description": description });
            Reply::text(400, "application/json", body.to_string())
        }
    })
}

/// Whether it came before.
async fn take(call: &Call, environment: &Environment) -> Result<bool, Refusal> {
    let invalid = |description| Refusal("invalid_request", description);
    let failed = |description| Refusal("temporarily_unavailable", description);
    let form = "application/x-www-form-urlencoded";
    let content_type = call.request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if content_type.split(';').next().map(str::trim) != Some(form) {
        return Err(invalid("the request is no form"));
    }
    let body = call.request.read(MAX_QUERY).await.map_err(|error| match error {
        BodyError::TooLarge => invalid("the request is too long"),
        BodyError::Broken => invalid("the request broke off"),
        BodyError::TooSlow => invalid("the request came too slowly"),
    })?;
    let text = core::str::from_utf8(&body).map_err(|_| invalid("the request is no form"))?;
    let form = Query::parse(text).map_err(|error| invalid(error.reason()))?;
    let token = form.one("logout_token").map_err(|error| invalid(error.reason()))?;
    let token = parse_logout_token(token.ok_or_else(|| invalid("the logout_token is missing"))?);
    let token = token.map_err(|error| invalid(error.reason()))?;
    let issuer = token.issuer().unwrap_or_default().to_owned();
    let mut providers = environment.config.providers().iter().filter(|provider| provider.issuer == issuer);
    let mut provider = providers.next().ok_or_else(|| invalid("the Logout Token is another issuer's"))?;
    let metadata = discovery::metadata(provider).await.map_err(|_| failed("the issuer cannot be asked"))?;
    let verified = verify::logout_token(token, &metadata).await.map_err(invalid)?;
    // One issuer may be configured twice, as two clients.
    let (order, client): (LogoutOrder, &str) = loop {
        let expected = Expectation {
            issuer: &metadata.issuer,
            client_id: &provider.client_id,
            nonce: None,
            now: clock::now(),
            leeway: Expectation::LEEWAY,
        };
        match (verified.clone().validate(&expected), providers.next()) {
            (Ok(order), _) => break (order, provider.client_id.as_str()),
            (Err(_), Some(other)) => provider = other,
            (Err(error), None) => return Err(invalid(error.reason())),
        }
    };
    let index = |kind, value: &str| IndexClient::of(&call.env, environment, kind, (&issuer, client), value);
    let heard = index(order.kind, &order.value).logout(&order.note).await;
    let heard = heard.map_err(|_| failed("the logout is not noted"))?;
    if heard.forged {
        return Err(invalid("the Logout Token's jti was used before"));
    }
    if let Some(sub) = &order.also {
        // A session whose ID Token had no `sid` may be the one: a vault with another spares itself.
        let until = Some(order.note.issued_at.as_millis());
        let meant = Meant { sid: Some(order.value.clone()), until, others_go_on: true };
        let told = index(Kind::Subject, sub).tell(&call.env, &meant).await;
        told.map_err(|_| failed("a session has not heard it"))?;
    }
    Ok(heard.again)
}
