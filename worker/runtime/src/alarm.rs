//! The one alarm of an object, as far as memory knows of it.

use everlit_core::time::{Millis, Timestamp};

use crate::clock;
use crate::sql::{Storage, StorageError};

/// An alarm that is so late was lost, and is armed again.
const LOST: Millis = Millis::from_secs(60);

/// The wait after the first turn of the handler that failed; it doubles.
const AGAIN_FIRST: Millis = Millis::from_secs(1);
/// The longest wait.
const AGAIN_MAX: Millis = Millis::from_secs(300);

/// What is known of it. Nothing of it is in a row: a row costs as much as an alarm.
#[derive(Default)]
pub struct Alarm {
    known: bool,
    armed_at: Option<Timestamp>,
    /// How many turns of the handler failed in a row.
    failures: u32,
}

impl Alarm {
    /// Whether the storage was asked.
    pub const fn is_known(&self) -> bool {
        self.known
    }

    /// What the storage says, unless somebody knows better by now.
    pub const fn learn(&mut self, armed_at: Option<Timestamp>) {
        if !self.known {
            (self.known, self.armed_at) = (true, armed_at);
        }
    }

    /// What it is armed for, as far as that is known.
    pub const fn armed_at(&self) -> Option<Timestamp> {
        self.armed_at
    }

    /// It rings: there is none armed any more.
    pub const fn rung(&mut self) {
        (self.known, self.armed_at) = (true, None);
    }

    /// Everything was erased, the alarm included.
    pub fn erased(&mut self) {
        *self = Self { known: true, ..Self::default() };
    }

    /// Arms it for `wanted` if it was lost, and else leaves it as it is.
    pub fn restore(
        &mut self,
        storage: &Storage,
        wanted: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        match self.alive(now) {
            Some(_) => Ok(()),
            None => self.arm(storage, wanted),
        }
    }

    /// Arms it for `wanted`, unless it is armed for an earlier time: then it rings for nothing, and is armed anew. To move it
    /// with every refresh would cost a row each time.
    pub fn see_to(
        &mut self,
        storage: &Storage,
        wanted: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.failures = 0;
        let armed_at = self.alive(now);
        self.arm(storage, wanted.filter(|wanted| armed_at.is_none_or(|armed_at| *wanted < armed_at)))
    }

    /// Arms it for another try, after a turn of the handler that failed.
    pub fn try_again(&mut self, storage: &Storage) -> Result<(), StorageError> {
        let wait = Millis::from_millis(AGAIN_FIRST.as_millis().wrapping_shl(self.failures.min(9)));
        self.failures = self.failures.saturating_add(1);
        self.arm(storage, Some(clock::now().after(wait.min(AGAIN_MAX))))
    }

    fn alive(&self, now: Timestamp) -> Option<Timestamp> {
        self.armed_at.filter(|at| now.since(*at) < LOST)
    }

    fn arm(&mut self, storage: &Storage, at: Option<Timestamp>) -> Result<(), StorageError> {
        if let Some(at) = at {
            storage.arm(at)?;
            self.armed_at = Some(at);
        }
        Ok(())
    }
}
