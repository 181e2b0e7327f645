//! What an operator chooses for a service, and what its provider's description says.

use alloc::vec::Vec;

use super::budget::Budget;
use crate::rate::Rate;
use crate::time::Millis;

/// What kind of renewal needs no person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayKind {
    /// A refresh token is presented (RFC 6749, section 6): the vault machine's work, which is asked for here.
    Refresh,
    /// The provider lengthens a token that lives.
    SelfExtension,
    /// The provider lets a token live that is used.
    KeepAlive,
    /// A grant for what the operator has set as a secret: client credentials, or what else the provider documents.
    Credentials,
}

impl WayKind {
    /// Its name in logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::SelfExtension => "self_extension",
            Self::KeepAlive => "keep_alive",
            Self::Credentials => "credentials",
        }
    }

    /// Whether it is done to a token that lives, so that none is left to do it to when that is over.
    #[must_use]
    pub const fn needs_living(self) -> bool {
        match self {
            Self::SelfExtension | Self::KeepAlive => true,
            Self::Refresh | Self::Credentials => false,
        }
    }
}

/// A renewal that needs no person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// Of which kind.
    pub kind: WayKind,
    /// Whether it may be sent again when nobody knows what came of it. What a vault does is: it finds out by itself.
    pub repeatable: bool,
    /// How often a token that is kept alive must be used; nothing where it is renewed before its end.
    pub every: Option<Millis>,
}

impl Way {
    /// By the vault's refresh token.
    pub const REFRESH: Self = Self { kind: WayKind::Refresh, repeatable: true, every: None };
    /// By a grant for the operator's own secret.
    pub const CREDENTIALS: Self = Self { kind: WayKind::Credentials, repeatable: true, every: None };
}

/// A provider that asks a person by itself, on their phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PushPolicy {
    /// How long such a question is open where the provider does not say.
    pub open_for: Millis,
    /// How often it is asked for one cause: again when the one before was left to lapse.
    pub times: u32,
}

/// The numbers a service is watched by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Which configuration this is. With another than before, what waited for an operator is tried again.
    pub version: u64,
    /// How often to look at what is known here.
    pub check_every: Millis,
    /// The least time between two questions to the provider that nothing gave cause for.
    pub validate_every: Millis,
    /// Whether there is a call that shows whether a token lives. Where there is none, whoever doubts one has another fetched.
    pub validates: bool,
    /// Whether there is a call that ends a token, or a grant, at the provider.
    pub revokes: bool,
    /// Whether that is done to a token of another account's too, which somebody's login brought here: nobody has it but us.
    pub revokes_foreign: bool,
    /// How many calls the provider allows.
    pub budget: Budget,
    /// Renewals that need no person; the first that is open is taken.
    pub ways: Vec<Way>,
    /// How long before its end a token is renewed.
    pub lead: Millis,
    /// Whether a person can bring a token at all.
    pub person: bool,
    /// Whether the provider asks a person by itself.
    pub push: Option<PushPolicy>,
    /// Times left at which a warning is due.
    pub thresholds: Vec<Millis>,
    /// How many attempts are in a round.
    pub attempts: u32,
    /// The pause after the first attempt; each is twice as long as the one before.
    pub first_pause: Millis,
    /// After so many rounds in vain that is said once more.
    pub failed_often: u32,
    /// An attempt that is not heard of for so long has come to no known end.
    pub answer_within: Millis,
    /// Whether what a login brings may be exchanged for a token more than once.
    pub exchange_repeatable: bool,
    /// How long a caller waits before it gets what there is.
    pub caller_wait: Millis,
    /// How many may wait at once. Whoever comes on top of them gets what there is.
    pub most_waiters: usize,
    /// How often one caller may ask for a token.
    pub caller_rate: Rate,
    /// How often one caller may have a call made.
    pub call_rate: Rate,
    /// How many callers are known by name. The others share one place.
    pub most_callers: usize,
    /// How many renewals are remembered.
    pub most_records: usize,
}

impl Settings {
    /// What holds where nobody says anything: a broker whose token only a person can renew.
    pub const DEFAULT: Self = Self {
        version: 0,
        check_every: Millis::from_secs(5 * 60),
        validate_every: Millis::from_secs(3_600),
        validates: true,
        revokes: true,
        revokes_foreign: true,
        budget: Budget::UNKNOWN,
        ways: Vec::new(),
        lead: Millis::from_secs(15 * 60),
        person: true,
        push: None,
        thresholds: Vec::new(),
        attempts: 3,
        first_pause: Millis::from_secs(2),
        failed_often: 3,
        answer_within: Millis::from_secs(30),
        exchange_repeatable: false,
        caller_wait: Millis::from_millis(4_500),
        most_waiters: 2_000,
        caller_rate: Rate::new(60, Millis::from_secs(60)),
        call_rate: Rate::new(60, Millis::from_secs(60)),
        most_callers: 32,
        most_records: 10,
    };

    /// The shortest time between two looks, whatever is chosen.
    const CHECK_MIN: Millis = Millis::from_secs(1);

    /// How often to look.
    pub(super) fn check_every(&self) -> Millis {
        self.check_every.max(Self::CHECK_MIN)
    }

    /// The pause after so many attempts (1 or more), up to a quarter longer by chance, so that services that failed together do not come
    /// back together.
    pub(super) fn pause(&self, made: u32, entropy: u32) -> Millis {
        let doublings = made.clamp(1, 10).saturating_sub(1);
        let first = self.first_pause.max(Self::CHECK_MIN).as_millis();
        let pause = Millis::from_millis(first.saturating_mul(1 << doublings)).min(Millis::from_secs(3_600));
        pause.plus(pause.percent(25).scaled_by(entropy))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { thresholds: [Millis::from_secs(30 * 60)].into(), ..Self::DEFAULT }
    }
}
