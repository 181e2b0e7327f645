use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use serde_json::{Value, json};

use super::*;
use crate::config::ConfigErrorKind;

const SERVICES: [&str; 2] = ["orders", "quotes"];

/// The configuration of `ALERT_OPS`, or what is wrong with its shape as `field: problem`.
fn read(value: &Value) -> Result<AlertConfig, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let config = AlertConfig::read("ALERT_OPS", "ops", value, &mut errors);
    assert!(config.is_some() || !errors.is_empty());
    assert!(errors.iter().all(|error| error.variable == "ALERT_OPS" && error.kind == ConfigErrorKind::Shape));
    // A field that nobody knows leaves the others as they are.
    config.filter(|_| errors.is_empty()).ok_or(errors)
}

fn fields(value: &Value) -> Vec<String> {
    let name = |error: ConfigError| error.field.unwrap_or_default();
    read(value).err().unwrap_or_default().into_iter().map(name).collect()
}

/// What is wrong with the meaning of it, while these secrets are set.
fn meaning(value: &Value, secrets: &[&str]) -> Vec<String> {
    let variables = secrets.iter().fold(Variables::new(), |all, secret| all.secret(secret));
    let mut errors = Vec::new();
    read(value).unwrap().check(&SERVICES, &variables, &mut errors);
    assert!(errors.iter().all(|error| error.kind == ConfigErrorKind::Meaning));
    errors.iter().map(ToString::to_string).collect()
}

fn mail() -> Value {
    json!({ "url": "https://mail.example/emails", "format": "mail", "from": "a@example.com", "to": ["b@example.com"] })
}

#[test]
fn a_url_is_enough_and_then_everything_is_told_in_json() {
    let config = read(&json!({ "url": "https://ops.example/alerts" })).unwrap();
    assert_eq!(config.format, AlertFormat::Json);
    assert_eq!(config.url.as_ref().map(ToString::to_string).as_deref(), Some("https://ops.example/alerts"));
    assert!(KINDS.iter().all(|kind| config.wants("orders", kind) && config.wants("quotes", kind)));
    assert_eq!(read(&json!({})).unwrap().url, None, "a secret may say it");
}

#[test]
fn who_wants_less_is_told_less() {
    let config = read(
        &json!({ "url": "http://127.0.0.1:9100/x", "services": ["orders"], "kinds": ["human_needed", "renewed"] }),
    );
    let config = config.unwrap();
    for (service, kind, wanted) in [
        ("orders", "human_needed", true),
        ("orders", "renewed", true),
        ("orders", "expiring_soon", false),
        ("quotes", "human_needed", false),
    ] {
        assert_eq!(config.wants(service, kind), wanted, "{service} {kind}");
    }
}

#[test]
fn a_mail_has_a_sender_and_receivers() {
    let config = read(&mail()).unwrap();
    let to = ["b@example.com".to_string()].into();
    assert_eq!(config.format, AlertFormat::Mail { from: "a@example.com".to_string(), to });
    for (from, good) in [
        ("Everlit alerts <alerts@ops.example.com>", true),
        ("Órder desk <a+b@example.com>", true),
        ("a@example.com\r\nBcc: x@example.com", false),
        ("Alerts\u{0} <a@example.com>", false),
        ("<a@example.com>", false),
        ("Alerts <a@example.com", false),
        ("Alerts <a@example.com> x", false),
        ("Alerts<a@example.com>", false),
        ("A, B <a@example.com>", false),
        ("alerts", false),
        ("@example.com", false),
        ("a@", false),
        ("a@b@c", false),
        ("a b@example.com", false),
        ("", false),
    ] {
        let mut value = mail();
        value["from"] = from.into();
        assert_eq!(fields(&value), if good { &[][..] } else { &["from"] }, "{from:?}");
    }
    for (to, good) in [
        (json!(["b@example.com", "c@example.com"]), true),
        (json!([]), false),
        (json!("b@example.com"), false),
        (json!(["b@example.com", "b@example.com"]), false),
        (json!(["B <b@example.com>"]), false),
        (json!([["b@example.com"]]), false),
        (json!(["b".repeat(100_000) + "@example.com"]), false),
        (json!((0..51).map(|at| format!("b{at}@example.com")).collect::<Vec<_>>()), false),
    ] {
        let mut value = mail();
        value["to"] = to.clone();
        assert_eq!(fields(&value), if good { &[][..] } else { &["to"] }, "{to:.80}");
    }
    assert_eq!(fields(&json!({ "format": "mail" })), ["from", "to"]);
    assert_eq!(fields(&json!({ "format": "chat", "from": "a@example.com", "to": [] })), ["from", "to"]);
}

#[test]
fn what_is_wrong_with_a_field_is_said_with_what_is_accepted() {
    for (value, field, expected) in [
        (json!("https://ops.example"), "", "a table such as"),
        (json!({ "uri": "https://ops.example" }), "uri", "one of: url, format, services, kinds, from, to"),
        (json!({ "url": "http://ops.example/x" }), "url", "http only for localhost"),
        (json!({ "url": "ftp://ops.example/x" }), "url", "https://ops.example/alerts"),
        (json!({ "url": "javascript:alert(1)" }), "url", "https://ops.example/alerts"),
        (json!({ "url": "https://user:pass@ops.example/x" }), "url", "without userinfo"),
        (json!({ "url": "https://ops.example/x#y" }), "url", "and fragment"),
        (json!({ "url": "https://ops.example/\r\nx" }), "url", "a URL"),
        (json!({ "url": format!("https://ops.example/{}", "x".repeat(100_000)) }), "url", "a URL"),
        (json!({ "url": 7 }), "url", "a URL"),
        (json!({ "url": null }), "url", "a URL"),
        (json!({ "format": "slack" }), "format", "\"json\", \"chat\" or \"mail\""),
        (json!({ "format": ["json"] }), "format", "\"json\", \"chat\" or \"mail\""),
        (json!({ "kinds": ["expired"] }), "kinds", "expiring_soon, renewal_failed, failed_repeatedly"),
        (
            json!({ "kinds": ["renewed", "renewed"] }),
            "kinds",
            "on_fallback, renewed, human_needed, human_answered",
        ),
        (json!({ "kinds": [] }), "kinds", "each one of"),
        (json!({ "kinds": "renewed" }), "kinds", "a list of kinds"),
        (json!({ "services": [] }), "services", "1 to 50"),
        (json!({ "services": ["Orders"] }), "services", "in lower case"),
        (json!({ "services": ["orders\n"] }), "services", "in lower case"),
    ] {
        let errors = read(&value).err().unwrap_or_default();
        assert_eq!(errors.len(), 1, "{value:.80}");
        let (error, shown) = (&errors[0], errors[0].to_string());
        assert_eq!(error.field.as_deref().unwrap_or_default(), field, "{value:.80}");
        assert!(shown.contains(expected), "{shown} lacks {expected}");
        assert!(shown.len() < 400, "{} characters", shown.len());
    }
}

#[test]
fn its_secrets_must_be_set_and_its_services_be_there() {
    let json = json!({ "url": "https://ops.example/alerts" });
    assert_eq!(meaning(&json, &["SECRET_ALERT_OPS_SIGNING_KEY"]), [""; 0]);
    assert_eq!(
        meaning(&json, &["SECRET_ALERT_SIGNING_KEY", "SECRET_ALERT_OTHER_SIGNING_KEY"]),
        [
            "SECRET_ALERT_OPS_SIGNING_KEY: is not set; expected 24 to 128 random bytes in base64, with or without `whsec_` in front, \
          as `openssl rand -base64 32` makes them, set by `wrangler secret put SECRET_ALERT_OPS_SIGNING_KEY`"
        ]
    );
    assert_eq!(meaning(&mail(), &["SECRET_ALERT_OPS_API_KEY"]), [""; 0]);
    assert_eq!(
        meaning(&mail(), &["SECRET_ALERT_OPS_SIGNING_KEY"]),
        [
            "SECRET_ALERT_OPS_API_KEY: is not set; expected the key of the mail API as it comes, without \"Bearer \" in front, \
          set by `wrangler secret put SECRET_ALERT_OPS_API_KEY`"
        ]
    );
    let chat = json!({ "format": "chat" });
    assert_eq!(meaning(&chat, &["SECRET_ALERT_OPS_URL"]), [""; 0]);
    let nowhere = meaning(&chat, &[]);
    assert!(
        nowhere.len() == 1 && nowhere[0].starts_with("ALERT_OPS.url: is missing; expected a URL"),
        "{nowhere:?}"
    );
    assert!(nowhere[0].ends_with("set by `wrangler secret put SECRET_ALERT_OPS_URL`"), "{nowhere:?}");
    let both = json!({ "format": "chat", "url": "https://chat.example/x" });
    assert_eq!(
        meaning(&both, &["SECRET_ALERT_OPS_URL"]),
        [
            "ALERT_OPS.url: is there twice; expected one of them: either `url`, or the secret SECRET_ALERT_OPS_URL"
        ]
    );
    let stray = json!({ "format": "chat", "url": "https://chat.example/x", "services": ["orders", "order"] });
    assert_eq!(
        meaning(&stray, &[]),
        ["ALERT_OPS.services: names a service that is not configured; expected a list of: orders, quotes"]
    );
}

#[test]
fn a_receiver_has_its_secrets_and_shows_none_of_them() {
    let key = format!("whsec_{}", crate::base64url::encode_classic(b"canary canary canary canary"));
    let given = |name: &str| {
        let text = match name {
            "SECRET_ALERT_OPS_URL" => " https://chat.example/canary?token=canary\n",
            "SECRET_ALERT_OPS_SIGNING_KEY" => &key,
            "SECRET_ALERT_OPS_API_KEY" => "canary-key\n",
            _ => return None,
        };
        Some(Secret::new(text.to_string()))
    };
    for value in [json!({ "format": "chat" }), json!({}), mail()] {
        let receiver = read(&value).unwrap().receiver(given).unwrap();
        assert_eq!(receiver.name, "ops");
        assert!(!format!("{receiver:?}").contains("canary"), "{receiver:?}");
        match (receiver.format, &value["format"]) {
            (Format::Chat, format) => assert_eq!(format, "chat"),
            (Format::Json(_), format) => assert_eq!(format, &Value::Null),
            (Format::Mail { api_key, .. }, format) => {
                assert_eq!(format, "mail");
                assert_eq!(api_key.expose(), "canary-key");
            }
        }
    }
    let chat = read(&json!({ "format": "chat" })).unwrap().receiver(given).unwrap();
    assert_eq!(chat.url.expose().to_string(), "https://chat.example/canary?token=canary");
}

#[test]
fn a_secret_that_is_none_is_named_and_not_shown() {
    let base64 = |bytes: &[u8]| crate::base64url::encode_classic(bytes);
    let long = "canary".repeat(20_000);
    for (value, secret, texts) in [
        (
            json!({ "url": "https://ops.example/x" }),
            "SECRET_ALERT_OPS_SIGNING_KEY",
            [
                "canary".to_string(),
                String::new(),
                base64(&[1; 23]),
                base64(&[1; 129]),
                format!("whpk_{}", base64(&[1; 32])),
                base64(&[0xfb; 32]).replace('+', "-").replace('/', "_"),
                base64(&[1; 32]).trim_end_matches('=').to_string(),
                long.clone(),
            ]
            .to_vec(),
        ),
        (
            mail(),
            "SECRET_ALERT_OPS_API_KEY",
            [
                "Bearer canary".to_string(),
                " ".to_string(),
                "canary\r\nx: y".to_string(),
                "c\u{e9}".to_string(),
                long,
            ]
            .to_vec(),
        ),
        (
            json!({ "format": "chat" }),
            "SECRET_ALERT_OPS_URL",
            [
                "http://canary.example/x".to_string(),
                "canary".to_string(),
                "https://canary.example/a b".to_string(),
            ]
            .to_vec(),
        ),
    ] {
        let config = read(&value).unwrap();
        for text in texts {
            let error =
                config.receiver(|name| (name == secret).then(|| Secret::new(text.clone()))).unwrap_err();
            assert_eq!(error.variable, secret, "{text:.40}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("canary") && shown.len() < 600, "{shown}");
        }
        let error = config.receiver(|_| None).unwrap_err();
        assert_eq!((error.variable.as_str(), error.problem), (secret, "is not set"));
    }
    // As long as it has to be, and as long as it may be.
    let config = read(&json!({ "url": "https://ops.example/x" })).unwrap();
    for length in [24, 32, 64, 128] {
        for prefix in ["", "whsec_"] {
            let text = format!(" {prefix}{}\n", base64(&alloc::vec![7; length]));
            assert!(config.receiver(|_| Some(Secret::new(text.clone()))).is_ok(), "{length}");
        }
    }
}
