//! How the machine did while a tier ran. A test that waits ten seconds for an answer says nothing on a machine that stood
//! still for twelve, and on a shared one that happens: so it is looked at, and said.

use crate::repo::Repo;
use crate::say;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two looks: often enough for a stall of seconds, too seldom to cause one.
const EVERY: Duration = Duration::from_millis(500);
/// Nobody waits for less than this.
const STALL: Duration = Duration::from_secs(2);

/// The worst that was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Worst {
    /// How late a thread was woken.
    late: Duration,
    /// How long a small write took to reach the disk, as each write of a Durable Object has to.
    write: Duration,
}

impl Worst {
    /// In words, if the machine stood still.
    pub(super) fn stall(self) -> Option<String> {
        let told =
            |time: Duration, what: &str| (time >= STALL).then(|| format!("{what} {}", say::elapsed(time)));
        let all = [told(self.late, "a thread was late by"), told(self.write, "a small write took")];
        let words: Vec<String> = all.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Looks at the machine until it is asked what it saw.
pub(super) struct Watch {
    /// Dropped to end it.
    going_on: Sender<()>,
    thread: JoinHandle<Worst>,
}

impl Watch {
    /// Begins to look.
    pub(super) fn begin(repo: &Repo) -> Self {
        let (going_on, asked) = mpsc::channel::<()>();
        let file = repo.target.join("machine-watch");
        let thread = thread::spawn(move || {
            let mut worst = Worst::default();
            loop {
                let began = Instant::now();
                if asked.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return worst;
                }
                worst.late = worst.late.max(began.elapsed().saturating_sub(EVERY));
                worst.write = worst.write.max(write(&file));
            }
        });
        Self { going_on, thread }
    }

    /// What was the worst since then.
    pub(super) fn end(self) -> Worst {
        drop(self.going_on);
        self.thread.join().unwrap_or_default()
    }
}

/// How long a small write took; a disk that takes none is not its affair.
fn write(path: &Path) -> Duration {
    let began = Instant::now();
    let done = File::options().create(true).write(true).truncate(false).open(path).and_then(|mut file| {
        file.rewind()?;
        file.write_all(&[0; 512])?;
        file.sync_data()
    });
    if done.is_ok() { began.elapsed() } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_told_in_words() {
        let [short, long] = [Duration::from_millis(1900), Duration::from_secs(14)];
        assert_eq!(Worst { late: short, write: short }.stall(), None);
        assert_eq!(Worst { late: short, write: long }.stall().as_deref(), Some("a small write took 14 s"));
        let both = Worst { late: long, write: long }.stall();
        assert_eq!(both.as_deref(), Some("a thread was late by 14 s, a small write took 14 s"));
    }

    #[test]
    fn it_looks_until_it_is_asked() {
        let watch = Watch::begin(&Repo::find().unwrap());
        thread::sleep(EVERY * 3);
        let worst = watch.end();
        assert!(worst.write > Duration::ZERO && worst.write < Duration::from_secs(600), "{worst:?}");
    }
}
