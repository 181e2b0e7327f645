//! Rust tools, built once per version into the user's cache, and the parts of the tool chain that rustup adds.

use crate::repo::{Repo, which};
use crate::{lock, run, say};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A program that `cargo install` builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Makes JavaScript glue for a Wasm module, and runs Wasm tests.
    WasmBindgen,
    /// Packs the Worker.
    WorkerBuild,
    /// Runs Wasm tests in browsers.
    WasmPack,
    /// Drives Firefox.
    Geckodriver,
}

/// What there is to know about a tool.
struct Facts {
    package: &'static str,
    program: &'static str,
    why: &'static str,
    about: &'static str,
    /// Whether the package's own lock file can be followed. That of wasm-bindgen-cli names a version that was withdrawn.
    locked: bool,
}

impl Tool {
    /// All of them, in the order in which they are needed.
    pub(crate) const ALL: [Self; 4] =
        [Self::WasmBindgen, Self::WorkerBuild, Self::WasmPack, Self::Geckodriver];

    const fn facts(self) -> Facts {
        match self {
            Self::WasmBindgen => Facts {
                package: "wasm-bindgen-cli",
                program: "wasm-bindgen",
                why: "glues Rust's Wasm to JavaScript",
                about: "a minute",
                locked: false,
            },
            Self::WorkerBuild => Facts {
                package: "worker-build",
                program: "worker-build",
                why: "packs the Worker",
                about: "2 minutes",
                locked: true,
            },
            Self::WasmPack => Facts {
                package: "wasm-pack",
                program: "wasm-pack",
                why: "runs Wasm tests in browsers",
                about: "a minute",
                locked: true,
            },
            Self::Geckodriver => Facts {
                package: "geckodriver",
                program: "geckodriver",
                why: "drives Firefox",
                about: "a minute",
                locked: true,
            },
        }
    }

    /// The version to install. wasm-bindgen's glue must match the library to the letter, so Cargo.lock says it.
    fn version(self, repo: &Repo) -> Result<String> {
        match self {
            Self::WasmBindgen => {
                let path = repo.at("Cargo.lock");
                let text = fs::read_to_string(&path).with_context(|| {
                    format!("cannot read {}: `cargo generate-lockfile` writes it", path.display())
                })?;
                locked_version(&text, "wasm-bindgen")
            }
            Self::WorkerBuild => Ok("0.8.7".to_owned()),
            Self::WasmPack => Ok("0.15.1".to_owned()),
            Self::Geckodriver => Ok("0.37.1".to_owned()),
        }
    }

    /// The folder of its programs, whether they are there or not.
    fn folder(self, repo: &Repo) -> Result<PathBuf> {
        let name = format!("{}-{}", self.facts().package, self.version(repo)?);
        Ok(repo.cache.join("tools").join(name))
    }

    /// Whether it is installed.
    pub(crate) fn is_there(self, repo: &Repo) -> bool {
        self.folder(repo).is_ok_and(|folder| folder.join("bin").join(self.facts().program).is_file())
    }

    /// Installs it if it is missing; returns the folder with its programs.
    pub(crate) fn ensure(self, repo: &Repo) -> Result<PathBuf> {
        let folder = self.folder(repo)?;
        if !self.is_there(repo) {
            let _lock = lock::take(&repo.cache.join("tools/.lock"), "the installation of tools")?;
            // The other one may have installed it.
            if !self.is_there(repo) {
                self.install(repo, &folder)?;
            }
        }
        let bin = folder.join("bin");
        if self == Self::WasmBindgen {
            self.check_version(repo, &bin)?;
        }
        Ok(bin)
    }

    /// The program's path, installed if missing.
    pub(crate) fn program(self, repo: &Repo) -> Result<PathBuf> {
        Ok(self.ensure(repo)?.join(self.facts().program))
    }

    fn install(self, repo: &Repo, folder: &Path) -> Result<()> {
        let facts = self.facts();
        let version = self.version(repo)?;
        say::step(&format!(
            "installing {} {version} ({}), once for all clones, about {}",
            facts.package, facts.why, facts.about
        ));
        // We hold the lock, so whatever is there was left by an interrupted installation.
        let fresh = repo.cache.join("tools/.new");
        clear(&fresh)?;
        let mut command = repo.cargo();
        // Without optimisation and debug information they are built in less than half the time, and what they do here
        // takes about as long either way.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.args(["install", "--debug", facts.package, "--version", &version, "--no-track", "--root"]);
        command.arg(&fresh).arg("--target-dir").arg(repo.cache.join("build"));
        if facts.locked {
            command.arg("--locked");
        }
        let locked = if facts.locked { " --locked" } else { "" };
        let by_hand = format!(
            "cargo install {} --version {version}{locked} --root {}",
            facts.package,
            folder.display()
        );
        let done = run::must(repo, &format!("install-{}", facts.package), command, 40);
        if done.is_err() {
            clear(&fresh)?;
        }
        done.with_context(|| format!("{} could not be installed; by hand: {by_hand}", facts.package))?;
        // Renamed only when whole: an interrupted installation leaves nothing that looks like a tool.
        clear(folder)?;
        fs::rename(&fresh, folder).with_context(|| format!("cannot move {} into place", facts.package))?;
        // The intermediate files are half a gigabyte and of use only until the last tool is there.
        if Self::ALL.iter().all(|tool| tool.is_there(repo)) {
            clear(&repo.cache.join("build"))?;
        }
        Ok(())
    }

    fn check_version(self, repo: &Repo, bin: &Path) -> Result<()> {
        let wanted = self.version(repo)?;
        let program = bin.join(self.facts().program);
        let output = repo.command(&program).arg("--version").output();
        let output = output.with_context(|| format!("cannot start {}", program.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        match said.split_whitespace().nth(1) {
            Some(version) if version == wanted => Ok(()),
            found => bail!(
                "{} is version {}, but Cargo.lock has wasm-bindgen {wanted}; remove {} and run again",
                program.display(),
                found.unwrap_or("unknown"),
                bin.parent().unwrap_or(bin).display()
            ),
        }
    }
}

/// Removes a folder, if it is there.
pub(crate) fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The one version of a package in a Cargo.lock.
fn locked_version(lock: &str, package: &str) -> Result<String> {
    let lock: toml::Table = lock.parse().context("Cargo.lock is not TOML")?;
    let packages =
        lock.get("package").and_then(toml::Value::as_array).context("Cargo.lock has no packages")?;
    let field = |entry: &toml::Value, name: &str| entry.get(name)?.as_str().map(str::to_owned);
    let versions: Vec<String> = packages
        .iter()
        .filter(|entry| field(entry, "name").as_deref() == Some(package))
        .filter_map(|entry| field(entry, "version"))
        .collect();
    match versions.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("Cargo.lock has no {package}: run `cargo metadata` once, then try again"),
        several => bail!(
            "Cargo.lock has {package} in several versions ({}); its command line tool can match only one: \
             `cargo update -p {package}` and the manifests must agree on one",
            several.join(", ")
        ),
    }
}

/// The Rust target that browsers and workerd run.
pub(crate) fn ensure_wasm_target(repo: &Repo) -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let output = repo
        .command("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot start rustc: install Rust with rustup")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && folder.is_dir() {
        return Ok(());
    }
    rustup(repo, "the Rust target for Wasm", &["target", "add", TARGET])
}

/// rustfmt and clippy, which a minimal tool chain lacks.
pub(crate) fn ensure_component(repo: &Repo, component: &str) -> Result<()> {
    let program = if component == "rustfmt" { "fmt" } else { component };
    let found = repo.cargo().args([program, "--version"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    rustup(repo, component, &["component", "add", component])
}

fn rustup(repo: &Repo, what: &str, args: &[&str]) -> Result<()> {
    let by_hand = format!("rustup {}", args.join(" "));
    if which("rustup").is_none() {
        bail!("{what} is missing and there is no rustup; with rustup it is `{by_hand}`");
    }
    say::step(&format!("adding {what}, under a minute"));
    let mut command = repo.command("rustup");
    command.args(args);
    run::must(repo, "rustup", command, 15).with_context(|| format!("by hand: {by_hand}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "wasm-bindgen"
        version = "0.2.130"
        [[package]]
        name = "wasm-bindgen-shared"
        version = "0.2.129"
    "#;

    #[test]
    fn the_lock_file_says_the_version() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen").unwrap(), "0.2.130");
    }

    #[test]
    fn none_and_several_are_errors() {
        assert!(locked_version(LOCK, "serde").unwrap_err().to_string().contains("no serde"));
        let twice = format!("{LOCK}\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.1\"\n");
        let said = locked_version(&twice, "wasm-bindgen").unwrap_err().to_string();
        assert!(said.contains("0.2.130, 0.2.1"), "{said}");
        assert!(locked_version("not toml [", "x").is_err());
    }
}
