//! `cargo xtask sim`: plays simulated worlds and says whether every law held.

use std::process::ExitCode;

use everlit_sim::plan::Kind;
use everlit_sim::report::Breach;
use everlit_tests_sim::{Survey, Worlds, failures, survey};

const USAGE: &str = "\
usage: cargo xtask sim [--quick | --users N] [--seed S] [--json]         the survey: users for a month, beside a naive client
       cargo xtask sim --failures [--json]                               the failures of the field, one row each
       cargo xtask sim --worlds days|storms [--seeds N] [--seed S] [--tabs N] [--json]

  --users N   how many users the survey has (10000)
  --quick     the survey with 300 users
  --failures  what Everlit and what a naive client makes of each failure of the field
  --worlds W  `days`: three days each as people live them, with one storm a day; `storms`: some hours, mostly storms
  --seeds N   how many worlds to play (1000)
  --seed S    the seed of the first (1)
  --tabs N    how many tabs each browser of a world has (3)
  --json      one JSON object as the last line of stdout";

/// How many broken laws, and how many losses, are told in full.
const TOLD: usize = 3;

struct Flags {
    worlds: Option<Kind>,
    failures: bool,
    users: u64,
    seeds: u64,
    seed: u64,
    tabs: usize,
    json: bool,
}

fn flags(mut args: impl Iterator<Item = String>) -> Result<Flags, String> {
    let mut flags = Flags {
        worlds: None,
        failures: false,
        users: survey::USERS,
        seeds: 1_000,
        seed: 1,
        tabs: 3,
        json: false,
    };
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
        if flag == "--worlds" {
            flags.worlds = match value()?.as_str() {
                "days" => Some(Kind::Days),
                "storms" => Some(Kind::Storms),
                other => return Err(format!("--worlds is days or storms, not `{other}`")),
            };
            continue;
        }
        let mut number = || {
            let value = value()?;
            value.parse::<u64>().map_err(|_| format!("{flag} needs a number, not `{value}`"))
        };
        match flag.as_str() {
            "--seeds" => flags.seeds = number()?,
            "--seed" => flags.seed = number()?,
            "--users" => flags.users = number()?,
            "--tabs" => {
                let tabs = number()?;
                flags.tabs = usize::try_from(tabs)
                    .ok()
                    .filter(|tabs| (1..=50).contains(tabs))
                    .ok_or_else(|| format!("--tabs is 1 to 50, not {tabs}"))?;
            }
            "--quick" => flags.users = survey::QUICK,
            "--failures" => flags.failures = true,
            "--json" => flags.json = true,
            _ => return Err(format!("unknown flag `{flag}`")),
        }
    }
    Ok(flags)
}

fn main() -> ExitCode {
    if std::env::args().any(|flag| matches!(flag.as_str(), "--help" | "-h")) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let flags = match flags(std::env::args().skip(1)) {
        Ok(flags) => flags,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let good = match flags.worlds {
        _ if flags.failures => all_failures(&flags),
        Some(kind) => worlds(kind, &flags),
        None => users(&flags),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The survey.
fn users(flags: &Flags) -> bool {
    eprintln!(
        "playing {} users for {} days, each with {} tabs, from seed {} on",
        flags.users,
        survey::DAYS,
        survey::TABS,
        flags.seed
    );
    let survey = Survey::of(flags.users, flags.seed);
    tell(&survey.breaches);
    for loss in survey.losses.iter().take(TOLD) {
        eprintln!("\n{loss}");
    }
    let problems = survey.problems();
    for problem in &problems {
        eprintln!("{problem}");
    }
    say(flags, &survey.table(), &survey.json());
    problems.is_empty()
}

/// Every failure of the field.
fn all_failures(flags: &Flags) -> bool {
    let rows = failures::rows();
    say(flags, &failures::table(&rows), &failures::json(&rows));
    rows.iter().all(|row| row.everlit.passes)
}

/// Worlds full of storms.
fn worlds(kind: Kind, flags: &Flags) -> bool {
    let Flags { seeds, seed, tabs, .. } = *flags;
    eprintln!(
        "playing {seeds} worlds of {}, each a browser with {tabs} tabs, from seed {seed} on",
        kind.as_str()
    );
    eprintln!("a session-day is one day of one browser with its session, however many tabs it has");
    let worlds = Worlds::of_seeds(kind, seed, seeds, tabs);
    tell(&worlds.breaches);
    say(flags, &worlds.table(), &worlds.json(kind, seed, tabs));
    worlds.breaches.is_empty()
}

fn tell(breaches: &[Breach]) {
    for breach in breaches.iter().take(TOLD) {
        eprintln!("\n{breach}");
    }
    for breach in breaches.iter().skip(TOLD) {
        eprintln!("also: law `{}`, seed {}", breach.law.as_str(), breach.seed);
    }
}

/// The table for people; with `--json` on stderr, so that the object is all of stdout.
fn say(flags: &Flags, table: &str, json: &str) {
    if flags.json {
        eprint!("{table}");
        println!("{json}");
    } else {
        print!("{table}");
    }
}
