//! What may be spent of a provider's call budget to look after a token.
//!
//! Calls that are made with the token are not counted here: they are what the budget is for, many are made elsewhere with a token that was
//! taken away, and our part is so small that nobody misses it. Where they use up all there is, the provider says so to them, and
//! [`Event::CallAnswered`](super::Event::CallAnswered) holds our own back as well.

use crate::rate::{Gcra, Rate};
use crate::time::{Millis, Timestamp};

const MINUTE: Millis = Millis::from_secs(60);
const DAY: Millis = Millis::from_days(1);

/// How many calls a provider allows, and which part of them is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Calls a minute; nothing where the provider does not say.
    pub minute: Option<u32>,
    /// Calls a day.
    pub day: Option<u32>,
    /// Hundredths of them that may be spent on looking after the token.
    pub percent: u8,
}

impl Budget {
    /// Nobody says how many there are.
    pub const UNKNOWN: Self = Self { minute: None, day: None, percent: 1 };
}

/// How much of our part is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spent {
    minute: Gcra,
    day: Gcra,
}

impl Spent {
    /// As it was kept: of the minute, and of the day.
    #[must_use]
    pub const fn restored(minute: Gcra, day: Gcra) -> Self {
        Self { minute, day }
    }

    /// What there is to keep: of the minute, and of the day.
    #[must_use]
    pub const fn parts(self) -> (Gcra, Gcra) {
        (self.minute, self.day)
    }

    /// Lets one call pass, or says after how long the next one may. What is refused uses up nothing.
    pub(super) fn admit(&mut self, budget: &Budget, now: Timestamp) -> Result<(), Millis> {
        let mut tried = *self;
        if let Some(rate) = part(budget.minute, MINUTE, budget.percent) {
            tried.minute.admit(rate, now)?;
        }
        if let Some(rate) = part(budget.day, DAY, budget.percent) {
            tried.day.admit(rate, now)?;
        }
        *self = tried;
        Ok(())
    }
}

/// Our part of so many in a length of time. Less than one is one, in a time as much longer.
fn part(calls: Option<u32>, per: Millis, percent: u8) -> Option<Rate> {
    let hundredths = u64::from(calls?).saturating_mul(percent.into()).max(1);
    let whole = hundredths / 100;
    Some(if whole == 0 {
        let longer = per.as_millis().saturating_mul(100).checked_div(hundredths).unwrap_or(u64::MAX);
        Rate::new(1, Millis::from_millis(longer))
    } else {
        Rate::new(u32::try_from(whole).unwrap_or(u32::MAX), per)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(budget: Budget, seconds: u64) -> usize {
        let mut spent = Spent::default();
        let at = |second: u64| Timestamp::from_millis(1_790_000_000_000).after(Millis::from_secs(second));
        (0..seconds).filter(|second| spent.admit(&budget, at(*second)).is_ok()).count()
    }

    #[test]
    fn a_hundredth_of_the_calls_of_a_minute_and_of_a_day_is_ours() {
        let day = 86_400;
        let breeze = Budget { minute: Some(100), day: Some(5_000), percent: 1 };
        assert_eq!(passed(breeze, 60), 1);
        // As many at once as are ours in a day, as fast as the minute allows, and one by one after that.
        assert!((50..=100).contains(&passed(breeze, day)));
        let upstox = Budget { minute: Some(500), day: None, percent: 1 };
        assert_eq!(passed(upstox, 1), 1);
        assert!((5..=10).contains(&passed(upstox, 60)));
    }

    #[test]
    fn less_than_one_call_a_day_is_one_in_more_days() {
        let day = 86_400;
        let poor = Budget { minute: None, day: Some(50), percent: 1 };
        assert_eq!(passed(poor, 2 * day), 1);
        assert_eq!(passed(poor, 2 * day + 1), 2);
        assert_eq!(passed(Budget { minute: Some(0), day: Some(0), percent: 0 }, day), 1);
    }

    #[test]
    fn where_nobody_says_what_is_allowed_nothing_is_refused() {
        assert_eq!(passed(Budget::UNKNOWN, 1_000), 1_000);
    }
}
