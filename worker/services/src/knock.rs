//! What is read of a call under `/api` before anybody is let in: for every service alike, whether there is one or not. A stranger would
//! learn else from what is waited for what cannot be learnt from what is said.

use everlit_core::secret::Secret;
use everlit_edge::signed_call::{NoKey, Scheme, details_key, is_details, shown};
use everlit_runtime::body::BodyError;
use everlit_runtime::incoming::{Incoming, MAX_BODY};

/// It.
pub(crate) struct Knock {
    /// The body of what would be Breeze's exchange, were it one to Breeze: the key stands there.
    exchange: Option<Result<Secret<Vec<u8>>, BodyError>>,
}

impl Knock {
    /// Reads it. `rest` is what follows `/api/{service}` in the path.
    pub(crate) async fn of(request: &Incoming, rest: &str) -> Self {
        let exchange = if is_details(&request.method, rest, request.query.as_deref()) {
            Some(request.read(MAX_BODY).await.map(Secret::new))
        } else {
            None
        };
        Self { exchange }
    }

    /// That of somebody who shows no key, and is known by other means.
    pub(crate) const fn of_nobody() -> Self {
        Self { exchange: None }
    }

    /// The key that is shown, where the SDK of this scheme shows its token; nowhere but after `Bearer` for one that has none.
    pub(crate) fn key(&self, request: &Incoming, scheme: Option<Scheme>) -> Result<Secret<String>, NoKey> {
        match (scheme, &self.exchange) {
            (Some(Scheme::Breeze), Some(body)) => {
                details_key(body.as_ref().map_err(|_| NoKey::Malformed)?.expose())
            }
            (scheme, _) => shown(scheme.unwrap_or(Scheme::Upstox), |name| request.header(name)),
        }
    }

    /// The body, as far as it was read: one that is read is gone.
    pub(crate) fn read(&self) -> Option<Result<&Secret<Vec<u8>>, BodyError>> {
        self.exchange.as_ref().map(|body| body.as_ref().map_err(|error| *error))
    }
}
