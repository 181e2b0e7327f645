//! When to refresh: one rule for tab and vault, so that a tab in time is never told to come back later.

use crate::time::{Millis, Timestamp};

/// The least time between two rotations that nobody needed for expiry, and between two refreshes of a tab.
pub const INTERVAL_MIN: Millis = Millis::from_secs(10);

const LEAD_PERCENT: u8 = 20;
const LEAD_MIN: Millis = Millis::from_secs(5);
const LEAD_MAX: Millis = Millis::from_secs(300);
const JITTER_PERCENT: u8 = 10;
/// A token that lives no longer than this is of no use to anybody, and is not worth hurrying for.
const BRIEF: Millis = Millis::from_secs(2);
/// What the vault allows beyond the lead: a tab counts from before its question left, and from whole clock ticks.
const VAULT_SLACK: Millis = Millis::from_secs(2);

/// How long before expiry a token of this lifetime is refreshed: a fifth of the lifetime, 5 to 300 s, and never more than
/// half of it, so that a short-lived token is not refreshed from its first second on.
#[must_use]
pub fn lead(lifetime: Millis) -> Millis {
    lifetime.percent(LEAD_PERCENT).clamp(LEAD_MIN, LEAD_MAX).min(lifetime.percent(50))
}

/// The time left at which the vault agrees that a token is due.
#[must_use]
pub fn vault_lead(lifetime: Millis) -> Millis {
    lead(lifetime).plus(VAULT_SLACK).min(lifetime.percent(50))
}

/// When a tab refreshes a token that ends at `expires_at`.
///
/// Jitter only ever makes it later: a tab that comes early would be told that nothing is due yet.
#[must_use]
pub fn refresh_at(expires_at: Timestamp, lead: Millis, entropy: u32) -> Timestamp {
    let jitter = lead.percent(JITTER_PERCENT).scaled_by(entropy);
    expires_at.before(lead.less(jitter))
}

/// The least time between a tab's own refresh and its next, so that no token can make it spin: [`INTERVAL_MIN`], but half
/// the lifetime of a token that lives so briefly that it would be dead by then.
#[must_use]
pub fn interval_min(lifetime: Millis) -> Millis {
    if lifetime < BRIEF { INTERVAL_MIN } else { lifetime.percent(50).min(INTERVAL_MIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_a_share_of_the_lifetime_within_bounds() {
        for (lifetime, expected) in
            [(0, 0), (8, 4), (20, 5), (60, 12), (300, 60), (3_600, 300), (86_400, 300)]
        {
            assert_eq!(
                lead(Millis::from_secs(lifetime)),
                Millis::from_secs(expected),
                "lifetime {lifetime} s"
            );
        }
    }

    #[test]
    fn a_tab_in_time_is_never_too_early_for_the_vault() {
        let now = Timestamp::from_millis(1_000_000);
        for lifetime in [20, 25, 60, 90, 300, 3_600, 43_200].map(Millis::from_secs) {
            let expires_at = now.after(lifetime);
            for entropy in [0, 1, 1 << 30, u32::MAX] {
                let at = refresh_at(expires_at, lead(lifetime), entropy);
                assert!(at.until(expires_at) <= vault_lead(lifetime), "{lifetime:?}");
                assert!(at < expires_at, "{lifetime:?}");
            }
        }
    }

    #[test]
    fn no_lifetime_makes_a_tab_spin() {
        for (lifetime, expected) in
            [(0, 10_000), (1_999, 10_000), (2_000, 1_000), (8_000, 4_000), (60_000, 10_000)]
        {
            assert_eq!(
                interval_min(Millis::from_millis(lifetime)),
                Millis::from_millis(expected),
                "{lifetime} ms"
            );
        }
    }
}
