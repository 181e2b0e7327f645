//! The app's own origins.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::{ConfigError, table};
use crate::url::Origin;

pub(super) const EXPECTED: &str = "a list of one to eight origins such as [\"https://app.example\"]: scheme and host in lower case, no path; http only for localhost";

/// One origin or more; the first is canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    canonical: Origin,
    others: Vec<Origin>,
}

impl Origins {
    /// Just one origin.
    #[must_use]
    pub const fn new(canonical: Origin) -> Self {
        Self { canonical, others: Vec::new() }
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
        let read = || {
            let texts: Vec<String> = table::texts(value, 8, |text| Origin::parse(text).is_some())?;
            let mut origins = texts.iter().filter_map(|text| Origin::parse(text));
            origins.next().map(|canonical| Self { canonical, others: origins.collect() })
        };
        let origins = read();
        if origins.is_none() {
            errors.push(ConfigError::shape(variable, None, "is not a list of origins", EXPECTED));
        }
        origins
    }
}
