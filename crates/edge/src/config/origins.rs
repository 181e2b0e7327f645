//! The app's own origins, and those of apps on sibling hosts.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::{ConfigError, table};
use crate::url::Origin;

pub(super) const EXPECTED: &str = "a list of one to eight origins such as [\"https://app.example\"]: scheme and host in lower case, no path; http only for localhost";

pub(super) const APPS_EXPECTED: &str = "a list of one to eight origins of the same site as the first of ORIGINS, none of which is in ORIGINS, such as [\"https://app.example.com\"] beside \"https://auth.example.com\"";

/// One origin or more; the first is canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    canonical: Origin,
    others: Vec<Origin>,
    /// Where pages are that may use this Worker from beside it.
    apps: Vec<Origin>,
}

impl Origins {
    /// Just one origin.
    #[must_use]
    pub const fn new(canonical: Origin) -> Self {
        Self { canonical, others: Vec::new(), apps: Vec::new() }
    }

    /// The same, with apps on sibling hosts.
    #[must_use]
    pub fn with_apps(self, apps: Vec<Origin>) -> Self {
        Self { apps, ..self }
    }

    /// Where apps on sibling hosts are.
    #[must_use]
    pub fn apps(&self) -> &[Origin] {
        &self.apps
    }

    /// The app on a sibling host that an `Origin` header names.
    #[must_use]
    pub fn app(&self, origin: &str) -> Option<&Origin> {
        self.apps.iter().find(|app| app.as_str() == origin)
    }

    /// The first one: redirect URIs and cookies are bound to it.
    #[must_use]
    pub const fn canonical(&self) -> &Origin {
        &self.canonical
    }

    /// All of them, the canonical one first.
    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        core::iter::once(&self.canonical).chain(&self.others)
    }

    /// Whether an `Origin` header names one of them.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        self.iter().any(|ours| ours.as_str() == origin)
    }

    /// The canonical one, where `host` (with its port) is the host of another of them.
    #[must_use]
    pub fn instead_of(&self, host: &str) -> Option<&Origin> {
        let is_of = |origin: &Origin| origin.host() == host;
        (!is_of(&self.canonical) && self.others.iter().any(is_of)).then_some(&self.canonical)
    }

    pub(super) fn read(variable: &str, value: &Value, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let mut origins = list(variable, value, EXPECTED, errors)?.into_iter();
        origins.next().map(|canonical| Self { canonical, others: origins.collect(), apps: Vec::new() })
    }

    /// The apps beside them.
    pub(super) fn read_apps(variable: &str, value: &Value, errors: &mut Vec<ConfigError>) -> Vec<Origin> {
        list(variable, value, APPS_EXPECTED, errors).unwrap_or_default()
    }

    /// Whether no app is certain to be of another site, or is one of ours already.
    pub(super) fn are_apps_beside(&self) -> bool {
        self.apps.iter().all(|app| app.is_beside(&self.canonical) && !self.contains(app.as_str()))
    }
}

fn list(variable: &str, value: &Value, expected: &str, errors: &mut Vec<ConfigError>) -> Option<Vec<Origin>> {
    let texts: Option<Vec<String>> = table::texts(value, 8, |text| Origin::parse(text).is_some());
    if texts.is_none() {
        errors.push(ConfigError::shape(variable, None, "is not a list of origins", expected));
    }
    Some(texts?.iter().filter_map(|text| Origin::parse(text)).collect())
}
