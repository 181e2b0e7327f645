//! The tiers that play three days at each broker, and the end of a day at a desk.

use super::Outcome;
use super::count::Counts;
use crate::browsers::{self, Engine};
use crate::demo::human;
use crate::demo::provider::{self, Provider};
use crate::repo::Repo;
use anyhow::Result;

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

/// A desk at each broker that has one, in every browser that there is.
pub(super) fn desks(repo: &Repo) -> Result<Outcome> {
    let mut outcome = Outcome::new(Counts::default(), String::new());
    for (provider, engine) in human::DESKS.iter().flat_map(|desk| Engine::ALL.map(|engine| (*desk, engine))) {
        let what = format!("a desk at {} in {}", provider.name(), engine.name());
        if let Some(lacking) = engine.lacking() {
            outcome.counts += if browsers::must_be_there() { Counts::FAILED } else { Counts::SKIPPED };
            outcome.details.push_str(&format!("    {what}: {lacking}\n"));
            continue;
        }
        let why = match human::in_engine(repo, provider, engine, None) {
            Ok(report) => report.verdict.err().map(|why| format!("{why}\n    {}", report.line)),
            Err(error) => Some(format!("{error:#}")),
        };
        let Some(why) = why else {
            outcome.counts += Counts::PASSED;
            continue;
        };
        outcome.counts += Counts::FAILED;
        outcome.details.push_str(&format!("    {what}: {why}\n"));
        outcome.failing.push(what);
    }
    Ok(outcome)
}
