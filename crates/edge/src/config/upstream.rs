//! One upstream: an API that `/api/{name}/...` leads to.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::Value;

use super::ConfigError;
use super::provider::{ProviderConfig, Use, is_scope};
use super::table::{self, Table};
use crate::oauth::Wanted;
use crate::proxy::Method;
use crate::url::Origin;

pub(super) const PREFIX: &str = "UPSTREAM_";
const EXPECTED: &str =
    "a table such as { origin = \"https://api.example\", path = \"/v1\", methods = [\"GET\"] }";

/// Who calls the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The Worker: the browser never sees a token.
    Bff,
    /// The browser, with an access token that the Worker hands out.
    Mediating,
}

/// Whose token an upstream is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultName {
    /// That of the user's own login.
    Login,
    /// That of a further account of the user, at this provider.
    Linked(String),
    /// That of the operator's account of this name.
    Service(String),
}

impl core::fmt::Display for VaultName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (kind, name) = match self {
            Self::Login => ("login", ""),
            Self::Linked(provider) => ("linked:", provider.as_str()),
            Self::Service(service) => ("service:", service.as_str()),
        };
        f.write_str(kind)?;
        f.write_str(name)
    }
}

/// One `UPSTREAM_<NAME>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// Its name in URLs: `orders`.
    pub name: String,
    /// Where it is.
    pub origin: Origin,
    /// The path that every call lies under, without a slash at its end: `/v1`, or empty for all of it.
    pub path: String,
    /// The methods that are let through, where the Worker calls.
    pub methods: Vec<Method>,
    /// Who calls it.
    pub mode: Mode,
    /// What the browser is handed a token for; nothing where the Worker calls.
    pub wanted: Option<Wanted>,
    /// Whose token it gets.
    pub vault: VaultName,
}

impl UpstreamConfig {
    pub(super) fn read(
        variable: &str,
        name: &str,
        value: &Value,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let known = ["origin", "path", "methods", "mode", "scopes", "resource", "vault"];
        let table = Table::read(variable, value, &known, EXPECTED, errors)?;
        let origin = table.field(
            "origin",
            "an origin such as \"https://api.example\", without a path; http only for localhost",
            errors,
            None,
            |value| Origin::parse(value.as_str()?),
        );
        let path = table.field(
            "path",
            "a path such as \"/v1\", of letters, digits, dots, dashes, underscores and tildes",
            errors,
            Some(String::new()),
            |value| path(value.as_str()?),
        );
        let methods = table.field(
            "methods",
            "a list of methods such as [\"GET\", \"HEAD\", \"POST\"]",
            errors,
            Some(alloc::vec![Method::Get, Method::Head]),
            |value| {
                let texts = table::texts(value, Method::ALL.len(), |text| Method::parse(text).is_some())?;
                Some(texts.iter().filter_map(|text| Method::parse(text)).collect())
            },
        );
        let mode = table.field("mode", "\"bff\" or \"mediating\"", errors, Some(Mode::Bff), |value| {
            match value.as_str()? {
                "bff" => Some(Mode::Bff),
                "mediating" => Some(Mode::Mediating),
                _ => None,
            }
        });
        let scopes = table.field(
            "scopes",
            "a list of 1 to 32 different scopes of the login's, such as [\"orders:read\"]",
            errors,
            Some(None),
            |value| table::texts(value, 32, is_scope).map(Some),
        );
        let resource = table.field(
            "resource",
            "an absolute URI without a fragment, such as \"https://orders.example\"",
            errors,
            Some(None),
            |value| value.as_str().filter(|text| is_resource(text)).map(|text| Some(text.to_string())),
        );
        let wanted = match (mode, scopes?, resource?) {
            (Some(Mode::Bff), None, None) => None,
            // Whether they belong there is said by `check`.
            (_, scopes, resource) => Some(Wanted { scopes: scopes.unwrap_or_default(), resource }),
        };
        let vault = table.field(
            "vault",
            "\"login\", \"linked:<provider>\" or \"service:<name>\"",
            errors,
            Some(VaultName::Login),
            |value| vault(value.as_str()?),
        );
        Some(Self {
            name: name.to_string(),
            origin: origin?,
            path: path?,
            methods: methods?,
            mode: mode?,
            wanted,
            vault: vault?,
        })
    }

    /// What an upstream must not be, or not yet. Its tokens are of the grants of `provider`: there is none where its vault is no user's.
    pub(super) fn check(&self, provider: Option<&ProviderConfig>, errors: &mut Vec<ConfigError>) {
        let variable = alloc::format!("{PREFIX}{}", self.name.to_ascii_uppercase());
        if matches!(self.vault, VaultName::Service(_)) && self.mode == Mode::Mediating {
            return errors.push(ConfigError::meaning(
                &variable,
                Some("mode"),
                "is \"mediating\", and the token is of the services Worker, which hands it to no browser",
                "\"bff\": the services Worker calls the upstream, for those users that it is open to",
            ));
        }
        if let Some((field, problem, expected)) = self.misuse(provider) {
            errors.push(ConfigError::meaning(&variable, Some(field), problem, expected));
        }
        match &self.vault {
            VaultName::Login | VaultName::Service(_) => {}
            VaultName::Linked(_) if provider.is_some() => {}
            VaultName::Linked(_) => errors.push(ConfigError::meaning(
                &variable,
                Some("vault"),
                "is of a provider that is not configured, or that the login uses",
                "\"linked:<provider>\" with one of the other providers, or \"login\"",
            )),
        }
    }

    /// What is wrong with what the browser is to be handed: the field, and what about it.
    fn misuse(
        &self,
        provider: Option<&ProviderConfig>,
    ) -> Option<(&'static str, &'static str, &'static str)> {
        const BFF: &str = "\"bff\": the Worker calls the upstream, and the browser never sees a token";
        let Wanted { scopes, .. } = self.wanted.as_ref()?;
        if self.mode == Mode::Bff {
            let field = if scopes.is_empty() { "resource" } else { "scopes" };
            return Some((
                field,
                "says what the browser is handed, and it is handed nothing",
                "mode = \"mediating\" with it",
            ));
        }
        if scopes.is_empty() {
            let why = "the scopes of the token that the browser is handed, such as [\"orders:read\"]: by default that is nothing";
            return Some(("scopes", "is missing", why));
        }
        let provider = provider?;
        let belongs = |scope: &String| {
            !matches!(scope.as_str(), "openid" | "offline_access") && provider.scopes.contains(scope)
        };
        if !scopes.iter().all(belongs) {
            return Some((
                "scopes",
                "has a scope that its provider is not asked for, or that is about the login itself",
                "scopes of the provider, but neither \"openid\" nor \"offline_access\"",
            ));
        }
        if provider.dpop == Use::Required {
            return Some((
                "mode",
                "is \"mediating\", and the provider's tokens are bound to a key that no browser has",
                BFF,
            ));
        }
        if provider.narrows {
            return Some((
                "mode",
                "is \"mediating\", and the provider's server narrows the whole grant to what one token is asked for",
                BFF,
            ));
        }
        None
    }

    /// Whether a method may be called, as the `Allow` header lists them.
    #[must_use]
    pub fn allow(&self) -> String {
        let names: Vec<&str> = self.methods.iter().map(|method| method.as_str()).collect();
        names.join(", ")
    }
}

/// RFC 8707, section 2.
fn is_resource(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    };
    text.len() <= 256
        && text.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// A path without a slash at its end. No segment is empty or made of dots.
fn path(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    let segment = |segment: &str| segment.bytes().all(plain) && segment.bytes().any(|byte| byte != b'.');
    let rest = text.strip_prefix('/').filter(|_| text.len() <= 256)?;
    if rest.is_empty() {
        return Some(String::new());
    }
    let trimmed = rest.strip_suffix('/').unwrap_or(rest);
    trimmed.split('/').all(segment).then(|| alloc::format!("/{trimmed}"))
}

fn vault(text: &str) -> Option<VaultName> {
    let name = |name: &str| {
        let plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        (plain && name.len() <= 32 && name.starts_with(|c: char| c.is_ascii_lowercase()))
            .then(|| name.to_string())
    };
    match text.split_once(':') {
        None if text == "login" => Some(VaultName::Login),
        Some(("linked", provider)) => name(provider).map(VaultName::Linked),
        Some(("service", service)) => name(service).map(VaultName::Service),
        _ => None,
    }
}
