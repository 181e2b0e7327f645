//! What a failure means, and how long to wait after it.

use crate::time::Millis;

/// What a failed request means for the session. Closed, so that every driver and every table handles all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// Nothing is known to be wrong with the grant: no network, a 5xx, a page of HTML, an unknown 4xx. Try again.
    Transient,
    /// The server asks for less (429). Try again when it says so.
    Throttled,
    /// The request was sent and no readable answer came: it may have been carried out.
    Ambiguous,
    /// Our own registration or secret is wrong (`invalid_client` and its kin). An operator must act; no user can.
    Misconfigured,
    /// A parsed terminal answer (`invalid_grant`): this grant is over, a person must log in.
    Reauth,
}

/// What an app's own strategy says of the next attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Advice {
    /// Nothing: there is none, or it leaves it to us.
    #[default]
    Ours,
    /// Wait so long. A server that asked for more gets more.
    After(Millis),
    /// No attempt by itself: whoever comes next makes one.
    Never,
}

/// The shortest and the first wait.
pub const BACKOFF_MIN: Millis = Millis::from_millis(500);
/// The longest wait that we choose ourselves.
pub const BACKOFF_MAX: Millis = Millis::from_secs(30);
/// The longest wait that a server may impose with `Retry-After`.
pub const COOL_DOWN_MAX: Millis = Millis::from_secs(3_600);

/// How long to wait after the given number of failures in a row (1 or more): full jitter between the shortest wait and a
/// bound that doubles with every failure.
#[must_use]
pub fn backoff(failures: u32, entropy: u32) -> Millis {
    let doublings = failures.clamp(1, 7);
    let bound = Millis::from_millis(BACKOFF_MIN.as_millis() << doublings).min(BACKOFF_MAX);
    BACKOFF_MIN.plus(bound.less(BACKOFF_MIN).scaled_by(entropy))
}

/// How long to wait when the server may have said so itself: its word if it gave one, capped at an hour, else ours.
#[must_use]
pub fn wait(retry_after: Option<Millis>, failures: u32, entropy: u32) -> Millis {
    retry_after.map_or_else(|| backoff(failures, entropy), |asked| asked.clamp(BACKOFF_MIN, COOL_DOWN_MAX))
}

/// How long to wait by the app's advice, which may add to what a server asked for and take nothing from it. `None`: until
/// somebody asks.
#[must_use]
pub fn advised(advice: Advice, retry_after: Option<Millis>, failures: u32, entropy: u32) -> Option<Millis> {
    match advice {
        Advice::Ours => Some(wait(retry_after, failures, entropy)),
        Advice::After(chosen) => Some(chosen.max(wait(Some(retry_after.unwrap_or_default()), 0, 0))),
        Advice::Never => None,
    }
}

/// How long to wait before an errand that nobody waits for is tried again: as [`wait`], but doubling up to an hour.
#[must_use]
pub fn slow_wait(retry_after: Option<Millis>, tries: u32, entropy: u32) -> Millis {
    let doublings = tries.clamp(1, 13);
    let bound = Millis::from_millis(BACKOFF_MIN.as_millis() << doublings).min(COOL_DOWN_MAX);
    let own = BACKOFF_MIN.plus(bound.less(BACKOFF_MIN).scaled_by(entropy));
    retry_after.map_or(own, |asked| asked.clamp(own, COOL_DOWN_MAX.max(own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_between_half_a_second_and_half_a_minute() {
        for failures in 0..100 {
            assert_eq!(backoff(failures, 0), BACKOFF_MIN);
            assert!(backoff(failures, u32::MAX) <= BACKOFF_MAX);
        }
        assert!(backoff(1, u32::MAX) < Millis::from_secs(1));
        assert!(backoff(4, u32::MAX) > Millis::from_secs(7));
        assert!(backoff(9, u32::MAX) > Millis::from_secs(29));
    }

    #[test]
    fn a_servers_word_is_kept_within_an_hour() {
        assert_eq!(wait(Some(Millis::from_secs(7)), 3, 0), Millis::from_secs(7));
        assert_eq!(wait(Some(Millis::from_days(3)), 3, 0), COOL_DOWN_MAX);
        assert_eq!(wait(Some(Millis::ZERO), 3, 0), BACKOFF_MIN);
    }

    #[test]
    fn errands_slow_down_to_an_hour() {
        assert!(slow_wait(None, 1, u32::MAX) < Millis::from_secs(1));
        assert!(slow_wait(None, 20, u32::MAX) > Millis::from_secs(3_500));
        assert!(slow_wait(None, u32::MAX, u32::MAX) <= COOL_DOWN_MAX);
        assert_eq!(slow_wait(Some(Millis::from_secs(40)), 1, 0), Millis::from_secs(40));
        assert_eq!(slow_wait(Some(Millis::from_days(1)), 1, 0), COOL_DOWN_MAX);
    }
}
