//! `cargo xtask demo`: the whole thing on this machine, for a person or for a headless browser; or a broker's days, or a desk there.

pub(crate) mod human;
pub(crate) mod provider;

use crate::browsers::{self, Engine};
use crate::cli::DemoArgs;
use crate::process::{self, Output};
use crate::repo::Repo;
use crate::stack::{Plan, Stack};
use crate::{build, ports, say};
use anyhow::{Result, bail};
use serde_json::Value;
use std::process::{Command, ExitCode, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// The port that people expect.
const USUAL_PORT: u16 = 8787;

/// `cargo xtask demo`
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    let repo = Repo::find()?;
    if args.headless {
        let report = match args.provider {
            Some(provider) if args.human => human::headless(&repo, provider, args.port)?,
            Some(provider) => provider::headless(&repo, provider, args.port)?,
            None => headless(&repo, &Asked::from(args), args.port)?,
        };
        println!("{}", report.line);
        return Ok(report.verdict.map_or_else(
            |why| {
                eprintln!("error: {why}");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        ));
    }
    match args.provider {
        Some(provider) if args.human => human::person(&repo, provider, args),
        Some(provider) => provider::person(&repo, provider, args),
        None => person(&repo, args),
    }
}

/// The port that was asked for, else the usual one, else a free one.
fn port_for_a_person(asked: Option<u16>, what: &str) -> Result<u16> {
    match asked {
        Some(port) => ports::wanted(port),
        None if ports::is_free(USUAL_PORT) => Ok(USUAL_PORT),
        None => {
            let port = ports::free()?;
            say::note(&format!("port {USUAL_PORT} is taken, so {what} gets {port}"));
            Ok(port)
        }
    }
}

/// Starts everything and waits for Ctrl-C.
fn person(repo: &Repo, args: &DemoArgs) -> Result<ExitCode> {
    let port = port_for_a_person(args.port, "the app")?;
    build::all(repo)?;
    say::step("starting the authorization server and the Worker");
    let access_ttl = args.access_ttl.unwrap_or(60);
    let mut stack = Stack::start(repo, &Plan { name: "demo", port, access_ttl, https: false })?;
    if args.json {
        println!("{}", stack.addresses());
    } else {
        say::note(&format!(
            "access tokens live {access_ttl} s; any name and password log in; Ctrl-C ends it all"
        ));
        say::note(&format!("for scripts: {}", stack.addresses()));
        println!("Open {}", stack.app);
    }
    loop {
        stack.check()?;
        thread::sleep(Duration::from_millis(200));
    }
}

/// What a headless run must reach.
pub(crate) struct Asked {
    tabs: u32,
    rotations: u32,
    access_ttl: u32,
}

impl From<&DemoArgs> for Asked {
    fn from(args: &DemoArgs) -> Self {
        Self { tabs: args.tabs, rotations: args.rotations, access_ttl: args.access_ttl.unwrap_or(20) }
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self { tabs: 3, rotations: 3, access_ttl: 20 }
    }
}

/// How a headless run went.
pub(crate) struct Report {
    /// The JSON object, as the script wrote it.
    pub(crate) line: String,
    /// Whether its limits hold, else why not.
    pub(crate) verdict: Result<(), String>,
}

/// Lets a headless browser log in, open the tabs and wait for the rotations.
pub(crate) fn headless(repo: &Repo, asked: &Asked, port: Option<u16>) -> Result<Report> {
    let port = port.map_or_else(ports::free, ports::wanted)?;
    browsers::ensure(repo, &[Engine::Chromium]);
    if let Some(lacking) = Engine::Chromium.lacking() {
        bail!("{lacking}");
    }
    build::all(repo)?;
    say::step("starting the authorization server, the Worker and headless Chromium");
    let stack = Stack::start(repo, &Plan { name: "lit", port, access_ttl: asked.access_ttl, https: false })?;
    let driver = browsers::drive(repo, Engine::Chromium, &stack.name)?;
    let mut command = repo.node();
    command.arg(repo.at("tests/e2e/lit.mjs"));
    command.args(["--tabs", &asked.tabs.to_string(), "--rotations", &asked.rotations.to_string()]);
    stack.describe(&mut command);
    command.env("EVERLIT_ENGINE", Engine::Chromium.name()).env("EVERLIT_WEBDRIVER", &driver.address);
    let rounds = u64::from(asked.rotations) + 2;
    let limit = Duration::from_secs(rounds * u64::from(asked.access_ttl) + u64::from(asked.tabs) * 10 + 120);
    let Played { line, object, status } = play(repo, &stack.name, command, limit, &|| stack.tails())?;
    let mut verdict = judge(&object, asked);
    if verdict.is_ok() && !status.success() {
        verdict = Err(format!("the headless demo ended with {status}"));
    }
    if verdict.is_err() {
        say::note(&stack.tails());
    }
    drop(driver.process);
    Ok(Report { line, verdict })
}

/// What a script left behind that plays a demo.
struct Played {
    /// The last line that it printed.
    line: String,
    /// The JSON object in it.
    object: Value,
    /// How it ended.
    status: ExitStatus,
}

/// Runs such a script to its end; `name` names its logs, and `tails` says why it may have failed.
fn play(
    repo: &Repo,
    name: &str,
    command: Command,
    limit: Duration,
    tails: &dyn Fn() -> String,
) -> Result<Played> {
    let stdout = repo.log(&format!("{name}-result"))?;
    let mut script = process::spawn("the headless demo", command, &repo.log(name)?, Output::Show(stdout))?;
    let began = Instant::now();
    let status = script.wait(limit, || ())?;
    let printed = script.printed();
    let last = printed.lines().rev().find(|line| !line.trim().is_empty());
    for line in printed.lines().filter(|line| Some(*line) != last) {
        say::note(line);
    }
    let Some(status) = status else {
        bail!("the headless demo was stopped after {}\n{}", say::elapsed(began.elapsed()), tails());
    };
    let object = last.and_then(|line| serde_json::from_str::<Value>(line).ok()).filter(Value::is_object);
    let (Some(line), Some(object)) = (last, object) else {
        bail!("the headless demo ended ({status}) without its JSON object\n{}", tails());
    };
    Ok(Played { line: line.trim().to_owned(), object, status })
}

/// A whole number of the result.
fn number(report: &Value, name: &str) -> Result<u64, String> {
    let found = report.get(name).and_then(Value::as_u64);
    found.ok_or_else(|| format!("the result has no whole number `{name}`"))
}

/// Whether the limits hold: the authorization server saw exactly one refresh per rotation, and nothing was lost.
fn judge(report: &Value, asked: &Asked) -> Result<(), String> {
    let number = |name| number(report, name);
    let (tabs, rotations, requests) = (number("tabs")?, number("rotations")?, number("token_requests")?);
    let (lost, errors) = (number("sessions_lost")?, number("api_errors")?);
    if tabs != u64::from(asked.tabs) {
        return Err(format!("{tabs} tabs instead of {}", asked.tabs));
    }
    if rotations < u64::from(asked.rotations) {
        return Err(format!("{rotations} rotations instead of {}", asked.rotations));
    }
    if requests != rotations {
        return Err(format!("{requests} token requests for {rotations} rotations"));
    }
    if lost != 0 || errors != 0 {
        return Err(format!("{lost} sessions lost, {errors} calls failed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(change: (&str, u64)) -> Result<(), String> {
        let mut report = json!({ "tabs": 3, "rotations": 3, "token_requests": 3, "sessions_lost": 0, "api_errors": 0, "wall_s": 61.2 });
        report[change.0] = json!(change.1);
        judge(&report, &Asked::default())
    }

    #[test]
    fn an_honest_result_passes() {
        assert_eq!(judged(("tabs", 3)), Ok(()));
    }

    #[test]
    fn every_limit_is_held() {
        for change in [
            ("tabs", 2),
            ("rotations", 2),
            ("rotations", 4),
            ("token_requests", 4),
            ("token_requests", 2),
            ("sessions_lost", 1),
            ("api_errors", 1),
        ] {
            assert!(judged(change).is_err(), "{change:?}");
        }
        assert!(judge(&json!({ "tabs": 3 }), &Asked::default()).is_err());
    }
}
