//! What stops a storm: tokens that bring nothing, and tokens that are refused one after the other.

use crate::schedule::INTERVAL_MIN;
use crate::time::{Millis, Timestamp};

/// The longest that a storm is kept down at a time.
const WAIT_MAX: Millis = Millis::from_secs(300);
/// After so long without another a storm is over.
const FORGOTTEN: Millis = Millis::from_secs(600);
/// So many refused tokens in a row are no storm yet.
const TOLERATED: u32 = 2;

/// Counts what made no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Breaker {
    /// How many answers in a row brought a token that is no better than the one before.
    stalled: u32,
    /// How many tokens in a row were refused by a resource server.
    refused: u32,
    /// When the last one was.
    refused_at: Timestamp,
}

impl Breaker {
    /// Nothing to count yet.
    pub(super) const NONE: Self = Self { stalled: 0, refused: 0, refused_at: Timestamp::from_millis(0) };

    /// An answer came. If it was no progress, how long to leave the Worker alone.
    pub(super) fn answered(&mut self, progress: bool) -> Millis {
        self.stalled = if progress { 0 } else { self.stalled.saturating_add(1) };
        if progress { Millis::ZERO } else { wait(self.stalled) }
    }

    /// A token was refused. Whether another one may help.
    pub(super) fn refused(&mut self, now: Timestamp) -> bool {
        if self.refused_at.until(now) > FORGOTTEN {
            self.refused = 0;
        }
        let over = self.refused_at.after(wait(self.refused.saturating_sub(TOLERATED)));
        if self.refused > TOLERATED && now < over {
            return false;
        }
        self.refused = self.refused.saturating_add(1);
        self.refused_at = now;
        true
    }

    /// Whether it holds something back.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.stalled > 1 || self.refused > TOLERATED && self.refused_at.until(now) < FORGOTTEN
    }
}

/// Twice as long every time.
fn wait(times: u32) -> Millis {
    Millis::from_millis(INTERVAL_MIN.as_millis() << times.saturating_sub(1).min(5)).min(WAIT_MAX)
}
