//! What can be made wrong on purpose, to see that a law notices.

use everlit_core::law::Law;
use everlit_core::time::Millis;
use everlit_core::vault::{Blast, GraceProfile, Replay, Window};

use crate::server::Kind;
use crate::world::Bound;

/// One mistake of a vault, its driver, a rotator, the escrow or a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// A rotator sends without claiming.
    NoClaim,
    /// Every claim wins.
    EveryClaimWins,
    /// Closing an unclaimed request says that it was never sent, and does not see to it.
    CloseDoesNotVoid,
    /// What is claimed is taken for never sent.
    ClaimedTakenForUnsent,
    /// A request is taken to be over long before it is.
    SettledTooSoon,
    /// The token request leaves before its intent is written.
    SentBeforeWritten,
    /// Callers are answered before the row is written.
    AnsweredBeforeWritten,
    /// A new generation is not written at all.
    CommitNotWritten,
    /// An instance that was left behind still writes, without a guard.
    StaleWrites,
    /// A late answer is taken whatever came since.
    LateTakesOver,
    /// An instance that was left behind still writes, after a logout.
    StaleRevives,
    /// A logout forgets the request that is under way.
    OrphanForgotten,
    /// A logout revokes nothing.
    NothingRevoked,
    /// A revocation is sent once, whatever comes of it.
    RevokedOnce,
    /// Every failure is taken for the end of the grant.
    EveryFailureEnds,
    /// No answer is taken for the end of the grant.
    SilenceEnds,
    /// The window of another server.
    WrongWindow,
    /// What a reuse ends is taken to be the session's own grant alone.
    WrongBlast,
    /// The escrow forgets what it was given.
    EscrowForgets,
    /// A deadline is handled and nothing is done.
    DeadlineIgnored,
    /// The alarm is not armed.
    NoAlarm,
    /// An answer is read and thrown away.
    AnswerDropped,
    /// A rotation counts as the user being active.
    RotationIsActivity,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::NoClaim,
        Self::EveryClaimWins,
        Self::CloseDoesNotVoid,
        Self::ClaimedTakenForUnsent,
        Self::SettledTooSoon,
        Self::SentBeforeWritten,
        Self::AnsweredBeforeWritten,
        Self::CommitNotWritten,
        Self::StaleWrites,
        Self::LateTakesOver,
        Self::StaleRevives,
        Self::OrphanForgotten,
        Self::NothingRevoked,
        Self::RevokedOnce,
        Self::EveryFailureEnds,
        Self::SilenceEnds,
        Self::WrongWindow,
        Self::WrongBlast,
        Self::EscrowForgets,
        Self::DeadlineIgnored,
        Self::NoAlarm,
        Self::AnswerDropped,
        Self::RotationIsActivity,
    ];

    /// What is wrong.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoClaim => "a rotator sends without claiming",
            Self::EveryClaimWins => "every claim wins",
            Self::CloseDoesNotVoid => "closing does not void",
            Self::ClaimedTakenForUnsent => "claimed is taken for never sent",
            Self::SettledTooSoon => "a request is taken to be over after 5 s",
            Self::SentBeforeWritten => "the request leaves before its intent is written",
            Self::AnsweredBeforeWritten => "callers are answered before the row is written",
            Self::CommitNotWritten => "a new generation is not written",
            Self::StaleWrites => "an instance left behind writes without a guard",
            Self::LateTakesOver => "a late answer is taken over a newer one",
            Self::StaleRevives => "an instance left behind writes after a logout",
            Self::OrphanForgotten => "a logout forgets the request under way",
            Self::NothingRevoked => "a logout revokes nothing",
            Self::RevokedOnce => "a revocation is sent once and forgotten",
            Self::EveryFailureEnds => "a 5xx ends the grant",
            Self::SilenceEnds => "no answer ends the grant",
            Self::WrongWindow => "a strict server is taken to forgive for 30 s",
            Self::WrongBlast => "a reuse is taken to end this grant alone",
            Self::EscrowForgets => "the escrow keeps no answer",
            Self::DeadlineIgnored => "a deadline is handled by doing nothing",
            Self::NoAlarm => "the alarm is not armed",
            Self::AnswerDropped => "an answer is read and dropped",
            Self::RotationIsActivity => "a rotation counts as activity",
        }
    }

    /// The law that must notice.
    #[must_use]
    pub const fn law(self) -> Law {
        match self {
            Self::NoClaim
            | Self::EveryClaimWins
            | Self::CloseDoesNotVoid
            | Self::ClaimedTakenForUnsent
            | Self::SettledTooSoon => Law::OneTokenRequestInFlight,
            Self::SentBeforeWritten | Self::AnsweredBeforeWritten | Self::CommitNotWritten => {
                Law::DurableBeforeVisible
            }
            Self::StaleWrites | Self::LateTakesOver => Law::NewestWins,
            Self::StaleRevives | Self::OrphanForgotten | Self::NothingRevoked | Self::RevokedOnce => {
                Law::LogoutIsFinal
            }
            Self::EveryFailureEnds
            | Self::SilenceEnds
            | Self::WrongWindow
            | Self::WrongBlast
            | Self::EscrowForgets => Law::OnlyTerminalEnds,
            Self::DeadlineIgnored => Law::DeadlineAlwaysAdvances,
            Self::NoAlarm | Self::AnswerDropped => Law::EverySessionSettles,
            Self::RotationIsActivity => Law::ActivityIsNotRefresh,
        }
    }

    /// The server where it shows.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::WrongBlast => Kind::StrictUser,
            Self::OrphanForgotten | Self::RevokedOnce => Kind::Refusing,
            Self::NoClaim
            | Self::EveryClaimWins
            | Self::CloseDoesNotVoid
            | Self::ClaimedTakenForUnsent
            | Self::SettledTooSoon
            | Self::SentBeforeWritten
            | Self::AnsweredBeforeWritten
            | Self::CommitNotWritten
            | Self::StaleWrites
            | Self::LateTakesOver
            | Self::StaleRevives
            | Self::NothingRevoked
            | Self::EveryFailureEnds
            | Self::SilenceEnds
            | Self::WrongWindow
            | Self::EscrowForgets
            | Self::DeadlineIgnored
            | Self::NoAlarm
            | Self::AnswerDropped
            | Self::RotationIsActivity => Kind::Strict,
        }
    }

    /// How far one must look to see it: one tab, and the one mishap that brings it to light.
    #[must_use]
    pub const fn bound(self) -> Bound {
        let small = Bound { tabs: 1, rotations: 1, crashes: 0, faults: 0, twice: 0, endings: 0 };
        match self {
            Self::NoClaim | Self::EveryClaimWins => Bound { twice: 1, ..small },
            Self::StaleWrites | Self::LateTakesOver => Bound { rotations: 2, twice: 1, ..small },
            Self::StaleRevives | Self::OrphanForgotten | Self::NothingRevoked => {
                Bound { endings: 1, ..small }
            }
            Self::RevokedOnce => Bound { endings: 1, faults: 1, ..small },
            Self::EveryFailureEnds | Self::SilenceEnds => Bound { faults: 1, ..small },
            Self::CloseDoesNotVoid
            | Self::ClaimedTakenForUnsent
            | Self::SettledTooSoon
            | Self::SentBeforeWritten
            | Self::AnsweredBeforeWritten
            | Self::CommitNotWritten
            | Self::WrongWindow
            | Self::WrongBlast
            | Self::EscrowForgets
            | Self::DeadlineIgnored
            | Self::NoAlarm
            | Self::AnswerDropped
            | Self::RotationIsActivity => Bound { crashes: 1, ..small },
        }
    }

    /// Whether a second instance is kept, which must not be.
    #[must_use]
    pub const fn leaves_an_instance_behind(self) -> bool {
        matches!(self, Self::StaleWrites | Self::StaleRevives)
    }

    /// What the vault is told of the server, where that is the mistake.
    #[must_use]
    pub fn profile(self) -> Option<GraceProfile> {
        let window = |seconds| Window::For(Millis::from_secs(seconds));
        let strict = GraceProfile::STRICT;
        let wrong = [
            (Self::SettledTooSoon, GraceProfile { window: window(15), ..strict }),
            (Self::WrongWindow, GraceProfile { window: window(30), replay: Replay::SamePair, ..strict }),
            (Self::WrongBlast, GraceProfile { blast: Blast::Family, ..strict }),
        ];
        wrong.into_iter().find(|(flaw, _)| *flaw == self).map(|(_, profile)| profile)
    }
}
