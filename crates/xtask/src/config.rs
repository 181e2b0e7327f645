//! `cargo xtask config check`: what a Worker would say about its configuration, before it is deployed.
//!
//! The variables are read by the Worker's own parser, so that both cannot disagree. What is checked besides is the rest of
//! wrangler.toml that the Worker cannot live without and cannot see: its objects, their storage, its paths, and what reaches it.

mod between;

use crate::repo::Repo;
use crate::stack;
use anyhow::{Context as _, Result, bail};
use everlit_edge::config::services::ServicesConfig;
use everlit_edge::config::{Config, ConfigError, ConfigErrorKind, Limits, Variables};
use everlit_edge::keys::SESSION_KEY;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::ExitCode;
use toml::{Table, Value};

/// The Durable Objects: binding and class.
const OBJECTS: [(&str, &str); 4] = [
    ("SESSION_VAULT", "SessionVault"),
    ("ESCROW", "Escrow"),
    ("LOGIN_DESK", "LoginDesk"),
    ("SESSION_INDEX", "SessionIndex"),
];
/// Those of the services Worker.
const SERVICES_OBJECTS: [(&str, &str); 2] = [("VAULT", "ServiceVault"), ("BACKUP", "ServiceBackup")];
/// The configuration of the services Worker, from the top of the repository.
const SERVICES_FILE: &str = "worker/services/wrangler.toml";
/// The Worker's binding to itself.
const ROTATOR: &str = "ROTATOR";
/// The edge Worker's binding to the services Worker.
const SERVICES: &str = "SERVICES";
/// Paths that must reach the Worker before any file does.
const WORKER_FIRST: [&str; 4] = ["/auth/*", "/api/*", "/internal/*", "/healthz"];
/// The same, where there is a services Worker behind it.
const SERVICES_FIRST: [&str; 2] = ["/service", "/service/*"];

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    name: String,
    problem: String,
    expected: String,
}

impl Wrong {
    fn new(name: impl Into<String>, problem: &str, expected: impl Into<String>) -> Self {
        Self { name: name.into(), problem: problem.to_owned(), expected: expected.into() }
    }

    fn json(&self, file: &str) -> Json {
        json!({ "file": file, "name": self.name, "problem": self.problem, "expected": self.expected })
    }
}

impl From<ConfigError> for Wrong {
    fn from(error: ConfigError) -> Self {
        let name =
            error.field.map_or_else(|| error.variable.clone(), |field| format!("{}.{field}", error.variable));
        Self { name, problem: error.problem.to_owned(), expected: error.expected }
    }
}

/// What a check found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    wrong: Vec<Wrong>,
    /// Secrets that the deployment needs. Whether they are set only the platform knows.
    secrets: Vec<String>,
}

/// Which of our two Workers a file deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Edge,
    Services,
}

impl Whose {
    /// By the objects that it binds; where it binds none, by its variables.
    fn of(config: &Table) -> Self {
        let bindings = bindings(config);
        let binds = |objects: &[(&str, &str)]| {
            bindings
                .iter()
                .any(|bound| objects.iter().any(|(_, class)| text(bound, "class_name") == Some(class)))
        };
        let describes = |prefix: &str| {
            let vars = config.get("vars").and_then(Value::as_table);
            vars.is_some_and(|vars| vars.keys().any(|name| name.starts_with(prefix)))
        };
        if binds(&SERVICES_OBJECTS) && !binds(&OBJECTS) {
            Self::Services
        } else if binds(&OBJECTS) || describes("PROVIDER_") || !describes("SERVICE_") {
            Self::Edge
        } else {
            Self::Services
        }
    }
}

/// `cargo xtask config check`
pub(crate) fn check(file: Option<&Path>, json: bool) -> Result<ExitCode> {
    let files = match file {
        Some(file) => vec![file.to_path_buf()],
        None => {
            let repo = Repo::find()?;
            // Whoever has no account of the operator's may leave that file out.
            let services = Some(repo.at(SERVICES_FILE)).filter(|file| file.is_file());
            [repo.at("wrangler.toml")].into_iter().chain(services).collect()
        }
    };
    let (mut errors, mut secrets, mut of_services) = (Vec::new(), Vec::new(), Vec::new());
    let mut configs = Vec::new();
    for path in &files {
        let config = stack::read_config(path)?;
        configs.push((path, Whose::of(&config), config));
    }
    for (path, whose, config) in &configs {
        let (whose, mut findings) = (*whose, find(config));
        let other = configs.iter().find(|(_, whose, _)| *whose == Whose::Services);
        if let Some((_, _, services)) = other.filter(|_| whose == Whose::Edge) {
            findings.wrong.extend(between::edge(config, services));
        }
        let shown = path.display().to_string();
        if !json {
            said(&shown, whose, files.len() > 1, &findings);
        }
        errors.extend(findings.wrong.iter().map(|wrong| wrong.json(&shown)));
        match whose {
            Whose::Edge => secrets.extend(findings.secrets),
            Whose::Services => of_services.extend(findings.secrets),
        }
    }
    let ok = errors.is_empty();
    if json {
        let services = json!({ "secrets": of_services });
        println!("{}", json!({ "ok": ok, "errors": errors, "secrets": secrets, "services": services }));
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what was found in one file; which file, where there are others.
fn said(path: &str, whose: Whose, among_others: bool, findings: &Findings) {
    let place = if among_others { format!("{path}: ") } else { String::new() };
    for wrong in &findings.wrong {
        println!("{place}{}: {}; expected {}", wrong.name, wrong.problem, wrong.expected);
    }
    if !findings.wrong.is_empty() {
        return;
    }
    let at = match whose {
        Whose::Edge => String::new(),
        // Without it they would be set at the Worker whose file is the nearest.
        Whose::Services => format!(" --config {path}"),
    };
    println!("{path} is right. Secrets that must be set, each by `npx wrangler secret put <name>{at}`:");
    for secret in &findings.secrets {
        // One that was renewed is set under a later name, and the first one gone.
        let versions = if secret == SESSION_KEY { " (or a later version of it)" } else { "" };
        println!("  {secret}{versions}");
    }
}

/// How long a session lasts in this configuration, or in an environment of it.
pub(crate) fn limits(config: &Table, env: Option<&str>) -> Result<Limits> {
    if Whose::of(config) == Whose::Services {
        bail!(
            "this is the services Worker's file, which has no sessions. Its key is renewed by\n  \
             cargo xtask keys new | npx wrangler secret put SECRET_SESSION_KEY_<next version> --config {SERVICES_FILE}\n\
             worker/README.md says when the old one may go"
        );
    }
    let vars = |table: &Table| table.get("vars").and_then(Value::as_table).cloned();
    let environment = env.map(|env| {
        config
            .get("env")
            .and_then(|all| all.get(env)?.as_table())
            .with_context(|| format!("the configuration has no environment {env:?}"))
    });
    // An environment inherits no variables.
    let vars = match environment.transpose()? {
        Some(table) => vars(table),
        None => vars(config),
    };
    let mut variables = Variables::new();
    for (name, value) in vars.iter().flatten().filter(|(name, _)| !Variables::is_secret_name(name)) {
        variables = variables.json(name, to_json(value));
    }
    // Which secrets there are is no matter here.
    let missing = Config::parse(&variables).err().unwrap_or_default();
    let variables = missing
        .iter()
        .filter(|error| Variables::is_secret_name(&error.variable))
        .fold(variables, |variables, error| variables.secret(&error.variable));
    match Config::parse(&variables) {
        Ok(config) => Ok(config.limits),
        Err(errors) => bail!(
            "the configuration is wrong, see `cargo xtask config check`: {}",
            errors.first().map(ToString::to_string).unwrap_or_default()
        ),
    }
}

fn find(config: &Table) -> Findings {
    let mut findings = Findings::default();
    let empty = Table::new();
    let vars = config.get("vars").and_then(Value::as_table).unwrap_or(&empty);
    let mut variables = Variables::new();
    for (name, value) in vars {
        if Variables::is_secret_name(name) {
            let expected = format!("no such line here, but `npx wrangler secret put {name}`");
            findings.wrong.push(Wrong::new(name, "is a secret in a file that everybody reads", expected));
        } else {
            variables = variables.json(name, to_json(value));
        }
    }
    let whose = Whose::of(config);
    // No secret is given to the parser, so those that it misses are those that are needed.
    let errors = match whose {
        Whose::Edge => Config::parse(&variables).err().unwrap_or_default(),
        Whose::Services => services_errors(variables, &mut findings),
    };
    let (secrets, wrong): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| Variables::is_secret_name(&error.variable));
    findings.secrets.extend(secrets.into_iter().map(|error| error.variable));
    findings.wrong.extend(wrong.into_iter().map(Wrong::from));
    match whose {
        Whose::Edge => {
            findings.wrong.extend(objects(config, &OBJECTS));
            findings.wrong.extend(rotator(config));
            findings.wrong.extend(between::entrypoint(config));
            findings.wrong.extend(paths(config));
        }
        Whose::Services => {
            findings.wrong.extend(objects(config, &SERVICES_OBJECTS));
            findings.wrong.extend(reached(config));
        }
    }
    findings
}

/// What is wrong with the variables of the services Worker. Where an alert goes a variable says or a secret: without a variable, the
/// secret is one of those that are needed.
fn services_errors(mut variables: Variables, findings: &mut Findings) -> Vec<ConfigError> {
    let errors = ServicesConfig::parse(&variables).err().unwrap_or_default();
    let is_url = |error: &&ConfigError| {
        error.kind == ConfigErrorKind::Meaning
            && error.variable.starts_with("ALERT_")
            && error.field.as_deref() == Some("url")
    };
    for error in errors.iter().filter(is_url) {
        let secret = format!("SECRET_{}_URL", error.variable);
        variables = variables.secret(&secret);
        findings.secrets.push(secret);
    }
    ServicesConfig::parse(&variables).err().unwrap_or_default()
}

/// The services Worker has no address, and somebody who looks from outside: a cron trigger.
fn reached(config: &Table) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let crons = config.get("triggers").and_then(|triggers| triggers.get("crons"));
    if list(crons).is_empty() {
        let problem =
            "are missing: no account is watched that nobody has asked for, and no lost alarm armed again";
        wrong.push(Wrong::new("triggers.crons", problem, "[\"*/15 * * * *\"]"));
    }
    if config.get("workers_dev").and_then(Value::as_bool) != Some(false) {
        let problem = "is not false: the Worker would have an address that the app's rules do not hold for";
        wrong.push(Wrong::new("workers_dev", problem, "workers_dev = false"));
    }
    for name in ["route", "routes"].into_iter().filter(|name| config.contains_key(*name)) {
        let expected = "none: the edge Worker reaches it by the binding SERVICES";
        wrong.push(Wrong::new(name, "gives the services Worker an address of its own", expected));
    }
    wrong
}

/// Every object must be bound, and made with SQLite storage by a migration.
fn objects(config: &Table, objects: &[(&str, &str)]) -> Vec<Wrong> {
    let bindings = bindings(config);
    let bound = |name: &str, class: &str| {
        let is_it =
            |bound: &Value| text(bound, "name") == Some(name) && text(bound, "class_name") == Some(class);
        bindings.iter().any(is_it)
    };
    let migrated = |class: &str| {
        let migrations = list(config.get("migrations"));
        migrations
            .iter()
            .flat_map(|step| list(step.get("new_sqlite_classes")))
            .any(|one| one.as_str() == Some(class))
    };
    let mut wrong = Vec::new();
    for (name, class) in objects {
        if !bound(name, class) {
            let expected = format!("{{ name = \"{name}\", class_name = \"{class}\" }} in it");
            wrong.push(Wrong::new("durable_objects.bindings", &format!("does not bind {class}"), expected));
        }
        if !migrated(class) {
            let expected = format!("{class} in the `new_sqlite_classes` of one migration");
            wrong.push(Wrong::new("migrations", &format!("never makes {class}"), expected));
        }
    }
    wrong
}

/// A vault's token request is sent by another instance of the same Worker. A binding to another one would answer 404, and no
/// token would ever be renewed.
fn rotator(config: &Table) -> Option<Wrong> {
    let itself = config.get("name").and_then(Value::as_str);
    let services = list(config.get("services"));
    let bound = services.iter().find(|service| text(service, "binding") == Some(ROTATOR));
    let expected =
        format!("{{ binding = \"{ROTATOR}\", service = \"{}\" }} in it", itself.unwrap_or("<name>"));
    match bound {
        None => Some(Wrong::new("services", "does not bind the Worker to itself", expected)),
        Some(service) if text(service, "service") != itself => {
            Some(Wrong::new("services", "binds another Worker than this one", expected))
        }
        Some(_) => None,
    }
}

/// With a file server in front, a path that is not the Worker's first answers with the app's page instead.
fn paths(config: &Table) -> Vec<Wrong> {
    let Some(assets) = config.get("assets") else { return Vec::new() };
    let first = assets.get("run_worker_first");
    if first.and_then(Value::as_bool) == Some(true) {
        return Vec::new();
    }
    let listed = list(first);
    let behind =
        list(config.get("services")).iter().any(|service| text(service, "binding") == Some(SERVICES));
    let theirs = SERVICES_FIRST.into_iter().filter(|_| behind);
    let needed = WORKER_FIRST.into_iter().chain(theirs);
    let missing = needed.filter(|path| !listed.iter().any(|one| one.as_str() == Some(path)));
    missing
        .map(|path| {
            Wrong::new("assets.run_worker_first", &format!("lacks {path}"), format!("\"{path}\" in the list"))
        })
        .collect()
}

fn bindings(config: &Table) -> Vec<Value> {
    list(config.get("durable_objects").and_then(|objects| objects.get("bindings")))
}

fn text<'a>(table: &'a Value, name: &str) -> Option<&'a str> {
    table.get(name).and_then(Value::as_str)
}

fn list(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// TOML as the Worker gets it; dates, which JSON has none of, as text.
fn to_json(value: &Value) -> Json {
    match value {
        Value::String(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Boolean(truth) => json!(truth),
        Value::Datetime(date) => json!(date.to_string()),
        Value::Array(list) => list.iter().map(to_json).collect(),
        Value::Table(table) => table.iter().map(|(name, value)| (name.clone(), to_json(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "app"
        services = [{ binding = "ROTATOR", service = "app" }]
        [assets]
        directory = "www/dist"
        run_worker_first = ["/auth/*", "/api/*", "/internal/*", "/healthz"]
        [durable_objects]
        bindings = [
            { name = "SESSION_VAULT", class_name = "SessionVault" },
            { name = "ESCROW", class_name = "Escrow" },
            { name = "LOGIN_DESK", class_name = "LoginDesk" },
            { name = "SESSION_INDEX", class_name = "SessionIndex" },
        ]
        [[migrations]]
        tag = "v1"
        new_sqlite_classes = ["SessionVault", "LoginDesk"]
        [[migrations]]
        tag = "v2"
        new_sqlite_classes = ["Escrow"]
        [[migrations]]
        tag = "v3"
        new_sqlite_classes = ["SessionIndex"]
        [vars]
        ORIGINS = ["https://app.example"]
        PROVIDER_MAIN = { kind = "oidc", issuer = "https://as.example", client_id = "app" }
    "#;

    fn names(config: &str) -> Vec<String> {
        find(&config.parse().unwrap()).wrong.into_iter().map(|wrong| wrong.name).collect()
    }

    #[test]
    fn a_right_one_needs_only_its_secrets() {
        let findings = find(&GOOD.parse().unwrap());
        assert_eq!(findings.wrong, []);
        assert_eq!(findings.secrets, ["SECRET_SESSION_KEY", "SECRET_MAIN_CLIENT_SECRET"]);
    }

    #[test]
    fn a_wrong_variable_is_named_with_its_field() {
        assert_eq!(names(&GOOD.replace("https://as.example", "as.example")), ["PROVIDER_MAIN.issuer"]);
        assert_eq!(names(&GOOD.replace("ORIGINS", "ORIGIN")), ["ORIGINS", "ORIGIN"]);
    }

    #[test]
    fn a_secret_in_the_file_is_refused_without_its_value() {
        let findings = find(&format!("{GOOD}\nSECRET_SESSION_KEY = \"canary\"").parse().unwrap());
        assert_eq!(findings.wrong.len(), 1);
        assert_eq!(findings.wrong[0].name, "SECRET_SESSION_KEY");
        assert!(!format!("{findings:?}").contains("canary"));
    }

    #[test]
    fn what_the_worker_cannot_see_is_checked_too() {
        assert_eq!(names(&GOOD.replace("\"/api/*\", ", "")), ["assets.run_worker_first"]);
        assert_eq!(
            names(&GOOD.replace("class_name = \"LoginDesk\"", "class_name = \"Desk\"")),
            ["durable_objects.bindings"]
        );
        assert_eq!(names(&GOOD.replace("new_sqlite_classes", "new_classes")), ["migrations"; 4]);
        assert_eq!(names(&GOOD.replace("service = \"app\"", "service = \"ap\"")), ["services"]);
        assert_eq!(names(&GOOD.replace("ROTATOR", "ROTATE")), ["services"]);
    }

    #[test]
    fn paths_of_a_services_worker_are_needed_where_one_is_bound() {
        let bound = GOOD.replace(
            "service = \"app\" }]",
            "service = \"app\" }, { binding = \"SERVICES\", service = \"everlit-services\" }]",
        );
        assert_eq!(names(&bound), ["assets.run_worker_first"; 2]);
        assert_eq!(
            names(&bound.replace("\"/healthz\"", "\"/service\", \"/service/*\", \"/healthz\"")),
            [""; 0]
        );
    }

    const SERVICES_GOOD: &str = r#"
        name = "app-services"
        workers_dev = false
        triggers = { crons = ["*/15 * * * *"] }
        [durable_objects]
        bindings = [{ name = "VAULT", class_name = "ServiceVault" }, { name = "BACKUP", class_name = "ServiceBackup" }]
        [[migrations]]
        tag = "v1"
        new_sqlite_classes = ["ServiceVault", "ServiceBackup"]
        [vars]
        ORIGINS = ["https://app.example"]
        SERVICE_UPSTOX = { provider = "upstox", client_id = "app" }
        CALLER_REPORTS = { services = ["upstox"] }
        ALERT_OPS = { url = "https://ops.example/alerts" }
        ALERT_CHAT = { format = "chat" }
    "#;

    #[test]
    fn the_services_worker_is_checked_by_its_own_parser() {
        let findings = find(&SERVICES_GOOD.parse().unwrap());
        assert_eq!(findings.wrong, []);
        let secrets = [
            "SECRET_ALERT_CHAT_URL",
            "SECRET_ALERT_OPS_SIGNING_KEY",
            "SECRET_SESSION_KEY",
            "SECRET_UPSTOX_CLIENT_SECRET",
            "SECRET_CALLER_REPORTS_KEY",
        ];
        assert_eq!(findings.secrets, secrets);
        for (good, bad, name) in [
            ("\"upstox\", client_id", "\"upstocks\", client_id", "SERVICE_UPSTOX.provider"),
            ("\"upstox\", client_id", "\"schwab\", client_id", "SERVICE_UPSTOX.provider"),
            ("\"upstox\", client_id", "\"oidc\", client_id", "SERVICE_UPSTOX.token_url"),
            ("\"upstox\", client_id", "\"kite\", client_id", "SERVICE_UPSTOX.account"),
            ("\"upstox\", client_id", "\"breeze\", client_id", "SERVICE_UPSTOX.account"),
            ("services = [\"upstox\"]", "services = [\"kite\"]", "CALLER_REPORTS.services"),
            ("https://ops.example", "http://ops.example", "ALERT_OPS.url"),
            ("ALERT_CHAT", "ALERTS_CHAT", "ALERTS_CHAT"),
            ("SERVICE_UPSTOX", "SERVICES_UPSTOX", "SERVICES_UPSTOX"),
        ] {
            let wrong = names(&SERVICES_GOOD.replace(good, bad));
            assert!(wrong.contains(&name.to_owned()), "{name}: {wrong:?}");
        }
        let leaked =
            find(&format!("{SERVICES_GOOD}\nSECRET_UPSTOX_CLIENT_SECRET = \"canary\"").parse().unwrap());
        assert_eq!(leaked.wrong[0].name, "SECRET_UPSTOX_CLIENT_SECRET");
        assert!(!format!("{leaked:?}").contains("canary"));
    }

    #[test]
    fn what_the_services_worker_cannot_see_is_checked_too() {
        for (good, bad, name) in [
            ("crons = [\"*/15 * * * *\"]", "crons = []", "triggers.crons"),
            ("workers_dev = false", "workers_dev = true", "workers_dev"),
            ("workers_dev = false", "", "workers_dev"),
            ("workers_dev", "routes = [\"a.example/*\"]\nworkers_dev", "routes"),
            ("name = \"BACKUP\"", "name = \"COPY\"", "durable_objects.bindings"),
            (", \"ServiceBackup\"]", "]", "migrations"),
        ] {
            assert_eq!(names(&SERVICES_GOOD.replace(good, bad)), [name]);
        }
    }

    #[test]
    fn a_file_is_known_by_its_objects_and_else_by_its_variables() {
        let whose = |config: &str| Whose::of(&config.parse().unwrap());
        assert_eq!(
            (whose(GOOD), whose(SERVICES_GOOD), whose("")),
            (Whose::Edge, Whose::Services, Whose::Edge)
        );
        assert_eq!(whose("vars = { SERVICE_A = {} }"), Whose::Services);
        // Somebody who writes an account into the wrong file is told so.
        assert_eq!(whose(&format!("{GOOD}\nSERVICE_A = {{}}")), Whose::Edge);
    }

    #[test]
    fn both_files_of_ours_are_right() {
        let repo = Repo::find().unwrap();
        for (file, whose) in [("wrangler.toml", Whose::Edge), (SERVICES_FILE, Whose::Services)] {
            let config = stack::read_config(&repo.at(file)).unwrap();
            assert_eq!((Whose::of(&config), find(&config).wrong), (whose, vec![]), "{file}");
        }
    }

    #[test]
    fn the_limits_are_those_of_the_environment() {
        let toml = GOOD.replace("[vars]", "[env.staging.vars]\nLIMITS = { idle = \"2d\" }\nORIGINS = [\"https://s.example\"]\nPROVIDER_MAIN = { kind = \"oidc\", issuer = \"https://as.example\", client_id = \"app\" }\n[vars]");
        let idle =
            |env| limits(&toml.parse().unwrap(), env).map(|limits| limits.idle.as_millis() / 86_400_000);
        assert_eq!((idle(None).unwrap(), idle(Some("staging")).unwrap()), (14, 2));
        assert!(idle(Some("other")).is_err());
        let services = limits(&SERVICES_GOOD.parse().unwrap(), None).unwrap_err().to_string();
        assert!(
            services.contains("SECRET_SESSION_KEY_<next version> --config worker/services/"),
            "{services}"
        );
        assert!(limits(&GOOD.replace("https://as.example", "x").parse().unwrap(), None).is_err());
    }

    #[test]
    fn an_empty_file_lacks_everything_and_does_not_panic() {
        assert!(names("").len() >= 5);
    }
}
