//! Who calls: another program of the operator's, by the key that it shows.

use everlit_core::secret::Secret;
use everlit_edge::base64url::constant_time_eq;
use everlit_edge::config::ConfigError;
use everlit_edge::config::services::{CallerConfig, ServicesConfig};

use crate::problem::Problem;

/// A key that is shorter could be guessed.
const SHORTEST: usize = 32;

/// The keys of all callers.
pub(crate) struct Keys(Vec<(CallerConfig, Secret<String>)>);

impl Keys {
    /// Reads them.
    pub(crate) fn read(
        config: &ServicesConfig,
        secret: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut keys = Vec::new();
        for caller in config.callers() {
            let name = caller.secret_name();
            let key = secret(&name).unwrap_or_default();
            if key.len() < SHORTEST || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(ConfigError::secret(
                    name,
                    "is no key",
                    "at least 32 characters without spaces, such as 32 random bytes in base64url",
                ));
            }
            let is_known = |(_, known): &(CallerConfig, Secret<String>)| *known.expose() == key;
            if keys.iter().any(is_known) {
                return Err(ConfigError::secret(
                    name,
                    "is another caller's key",
                    "a key of its own for each caller",
                ));
            }
            keys.push((caller.clone(), Secret::new(key)));
        }
        Ok(Self(keys))
    }

    /// Whose key this is. All of them are compared: how long that takes says nothing.
    pub(crate) fn of(&self, key: &str) -> Option<&CallerConfig> {
        let mut found = None;
        for (caller, known) in &self.0 {
            if constant_time_eq(known.expose().as_bytes(), key.as_bytes()) {
                found = Some(caller);
            }
        }
        found
    }

    /// Whose key it is, if that one may use this service. A stranger is told the same of a service that there is not.
    pub(crate) fn of_service(&self, key: Option<&str>, service: &str) -> Result<&CallerConfig, Problem> {
        let caller = key.and_then(|key| self.of(key)).filter(|caller| caller.may_use(service));
        caller.ok_or_else(Problem::unauthorized)
    }
}

/// What stands in `Authorization` after this scheme.
pub(crate) fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, key) = header.trim().split_once(' ')?;
    let key = key.trim();
    (name.eq_ignore_ascii_case(scheme) && !key.is_empty() && !key.contains(' ')).then_some(key)
}
