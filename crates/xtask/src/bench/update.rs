//! `cargo xtask bench update`: from the click on "Update" to the answer of the call that waited, beside the two requests of which that is made.

use super::figures::median;
use super::stand::last_line;
use super::told;
use crate::repo::Repo;
use crate::{build, say};
use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};
use std::process::ExitCode;

/// Ours over the two requests by hand. What is over 1 is for the dialog and the session's own work, and for what differs from one minute to the
/// next; with a third request it would be 1.5.
const RATIO: f64 = 1.2;
/// The token that is handed in, and the call.
const REQUESTS: u64 = 2;

/// Measures, and says what came of it.
pub(super) fn run(json: bool) -> Result<ExitCode> {
    let repo = Repo::find()?;
    build::worker(&repo)?;
    build::services(&repo)?;
    build::web(&repo)?;
    say::step("41 days of a broker, in which both take turns (under three minutes)");
    let said = last_line(&repo, "update")?;
    let figures = Figures::read(&said).with_context(|| format!("something was not measured: {said}"))?;
    let Figures { update, hand, requests } = figures;
    let table = format!(
        "medians, local server\n  from the click to the answer {update:>8.1} ms\n  one validation and one round trip, by hand {hand:>8.1} ms, \
         ratio {:.2} (limit {RATIO:.2})\n  requests {requests} (limit {REQUESTS})\n",
        figures.ratio()
    );
    Ok(told(json, &table, &figures.json(), &figures.missed()))
}

/// Medians in milliseconds, and the most requests of any round.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    update: f64,
    hand: f64,
    requests: u64,
}

impl Figures {
    fn read(said: &Json) -> Option<Self> {
        let of = |name: &str| {
            let rounds: Option<Vec<f64>> = said.get(name)?.as_array()?.iter().map(Json::as_f64).collect();
            rounds.filter(|rounds| !rounds.is_empty()).map(median)
        };
        let requests: Option<Vec<u64>> = said.get("requests")?.as_array()?.iter().map(Json::as_u64).collect();
        Some(Self { update: of("update")?, hand: of("hand")?, requests: requests?.into_iter().max()? })
    }

    fn ratio(self) -> f64 {
        self.update / self.hand
    }

    /// Every limit that was missed, in words. Written so that what is not a number misses its limit.
    fn missed(self) -> Vec<String> {
        let mut missed = Vec::new();
        let ratio = self.ratio();
        if !matches!(ratio.partial_cmp(&RATIO), Some(order) if order.is_le()) {
            missed.push(format!("update_ratio is {ratio:.2}, at most {RATIO:.2} is allowed"));
        }
        if self.requests != REQUESTS {
            missed.push(format!("{} requests were made, instead of {REQUESTS}", self.requests));
        }
        missed
    }

    fn json(self) -> Json {
        let rounded = |figure: f64| (figure * 1_000.0).round() / 1_000.0;
        json!({ "update_ms": rounded(self.update), "hand_ms": rounded(self.hand), "update_ratio": rounded(self.ratio()), "requests": self.requests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(update: &Json, requests: &Json) -> usize {
        let said = json!({ "update": update, "hand": [50, 50, 50], "requests": requests });
        Figures::read(&said).unwrap().missed().len()
    }

    #[test]
    fn each_limit_is_held() {
        assert_eq!(missed(&json!([60, 20, 99]), &json!([2, 2])), 0);
        assert_eq!(missed(&json!([61, 20, 99]), &json!([2, 2])), 1);
        assert_eq!(missed(&json!([60]), &json!([2, 3])), 1);
        assert_eq!(missed(&json!([60]), &json!([1])), 1);
    }

    #[test]
    fn what_is_missing_is_no_figure() {
        for said in [
            json!({}),
            json!({ "update": [], "hand": [1], "requests": [2] }),
            json!({ "update": [1], "hand": [1] }),
        ] {
            assert_eq!(Figures::read(&said), None);
        }
    }
}
