//! `cargo xtask test`: every tier there is, one line each, and a total that counts everything.

mod brokers;
mod browser;
mod count;
mod deploy;
mod machine;
mod native;
mod node;
mod tier;

use crate::browsers::{self, Engine};
use crate::cli::TestArgs;
use crate::repo::Repo;
use crate::say;
use anyhow::{Result, bail};
use count::Counts;
use machine::Watch;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Instant;
use tier::{Ready, TIERS, Tier};

/// What running a tier's program gave.
pub(crate) struct Outcome {
    /// Tests by how they ended.
    counts: Counts,
    /// What to show if something failed.
    details: String,
    /// The names of the tests that failed, as far as their runner says them.
    failing: Vec<String>,
    /// Why nothing was run, if that is how it should be.
    skipped: Option<String>,
}

impl Outcome {
    fn new(counts: Counts, details: String) -> Self {
        Self { counts, details, failing: Vec::new(), skipped: None }
    }

    fn skipped(why: String) -> Self {
        Self { skipped: Some(why), ..Self::new(Counts::SKIPPED, String::new()) }
    }
}

/// A tier that is over.
struct Done {
    tier: &'static Tier,
    counts: Counts,
    seconds: f64,
    /// The names of the tests that failed.
    failing: Vec<String>,
    /// Why it was skipped or failed, one line.
    note: Option<String>,
}

/// `cargo xtask test`
pub(crate) fn run(args: &TestArgs) -> Result<ExitCode> {
    if args.list {
        return Ok(list(args.json));
    }
    let tiers = pick(&args.tiers)?;
    let repo = Repo::find()?;
    let engines: Vec<Engine> =
        tiers.iter().flat_map(|tier| tier.needs).filter_map(|need| need.engine()).collect();
    browsers::ensure(&repo, &engines);
    let mut ready = Ready::default();
    let mut all = Vec::new();
    for tier in tiers {
        say::step(&format!("{}: {}", tier.name, tier.about));
        let done = run_tier(&repo, tier, &mut ready);
        let line = describe(&done);
        if args.json {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
        all.push(done);
    }
    Ok(report(&all, args.json))
}

fn list(json: bool) -> ExitCode {
    if json {
        let tiers: Vec<Value> =
            TIERS.iter().map(|tier| json!({ "name": tier.name, "about": tier.about })).collect();
        println!("{}", json!({ "tiers": tiers }));
    } else {
        for tier in TIERS {
            println!("{:<15} {}", tier.name, tier.about);
        }
    }
    ExitCode::SUCCESS
}

/// The named tiers in their own order, or all.
fn pick(names: &[String]) -> Result<Vec<&'static Tier>> {
    for name in names {
        if !TIERS.iter().any(|tier| tier.name == name) {
            let known: Vec<&str> = TIERS.iter().map(|tier| tier.name).collect();
            bail!("there is no tier `{name}`; there are: {}", known.join(", "));
        }
    }
    Ok(TIERS.iter().filter(|tier| names.is_empty() || names.iter().any(|name| name == tier.name)).collect())
}

fn run_tier(repo: &Repo, tier: &'static Tier, ready: &mut Ready) -> Done {
    let began = Instant::now();
    let over = |counts, note| Done {
        tier,
        counts,
        seconds: began.elapsed().as_secs_f64(),
        failing: Vec::new(),
        note,
    };
    if let Some(lacking) = tier.needs.iter().filter_map(|need| need.engine()).find_map(Engine::lacking) {
        let counts = if browsers::must_be_there() { Counts::FAILED } else { Counts::SKIPPED };
        return over(counts, Some(lacking));
    }
    let (outcome, stall) = match tier.needs.iter().try_for_each(|need| ready.ensure(repo, *need)) {
        Ok(()) => watched(repo, tier),
        Err(error) => (Err(error), None),
    };
    match outcome {
        Ok(Outcome { counts, skipped: Some(why), .. }) => over(counts, Some(why)),
        Ok(outcome) if outcome.counts.executed() == 0 => {
            eprintln!("{}", outcome.details);
            over(Counts { failed: 1, ..outcome.counts }, Some("no test was run".to_owned()))
        }
        Ok(outcome) => {
            if outcome.counts.failed > 0 {
                eprintln!("{}", outcome.details);
            }
            Done { failing: outcome.failing, ..over(outcome.counts, stall) }
        }
        Err(error) => {
            let text = format!("{error:#}");
            eprintln!("    {text}");
            over(Counts::FAILED, text.lines().next().map(str::to_owned))
        }
    }
}

/// Runs a tier. Of one that failed it is said if the machine stood still meanwhile; a failure it remains.
fn watched(repo: &Repo, tier: &Tier) -> (Result<Outcome>, Option<String>) {
    let watch = Watch::begin(repo);
    let outcome = (tier.run)(repo);
    let stall = watch.end().stall().map(|stall| format!("the machine stood still meanwhile: {stall}"));
    let failed = outcome.as_ref().is_ok_and(|outcome| outcome.counts.failed > 0);
    (outcome, stall.filter(|_| failed))
}

/// One line per tier.
fn describe(done: &Done) -> String {
    let word = match done.counts {
        Counts { failed: 1.., .. } => "FAILED",
        Counts { passed: 0, .. } => "skipped",
        Counts { .. } => "ok",
    };
    let note = done.note.as_ref().map(|note| format!("  ({note})")).unwrap_or_default();
    format!("{word:<7} {:<15} {}, {:.1} s{note}", done.tier.name, done.counts, done.seconds)
}

/// The total, which tiers failed, and how to run them alone.
fn report(all: &[Done], json: bool) -> ExitCode {
    let mut total = Counts::default();
    for done in all {
        total += done.counts;
    }
    for done in all.iter().filter(|done| done.counts.failed > 0) {
        eprintln!("failed: {}; alone: cargo xtask test {}", done.tier.name, done.tier.name);
        for name in &done.failing {
            say::note(name);
        }
    }
    if json {
        let tiers: Vec<Value> = all
            .iter()
            .map(|done| {
                json!({
                    "name": done.tier.name,
                    "passed": done.counts.passed,
                    "failed": done.counts.failed,
                    "skipped": done.counts.skipped,
                    "seconds": (done.seconds * 10.0).round() / 10.0,
                    "failing": done.failing,
                    "note": done.note,
                })
            })
            .collect();
        let (passed, failed, skipped) = (total.passed, total.failed, total.skipped);
        println!(
            "{}",
            json!({ "ok": failed == 0, "passed": passed, "failed": failed, "skipped": skipped, "tiers": tiers })
        );
    } else {
        println!("{total}");
    }
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(counts: Counts, note: Option<&str>) -> Done {
        Done { tier: &TIERS[0], counts, seconds: 1.26, failing: Vec::new(), note: note.map(str::to_owned) }
    }

    #[test]
    fn a_line_says_how_it_went() {
        assert_eq!(
            describe(&done(Counts::PASSED, None)),
            "ok      format          1 passed, 0 failed, 0 skipped, 1.3 s"
        );
        assert!(describe(&done(Counts::FAILED, None)).starts_with("FAILED "));
        let skipped = describe(&done(Counts::SKIPPED, Some("no browser")));
        assert!(skipped.starts_with("skipped ") && skipped.ends_with("(no browser)"), "{skipped}");
        let some = Counts { passed: 3, failed: 0, skipped: 1 };
        assert!(describe(&done(some, None)).starts_with("ok "));
    }

    #[test]
    fn tiers_have_names_of_their_own_and_can_be_picked() {
        for tier in TIERS {
            assert_eq!(TIERS.iter().filter(|other| other.name == tier.name).count(), 1, "{}", tier.name);
        }
        let names = ["unit".to_owned(), "format".to_owned()];
        let picked: Vec<&str> = pick(&names).unwrap().iter().map(|tier| tier.name).collect();
        assert_eq!(picked, ["format", "unit"]);
        assert_eq!(pick(&[]).unwrap().len(), TIERS.len());
        assert!(pick(&["nonsense".to_owned()]).err().unwrap().to_string().contains("wasm-webkit"));
    }

    #[test]
    fn a_tier_that_runs_nothing_fails() {
        static EMPTY: Tier = Tier {
            name: "empty",
            about: "",
            needs: &[],
            run: |_| Ok(Outcome::new(Counts { passed: 0, failed: 0, skipped: 2 }, String::new())),
        };
        let done = run_tier(&Repo::find().unwrap(), &EMPTY, &mut Ready::default());
        assert_eq!(done.counts, Counts { passed: 0, failed: 1, skipped: 2 });
    }

    #[test]
    fn a_tier_that_cannot_start_fails() {
        static BROKEN: Tier = Tier { name: "broken", about: "", needs: &[], run: |_| bail!("no\nmore") };
        let done = run_tier(&Repo::find().unwrap(), &BROKEN, &mut Ready::default());
        assert_eq!((done.counts, done.note.as_deref()), (Counts::FAILED, Some("no")));
    }
}
