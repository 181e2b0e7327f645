//! The one cheap call that shows whether a token lives, and what it costs.

use everlit_core::time::Millis;

use crate::proxy::Method;

/// How many calls a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In a minute.
    pub per_minute: Option<u32>,
    /// In a day.
    pub per_day: Option<u32>,
}

impl Budget {
    /// Nothing is known of one.
    pub const UNKNOWN: Self = Self { per_minute: None, per_day: None };
    /// This much of a budget, in hundredths, is what validation may use of it.
    pub const SHARE: u32 = 1;
    /// It is never done more often by itself.
    pub const SHORTEST: Millis = Millis::from_secs(3_600);

    /// How long to wait between validations that nothing asked for: an hour, or longer where that would be more than
    /// [`Self::SHARE`] of the budget.
    #[must_use]
    pub fn interval(&self) -> Millis {
        const MINUTE: u64 = 60_000;
        const DAY: u64 = 24 * 60 * MINUTE;
        let shares = [(self.per_minute, MINUTE), (self.per_day, DAY)];
        let intervals = shares.into_iter().filter_map(|(calls, length)| {
            let share = u64::from(calls?).saturating_mul(u64::from(Self::SHARE));
            length.saturating_mul(100).checked_div(share).map(Millis::from_millis)
        });
        intervals.fold(Self::SHORTEST, Millis::max)
    }
}

/// How a call shows its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: token key:token`.
    KeyAndToken,
    /// `Authorization: appId:token`.
    AppAndToken,
    /// Headers of its own, with a checksum over time, body and secret.
    Signed,
    /// A header of its own, in which the token stands as it is.
    Header(&'static str),
    /// A cookie of the provider's own gateway.
    Cookie,
}

/// The call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validation {
    /// Its method.
    pub method: Method,
    /// Its path, from the origin of the API.
    pub path: &'static str,
    /// How it shows the token.
    pub credential: Credential,
    /// Whether it counts against the budget as any call does.
    pub counts: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_takes_a_hundredth_of_the_budget_and_once_an_hour_at_most() {
        let hours =
            |per_minute, per_day| Budget { per_minute, per_day }.interval().as_millis() as f64 / 3_600_000.0;
        for (per_minute, per_day, expected) in [
            (None, None, 1.0),
            // Breeze: 50 a day would be allowed.
            (Some(100), Some(5_000), 1.0),
            (None, Some(2_400), 1.0),
            (None, Some(1_200), 2.0),
            (None, Some(100), 24.0),
            (Some(1), None, 100.0 / 60.0),
            (Some(1), Some(100), 24.0),
            // Nothing is divided by it.
            (Some(0), Some(0), 1.0),
        ] {
            assert!((hours(per_minute, per_day) - expected).abs() < 0.001, "{per_minute:?} {per_day:?}");
        }
    }
}
