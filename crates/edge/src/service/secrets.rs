//! What is told of the secrets that a service lives by: whether each is set, since when, and whether that is too long. Never a value.

use everlit_core::time::Timestamp;
use serde_json::{Value, json};

use super::status::length;
use crate::config::AlertConfig;
use crate::config::services::{CallerConfig, ServiceConfig, ServicesConfig};
use crate::keys;

/// The secrets of a service, as this caller may know of them: the app's, the session keys, and its own key. An operator also sees those
/// of all who use the service, and of all who are told of it.
#[must_use]
pub fn told(
    config: &ServicesConfig,
    service: &ServiceConfig,
    caller: &CallerConfig,
    now: Timestamp,
) -> Value {
    let name = service.name.as_str();
    let versions = (keys::FIRST_VERSION..=u8::MAX).filter_map(keys::secret_name);
    let session_keys = versions.filter(|name| config.secrets().is_set(name));
    let is_shown =
        |other: &&CallerConfig| other.name == caller.name || (caller.operator && other.may_use(name));
    let callers = config.callers().iter().filter(is_shown).map(CallerConfig::secret_name);
    let is_about = |alert: &&AlertConfig| caller.operator && alert.is_about(name);
    let receivers = config.alerts().iter().filter(is_about).flat_map(AlertConfig::secret_names);
    let names = core::iter::once(service.secret_name()).chain(session_keys).chain(callers).chain(receivers);
    names.map(|name| one(config, &name, now)).collect()
}

fn one(config: &ServicesConfig, name: &str, now: Timestamp) -> Value {
    let secrets = config.secrets();
    let age = secrets.age(name, now);
    let old = age.map(|age| age >= secrets.max_age);
    let advice = match old {
        Some(true) => Some("It is older than max_age in SECRETS_SET_AT: set a new one, and its day there."),
        Some(false) => None,
        None => Some("Nobody wrote down when it was set: SECRETS_SET_AT says it, as no platform does."),
    };
    json!({
        "name": name,
        "set": secrets.is_set(name),
        "source": "secret",
        "age_in": length(age),
        "old": old,
        "advice": advice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;
    use crate::date::parse_day;
    use alloc::string::String;
    use alloc::vec::Vec;
    use everlit_core::time::Millis;

    fn config(set_at: &str) -> ServicesConfig {
        let table = |services: &str, more: &str| ["{\"services\": [", services, "]", more, "}"].concat();
        let variables = Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "615b"}"#)
            .text("SERVICE_KITE", r#"{"provider": "kite", "client_id": "k", "account": "AB1234"}"#)
            .text("CALLER_REPORTS", &table("\"upstox\"", ""))
            .text("CALLER_NIGHT", &table("\"kite\"", ""))
            .text("CALLER_DESK", &table("\"upstox\", \"kite\"", ", \"operator\": true"))
            .text("ALERT_OPS", r#"{"url": "https://ops.example/alerts", "services": ["upstox"]}"#)
            .text("ALERT_CHAT", r#"{"format": "chat"}"#)
            .text("ALERT_NIGHT", r#"{"url": "https://ops.example/night", "services": ["kite"]}"#)
            .text("SECRETS_SET_AT", set_at);
        let secrets = [
            "SECRET_SESSION_KEY_2",
            "SECRET_SESSION_KEY_10",
            "SECRET_UPSTOX_CLIENT_SECRET",
            "SECRET_KITE_CLIENT_SECRET",
            "SECRET_CALLER_REPORTS_KEY",
            "SECRET_CALLER_NIGHT_KEY",
            "SECRET_CALLER_DESK_KEY",
            "SECRET_ALERT_OPS_SIGNING_KEY",
            "SECRET_ALERT_NIGHT_SIGNING_KEY",
            "SECRET_ALERT_CHAT_URL",
        ];
        ServicesConfig::parse(&secrets.iter().fold(variables, |known, name| known.secret(name))).unwrap()
    }

    fn of(config: &ServicesConfig, caller: &str) -> Vec<Value> {
        let caller = config.callers().iter().find(|known| known.name == caller).unwrap();
        let now = parse_day("2026-03-02").unwrap().after(Millis::from_secs(3_600));
        let told = told(config, config.service("upstox").unwrap(), caller, now);
        told.as_array().unwrap().clone()
    }

    #[test]
    fn a_caller_sees_its_own_key_and_an_operator_those_of_all_who_have_to_do_with_the_service() {
        let config = config("{}");
        let names = |caller| -> Vec<String> {
            of(&config, caller).iter().map(|one| one["name"].as_str().unwrap().into()).collect()
        };
        let ours = ["SECRET_UPSTOX_CLIENT_SECRET", "SECRET_SESSION_KEY_2", "SECRET_SESSION_KEY_10"];
        assert_eq!(names("reports"), [&ours[..], &["SECRET_CALLER_REPORTS_KEY"]].concat());
        let others = [
            "SECRET_CALLER_DESK_KEY",
            "SECRET_CALLER_REPORTS_KEY",
            "SECRET_ALERT_CHAT_URL",
            "SECRET_ALERT_OPS_SIGNING_KEY",
        ];
        assert_eq!(names("desk"), [&ours[..], &others].concat());
    }

    #[test]
    fn one_that_is_old_is_told_with_what_to_do_and_one_of_which_nobody_knows_too() {
        let config = config(
            r#"{"max_age": "30d", "SECRET_UPSTOX_CLIENT_SECRET": "2026-01-31", "SECRET_SESSION_KEY_2": "2026-01-31",
                "SECRET_SESSION_KEY_10": "2026-02-01", "SECRET_CALLER_NIGHT_KEY": "1999-01-01"}"#,
        );
        let told = of(&config, "reports");
        let day = 86_400.0;
        let expected = [
            (json!(30.0 * day + 3_600.0), json!(true), "It is older than max_age"),
            (json!(30.0 * day + 3_600.0), json!(true), "It is older than max_age"),
            (json!(29.0 * day + 3_600.0), json!(false), ""),
            (Value::Null, Value::Null, "Nobody wrote down when"),
        ];
        for (one, (age, old, advice)) in told.iter().zip(expected) {
            assert_eq!((&one["set"], &one["source"]), (&json!(true), &json!("secret")));
            assert_eq!((&one["age_in"], &one["old"]), (&age, &old), "{one}");
            assert!(one["advice"].as_str().unwrap_or_default().starts_with(advice), "{one}");
            assert_eq!(one["advice"].is_null(), advice.is_empty(), "{one}");
        }
    }
}
