//! OpenID Connect: who the provider is, what its keys are, and whom an ID Token speaks of.
//!
//! The signature is not checked here: WebCrypto does it, asynchronously, in the Worker. So reading an ID Token has two
//! steps with a type between them. [`UnverifiedIdToken`] has no claims to read; [`UnverifiedIdToken::verified_by`] takes the
//! verifier's word and gives a [`VerifiedIdToken`]; [`VerifiedIdToken::validate`] checks every claim and gives
//! [`IdTokenClaims`]. There is no shorter way.

mod algorithm;
mod id_token;
mod jwks;
mod logout_token;
mod metadata;
mod nonce;

pub use algorithm::{Algorithm, WebCrypto};
pub use id_token::{
    Expectation, IdTokenClaims, IdTokenError, UnverifiedIdToken, VerifiedIdToken, parse_id_token,
};
pub use jwks::{Jwk, Jwks, JwksError, KeyError};
pub use logout_token::{
    LogoutOrder, LogoutTokenError, UnverifiedLogoutToken, VerifiedLogoutToken, parse_logout_token,
};
pub use metadata::{MetadataError, ProviderMetadata, discovery_url};
pub use nonce::Nonce;
