//! The Worker's clock, as far as a tab can tell.

use crate::time::{Millis, Moment, Timestamp};

/// What the Worker's clock showed at a point of the tab's monotonic clock.
///
/// A time of the server is never compared with the wall clock of the computer: that one may be wrong by years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// The Worker's clock.
    pub server: Timestamp,
    /// The tab's, at the same time.
    pub mono: Timestamp,
    /// How far the two may be from that: half of the time that the answer took.
    pub error: Millis,
}

/// Quartz drifts by less than one part in so many.
const DRIFT: u64 = 10_000;

impl Anchor {
    /// What an answer says that took `elapsed` to come.
    pub(super) fn told(now: Moment, server_time: Timestamp, elapsed: Millis) -> Self {
        let error = elapsed.percent(50);
        Self { server: server_time.after(error), mono: now.mono, error }
    }

    /// What the Worker's clock shows now.
    #[must_use]
    pub const fn server_time(&self, mono: Timestamp) -> Timestamp {
        self.server.after(mono.since(self.mono))
    }

    /// How far that may be from the truth by now.
    #[must_use]
    pub const fn error_at(&self, mono: Timestamp) -> Millis {
        let age = mono.since(self.mono).as_millis();
        self.error.plus(Millis::from_millis(age / DRIFT))
    }

    /// Whether it says all that a newer one says, and more exactly. Where it contradicts that one, a clock was set, here or there, and no
    /// exactness helps what was true before.
    pub(super) fn says(&self, newer: &Self) -> bool {
        self.apart(newer.server, newer.mono).plus(self.error_at(newer.mono)) < newer.error
    }

    /// How far the computer's wall clock is off, as far as that is certain.
    #[must_use]
    pub fn skew(&self, now: Moment) -> Millis {
        self.apart(now.wall, now.mono).less(self.error_at(now.mono))
    }

    /// How far this time is from what the Worker's clock shows.
    const fn apart(&self, time: Timestamp, mono: Timestamp) -> Millis {
        Millis::from_millis(time.as_millis().abs_diff(self.server_time(mono).as_millis()))
    }
}
