//! The tokens of a login: what they are had for, whose they are, and their end where nobody will use them.

use std::rc::Rc;

use everlit_core::secret::RefreshToken;
use everlit_edge::config::{ProviderConfig, Use};
use everlit_edge::oauth::{
    AuthorizationCode, AuthorizationErrorCode, AuthorizationResponse, ClientCredentials, ClientRequest,
    CodeVerifier, DpopKey, Expected, Outcome, State, TokenAnswer, TokenResponse,
};
use everlit_edge::oidc::{Expectation, IdTokenClaims, Nonce, ProviderMetadata};
use everlit_edge::provider::Asked;

use super::{Callback, Failure, LIMIT};
use crate::desk::message::Transaction;
use crate::pages::Failed;
use crate::registration::{Registration, Unsigned};
use crate::token_request::TokenRequest;
use crate::{background, clock, log, revocation, verify};

impl Callback {
    pub(super) async fn exchange(
        &self,
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        code: &AuthorizationCode,
        transaction: &Transaction,
    ) -> Result<TokenResponse, Failure> {
        let registration = Registration::of(&self.environment, &provider.name);
        let registration = registration.ok_or(Failure(Failed::Ourselves, "the client has no credential"))?;
        let code_verifier = CodeVerifier::restored(&transaction.code_verifier);
        let code_verifier = code_verifier.ok_or(Failure(Failed::Ourselves, "the transaction is damaged"))?;
        let client = registration.client(metadata).await;
        let client = client.map_err(|Unsigned| Failure(Failed::Ourselves, Unsigned::REASON))?;
        let redirect_uri = provider.redirect_uri(&self.environment.config.origins);
        let key = transaction.dpop_key.as_deref().and_then(DpopKey::parse);
        if key.is_none() && provider.dpop == Use::Required {
            return Err(Failure(Failed::Provider, "the login began without a key"));
        }
        let accepted = provider.dpop.accepts(key.is_some());
        let request = TokenRequest {
            registration: &registration,
            metadata,
            key: key.as_ref(),
            accepted,
            asked: Asked::Login,
        };
        let began = clock::now();
        let left = || LIMIT.less(began.until(clock::now()));
        let build = |client: ClientCredentials<'_>| {
            ClientRequest::authorization_code(client, code, &redirect_uri, &code_verifier)
        };
        let answer = request.send(client, build, left, || true).await;
        self.granted(answer.map_err(|unanswered| Failure(Failed::Provider, unanswered.reason()))?)
    }

    /// The tokens in the answer to what a login has shown.
    pub(super) fn granted(&self, answer: TokenAnswer) -> Result<TokenResponse, Failure> {
        match answer {
            TokenAnswer::Granted(tokens) => Ok(tokens),
            TokenAnswer::Reauth { reason } => Err(Failure(Failed::Code, reason)),
            TokenAnswer::Transient { reason, .. }
            | TokenAnswer::Throttled { reason, .. }
            | TokenAnswer::Unreadable { reason }
            | TokenAnswer::NotDone { reason }
            | TokenAnswer::Misconfigured { reason } => Err(Failure(Failed::Provider, reason)),
            TokenAnswer::Unusable { reason, refresh_token } => {
                self.discard(refresh_token);
                Err(Failure(Failed::Provider, reason))
            }
        }
    }

    pub(super) async fn identify(
        &self,
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        tokens: &TokenResponse,
        transaction: &Transaction,
    ) -> Result<IdTokenClaims, Failure> {
        let id_token = tokens.id_token.as_ref().ok_or(Failure(Failed::Provider, "there is no ID Token"))?;
        let nonce = Nonce::restored(&transaction.nonce)
            .ok_or(Failure(Failed::Ourselves, "the transaction is damaged"))?;
        let verified = verify::id_token(id_token.expose(), metadata).await;
        let verified = verified.map_err(|disbelief| Failure(Failed::Provider, disbelief.reason()))?;
        let expectation = Expectation {
            issuer: &transaction.issuer,
            client_id: &provider.client_id,
            nonce: Some(&nonce),
            now: clock::now(),
            leeway: Expectation::LEEWAY,
        };
        verified.validate(&expectation).map_err(|error| Failure(Failed::Provider, error.reason()))
    }

    /// Tokens that nobody will use must not live on, unless to revoke them would log the user out elsewhere: where a user's
    /// logins share one grant, they are left to lapse.
    pub(super) fn discard(&self, refresh_token: Option<RefreshToken>) {
        let Some(token) = refresh_token else { return };
        if self.environment.policy(&self.provider).shared_grant {
            log::line("grant_left_to_lapse", []);
            return;
        }
        let (environment, provider) = (Rc::clone(&self.environment), self.provider.clone());
        background::start((*self.context).as_ref(), async move {
            revocation::discard(&environment, &provider, &token).await;
        });
    }
}

/// The code in a response that is the answer to this login's request.
pub(super) fn code_of(
    response: AuthorizationResponse,
    transaction: &Transaction,
    metadata: &ProviderMetadata,
) -> Result<AuthorizationCode, Failure> {
    let sent = State::parse(&transaction.state);
    let expected = Expected {
        state: &sent.ok_or(Failure(Failed::Ourselves, "the transaction is damaged"))?,
        issuer: &transaction.issuer,
        issuer_names_itself: metadata.issuer_names_itself,
    };
    match response.validate(&expected).map_err(|error| Failure(Failed::Unknown, error.reason()))? {
        Outcome::Code(code) => Ok(code),
        Outcome::Error(error) => Err(Failure(denied(error), error.reason())),
    }
}

const fn denied(error: AuthorizationErrorCode) -> Failed {
    if error.needs_the_user() { Failed::Denied } else { Failed::Unavailable }
}
