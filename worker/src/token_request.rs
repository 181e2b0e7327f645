//! A token request: sent, and once more where the server wants a nonce in its proof.

use everlit_core::time::Millis;
use everlit_edge::oauth::{
    Accepted, ClientCredentials, ClientRequest, DpopKey, Proof, TokenAnswer, wants_nonce,
};
use everlit_edge::oidc::ProviderMetadata;
use everlit_edge::provider::Asked;
use everlit_edge::provider::supabase::refresh;

use crate::dpop::{self, Server};
use crate::outgoing::{self, Unanswered};
use crate::registration::{Registration, Unsigned};
use crate::{clock, log};

/// Where a token request goes, and for what.
pub(crate) struct TokenRequest<'a> {
    /// Who we are there.
    pub(crate) registration: &'a Registration<'a>,
    /// What the provider says of itself.
    pub(crate) metadata: &'a ProviderMetadata,
    /// The key that the tokens are bound to.
    pub(crate) key: Option<&'a DpopKey>,
    /// What kind of tokens are an answer to it.
    pub(crate) accepted: Accepted,
    /// Whether it is a login's, or a refresh.
    pub(crate) asked: Asked,
}

/// What was asked has not reached the server, as far as the grant is concerned.
const UNPROVED: TokenAnswer = TokenAnswer::NotDone { reason: "no proof could be made" };

impl TokenRequest<'_> {
    /// Sends it. `left` says how long it may take, both times together, and `may_repeat` whether it is not too late for a second:
    /// that has a new assertion and a new proof.
    pub(crate) async fn send(
        &self,
        first: ClientCredentials<'_>,
        build: impl Fn(ClientCredentials<'_>) -> ClientRequest,
        left: impl Fn() -> Millis,
        may_repeat: impl Fn() -> bool,
    ) -> Result<TokenAnswer, Unanswered> {
        let answer = self.attempt(build(first), left()).await?;
        if !matches!(answer, TokenAnswer::NotDone { .. }) || self.key.is_none() || !may_repeat() {
            return Ok(answer);
        }
        log::line("nonce_wanted", [("by", "the authorization server".into())]);
        let Ok(client) = self.registration.client(self.metadata).await else {
            return Ok(TokenAnswer::NotDone { reason: Unsigned::REASON });
        };
        self.attempt(build(client), left()).await
    }

    async fn attempt(&self, request: ClientRequest, limit: Millis) -> Result<TokenAnswer, Unanswered> {
        let (issuer, url) =
            (&self.metadata.issuer, [&self.metadata.token_endpoint.to_string(), request.target()].concat());
        let request = match self.key {
            Some(key) => {
                let nonce = dpop::nonce(Server::Authorization, issuer);
                let of = Proof { method: "POST", url: &url, access_token: None, nonce: nonce.as_ref() };
                let Some(proof) = dpop::proof(key, &of).await else { return Ok(UNPROVED) };
                request.with_dpop(proof)
            }
            None => request,
        };
        let received = outgoing::post(&url, &request, limit).await?;
        dpop::learn(Server::Authorization, issuer, received.dpop_nonce.as_deref());
        let answer = received.judged_at(clock::now());
        if self.registration.api_key().is_some() {
            return Ok(refresh::judged(&answer, self.asked));
        }
        if wants_nonce(&answer) {
            return Ok(TokenAnswer::NotDone { reason: "use_dpop_nonce" });
        }
        Ok(TokenAnswer::classify_as(&answer, self.accepted))
    }
}
