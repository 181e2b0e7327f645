//! The files of the repository: what git tracks, and what it would if asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file, by its path from the top with forward slashes.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// An invented one, for feeding a checker.
    pub(crate) fn made(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether its name ends like one of these.
    pub(crate) fn is(&self, ends: &[&str]) -> bool {
        ends.iter().any(|end| self.path.ends_with(end))
    }

    /// Whether it is a test, by where it lives or how it is named.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.split('/').any(|part| part == "tests") || name == "tests.rs" || name.contains(".test.")
    }
}

/// Top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// Every text file of the repository that is not ignored.
pub(crate) fn files() -> Vec<File> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(top())
        .output()
        .expect("git lists the files of the repository");
    assert!(listed.status.success(), "these tests read the list of files from git, so they need a clone");
    let names = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    let read = |path: &str| {
        // Removed but not yet committed, or not text: nothing to check.
        let text = String::from_utf8(fs::read(top().join(path)).ok()?).ok()?;
        Some(File { path: path.to_owned(), text })
    };
    let files: Vec<File> = names.split('\0').filter(|path| !path.is_empty()).filter_map(read).collect();
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

/// Fails with one line per offence.
#[track_caller]
pub(crate) fn none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}
