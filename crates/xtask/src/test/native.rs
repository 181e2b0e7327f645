//! Tiers that cargo runs on this machine.

use super::Outcome;
use super::count::{self, Counts};
use crate::repo::Repo;
use crate::run;
use anyhow::Result;
use std::process::Command;

/// Crates whose own tests are the unit tier.
const UNITS: [&str; 6] =
    ["everlit-core", "everlit-edge", "everlit-sim", "everlit-web", "everlit-wire", "xtask"];
/// Crates that are deployed as Wasm.
const WASM_ONLY: [&str; 3] = ["everlit-bench-floor", "everlit-web", "everlit-worker"];

/// A program whose end is the only result: one test.
pub(super) fn single(repo: &Repo, name: &str, commands: Vec<Command>, minutes: u64) -> Result<Outcome> {
    for (at, command) in commands.into_iter().enumerate() {
        let done = run::finish(repo, &format!("{name}-{at}"), command, minutes)?;
        if !done.ok {
            return Ok(Outcome::new(Counts::FAILED, format!("{}\n{}", done.how, done.tail())));
        }
    }
    Ok(Outcome::new(Counts::PASSED, String::new()))
}

/// A program that counts its tests. It failed if it says so in any way: by a count or by its exit code.
pub(super) fn counted(
    repo: &Repo,
    name: &str,
    command: Command,
    minutes: u64,
    count: fn(&str) -> Counts,
) -> Result<Outcome> {
    let done = run::finish(repo, name, command, minutes)?;
    let mut counts = count(&done.output);
    if !done.ok {
        counts.failed = counts.failed.max(1);
    }
    let failing = count::failing(&done.output);
    Ok(Outcome { failing, ..Outcome::new(counts, format!("{}\n{}", done.how, done.tail())) })
}

/// `cargo fmt --check`
pub(super) fn format(repo: &Repo) -> Result<Outcome> {
    let mut command = repo.cargo();
    command.args(["fmt", "--all", "--check", "--", "--color", "never"]);
    single(repo, "test-format", vec![command], 5)
}

/// `cargo clippy`, natively and for Wasm, warnings denied.
pub(super) fn clippy(repo: &Repo) -> Result<Outcome> {
    let mut native = repo.cargo();
    native.args(["clippy", "--all-targets"]);
    let mut wasm = repo.cargo();
    wasm.args(["clippy", "--target", "wasm32-unknown-unknown"]);
    let commands = [packages(native, &[]), packages(wasm, &WASM_ONLY)].map(|mut command| {
        command.args(["--", "-D", "warnings"]);
        command
    });
    single(repo, "test-clippy", commands.into(), 30)
}

fn packages(mut command: Command, names: &[&str]) -> Command {
    for name in names {
        command.args(["-p", name]);
    }
    command
}

fn cargo_test(repo: &Repo, name: &str, crates: &[&str]) -> Result<Outcome> {
    let mut command = repo.cargo();
    // All binaries are run even if one fails, so that the total counts everything.
    command.args(["test", "--no-fail-fast"]);
    counted(repo, name, packages(command, crates), 30, count::rust)
}

/// The crates' own tests, doc tests included.
pub(super) fn unit(repo: &Repo) -> Result<Outcome> {
    cargo_test(repo, "test-unit", &UNITS)
}

/// Tests over the source.
pub(super) fn house(repo: &Repo) -> Result<Outcome> {
    cargo_test(repo, "test-house", &["everlit-tests-house"])
}

/// The simulated world.
pub(super) fn sim(repo: &Repo) -> Result<Outcome> {
    let mut command = repo.cargo();
    // Thousands of days: built to run fast, as `cargo xtask sim` is.
    command.args(["test", "--profile", "sim", "--no-fail-fast"]);
    counted(repo, "test-sim", packages(command, &["everlit-tests-sim"]), 30, count::rust)
}

/// Every order of events around a vault, within small bounds.
pub(super) fn model(repo: &Repo) -> Result<Outcome> {
    let args = crate::cli::ModelArgs { quick: true, deep: false, json: false };
    single(repo, "test-model", vec![crate::model::command(repo, &args)], 15)
}
