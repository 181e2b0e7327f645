//! What is fed to the parsers.

use everlit_edge::config::{Config, Variables};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// Text that means something to some parser here, mixed with text that means nothing to any.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "/",
        "//",
        "\\",
        ".",
        "..",
        "%",
        "%2e",
        "%2F",
        "%5c",
        "%25",
        "%00",
        "?",
        "#",
        "&",
        "=",
        "@",
        ":",
        ";",
        ",",
        " ",
        "\t",
        "\r\n",
        "\"",
        "'",
        "<",
        ">",
        "+",
        "-",
        "_",
        "code",
        "state",
        "iss",
        "error",
        "invalid_grant",
        "Bearer",
        "Basic",
        "error=\"invalid_token\"",
        "https",
        "http",
        "://",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "app.example",
        "443",
        "{",
        "}",
        "[",
        "]",
        "null",
        "\"access_token\":\"a\"",
        "__Host-Http-everlit",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "99999999999999999999",
        "é",
        "\u{0}",
        "\u{202e}",
        "\u{1F525}",
    ]);
    prop_oneof![
        "\\PC{0,40}",
        prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()),
    ]
}

/// JSON of any shape, whose members have names that matter.
pub(crate) fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    let name = prop::sample::select(vec![
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "id_token",
        "scope",
        "error",
        "issuer",
        "token_endpoint",
        "authorization_endpoint",
        "jwks_uri",
        "keys",
        "kty",
        "kid",
        "alg",
        "use",
        "n",
        "e",
        "crv",
        "x",
        "y",
        "crit",
        "aud",
        "iss",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|map| serde_json::Value::Object(
                map.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
            )),
        ]
    })
}

/// A status, mostly one that decides something.
pub(crate) fn status() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => prop::sample::select(vec![200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 418, 429, 499, 500, 503]),
        1 => any::<u16>(),
    ]
}

/// An answer that a token endpoint gives, or nearly.
fn answer() -> impl Strategy<Value = serde_json::Value> {
    let code = prop::sample::select(vec![
        "invalid_grant",
        "invalid_client",
        "slow_down",
        "server_error",
        "new_one",
        "",
    ]);
    let text = prop_oneof![Just(serde_json::Value::from("a-1")), json()];
    let good = (text, json()).prop_map(|(token, other)| {
        serde_json::json!({ "access_token": token, "expires_in": other, "refresh_token": "r-2" })
    });
    prop_oneof![good, code.prop_map(|code| serde_json::json!({ "error": code }))]
}

/// A body: bytes, text, JSON, an answer, or the beginning of one.
pub(crate) fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        text().prop_map(String::into_bytes),
        json().prop_map(|json| json.to_string().into_bytes()),
        answer().prop_map(|json| json.to_string().into_bytes()),
        // Cut short.
        (json(), 0_usize..100).prop_map(|(json, cut)| json
            .to_string()
            .into_bytes()
            .into_iter()
            .take(cut)
            .collect()),
    ]
}

pub(crate) fn settings() -> ProptestConfig {
    // As many cases as PROPTEST_CASES says, 256 if nothing. What failed once is tried first from then on: its seed is written
    // to this file, which belongs into the same commit as the fix. (A seed means something to its own test only; for the
    // others it is one more case.)
    const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network/regressions.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    }
}

/// A deployment with two upstreams, and a second origin.
pub(crate) fn upstreams() -> Config {
    let variables = Variables::new()
        .text("ORIGINS", r#"["https://app.example", "http://localhost:8787"]"#)
        .text("PROVIDER_DEMO", r#"{"kind":"oidc","issuer":"https://as.example","client_id":"app"}"#)
        .text("UPSTREAM_ORDERS", r#"{"origin":"https://orders.example","path":"/v1"}"#)
        .text("UPSTREAM_ALL", r#"{"origin":"https://all.example"}"#)
        .secret("SECRET_SESSION_KEY")
        .secret("SECRET_DEMO_CLIENT_SECRET");
    Config::parse(&variables).unwrap()
}
