//! What is deployed writes no URL into a log: at a callback it holds a code.

use crate::tree::{File, files, none};
use toml::{Table, Value};

/// The edge Worker's, and the services Worker's.
const NEEDED: [&str; 2] = ["wrangler.toml", "worker/services/wrangler.toml"];

/// Every file that deploys a Worker of ours, and those that projects begin with.
fn deployments(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.rsplit('/').next() == Some("wrangler.toml"))
}

fn offences(files: &[File]) -> Vec<String> {
    let lacks = |path: &&&str| !files.iter().any(|file| file.path == **path);
    let mut found: Vec<String> =
        NEEDED.iter().filter(lacks).map(|path| format!("{path}: is missing")).collect();
    for File { path, text } in deployments(files) {
        // What `everlit init` fills in.
        let text: Vec<&str> = text.lines().filter(|line| !line.trim().ends_with("__")).collect();
        let text = text.join("\n");
        let table: Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        found.extend(wrong(path, &table));
        // An environment inherits what it does not say.
        for (name, environment) in table.get("env").and_then(Value::as_table).into_iter().flatten() {
            let Some(environment) = environment.as_table() else { continue };
            let says = |key| environment.contains_key(key);
            let place = format!("{path}: env.{name}");
            if says("observability") {
                found.extend(wrong(&place, environment));
            } else if says("logpush") {
                found.extend(pushed(&place, environment));
            }
        }
    }
    found.extend(of_other_dates(files));
    found
}

/// Both Workers run on the same runtime: what one hands to the other means the same to both.
fn of_other_dates(files: &[File]) -> Vec<String> {
    let date = |path: &str| {
        let text = &files.iter().find(|file| file.path == path)?.text;
        text.parse::<Table>().ok()?.get("compatibility_date").and_then(Value::as_str).map(str::to_owned)
    };
    let [edge, services] = NEEDED.map(date);
    let said = format!("{}: has another compatibility_date than {}", NEEDED[1], NEEDED[0]);
    (edge != services).then_some(said).into_iter().collect()
}

fn wrong(place: &str, table: &Table) -> Vec<String> {
    let says = |group: &str, key: &str| {
        let group = table.get("observability").and_then(|observability| observability.get(group));
        group.and_then(|group| group.get(key)).and_then(Value::as_bool)
    };
    let mut found = pushed(place, table);
    if says("logs", "invocation_logs") != Some(false) {
        found.push(format!("{place}: observability.logs keeps invocations, with their URLs"));
    }
    // It is off by default today.
    if says("traces", "enabled") != Some(false) {
        found.push(format!("{place}: observability.traces keeps spans, with their URLs"));
    }
    found
}

fn pushed(place: &str, table: &Table) -> Vec<String> {
    let is_on = table.get("logpush").and_then(Value::as_bool) == Some(true);
    let said = is_on.then(|| format!("{place}: logpush hands on invocations, with their URLs"));
    said.into_iter().collect()
}

#[test]
fn no_url_is_logged() {
    let files = files();
    assert!(deployments(&files).count() > NEEDED.len(), "what projects begin with is looked at, too");
    none(&offences(&files));
}

#[test]
fn a_deployment_that_logs_urls_is_found() {
    let good = "[observability.logs]\ninvocation_logs = false\n[observability.traces]\nenabled = false\n";
    let bad = |text: &str| {
        // Whichever of them it is.
        let [edge, services] = NEEDED.map(|path| {
            let other = NEEDED.iter().find(|other| **other != path).unwrap();
            offences(&[File::made(path, text), File::made(other, good)]).len()
        });
        assert_eq!(edge, services, "{text}");
        edge
    };
    assert_eq!(bad(good), 0);
    assert_eq!(bad(""), 2);
    assert_eq!(bad("[observability]\nenabled = true\n"), 2);
    assert_eq!(bad(&good.replace("logs = false", "logs = true")), 1);
    assert_eq!(bad(&good.replace("enabled = false", "enabled = true")), 1);
    assert_eq!(bad(&format!("logpush = true\n{good}")), 1);
    assert_eq!(bad(&format!("{good}[env.staging]\nlogpush = false\n")), 0);
    assert_eq!(bad(&format!("{good}[env.staging]\nlogpush = true\n")), 1);
    assert_eq!(bad(&format!("{good}[env.staging.observability]\nenabled = true\n")), 2);
    assert_eq!(bad(&format!("compatibility_date = \"2026-04-01\"\n{good}")), 1);
    assert_eq!(offences(&[]).len(), 2);
}
