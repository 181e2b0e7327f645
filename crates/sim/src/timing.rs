//! What browsers do to the timers of tabs that nobody looks at.

use everlit_core::time::{Millis, Timestamp};

use crate::chance::Chance;

/// Until then a hidden tab's timers go off once a second.
const THROTTLED_AFTER: Millis = Millis::from_secs(300);
/// A browser that freezes hidden tabs does it after this.
pub const FROZEN_AFTER: Millis = Millis::from_secs(600);
/// The latest that a timer goes off in a browser that lets them go off late.
const LATEST: Millis = Millis::from_secs(360);

/// What a browser does with a tab that was hidden for five minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timing {
    /// Nothing at all: the timers of every tab go off when they are due.
    Exact,
    /// Its timers go off once a minute, all tabs in the same moment.
    Minutely,
    /// The same, and after ten minutes it is frozen until somebody looks at it.
    Freezing,
    /// They go off up to six minutes late.
    Late,
}

impl Timing {
    /// How long a timer takes that is to take `wait`, in a tab that is hidden since then.
    pub fn takes(
        self,
        now: Timestamp,
        hidden_since: Option<Timestamp>,
        wait: Millis,
        chance: &mut Chance,
    ) -> Millis {
        // Browsers are never early and always a little late.
        let wait = wait.plus(chance.between(0, 15));
        let Some(since) = hidden_since.filter(|_| self != Self::Exact) else { return wait };
        let due = now.after(wait);
        if due.since(since) < THROTTLED_AFTER {
            return now.until(round_up(due, 1_000));
        }
        match self {
            Self::Exact => wait,
            Self::Minutely | Self::Freezing => now.until(round_up(due, 60_000)),
            Self::Late => wait.plus(chance.between(0, LATEST.as_millis())),
        }
    }
}

/// The first multiple of `step` that is not before `at`.
const fn round_up(at: Timestamp, step: u64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_ceil(step).saturating_mul(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_123);

    #[test]
    fn a_hidden_tab_is_slowed_down_step_by_step() {
        let mut chance = Chance::new(1);
        let mut takes = |timing: Timing, hidden: Option<u64>, wait| {
            let since = hidden.map(|seconds| NOW.before(Millis::from_secs(seconds)));
            NOW.after(timing.takes(NOW, since, Millis::from_millis(wait), &mut chance)).as_millis()
        };
        assert!(takes(Timing::Minutely, None, 100) <= 1_000_238, "a tab that is seen");
        assert_eq!(takes(Timing::Minutely, Some(10), 100), 1_001_000, "hidden for a moment");
        assert_eq!(takes(Timing::Freezing, Some(400), 100), 1_020_000, "hidden for minutes");
        assert_eq!(
            takes(Timing::Minutely, Some(10), 600_000),
            1_620_000,
            "hidden for minutes when it is due"
        );
        assert!(takes(Timing::Late, Some(400), 100) > 1_000_223);
        assert!(takes(Timing::Exact, Some(400), 100) <= 1_000_238);
    }
}
