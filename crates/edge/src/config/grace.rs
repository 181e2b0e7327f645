//! `grace` of a provider: the name of a server that is known, or its four facts, or some of them over a name.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::time::Millis;
use serde_json::Value;

use super::ConfigError;
use super::duration::parse_duration;
use super::table::Table;
use crate::provider::{Blast, Depth, GraceProfile, Replay, Window, servers};

const FIELDS: [&str; 5] = ["profile", "window", "replay", "depth", "blast"];
const WINDOW: &str = "\"none\", \"unlimited\", or a duration: a whole number from 1 to 99999 and a unit, such as \"30s\" or \"5m\"";
/// What is expected beside a window that says what for.
pub(super) const FORGIVING: &str =
    "beside a window also what a replay returns: replay = \"same_pair\", \"new_sibling\" or \"active_token\"";

const REPLAYS: [(&str, Replay); 4] = [
    ("refused", Replay::Refused),
    ("same_pair", Replay::SamePair),
    ("new_sibling", Replay::NewSibling),
    ("active_token", Replay::ActiveToken),
];
const DEPTHS: [(&str, Depth); 2] = [("previous", Depth::Previous), ("any", Depth::Any)];
const BLASTS: [(&str, Blast); 3] =
    [("token", Blast::Token), ("family", Blast::Family), ("client_and_user", Blast::ClientAndUser)];

/// Reads it; the strictest where it is absent.
pub(super) fn read(
    variable: &str,
    value: Option<&Value>,
    errors: &mut Vec<ConfigError>,
) -> Option<GraceProfile> {
    let Some(value) = value else { return Some(GraceProfile::STRICT) };
    if let Some(fields) = value.as_object() {
        let table = Table::of(variable, "grace.", fields, &FIELDS, errors);
        let known = alloc::format!("one of: {}", names());
        let base = table.field("profile", &known, errors, Some(GraceProfile::STRICT), profile)?;
        let window =
            table.field("window", WINDOW, errors, Some(base.window), |value| window(value.as_str()?));
        let replay = choice(&table, "replay", &REPLAYS, base.replay, errors);
        let depth = choice(&table, "depth", &DEPTHS, base.depth, errors);
        let blast = choice(&table, "blast", &BLASTS, base.blast, errors);
        return Some(GraceProfile { window: window?, replay: replay?, depth: depth?, blast: blast? });
    }
    let profile = profile(value);
    if profile.is_none() {
        let expected = alloc::format!(
            "one of: {}; or a table such as {{ profile = \"okta\", window = \"60s\" }} or {{ window = \"30s\", replay = \"same_pair\" }}",
            names()
        );
        errors.push(ConfigError::shape(variable, Some("grace"), "is not what it should be", &expected));
    }
    profile
}

fn profile(value: &Value) -> Option<GraceProfile> {
    servers::named(value.as_str()?).map(|server| server.grace)
}

fn window(text: &str) -> Option<Window> {
    match text {
        "none" => Some(Window::None),
        "unlimited" => Some(Window::Unlimited),
        _ => parse_duration(text).filter(|length| *length > Millis::ZERO).map(Window::For),
    }
}

fn choice<T: Copy + PartialEq>(
    table: &Table<'_>,
    field: &str,
    words: &[(&'static str, T)],
    default: T,
    errors: &mut Vec<ConfigError>,
) -> Option<T> {
    let known: Vec<String> = words.iter().map(|(word, _)| alloc::format!("\"{word}\"")).collect();
    let read = |value: &Value| {
        let text = value.as_str()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
    };
    table.field(field, &alloc::format!("one of: {}", known.join(", ")), errors, Some(default), read)
}

fn names() -> String {
    servers::SERVERS.map(|server| alloc::format!("\"{}\"", server.name)).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use serde_json::json;

    fn good(value: &Value) -> GraceProfile {
        let mut errors = Vec::new();
        let grace = read("PROVIDER_X", Some(value), &mut errors);
        assert_eq!(errors, [], "{value}");
        grace.unwrap()
    }

    fn bad(value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        assert_eq!(read("PROVIDER_X", Some(value), &mut errors), None, "{value}");
        errors.into_iter().filter_map(|error| error.field).collect()
    }

    #[test]
    fn a_name_a_table_or_both() {
        let thirty = Window::For(Millis::from_secs(30));
        assert_eq!(read("PROVIDER_X", None, &mut Vec::new()), Some(GraceProfile::STRICT));
        assert_eq!(good(&json!("strict")), GraceProfile::STRICT);
        assert_eq!(good(&json!({})), GraceProfile::STRICT);
        assert_eq!(good(&json!("okta")).window, thirty);
        let auth0 = servers::named("auth0").unwrap().grace;
        assert_eq!(
            good(&json!({ "profile": "auth0", "window": "30s" })),
            GraceProfile { window: thirty, ..auth0 }
        );
        assert_eq!(
            good(
                &json!({ "window": "unlimited", "replay": "same_pair", "depth": "any", "blast": "client_and_user" })
            ),
            GraceProfile {
                window: Window::Unlimited,
                replay: Replay::SamePair,
                depth: Depth::Any,
                blast: Blast::ClientAndUser
            }
        );
    }

    #[test]
    fn every_wrong_part_is_named() {
        assert_eq!(bad(&json!("Auth0")), ["grace"]);
        assert_eq!(bad(&json!(30)), ["grace"]);
        assert_eq!(bad(&json!(["auth0"])), ["grace"]);
        assert_eq!(bad(&json!({ "profile": "auth1" })), ["grace.profile"]);
        assert_eq!(bad(&json!({ "window": 30, "depth": 1 })), ["grace.window", "grace.depth"]);
        assert_eq!(bad(&json!({ "replay": "same pair", "blast": "user" })), ["grace.replay", "grace.blast"]);
        let mut errors = Vec::new();
        read("PROVIDER_X", Some(&json!({ "windows": "30s" })), &mut errors);
        assert_eq!(
            errors[0].to_string(),
            "PROVIDER_X.grace.windows: is not a field of this table; expected one of: profile, window, replay, depth, blast"
        );
    }
}
