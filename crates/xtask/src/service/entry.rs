//! What a file says, name by name: an environment file as shells and dotenv libraries read it, or JSON.

use anyhow::{Context as _, Result, bail};
use everlit_core::secret::Secret;
use serde_json::Value;

/// Deeper than hand-written managers nest.
const DEPTH_MAX: usize = 8;

/// One name and its value. Any value may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// As it is written; in JSON with what it is in: `upstox.access_token`.
    pub(super) name: String,
    pub(super) value: Secret<String>,
}

impl Entry {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Secret::new(value.into()) }
    }

    /// Its name as a variable has it, without what it is in: `accessToken` is `ACCESS_TOKEN`.
    pub(super) fn plain(&self) -> String {
        let own = self.name.rsplit('.').next().unwrap_or_default();
        let mut plain = String::new();
        let mut low = false;
        for char in own.chars() {
            if char.is_ascii_uppercase() && low {
                plain.push('_');
            }
            low = char.is_ascii_lowercase() || char.is_ascii_digit();
            plain.push(if char == '-' { '_' } else { char.to_ascii_uppercase() });
        }
        plain
    }

    /// What it is in, and nothing at the top.
    pub(super) fn parent(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

/// Everything that a file says. No error holds a value.
pub(super) fn read(text: &str) -> Result<Vec<Entry>> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '[']) {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            // What serde_json says of it may hold a part of it.
            anyhow::anyhow!(
                "it begins like JSON and is none, in line {}, column {}",
                error.line(),
                error.column()
            )
        })?;
        let mut entries = Vec::new();
        members(&value, "", 0, &mut entries)?;
        return Ok(entries);
    }
    environment(text)
}

fn members(value: &Value, name: &str, depth: usize, entries: &mut Vec<Entry>) -> Result<()> {
    if depth > DEPTH_MAX {
        bail!("it nests more than {DEPTH_MAX} deep");
    }
    let below = |own: &str| if name.is_empty() { own.to_owned() } else { format!("{name}.{own}") };
    match value {
        Value::Object(members_of) => {
            for (own, value) in members_of {
                members(value, &below(own), depth + 1, entries)?;
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                members(value, &below(&at.to_string()), depth + 1, entries)?;
            }
        }
        Value::Null => entries.push(Entry::new(name, "")),
        Value::Bool(truth) => entries.push(Entry::new(name, truth.to_string())),
        Value::Number(number) => entries.push(Entry::new(name, number.to_string())),
        Value::String(text) => entries.push(Entry::new(name, text.as_str())),
    }
    Ok(())
}

/// Lines of `NAME=value`. What is set twice has the value of the last time, as shells and dotenv libraries have it.
fn environment(text: &str) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let stripped =
            line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
        let (name, rest) = stripped
            .split_once('=')
            .map(|(name, rest)| (name.trim(), rest.trim_start()))
            .filter(|(name, _)| is_name(name))
            .with_context(|| format!("line {} is no NAME=value, no comment and not empty", at + 1))?;
        let mut value = rest.to_owned();
        if let Some(quote) = rest.chars().next().filter(|char| matches!(char, '"' | '\'')) {
            // A value in quotes may go on over the next lines.
            while closing(&value, quote).is_none() {
                let (_, more) = lines
                    .next()
                    .with_context(|| format!("the quote that opens in line {} is never closed", at + 1))?;
                value.push('\n');
                value.push_str(more);
            }
        }
        let value = unquoted(&value);
        entries.retain(|entry| entry.name != name);
        entries.push(Entry::new(name, value));
    }
    Ok(entries)
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        && !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// Where a quote that opens a text is closed. In double quotes a backslash takes the next character's meaning.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, char)| {
        let closes = char == quote && !escaped;
        escaped = quote == '"' && char == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// A value without its quotes and without a comment after it.
fn unquoted(text: &str) -> String {
    let Some(quote) = text.chars().next().filter(|char| matches!(char, '"' | '\'')) else {
        let end = text
            .match_indices('#')
            .map(|(at, _)| at)
            .find(|at| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with([' ', '\t'])));
        return end.and_then(|end| text.get(..end)).unwrap_or(text).trim_end().to_owned();
    };
    let inner = closing(text, quote).and_then(|end| text.get(1..end)).unwrap_or_default();
    if quote == '\'' {
        return inner.to_owned();
    }
    let mut value = String::new();
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        value.push(match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            (char, false) => char,
        });
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).unwrap().into_iter().map(|entry| (entry.name, entry.value.expose().clone())).collect()
    }

    #[test]
    fn an_environment_file_is_read_as_dotenv_libraries_read_it() {
        let table = [
            ("A=b", "b"),
            ("A = b ", "b"),
            ("export A=b", "b"),
            ("export\tA=b", "b"),
            ("\u{feff}A=b", "b"),
            ("A=b\r", "b"),
            ("A=\"b\"", "b"),
            ("A='b'", "b"),
            ("A=\"b c\" # why", "b c"),
            ("A='b # c'", "b # c"),
            ("A=b # why", "b"),
            ("A=b#c", "b#c"),
            ("A=# why", ""),
            ("A=", ""),
            ("A=\"\"", ""),
            ("A=a=b==", "a=b=="),
            (r#"A="b\"c\\d""#, "b\"c\\d"),
            (r#"A="b\nc""#, "b\nc"),
            (r"A='b\nc'", r"b\nc"),
            ("A=\"b\nc\"", "b\nc"),
            ("A=\"it's\"", "it's"),
            ("A=b'c", "b'c"),
        ];
        for (text, value) in table {
            assert_eq!(pairs(text), [("A".to_owned(), value.to_owned())], "{text:?}");
        }
    }

    #[test]
    fn comments_and_empty_lines_say_nothing_and_the_last_of_two_counts() {
        let text = "# A=1\n\n  # x\nA=1\nexported=2\nA=3\n";
        assert_eq!(pairs(text), [("exported".into(), "2".into()), ("A".into(), "3".into())]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn json_is_read_by_paths() {
        let text = r#"{ "upstox": { "access_token": "t", "expires_at": 1790000000, "ok": true, "none": null }, "list": [{ "a": "b" }] }"#;
        let expected = [
            ("list.0.a", "b"),
            ("upstox.access_token", "t"),
            ("upstox.expires_at", "1790000000"),
            ("upstox.none", ""),
            ("upstox.ok", "true"),
        ];
        let mut found = pairs(text);
        found.sort();
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line_and_never_shown() {
        for (text, said) in [
            ("A=1\ncanary", "line 2"),
            ("A=1\n\n1canary=x", "line 3"),
            ("A=\"canary\nB=1", "line 1"),
            ("{\n  \"a\": canary", "line 2"),
            ("{\"a\":\"canary", "line 1"),
            ("[canary]", "line 1"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(said) && !error.contains("canary"), "{text:?}: {error}");
        }
        let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        assert!(read(&deep).is_err());
    }

    #[test]
    fn names_are_compared_as_variables_have_them() {
        for (name, plain) in [
            ("accessToken", "ACCESS_TOKEN"),
            ("access_token", "ACCESS_TOKEN"),
            ("upstox.access-token", "ACCESS_TOKEN"),
            ("API_SESSION", "API_SESSION"),
            ("apiSession2", "API_SESSION2"),
        ] {
            assert_eq!(Entry::new(name, "").plain(), plain);
        }
        assert_eq!((Entry::new("a.b.c", "").parent(), Entry::new("c", "").parent()), ("a.b", ""));
    }

    #[test]
    fn an_entry_does_not_print_its_value() {
        assert!(!format!("{:?}", read("A=canary").unwrap()).contains("canary"));
    }
}
