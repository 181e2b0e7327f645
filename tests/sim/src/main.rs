//! `cargo xtask sim`: plays simulated worlds and says whether every law held.

use std::process::ExitCode;

use everlit_tests_sim::Survey;

const USAGE: &str = "\
usage: everlit-sim [--seeds N] [--seed S] [--tabs N] [--json]

  --seeds N   how many worlds to play (1000)
  --seed S    the seed of the first (1)
  --tabs N    how many tabs each browser has (3)
  --json      one JSON object as the last line of stdout";

/// How many broken laws are told in full.
const TOLD: usize = 3;

struct Flags {
    seeds: u64,
    seed: u64,
    tabs: usize,
    json: bool,
}

fn flags(mut args: impl Iterator<Item = String>) -> Result<Flags, String> {
    let mut flags = Flags { seeds: 1_000, seed: 1, tabs: 3, json: false };
    while let Some(flag) = args.next() {
        let mut number = || {
            let value = args.next().ok_or_else(|| format!("{flag} needs a number"))?;
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
    eprintln!("playing {} worlds of {} tabs from seed {} on", flags.seeds, flags.tabs, flags.seed);
    let survey = Survey::of_seeds(flags.seed, flags.seeds, flags.tabs);
    for breach in survey.breaches.iter().take(TOLD) {
        eprintln!("\n{breach}");
    }
    for breach in survey.breaches.iter().skip(TOLD) {
        eprintln!("also: law `{}`, seed {}", breach.law.as_str(), breach.seed);
    }
    if flags.json {
        eprint!("{}", survey.table());
        println!("{}", survey.json(flags.seed, flags.tabs));
    } else {
        print!("{}", survey.table());
    }
    if survey.breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
