//! The refresh (RFC 6749, section 6): one request, no retry. Whether there is another is the machine's decision.

use std::time::Duration;

use everlit_core::retry::Failure;
use everlit_core::secret::RefreshToken;
use everlit_core::vault::{Granted, TokenAnswer};
use everlit_edge::config::ProviderConfig;
use everlit_edge::oauth::{self, ClientCredentials, ClientRequest};

use crate::environment::Environment;
use crate::{clock, discovery, log, outgoing};

/// When we stop waiting. Below the 30 s that the runtime gives to background work, and above every answer that was ever seen:
/// a sick server takes up to 37 s to fail, and a server without a grace window has rotated although we hung up.
const LIMIT: Duration = Duration::from_secs(25);

/// Presents a refresh token, and says what came of it.
pub(super) async fn refresh(environment: &Environment, provider: &str, token: &RefreshToken) -> TokenAnswer {
    let (answer, reason) = ask(environment, provider, token).await;
    log::line("token_answered", [("class", class(&answer).into()), ("reason", reason.into())]);
    answer
}

async fn ask(environment: &Environment, provider: &str, token: &RefreshToken) -> (TokenAnswer, &'static str) {
    let Some((provider, secret)) = registration(environment, provider) else {
        return (failed(Failure::Misconfigured), "the provider is no longer configured");
    };
    let Ok(metadata) = discovery::metadata(&provider.issuer).await else {
        return (failed(Failure::Transient), "no metadata");
    };
    let client = credentials(provider, secret);
    let request = ClientRequest::refresh(&client, token);
    match outgoing::post(&metadata.token_endpoint.to_string(), &request, LIMIT).await {
        Ok(received) => judged(oauth::TokenAnswer::classify(&received.judged_at(clock::now()))),
        Err(unanswered) => (failed(Failure::Ambiguous), unanswered.reason()),
    }
}

/// A provider and our secret there.
pub(super) fn registration<'a>(
    environment: &'a Environment,
    provider: &str,
) -> Option<(&'a ProviderConfig, &'a everlit_core::secret::Secret<String>)> {
    environment.config.provider(provider).zip(environment.client_secret(provider))
}

/// Who we are there.
pub(super) fn credentials<'a>(
    provider: &'a ProviderConfig,
    client_secret: &'a everlit_core::secret::Secret<String>,
) -> ClientCredentials<'a> {
    ClientCredentials { client_id: &provider.client_id, client_secret, method: provider.client_auth }
}

/// The answer in the machine's words.
fn judged(answer: oauth::TokenAnswer) -> (TokenAnswer, &'static str) {
    let failed = |failure, retry_after, reason| (TokenAnswer::Failed { failure, retry_after }, reason);
    match answer {
        oauth::TokenAnswer::Granted(response) => {
            let granted = Granted {
                access_token: response.access_token,
                expires_in: response.expires_in,
                refresh_token: response.refresh_token,
            };
            (TokenAnswer::Granted(granted), response.note.unwrap_or("tokens"))
        }
        oauth::TokenAnswer::Transient { retry_after, reason } => {
            failed(Failure::Transient, retry_after, reason)
        }
        oauth::TokenAnswer::Throttled { retry_after, reason } => {
            failed(Failure::Throttled, retry_after, reason)
        }
        oauth::TokenAnswer::Unreadable { reason } => failed(Failure::Ambiguous, None, reason),
        oauth::TokenAnswer::Reauth { reason } => failed(Failure::Reauth, None, reason),
        oauth::TokenAnswer::Misconfigured { reason } => failed(Failure::Misconfigured, None, reason),
    }
}

const fn failed(failure: Failure) -> TokenAnswer {
    TokenAnswer::Failed { failure, retry_after: None }
}

const fn class(answer: &TokenAnswer) -> &'static str {
    match answer {
        TokenAnswer::Granted(_) => "granted",
        TokenAnswer::Failed { failure, .. } => match failure {
            Failure::Transient => "transient",
            Failure::Throttled => "throttled",
            Failure::Ambiguous => "ambiguous",
            Failure::Misconfigured => "misconfigured",
            Failure::Reauth => "reauth",
        },
    }
}
