//! `cargo xtask config check`: what the Worker would say about its configuration, before it is deployed.
//!
//! The variables are read by the Worker's own parser, so that both cannot disagree. What is checked besides is the rest of
//! wrangler.toml that the Worker cannot live without and cannot see: its objects, their storage, its paths.

use crate::repo::Repo;
use crate::stack;
use anyhow::{Context as _, Result, bail};
use everlit_edge::config::{Config, ConfigError, Limits, Variables};
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
/// The Worker's binding to itself.
const ROTATOR: &str = "ROTATOR";
/// Paths that must reach the Worker before any file does.
const WORKER_FIRST: [&str; 4] = ["/auth/*", "/api/*", "/internal/*", "/healthz"];

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

    fn json(&self) -> Json {
        json!({ "name": self.name, "problem": self.problem, "expected": self.expected })
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

/// `cargo xtask config check`
pub(crate) fn check(file: Option<&Path>, json: bool) -> Result<ExitCode> {
    let path = match file {
        Some(file) => file.to_path_buf(),
        None => Repo::find()?.at("wrangler.toml"),
    };
    let findings = find(&stack::read_config(&path)?);
    let ok = findings.wrong.is_empty();
    if json {
        let errors: Vec<Json> = findings.wrong.iter().map(Wrong::json).collect();
        println!("{}", json!({ "ok": ok, "errors": errors, "secrets": findings.secrets }));
    } else {
        for wrong in &findings.wrong {
            println!("{}: {}; expected {}", wrong.name, wrong.problem, wrong.expected);
        }
        if ok {
            println!(
                "{} is right. Secrets that must be set, each by `npx wrangler secret put <name>`:",
                path.display()
            );
            for secret in &findings.secrets {
                // One that was renewed is set under a later name, and the first one gone.
                let versions = if secret == SESSION_KEY { " (or a later version of it)" } else { "" };
                println!("  {secret}{versions}");
            }
        }
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How long a session lasts in this configuration, or in an environment of it.
pub(crate) fn limits(config: &Table, env: Option<&str>) -> Result<Limits> {
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
    // No secret is given to the parser, so those that it misses are those that are needed.
    let errors = Config::parse(&variables).err().unwrap_or_default();
    let (secrets, wrong): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| Variables::is_secret_name(&error.variable));
    findings.secrets.extend(secrets.into_iter().map(|error| error.variable));
    findings.wrong.extend(wrong.into_iter().map(Wrong::from));
    findings.wrong.extend(objects(config));
    findings.wrong.extend(rotator(config));
    findings.wrong.extend(paths(config));
    findings
}

/// Every object must be bound, and made with SQLite storage by a migration.
fn objects(config: &Table) -> Vec<Wrong> {
    let bindings = list(config.get("durable_objects").and_then(|objects| objects.get("bindings")));
    let text = |table: &Value, name: &str| table.get(name).and_then(Value::as_str).map(str::to_owned);
    let bound = |name: &str, class: &str| {
        bindings.iter().any(|binding| {
            text(binding, "name").as_deref() == Some(name)
                && text(binding, "class_name").as_deref() == Some(class)
        })
    };
    let migrated = |class: &str| {
        let migrations = list(config.get("migrations"));
        migrations
            .iter()
            .flat_map(|step| list(step.get("new_sqlite_classes")))
            .any(|one| one.as_str() == Some(class))
    };
    let mut wrong = Vec::new();
    for (name, class) in OBJECTS {
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
    let text = |service: &Value, name: &str| service.get(name).and_then(Value::as_str).map(str::to_owned);
    let bound = services.iter().find(|service| text(service, "binding").as_deref() == Some(ROTATOR));
    let expected =
        format!("{{ binding = \"{ROTATOR}\", service = \"{}\" }} in it", itself.unwrap_or("<name>"));
    match bound {
        None => Some(Wrong::new("services", "does not bind the Worker to itself", expected)),
        Some(service) if text(service, "service").as_deref() != itself => {
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
    let missing =
        WORKER_FIRST.into_iter().filter(|path| !listed.iter().any(|one| one.as_str() == Some(path)));
    missing
        .map(|path| {
            Wrong::new("assets.run_worker_first", &format!("lacks {path}"), format!("\"{path}\" in the list"))
        })
        .collect()
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
    fn the_limits_are_those_of_the_environment() {
        let toml = GOOD.replace("[vars]", "[env.staging.vars]\nLIMITS = { idle = \"2d\" }\nORIGINS = [\"https://s.example\"]\nPROVIDER_MAIN = { kind = \"oidc\", issuer = \"https://as.example\", client_id = \"app\" }\n[vars]");
        let idle =
            |env| limits(&toml.parse().unwrap(), env).map(|limits| limits.idle.as_millis() / 86_400_000);
        assert_eq!((idle(None).unwrap(), idle(Some("staging")).unwrap()), (14, 2));
        assert!(idle(Some("other")).is_err());
        assert!(limits(&GOOD.replace("https://as.example", "x").parse().unwrap(), None).is_err());
    }

    #[test]
    fn an_empty_file_lacks_everything_and_does_not_panic() {
        assert!(names("").len() >= 5);
    }
}
