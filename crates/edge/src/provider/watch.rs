//! How closely a token is watched.

use everlit_core::time::Millis;

/// Lengths of time that a configuration may choose otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// How often to look whether anything is due. It asks the provider nothing.
    pub check_every: Millis,
    /// How long before its end a token is renewed, where that can be done.
    pub lead: Millis,
    /// How long before its end a person is warned.
    pub warn_at: Millis,
}

impl Watch {
    /// Of tokens that may end before their time.
    pub const CLOSE: Self = Self::minutes(5, 15, 30);
    /// Of tokens whose end is known to the minute, at a provider that says by itself when another has come.
    pub const CALM: Self = Self::minutes(30, 60, 60);

    const fn minutes(check_every: u64, lead: u64, warn_at: u64) -> Self {
        Self {
            check_every: Millis::from_secs(check_every.saturating_mul(60)),
            lead: Millis::from_secs(lead.saturating_mul(60)),
            warn_at: Millis::from_secs(warn_at.saturating_mul(60)),
        }
    }
}
