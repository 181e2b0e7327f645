//! When to present a refresh token again, so that few logins tell much.

use std::time::Duration;

/// What a series of replays of one grant suggests: forgiven up to the first, and not at the second. Only suggests: see
/// [`super::verdict::Replayed::first`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) forgiven: Duration,
    pub(super) refused: Option<Duration>,
}

const SECOND: Duration = Duration::from_secs(1);

/// How exactly a window is told: a second, or an eighth.
fn step(after: Duration) -> Duration {
    SECOND.max(after / 8)
}

/// The next time in a series.
pub(super) fn next_in_series(after: Duration, longest: Duration) -> Option<Duration> {
    (after < longest).then(|| (after + step(after)).min(longest))
}

/// The next time to try with a fresh grant: first what the series suggests, then by halves. `forgiven` and `refused` are the
/// closest times that fresh grants have shown.
pub(super) fn next(
    forgiven: Duration,
    refused: Option<Duration>,
    guess: Guess,
    longest: Duration,
) -> Option<Duration> {
    let open =
        |time: &Duration| *time > forgiven && *time <= longest && refused.is_none_or(|over| *time < over);
    if refused.is_some_and(|over| over.saturating_sub(forgiven) <= step(forgiven)) {
        return None;
    }
    if let Some(suggested) = [Some(guess.forgiven), guess.refused].into_iter().flatten().find(open) {
        return Some(suggested);
    }
    match refused {
        Some(over) => Some(forgiven + over.saturating_sub(forgiven) / 2),
        // The series ended for another reason than time.
        None => Some((forgiven * 4).max(SECOND).min(longest)).filter(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The times that are tried against a window, when the series suggests `guess`, and what they leave.
    fn search(window: Duration, guess: Guess, longest: Duration) -> (usize, Duration, Option<Duration>) {
        let (mut forgiven, mut refused, mut tried) = (Duration::ZERO, None, 0);
        while let Some(time) = next(forgiven, refused, guess, longest) {
            assert!(tried < 20, "{forgiven:?} {refused:?}");
            tried += 1;
            if time < window { forgiven = time } else { refused = Some(time) }
        }
        (tried, forgiven, refused)
    }

    fn series(window: Duration, longest: Duration) -> Guess {
        let mut forgiven = Duration::ZERO;
        while let Some(time) = next_in_series(forgiven, longest) {
            if time >= window {
                return Guess { forgiven, refused: Some(time) };
            }
            forgiven = time;
        }
        Guess { forgiven, refused: None }
    }

    #[test]
    fn where_the_series_is_right_two_logins_confirm_it() {
        for window in [2, 4, 5, 10, 30, 60, 120, 299] {
            let (tried, forgiven, refused) = search(secs(window), series(secs(window), secs(300)), secs(300));
            assert!(tried <= 2, "{window}: {tried}");
            assert!(forgiven < secs(window) && refused.is_some_and(|over| over >= secs(window)));
            assert!(refused.is_some_and(|over| over - forgiven <= step(forgiven)), "{window}");
        }
    }

    #[test]
    fn a_window_beyond_the_longest_time_takes_one() {
        assert_eq!(search(secs(3600), series(secs(3600), secs(300)), secs(300)), (1, secs(300), None));
    }

    #[test]
    fn a_series_that_misled_is_found_out() {
        // Refused for the number of replays: the window is really 30 s.
        let counted = Guess { forgiven: Duration::ZERO, refused: Some(secs(1)) };
        let (tried, forgiven, refused) = search(secs(30), counted, secs(300));
        assert!(forgiven >= secs(26) && forgiven < secs(30) && refused.is_some(), "{forgiven:?} {refused:?}");
        assert!(tried <= 9, "{tried}");
        // Every replay began the window anew: it is really 10 s.
        let sliding = Guess { forgiven: secs(300), refused: None };
        let (tried, forgiven, _) = search(secs(10), sliding, secs(300));
        assert!(forgiven >= secs(8) && forgiven < secs(10), "{forgiven:?}");
        assert!(tried <= 9, "{tried}");
    }

    #[test]
    fn a_series_ends_at_the_longest_time() {
        assert_eq!(next_in_series(Duration::ZERO, secs(300)), Some(secs(1)));
        assert_eq!(next_in_series(secs(299), secs(300)), Some(secs(300)));
        assert_eq!(next_in_series(secs(300), secs(300)), None);
    }
}
