//! The signature of an ID Token.

use std::rc::Rc;

use everlit_edge::oidc::{
    IdTokenError, Jwk, Jwks, KeyError, LogoutTokenError, ProviderMetadata, UnverifiedIdToken,
    UnverifiedLogoutToken, VerifiedIdToken, VerifiedLogoutToken, parse_id_token,
};

use crate::{discovery, web_crypto};

/// Why an ID Token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disbelief {
    /// It is not what it must be.
    Token(IdTokenError),
    /// None of the provider's keys is the one it names.
    Key,
    /// The provider's keys cannot be had.
    NoKeys,
}

impl Disbelief {
    /// The reason in words, for a log.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::Key => "none of the provider's keys fits the token",
            Self::NoKeys => "the provider's keys cannot be had",
        }
    }
}

/// Checks that an ID Token was signed by its provider.
pub(crate) async fn id_token(text: &str, provider: &ProviderMetadata) -> Result<VerifiedIdToken, Disbelief> {
    let token = parse_id_token(text).map_err(Disbelief::Token)?;
    let keys = keys_for(&token, provider, Sender::Provider).await?;
    let key = keys.select(&token).map_err(|_| Disbelief::Key)?;
    let verdict = is_signed_by(key, &token).await;
    token.verified_by(key, verdict).map_err(Disbelief::Token)
}

/// Checks that a Logout Token was signed by its provider.
pub(crate) async fn logout_token(
    token: UnverifiedLogoutToken,
    provider: &ProviderMetadata,
) -> Result<VerifiedLogoutToken, &'static str> {
    let keys = keys_for(token.signed(), provider, Sender::Anybody).await.map_err(Disbelief::reason)?;
    let key = keys.select(token.signed()).map_err(|_| Disbelief::Key.reason())?;
    let verdict = is_signed_by(key, token.signed()).await;
    token.verified_by(key, verdict).map_err(LogoutTokenError::reason)
}

/// Who handed us a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// We asked the provider for it.
    Provider,
    /// It was sent to us.
    Anybody,
}

/// The keys to choose from. The provider may have changed its keys since they were read; what anybody sends has them read again once
/// in a while only, and waits for that.
async fn keys_for(
    token: &UnverifiedIdToken,
    provider: &ProviderMetadata,
    from: Sender,
) -> Result<Rc<Jwks>, Disbelief> {
    let known = match from {
        Sender::Anybody => discovery::known_keys(provider),
        Sender::Provider => Some(discovery::keys(provider).await.map_err(|_| Disbelief::NoKeys)?),
    };
    if let Some(keys) = known.filter(|keys| keys.select(token) != Err(KeyError::NoMatch)) {
        return Ok(keys);
    }
    let read = match from {
        Sender::Anybody => discovery::keys_after_pause(provider).await,
        Sender::Provider => discovery::refetched_keys(provider).await,
    };
    read.map_err(|_| Disbelief::NoKeys)
}

/// A key that cannot be imported has signed nothing that we can check.
async fn is_signed_by(key: &Jwk, token: &UnverifiedIdToken) -> bool {
    web_crypto::verify(&key.public_json(), token.algorithm(), token.signing_input(), token.signature())
        .await
        .unwrap_or(false)
}
