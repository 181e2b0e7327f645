//! What is wrong with a configuration, said so that it can be put right.

use alloc::string::{String, ToString as _};
use core::fmt;

/// One wrong or missing setting. It never holds a value: a secret may have been pasted into the wrong line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The variable or secret: `PROVIDER_DEMO`.
    pub variable: String,
    /// The field in it, if it is one: `issuer`, `scopes[1]`.
    pub field: Option<String>,
    /// What is wrong, as the end of a sentence that begins with the name: `is missing`.
    pub problem: &'static str,
    /// What it should look like.
    pub expected: String,
    /// At which stage it was found.
    pub kind: ConfigErrorKind,
}

/// The stage that found an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigErrorKind {
    /// One variable has the wrong shape; the JSON Schema says so too.
    Shape,
    /// The variables and secrets do not fit together.
    Meaning,
}

impl ConfigError {
    pub(crate) fn shape(variable: &str, field: Option<&str>, problem: &'static str, expected: &str) -> Self {
        let (variable, field) = (variable.to_string(), field.map(str::to_string));
        Self { variable, field, problem, expected: expected.to_string(), kind: ConfigErrorKind::Shape }
    }

    pub(crate) fn meaning(
        variable: &str,
        field: Option<&str>,
        problem: &'static str,
        expected: &str,
    ) -> Self {
        Self { kind: ConfigErrorKind::Meaning, ..Self::shape(variable, field, problem, expected) }
    }

    /// An error about a secret.
    #[must_use]
    pub fn secret(name: String, problem: &'static str, expected: &str) -> Self {
        Self {
            variable: name,
            field: None,
            problem,
            expected: expected.to_string(),
            kind: ConfigErrorKind::Meaning,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.variable)?;
        if let Some(field) = &self.field {
            write!(f, ".{field}")?;
        }
        write!(f, ": {}; expected {}", self.problem, self.expected)
    }
}

impl core::error::Error for ConfigError {}
