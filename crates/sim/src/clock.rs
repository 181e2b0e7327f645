//! The clocks of one computer: a wall clock that may be wrong and a monotonic clock that may stop in sleep.

use everlit_core::time::{Millis, Timestamp};

/// True time, in milliseconds since 1970, at which every simulated world begins.
const WORLD_BEGINS_AT: u64 = 1_790_000_000_000;

/// The wall clock of those whose clock is right: the Worker and the authorization server.
#[must_use]
pub const fn true_wall(now: Timestamp) -> Timestamp {
    now.after(Millis::from_millis(WORLD_BEGINS_AT))
}

/// The clocks of one computer, which all tabs of its browser share.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// How far the wall clock is ahead of the truth, in milliseconds.
    ahead: i64,
    /// How fast it drifts away from that, in millionths.
    drift: i64,
    /// When it was set last.
    set_at: Timestamp,
    /// What the monotonic clock missed by sleeping.
    missed: Millis,
    asleep_since: Option<Timestamp>,
    stops_in_sleep: bool,
}

impl Clock {
    /// A clock that is off by `ahead` milliseconds and whose monotonic part stops in sleep or runs on.
    #[must_use]
    pub const fn new(ahead: i64, stops_in_sleep: bool) -> Self {
        let (drift, set_at) = (0, Timestamp::from_millis(0));
        Self { ahead, drift, set_at, missed: Millis::ZERO, asleep_since: None, stops_in_sleep }
    }

    /// The same, with a wall clock that drifts by so many millionths.
    #[must_use]
    pub const fn drifting(self, drift: i64) -> Self {
        Self { drift, ..self }
    }

    /// What the wall clock shows.
    #[must_use]
    pub const fn wall(&self, now: Timestamp) -> Timestamp {
        let drifted = now.since(self.set_at).as_millis().cast_signed().saturating_mul(self.drift) / 1_000_000;
        let ahead = self.ahead.saturating_add(drifted);
        Timestamp::from_millis(true_wall(now).as_millis().saturating_add_signed(ahead))
    }

    /// What the monotonic clock of the computer shows. A page sees it from its own origin on.
    #[must_use]
    pub fn mono(&self, now: Timestamp) -> Timestamp {
        let counted = match self.asleep_since {
            Some(since) if self.stops_in_sleep => since,
            Some(_) | None => now,
        };
        counted.before(self.missed)
    }

    /// How long the computer must run until its monotonic clock shows `deadline`.
    #[must_use]
    pub fn until(&self, now: Timestamp, deadline: Timestamp) -> Millis {
        self.mono(now).until(deadline)
    }

    /// Somebody or something sets the wall clock.
    pub const fn step(&mut self, by: i64) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// Something sets the wall clock back to where it was before it drifted.
    pub const fn set_right(&mut self, now: Timestamp) {
        self.set_at = now;
    }

    /// The computer falls asleep.
    pub const fn sleep(&mut self, now: Timestamp) {
        if self.asleep_since.is_none() {
            self.asleep_since = Some(now);
        }
    }

    /// The computer wakes.
    pub fn wake(&mut self, now: Timestamp) {
        if let Some(since) = self.asleep_since.take()
            && self.stops_in_sleep
        {
            self.missed = self.missed.plus(now.since(since));
        }
    }

    /// Whether the computer sleeps.
    #[must_use]
    pub const fn is_asleep(&self) -> bool {
        self.asleep_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = Millis::from_secs(3_600);

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_millis(hours * 3_600_000)
    }

    #[test]
    fn a_monotonic_clock_stops_in_sleep_or_runs_on() {
        for (stops, shown) in [(true, at(2)), (false, at(10))] {
            let mut clock = Clock::new(0, stops);
            clock.sleep(at(1));
            assert!(clock.is_asleep());
            clock.wake(at(9));
            assert_eq!(clock.mono(at(10)), shown);
            assert_eq!(clock.wall(at(10)), true_wall(at(10)));
        }
    }

    #[test]
    fn a_clock_that_is_set_moves_the_wall_alone() {
        let mut clock = Clock::new(5, true);
        clock.step(-3_600_000);
        assert_eq!(clock.wall(at(3)), true_wall(at(2)).after(Millis::from_millis(5)));
        assert_eq!(clock.mono(at(3)), at(3));
        assert_eq!(clock.until(at(3), at(4)), HOUR);
    }
}
