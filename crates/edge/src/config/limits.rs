//! How long a session lasts.

use alloc::vec::Vec;

use everlit_core::time::Millis;
use serde_json::Value;

use super::ConfigError;
use super::duration::{self, parse_duration};
use super::table::Table;

const EXPECTED: &str = "a table such as { idle = \"14d\", absolute = \"90d\" }";

/// The limits that the vault keeps, whatever a browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The session ends after so long without a sign of the user.
    pub idle: Millis,
    /// The session ends so long after the login, in any case.
    pub absolute: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle: Millis::from_days(14), absolute: Millis::from_days(90) }
    }
}

impl Limits {
    pub(super) fn read(variable: &str, value: &Value, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let table = Table::read(variable, value, &["idle", "absolute"], EXPECTED, errors)?;
        let default = Self::default();
        let length = |value: &Value| parse_duration(value.as_str()?);
        let idle = table.field("idle", duration::EXPECTED, errors, Some(default.idle), length);
        let absolute = table.field("absolute", duration::EXPECTED, errors, Some(default.absolute), length);
        Some(Self { idle: idle?, absolute: absolute? })
    }
}
