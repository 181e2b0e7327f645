//! `cargo xtask sim`: the simulator, with its own flags.

use crate::process;
use crate::repo::Repo;
use anyhow::{Context as _, Result};
use std::process::ExitCode;

/// `cargo xtask sim`
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let mut command = repo.cargo();
    command.args(["run", "--quiet", "--profile", "sim", "-p", "everlit-tests-sim", "--"]).args(args);
    let status = process::attach("the simulator", command).context("the simulator did not run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
