//! `cargo xtask bench services`: how long a program waits for the token of one of the operator's accounts, or for the answer that there is
//! none, when nothing is due. It asks as it does where it is deployed: at the edge Worker, which asks the services Worker by its binding.

use super::figures::{Run, median_run};
use super::load::{self, Seen, Until};
use super::stand::{Services, Stand, Target};
use super::told;
use crate::repo::Repo;
use crate::{build, say};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

/// Within how many milliseconds a program is promised its answer.
const PROMISED: f64 = 50.0;
/// How many programs ask at the same time: one, as the promise has it, and as many as a small firm may have.
const PROGRAMS: [usize; 2] = [1, 8];
/// Runs of each; the figures are medians.
const ROUNDS: usize = 5;
/// How long a run is.
const RUN: Duration = Duration::from_secs(2);
/// Before the first run: the engine compiles what is used often only after some thousand calls.
const WARM_UP: Duration = Duration::from_secs(4);

/// All runs of one question, and what they come to.
struct Row {
    what: &'static str,
    programs: usize,
    runs: Vec<Run>,
}

/// `cargo xtask bench services`
pub(super) fn run(json: bool) -> Result<ExitCode> {
    let repo = Repo::find()?;
    build::worker(&repo)?;
    build::services(&repo)?;
    say::step("starting both Workers and a broker's stand-in");
    let stand = Stand::<Services>::start(&repo, "services.mjs")?;
    let Services { token, none } = &stand.ready;
    say::step("warming up");
    for target in [token, none] {
        load::run(&target.asks(), 8, Until::Elapsed(WARM_UP))?;
    }
    let targets = [("token", token), ("none", none)];
    let mut rows: Vec<Row> = PROGRAMS
        .iter()
        .flat_map(|programs| targets.map(|(what, _)| Row { what, programs: *programs, runs: Vec::new() }))
        .collect();
    for round in 1..=ROUNDS {
        say::step(&format!("round {round} of {ROUNDS}"));
        for row in &mut rows {
            let target = if row.what == "token" { token } else { none };
            row.runs.push(once(target, row.programs)?);
        }
    }
    Ok(told(json, &table(&rows), &figures(&rows), &missed(&rows)))
}

fn once(target: &Target, programs: usize) -> Result<Run> {
    let before = target.processor_time();
    let seen: Seen = load::run(&target.asks(), programs, Until::Elapsed(RUN))?;
    let spent = before.zip(target.processor_time()).map(|(before, after)| after.saturating_sub(before));
    Ok(Run::new(&seen, spent))
}

/// What took longer than is promised: of a program that asks alone, all but one answer in a hundred, of many that never pause, half. Those
/// are a hundred times as many questions as the default rate lets through, and wait for each other.
fn missed(rows: &[Row]) -> Vec<String> {
    let held = |row: &Row| {
        let run = median_run(&row.runs);
        if row.programs == 1 { ("p99", run.p99) } else { ("p50", run.p50) }
    };
    // Written so that what is not a number misses it.
    let within = |took: f64| took <= PROMISED;
    let late = rows.iter().filter(|row| !within(held(row).1));
    late.map(|row| {
        let (Row { what, programs, .. }, (which, took)) = (row, held(row));
        format!("{which} of {what} for {programs} at once is {took:.1} ms, {PROMISED} ms are promised")
    })
    .collect()
}

fn figures(rows: &[Row]) -> Value {
    let one = |row: &Row| {
        let run = median_run(&row.runs);
        let rounded = |figure: f64| (figure * 1_000.0).round() / 1_000.0;
        json!({ "asks": row.what, "programs": row.programs, "p50_ms": rounded(run.p50), "p99_ms": rounded(run.p99) })
    };
    json!({ "promised_ms": PROMISED, "runs": rows.iter().map(one).collect::<Vec<_>>() })
}

fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut line = |what: String| writeln!(text, "{what}").unwrap_or_default();
    line(format!("{:<26}{:>11} {:>11} {:>11}", "medians of all runs", "p50", "p99", "throughput"));
    for Row { what, programs, runs } in rows {
        line(format!("{:<26}{}", format!("{what}, {programs} at once"), median_run(runs)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &'static str, programs: usize, latencies: [u64; 3]) -> Row {
        let seen = |ms: u64| Seen {
            latencies: [1, ms].map(Duration::from_millis).to_vec(),
            took: Duration::from_secs(1),
        };
        Row { what, programs, runs: latencies.map(|ms| Run::new(&seen(ms), None)).to_vec() }
    }

    #[test]
    fn the_promise_is_for_all_but_one_in_a_hundred_where_one_asks_and_for_half_where_many_do() {
        let (good, many) = (row("token", 1, [50, 50, 500]), row("none", 8, [50, 50, 500]));
        assert_eq!(missed(&[good, many]), [""; 0]);
        let (one, many) = (row("token", 1, [2, 51, 51]), row("none", 8, [51, 51, 2]));
        assert_eq!(
            missed(&[one, many]),
            [
                "p99 of token for 1 at once is 51.0 ms, 50 ms are promised",
                "p50 of none for 8 at once is 51.0 ms, 50 ms are promised"
            ]
        );
        // Nothing was seen.
        let nothing = Row { what: "token", programs: 1, runs: vec![Run::new(&Seen::default(), None)] };
        assert_eq!(missed(&[nothing]).len(), 1);
    }

    #[test]
    fn one_in_a_hundred_counts_for_nobody() {
        let mut latencies = vec![Duration::from_millis(1); 199];
        latencies.push(Duration::from_secs(9));
        let runs = vec![Run::new(&Seen { latencies, took: Duration::from_secs(1) }, None)];
        assert!(missed(&[Row { what: "none", programs: 1, runs }]).is_empty());
    }

    #[test]
    fn the_figures_are_medians() {
        let said = figures(&[row("token", 1, [2, 9, 4])]);
        let runs = json!([{ "asks": "token", "programs": 1, "p50_ms": 4.0, "p99_ms": 4.0 }]);
        assert_eq!(said, json!({ "promised_ms": 50.0, "runs": runs }));
    }
}
