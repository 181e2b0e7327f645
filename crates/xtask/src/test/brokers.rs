//! The tier that plays three days at each broker.

use super::Outcome;
use super::count::Counts;
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
