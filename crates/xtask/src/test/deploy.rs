//! The tier that packs the Worker as for a deployment and holds its sizes against a budget.

use super::Outcome;
use super::count::Counts;
use crate::repo::Repo;
use crate::size::{self, Sizes};
use anyhow::Result;

/// What the Worker may weigh, gzip -9. The platform allows 3 MB; what is loaded at every cold start should be far less.
const WORKER_GZIP: u64 = 300_000;
/// What a page may load until `openSession` resolves, brotli 11.
const SESSION_BROTLI: u64 = 24_000;

/// Packs and weighs.
pub(super) fn run(repo: &Repo) -> Result<Outcome> {
    let sizes = size::measure(repo)?;
    let over = over_budget(sizes);
    let counts = if over.is_empty() { Counts::PASSED } else { Counts::FAILED };
    Ok(Outcome::new(counts, over.join("\n")))
}

fn over_budget(sizes: Sizes) -> Vec<String> {
    [("the Worker", sizes.worker_gzip, WORKER_GZIP), ("the page", sizes.session_brotli(), SESSION_BROTLI)]
        .into_iter()
        .filter(|(_, size, budget)| size > budget)
        .map(|(what, size, budget)| {
            format!("    {what} weighs {size} bytes compressed, its budget is {budget}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_budget_is_held() {
        let sizes = Sizes {
            worker_gzip: WORKER_GZIP,
            wasm_brotli: 1,
            js_brotli: SESSION_BROTLI - 1,
            later_brotli: 0,
        };
        assert!(over_budget(sizes).is_empty());
        assert_eq!(over_budget(Sizes { worker_gzip: WORKER_GZIP + 1, ..sizes }).len(), 1);
        assert_eq!(over_budget(Sizes { wasm_brotli: 2, ..sizes }).len(), 1);
    }
}
