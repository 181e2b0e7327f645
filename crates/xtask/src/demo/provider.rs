//! `cargo xtask demo --provider`: a broker whose token dies by the clock, and the services Worker that looks after it.
//!
//! A script (`tests/services/demo`) runs both with one clock. What is a command to copy, and what happens on which day, is decided
//! there; here it is started, printed and judged.

use super::{Played, Report, number, play, port_for_a_person};
use crate::cli::DemoArgs;
use crate::lock::Lock;
use crate::process::{self, Output};
use crate::repo::Repo;
use crate::{build, npm, ports, say, stack};
use anyhow::{Result, bail};
use clap::ValueEnum;
use serde_json::Value;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

/// Whose stand-in it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    /// ICICI Breeze: tokens end at midnight in India, and a login or a paste brings the next
    Breeze,
    /// Upstox: tokens end at 03:30 in India, and an approval on the telephone brings the next
    Upstox,
    /// Zerodha Kite: tokens end at 06:00 in India, and a login or a paste brings the next
    Kite,
}

impl Provider {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Breeze, Self::Upstox, Self::Kite];

    /// Its name on command lines, and in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Breeze => "breeze",
            Self::Upstox => "upstox",
            Self::Kite => "kite",
        }
    }
}

/// What three days with two nights in them must bring at least.
const LEAST: [(&str, u64); 6] = [
    // One on the first day, one on each evening, one on each morning.
    ("checks", 5),
    ("cutoffs", 2),
    // The first token, and one after each night.
    ("renewals", 3),
    // Somebody is needed, and somebody came; and each night a warning before both.
    ("alerts", 8),
    // Three callers are given the token at least twice in seven stretches, and are told that there is none in five.
    ("calls_ok", 42),
    ("calls_none", 30),
];

/// Longer than it ever takes, also where the machine has other work.
const LIMIT: Duration = Duration::from_secs(240);

/// Plays three days.
pub(crate) fn headless(repo: &Repo, provider: Provider, port: Option<u16>) -> Result<Report> {
    let port = port.map_or_else(ports::free, ports::wanted)?;
    prepare(repo)?;
    say::step(&format!("three days at {}, with its stand-in and the services Worker", provider.name()));
    let (name, _slot) = slot(repo, provider)?;
    let mut command = script(repo, provider, port);
    command.arg("--headless");
    let Played { line, object, status } = play(repo, &name, command, LIMIT, &String::new)?;
    let mut verdict = judge(&object, provider);
    // A step that did not come says more than what it kept from being counted.
    if !status.success() && number(&object, "lost") == Ok(0) {
        verdict = Err(format!("a step did not come as it should, as said above ({status})"));
    }
    Ok(Report { line, verdict })
}

/// Starts both and waits for Ctrl-C.
pub(crate) fn person(repo: &Repo, provider: Provider, args: &DemoArgs) -> Result<ExitCode> {
    let port = port_for_a_person(args.port, "the services Worker")?;
    prepare(repo)?;
    say::step("starting the stand-in and the services Worker");
    let (name, _slot) = slot(repo, provider)?;
    let stdout = repo.log(&format!("{name}-ready"))?;
    let command = script(repo, provider, port);
    let mut running =
        process::spawn("the services Worker", command, &repo.log(&name)?, Output::Show(stdout))?;
    let ready = running.until(Duration::from_secs(60), |running| ready_line(&running.printed()))?;
    if args.json {
        println!("{ready}");
    } else {
        println!("{}", guide(&ready));
        say::note("alerts are shown here as they come; Ctrl-C ends it all");
    }
    loop {
        if let Some(status) = running.ended()? {
            bail!("the stand-in and the services Worker ended by themselves ({status})");
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn prepare(repo: &Repo) -> Result<()> {
    npm::ensure(repo)?;
    build::services(repo)
}

/// The name of its logs, which is taken while it runs.
fn slot(repo: &Repo, provider: Provider) -> Result<(String, Lock)> {
    stack::free_name(repo, &format!("demo-{}", provider.name()))
}

fn script(repo: &Repo, provider: Provider, port: u16) -> Command {
    let mut command = repo.node();
    command.arg(repo.at("tests/services/demo/main.mjs")).arg(provider.name());
    command.args(["--port", &port.to_string()]);
    command.env("EVERLIT_SERVICES_BUILD", repo.at("worker/services/build"));
    command
}

/// The line that says it is ready; an unfinished one is not one yet.
pub(super) fn ready_line(printed: &str) -> Option<Value> {
    let (line, _) = printed.split_once('\n')?;
    serde_json::from_str(line).ok().filter(Value::is_object)
}

/// What a person can do, as commands to copy.
fn guide(ready: &Value) -> String {
    let text =
        |object: &Value, name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let commands = ready.get("commands").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let one = |command: &Value| format!("\n# {}\n{}\n", text(command, "does"), text(command, "command"));
    let head = format!("The services Worker is at {}\n", text(ready, "url"));
    [head].into_iter().chain(commands.iter().map(one)).collect()
}

/// Whether enough happened, and nobody was told anything wrong.
fn judge(report: &Value, provider: Provider) -> Result<(), String> {
    if report.get("provider").and_then(Value::as_str) != Some(provider.name()) {
        return Err(format!("the result is not about {}: {report}", provider.name()));
    }
    let lost = number(report, "lost")?;
    if lost != 0 {
        return Err(format!(
            "{lost} questions were not answered with a token that is taken, or a typed none"
        ));
    }
    for (name, least) in LEAST {
        let found = number(report, name)?;
        if found < least {
            return Err(format!("{name} is {found}, and has to be {least} at least"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Value {
        json!({ "provider": "kite", "checks": 6, "cutoffs": 2, "renewals": 3, "alerts": 8, "calls_ok": 44, "calls_none": 30, "lost": 0 })
    }

    #[test]
    fn an_honest_result_passes() {
        assert_eq!(judge(&report(), Provider::Kite), Ok(()));
    }

    #[test]
    fn every_limit_is_held() {
        for (name, least) in LEAST {
            for wrong in [json!(least - 1), json!("many"), Value::Null] {
                let mut report = report();
                report[name] = wrong;
                let said = judge(&report, Provider::Kite).unwrap_err();
                assert!(said.contains(name), "{said}");
            }
        }
        let mut lossy = report();
        lossy["lost"] = json!(1);
        assert!(judge(&lossy, Provider::Kite).unwrap_err().starts_with("1 questions"));
        assert!(judge(&report(), Provider::Breeze).unwrap_err().contains("breeze"));
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for provider in Provider::ALL {
            assert_eq!(Provider::from_str(provider.name(), false), Ok(provider));
        }
        assert_eq!(Provider::value_variants(), Provider::ALL);
    }

    #[test]
    fn a_person_is_shown_each_command_with_what_it_does() {
        let ready =
            json!({ "url": "http://localhost:7", "commands": [{ "does": "look", "command": "curl x" }] });
        assert_eq!(guide(&ready), "The services Worker is at http://localhost:7\n\n# look\ncurl x\n");
        assert_eq!(ready_line(&format!("{ready}\n")), Some(ready.clone()));
        assert_eq!(ready_line(&ready.to_string()), None);
    }
}
