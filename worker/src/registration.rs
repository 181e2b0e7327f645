//! Who we are at a provider.

use everlit_core::secret::Secret;
use everlit_edge::config::ProviderConfig;
use everlit_edge::oauth::ClientCredentials;

use crate::environment::Environment;

/// A provider and our secret there.
pub(crate) struct Registration<'a> {
    /// The provider.
    pub(crate) provider: &'a ProviderConfig,
    client_secret: &'a Secret<String>,
}

impl<'a> Registration<'a> {
    /// The registration at the provider of this name; nothing if it is no longer configured.
    pub(crate) fn of(environment: &'a Environment, name: &str) -> Option<Self> {
        let provider = environment.config.provider(name)?;
        Some(Self { provider, client_secret: environment.client_secret(name)? })
    }

    /// What goes with every request to it.
    pub(crate) fn client(&self) -> ClientCredentials<'a> {
        let Self { provider, client_secret } = *self;
        ClientCredentials { client_id: &provider.client_id, client_secret, method: provider.client_auth }
    }
}
