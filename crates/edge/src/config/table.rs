//! Reading one table, field by field, so that every error names its field.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::ConfigError;

/// A variable that is a table.
pub(super) struct Table<'a> {
    variable: &'a str,
    /// Where in the variable it is: empty, or `grace.`.
    within: &'static str,
    fields: &'a Map<String, Value>,
}

impl<'a> Table<'a> {
    /// The table, if it is one and has no field besides `known`.
    pub(super) fn read(
        variable: &'a str,
        value: &'a Value,
        known: &[&str],
        expected: &str,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let Some(fields) = value.as_object() else {
            errors.push(ConfigError::shape(variable, None, "is not a table", expected));
            return None;
        };
        Some(Self::of(variable, "", fields, known, errors))
    }

    /// A table within a variable, all of which may be absent. `within` is where it is: `grace.`.
    pub(super) fn of(
        variable: &'a str,
        within: &'static str,
        fields: &'a Map<String, Value>,
        known: &[&str],
        errors: &mut Vec<ConfigError>,
    ) -> Self {
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())) {
            // A field's name is shown, cut short: a value pasted in its place is most likely longer.
            let shown: String = field.chars().filter(|c| !c.is_control()).take(40).collect();
            let (field, expected) =
                ([within, &shown].concat(), alloc::format!("one of: {}", known.join(", ")));
            errors.push(ConfigError::shape(
                variable,
                Some(&field),
                "is not a field of this table",
                &expected,
            ));
        }
        Self { variable, within, fields }
    }

    /// A field as it is.
    pub(super) fn raw(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field)
    }

    /// A field read by `read`; `default` where it is absent.
    pub(super) fn field<T>(
        &self,
        field: &str,
        expected: &str,
        errors: &mut Vec<ConfigError>,
        default: Option<T>,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let problem = match self.fields.get(field) {
            None if default.is_some() => return default,
            None => "is missing",
            Some(value) => match read(value) {
                Some(read) => return Some(read),
                None => "is not what it should be",
            },
        };
        let field = [self.within, field].concat();
        errors.push(ConfigError::shape(self.variable, Some(&field), problem, expected));
        None
    }
}

/// A list of different texts, from one to `most` of them, each accepted by `accept`.
pub(super) fn texts(value: &Value, most: usize, accept: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let items = value.as_array().filter(|items| !items.is_empty() && items.len() <= most)?;
    let mut texts: Vec<String> = Vec::with_capacity(items.len());
    for item in items {
        let text = item.as_str().filter(|text| accept(text) && !texts.iter().any(|seen| seen == text))?;
        texts.push(text.to_string());
    }
    Some(texts)
}
