//! The end of a refresh token at its authorization server (RFC 7009), as well as it can be done within one piece of work.

use std::time::Duration;

use everlit_core::secret::RefreshToken;
use everlit_edge::oauth::{ClientRequest, RevocationAnswer};
use worker::Delay;

use super::token_request::{credentials, registration};
use crate::environment::Environment;
use crate::{clock, discovery, log, outgoing};

/// The waits before each try. Together with their limits they fit into the 30 s that the runtime gives.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(4)];
/// How long one try may take.
const LIMIT: Duration = Duration::from_secs(6);

/// Revokes a refresh token, trying again a few times. What is left alive after that ends with the server's own limit.
pub(crate) async fn revoke(environment: &Environment, provider: &str, token: &RefreshToken) {
    let mut result = "no answer";
    for wait in WAITS {
        if !wait.is_zero() {
            Delay::from(wait).await;
        }
        match attempt(environment, provider, token).await {
            RevocationAnswer::Revoked => {
                result = "revoked";
                break;
            }
            RevocationAnswer::Refused { reason } => {
                result = reason;
                break;
            }
            RevocationAnswer::Retry { reason, .. } => result = reason,
        }
    }
    log::line("revocation", [("result", result.into())]);
}

async fn attempt(environment: &Environment, provider: &str, token: &RefreshToken) -> RevocationAnswer {
    let Some((provider, secret)) = registration(environment, provider) else {
        return RevocationAnswer::Refused { reason: "the provider is no longer configured" };
    };
    let Ok(metadata) = discovery::metadata(&provider.issuer).await else {
        return RevocationAnswer::Retry { retry_after: None, reason: "no metadata" };
    };
    let Some(endpoint) = &metadata.revocation_endpoint else {
        return RevocationAnswer::Refused { reason: "the provider revokes nothing" };
    };
    let request = ClientRequest::revocation(&credentials(provider, secret), token);
    match outgoing::post(&endpoint.to_string(), &request, LIMIT).await {
        Ok(received) => RevocationAnswer::classify(&received.judged_at(clock::now())),
        Err(_) => RevocationAnswer::UNANSWERED,
    }
}
