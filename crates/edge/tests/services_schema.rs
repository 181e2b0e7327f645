//! The shipped JSON Schema of the services Worker's variables and the parser accept and refuse the same documents, as `schema.rs` holds
//! it for the edge Worker's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use everlit_edge::alert::KINDS;
use everlit_edge::config::services::ServicesConfig;
use everlit_edge::config::{ConfigErrorKind, Variables};
use everlit_edge::provider::{DESCRIPTIONS, servers};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../services.schema.json")).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a JSON Schema 2020-12");
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Whether the parser finds every variable in shape. Meaning, which no schema sees, is another matter.
fn in_shape(vars: &Value) -> bool {
    let mut variables = Variables::new();
    for (name, value) in vars.as_object().unwrap() {
        variables = variables.json(name, value.clone());
    }
    let errors = ServicesConfig::parse(&variables).err().unwrap_or_default();
    errors.iter().all(|error| error.kind != ConfigErrorKind::Shape)
}

fn good() -> Value {
    json!({
        "ORIGINS": ["https://app.example"],
        "SERVICE_UPSTOX": { "provider": "upstox", "client_id": "615b1297" },
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut vars = good();
    vars[name] = value;
    vars
}

fn service(field: &str, value: Value) -> Value {
    let mut vars = good();
    vars["SERVICE_UPSTOX"][field] = value;
    vars
}

fn secrets(field: &str, value: Value) -> Value {
    with("SECRETS_SET_AT", json!({ field: value }))
}

fn caller(field: &str, value: Value) -> Value {
    let mut caller = json!({ "services": ["upstox"] });
    caller[field] = value;
    with("CALLER_REPORTS", caller)
}

fn alert(field: &str, value: Value) -> Value {
    let mut alert = json!({ "url": "https://ops.example/alerts" });
    alert[field] = value;
    with("ALERT_OPS", alert)
}

fn mail(field: &str, value: Value) -> Value {
    let mut mail = json!({ "format": "mail", "from": "a@example.com", "to": ["b@example.com"] });
    mail[field] = value;
    with("ALERT_OPS", mail)
}

fn without(variable: &str, field: &str) -> Value {
    let mut vars = mail("url", json!("https://mail.example"));
    vars["CALLER_REPORTS"] = json!({ "services": ["upstox"], "operator": true });
    vars[variable].as_object_mut().unwrap().remove(field);
    vars
}

#[test]
fn good_documents_are_good_to_both() {
    let validator = validator();
    for vars in [
        good(),
        with("ORIGINS", json!(["https://a.example:8443", "http://localhost:8787", "http://[::1]:1"])),
        with("MY_OWN", json!(7)),
        with("SERVICE_A_1", json!({ "provider": "kite", "client_id": "~ !" })),
        // Known, and not served yet, which no schema says.
        service("provider", json!("schwab")),
        service("client_id", json!("app+key=1!")),
        service("client_id", json!(" é \n")),
        service("account", json!("AB1234")),
        service("origin", json!("http://127.0.0.1:9000")),
        service("login_url", json!("https://login.example/a/b;c")),
        service("login_url", json!("http://shop.localhost:1")),
        service("token_url", json!("https://as.example/token?tenant=1")),
        service("revocation_url", json!("https://as.example/token?tenant=1")),
        service("grant", json!("client_credentials")),
        service("grant", json!("refresh_token")),
        service("scopes", json!(["orders:read", "x"])),
        service("grace", json!("okta")),
        service("grace", json!({ "window": "30s", "replay": "same_pair" })),
        service("cutoffs", json!(["03:30", "23:59", "00:00", "12:00"])),
        service("cap", json!("24h")),
        service("check_every", json!("5m")),
        service("validate_every", json!("99999d")),
        service("lead", json!("90s")),
        service("warn_at", json!(["3h", "30m"])),
        service("rate", json!("99999/1s")),
        service("call_rate", json!("10/1s")),
        service("push", json!(false)),
        service("page", json!("https://app.example/accounts")),
        // An address of somebody else's is nothing that a schema sees.
        service("page", json!("https://other.example")),
        with("SECRETS_SET_AT", json!({})),
        secrets("max_age", json!("365d")),
        secrets("SECRET_SESSION_KEY", json!("2026-01-31")),
        secrets("SECRET_SESSION_KEY_2", json!("2028-02-29")),
        secrets("SECRET_OF_NOTHING", json!("2000-02-29")),
        service("users", json!("all")),
        service("users", json!({ "claim": "sub", "values": ["ada", "\u{f6}"] })),
        service("operators", json!({ "claim": "email", "values": ["ada@example.com"] })),
        caller("operator", json!(true)),
        caller("services", json!(["upstox", "b_2"])),
        // A service that there is not is nothing that a schema sees.
        caller("services", json!(["other"])),
        with("ALERT_OPS", json!({})),
        alert("format", json!("json")),
        alert("format", json!("chat")),
        alert("url", json!("http://localhost:9100?x=1&y={}".replace("{}", "%7B"))),
        alert("services", json!(["upstox", "b_2"])),
        alert("kinds", json!(KINDS)),
        mail("from", json!("a+b@example.com")),
        mail("from", json!("Ops & Co. <a@example.com>")),
        mail("to", json!(["a@example.com", "b@example.com"])),
    ] {
        assert!(in_shape(&vars), "the parser refuses {vars}");
        assert!(validator.is_valid(&json!({ "vars": vars })), "the schema refuses {vars}");
        assert!(validator.is_valid(&json!({ "env": { "staging": { "vars": vars } } })), "{vars}");
    }
}

#[test]
fn bad_documents_are_bad_to_both() {
    let validator = validator();
    for vars in [
        json!({}),
        json!({ "ORIGINS": ["https://app.example"] }),
        json!({ "SERVICE_UPSTOX": good()["SERVICE_UPSTOX"] }),
        with("ORIGINS", json!([])),
        with("ORIGINS", json!(["https://app.example/"])),
        with("ORIGINS", json!(["http://app.example"])),
        with("ORIGIN", json!(["https://app.example"])),
        with("SERVICE", json!({})),
        with("SERVICES", json!({})),
        with("SERVICES_UPSTOX", json!({})),
        with("SERVICE_upstox", json!({})),
        with("SERVICE_", json!({})),
        with("SERVICE_1", json!({})),
        with(&format!("SERVICE_{}", "A".repeat(33)), good()["SERVICE_UPSTOX"].clone()),
        with("CALLERS_A", json!({})),
        with("CALLER_a", json!({ "services": ["upstox"] })),
        with("ALERT", json!({})),
        with("ALERTS_A", json!({})),
        with("ALERT_A-B", json!({})),
        without("SERVICE_UPSTOX", "provider"),
        without("SERVICE_UPSTOX", "client_id"),
        without("CALLER_REPORTS", "services"),
        without("ALERT_OPS", "from"),
        without("ALERT_OPS", "to"),
        service("provider", json!("upstocks")),
        service("provider", json!(["upstox"])),
        service("client_id", json!("")),
        service("cutoffs", json!("03:30")),
        service("cutoffs", json!(["3:30"])),
        service("cutoffs", json!(["24:00"])),
        service("cutoffs", json!(["03:60"])),
        service("cutoffs", json!(["03:30", "03:30"])),
        service("cutoffs", json!(["01:00", "02:00", "03:00", "04:00", "05:00"])),
        service("cap", json!(24)),
        service("cap", json!("1 day")),
        service("client_id", json!(" \t")),
        service("client_id", json!("a\u{7}b")),
        service("client_id", json!("x".repeat(257))),
        service("client_id", json!(615)),
        service("account", json!("")),
        service("origin", json!("https://api.example/v2")),
        service("origin", json!("http://api.example")),
        service("login_url", json!("https://login.example?x=1")),
        service("login_url", json!("/login")),
        service("login_url", json!("http://login.example")),
        service("token_url", json!("as.example/token")),
        service("revocation_url", json!("as.example/token")),
        service("token_url", json!("https://as.example/token#x")),
        service("revocation_url", json!("https://as.example/token#x")),
        service("grant", json!("password")),
        service("scopes", json!([])),
        service("scopes", json!(["a b"])),
        service("scopes", json!(["a", "a"])),
        service("grace", json!("Okta")),
        service("grace", json!({ "windou": "30s" })),
        service("check_every", json!(300)),
        service("validate_every", json!("1w")),
        service("lead", json!("0s")),
        service("warn_at", json!([])),
        service("warn_at", json!("30m")),
        service("warn_at", json!(["30m", "30m"])),
        service("warn_at", json!(["1s", "2s", "3s", "4s", "5s", "6s", "7s", "8s", "9s"])),
        service("rate", json!("60")),
        service("call_rate", json!(600)),
        service("push", json!("yes")),
        service("page", json!("/accounts")),
        service("page", json!("http://app.example/accounts")),
        service("page", json!("https://app.example/accounts?ticket=1")),
        service("page", json!("https://app.example/#accounts")),
        service("secret_set_at", json!("2026-01-31")),
        with("SECRETS", json!({})),
        with("SECRETS_SET", json!({})),
        with("SECRETS_SET_AT", json!("2026-01-31")),
        with("SECRETS_SET_ATS", json!({})),
        secrets("max_age", json!("a year")),
        secrets("MAX_AGE", json!("365d")),
        secrets("SESSION_KEY", json!("2026-01-31")),
        secrets("secret_session_key", json!("2026-01-31")),
        secrets(&format!("SECRET_{}", "A".repeat(58)), json!("2026-01-31")),
        secrets("SECRET_SESSION_KEY", json!("2026-02-29")),
        secrets("SECRET_SESSION_KEY", json!("2100-02-29")),
        secrets("SECRET_SESSION_KEY", json!("2026-13-01")),
        secrets("SECRET_SESSION_KEY", json!("2026-04-31")),
        secrets("SECRET_SESSION_KEY", json!("2026-1-031")),
        secrets("SECRET_SESSION_KEY", json!(" 2026-01-31")),
        secrets("SECRET_SESSION_KEY", json!("31.01.2026")),
        service("client_secret", json!("canary")),
        service("operators", json!({ "claim": "email", "any": ["a@example.com"] })),
        service("operators", json!("all")),
        service("operators", json!(["ada"])),
        service("operators", json!({ "claim": "email" })),
        service("users", json!("everybody")),
        service("users", json!(true)),
        service("users", json!({})),
        service("users", json!({ "claim": "name", "values": ["Ada"] })),
        service("users", json!({ "claim": "sub", "values": [] })),
        service("users", json!({ "claim": "sub", "values": [""] })),
        service("users", json!({ "claim": "sub", "values": ["ada", "ada"] })),
        service("users", json!({ "claim": "sub", "values": "ada" })),
        caller("services", json!([])),
        caller("services", json!("upstox")),
        caller("services", json!(["Upstox"])),
        caller("services", json!(["upstox", "upstox"])),
        caller("operator", json!("yes")),
        caller("key", json!("canary")),
        caller("rate", json!("60/1m")),
        alert("url", json!("http://ops.example/alerts")),
        alert("url", json!("https://user@ops.example/")),
        alert("url", json!("https://ops.example/#x")),
        alert("url", json!("https://ops.example/a b")),
        alert("format", json!("slack")),
        alert("services", json!([])),
        alert("services", json!(["1x"])),
        alert("kinds", json!([])),
        alert("kinds", json!(["expired"])),
        alert("kinds", json!(["renewed", "renewed"])),
        alert("from", json!("a@example.com")),
        alert("to", json!(["a@example.com"])),
        alert("signing_key", json!("canary")),
        mail("from", json!("Ops")),
        mail("from", json!("Ops<a@example.com>")),
        mail("from", json!(" <a@example.com>")),
        mail("from", json!("Ops, Co <a@example.com>")),
        mail("from", json!("Ops <a@example.com> x")),
        mail("to", json!([])),
        mail("to", json!("a@example.com")),
        mail("to", json!(["a@b@example.com"])),
        mail("to", json!(["Ops <a@example.com>"])),
        mail("to", json!(["a@example.com", "a@example.com"])),
    ] {
        assert!(!in_shape(&vars), "the parser accepts {vars}");
        assert!(!validator.is_valid(&json!({ "vars": vars })), "the schema accepts {vars}");
        assert!(!validator.is_valid(&json!({ "env": { "staging": { "vars": vars } } })), "{vars}");
    }
}

#[test]
fn an_editor_knows_the_same_providers_and_kinds() {
    let schema = schema();
    let names = DESCRIPTIONS.map(|description| description.name);
    assert_eq!(schema["$defs"]["service"]["properties"]["provider"]["enum"], json!(names));
    let servers = servers::SERVERS.map(|server| server.name);
    assert_eq!(schema["$defs"]["server"]["enum"], json!(servers));
    assert_eq!(schema["$defs"]["alert"]["properties"]["kinds"]["items"]["enum"], json!(KINDS));
}

/// A text that is nearly right, in one of the many ways there are.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(https|http|HTTPS|ftp)://[a-zA-Z0-9.:@-]{0,12}(localhost|127\\.0\\.0\\.1|app\\.example|\\[::1\\])?(:[0-9]{0,6})?([/?][a-z.%?#{^]{0,4})?",
        "[0-9]{0,6}[smhdw ]?",
        "[0-9]{1,3}/[0-9]{0,2}[smhdw]",
        " ?(19|20|23)[0-9]{2}-[0-3][0-9]-[0-3][0-9] ?",
        "([A-Za-z,.\"]{0,4} ?<)?[a-z+.:@]{0,4}@[a-z.@]{0,6}>?",
        "(upstox|breeze|kite|oidc|json|chat|mail|renewed|human_needed|a_1|A| )",
        "\\PC{0,6}",
        "[ -~\n\t\u{7f}\u{85}]{0,6}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    prop_oneof![
        4 => leaf.clone(),
        2 => prop::collection::vec(leaf.clone(), 0..4).prop_map(Value::from),
        1 => prop::collection::btree_map(text(), leaf, 0..3).prop_map(|map| Value::Object(Map::from_iter(map))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn parser_and_schema_agree_on_whatever_is_put_together(
        place in 0_usize..8,
        field in prop::sample::select(vec![
            "provider", "client_id", "account", "origin", "login_url", "token_url", "grant", "scopes", "grace", "check_every", "validate_every", "lead", "warn_at", "rate", "call_rate",
            "push", "page", "users", "operators", "max_age", "SECRET_SESSION_KEY", "SECRET_x", "services", "operator", "url", "format", "kinds", "from", "to", "other",
        ]),
        name in "(ORIGIN|SERVICE|CALLER|ALERT|SECRET|X)S?(_SET_AT|_[A-Z0-9a-z_]{0,3})?",
        value in value(),
    ) {
        // A fresh schema for each case would take minutes.
        std::thread_local!(static VALIDATOR: Validator = validator());
        let vars = match place {
            0 => with("ORIGINS", value),
            1 | 2 => service(field, value),
            3 => caller(field, value),
            4 => alert(field, value),
            5 => mail(field, value),
            6 => secrets(field, value),
            _ => with(&name, value),
        };
        let says = VALIDATOR.with(|validator| validator.is_valid(&json!({ "vars": vars })));
        prop_assert_eq!(in_shape(&vars), says, "{}", vars);
    }
}
