//! Who among the users of the app a service is for, and who of them may act for it.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::config::ConfigError;
use crate::config::table::{self, Table};
use crate::people::Statement;

const THOSE: &str = "a table such as { claim = \"sub\", values = [\"ada\"] }";

/// What a user is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The subject: unique, and never given to another.
    Sub,
    /// The e-mail address, where the authorization server says that it is the user's own.
    Email,
}

/// Some of the users of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Users {
    /// None of them.
    #[default]
    Nobody,
    /// Everybody with a session.
    All,
    /// Those of whom a claim has one of these values.
    Those(Claim, Vec<String>),
}

impl Users {
    /// Reads one of these fields. `"all"` may stand in the first: to act for a service is given to people one by one.
    pub(super) fn read(
        table: &Table<'_>,
        variable: &str,
        (field, within): (&str, &'static str),
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let may_be_all = field == "users";
        match table.raw(field) {
            None => Some(Self::Nobody),
            Some(Value::String(word)) if may_be_all && word == "all" => Some(Self::All),
            Some(Value::Object(fields)) => {
                let those = Table::of(variable, within, fields, &["claim", "values"], errors);
                let claim = those.field("claim", "\"sub\" or \"email\"", errors, None, |value| {
                    match value.as_str()? {
                        "sub" => Some(Claim::Sub),
                        "email" => Some(Claim::Email),
                        _ => None,
                    }
                });
                let expected = "a list of 1 to 64 different texts";
                let values = those.field("values", expected, errors, None, |value| {
                    table::texts(value, 64, |text| (1..=512).contains(&text.chars().count()))
                });
                Some(Self::Those(claim?, values?))
            }
            Some(_) => {
                let expected = if may_be_all { ["\"all\", or ", THOSE].concat() } else { THOSE.into() };
                let problem = "is not what it should be";
                errors.push(ConfigError::shape(variable, Some(field), problem, &expected));
                None
            }
        }
    }

    /// Whether somebody is one of them. Letter by letter: two accounts that differ in a letter's size may be two people's.
    #[must_use]
    pub fn has(&self, user: &Statement) -> bool {
        match self {
            Self::Nobody => false,
            Self::All => true,
            Self::Those(Claim::Sub, values) => values.contains(&user.sub),
            Self::Those(Claim::Email, values) => {
                user.email.as_ref().is_some_and(|email| values.contains(email))
            }
        }
    }
}
