//! The laws, as checkers that look at every step of a machine from outside.
//!
//! A checker knows nothing of how a machine decides. It remembers what went in and what came out, over restarts too, and
//! says which law a step broke. The simulator keeps one beside every machine; so can a test.
//!
//! ```
//! use everlit_core::law::VaultWatch;
//! use everlit_core::time::{Moment, Timestamp};
//! use everlit_core::vault::{Event, Policy, Vault};
//!
//! let wall = Timestamp::from_millis(1_790_000_000_000);
//! let now = Moment { wall, mono: wall, entropy: 7 };
//! let mut vault = Vault::new(Policy::default());
//! let mut watch = VaultWatch::new(Policy::default());
//!
//! let before = vault.clone();
//! let effects = vault.step(now, Event::DeadlineReached);
//! watch.check(now, &before, &Event::DeadlineReached, &effects, &vault).expect("no law is broken");
//! ```

mod tab;
mod vault;

pub use tab::TabWatch;
pub use vault::VaultWatch;

/// A law of Everlit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Never two token requests in flight for one refresh token family, counting requests that outlive their sender.
    OneTokenRequestInFlight,
    /// No caller sees a token whose successor refresh token is not durable.
    DurableBeforeVisible,
    /// What a tab holds never goes back in epoch and generation.
    NewestWins,
    /// No late answer brings a session back, and no token that a late answer brings lives on.
    LogoutIsFinal,
    /// A session ends by logout, revocation or a limit; a grant by a parsed terminal answer. Nothing else ends either.
    OnlyTerminalEnds,
    /// Client secret and refresh token never leave the edge. Held by the types: no tab event, effect or state has a place
    /// for a token. And an access token goes only to who asked for what it is for.
    NoSecretInTab,
    /// After a deadline was handled the next one is later.
    DeadlineAlwaysAdvances,
    /// Background work never counts as the user being active.
    ActivityIsNotRefresh,
    /// Once faults stop, every session reaches active or a state that asks the user. Checked over time by the simulator.
    EverySessionSettles,
}

impl Law {
    /// Every law.
    pub const ALL: [Self; 9] = [
        Self::OneTokenRequestInFlight,
        Self::DurableBeforeVisible,
        Self::NewestWins,
        Self::LogoutIsFinal,
        Self::OnlyTerminalEnds,
        Self::NoSecretInTab,
        Self::DeadlineAlwaysAdvances,
        Self::ActivityIsNotRefresh,
        Self::EverySessionSettles,
    ];

    /// The law's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneTokenRequestInFlight => "one_token_request_in_flight",
            Self::DurableBeforeVisible => "durable_before_visible",
            Self::NewestWins => "newest_wins",
            Self::LogoutIsFinal => "logout_is_final",
            Self::OnlyTerminalEnds => "only_terminal_ends",
            Self::NoSecretInTab => "no_secret_in_tab",
            Self::DeadlineAlwaysAdvances => "deadline_always_advances",
            Self::ActivityIsNotRefresh => "activity_is_not_refresh",
            Self::EverySessionSettles => "every_session_settles",
        }
    }
}

/// A law that a step broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub law: Law,
    /// What was seen.
    pub what: &'static str,
}

/// A condition of a law.
const fn holds(condition: bool, law: Law, what: &'static str) -> Result<(), Broken> {
    if condition { Ok(()) } else { Err(Broken { law, what }) }
}
