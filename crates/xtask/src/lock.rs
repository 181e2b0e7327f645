//! One at a time: a lock file that a crashed holder gives back by itself.

use crate::say::{self, Heartbeat};
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Held while it lives.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for the lock of the open file")] File);

/// The lock, unless somebody holds it.
pub(crate) fn attempt(path: &Path) -> Result<Option<Lock>> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => bail!("cannot lock {}: {error}", path.display()),
    }
}

/// Waits for the lock, saying so.
pub(crate) fn take(path: &Path, what: &str) -> Result<Lock> {
    let mut heart: Option<Heartbeat> = None;
    loop {
        if let Some(lock) = attempt(path)? {
            return Ok(lock);
        }
        let first = || {
            say::note(&format!("{what} is at work in another command, waiting for it"));
            Heartbeat::new(format!("waiting for {what}"))
        };
        heart.get_or_insert_with(first).beat();
        thread::sleep(Duration::from_millis(200));
    }
}

fn open(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_waits() {
        let path = std::env::temp_dir().join(format!("everlit-xtask-{}.lock", std::process::id()));
        let first = take(&path, "a test").unwrap();
        assert!(attempt(&path).unwrap().is_none());
        let other = path.clone();
        let second = thread::spawn(move || take(&other, "a test").is_ok());
        thread::sleep(Duration::from_millis(300));
        assert!(!second.is_finished());
        drop(first);
        assert!(second.join().unwrap());
        fs::remove_file(path).unwrap();
    }
}
