//! How well the session is doing: a number for dashboards, and what takes away from it.

use crate::time::{Millis, Moment, Timestamp};

/// What takes away from a session's health. Closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ailment {
    /// Some of the last questions brought nothing.
    Failing,
    /// The last token was replaced late, or after its end.
    Late,
    /// Answers take long.
    Slow,
    /// The computer's clock is wrong.
    Skewed,
    /// New tokens brought nothing, or were refused one after the other.
    Storm,
    /// Calls of the app wait, or waited, for a token.
    Waiting,
    /// A server asked to be left alone.
    Throttled,
    /// No token can be had just now.
    Unreachable,
    /// Only the user can bring a new token.
    NeedsHuman,
}

impl Ailment {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Failing,
        Self::Late,
        Self::Slow,
        Self::Skewed,
        Self::Storm,
        Self::Waiting,
        Self::Throttled,
        Self::Unreachable,
        Self::NeedsHuman,
    ];

    /// The name that apps see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Late => "late",
            Self::Slow => "slow",
            Self::Skewed => "skewed",
            Self::Storm => "storm",
            Self::Waiting => "waiting",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::NeedsHuman => "needs-human",
        }
    }

    /// The most that it takes away, of a hundred.
    #[must_use]
    pub const fn weight(self) -> u8 {
        match self {
            Self::Failing => 40,
            Self::Late => 15,
            Self::Slow | Self::Skewed | Self::Throttled => 10,
            Self::Storm => 20,
            Self::Waiting => 15,
            Self::Unreachable => 50,
            Self::NeedsHuman => 90,
        }
    }
}

/// A score and what took away from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Health {
    /// 0 to 100: excellent from 80, good from 60, fair from 40, poor from 20, critical below.
    pub score: u8,
    /// One bit for each [`Ailment`], in the order of [`Ailment::ALL`].
    pub ailments: u16,
}

impl Health {
    /// Nothing is wrong.
    pub const FULL: Self = Self { score: 100, ailments: 0 };

    /// Whether this is part of it.
    #[must_use]
    pub const fn has(self, ailment: Ailment) -> bool {
        self.ailments & (1 << ailment as u16) != 0
    }

    /// Takes away up to the ailment's weight: so many hundredths of it.
    #[inline(never)]
    pub(super) fn suffer(&mut self, ailment: Ailment, percent: u32) {
        if percent > 0 {
            // Both are small numbers.
            let lost = u32::from(ailment.weight()).wrapping_mul(percent.min(100)) / 100;
            self.score = self.score.saturating_sub(lost.max(1) as u8);
            self.ailments |= 1 << ailment as u16;
        }
    }

    /// The grade of the score: 0 (critical) to 4 (excellent).
    #[must_use]
    pub const fn grade(self) -> u8 {
        let grade = self.score / 20;
        if grade > 4 { 4 } else { grade }
    }
}

/// What a tab remembers of how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    /// The last questions, newest in the lowest bit: 1 brought nothing.
    outcomes: u16,
    /// How long answers take: an average in which each new one counts a quarter.
    latency: Millis,
    /// The last token was replaced with less than half of its lead left.
    pub(super) late: bool,
    /// Since when calls wait; never, while none does.
    pub(super) waiting_since: Timestamp,
    /// Until when it is remembered that a call had to wait for long.
    waited_until: Timestamp,
}

/// How many questions are remembered.
const KEPT: u32 = 8;
/// Answers that take longer than this are slow, and twice as slow is as slow as it gets.
const SLOW: Millis = Millis::from_secs(2);
/// So many milliseconds more are a hundredth of that.
const SLOW_PER_CENT: u64 = 20;
/// A call that waits longer than this is noticed by its user.
const NOTICED: Millis = Millis::from_secs(2);
/// How long a wait is remembered.
const REMEMBERED: Millis = Millis::from_secs(300);

impl Record {
    /// Nothing has happened.
    pub(super) const NONE: Self = Self {
        outcomes: 0,
        latency: Millis::ZERO,
        late: false,
        waiting_since: Timestamp::NEVER,
        waited_until: Timestamp::from_millis(0),
    };

    /// A question came to an end.
    pub(super) fn answered(&mut self, failed: bool, took: Millis) {
        self.outcomes = self.outcomes << 1 | u16::from(failed);
        if !failed {
            self.latency = self.latency.percent(75).plus(took.percent(25));
        }
    }

    /// Nobody waits any more.
    pub(super) fn served(&mut self, now: Timestamp) {
        if self.waiting_since.until(now) > NOTICED {
            self.waited_until = now.after(REMEMBERED);
        }
        self.waiting_since = Timestamp::NEVER;
    }

    /// What of this takes away from the health.
    pub(super) fn weigh(&self, now: Moment, health: &mut Health) {
        let failed = (self.outcomes & ((1 << KEPT) - 1)).count_ones();
        health.suffer(Ailment::Failing, failed.wrapping_mul(100) / KEPT);
        health.suffer(Ailment::Late, if self.late { 100 } else { 0 });
        let slow = self.latency.less(SLOW).as_millis() / SLOW_PER_CENT;
        health.suffer(Ailment::Slow, slow.min(100) as u32);
        let waits = self.waiting_since.until(now.mono) > NOTICED;
        let waited = now.mono < self.waited_until;
        health.suffer(
            Ailment::Waiting,
            if waits {
                100
            } else if waited {
                50
            } else {
                0
            },
        );
    }
}
