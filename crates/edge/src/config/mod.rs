//! The Worker's configuration: the variables of `wrangler.toml` and the names of the secrets that are set.
//!
//! Reading happens in two stages, and every error says which ([`ConfigErrorKind`]): the *shape* of each variable, which the
//! shipped JSON Schema (`config.schema.json`) describes as well, so that an editor shows the same complaint while typing;
//! and the *meaning* of all of them together (a secret that is missing, two login providers), which
//! no schema can say. A table test holds parser and schema together.
//!
//! ```
//! use everlit_edge::config::{Config, Variables};
//!
//! let variables = Variables::new()
//!     .text("ORIGINS", r#"["https://app.example"]"#)
//!     .text("PROVIDER_MAIN", r#"{"kind": "oidc", "issuer": "https://as.example", "client_id": "app"}"#)
//!     .secret("SECRET_SESSION_KEY")
//!     .secret("SECRET_MAIN_CLIENT_SECRET");
//! let config = Config::parse(&variables).unwrap();
//! assert_eq!(config.login_provider().redirect_uri(&config.origins), "https://app.example/auth/callback/main");
//!
//! let errors = Config::parse(&variables.text("LIMITS", r#"{"idle": "two weeks"}"#)).unwrap_err();
//! assert!(errors[0].to_string().starts_with("LIMITS.idle: "));
//! ```

mod alert;
mod duration;
mod error;
mod grace;
mod limits;
mod origins;
mod provider;
mod rate;
pub mod services;
mod supabase;
mod table;
mod upstream;
mod variables;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

pub use alert::{AlertConfig, AlertFormat};
pub use duration::parse_duration;
pub use error::{ConfigError, ConfigErrorKind};
pub use limits::Limits;
pub use origins::Origins;
pub use provider::{Audience, ClientAuth, EndSession, ProviderConfig, Use};
pub use supabase::SupabaseLogin;
pub use upstream::{Mode, UpstreamConfig, VaultName};
pub use variables::Variables;

use everlit_core::id::Aim;
use everlit_core::vault::MOST_AIMS;
use everlit_core::vault::Policy;

use crate::keys::{self, SESSION_KEY};
use crate::oauth::Wanted;
use crate::provider::RefreshGrant;

/// The variable with the origins of apps on sibling hosts.
const APPS: &str = "APP_ORIGINS";

/// A configuration that holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The app's own origins.
    pub origins: Origins,
    /// How long a session lasts.
    pub limits: Limits,
    /// The provider that the login uses.
    login: ProviderConfig,
    /// All of them, that one included, ordered by name.
    providers: Vec<ProviderConfig>,
    /// Where `/api/{name}/...` leads, ordered by name.
    upstreams: Vec<UpstreamConfig>,
}

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    ///
    /// Every error there is, at least one; the first is the one to show where there is room for one only.
    pub fn parse(variables: &Variables) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let draft = Draft::shape(variables, &mut errors);
        // The meaning of variables that were not read is nothing to complain about.
        if let Some(draft) = draft.filter(|_| errors.is_empty()) {
            draft.meaning(variables, &mut errors);
            if errors.is_empty()
                && let Some(config) = draft.finish()
            {
                return Ok(config);
            }
        }
        Err(errors)
    }

    /// The provider that the login uses.
    #[must_use]
    pub const fn login_provider(&self) -> &ProviderConfig {
        &self.login
    }

    /// That provider, if this is its name. The others may log nobody in: whoever has an account there would be a user here.
    #[must_use]
    pub fn login_provider_named(&self, name: &str) -> Option<&ProviderConfig> {
        Some(&self.login).filter(|provider| provider.name == name)
    }

    /// The provider of this name, if a user who is logged in may link an account there: any but the login's.
    #[must_use]
    pub fn linked_provider_named(&self, name: &str) -> Option<&ProviderConfig> {
        self.provider(name).filter(|provider| provider.name != self.login.name)
    }

    /// All providers, ordered by name.
    #[must_use]
    pub fn providers(&self) -> &[ProviderConfig] {
        &self.providers
    }

    /// The provider of this name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&ProviderConfig> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// What a vault works by whose grant comes from this provider.
    #[must_use]
    pub fn policy(&self, provider: &ProviderConfig) -> Policy {
        let RefreshGrant { grace, idle, keep, shared, ends_tokens } = provider.provider.refresh_grant();
        Policy {
            idle_limit: self.limits.idle,
            absolute_limit: self.limits.absolute,
            grace,
            grant_idle: idle,
            keep_grant: keep,
            shared_grant: shared,
            refresh_ends_tokens: ends_tokens,
            ..Policy::default()
        }
    }

    /// All upstreams, ordered by name.
    #[must_use]
    pub fn upstreams(&self) -> &[UpstreamConfig] {
        &self.upstreams
    }

    /// What a token is asked for under this name, as long as it is configured.
    #[must_use]
    pub fn wanted(&self, aim: Aim) -> Option<&Wanted> {
        self.upstreams
            .iter()
            .filter_map(|upstream| upstream.wanted.as_ref())
            .find(|wanted| wanted.aim() == aim)
    }

    /// The upstream of this name.
    #[must_use]
    pub fn upstream(&self, name: &str) -> Option<&UpstreamConfig> {
        self.upstreams.iter().find(|upstream| upstream.name == name)
    }
}

/// The variables, read one by one.
struct Draft {
    origins: Origins,
    limits: Limits,
    providers: Vec<ProviderConfig>,
    upstreams: Vec<UpstreamConfig>,
}

impl Draft {
    fn shape(variables: &Variables, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let origins = match variables.value("ORIGINS") {
            Some(value) => Origins::read("ORIGINS", value, errors),
            None => {
                errors.push(ConfigError::shape("ORIGINS", None, "is missing", origins::EXPECTED));
                None
            }
        };
        let apps = variables.value(APPS).map(|value| Origins::read_apps(APPS, value, errors));
        let limits = match variables.value("LIMITS") {
            Some(value) => Limits::read("LIMITS", value, errors),
            None => Some(Limits::default()),
        };
        let (mut providers, mut upstreams, mut described) = (Vec::new(), Vec::new(), false);
        for (variable, value) in variables.iter() {
            if let Some(name) = variable.strip_prefix(provider::PREFIX).and_then(url_name) {
                described = true;
                providers.extend(ProviderConfig::read(variable, &name, value, errors));
            } else if let Some(name) = variable.strip_prefix(upstream::PREFIX).and_then(url_name) {
                upstreams.extend(UpstreamConfig::read(variable, &name, value, errors));
            } else if is_near_miss(variable) {
                errors.push(ConfigError::shape(
                    variable,
                    None,
                    "is not a variable of Everlit",
                    "ORIGINS, APP_ORIGINS, LIMITS, PROVIDER_<NAME> or UPSTREAM_<NAME>, the name in upper case, 32 characters at most",
                ));
            }
        }
        if !described {
            errors.push(ConfigError::shape("PROVIDER_<NAME>", None, "is missing", provider::EXPECTED));
        }
        Some(Self {
            origins: origins?.with_apps(apps.unwrap_or_default()),
            limits: limits?,
            providers,
            upstreams,
        })
    }

    /// The provider that the login uses. The only one needs no mark.
    fn login(&self) -> Option<&ProviderConfig> {
        self.providers.iter().find(|provider| provider.login).or_else(|| self.providers.first())
    }

    /// Whose grants a vault holds: a user of ours may have a further account at any provider but the login's.
    fn provider_of(&self, vault: &VaultName) -> Option<&ProviderConfig> {
        let login = self.login()?;
        match vault {
            VaultName::Login => Some(login),
            VaultName::Linked(name) if *name != login.name => {
                self.providers.iter().find(|provider| provider.name == *name)
            }
            VaultName::Linked(_) | VaultName::Service(_) => None,
        }
    }

    /// What is read of it all, where nothing is wrong with it. A provider is asked for the resources of all its upstreams.
    fn finish(mut self) -> Option<Config> {
        for upstream in &self.upstreams {
            let Some(resource) = upstream.wanted.as_ref().and_then(|wanted| wanted.resource.clone()) else {
                continue;
            };
            let name = self.provider_of(&upstream.vault)?.name.clone();
            let mut named = self.providers.iter_mut().filter(|provider| provider.name == name);
            if let Some(provider) = named.next().filter(|provider| !provider.resources.contains(&resource)) {
                provider.resources.push(resource);
            }
        }
        let login = self.login()?.clone();
        let Self { origins, limits, providers, upstreams } = self;
        Some(Config { origins, limits, login, providers, upstreams })
    }

    /// Checks what only all variables together can show.
    fn meaning(&self, variables: &Variables, errors: &mut Vec<ConfigError>) {
        if self.limits.idle > self.limits.absolute {
            errors.push(ConfigError::meaning(
                "LIMITS",
                Some("idle"),
                "is longer than the absolute limit",
                "an idle limit that is not longer than `absolute`",
            ));
        }
        if !self.origins.are_apps_beside() {
            let problem = "is of another site than the Worker, or is one of its own origins";
            errors.push(ConfigError::meaning(APPS, None, problem, origins::APPS_EXPECTED));
        }
        let marked = self.providers.iter().filter(|provider| provider.login).count();
        if marked > 1 || (marked == 0 && self.providers.len() > 1) {
            errors.push(ConfigError::meaning(
                "PROVIDER_<NAME>",
                Some("login"),
                "is true in none or in several of the providers",
                "`login = true` in exactly one of them",
            ));
        }
        for provider in &self.providers {
            provider.check(errors);
            provider.check_use(self.login(), errors);
        }
        for upstream in &self.upstreams {
            upstream.check(self.provider_of(&upstream.vault), errors);
            let of_vault = self.upstreams.iter().filter(|other| other.vault == upstream.vault);
            let before = of_vault.take_while(|other| other.name != upstream.name);
            if upstream.wanted.is_some() && before.filter(|other| other.wanted.is_some()).count() == MOST_AIMS
            {
                let variable = alloc::format!("{}{}", upstream::PREFIX, upstream.name.to_ascii_uppercase());
                errors.push(ConfigError::meaning(
                    &variable,
                    Some("mode"),
                    "is \"mediating\", and eight others of the same vault are: a session keeps no more tokens than that",
                    "\"bff\", or fewer of them",
                ));
            }
        }
        for variable in variables.iter().map(|(variable, _)| variable) {
            if variable.starts_with("SERVICE_") || variable.starts_with("ALERT_") {
                errors.push(ConfigError::meaning(
                    variable,
                    None,
                    "belongs to the services Worker",
                    "it in worker/services/wrangler.toml: here no variable's name begins with SERVICE_ or ALERT_",
                ));
            }
        }
        self.secrets(variables, errors);
    }

    /// Checks that the secrets are set. Their values are not seen here.
    fn secrets(&self, variables: &Variables, errors: &mut Vec<ConfigError>) {
        let not_set = |secret: String| {
            let command = alloc::format!("a secret, set by `wrangler secret put {secret}`");
            ConfigError::secret(secret, "is not set", &command)
        };
        // Any version of it will do: the first one is removed when later ones have taken over.
        if !variables.secrets().any(|name| keys::version_of(name).is_some()) {
            errors.push(not_set(SESSION_KEY.to_string()));
        }
        for secret in variables.secrets().filter(|name| keys::is_near_miss(name)) {
            let expected = alloc::format!("{SESSION_KEY}, {SESSION_KEY}_2 and so on to {SESSION_KEY}_255");
            errors.push(ConfigError::secret(secret.to_string(), "is the name of no session key", &expected));
        }
        let needed = self.providers.iter().map(ProviderConfig::credential_name);
        errors.extend(needed.filter(|secret| !variables.has_secret(secret)).map(not_set));
    }
}

/// The name in URLs of what a variable's name ends with: `ORDERS` is `orders`.
fn url_name(suffix: &str) -> Option<String> {
    let plain = suffix.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    let named = suffix.starts_with(|c: char| c.is_ascii_uppercase()) && suffix.len() <= 32;
    (plain && named).then(|| suffix.to_ascii_lowercase())
}

/// Names that nobody sets for another purpose: a typing error there would be silent otherwise.
fn is_near_miss(variable: &str) -> bool {
    matches!(
        variable,
        "ORIGIN" | "APP_ORIGIN" | "LIMIT" | "PROVIDER" | "PROVIDERS" | "UPSTREAM" | "UPSTREAMS"
    ) || [provider::PREFIX, upstream::PREFIX, "PROVIDERS_", "UPSTREAMS_"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests;
