//! The tiers that play three days at each broker, and the end of a day at a desk.

use super::count::Counts;
use super::{Outcome, node};
use crate::browsers::{self, Engine};
use crate::demo::human;
use crate::demo::provider::{self, Provider};
use crate::repo::Repo;
use anyhow::{Result, bail};
use std::thread;

/// The demo of each broker, as it is; one of them that fails does not keep the others from being played.
pub(super) fn days(repo: &Repo) -> Result<Outcome> {
    let mut outcome = Outcome::new(Counts::default(), String::new());
    for provider in Provider::ALL {
        let why = match provider::headless(repo, provider, None) {
            Ok(report) => report.verdict.err().map(|why| format!("{why}\n    {}", report.line)),
            Err(error) => Some(format!("{error:#}")),
        };
        let Some(why) = why else {
            outcome.counts += Counts::PASSED;
            continue;
        };
        outcome.counts += Counts::FAILED;
        outcome.details.push_str(&format!("    {}: {why}\n", provider.name()));
        outcome.failing.push(format!("three days at {}", provider.name()));
    }
    Ok(outcome)
}

/// The desk: a picture of each state, and then a day at each broker that has one, in every browser that there is.
pub(super) fn desks(repo: &Repo) -> Result<Outcome> {
    let mut outcome = node::desk(repo)?;
    // Whoever plays waits most of the time, so the brokers are played side by side; each begins with another browser.
    let played = thread::scope(|scope| {
        let brokers: Vec<_> = human::DESKS
            .into_iter()
            .enumerate()
            .map(|(first, provider)| {
                scope.spawn(move || {
                    let engines = Engine::ALL.into_iter().cycle().skip(first).take(Engine::ALL.len());
                    engines.map(|engine| at_a_desk(repo, provider, engine)).collect::<Vec<_>>()
                })
            })
            .collect();
        brokers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for one in played {
        let Ok(all) = one else { bail!("a desk was left in a panic") };
        for (what, ended) in all {
            match ended {
                Ended::Well => outcome.counts += Counts::PASSED,
                Ended::Lacking(lacking) => {
                    outcome.counts +=
                        if browsers::must_be_there() { Counts::FAILED } else { Counts::SKIPPED };
                    outcome.details.push_str(&format!("    {what}: {lacking}\n"));
                }
                Ended::Badly(why) => {
                    outcome.counts += Counts::FAILED;
                    outcome.details.push_str(&format!("    {what}: {why}\n"));
                    outcome.failing.push(what);
                }
            }
        }
    }
    Ok(outcome)
}

/// How a day at a desk went.
enum Ended {
    Well,
    /// There is no such browser, and why.
    Lacking(String),
    Badly(String),
}

fn at_a_desk(repo: &Repo, provider: Provider, engine: Engine) -> (String, Ended) {
    let what = format!("a desk at {} in {}", provider.name(), engine.name());
    if let Some(lacking) = engine.lacking() {
        return (what, Ended::Lacking(lacking));
    }
    let why = match human::in_engine(repo, provider, engine, None) {
        Ok(report) => report.verdict.err().map(|why| format!("{why}\n    {}", report.line)),
        Err(error) => Some(format!("{error:#}")),
    };
    (what, why.map_or(Ended::Well, Ended::Badly))
}
