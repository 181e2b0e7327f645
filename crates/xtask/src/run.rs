//! One program run to its end: bounded, logged, with a heartbeat.

use crate::process::{self, Output};
use crate::repo::Repo;
use crate::say::{self, Heartbeat};
use anyhow::{Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What a program did.
pub(crate) struct Finished {
    /// Whether it ended in time with exit code 0.
    pub(crate) ok: bool,
    /// `exit status: 1`, or how long it was waited for.
    pub(crate) how: String,
    /// stdout and stderr together.
    pub(crate) output: String,
    /// Where the output is kept.
    pub(crate) log: PathBuf,
}

impl Finished {
    /// The end of the output and where the rest is.
    pub(crate) fn tail(&self) -> String {
        format!("{}\n    (all of it: {})", say::gist(&self.output), self.log.display())
    }
}

/// Runs a program to its end. `name` names the log, `minutes` bounds it.
pub(crate) fn finish(repo: &Repo, name: &str, command: Command, minutes: u64) -> Result<Finished> {
    let log = repo.log(name)?;
    let timeout = Duration::from_secs(minutes * 60);
    let mut heart = Heartbeat::new(name);
    let mut child = process::spawn(name, command, &log, Output::Log)?;
    let status = child.wait(timeout, || heart.beat())?;
    let output = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    Ok(Finished {
        ok: status.is_some_and(|status| status.success()),
        how: status.map_or_else(|| format!("stopped after {}", say::elapsed(timeout)), |s| s.to_string()),
        output,
        log,
    })
}

/// Runs a program that must succeed; an error shows the end of its output.
pub(crate) fn must(repo: &Repo, name: &str, command: Command, minutes: u64) -> Result<String> {
    let line = line(&command);
    let done = finish(repo, name, command, minutes)?;
    if !done.ok {
        bail!("{name} failed ({}): {line}\n{}", done.how, done.tail());
    }
    Ok(done.output)
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
