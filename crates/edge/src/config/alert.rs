//! One `ALERT_<NAME>`: who is told when something is up with a service.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use serde_json::Value;

use super::table::{self, Table};
use super::{ConfigError, Variables};
use crate::alert::{Format, KINDS, Receiver, SigningKey, is_api_key};
use crate::url::HttpUrl;

pub(in crate::config) const PREFIX: &str = "ALERT_";
const EXPECTED: &str = "a table such as { url = \"https://ops.example/alerts\", format = \"json\" }";
const URL_EXPECTED: &str =
    "a URL such as \"https://ops.example/alerts\", without userinfo and fragment; http only for localhost";
const API_KEY_EXPECTED: &str = "the key of the mail API as it comes, without \"Bearer \" in front";

/// The most services, and the most addresses of one mail.
const LIST_MAX: usize = 50;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertFormat {
    /// JSON for programs, signed.
    Json,
    /// What chat tools take.
    Chat,
    /// What mail APIs take.
    Mail {
        /// Who writes.
        from: String,
        /// To whom.
        to: Vec<String>,
    },
}

/// One `ALERT_<NAME>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertConfig {
    /// Its name: `ops`.
    pub name: String,
    /// Where it goes; nothing where a secret says that.
    pub url: Option<HttpUrl>,
    /// What is sent.
    pub format: AlertFormat,
    /// The services that it is about; nothing for all of them.
    pub services: Option<Vec<String>>,
    /// The kinds that it is about; nothing for all of them.
    pub kinds: Option<Vec<String>>,
}

impl AlertConfig {
    pub(in crate::config) fn read(
        variable: &str,
        name: &str,
        value: &Value,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let known = ["url", "format", "services", "kinds", "from", "to"];
        let table = Table::read(variable, value, &known, EXPECTED, errors)?;
        let url = table.field("url", URL_EXPECTED, errors, Some(None), |value| {
            HttpUrl::parse(value.as_str()?).map(Some)
        });
        let services = table.field(
            "services",
            "a list of 1 to 50 different names of services, in lower case, such as [\"orders\"]",
            errors,
            Some(None),
            |value| table::texts(value, LIST_MAX, is_service).map(Some),
        );
        let of_kinds = alloc::format!("a list of kinds, each one of: {}", KINDS.join(", "));
        let kinds = table.field("kinds", &of_kinds, errors, Some(None), |value| {
            table::texts(value, KINDS.len(), |kind| KINDS.contains(&kind)).map(Some)
        });
        let format = format(&table, variable, errors);
        Some(Self { name: name.to_string(), url: url?, format: format?, services: services?, kinds: kinds? })
    }

    /// Checks that its services are there, and its secrets set. Their values are not seen here.
    pub(in crate::config) fn check(
        &self,
        services: &[&str],
        variables: &Variables,
        errors: &mut Vec<ConfigError>,
    ) {
        let variable = [PREFIX, &self.name.to_ascii_uppercase()].concat();
        let unknown = |named: &String| !services.contains(&named.as_str());
        if self.services.iter().flatten().any(unknown) {
            let expected = match services {
                [] => "no list of services: there is none".to_string(),
                services => alloc::format!("a list of: {}", services.join(", ")),
            };
            let problem = "names a service that is not configured";
            errors.push(ConfigError::meaning(&variable, Some("services"), problem, &expected));
        }
        let (secret, is_set) = (self.url_secret(), variables.has_secret(&self.url_secret()));
        let told = |secret: &str, expected: &str| {
            alloc::format!("{expected}, set by `wrangler secret put {secret}`")
        };
        if is_set && self.url.is_some() {
            let expected = alloc::format!("one of them: either `url`, or the secret {secret}");
            errors.push(ConfigError::meaning(&variable, Some("url"), "is there twice", &expected));
        } else if !is_set && self.url.is_none() {
            let expected =
                told(&secret, &alloc::format!("{URL_EXPECTED}; or, where it is itself a secret, {secret}"));
            errors.push(ConfigError::meaning(&variable, Some("url"), "is missing", &expected));
        }
        if let Some((secret, expected)) = self.key().filter(|(secret, _)| !variables.has_secret(secret)) {
            let expected = told(&secret, expected);
            errors.push(ConfigError::secret(secret, "is not set", &expected));
        }
    }

    /// Whether an alert of this kind about this service is sent there.
    #[must_use]
    pub fn wants(&self, service: &str, kind: &str) -> bool {
        self.is_about(service) && has(self.kinds.as_deref(), kind)
    }

    /// The receiver, with its secrets, each asked for by its name.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names a secret and shows nothing of it: one that is not set, or not what it should be.
    pub fn receiver(&self, secret: impl Fn(&str) -> Option<Secret<String>>) -> Result<Receiver, ConfigError> {
        let text = |name: &str, expected: &str| {
            secret(name).ok_or_else(|| ConfigError::secret(name.to_string(), "is not set", expected))
        };
        let wrong = |name: String, problem, expected| ConfigError::secret(name, problem, expected);
        let url = match &self.url {
            Some(url) => url.clone(),
            None => {
                let name = self.url_secret();
                // White space around it is an accident of `wrangler secret put`.
                let read = HttpUrl::parse(text(&name, URL_EXPECTED)?.expose().trim());
                read.ok_or_else(|| wrong(name, "is not a URL", URL_EXPECTED))?
            }
        };
        let (name, expected) = self.key().unwrap_or_default();
        let format = match &self.format {
            AlertFormat::Chat => Format::Chat,
            AlertFormat::Json => {
                let key = SigningKey::parse(text(&name, expected)?.expose());
                Format::Json(key.ok_or_else(|| wrong(name, "is not a signing key", expected))?)
            }
            AlertFormat::Mail { from, to } => {
                let api_key = text(&name, expected)?.expose().trim().to_string();
                if !is_api_key(&api_key) {
                    return Err(wrong(name, "is not a key of an API", expected));
                }
                Format::Mail { api_key: Secret::new(api_key), from: from.clone(), to: to.clone() }
            }
        };
        Ok(Receiver { name: self.name.clone(), url: Secret::new(url), format })
    }

    /// The names of the secrets that it reads.
    pub(crate) fn secret_names(&self) -> impl Iterator<Item = String> + use<> {
        let url = self.url.is_none().then(|| self.url_secret());
        url.into_iter().chain(self.key().map(|(name, _)| name))
    }

    /// Whether it is about this service at all.
    #[must_use]
    pub(crate) fn is_about(&self, service: &str) -> bool {
        has(self.services.as_deref(), service)
    }

    /// The name of the secret that may say where it goes.
    fn url_secret(&self) -> String {
        self.secret("URL")
    }

    /// The name of the secret that it needs besides, and what that should look like.
    fn key(&self) -> Option<(String, &'static str)> {
        match self.format {
            AlertFormat::Json => Some((self.secret("SIGNING_KEY"), SigningKey::EXPECTED)),
            AlertFormat::Chat => None,
            AlertFormat::Mail { .. } => Some((self.secret("API_KEY"), API_KEY_EXPECTED)),
        }
    }

    fn secret(&self, what: &str) -> String {
        ["SECRET_", PREFIX, &self.name.to_ascii_uppercase(), "_", what].concat()
    }
}

/// Whether a list names it; one that is left out names all there are.
fn has(list: Option<&[String]>, name: &str) -> bool {
    list.is_none_or(|list| list.iter().any(|one| one == name))
}

/// What is sent; `from` and `to` belong to a mail and to nothing else.
fn format(table: &Table<'_>, variable: &str, errors: &mut Vec<ConfigError>) -> Option<AlertFormat> {
    let name = table.field("format", "\"json\", \"chat\" or \"mail\"", errors, Some("json"), |value| {
        value.as_str().filter(|text| matches!(*text, "json" | "chat" | "mail"))
    })?;
    if name != "mail" {
        let mut alone = true;
        for field in ["from", "to"].into_iter().filter(|field| table.raw(field).is_some()) {
            let problem = "is for mail, which this is not";
            errors.push(ConfigError::shape(variable, Some(field), problem, "format = \"mail\" with it"));
            alone = false;
        }
        return alone.then_some(if name == "chat" { AlertFormat::Chat } else { AlertFormat::Json });
    }
    let from = table.field(
        "from",
        "an address such as \"alerts@example.com\" or \"Alerts <alerts@example.com>\"",
        errors,
        None,
        |value| value.as_str().filter(|text| is_sender(text)).map(str::to_string),
    );
    let to = table.field(
        "to",
        "a list of 1 to 50 different addresses such as [\"ops@example.com\"]",
        errors,
        None,
        |value| table::texts(value, LIST_MAX, is_address),
    );
    Some(AlertFormat::Mail { from: from?, to: to? })
}

fn is_service(text: &str) -> bool {
    let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    plain && text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// An address without a name, as far as that can be told without sending something there.
fn is_address(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&byte);
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && local.bytes().all(plain) && host.bytes().all(plain)
        })
}

/// An address, or a name and an address in pointed brackets.
fn is_sender(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('<') else { return is_address(text) };
    let name = name.strip_suffix(' ').unwrap_or_default();
    let plain = |c: char| !c.is_control() && !"<>@,;:\"\\".contains(c);
    !name.trim().is_empty()
        && name.len() <= 100
        && name.chars().all(plain)
        && rest.strip_suffix('>').is_some_and(is_address)
}

#[cfg(test)]
#[path = "alert_tests.rs"]
mod tests;
