//! The shipped JSON Schema and the Worker's parser accept and refuse the same documents.
//!
//! The schema is what an editor shows while somebody types, the parser is what counts. They are written apart, so they are
//! held together here: by a table of documents, and by documents put together at random from good and bad pieces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use everlit_edge::config::{Config, ConfigErrorKind, Variables};
use everlit_edge::provider::servers;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(include_str!("../config.schema.json")).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a JSON Schema 2020-12");
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Whether the parser finds every variable in shape. Meaning, which no schema sees, is another matter.
fn in_shape(vars: &Value) -> bool {
    let mut variables = Variables::new();
    for (name, value) in vars.as_object().unwrap() {
        variables = variables.json(name, value.clone());
    }
    let errors = Config::parse(&variables).err().unwrap_or_default();
    errors.iter().all(|error| error.kind != ConfigErrorKind::Shape)
}

fn good() -> Value {
    json!({
        "ORIGINS": ["https://app.example"],
        "PROVIDER_DEMO": { "kind": "oidc", "issuer": "https://as.example", "client_id": "app" },
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut vars = good();
    vars[name] = value;
    vars
}

fn provider(field: &str, value: Value) -> Value {
    let mut vars = good();
    vars["PROVIDER_DEMO"][field] = value;
    vars
}

fn upstream(field: &str, value: Value) -> Value {
    let mut upstream = json!({ "origin": "https://api.example" });
    upstream[field] = value;
    with("UPSTREAM_API", upstream)
}

fn without(field: &str) -> Value {
    let mut vars = good();
    vars["PROVIDER_DEMO"].as_object_mut().unwrap().remove(field);
    vars
}

/// A Supabase project in the place of the provider, with these fields besides.
fn project(fields: Value) -> Value {
    let mut vars = good();
    let mut table = json!({ "kind": "supabase", "url": "https://x.supabase.co" });
    table.as_object_mut().unwrap().append(fields.as_object().cloned().as_mut().unwrap());
    vars["PROVIDER_DEMO"] = table;
    vars
}

#[test]
fn good_documents_are_good_to_both() {
    let validator = validator();
    for vars in [
        good(),
        with(
            "ORIGINS",
            json!(["https://a.example:8443", "http://localhost:8787", "http://127.0.0.1", "http://[::1]:1"]),
        ),
        with("APP_ORIGINS", json!(["https://shop.example", "https://a.shop.example"])),
        with("LIMITS", json!({})),
        with("LIMITS", json!({ "idle": "30m", "absolute": "99999d" })),
        with("LIMITS", json!({ "logins": "99999/1s", "refusals": "1/99999d" })),
        with("LIMITS", json!({ "idle": "2d", "absolute": "1d" })),
        with("MY_OWN", json!(7)),
        with(
            "PROVIDER_A_1",
            json!({ "kind": "oidc", "issuer": "http://shop.localhost:9000/x/", "client_id": "~ !" }),
        ),
        provider("scopes", json!(["openid"])),
        provider("scopes", json!(["api:read", "openid", "https://api.example/x"])),
        provider("client_auth", json!("client_secret_post")),
        provider("client_auth", json!("private_key_jwt")),
        provider("assertion_audience", json!("issuer")),
        provider("assertion_audience", json!("token_endpoint")),
        provider("dpop", json!("required")),
        provider("dpop", json!("never")),
        provider("response_mode", json!("query")),
        provider("response_mode", json!("form_post")),
        provider("end_session", json!("post")),
        provider("end_session", json!("get")),
        provider("end_session", json!("never")),
        provider("par", json!("required")),
        provider("par", json!("never")),
        provider("par", json!("where_offered")),
        provider("login", json!(true)),
        provider("prompt", json!("")),
        provider("parameters", json!({ "access_type": "offline", "x.y-z": "" })),
        provider("issuer", json!("https://as.example/realms/main@1/;x=1")),
        provider("grace", json!("auth0")),
        provider("grace", json!({})),
        provider("grace", json!({ "profile": "okta", "window": "60s" })),
        provider("grace", json!({ "window": "none", "replay": "refused", "depth": "any", "blast": "token" })),
        provider(
            "grace",
            json!({ "window": "unlimited", "replay": "same_pair", "blast": "client_and_user" }),
        ),
        // Nothing is forgiven in it, which no schema says.
        provider("grace", json!({ "window": "30s" })),
        provider("grant_idle", json!("30d")),
        provider("keep_grant", json!("never")),
        provider("keep_grant", json!("until_idle_limit")),
        provider("grants", json!("per_login")),
        provider("silent", json!([])),
        provider("silent", json!(["redirect", "frame"])),
        provider("silent", json!(["frame", "popup", "redirect"])),
        provider("grants", json!("shared")),
        upstream("path", json!("/")),
        upstream("path", json!("/v1/orders.d/")),
        upstream("path", json!("/.well-known")),
        upstream("methods", json!(["DELETE", "GET"])),
        upstream("mode", json!("mediating")),
        upstream("scopes", json!(["orders:read", "x"])),
        upstream("resource", json!("https://orders.example/v1?x=\"y\"")),
        upstream("resource", json!("urn:orders")),
        provider("refresh_ends_tokens", json!(true)),
        upstream("vault", json!("linked:demo")),
        upstream("vault", json!("service:desk_2")),
        upstream("origin", json!("https://1.2.3.4:65535")),
        project(json!({ "provider": "google" })),
        project(json!({ "provider": "custom:my_idp.1-x", "form": ["password", "code", "link"] })),
        project(json!({ "form": ["link"], "url": "http://localhost:54321/", "login": true })),
        project(json!({ "form": ["code"], "grant_idle": "7d", "keep_grant": "never" })),
    ] {
        assert!(in_shape(&vars), "the parser refuses {vars}");
        assert!(validator.is_valid(&json!({ "vars": vars })), "the schema refuses {vars}");
        assert!(validator.is_valid(&json!({ "env": { "staging": { "vars": vars } } })), "{vars}");
    }
}

#[test]
fn bad_documents_are_bad_to_both() {
    let validator = validator();
    let long = "x".repeat(300);
    for vars in [
        json!({}),
        json!({ "ORIGINS": ["https://app.example"] }),
        json!({ "PROVIDER_DEMO": good()["PROVIDER_DEMO"] }),
        with("APP_ORIGINS", json!([])),
        with("APP_ORIGINS", json!("https://shop.example")),
        with("APP_ORIGINS", json!(["https://shop.example/"])),
        with("APP_ORIGINS", json!(["https://*.example"])),
        with("APP_ORIGINS", json!(["null"])),
        with("APP_ORIGIN", json!(["https://shop.example"])),
        with("ORIGINS", json!([])),
        with("ORIGINS", json!("https://app.example")),
        with("ORIGINS", json!(["https://app.example", "https://app.example"])),
        with("ORIGINS", json!(["https://app.example/"])),
        with("ORIGINS", json!(["http://app.example"])),
        with("ORIGINS", json!(["https://App.example"])),
        with("ORIGINS", json!(["https://app.example:0"])),
        with("ORIGINS", json!(["https://app.example:65536"])),
        with("ORIGINS", json!(["https://app.example:080"])),
        with("ORIGINS", json!(["https://user@app.example"])),
        with("ORIGINS", json!(["https://127.1"])),
        with("ORIGINS", json!(["https://256.1.1.1"])),
        with("ORIGINS", json!(["https://app.example."])),
        with("ORIGINS", json!(["http://128.0.0.1"])),
        with("ORIGINS", json!(["http://localhost.example"])),
        with("ORIGINS", json!(["https://[2001:db8::1]"])),
        with("ORIGINS", json!([format!("https://{}.example", "a".repeat(64))])),
        with("ORIGINS", json!([7])),
        with("LIMITS", json!([])),
        with("LIMITS", json!("14d")),
        with("LIMITS", json!({ "idle": 14 })),
        with("LIMITS", json!({ "logins": 600 })),
        with("LIMITS", json!({ "logins_per_address": "600" })),
        with("LIMITS", json!({ "logins_per_browser": "0/1m" })),
        with("LIMITS", json!({ "callbacks_per_browser": "100000/1m" })),
        with("LIMITS", json!({ "rotations_per_session": "60/1w" })),
        with("LIMITS", json!({ "refusals": "60/m" })),
        with("LIMITS", json!({ "idle": "14" })),
        with("LIMITS", json!({ "idle": "0d" })),
        with("LIMITS", json!({ "idle": "014d" })),
        with("LIMITS", json!({ "idle": "100000d" })),
        with("LIMITS", json!({ "idle": "14d\n" })),
        with("LIMITS", json!({ "idel": "14d" })),
        with("ORIGIN", json!([])),
        with("LIMIT", json!({})),
        with("PROVIDER", json!({})),
        with("PROVIDERS_DEMO", json!({})),
        with("PROVIDER_demo", json!({})),
        with("PROVIDER_", json!({})),
        with("PROVIDER_1", json!({})),
        with(&format!("PROVIDER_{}", "A".repeat(33)), good()["PROVIDER_DEMO"].clone()),
        with("UPSTREAMS", json!({})),
        with("UPSTREAM_A-B", json!({ "origin": "https://api.example" })),
        without("kind"),
        without("issuer"),
        without("client_id"),
        provider("kind", json!("OIDC")),
        provider("issuer", json!("https://as.example?x")),
        provider("issuer", json!("https://as.example/#x")),
        provider("issuer", json!("https://as.example/a b")),
        provider("issuer", json!("https://as.example/é")),
        provider("issuer", json!("http://as.example")),
        provider("issuer", json!(format!("https://as.example/{}", "x".repeat(600)))),
        provider("client_id", json!("")),
        provider("client_id", json!("é")),
        provider("client_id", json!("a\n")),
        provider("client_id", json!(long)),
        provider("scopes", json!([])),
        provider("scopes", json!(["offline_access"])),
        provider("scopes", json!(["openid", "openid"])),
        provider("scopes", json!(["openid", "a b"])),
        provider("scopes", json!(["openid", "a\"b"])),
        provider("scopes", json!(["openid", "a\\b"])),
        provider("scopes", json!(["openid", ""])),
        provider("scopes", json!("openid")),
        provider("client_auth", json!("none")),
        provider("response_mode", json!("fragment")),
        provider("end_session", json!("where_offered")),
        provider("end_session", json!(true)),
        provider("assertion_audience", json!("token")),
        provider("assertion_audience", json!(["issuer"])),
        provider("dpop", json!(false)),
        provider("parameters", json!({ "dpop_jkt": "x" })),
        provider("par", json!(true)),
        provider("par", json!("always")),
        provider("login", json!("true")),
        provider("prompt", json!("none")),
        provider("parameters", json!({ "state": "x" })),
        provider("parameters", json!({ "x": 1 })),
        provider("parameters", json!({ "x y": "1" })),
        provider("parameters", json!({ "x": "\n" })),
        provider("parameters", json!([])),
        provider("client_secret", json!("canary")),
        provider("grace", json!("Auth0")),
        provider("grace", json!("")),
        provider("grace", json!("30s")),
        provider("grace", json!(true)),
        provider("grace", json!(null)),
        provider("grace", json!(["auth0"])),
        provider("grace", json!({ "profile": "acme" })),
        provider("grace", json!({ "window": 30 })),
        provider("grace", json!({ "window": "0s" })),
        provider("grace", json!({ "window": "None" })),
        provider("grace", json!({ "replay": "same-pair" })),
        provider("grace", json!({ "depth": 1 })),
        provider("grace", json!({ "blast": "user" })),
        provider("grace", json!({ "window_s": 30 })),
        provider("grant_idle", json!(30)),
        provider("grant_idle", json!("0d")),
        provider("keep_grant", json!(true)),
        provider("keep_grant", json!("always")),
        provider("grants", json!("per-login")),
        provider("silent", json!("frame")),
        provider("silent", json!(null)),
        provider("silent", json!(["dialog"])),
        provider("silent", json!(["popup", "popup"])),
        provider("silent", json!(["popup", 1])),
        with("UPSTREAM_API", json!({})),
        upstream("origin", json!("https://api.example/v1")),
        upstream("path", json!("")),
        upstream("path", json!("v1")),
        upstream("path", json!("//")),
        upstream("path", json!("/v1//x")),
        upstream("path", json!("/..")),
        upstream("path", json!("/v1/../x")),
        upstream("path", json!("/v1/%2e")),
        upstream("path", json!("/v1?x")),
        upstream("path", json!("/v1\n")),
        upstream("path", json!(format!("/{}", "x".repeat(256)))),
        upstream("methods", json!([])),
        upstream("methods", json!(["get"])),
        upstream("methods", json!(["GET", "GET"])),
        upstream("methods", json!(["TRACE"])),
        upstream("mode", json!("proxy")),
        upstream("scopes", json!([])),
        upstream("scopes", json!(["orders read"])),
        upstream("resource", json!("/orders")),
        upstream("resource", json!("https://orders.example/#x")),
        provider("refresh_ends_tokens", json!("yes")),
        upstream("vault", json!("")),
        upstream("vault", json!("linked:")),
        upstream("vault", json!("linked:Demo")),
        upstream("vault", json!("login:demo")),
        upstream("headers", json!({})),
        project(json!({})),
        project(json!({ "provider": "" })),
        project(json!({ "provider": "a b" })),
        project(json!({ "provider": null })),
        project(json!({ "provider": ["google"] })),
        project(json!({ "provider": "google", "form": [] })),
        project(json!({ "form": "password" })),
        project(json!({ "form": ["sms"] })),
        project(json!({ "form": ["code", "code"] })),
        project(json!({ "form": ["code"], "url": "x.supabase.co" })),
        project(json!({ "form": ["code"], "url": "https://x.supabase.co/?a" })),
        project(json!({ "form": ["code"], "issuer": "https://as.example" })),
        project(json!({ "form": ["code"], "client_id": "app" })),
        project(json!({ "form": ["code"], "grace": "auth0" })),
        project(json!({ "form": ["code"], "api_key": "canary" })),
        project(json!({ "form": ["code"], "grant_idle": 7 })),
        provider("url", json!("https://x.supabase.co")),
        provider("kind", json!("supabase")),
    ] {
        assert!(!in_shape(&vars), "the parser accepts {vars}");
        assert!(!validator.is_valid(&json!({ "vars": vars })), "the schema accepts {vars}");
        assert!(!validator.is_valid(&json!({ "env": { "staging": { "vars": vars } } })), "{vars}");
    }
}

#[test]
fn an_editor_knows_the_same_servers() {
    let schema: Value = serde_json::from_str(include_str!("../config.schema.json")).unwrap();
    let names = servers::SERVERS.map(|server| server.name);
    assert_eq!(schema["$defs"]["server"]["enum"], json!(names));
}

/// A text that is nearly right, in one of the many ways there are.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(https|http|HTTPS|ftp)://[a-zA-Z0-9.:@-]{0,12}(localhost|127\\.0\\.0\\.1|app\\.example|\\[::1\\])?(:[0-9]{0,6})?(/[a-z.%?#]{0,4})?",
        "/?[a-z0-9._~/%-]{0,12}",
        "[0-9]{0,6}[smhdw ]?",
        "(login|linked|service)?:?[a-zA-Z0-9_]{0,8}",
        "(openid|GET|POST|bff|oidc|consent|client_secret_post|private_key_jwt|issuer|where_offered|required|never|post|get|shared|popup|frame|okta|unlimited|any|family|refused| )",
        "\\PC{0,6}",
        "[ -~\n\t]{0,6}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![3 => text(), 1 => "(profile|window|replay|depth|blast)"];
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(Value::Null),
    ];
    prop_oneof![
        4 => leaf.clone(),
        2 => prop::collection::vec(leaf.clone(), 0..4).prop_map(Value::from),
        1 => prop::collection::btree_map(name, leaf, 0..3).prop_map(|map| Value::Object(Map::from_iter(map))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn parser_and_schema_agree_on_whatever_is_put_together(
        place in 0_usize..6,
        field in prop::sample::select(vec![
            "kind", "issuer", "client_id", "scopes", "client_auth", "assertion_audience", "par", "dpop", "response_mode", "end_session", "login", "prompt", "parameters",
            "grace", "grant_idle", "keep_grant", "grants", "silent",
            "origin", "path", "methods", "mode", "vault", "idle", "absolute", "logins", "logins_per_site", "logins_per_address", "logins_per_browser",
            "logouts_per_address", "callbacks_per_browser", "rotations_per_session", "refusals", "other",
        ]),
        name in "(ORIGIN|LIMIT|PROVIDER|UPSTREAM|X)S?(_[A-Z0-9a-z_]{0,3})?",
        value in value(),
    ) {
        // A fresh schema for each case would take minutes.
        std::thread_local!(static VALIDATOR: Validator = validator());
        let vars = match place {
            0 => with("ORIGINS", value),
            1 => with("LIMITS", json!({ field: value })),
            2 | 3 => provider(field, value),
            4 => upstream(field, value),
            _ => with(&name, value),
        };
        // What a text of JSON is to the parser, a wrangler.toml cannot hold without meaning it; it is left out here.
        let says = VALIDATOR.with(|validator| validator.is_valid(&json!({ "vars": vars })));
        prop_assert_eq!(in_shape(&vars), says, "{}", vars);
    }
}
