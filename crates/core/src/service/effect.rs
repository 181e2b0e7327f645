//! What a service wants done.

use super::class::Class;
use super::outbox::{AlertId, Kind};
use super::revocation::{Leftover, Outcome, RevocationId};
use super::round::Job;
use super::status::Word;
use super::token::{Fingerprint, Verdict};
use crate::id::{CallerId, RequestId, Stamp};
use crate::time::{Millis, Timestamp};

/// Something to do, in the order of the list: what is stored, then what is sent, then what is answered and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Seal what was handed in under this name, until it is adopted or dropped. With the row, in one transaction.
    Keep {
        /// Its name.
        hand: Fingerprint,
    },
    /// Seal these tokens under this name, to be revoked. With the row, in one transaction. Comes before [`Effect::Drop`] of what was handed
    /// in.
    SetAside {
        /// Its name.
        revocation: RevocationId,
        /// Where they are to be found.
        what: Leftover,
    },
    /// Make this the token. With the row, in one transaction. Comes before [`Effect::Drop`] of what it is made from.
    Adopt {
        /// Where it is to be found.
        from: Origin,
        /// Its name from now on.
        stamp: Stamp,
    },
    /// Erase what was handed in under this name.
    Drop {
        /// Its name.
        hand: Fingerprint,
    },
    /// Erase what was set aside under this name.
    Forget {
        /// Its name.
        revocation: RevocationId,
    },
    /// Write [`Monitor::row`](super::Monitor::row) and arm the alarm for [`Monitor::next_alarm`](super::Monitor::next_alarm).
    Persist,
    /// Make this attempt, once, without any retry below this machine. Its end comes back as
    /// [`Event::AttemptAnswered`](super::Event::AttemptAnswered), or not at all.
    Attempt {
        /// Its name, never given twice.
        request: RequestId,
        /// What it is at.
        job: Job,
    },
    /// Deliver an alert. Comes back as [`Event::AlertAnswered`](super::Event::AlertAnswered), or not at all.
    Deliver {
        /// Its name: the same when it is sent again.
        alert: AlertId,
        /// What it says.
        kind: Kind,
        /// When that happened.
        at: Timestamp,
    },
    /// Have the provider revoke what was set aside under this name. Comes back as
    /// [`Event::RevocationAnswered`](super::Event::RevocationAnswered), or not at all.
    Revoke {
        /// Its name: the same when it is tried again.
        revocation: RevocationId,
    },
    /// Answer a caller.
    Answer {
        /// Which one.
        caller: CallerId,
        /// With what.
        answer: Answer,
    },
    /// Tell who handed something in what became of it.
    Tell {
        /// Whom.
        caller: CallerId,
        /// What.
        verdict: Verdict,
    },
    /// Log one line.
    Log(Line),
}

impl Effect {
    /// Its place in the order.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Keep { .. } | Self::SetAside { .. } => 0,
            Self::Adopt { .. } => 1,
            Self::Drop { .. } | Self::Forget { .. } => 2,
            Self::Persist => 3,
            Self::Attempt { .. } => 4,
            Self::Deliver { .. } | Self::Revoke { .. } => 5,
            Self::Answer { .. } | Self::Tell { .. } => 6,
            Self::Log(_) => 7,
        }
    }
}

/// The effects of one step of this machine.
pub type Effects = crate::effects::Effects<Effect>;

/// Where a token is that is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It was handed in.
    Hand(Fingerprint),
    /// The answer to this attempt brought it, which the driver has in its hands.
    Attempt(RequestId),
    /// The vault has it already.
    Vault,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// There is a token.
    Token {
        /// Which one.
        stamp: Stamp,
        /// How long it is planned to live; nothing where nobody knows.
        expires_in: Option<Millis>,
        /// Whether it is the one that is good for less.
        read_only: bool,
    },
    /// There is none.
    None {
        /// Why.
        reason: Absence,
        /// When to come again.
        retry_after: Millis,
    },
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Absence {
    /// This caller asks too often.
    CallerLimited,
    /// A new one is being had.
    Renewing,
    /// The provider wants to be left alone, or cannot be had just now.
    Unavailable,
    /// Only a person can bring one, and is asked.
    NeedsHuman,
    /// Only an operator can mend it.
    NeedsOperator,
}

impl Absence {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::CallerLimited, Self::Renewing, Self::Unavailable, Self::NeedsHuman, Self::NeedsOperator];

    /// Its name, on the wire too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallerLimited => "caller_limited",
            Self::Renewing => "renewing",
            Self::Unavailable => "unavailable",
            Self::NeedsHuman => "needs_human",
            Self::NeedsOperator => "needs_operator",
        }
    }
}

/// One line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// A check was made.
    Checked {
        /// What it found.
        word: Word,
        /// How long the token is planned to live.
        left: Option<Millis>,
    },
    /// An attempt came to an end.
    Attempted {
        /// What it was at.
        job: Job,
        /// Which of its round.
        number: u32,
        /// How many a round has.
        of: u32,
        /// How; nothing for success.
        failed: Option<Class>,
        /// How long the token is planned to live.
        left: Option<Millis>,
    },
    /// The token has ended.
    Ended {
        /// Which one.
        stamp: Stamp,
        /// By which word; nothing where its planned end came, or an operator ended it.
        class: Option<Class>,
    },
    /// What was handed in came to this.
    Judged {
        /// Its name.
        hand: Fingerprint,
        /// What.
        verdict: Verdict,
    },
    /// An operator ended the session.
    LoggedOut {
        /// Whether the provider is told.
        told: bool,
    },
    /// The provider was asked to revoke a token, or is no more.
    Revoked {
        /// Which one.
        revocation: RevocationId,
        /// What became of it.
        outcome: Outcome,
    },
    /// An alert was never taken, and is sent no more.
    AlertGivenUp {
        /// Which one.
        alert: AlertId,
    },
}
