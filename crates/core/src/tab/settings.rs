//! What an app may choose.

use super::relogin::Ways;
use crate::time::Millis;

/// The numbers a tab works by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// How long before its end a token is replaced. Nothing: a share of its lifetime, see [`schedule::lead`](crate::schedule::lead).
    pub lead: Option<Millis>,
    /// After so long without input in any tab a token is allowed to lapse; it is fetched again when the user returns.
    pub idle_lapse: Millis,
    /// How long before the vault's idle limit the user is asked whether they are there. Nothing: they are not asked.
    pub idle_prompt: Option<Millis>,
    /// How often a tab looks at its clocks while nothing else is due.
    pub maintenance: Millis,
    /// How often it looks at its health.
    pub health_check: Millis,
    /// The ways of silent re-login that the app allows.
    pub ways: Ways,
    /// Whether to listen to what the Worker tells by itself.
    pub events: bool,
}

impl Settings {
    /// The shortest time between two looks, whatever is chosen.
    pub(super) const INTERVAL_MIN: Millis = Millis::from_secs(1);

    /// What holds where an app says nothing.
    pub const DEFAULT: Self = Self {
        lead: None,
        idle_lapse: Millis::from_secs(15 * 60),
        idle_prompt: None,
        maintenance: Millis::from_secs(60),
        health_check: Millis::from_secs(5 * 60),
        ways: Ways::ALL,
        events: true,
    };
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}
