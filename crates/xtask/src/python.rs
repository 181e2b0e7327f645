//! Python, for what the tests use that is written in it: virtual environments in the user's cache, each made once for each
//! requirements.txt and each version of Python.

use crate::repo::Repo;
use crate::{debian, lock, run, say, tools};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// A virtual environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// The second authorization server.
    Django,
    /// The property-based client.
    Schemathesis,
    /// The brokers' own SDKs.
    Brokers,
}

impl Environment {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Django, Self::Schemathesis, Self::Brokers];

    /// The variable that tells the tests of the interpreter.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Django => "EVERLIT_DJANGO_PYTHON",
            Self::Schemathesis => "EVERLIT_SCHEMATHESIS_PYTHON",
            Self::Brokers => "EVERLIT_BROKERS_PYTHON",
        }
    }

    /// What goes into it.
    const fn requirements(self) -> &'static str {
        match self {
            Self::Django => "tests/servers/django/requirements.txt",
            Self::Schemathesis => "tests/contract/requirements.txt",
            Self::Brokers => "tests/providers/requirements.txt",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Django => "django",
            Self::Schemathesis => "schemathesis",
            Self::Brokers => "brokers",
        }
    }

    /// Its main package, and what that is for.
    const fn about(self) -> &'static str {
        match self {
            Self::Django => "django-oauth-toolkit (the second authorization server of the tests)",
            Self::Schemathesis => {
                "schemathesis (asks the Worker whatever its OpenAPI document allows, and more)"
            }
            Self::Brokers => "the SDKs of three brokers (they prove the stand-ins of the tests)",
        }
    }
}

/// The oldest Python that Django 5.2 runs on: 3.10.
const OLDEST_MINOR: u32 = 10;
const ADVICE: &str = "install Python 3.10 or newer with its venv module (on Debian: apt-get install python3-venv); the tests \
     run a second authorization server, a property-based client and the SDKs of brokers in it";

/// The interpreter of the environment, made if it is missing.
pub(crate) fn ensure(repo: &Repo, environment: Environment) -> Result<PathBuf> {
    let mut found = system(repo);
    if found.is_err() {
        debian::install(repo, &BTreeSet::from(["python3-venv"]), "about a minute");
        found = system(repo);
    }
    let folder = folder(repo, environment, &found?)?;
    let python = folder.join("bin/python");
    // A link to the system's Python: gone when that is.
    if !python.is_file() {
        let _lock = lock::take(&repo.cache.join("tools/.lock"), "the installation of tools")?;
        // The other one may have made it.
        if !python.is_file() {
            make(repo, environment, &folder)?;
        }
    }
    Ok(python)
}

/// The version of the system's Python, if it can make environments.
fn system(repo: &Repo) -> Result<String> {
    const SAY: &str = "import sys, venv, ensurepip; print('.'.join(map(str, sys.version_info[:3])))";
    let Ok(output) = repo.command("python3").args(["-c", SAY]).output() else {
        bail!("Python is missing: {ADVICE}");
    };
    if !output.status.success() {
        bail!("python3 cannot make virtual environments: {ADVICE}");
    }
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match minor(&version) {
        Some(found) if found >= OLDEST_MINOR => Ok(version),
        Some(_) | None => bail!("Python {version} is too old: {ADVICE}"),
    }
}

/// The 11 of `3.11.7`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("3.")?.split('.').next()?.parse().ok()
}

/// `tools/<name>-<version of Python>-<digest of the requirements>`.
fn folder(repo: &Repo, environment: Environment, version: &str) -> Result<PathBuf> {
    let path = repo.at(environment.requirements());
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = environment.name();
    Ok(repo.cache.join("tools").join(format!("{name}-{version}-{:016x}", digest(&text))))
}

/// What is required, whatever is said about it.
fn digest(requirements: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let lines = requirements.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.for_each(|line| line.hash(&mut hasher));
    hasher.finish()
}

fn make(repo: &Repo, environment: Environment, folder: &Path) -> Result<()> {
    let (about, requirements) = (environment.about(), environment.requirements());
    say::step(&format!("installing {about}, one to three minutes"));
    // We hold the lock, so whatever is there was left by an interrupted installation.
    let fresh = repo.cache.join("tools/.new-python");
    tools::clear(&fresh)?;
    let mut venv = repo.command("python3");
    venv.args(["-m", "venv"]).arg(&fresh);
    let mut pip = repo.command(fresh.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--requirement"]);
    pip.arg(repo.at(requirements));
    let done = run::must(repo, "python-venv", venv, 5).and_then(|_| run::must(repo, "python-pip", pip, 15));
    if done.is_err() {
        tools::clear(&fresh)?;
    }
    let by_hand =
        format!("python3 -m venv {0} && {0}/bin/python -m pip install -r {requirements}", folder.display());
    done.with_context(|| format!("{about} could not be installed; by hand: {by_hand}"))?;
    // Renamed only when whole. Its scripts name the old folder, but nothing runs those.
    tools::clear(folder)?;
    fs::rename(&fresh, folder).context("cannot move the Python environment into place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_versions_are_read() {
        assert_eq!(minor("3.11.7"), Some(11));
        assert_eq!(minor("2.7.18"), None);
        assert_eq!(minor(""), None);
    }

    #[test]
    fn only_requirements_make_another_environment() {
        assert_eq!(digest("a==1\nb==2\n"), digest("# why\na==1\n\n  b==2"));
        assert_ne!(digest("a==1"), digest("a==2"));
    }

    #[test]
    fn every_requirement_is_pinned() {
        for environment in Environment::ALL {
            let text = fs::read_to_string(Repo::find().unwrap().at(environment.requirements())).unwrap();
            for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                assert!(line.contains("==") && !line.contains("://"), "{line}");
            }
        }
    }
}
