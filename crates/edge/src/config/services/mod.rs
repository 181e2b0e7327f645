//! The configuration of the services Worker: the operator's own accounts, who may use them, and who is told.
//!
//! ```
//! use everlit_edge::config::Variables;
//! use everlit_edge::config::services::ServicesConfig;
//!
//! let variables = Variables::new()
//!     .text("ORIGINS", r#"["https://app.example"]"#)
//!     .text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "615b1297"}"#)
//!     .text("CALLER_REPORTS", r#"{"services": ["upstox"]}"#)
//!     .secret("SECRET_SESSION_KEY")
//!     .secret("SECRET_UPSTOX_CLIENT_SECRET")
//!     .secret("SECRET_CALLER_REPORTS_KEY");
//! let config = ServicesConfig::parse(&variables).unwrap();
//! assert_eq!(config.service("upstox").unwrap().description.title, "Upstox");
//!
//! let errors = ServicesConfig::parse(&variables.text("SERVICE_UPSTOX", r#"{"provider": "upstocks"}"#)).unwrap_err();
//! assert!(errors[0].to_string().starts_with("SERVICE_UPSTOX.provider: "));
//! ```

mod caller;
mod ends;
mod people;
mod secrets;
mod service;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

pub use caller::CallerConfig;
pub use people::{Claim, Users};
pub use secrets::Secrets;
pub use service::{Grant, ServiceConfig};

use super::{AlertConfig, ConfigError, ConfigErrorKind, Origins, Variables, alert, origins, url_name};
use crate::keys::{self, SESSION_KEY};
use crate::url::HttpUrl;

/// A configuration that holds together.
#[derive(Clone, Debug)]
pub struct ServicesConfig {
    /// The app's own origins. Logins come back to the first.
    pub origins: Origins,
    /// The accounts, ordered by name.
    services: Vec<ServiceConfig>,
    /// Who may use them, ordered by name.
    callers: Vec<CallerConfig>,
    /// Who is told, ordered by name.
    alerts: Vec<AlertConfig>,
    /// What is known of the secrets.
    secrets: Secrets,
}

impl ServicesConfig {
    /// Reads all variables.
    ///
    /// # Errors
    ///
    /// Every error there is, at least one.
    pub fn parse(variables: &Variables) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let origins = match variables.value("ORIGINS") {
            Some(value) => Origins::read("ORIGINS", value, &mut errors),
            None => {
                errors.push(ConfigError::shape("ORIGINS", None, "is missing", origins::EXPECTED));
                None
            }
        };
        let (mut services, mut callers, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
        let secrets = Secrets::read(variables, &mut errors);
        let mut described = 0_usize;
        for (variable, value) in variables.iter() {
            if let Some(name) = variable.strip_prefix(service::PREFIX).and_then(url_name) {
                described = described.saturating_add(1);
                services.extend(ServiceConfig::read(variable, &name, value, &mut errors));
            } else if let Some(name) = variable.strip_prefix(caller::PREFIX).and_then(url_name) {
                callers.extend(CallerConfig::read(variable, &name, value, &mut errors));
            } else if let Some(name) = variable.strip_prefix(alert::PREFIX).and_then(url_name) {
                alerts.extend(AlertConfig::read(variable, &name, value, &mut errors));
            } else if is_near_miss(variable) {
                errors.push(ConfigError::shape(
                    variable,
                    None,
                    "is not a variable of the services Worker",
                    "ORIGINS, SECRETS_SET_AT, SERVICE_<NAME>, CALLER_<NAME> or ALERT_<NAME>, the name in upper case, 32 characters at most",
                ));
            }
        }
        if described == 0 {
            errors.push(ConfigError::shape("SERVICE_<NAME>", None, "is missing", service::EXPECTED));
        }
        // Of a service that could not be read all else that names it would be wrong, too.
        let is_whole =
            services.len() == described && errors.iter().all(|error| error.kind == ConfigErrorKind::Meaning);
        let config = origins.map(|origins| Self { origins, services, callers, alerts, secrets });
        match config.filter(|_| is_whole) {
            Some(config) => {
                config.meaning(variables, &mut errors);
                if errors.is_empty() { Ok(config) } else { Err(errors) }
            }
            None => Err(errors),
        }
    }

    /// All accounts, ordered by name.
    #[must_use]
    pub fn services(&self) -> &[ServiceConfig] {
        &self.services
    }

    /// The account of this name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&ServiceConfig> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Whether another account here is had through the same app of the same provider: a token of somebody else's may be its, and then it is
    /// not to be ended.
    #[must_use]
    pub fn shares_app(&self, service: &ServiceConfig) -> bool {
        self.services.iter().any(|other| {
            other.name != service.name
                && other.description.name == service.description.name
                && other.client_id == service.client_id
        })
    }

    /// Who may use them, ordered by name.
    #[must_use]
    pub fn callers(&self) -> &[CallerConfig] {
        &self.callers
    }

    /// Who is told, ordered by name.
    #[must_use]
    pub fn alerts(&self) -> &[AlertConfig] {
        &self.alerts
    }

    /// What is known of the secrets: which are set, and since when.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Where an operator of a service acts, as an alert says it: the page that its configuration names, else the app itself.
    #[must_use]
    pub fn page(&self, service: &ServiceConfig) -> Option<HttpUrl> {
        let app = || HttpUrl::parse(&[self.origins.canonical().as_str(), "/"].concat());
        service.page.clone().or_else(app)
    }

    /// The names of the secrets that this configuration reads, but for the session keys.
    fn secret_names(&self) -> impl Iterator<Item = String> {
        let of_services = self.services.iter().map(ServiceConfig::secret_name);
        let of_callers = self.callers.iter().map(CallerConfig::secret_name);
        of_services.chain(of_callers).chain(self.alerts.iter().flat_map(AlertConfig::secret_names))
    }

    fn meaning(&self, variables: &Variables, errors: &mut Vec<ConfigError>) {
        for service in &self.services {
            service.check(&self.origins, errors);
        }
        for caller in &self.callers {
            for name in caller.services.iter().filter(|name| self.service(name).is_none()) {
                let known: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
                errors.push(ConfigError::meaning(
                    &[caller::PREFIX, &caller.name.to_ascii_uppercase()].concat(),
                    Some("services"),
                    "names a service that is not configured",
                    &alloc::format!("names of services ({}), not \"{name}\"", known.join(", ")),
                ));
            }
        }
        let names: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
        for alert in &self.alerts {
            alert.check(&names, variables, errors);
        }
        let not_set = |secret: String| {
            let command = alloc::format!("a secret, set by `wrangler secret put {secret}`");
            ConfigError::secret(secret, "is not set", &command)
        };
        if !variables.secrets().any(|name| keys::version_of(name).is_some()) {
            errors.push(not_set(SESSION_KEY.to_string()));
        }
        for secret in variables.secrets().filter(|name| keys::is_near_miss(name)) {
            let expected = alloc::format!("{SESSION_KEY}, {SESSION_KEY}_2 and so on to {SESSION_KEY}_255");
            errors.push(ConfigError::secret(secret.to_string(), "is the name of no session key", &expected));
        }
        let of_services = self.services.iter().map(ServiceConfig::secret_name);
        let of_callers = self.callers.iter().map(CallerConfig::secret_name);
        let needed = of_services.chain(of_callers);
        errors.extend(needed.filter(|secret| !variables.has_secret(secret)).map(not_set));
        let is_ours =
            |name: &str| keys::version_of(name).is_some() || self.secret_names().any(|secret| secret == name);
        self.secrets.check(is_ours, errors);
    }
}

/// Names that nobody sets for another purpose: a typing error there would be silent otherwise.
fn is_near_miss(variable: &str) -> bool {
    matches!(
        variable,
        "ORIGIN" | "SERVICE" | "SERVICES" | "CALLER" | "CALLERS" | "ALERT" | "ALERTS" | "SECRET" | "SECRETS"
    ) || variable.starts_with("SECRETS_") && variable != secrets::VARIABLE
        || [service::PREFIX, caller::PREFIX, alert::PREFIX, "SERVICES_", "CALLERS_", "ALERTS_"]
            .iter()
            .any(|prefix| variable.starts_with(prefix))
}

/// Whether a binding of this name is one of the services Worker's variables, right or almost right.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    matches!(name, "ORIGINS" | secrets::VARIABLE) || is_near_miss(name)
}

#[cfg(test)]
mod tests;
