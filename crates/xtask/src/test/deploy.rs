//! The tier that packs the Worker as for a deployment and holds every size against its budget.

use super::Outcome;
use super::count::Counts;
use crate::repo::Repo;
use crate::size;
use anyhow::Result;

/// Packs and weighs.
pub(super) fn run(repo: &Repo) -> Result<Outcome> {
    let over = size::measure(repo)?.over_budget();
    let counts = if over.is_empty() { Counts::PASSED } else { Counts::FAILED };
    let lines: Vec<String> = over.iter().map(|line| format!("    {line}")).collect();
    Ok(Outcome::new(counts, lines.join("\n")))
}
