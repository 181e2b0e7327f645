//! Rate limits, deterministically: the generic cell rate algorithm, which keeps one number.

use crate::time::{Millis, Timestamp};

/// So many in a length of time: as many at once, and then one by one as that time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    per: Millis,
}

impl Rate {
    /// `count` in every `per`, both at least one: nothing would ever pass else.
    #[must_use]
    pub const fn new(count: u32, per: Millis) -> Self {
        let count = if count == 0 { 1 } else { count };
        let per = if per.is_zero() { Millis::from_millis(1) } else { per };
        Self { count, per }
    }

    /// How much time one takes, in microseconds: there may be more than a thousand in a second.
    fn each(self) -> u64 {
        micros(self.per).checked_div(self.count.into()).unwrap_or(u64::MAX).max(1)
    }
}

/// How much of a rate is used up. A new one is unused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gcra {
    /// When all that passed is paid for, in microseconds.
    paid_at: u64,
}

impl Gcra {
    /// One of which nothing is used up.
    #[must_use]
    pub const fn new() -> Self {
        Self { paid_at: 0 }
    }

    /// One as it was kept: what [`Gcra::paid_at`] said.
    #[must_use]
    pub const fn restored(paid_at: u64) -> Self {
        Self { paid_at }
    }

    /// When all that passed is paid for, in microseconds: all there is to keep.
    #[must_use]
    pub const fn paid_at(self) -> u64 {
        self.paid_at
    }

    /// Lets one pass, or says after how long the next one may.
    ///
    /// # Errors
    ///
    /// How long that is: never nothing, and never longer than the length of the rate. What is refused uses up nothing.
    pub fn admit(&mut self, rate: Rate, now: Timestamp) -> Result<(), Millis> {
        let (now, room) = (micros(Millis::from_millis(now.as_millis())), micros(rate.per));
        // A clock that was set back, or a rate that was longer before, keeps nobody out for longer than this one.
        self.paid_at = self.paid_at.clamp(now, now.saturating_add(room));
        let next = self.paid_at.saturating_add(rate.each());
        let over = next.saturating_sub(now).saturating_sub(room);
        if over > 0 {
            return Err(Millis::from_millis(over.div_ceil(1_000)));
        }
        self.paid_at = next;
        Ok(())
    }
}

const fn micros(length: Millis) -> u64 {
    length.as_millis().saturating_mul(1_000)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + millis)
    }

    /// How many of `tries` pass at this time.
    fn passed(gcra: &mut Gcra, rate: Rate, now: Timestamp, tries: usize) -> usize {
        (0..tries).filter(|_| gcra.admit(rate, now).is_ok()).count()
    }

    #[test]
    fn as_many_as_are_allowed_pass_at_once_and_then_one_by_one() {
        let (mut gcra, rate) = (Gcra::default(), Rate::new(5, Millis::from_secs(10)));
        assert_eq!(passed(&mut gcra, rate, at(0), 1_000), 5);
        assert_eq!(gcra.admit(rate, at(0)), Err(Millis::from_secs(2)));
        assert_eq!(gcra.admit(rate, at(1_999)), Err(Millis::from_millis(1)));
        assert_eq!(passed(&mut gcra, rate, at(2_000), 1_000), 1);
        assert_eq!(passed(&mut gcra, rate, at(6_000), 1_000), 2);
        // However long nothing came, no more than that is saved up.
        assert_eq!(passed(&mut gcra, rate, at(3_600_000), 1_000), 5);
    }

    #[test]
    fn over_any_time_no_more_pass_than_the_rate_and_its_first_burst() {
        for (count, per, step) in
            [(1, 1, 1), (3, 1_000, 7), (60, 60_000, 13), (6_000, 60_000, 1), (5_000, 1_000, 1)]
        {
            let (mut gcra, rate) = (Gcra::default(), Rate::new(count, Millis::from_millis(per)));
            let all: usize = (0..per * 3).step_by(step).map(|now| passed(&mut gcra, rate, at(now), 20)).sum();
            assert!(all <= count as usize * 4, "{all} of {count} in {per}");
            // And it is not stingy: who tries often enough gets what is allowed.
            assert!(
                all + 1 >= (count as usize * 3).min(20 * 3 * per as usize / step),
                "{all} of {count} in {per}"
            );
        }
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_out_for_longer_than_the_rate() {
        let (mut gcra, rate) = (Gcra::default(), Rate::new(2, Millis::from_secs(10)));
        assert_eq!(passed(&mut gcra, rate, at(86_400_000), 9), 2);
        assert_eq!(gcra.admit(rate, at(0)), Err(Millis::from_secs(5)));
        assert_eq!(passed(&mut gcra, rate, at(10_000), 9), 2);
        // And where time does not end, nothing wraps.
        assert!(gcra.admit(rate, Timestamp::NEVER).is_ok());
    }

    #[test]
    fn a_rate_of_nothing_still_lets_one_pass() {
        let (mut gcra, rate) = (Gcra::default(), Rate::new(0, Millis::ZERO));
        assert_eq!(passed(&mut gcra, rate, at(0), 5), 1);
        assert_eq!(passed(&mut gcra, rate, at(1), 5), 1);
    }
}
