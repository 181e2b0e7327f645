//! Work is skipped when nothing that it depends on has changed.

use crate::lock;
use crate::repo::Repo;
use anyhow::{Context as _, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Folders whose content is made from the rest.
const DERIVED: [&str; 5] = ["target", "node_modules", "dist", "build", "pkg"];

/// A digest of files and folders, by name and content. Not for security: it only says "changed".
pub(crate) fn digest(paths: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry?.path();
            let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let derived = entry.is_dir() && DERIVED.contains(&name.as_str());
            if !derived && !name.starts_with('.') {
                collect(&entry, files)?;
            }
        }
    }
    Ok(())
}

/// Runs `work` unless it was done for the same inputs and its outputs are still there.
pub(crate) fn unless_fresh(
    repo: &Repo,
    name: &str,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<bool> {
    let stamp = repo.target.join("stamps").join(name);
    // Two builds into one folder would mix.
    let _lock = lock::take(&stamp.with_extension("lock"), &format!("the build of `{name}`"))?;
    let wanted = digest(inputs)?;
    let fresh = fs::read_to_string(&stamp).is_ok_and(|found| found == wanted);
    if fresh && outputs.iter().all(|output| output.exists()) {
        return Ok(false);
    }
    // Removed first: work that fails half way must not look done.
    drop(fs::remove_file(&stamp));
    work()?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    fn scratch(name: &str) -> (Repo, PathBuf) {
        let root = std::env::temp_dir().join(format!("everlit-xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/a.rs"), "one").unwrap();
        (Repo { root: root.clone(), target: root.join("target"), cache: root.join("cache") }, root)
    }

    #[test]
    fn work_is_done_once_and_again_after_a_change() {
        let (repo, root) = scratch("stamp");
        let output = root.join("made");
        let make = || {
            unless_fresh(&repo, "made", &[root.join("src")], std::slice::from_ref(&output), || {
                Ok(fs::write(&output, "")?)
            })
            .unwrap()
        };
        assert!(make());
        assert!(!make());
        fs::write(root.join("src/a.rs"), "two").unwrap();
        assert!(make());
        fs::remove_file(&output).unwrap();
        assert!(make());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn failed_work_is_done_again() {
        let (repo, root) = scratch("failed");
        let inputs = [root.join("src")];
        assert!(unless_fresh(&repo, "failed", &inputs, &[], || bail!("no")).is_err());
        assert!(unless_fresh(&repo, "failed", &inputs, &[], || Ok(())).unwrap());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn derived_files_do_not_count() {
        let (_, root) = scratch("derived");
        let before = digest(&[root.join("src")]).unwrap();
        fs::create_dir_all(root.join("src/node_modules")).unwrap();
        fs::write(root.join("src/node_modules/x.js"), "").unwrap();
        assert_eq!(digest(&[root.join("src")]).unwrap(), before);
        fs::rename(root.join("src/a.rs"), root.join("src/b.rs")).unwrap();
        assert_ne!(digest(&[root.join("src")]).unwrap(), before);
        fs::remove_dir_all(root).unwrap();
    }
}
