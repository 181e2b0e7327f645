//! Who we are at a provider.

use everlit_core::secret::Secret;
use everlit_edge::config::{Audience, ClientAuth, ConfigError, ProviderConfig};
use everlit_edge::oauth::{ClientCredentials, ClientKey, ClientProof, client_assertion};
use everlit_edge::oidc::ProviderMetadata;

use crate::environment::Environment;
use crate::{clock, entropy, log, web_crypto};

/// What the client has to authenticate with.
pub(crate) enum Credential {
    /// The secret of `client_secret_basic`.
    SecretBasic(Secret<String>),
    /// The secret of `client_secret_post`.
    SecretPost(Secret<String>),
    /// The key of a Supabase project.
    ApiKey(Secret<String>),
    /// The key of `private_key_jwt`.
    Key(ClientKey, Audience),
}

impl Credential {
    /// The credential in this text, as the provider's configuration takes it.
    pub(crate) fn read(provider: &ProviderConfig, text: String) -> Result<Self, ConfigError> {
        Ok(match provider.client_auth {
            ClientAuth::SecretBasic => Self::SecretBasic(Secret::new(text)),
            ClientAuth::SecretPost => Self::SecretPost(Secret::new(text)),
            ClientAuth::ApiKey => Self::ApiKey(Secret::new(text)),
            ClientAuth::PrivateKeyJwt => {
                let key = ClientKey::parse(&provider.credential_name(), &text)?;
                Self::Key(key, provider.assertion_audience)
            }
        })
    }
}

/// A provider and our credential there.
pub(crate) struct Registration<'a> {
    /// The provider.
    pub(crate) provider: &'a ProviderConfig,
    credential: &'a Credential,
}

/// The client's key signs nothing: it is well formed, and no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsigned;

impl Unsigned {
    /// The reason in words, for a log.
    pub(crate) const REASON: &'static str = "the client's key cannot sign";
}

impl<'a> Registration<'a> {
    /// The registration at the provider of this name; nothing if it is no longer configured.
    pub(crate) fn of(environment: &'a Environment, name: &str) -> Option<Self> {
        let provider = environment.config.provider(name)?;
        Some(Self { provider, credential: environment.credential(name)? })
    }

    /// The key of the project, where it is one of Supabase.
    pub(crate) const fn api_key(&self) -> Option<&'a Secret<String>> {
        match self.credential {
            Credential::ApiKey(key) => Some(key),
            Credential::SecretBasic(_) | Credential::SecretPost(_) | Credential::Key(..) => None,
        }
    }

    /// What goes with one request to it.
    pub(crate) async fn client(
        &self,
        metadata: &ProviderMetadata,
    ) -> Result<ClientCredentials<'a>, Unsigned> {
        let client_id = &self.provider.client_id;
        let proof = match self.credential {
            Credential::SecretBasic(secret) => ClientProof::SecretBasic(secret),
            Credential::SecretPost(secret) => ClientProof::SecretPost(secret),
            Credential::ApiKey(key) => ClientProof::ApiKey(key),
            Credential::Key(key, audience) => {
                let endpoint;
                let audience = match audience {
                    Audience::Issuer => &metadata.issuer,
                    Audience::TokenEndpoint => {
                        endpoint = metadata.token_endpoint.to_string();
                        &endpoint
                    }
                };
                let entropy = entropy::bytes().ok_or(Unsigned)?;
                let assertion = client_assertion(key, client_id, audience, clock::now(), entropy);
                let json = key.private_json().expose();
                let signature = web_crypto::sign(json, key.algorithm(), assertion.signing_input()).await;
                let signature = signature.map_err(|thrown| {
                    log::line("assertion_failed", [("reason", log::class_of(&thrown))]);
                    Unsigned
                })?;
                ClientProof::Assertion(assertion.signed_by(&signature))
            }
        };
        Ok(ClientCredentials { client_id, proof })
    }
}
