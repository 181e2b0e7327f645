//! `cargo xtask demo --provider NAME --human`: a trading desk in a browser, whose broker's day ends in the middle of the work.
//!
//! A script (`tests/services/demo/human`) runs everything behind one address, and plays the story in one engine; here it is played in each
//! engine that there is, and what was counted is added up and judged.

use super::provider::{Provider, ready_line};
use super::{Played, Report, number, play, port_for_a_person};
use crate::browsers::{self, Engine};
use crate::cli::DemoArgs;
use crate::lock::Lock;
use crate::process::{self, Output};
use crate::repo::Repo;
use crate::{build, npm, ports, say, stack};
use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

/// Those that there is a desk at.
pub(crate) const DESKS: [Provider; 2] = [Provider::Breeze, Provider::Upstox];

/// What is counted, and how much of it a run in one engine must bring at least. What may not be at all has no least.
const COUNTED: [(&str, Option<u64>); 6] = [
    // The operations of both tabs, and on the next day that of one. Prices wait as well, but not at Upstox, where a token for a year may still read.
    ("requests_waiting", Some(3)),
    ("requests_completed", Some(3)),
    ("requests_cancelled", Some(1)),
    // One that is cancelled, one that is answered, the one of the other tab, and that of the next day.
    ("dialogs", Some(4)),
    ("duplicated", None),
    ("lost", None),
];

/// Longer than it ever takes in one engine, also where the machine has other work.
const LIMIT: Duration = Duration::from_secs(300);

/// Plays the story in every engine that is installed, Chromium first.
pub(crate) fn headless(repo: &Repo, provider: Provider, port: Option<u16>) -> Result<Report> {
    wanted(provider)?;
    browsers::ensure(repo, &[Engine::Chromium]);
    if let Some(lacking) = Engine::Chromium.lacking() {
        bail!("{lacking}");
    }
    prepare(repo)?;
    let mut all: Option<Value> = None;
    let mut verdict = Ok(());
    for engine in Engine::ALL {
        if let Some(lacking) = engine.lacking() {
            say::note(&format!("not in {}: {lacking}", engine.name()));
            continue;
        }
        let one = in_engine(repo, provider, engine, port)?;
        verdict = verdict.and_then(|()| one.verdict.map_err(|why| format!("in {}: {why}", engine.name())));
        let object: Value = serde_json::from_str(&one.line).context("a result is no JSON")?;
        all = Some(match all {
            Some(before) => sum(&before, &object),
            None => object,
        });
    }
    let line = all.context("there is no browser to play in")?.to_string();
    Ok(Report { line, verdict })
}

/// Plays the story in one engine. Both Workers, the npm package and the demo are there.
pub(crate) fn in_engine(
    repo: &Repo,
    provider: Provider,
    engine: Engine,
    port: Option<u16>,
) -> Result<Report> {
    wanted(provider)?;
    let port = port.map_or_else(ports::free, ports::wanted)?;
    say::step(&format!(
        "a desk at {}, whose day ends in the middle of the work, in {}",
        provider.name(),
        engine.name()
    ));
    let (name, _slot) = slot(repo, &format!("{}-{}", provider.name(), engine.name()))?;
    let driver = browsers::drive(repo, engine, &name)?;
    let mut command = script(repo, provider, port);
    command.arg("--headless");
    command.env("EVERLIT_ENGINE", engine.name()).env("EVERLIT_WEBDRIVER", &driver.address);
    let tails = || format!("  the WebDriver said:\n{}", driver.process.tail());
    let Played { line, object, status } = play(repo, &name, command, LIMIT, &tails)?;
    let mut verdict = judge(&object, provider, engine);
    if verdict.is_ok() && !status.success() {
        verdict = Err(format!("a step did not come as it should, as said above ({status})"));
    }
    Ok(Report { line, verdict })
}

/// Starts everything and waits for Ctrl-C.
pub(crate) fn person(repo: &Repo, provider: Provider, args: &DemoArgs) -> Result<ExitCode> {
    wanted(provider)?;
    let port = port_for_a_person(args.port, "the desk")?;
    prepare(repo)?;
    say::step("starting the authorization server, both Workers and the broker's stand-in");
    let (name, _slot) = slot(repo, provider.name())?;
    let stdout = repo.log(&format!("{name}-ready"))?;
    let command = script(repo, provider, port);
    let mut running = process::spawn("the desk", command, &repo.log(&name)?, Output::Show(stdout))?;
    let ready = running.until(Duration::from_secs(60), |running| ready_line(&running.printed()))?;
    if args.json {
        println!("{ready}");
    } else {
        println!("Open {}", ready.get("url").and_then(Value::as_str).unwrap_or_default());
        for line in what_to_do(provider) {
            say::note(line);
        }
    }
    loop {
        if let Some(status) = running.ended()? {
            bail!("the desk ended by itself ({status})");
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// For whoever is there for the first time.
fn what_to_do(provider: Provider) -> [&'static str; 5] {
    [
        "1. Sign in as \"ada\", with any password. (Any other name may look, and is told who has to act.)",
        "2. Press \"Run\", and while it runs \"End the broker's day\", at the bottom. A dialog comes.",
        match provider {
            Provider::Upstox => {
                "3. Press \"Log in\" in it, and be \"ada\" there, too; or press \"Have the phone say yes\" before you end the day. The work goes on."
            }
            Provider::Breeze | Provider::Kite => {
                "3. Press \"Log in\" in it, and be \"ada\" there, too. It closes by itself, and the work goes on."
            }
        },
        "4. Once more, with anything in the field of the dialog, with Cancel, or with two tabs.",
        "Ctrl-C ends it all.",
    ]
}

/// Refuses those that there is no desk at.
fn wanted(provider: Provider) -> Result<()> {
    if !DESKS.contains(&provider) {
        let names = DESKS.map(Provider::name).join(" and ");
        bail!(
            "there is no desk at {name}: --human is for {names}, as in `cargo xtask demo --provider breeze --human`; what \
             happens at {name} is shown by `cargo xtask demo --provider {name}`",
            name = provider.name()
        );
    }
    Ok(())
}

fn prepare(repo: &Repo) -> Result<()> {
    npm::ensure(repo)?;
    build::all(repo)?;
    build::services(repo)
}

/// The name of its logs, which is taken while it runs.
fn slot(repo: &Repo, what: &str) -> Result<(String, Lock)> {
    stack::free_name(repo, &format!("desk-{what}"))
}

fn script(repo: &Repo, provider: Provider, port: u16) -> Command {
    let mut command = repo.node();
    command.arg(repo.at("tests/services/demo/human/main.mjs")).arg(provider.name());
    command.args(["--port", &port.to_string()]);
    command.env("EVERLIT_WORKER_BUILD", repo.at("worker/build"));
    command.env("EVERLIT_SERVICES_BUILD", repo.at("worker/services/build"));
    command
}

/// Both results as one.
fn sum(one: &Value, other: &Value) -> Value {
    let engines =
        [one, other].map(|each| each.get("engines").and_then(Value::as_array).cloned().unwrap_or_default());
    let mut all = Map::new();
    all.insert("provider".to_owned(), one.get("provider").cloned().unwrap_or_default());
    all.insert("engines".to_owned(), Value::Array(engines.concat()));
    for (name, _) in COUNTED {
        // What is no number was judged already, and is no zero.
        let both = number(one, name).and_then(|one| Ok(one.saturating_add(number(other, name)?)));
        all.insert(name.to_owned(), both.map_or(Value::Null, |both| json!(both)));
    }
    Value::Object(all)
}

/// Whether everything that waited went on, and nothing was done twice.
fn judge(report: &Value, provider: Provider, engine: Engine) -> Result<(), String> {
    if report.get("provider").and_then(Value::as_str) != Some(provider.name()) {
        return Err(format!("the result is not about {}: {report}", provider.name()));
    }
    if report.get("engines") != Some(&json!([engine.name()])) {
        return Err(format!("the result is not about {}: {report}", engine.name()));
    }
    for (name, least) in COUNTED {
        let found = number(report, name)?;
        match least {
            Some(least) if found < least => {
                return Err(format!("{name} is {found}, and has to be {least} at least"));
            }
            None if found > 0 => return Err(format!("{name} is {found}, and has to be 0")),
            Some(_) | None => {}
        }
    }
    let (waiting, completed) = (number(report, "requests_waiting")?, number(report, "requests_completed")?);
    if waiting != completed {
        return Err(format!("{completed} of the {waiting} requests that waited were completed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Value {
        json!({ "provider": "upstox", "engines": ["chromium"], "requests_waiting": 4, "requests_completed": 4, "requests_cancelled": 1,
            "duplicated": 0, "lost": 0, "dialogs": 4 })
    }

    fn judged(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut report = report();
        change(&mut report);
        judge(&report, Provider::Upstox, Engine::Chromium)
    }

    #[test]
    fn an_honest_result_passes() {
        assert_eq!(judged(|_| ()), Ok(()));
    }

    #[test]
    fn every_limit_is_held() {
        for (name, least) in COUNTED {
            for wrong in
                [least.map_or_else(|| json!(1), |least| json!(least - 1)), json!("many"), Value::Null]
            {
                let said = judged(|report| report[name] = wrong).unwrap_err();
                assert!(said.contains(name), "{said}");
            }
        }
        assert!(
            judged(|report| report["requests_completed"] = json!(3)).unwrap_err().starts_with("3 of the 4")
        );
        assert!(judged(|report| report["provider"] = json!("breeze")).unwrap_err().contains("upstox"));
        assert!(judged(|report| report["engines"] = json!([])).unwrap_err().contains("chromium"));
    }

    #[test]
    fn what_two_engines_counted_is_added_up_and_nothing_is_made_good() {
        let mut other = report();
        other["engines"] = json!(["firefox"]);
        other["lost"] = json!(1);
        other["dialogs"] = Value::Null;
        let all = sum(&report(), &other);
        assert_eq!(all["engines"], json!(["chromium", "firefox"]));
        assert_eq!(
            (&all["requests_waiting"], &all["lost"], &all["dialogs"]),
            (&json!(8), &json!(1), &Value::Null)
        );
    }

    #[test]
    fn only_who_has_a_desk_is_asked_for_one() {
        for provider in Provider::ALL {
            assert_eq!(wanted(provider).is_ok(), DESKS.contains(&provider));
        }
    }
}
