//! The end of a refresh token at its authorization server (RFC 7009).

use everlit_core::secret::{RefreshToken, Secret};
use everlit_core::time::Millis;
use everlit_edge::oauth::{Accepted, ClientCredentials, ClientRequest, RevocationAnswer, TokenAnswer};
use everlit_edge::oidc::ProviderMetadata;
use everlit_edge::provider::Asked;
use everlit_edge::provider::supabase::login;

use crate::environment::Environment;
use crate::registration::{Registration, Unsigned};
use crate::token_request::TokenRequest;
use crate::{clock, discovery, log, outgoing};

/// How long one try may take.
const LIMIT: Millis = Millis::from_secs(6);
/// The waits before each try for a token that is in no vault's outbox. Together with their limits they fit into the 30 s that
/// the runtime gives.
const WAITS: [Millis; 3] = [Millis::ZERO, Millis::from_secs(1), Millis::from_secs(4)];

/// Tries once. Whether there is another try is up to the outbox that the token is in.
pub(crate) async fn attempt(
    environment: &Environment,
    provider: &str,
    token: &RefreshToken,
) -> RevocationAnswer {
    let answer = ask(environment, provider, token).await;
    let result = match answer {
        RevocationAnswer::Revoked => "revoked",
        RevocationAnswer::Refused { reason } | RevocationAnswer::Retry { reason, .. } => reason,
    };
    log::line("revocation", [("result", result.into())]);
    answer
}

/// Revokes a refresh token that no vault has taken, trying again a few times. What is left alive after that ends with the
/// server's own limit.
pub(crate) async fn discard(environment: &Environment, provider: &str, token: &RefreshToken) {
    for wait in WAITS {
        if wait > Millis::ZERO {
            clock::pause(wait).await;
        }
        match attempt(environment, provider, token).await {
            RevocationAnswer::Revoked | RevocationAnswer::Refused { .. } => break,
            RevocationAnswer::Retry { .. } => {}
        }
    }
}

async fn ask(environment: &Environment, provider: &str, token: &RefreshToken) -> RevocationAnswer {
    let Some(registration) = Registration::of(environment, provider) else {
        // It may be a mistake that somebody puts right.
        return RevocationAnswer::Retry { retry_after: None, reason: "the provider is no longer configured" };
    };
    let Ok(metadata) = discovery::metadata(registration.provider).await else {
        return RevocationAnswer::Retry { retry_after: None, reason: "no metadata" };
    };
    if let Some(key) = registration.api_key() {
        return end(&registration, &metadata, key, token).await;
    }
    let Some(endpoint) = &metadata.revocation_endpoint else {
        return RevocationAnswer::Refused { reason: "the provider revokes nothing" };
    };
    let Ok(client) = registration.client(&metadata).await else {
        return RevocationAnswer::Retry { retry_after: None, reason: Unsigned::REASON };
    };
    let request = ClientRequest::revocation(client, token);
    match outgoing::post(&endpoint.to_string(), &request, LIMIT).await {
        Ok(received) => RevocationAnswer::classify(&received.judged_at(clock::now())),
        Err(_) => RevocationAnswer::UNANSWERED,
    }
}

/// Ends a session at Supabase Auth, where only an access token can do that: one is asked for first. Delivered twice, it is the same: the
/// refresh token that was shown is the parent of the active one.
async fn end(
    registration: &Registration<'_>,
    metadata: &ProviderMetadata,
    key: &Secret<String>,
    token: &RefreshToken,
) -> RevocationAnswer {
    let Ok(client) = registration.client(metadata).await else { return RevocationAnswer::UNANSWERED };
    let request =
        TokenRequest { registration, metadata, key: None, accepted: Accepted::Bearer, asked: Asked::Renewal };
    let build = |client: ClientCredentials<'_>| ClientRequest::refresh(client, token);
    let answer = request.send(client, build, || LIMIT, || false).await;
    let access_token = match answer {
        Ok(TokenAnswer::Granted(tokens)) => tokens.access_token,
        // It is over, which is what was wanted.
        Ok(TokenAnswer::Reauth { .. }) => return RevocationAnswer::Revoked,
        Ok(
            TokenAnswer::Transient { retry_after, reason } | TokenAnswer::Throttled { retry_after, reason },
        ) => {
            return RevocationAnswer::Retry { retry_after, reason };
        }
        Ok(answer) => return RevocationAnswer::Retry { retry_after: None, reason: answer.reason() },
        Err(_) => return RevocationAnswer::UNANSWERED,
    };
    let logout = login::logout(key, &access_token);
    let url = [&metadata.issuer, logout.target()].concat();
    match outgoing::post(&url, &logout, LIMIT).await {
        Ok(received) => login::ended(&received.judged_at(clock::now())),
        Err(_) => RevocationAnswer::UNANSWERED,
    }
}
