//! The signature of an ID Token.

use everlit_edge::oidc::{IdTokenError, KeyError, ProviderMetadata, VerifiedIdToken, parse_id_token};

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
            Self::Key => "none of the provider's keys fits the ID Token",
            Self::NoKeys => "the provider's keys cannot be had",
        }
    }
}

/// Checks that an ID Token was signed by its provider.
pub(crate) async fn id_token(text: &str, provider: &ProviderMetadata) -> Result<VerifiedIdToken, Disbelief> {
    let token = parse_id_token(text).map_err(Disbelief::Token)?;
    let mut keys = discovery::keys(provider).await.map_err(|_| Disbelief::NoKeys)?;
    if keys.select(&token) == Err(KeyError::NoMatch) {
        // The provider may have changed its keys since. Once is enough: an ID Token comes from the provider, not from a guest.
        keys = discovery::refetched_keys(provider).await.map_err(|_| Disbelief::NoKeys)?;
    }
    let key = keys.select(&token).map_err(|_| Disbelief::Key)?;
    // A key that cannot be imported has signed nothing that we can check.
    let verdict =
        web_crypto::verify(&key.public_json(), token.algorithm(), token.signing_input(), token.signature())
            .await
            .unwrap_or(false);
    token.verified_by(key, verdict).map_err(Disbelief::Token)
}
