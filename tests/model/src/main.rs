//! `cargo xtask model`: explores every server up to its bound, and shows that each law would notice.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use everlit_tests_model::flaw::Flaw;
use everlit_tests_model::plan::{self, Effort, LAWS};
use everlit_tests_model::report;
use everlit_tests_model::search::{Survey, Until, explore};
use everlit_tests_model::world::Setup;

const USAGE: &str = "\
usage: everlit-model [--quick | --deep] [--json]

  --quick   small bounds, all mutations: under a minute
  --deep    three rotations with every server: twenty minutes
  --json    one JSON object as the last line of stdout";

/// More worlds than this are not visited: memory is not without end.
const MOST: usize = 60_000_000;
/// One for each core that a small machine has.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let (mut effort, mut json) = (Effort::Usual, false);
    for flag in std::env::args().skip(1) {
        match flag.as_str() {
            "--quick" => effort = Effort::Quick,
            "--deep" => effort = Effort::Deep,
            "--json" => json = true,
            _ => {
                eprintln!("unknown flag `{flag}`\n\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let say = |line: &str| if json { eprintln!("{line}") } else { println!("{line}") };
    let legs = plan::legs(effort);
    let explored = in_parallel(&legs, |leg| {
        let survey = explore(&Setup { kind: leg.kind, bound: leg.bound, flaw: None }, Until::Seen(MOST));
        say(&report::leg(leg, &survey));
        for breach in &survey.breaches {
            say(&report::breach(breach));
        }
        survey
    });
    say("\nmutation, and the law that caught it");
    let mutated = in_parallel(&Flaw::ALL, |flaw| {
        let setup = Setup { kind: flaw.kind(), bound: flaw.bound(), flaw: Some(*flaw) };
        let survey = explore(&setup, Until::Broken(flaw.law()));
        say(&report::flaw(*flaw, &survey));
        survey
    });
    let caught = |law| {
        Flaw::ALL
            .iter()
            .zip(&mutated)
            .any(|(flaw, survey)| flaw.law() == law && report::noticed(*flaw, survey).is_some())
    };
    let states: usize = explored.iter().chain(&mutated).map(|survey| survey.states).sum();
    let explored_states: usize = explored.iter().map(|survey| survey.states).sum();
    let laws = LAWS.into_iter().filter(|law| caught(*law)).count();
    let violations: usize = explored.iter().map(|survey| survey.breaches.len()).sum();
    let noticed =
        Flaw::ALL.iter().zip(&mutated).filter(|(flaw, survey)| report::noticed(**flaw, survey).is_some());
    let (mutations, mutations_caught) = (Flaw::ALL.len(), noticed.count());
    let complete = explored.iter().all(|survey: &Survey| survey.complete);
    say(&format!(
        "\n{explored_states} states explored ({} with those of the mutations), {laws} laws, {violations} violations, \
         {mutations_caught} of {mutations} mutations caught",
        states
    ));
    if json {
        println!(
            "{{\"states\":{explored_states},\"laws\":{laws},\"violations\":{violations},\"mutations\":{mutations},\
             \"mutations_caught\":{mutations_caught},\"complete\":{complete}}}"
        );
    }
    let good = violations == 0 && complete && mutations == mutations_caught && laws == LAWS.len();
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does every job, as many at a time as there are workers; results in the order of the jobs.
fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((at, job)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(at).map(|job| (at, job))
                } {
                    let result = work(job);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
