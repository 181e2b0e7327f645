//! `cargo xtask sim`: plays simulated worlds and says whether every law held.

use std::process::ExitCode;

use everlit_sim::plan::Kind;
use everlit_tests_sim::Survey;

const USAGE: &str = "\
usage: everlit-sim [--worlds days|storms] [--seeds N] [--seed S] [--tabs N] [--json]

  --worlds W  `days`: three days each as people live them, with one storm a day; `storms`: some hours, mostly storms (days)
  --seeds N   how many worlds to play (1000)
  --seed S    the seed of the first (1)
  --tabs N    how many tabs each browser has (3)
  --json      one JSON object as the last line of stdout";

/// How many broken laws are told in full.
const TOLD: usize = 3;

struct Flags {
    worlds: Kind,
    seeds: u64,
    seed: u64,
    tabs: usize,
    json: bool,
}

fn flags(mut args: impl Iterator<Item = String>) -> Result<Flags, String> {
    let mut flags = Flags { worlds: Kind::Days, seeds: 1_000, seed: 1, tabs: 3, json: false };
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
        if flag == "--worlds" {
            flags.worlds = match value()?.as_str() {
                "days" => Kind::Days,
                "storms" => Kind::Storms,
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
            "--tabs" => {
                let tabs = number()?;
                flags.tabs = usize::try_from(tabs)
                    .ok()
                    .filter(|tabs| (1..=50).contains(tabs))
                    .ok_or_else(|| format!("--tabs is 1 to 50, not {tabs}"))?;
            }
            "--json" => flags.json = true,
            _ => return Err(format!("unknown flag `{flag}`")),
        }
    }
    Ok(flags)
}

fn main() -> ExitCode {
    let flags = match flags(std::env::args().skip(1)) {
        Ok(flags) => flags,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let Flags { worlds, seeds, seed, tabs, json } = flags;
    eprintln!(
        "playing {seeds} worlds of {}, each a browser with {tabs} tabs, from seed {seed} on",
        worlds.as_str()
    );
    eprintln!("a session-day is one day of one browser with its session, however many tabs it has");
    let survey = Survey::of_seeds(worlds, seed, seeds, tabs);
    for breach in survey.breaches.iter().take(TOLD) {
        eprintln!("\n{breach}");
    }
    for breach in survey.breaches.iter().skip(TOLD) {
        eprintln!("also: law `{}`, seed {}", breach.law.as_str(), breach.seed);
    }
    if json {
        eprint!("{}", survey.table());
        println!("{}", survey.json(worlds, seed, tabs));
    } else {
        print!("{}", survey.table());
    }
    if survey.breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
