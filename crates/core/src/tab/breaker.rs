//! What stops a storm: tokens that bring nothing, and tokens that are refused one after the other.

use crate::schedule::INTERVAL_MIN;
use crate::time::{Millis, Timestamp};

/// The longest that a storm is kept down at a time.
const WAIT_MAX: Millis = Millis::from_secs(300);
/// After so long without another a storm is over.
const FORGOTTEN: Millis = Millis::from_secs(600);
/// So many times in a row are no storm yet.
const TOLERATED: u32 = 2;

/// Counts what made no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Breaker {
    /// How many answers in a row brought a token that is no better than the one before.
    stalled: u32,
    /// Tokens that were refused by a resource server, one after the other.
    refused: Storm,
    /// Questions that nothing was due for: clocks that disagree, and logins that other tabs told of.
    hurried: Storm,
}

/// What happens too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Storm {
    /// How often in a row.
    times: u32,
    /// When it did last.
    at: Timestamp,
}

impl Breaker {
    /// Nothing to count yet.
    pub(super) const NONE: Self = Self { stalled: 0, refused: Storm::NONE, hurried: Storm::NONE };

    /// An answer came. If it was no progress, how long to leave the Worker alone.
    pub(super) fn answered(&mut self, progress: bool) -> Millis {
        self.stalled = if progress { 0 } else { self.stalled.saturating_add(1) };
        if progress { Millis::ZERO } else { wait(self.stalled) }
    }

    /// A token was refused. Whether another one may help.
    pub(super) fn refused(&mut self, now: Timestamp) -> bool {
        self.refused.again(now) == Timestamp::default()
    }

    /// There is a question that nothing was due for: when to ask it at the earliest; no time at all for at once.
    pub(super) fn hurried(&mut self, now: Timestamp) -> Timestamp {
        self.hurried.again(now)
    }

    /// Whether it holds something back.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.stalled > 1 || self.refused.rages(now) || self.hurried.rages(now)
    }
}

impl Storm {
    const NONE: Self = Self { times: 0, at: Timestamp::from_millis(0) };

    fn rages(&self, now: Timestamp) -> bool {
        self.times > TOLERATED && self.at.until(now) < FORGOTTEN
    }

    /// It happens again: before when it is not to; if that is no time at all, it may.
    #[inline(never)]
    fn again(&mut self, now: Timestamp) -> Timestamp {
        if self.at.until(now) > FORGOTTEN {
            self.times = 0;
        }
        let over = self.at.after(wait(self.times.saturating_sub(TOLERATED)));
        if self.times > TOLERATED && now < over {
            return over;
        }
        *self = Self { times: self.times.saturating_add(1), at: now };
        Timestamp::default()
    }
}

/// Twice as long every time.
fn wait(times: u32) -> Millis {
    Millis::from_millis(INTERVAL_MIN.as_millis() << times.saturating_sub(1).min(5)).min(WAIT_MAX)
}
