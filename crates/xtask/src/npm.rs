//! Node and the npm packages of the workspace.

use crate::repo::Repo;
use crate::{lock, run, say, stamp};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The oldest Node that everything here runs on.
const OLDEST_NODE: u32 = 20;

/// Node itself. We do not install it: it is one of the three things that a newcomer brings.
pub(crate) fn ensure_node(repo: &Repo) -> Result<()> {
    let advice =
        format!("install Node {OLDEST_NODE} or newer from https://nodejs.org or your package manager");
    let Ok(output) = repo.node().arg("--version").output() else { bail!("Node is missing: {advice}") };
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match major(&said) {
        Some(found) if found >= OLDEST_NODE => Ok(()),
        Some(_) => bail!("Node {said} is too old: {advice}"),
        None => bail!("`node --version` said {said:?}: {advice}"),
    }
}

/// The 20 of `v20.1.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs the npm packages when the lock file says something else than what was installed last.
pub(crate) fn ensure(repo: &Repo) -> Result<()> {
    ensure_node(repo)?;
    let wanted = wanted(repo)?;
    let stamp = repo.at("node_modules/.everlit-stamp");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let _lock = lock::take(&repo.target.join("npm.lock"), "npm")?;
    let found = fs::read_to_string(&stamp);
    if found.as_ref().is_ok_and(|found| *found == wanted) {
        return Ok(());
    }
    // Somebody ran npm by hand since: its own record is younger than the lock file.
    let by_hand =
        found.is_err() && younger(&repo.at("node_modules/.package-lock.json"), &repo.at("package-lock.json"));
    if !by_hand {
        let how = if repo.at("package-lock.json").is_file() { "ci" } else { "install" };
        say::step(&format!(
            "npm {how} (wrangler, esbuild, the embedded authorization server), about a minute"
        ));
        let mut command = repo.command("npm");
        command.args([how, "--no-audit", "--no-fund"]);
        run::must(repo, "npm", command, 20).with_context(|| format!("by hand: npm {how}"))?;
    }
    fs::write(&stamp, self::wanted(repo)?).with_context(|| format!("cannot write {}", stamp.display()))
}

/// What decides whether the installed packages are the right ones.
fn wanted(repo: &Repo) -> Result<String> {
    let lock = repo.at("package-lock.json");
    let inputs = if lock.is_file() { vec![lock] } else { vec![repo.at("package.json")] };
    stamp::digest(&inputs)
}

fn younger(this: &Path, that: &Path) -> bool {
    let time =
        |path: &Path| fs::metadata(path).and_then(|facts| facts.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    this.is_file() && time(this) >= time(that)
}

/// Binaryen's optimiser.
pub(crate) fn wasm_opt(repo: &Repo) -> Result<PathBuf> {
    program(repo, "node_modules/binaryen/bin/wasm-opt")
}

/// Binaryen's remover of what no named export needs.
pub(crate) fn wasm_metadce(repo: &Repo) -> Result<PathBuf> {
    program(repo, "node_modules/binaryen/bin/wasm-metadce")
}

/// The TypeScript compiler, to be run by Node.
pub(crate) fn tsc(repo: &Repo) -> Result<PathBuf> {
    program(repo, "node_modules/typescript/bin/tsc")
}

/// wrangler, to be run by Node: without its launcher there is one process less to stop.
pub(crate) fn wrangler(repo: &Repo) -> Result<PathBuf> {
    program(repo, "node_modules/wrangler/bin/wrangler.js")
}

fn program(repo: &Repo, path: &str) -> Result<PathBuf> {
    let path = repo.at(path);
    if path.is_file() {
        return Ok(path);
    }
    bail!("{} is missing: remove node_modules and run again", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v9.0.0"), Some(9));
        assert_eq!(major("node: not found"), None);
    }
}
