//! `cargo xtask model`: the model checker, built to be fast.

use crate::cli::ModelArgs;
use crate::process;
use crate::repo::Repo;
use anyhow::{Context as _, Result};
use std::process::{Command, ExitCode};

/// The command that builds and runs it.
pub(crate) fn command(repo: &Repo, args: &ModelArgs) -> Command {
    let mut command = repo.cargo();
    command.args(["run", "--quiet", "--profile", "sim", "-p", "everlit-tests-model", "--"]);
    let ModelArgs { quick, deep, json } = *args;
    command.args(quick.then_some("--quick")).args(deep.then_some("--deep")).args(json.then_some("--json"));
    command
}

/// `cargo xtask model`
pub(crate) fn run(args: &ModelArgs) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let command = command(&repo, args);
    let status = process::attach("the model checker", command).context("the model checker did not run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
