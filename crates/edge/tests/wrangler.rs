//! The repository's own wrangler.toml, which is what people begin with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]

use everlit_core::time::Millis;
use everlit_edge::config::{Config, EndSession, ProviderConfig, Variables};
use everlit_edge::provider::servers;
use everlit_edge::proxy;
use serde_json::Value;

const WRANGLER: &str = include_str!("../../../wrangler.toml");

fn document() -> Value {
    toml::from_str(WRANGLER).unwrap()
}

fn variables() -> Variables {
    let document = document();
    document["vars"].as_object().unwrap().iter().fold(Variables::new(), |variables, (name, value)| {
        assert!(Variables::is_variable_name(name), "{name} is none of ours");
        variables.json(name, value.clone())
    })
}

#[test]
fn its_variables_are_a_configuration() {
    let variables = variables().secret("SECRET_SESSION_KEY").secret("SECRET_DEMO_CLIENT_SECRET");
    let config = Config::parse(&variables).unwrap();
    assert_eq!(
        config.login_provider().redirect_uri(&config.origins),
        "http://localhost:8787/auth/callback/demo"
    );
    assert_eq!(config.login_provider().prompt, "consent");
    assert_eq!(config.limits.absolute, Millis::from_days(90));
    let destination = proxy::destination(&config, "POST", "/api/orders/7", None).unwrap();
    assert_eq!(destination.url, "http://127.0.0.1:9001/orders/7");
}

#[test]
fn what_it_says_are_defaults_are_defaults() {
    let bare = Variables::new()
        .text("ORIGINS", r#"["http://localhost:8787"]"#)
        .text(
            "PROVIDER_DEMO",
            r#"{"kind":"oidc","issuer":"http://127.0.0.1:9000","client_id":"everlit-demo"}"#,
        )
        .secret("SECRET_SESSION_KEY")
        .secret("SECRET_DEMO_CLIENT_SECRET");
    let bare = Config::parse(&bare).unwrap();
    let full =
        Config::parse(&variables().secret("SECRET_SESSION_KEY").secret("SECRET_DEMO_CLIENT_SECRET")).unwrap();
    // The demo asks for more than the default, and says what that is.
    let scopes = bare.login_provider().scopes.clone();
    let said = format!("# {}.\n", serde_json::json!(scopes)).replace(',', ", ");
    assert!(WRANGLER.contains(&said), "wrangler.toml does not say {said}");
    // And its server wants another way for a logout than the default.
    let end_session = bare.login_provider().end_session;
    assert!(WRANGLER.contains("#   end_session = \"post\" ") && end_session == EndSession::Post);
    let login = ProviderConfig { scopes, end_session, ..full.login_provider().clone() };
    assert_eq!((bare.limits, bare.login_provider()), (full.limits, &login));
}

#[test]
fn it_names_every_secret_that_it_needs() {
    let errors = Config::parse(&variables()).unwrap_err();
    assert_eq!(errors.len(), 2);
    for error in errors {
        let command = format!("wrangler secret put {}", error.variable);
        assert!(WRANGLER.contains(&command), "wrangler.toml does not say `{command}`");
    }
}

#[test]
fn the_schema_that_editors_use_accepts_it() {
    let schema: Value = serde_json::from_str(include_str!("../config.schema.json")).unwrap();
    let errors: Vec<String> = jsonschema::draft202012::new(&schema)
        .unwrap()
        .iter_errors(&document())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    assert!(WRANGLER.starts_with("#:schema ./crates/edge/config.schema.json\n"));
}

#[test]
fn paths_of_the_worker_come_before_files() {
    let document = document();
    let first = serde_json::json!(["/auth/*", "/api/*", "/internal/*", "/service", "/service/*", "/healthz"]);
    assert_eq!(document["assets"]["run_worker_first"], first);
}

#[test]
fn every_object_has_storage_and_the_rotator_is_the_worker_itself() {
    let document = document();
    let migrations = document["migrations"].as_array().unwrap();
    for binding in document["durable_objects"]["bindings"].as_array().unwrap() {
        let class = &binding["class_name"];
        let made = |step: &&Value| step["new_sqlite_classes"].as_array().unwrap().contains(class);
        assert_eq!(migrations.iter().filter(made).count(), 1, "{class}");
    }
    assert_eq!(document["services"][0]["binding"], "ROTATOR");
    assert_eq!(document["services"][0]["service"], document["name"]);
}

#[test]
fn it_names_every_server_that_is_known() {
    for server in servers::SERVERS {
        assert!(WRANGLER.contains(&format!("\"{}\"", server.name)), "{}", server.name);
    }
}
