//! One caller: another program of the operator's, with a key of its own.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::Value;

use crate::config::ConfigError;
use crate::config::table::{self, Table};

pub(super) const PREFIX: &str = "CALLER_";
const EXPECTED: &str = "a table such as { services = [\"upstox\"] }";

/// One `CALLER_<NAME>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerConfig {
    /// By which name it is counted and limited: `reports`.
    pub name: String,
    /// Which services it may use.
    pub services: Vec<String>,
    /// Whether it may hand in tokens, begin logins and force a renewal.
    pub operator: bool,
}

impl CallerConfig {
    pub(super) fn read(
        variable: &str,
        name: &str,
        value: &Value,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let table = Table::read(variable, value, &["services", "operator"], EXPECTED, errors)?;
        let services = table.field(
            "services",
            "a list of 1 to 32 names of services, such as [\"upstox\"]",
            errors,
            None,
            |value| {
                let is_name = |text: &str| {
                    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                };
                table::texts(value, 32, is_name)
            },
        );
        let operator = table.field("operator", "true or false", errors, Some(false), |value| value.as_bool());
        Some(Self { name: name.to_string(), services: services?, operator: operator? })
    }

    /// Whether it may use this service.
    #[must_use]
    pub fn may_use(&self, service: &str) -> bool {
        self.services.iter().any(|name| name == service)
    }

    /// The name of the secret that is its key.
    #[must_use]
    pub fn secret_name(&self) -> String {
        ["SECRET_CALLER_", &self.name.to_ascii_uppercase(), "_KEY"].concat()
    }
}
