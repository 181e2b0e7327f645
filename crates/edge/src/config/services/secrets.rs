//! `SECRETS_SET_AT`: the day on which each secret was set, as no platform says it, and how old one may become.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use everlit_core::time::{Millis, Timestamp};

use crate::config::duration::{self, parse_duration};
use crate::config::{ConfigError, Variables};
use crate::date::parse_day;

pub(super) const VARIABLE: &str = "SECRETS_SET_AT";
const EXPECTED: &str = "a table such as { SECRET_SESSION_KEY = \"2026-01-31\", max_age = \"365d\" }";
const MAX_AGE: &str = "max_age";
/// As long as names of secrets become: a value that was pasted in the place of one is most likely longer.
const NAME_MAX: usize = 64;

/// Which secrets are set, and what is known of their age. Their values are not seen here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    set: BTreeSet<String>,
    set_at: BTreeMap<String, Timestamp>,
    /// After how long one is to be set anew.
    pub max_age: Millis,
}

impl Secrets {
    /// What the variable says, if it is there.
    pub(super) fn read(variables: &Variables, errors: &mut Vec<ConfigError>) -> Self {
        let set = variables.secrets().map(ToString::to_string).collect();
        let mut secrets = Self { set, set_at: BTreeMap::new(), max_age: Millis::from_days(365) };
        let Some(value) = variables.value(VARIABLE) else { return secrets };
        let Some(fields) = value.as_object() else {
            errors.push(ConfigError::shape(VARIABLE, None, "is not a table", EXPECTED));
            return secrets;
        };
        for (field, value) in fields {
            let mut wrong = |problem, expected| {
                let shown: String = field.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
                errors.push(ConfigError::shape(VARIABLE, Some(&shown), problem, expected));
            };
            let text = value.as_str().unwrap_or_default();
            if field == MAX_AGE {
                match parse_duration(text) {
                    Some(max_age) => secrets.max_age = max_age,
                    None => wrong("is not what it should be", duration::EXPECTED),
                }
            } else if is_name(field) {
                match parse_day(text) {
                    Some(day) => drop(secrets.set_at.insert(field.clone(), day)),
                    None => wrong("is not what it should be", "a day such as \"2026-01-31\""),
                }
            } else {
                wrong(
                    "is not a field of this table",
                    "max_age, or the name of a secret such as SECRET_SESSION_KEY",
                );
            }
        }
        secrets
    }

    /// Days of secrets that nothing in this configuration reads are typing errors. One that is not set is none: it may have been
    /// removed a moment ago.
    pub(super) fn check(&self, is_ours: impl Fn(&str) -> bool, errors: &mut Vec<ConfigError>) {
        for name in self.set_at.keys().filter(|name| !is_ours(name)) {
            let expected = "the name of a secret that this configuration needs";
            errors.push(ConfigError::meaning(VARIABLE, Some(name), "is of no use here", expected));
        }
    }

    /// Whether there is one of this name.
    #[must_use]
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.set.contains(name)
    }

    /// How long ago one was set, as far as anybody wrote that down.
    #[must_use]
    pub(crate) fn age(&self, name: &str, now: Timestamp) -> Option<Millis> {
        self.set_at.get(name).map(|day| now.since(*day))
    }
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    Variables::is_secret_name(text) && text.len() <= NAME_MAX && text.bytes().all(plain)
}
