//! The wrangler.toml of the services Worker, which is what people begin with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]

use everlit_edge::config::services::{self, ServicesConfig};
use everlit_edge::config::{Variables, parse_duration};
use serde_json::Value;

const WRANGLER: &str = include_str!("../../../worker/services/wrangler.toml");

/// The file with its examples, each a table behind `# [vars.`.
fn with_examples() -> String {
    let mut inside = false;
    let line = |line: &str| {
        inside = line.starts_with("# [vars.") || (inside && line.starts_with("# "));
        if inside { line.trim_start_matches("# ").to_owned() } else { line.to_owned() }
    };
    WRANGLER.lines().map(line).collect::<Vec<String>>().join("\n")
}

fn variables(text: &str) -> Variables {
    let document: Value = toml::from_str(text).unwrap();
    document["vars"].as_object().unwrap().iter().fold(Variables::new(), |variables, (name, value)| {
        assert!(services::is_variable_name(name), "{name} is none of ours");
        variables.json(name, value.clone())
    })
}

/// With every secret that it asks for.
fn config(text: &str, also: &[&str]) -> ServicesConfig {
    let known = also.iter().fold(variables(text), |variables, secret| variables.secret(secret));
    let missing = ServicesConfig::parse(&known).err().unwrap_or_default();
    let all = missing.iter().fold(known, |variables, error| {
        assert!(Variables::is_secret_name(&error.variable), "{error}");
        variables.secret(&error.variable)
    });
    ServicesConfig::parse(&all).unwrap()
}

#[test]
fn its_variables_and_its_examples_are_a_configuration() {
    assert_eq!(config(WRANGLER, &[]).services().len(), 1);
    let full = config(&with_examples(), &["SECRET_ALERT_CHAT_URL"]);
    let names: Vec<&str> = full.services().iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["billing", "breeze", "kite", "upstox"]);
    let alerts: Vec<&str> = full.alerts().iter().map(|alert| alert.name.as_str()).collect();
    assert_eq!(alerts, ["chat", "mail", "ops"]);
    let operators = full.callers().iter().filter(|caller| caller.operator).count();
    assert_eq!((full.callers().len(), operators), (2, 1));
}

#[test]
fn what_it_says_are_defaults_are_defaults() {
    let config = config(&with_examples(), &["SECRET_ALERT_CHAT_URL"]);
    let (upstox, kite) = (config.service("upstox").unwrap(), config.service("kite").unwrap());
    let said = |field: &str| {
        let line = WRANGLER.lines().find(|line| line.starts_with(&format!("#   {field} = "))).unwrap();
        line.split(" = ").nth(1).unwrap().split("   ").next().unwrap().trim().to_owned()
    };
    let duration = |field: &str| parse_duration(said(field).trim_matches('"'));
    assert_eq!(duration("check_every"), Some(upstox.check_every));
    assert_eq!(duration("validate_every"), Some(upstox.validate_every));
    assert_eq!(duration("lead"), Some(upstox.lead));
    assert!(WRANGLER.contains("# max_age = \"365d\""));
    assert_eq!(Some(config.secrets().max_age), parse_duration("365d"));
    assert_eq!(
        parse_duration(said("warn_at").trim_matches(['[', ']', '"'])),
        upstox.warn_at.first().copied()
    );
    assert_eq!(said("push"), upstox.push.to_string());
    assert_eq!(parse_duration("5m"), Some(kite.check_every));
    assert_eq!(
        (parse_duration("15m"), parse_duration("30m")),
        (Some(kite.lead), kite.warn_at.first().copied())
    );
}

#[test]
fn rates_that_it_says_are_defaults_are_defaults() {
    let said = |field: &str| {
        let line = WRANGLER.lines().find(|line| line.starts_with(&format!("#   {field} = "))).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    assert!(WRANGLER.contains("under /api/<name>; \"100/1m\" for Breeze, \"600/1m\" for Kite\n"));
    let own = config(&with_examples(), &["SECRET_ALERT_CHAT_URL"]);
    for (id, name, call_rate) in [
        ("everlit-demo", "upstox", said("call_rate").as_str()),
        ("your AppKey", "breeze", "100/1m"),
        ("your api_key", "kite", "600/1m"),
    ] {
        let line = format!("client_id = \"{id}\"\n");
        let stated = format!("{line}rate = \"{}\"\ncall_rate = \"{call_rate}\"\n", said("rate"));
        let stated = config(&with_examples().replace(&line, &stated), &["SECRET_ALERT_CHAT_URL"]);
        let of = |config: &ServicesConfig| config.service(name).unwrap().settings(1);
        assert_eq!(of(&own), of(&stated), "{name}");
    }
}

#[test]
fn it_names_every_secret_that_it_needs() {
    let errors = ServicesConfig::parse(&variables(WRANGLER)).unwrap_err();
    assert_eq!(errors.len(), 3);
    for error in errors {
        let command = format!("wrangler secret put {} --config worker/services/", error.variable);
        assert!(WRANGLER.contains(&command), "its wrangler.toml does not say `{command}`");
    }
}

#[test]
fn the_schema_that_editors_use_accepts_it() {
    let schema: Value = serde_json::from_str(include_str!("../services.schema.json")).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for text in [WRANGLER, &with_examples()] {
        let document: Value = toml::from_str(text).unwrap();
        let errors: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
    assert!(WRANGLER.starts_with("#:schema ../../crates/edge/services.schema.json\n"));
}

#[test]
fn every_object_has_storage_and_nobody_but_the_edge_worker_reaches_it() {
    let document: Value = toml::from_str(WRANGLER).unwrap();
    let made = document["migrations"][0]["new_sqlite_classes"].as_array().unwrap();
    for binding in document["durable_objects"]["bindings"].as_array().unwrap() {
        assert!(made.contains(&binding["class_name"]), "{binding}");
    }
    assert_eq!((&document["workers_dev"], document.get("routes")), (&Value::Bool(false), None));
    // The name that the edge Worker's file says.
    let edge = include_str!("../../../wrangler.toml");
    let bound = format!("# binding = \"SERVICES\"\n# service = {}\n", document["name"]);
    assert!(edge.contains(&bound), "wrangler.toml does not say {bound}");
    let bound = format!(
        "# binding = \"SERVICES_USERS\"\n# service = {}\n# entrypoint = \"ForUsers\"\n",
        document["name"]
    );
    assert!(edge.contains(&bound), "wrangler.toml does not say {bound}");
}
