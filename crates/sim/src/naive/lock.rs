//! The lock that tabs of a naive client share, where they have one.

use alloc::vec::Vec;

use everlit_core::time::Millis;

use super::{Deed, Naive};
use crate::happening::Happening;

/// What such clients do about a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// There is none.
    None,
    /// Whoever wants it waits for as long as it takes.
    Waits,
    /// Whoever wants it takes it after so long; the one that had it goes on all the same.
    Steals(Millis),
    /// Whoever wants it gives up after so long, and says that there was an error.
    TimesOut(Millis),
}

/// Who has it, and who waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    by: Option<usize>,
    waiting: Vec<usize>,
}

impl Naive {
    /// Whether a tab may go on. If not, it waits.
    pub(super) fn takes_lock(&mut self, tab: usize) -> bool {
        match self.held.by {
            Some(other) if other != tab && self.manners.lock != Lock::None => {
                if !self.held.waiting.contains(&tab) {
                    self.held.waiting.push(tab);
                    if let Lock::Steals(after) | Lock::TimesOut(after) = self.manners.lock {
                        self.stage.plan(after, Happening::Naive(Deed::Impatient { tab }));
                    }
                }
                false
            }
            Some(_) | None => {
                self.held.by = Some(tab);
                true
            }
        }
    }

    /// A tab lets go of the lock, if it has it. The next one looks at storage first.
    pub(super) fn releases_lock(&mut self, tab: usize) {
        if self.held.by == Some(tab) {
            self.held.by = None;
            if !self.held.waiting.is_empty() {
                let next = self.held.waiting.remove(0);
                self.look(next);
            }
        }
    }

    /// A tab has waited for long enough, if it still does.
    pub(super) fn impatient(&mut self, tab: usize) {
        let Some(at) = self.held.waiting.iter().position(|waiting| *waiting == tab) else { return };
        self.held.waiting.remove(at);
        match self.manners.lock {
            Lock::Steals(_) => {
                self.held.by = Some(tab);
                self.send(tab);
            }
            Lock::TimesOut(_) => self.give_up(),
            Lock::None | Lock::Waits => {}
        }
    }

    /// Nobody has it.
    pub(super) fn forgets_lock(&mut self) {
        self.held = Held::default();
    }

    /// How many tabs wait for it.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.held.waiting.len()
    }
}
