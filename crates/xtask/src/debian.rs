//! Packages of the operating system, where they can be installed without asking: on Debian, as root.

use crate::repo::{Repo, which};
use crate::{run, say};
use std::collections::BTreeSet;
use std::fs;

/// Installs packages. Elsewhere, or when it fails, they stay missing, and whoever needs them says so.
pub(crate) fn install(repo: &Repo, packages: &BTreeSet<&str>, takes: &str) {
    if packages.is_empty() || !is_debian_root() {
        return;
    }
    let list = packages.iter().copied().collect::<Vec<_>>().join(" ");
    say::step(&format!("installing {list} by apt-get, {takes}"));
    let apt = |args: &[&str]| {
        let mut command = repo.command("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
            .args(args);
        command
    };
    let install: Vec<&str> =
        ["install", "-y", "--no-install-recommends"].into_iter().chain(packages.iter().copied()).collect();
    let done = run::must(repo, "apt-get-update", apt(&["update"]), 10)
        .and_then(|_| run::must(repo, "apt-get-install", apt(&install), 30));
    if let Err(error) = done {
        say::note(&format!("{error:#}"));
        say::note(&format!("by hand: apt-get update && apt-get install {list}"));
    }
}

fn is_debian_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    rustix::process::geteuid().is_root() && is_debian(&release) && which("apt-get").is_some()
}

/// Only Debian itself: elsewhere the packages have other names, or hold a launcher for another package manager.
fn is_debian(os_release: &str) -> bool {
    os_release.lines().any(|line| matches!(line.trim(), "ID=debian" | "ID=\"debian\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debian_is_debian() {
        assert!(is_debian("NAME=\"Debian GNU/Linux\"\nID=debian\n"));
        assert!(!is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(!is_debian(""));
    }
}
