//! Proofs that a token is used by whom it was given to (RFC 9449), and what servers want in them.

use std::cell::RefCell;

use everlit_core::secret::Secret;
use everlit_edge::oauth::{DpopKey, DpopNonce, Proof};
use everlit_edge::oidc::Algorithm;

use crate::few::Few;
use crate::{clock, entropy, log, web_crypto};

thread_local! {
    /// The newest nonce of each server, for the life of the isolate. Who finds none is told one.
    static NONCES: RefCell<Few<(Server, String), DpopNonce>> = const { RefCell::new(Few::new()) };
}

/// What a nonce is for: one of an authorization server means nothing to a resource server, also under the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    /// A token endpoint, by its issuer.
    Authorization,
    /// An upstream, by its name in the configuration.
    Resource,
}

/// The key of a new session.
pub(crate) async fn new_key() -> Option<DpopKey> {
    match web_crypto::new_key().await {
        Ok(jwk) => DpopKey::parse(&jwk),
        Err(thrown) => {
            log::line("key_not_made", [("reason", log::class_of(&thrown))]);
            None
        }
    }
}

/// The nonce that a server gave last. There are as many as servers in the configuration.
pub(crate) fn nonce(server: Server, name: &str) -> Option<DpopNonce> {
    NONCES.with_borrow(|nonces| nonces.get(|(of, known)| *of == server && known == name).cloned())
}

/// Remembers the nonce of an answer, if it brought one.
pub(crate) fn learn(server: Server, name: &str, header: Option<&str>) {
    if let Some(nonce) = header.and_then(DpopNonce::parse) {
        NONCES.with_borrow_mut(|nonces| nonces.insert((server, name.to_owned()), nonce));
    }
}

/// A proof for one request.
pub(crate) async fn proof(key: &DpopKey, of: &Proof<'_>) -> Option<Secret<String>> {
    let unsigned = key.proof(of, clock::now(), entropy::bytes()?);
    let json = key.private_json().expose();
    match web_crypto::sign(json, Algorithm::Es256, unsigned.signing_input()).await {
        Ok(signature) => Some(unsigned.signed_by(&signature)),
        Err(thrown) => {
            log::line("proof_failed", [("reason", log::class_of(&thrown))]);
            None
        }
    }
}
