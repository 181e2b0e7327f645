//! Where things are: the repository, cargo's target folder, the user's cache.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders that every command works in.
pub(crate) struct Repo {
    /// Top of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; logs, stamps and generated stacks live in it too.
    pub(crate) target: PathBuf,
    /// The user's cache, shared by all clones.
    pub(crate) cache: PathBuf,
}

impl Repo {
    /// Finds the folders. Cargo tells where this crate is; the top is two levels up.
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .map(Path::to_path_buf)
            .context("xtask is not where it should be: two folders below the top of the repository")?;
        if !root.join("Cargo.toml").is_file() {
            bail!(
                "{} has no Cargo.toml: run this through `cargo xtask` inside the repository",
                root.display()
            );
        }
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) if !dir.is_empty() => env::current_dir()?.join(dir),
            Some(_) | None => root.join("target"),
        };
        Ok(Self { target, cache: cache_folder(|name| env::var(name).ok())?, root })
    }

    /// A path inside the repository.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The file that a child's output goes to.
    pub(crate) fn log(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("logs");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder.join(format!("{name}.log")))
    }

    /// A cargo of the same tool chain, at the top of the repository.
    pub(crate) fn cargo(&self) -> Command {
        let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.command(program)
    }

    /// Any program, at the top of the repository, without what the outer `cargo run` said about this crate: it would
    /// make build scripts of the inner one believe that something had changed.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1");
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            let about_us = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
            if about_us.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&*name);
            }
        }
        if env::var_os("CARGO_TARGET_DIR").is_some() {
            // It may have been relative; children run in other folders.
            command.env("CARGO_TARGET_DIR", &self.target);
        }
        command
    }

    /// A JavaScript file run by Node.
    pub(crate) fn node(&self) -> Command {
        self.command("node")
    }
}

/// `$EVERLIT_CACHE`, else `$XDG_CACHE_HOME/everlit`, else `~/.cache/everlit`.
fn cache_folder(var: impl Fn(&str) -> Option<String>) -> Result<PathBuf> {
    let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if let Some(folder) = set("EVERLIT_CACHE") {
        folder
    } else if let Some(cache) = set("XDG_CACHE_HOME") {
        cache.join("everlit")
    } else if let Some(home) = set("HOME") {
        home.join(".cache/everlit")
    } else {
        bail!("no cache folder: set EVERLIT_CACHE to a folder where tools may be installed");
    };
    Ok(if folder.is_absolute() { folder } else { env::current_dir()?.join(folder) })
}

/// The path of a program on `PATH`.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// `PATH` with some folders put first.
pub(crate) fn path_with(folders: &[PathBuf]) -> Result<std::ffi::OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(env::split_paths(&old));
    env::join_paths(all).context("a folder's name cannot be put on PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(vars: &[(&str, &str)]) -> Result<PathBuf> {
        cache_folder(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_cache_folder_follows_the_environment() {
        assert_eq!(cache(&[("EVERLIT_CACHE", "/e"), ("HOME", "/h")]).unwrap(), Path::new("/e"));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]).unwrap(), Path::new("/x/everlit"));
        assert_eq!(cache(&[("EVERLIT_CACHE", ""), ("HOME", "/h")]).unwrap(), Path::new("/h/.cache/everlit"));
        assert!(cache(&[]).unwrap_err().to_string().contains("EVERLIT_CACHE"));
    }

    #[test]
    fn the_repository_is_found() {
        let repo = Repo::find().unwrap();
        assert!(repo.at("crates/xtask/Cargo.toml").is_file());
    }
}
