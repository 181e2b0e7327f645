//! The variables as the Worker, a command or a test finds them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString as _};

use serde_json::Value;

/// Variables by name, and the names (never the values) of the secrets that are set.
///
/// Variables that are none of ours are welcome: an app may have its own.
#[derive(Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, Value>,
    secrets: BTreeSet<String>,
}

impl Variables {
    /// No variables and no secrets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable that is JSON already: a TOML table or array of `wrangler.toml`.
    #[must_use]
    pub fn json(mut self, name: &str, value: Value) -> Self {
        // A table can also come as JSON text, from `.dev.vars` or `--var`.
        let value =
            match value.as_str().and_then(|text| serde_json::from_slice::<Value>(text.as_bytes()).ok()) {
                Some(inner) if inner.is_object() || inner.is_array() => inner,
                _ => value,
            };
        self.values.insert(name.to_string(), value);
        self
    }

    /// Adds a variable from text: JSON if it is JSON, else the text itself.
    #[must_use]
    pub fn text(self, name: &str, text: &str) -> Self {
        let value =
            serde_json::from_slice(text.as_bytes()).unwrap_or_else(|_| Value::String(text.to_string()));
        self.json(name, value)
    }

    /// Says that a secret of this name is set.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Self {
        self.secrets.insert(name.to_string());
        self
    }

    /// Whether a name is one of a secret: such a value must not be given to [`Variables::text`].
    #[must_use]
    pub fn is_secret_name(name: &str) -> bool {
        name.starts_with("SECRET_")
    }

    /// Whether a name is of interest here: a Worker finds bindings of other kinds among its variables.
    #[must_use]
    pub fn is_variable_name(name: &str) -> bool {
        matches!(name, "ORIGINS" | "APP_ORIGINS" | "LIMITS")
            || super::is_near_miss(name)
            || name.starts_with("SERVICE_")
            || name.starts_with("ALERT_")
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    pub(super) fn has_secret(&self, name: &str) -> bool {
        self.secrets.contains(name)
    }
}
