//! What is deployed writes no URL into a log: at the callback it holds a code and a state.

use crate::tree::{File, files, none};
use toml::{Table, Value};

fn offences(files: &[File]) -> Vec<String> {
    let Some(file) = files.iter().find(|file| file.path == "wrangler.toml") else {
        return vec!["wrangler.toml: is missing".to_owned()];
    };
    let table: Table = file.text.parse().unwrap_or_else(|error| panic!("wrangler.toml: {error}"));
    let mut found = wrong("", &table);
    // An environment inherits what it does not say.
    for (name, environment) in table.get("env").and_then(Value::as_table).into_iter().flatten() {
        let Some(environment) = environment.as_table() else { continue };
        let says = |key| environment.contains_key(key);
        if says("observability") {
            found.extend(wrong(&format!("env.{name}: "), environment));
        } else if says("logpush") {
            found.extend(pushed(&format!("env.{name}: "), environment));
        }
    }
    found
}

fn wrong(place: &str, table: &Table) -> Vec<String> {
    let says = |group: &str, key: &str| {
        let group = table.get("observability").and_then(|observability| observability.get(group));
        group.and_then(|group| group.get(key)).and_then(Value::as_bool)
    };
    let mut found = pushed(place, table);
    if says("logs", "invocation_logs") != Some(false) {
        found.push(format!("wrangler.toml: {place}observability.logs keeps invocations, with their URLs"));
    }
    // It is off by default today.
    if says("traces", "enabled") != Some(false) {
        found.push(format!("wrangler.toml: {place}observability.traces keeps spans, with their URLs"));
    }
    found
}

fn pushed(place: &str, table: &Table) -> Vec<String> {
    let is_on = table.get("logpush").and_then(Value::as_bool) == Some(true);
    let said = is_on.then(|| format!("wrangler.toml: {place}logpush hands on invocations, with their URLs"));
    said.into_iter().collect()
}

#[test]
fn no_url_is_logged() {
    none(&offences(&files()));
}

#[test]
fn a_deployment_that_logs_urls_is_found() {
    let bad = |text: &str| offences(&[File::made("wrangler.toml", text)]).len();
    let good = "[observability.logs]\ninvocation_logs = false\n[observability.traces]\nenabled = false\n";
    assert_eq!(bad(good), 0);
    assert_eq!(bad(""), 2);
    assert_eq!(bad("[observability]\nenabled = true\n"), 2);
    assert_eq!(bad(&good.replace("logs = false", "logs = true")), 1);
    assert_eq!(bad(&good.replace("enabled = false", "enabled = true")), 1);
    assert_eq!(bad(&format!("logpush = true\n{good}")), 1);
    assert_eq!(bad(&format!("{good}[env.staging]\nlogpush = false\n")), 0);
    assert_eq!(bad(&format!("{good}[env.staging]\nlogpush = true\n")), 1);
    assert_eq!(bad(&format!("{good}[env.staging.observability]\nenabled = true\n")), 2);
    assert_eq!(offences(&[]).len(), 1);
}
