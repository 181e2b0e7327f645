//! The tier that packs both Workers as for a deployment, holds every size against its budget, and looks for what is nobody's business.

use super::Outcome;
use super::count::Counts;
use crate::build;
use crate::repo::Repo;
use crate::size;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Packs, weighs and looks.
pub(super) fn run(repo: &Repo) -> Result<Outcome> {
    let mut wrong = size::measure(repo)?.over_budget();
    let folders = [Some(repo.at("")), std::env::home_dir(), build::cargo_home()];
    let folders: Vec<PathBuf> = folders.into_iter().flatten().filter(|it| it.parent().is_some()).collect();
    let built = [
        "worker/build/index_bg.wasm",
        "worker/build/index.js",
        "worker/services/build/index_bg.wasm",
        "worker/services/build/index.js",
        "crates/web/dist/everlit.wasm",
    ];
    for file in built {
        let bytes = std::fs::read(repo.at(file)).with_context(|| format!("cannot read {file}"))?;
        if folders.iter().any(|folder| names(&bytes, folder)) {
            wrong.push(format!("{file} names a folder of the machine that built it"));
        }
    }
    let counts = if wrong.is_empty() { Counts::PASSED } else { Counts::FAILED };
    let lines: Vec<String> = wrong.iter().map(|line| format!("    {line}")).collect();
    Ok(Outcome::new(counts, lines.join("\n")))
}

/// Whether something in this folder is named.
fn names(bytes: &[u8], folder: &Path) -> bool {
    let name = folder.join("").into_os_string().into_encoded_bytes();
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_folder_names_it() {
        for folder in ["/srv/builder", "/srv/builder/"] {
            assert!(names(b"at /srv/builder/a.rs", Path::new(folder)));
            assert!(!names(b"at /srv/builder-else/a.rs", Path::new(folder)));
        }
    }
}
