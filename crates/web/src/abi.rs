//! The numbers that cross between TypeScript and Rust.
//!
//! This file is the only place where they are given. `ts/abi.ts` is written from it by a test, and the same test fails when
//! the two differ, so neither side can change alone.

use everlit_core::retry::Failure;
use everlit_core::tab::{Denial, Reason, Refusal, State};
use everlit_core::vault::AskReason;

/// How many numbers make up a row of what [`Machine::step`](crate::Machine::step) returns.
pub const ROW: usize = 6;

/// How many numbers an event carries at most.
pub const ARGUMENTS: usize = 6;

/// A kind of something, numbered from zero in the order of its table.
pub trait Numbered: Copy + 'static {
    /// Everything there is, in order.
    const ALL: &'static [Self];
    /// What TypeScript calls it, in the same order. Not part of the module: only a test reads it.
    const NAMES: &'static [&'static str];

    /// The kind with this number, if there is one.
    #[must_use]
    fn numbered(number: f64) -> Option<Self> {
        // Fractions, negative numbers and NaN have no entry; a number too large for an index has none either.
        let index = number as usize;
        if index as f64 != number {
            return None;
        }
        Self::ALL.get(index).copied()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $kind:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$note])* $kind,)+ }

        impl $name {
            /// The number that stands for it.
            #[must_use]
            pub const fn number(self) -> f64 {
                self as u32 as f64
            }
        }

        impl Numbered for $name {
            const ALL: &'static [Self] = &[$(Self::$kind,)+];
            const NAMES: &'static [&'static str] = &[$(stringify!($kind),)+];
        }
    )+};
}

kinds! {
    /// Events, and the numbers that each carries.
    EventKind {
        /// Nothing.
        Opened,
        /// Request, [`SessionKind`], and what belongs to that.
        SessionAnswered,
        /// Request, [`TokenKind`], and what belongs to that.
        TokenAnswered,
        /// Request; 1 if the Worker confirmed the logout, else 0.
        LogoutAnswered,
        /// Nothing.
        DeadlineReached,
        /// Nothing.
        Nudged,
        /// Nothing.
        Restored,
        /// Nothing.
        RefreshAsked,
        /// Nothing.
        LoginAsked,
        /// Nothing.
        LogoutAsked,
        /// Call.
        CallAsked,
        /// Call, epoch, generation, 1 if it was the second time, [`Denial`].
        CallDenied,
        /// Call.
        CallCancelled,
        /// [`PeerKind`], and what belongs to that.
        PeerTold,
    }

    /// Effects, and the numbers that each carries.
    EffectKind {
        /// Request.
        CheckSession,
        /// Request, epoch, generation, [`AskReason`].
        RequestToken,
        /// Request.
        PostLogout,
        /// Request.
        Cancel,
        /// Nothing.
        Navigate,
        /// [`PeerKind`], and what belongs to that.
        Tell,
        /// Call, epoch, generation.
        SendCall,
        /// Call.
        DeliverCall,
        /// Call, [`Refusal`].
        RefuseCall,
        /// 1 if the session is over, else 0.
        SettleLogout,
        /// Sequence, [`State`] before and after, [`Reason`].
        Transition,
    }

    /// How `GET /auth/session` ended.
    SessionKind {
        /// Epoch, generation, milliseconds it still lives, milliseconds it lived when new.
        Active,
        /// Epoch, generation.
        ReauthRequired,
        /// Nothing.
        LoggedOut,
        /// [`Failure`], milliseconds to wait or NaN.
        Failed,
    }

    /// How `POST /auth/token` ended.
    TokenKind {
        /// Epoch, generation, milliseconds it still lives, milliseconds it lived when new.
        Current,
        /// Nothing.
        ReauthRequired,
        /// Nothing.
        Ended,
        /// Nothing.
        LoggedOut,
        /// [`Failure`], milliseconds to wait or NaN.
        Failed,
    }

    /// What tabs tell each other.
    PeerKind {
        /// Epoch, generation, Unix milliseconds of its end, milliseconds it lived when new.
        Moved,
        /// Epoch.
        LoggedOut,
    }
}

macro_rules! of_core {
    ($($name:ident { $($kind:ident,)+ })+) => {$(
        impl Numbered for $name {
            const ALL: &'static [Self] = &[$(Self::$kind,)+];
            const NAMES: &'static [&'static str] = &[$(stringify!($kind),)+];
        }
    )+};
}

of_core! {
    Failure { Transient, Throttled, Ambiguous, Misconfigured, Reauth, }
    Denial { AccessExpired, ReauthRequired, Ended, LoggedOut, }
    Refusal { LoggedOut, Ended, ReauthRequired, }
    AskReason { Deadline, Unauthorized, Forced, Resume, Activity, }
}

/// The number of anything that is numbered in the order of its declaration. A test compares the two orders.
macro_rules! number {
    ($value:expr) => {
        f64::from($value as u32)
    };
}

/// The number of a refusal.
#[must_use]
pub fn refusal(refusal: Refusal) -> f64 {
    number!(refusal)
}

/// The number of a reason to ask for a token.
#[must_use]
pub fn ask_reason(reason: AskReason) -> f64 {
    number!(reason)
}

/// The number of a state: its place in [`State::ALL`].
#[must_use]
pub fn state(state: State) -> f64 {
    number!(state)
}

/// The number of a reason for a transition: its place in [`Reason::ALL`].
#[must_use]
pub fn reason(reason: Reason) -> f64 {
    number!(reason)
}
