//! `cargo xtask bench`: the Worker against the same in JavaScript, and the page's session against other libraries, on the same
//! machine at the same time.
//!
//! `tests/bench` holds what is measured and says how; here load is made, and what came back is put into figures.

mod answer;
mod client;
mod figures;
mod load;
mod services;
mod stand;
mod update;

use crate::cli::{BenchArgs, BenchCommand};
use crate::repo::Repo;
use crate::{build, say};
use anyhow::{Result, bail};
use figures::{Figures, Paths, Run};
use load::{Seen, Until};
use stand::{Expiry, Memory, Pair, Speed, Stand, Start, Target};
use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

/// Tabs that ask at the same moment.
const CALLERS: usize = 1_000;
/// Connections, each with one request under way.
const CONNECTIONS: usize = 32;
/// Runs of each side of each path.
const ROUNDS: usize = 5;
/// A run is so many stretches, and those of both sides take turns: on a machine that others use too, the speed changes from
/// one second to the next, and what is compared must have seen the same seconds.
const STRETCHES: usize = 10;
/// How long a stretch is.
const STRETCH: Duration = Duration::from_millis(300);
/// Before the first run: the engine compiles what is used often only after some thousand calls.
const WARM_UP: Duration = Duration::from_secs(4);

/// `cargo xtask bench`
pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    match args.command {
        BenchCommand::Vault { json } => vault(json),
        BenchCommand::Client { json } => client::run(json),
        BenchCommand::Services { json } => services::run(json),
        BenchCommand::Update { json } => update::run(json),
    }
}

fn vault(json: bool) -> Result<ExitCode> {
    let repo = Repo::find()?;
    build::worker(&repo)?;
    build::floor(&repo)?;
    let refresh_grants = at_expiry(&repo)?;
    let paths = speed(&repo)?;
    say::step("start: both sides in turns (some seconds)");
    let start = Start::measure(&repo)?;
    say::step("memory: 1,000 sessions on each side (under a minute)");
    let memory = Memory::measure(&repo)?;
    let figures = Figures::new(CALLERS, refresh_grants, &paths, &start);
    let table = figures.table(&paths, &start, &memory);
    Ok(told(json, &table, &figures.json(), &figures.missed()))
}

/// How each of them ends: its table for people, where `json` says so the line for programs as well, and what was missed.
fn told(json: bool, table: &str, line: &dyn Display, missed: &[String]) -> ExitCode {
    if json {
        eprint!("{table}");
        println!("{line}");
    } else {
        print!("{table}");
    }
    for limit in missed {
        eprintln!("missed: {limit}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many refresh grants the authorization server sees when all callers ask at once for a token that is dead.
fn at_expiry(repo: &Repo) -> Result<u64> {
    say::step(&format!("{CALLERS} callers at expiry (half a minute)"));
    let stand = Stand::<Expiry>::start(repo, "expiry.mjs")?;
    let before = stand.ready.refresh_grants()?;
    let seen = load::run(&stand.ready.callers.asks(), CALLERS, Until::Answers(1))?;
    let after = stand.ready.refresh_grants()?;
    say::note(&format!(
        "{} answers, the last after {:.0} ms; {} refresh grants",
        seen.latencies.len(),
        seen.quantile(1.0),
        after - before
    ));
    if seen.latencies.len() != CALLERS {
        bail!("{} of {CALLERS} callers got an answer", seen.latencies.len());
    }
    Ok(after - before)
}

/// Five interleaved runs of each.
fn speed(repo: &Repo) -> Result<Paths> {
    say::step("starting both sides");
    let stand = Stand::<Speed>::start(repo, "speed.mjs")?;
    let Speed { token, proxied, nothing } = &stand.ready;
    let mut paths = Paths::default();
    say::step("warming up");
    for target in [token, proxied, nothing].iter().flat_map(|pair| [&pair.rust, &pair.javascript]) {
        load::run(&target.asks(), CONNECTIONS, Until::Elapsed(WARM_UP))?;
    }
    for round in 1..=ROUNDS {
        say::step(&format!("round {round} of {ROUNDS}"));
        for (name, pair, sides) in [
            ("fresh token", token, &mut paths.token),
            ("proxied call", proxied, &mut paths.proxied),
            ("nothing", nothing, &mut paths.nothing),
        ] {
            let (rust, javascript) = runs(pair)?;
            say::note(&format!("{name:<14}Rust       {rust}"));
            say::note(&format!("{:<14}JavaScript {javascript}", ""));
            sides.rust.push(rust);
            sides.javascript.push(javascript);
        }
    }
    Ok(paths)
}

/// One run of each side.
fn runs(pair: &Pair) -> Result<(Run, Run)> {
    let (mut rust, mut javascript) = (Measured::default(), Measured::default());
    for _ in 0..STRETCHES {
        rust.stretch(&pair.rust)?;
        javascript.stretch(&pair.javascript)?;
    }
    Ok((rust.run(), javascript.run()))
}

/// A run under way.
#[derive(Default)]
struct Measured {
    seen: Seen,
    spent: Option<Duration>,
}

impl Measured {
    fn stretch(&mut self, target: &Target) -> Result<()> {
        let before = target.processor_time();
        self.seen.add(load::run(&target.asks(), CONNECTIONS, Until::Elapsed(STRETCH))?);
        let spent = before.zip(target.processor_time()).map(|(before, after)| after.saturating_sub(before));
        self.spent = spent.map(|spent| self.spent.unwrap_or_default() + spent);
        Ok(())
    }

    fn run(&self) -> Run {
        Run::new(&self.seen, self.spent)
    }
}
