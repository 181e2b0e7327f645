//! The numbers that cross between TypeScript and Rust.
//!
//! This file is the only place where they are given. `ts/abi.ts` is written from it by a test, and the same test fails when
//! the two differ, so neither side can change alone.

use everlit_core::retry::Failure;
use everlit_core::tab::{Denial, News, Presence, ProviderState, Refusal, ReloginAnswer, Way};
use everlit_core::vault::AskReason;

/// How many numbers say where the machine stands: those before the first row, see `Pen::standing` in [`codec`](crate::codec).
pub const STANDING: usize = 13;

/// How many numbers make up the row of an effect: its kind, then its own.
pub const ROW: usize = 6;

/// How many numbers an event carries at most.
pub const ARGUMENTS: usize = 10;

/// A kind of something, numbered from zero in the order of its table.
pub trait Numbered: Copy + 'static {
    /// Everything there is, in order.
    const ALL: &'static [Self];
    /// The first of them.
    const FIRST: Self = match Self::ALL {
        [first, ..] => *first,
        [] => panic!("there is nothing of this kind"),
    };
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
        /// 1 if nobody looks at the page, else 0.
        Opened,
        /// Request, [`SessionKind`], and what belongs to that.
        SessionAnswered,
        /// Request, [`TokenKind`], and what belongs to that.
        TokenAnswered,
        /// Request; 1 if the Worker confirmed the logout, else 0.
        LogoutAnswered,
        /// Request, [`ReloginAnswer`].
        ReloginAnswered,
        /// Nothing.
        DeadlineReached,
        /// Nothing.
        Shown,
        /// Nothing.
        Hidden,
        /// Nothing.
        Online,
        /// Nothing.
        Restored,
        /// 1 if it lets the page open a popup, else 0.
        UserActive,
        /// Nothing.
        RefreshAsked,
        /// Nothing.
        LoginAsked,
        /// Nothing.
        LogoutAsked,
        /// Call, provider.
        CallAsked,
        /// Call, provider, epoch, generation, 1 if it was the second time, [`Denial`].
        CallDenied,
        /// Call.
        CallCancelled,
        /// [`PeerKind`], and what belongs to that.
        PeerTold,
        /// Provider, 1 if this session is a login of it, [`ProviderState`].
        ProviderTold,
        /// 1 if all tabs of this browser hear it, else 0.
        SocketOpened,
        /// Nothing.
        SocketClosed,
        /// [`News`], epoch, generation.
        SocketTold,
    }

    /// Effects, and the numbers that each carries.
    EffectKind {
        /// Request.
        CheckSession,
        /// Request, epoch, generation, [`AskReason`], milliseconds since the user was last active or NaN.
        RequestToken,
        /// Request.
        PostLogout,
        /// Request, [`Way`].
        Relogin,
        /// Request.
        Cancel,
        /// Nothing.
        Navigate,
        /// [`PeerKind`], and what belongs to that.
        Tell,
        /// Nothing.
        OpenSocket,
        /// Nothing.
        CloseSocket,
        /// Call, epoch, generation.
        SendCall,
        /// Call.
        DeliverCall,
        /// Call, [`Refusal`].
        RefuseCall,
        /// 1 if the session is over, else 0.
        SettleLogout,
        /// Sequence, [`State`](everlit_core::tab::State) before and after, [`Reason`](everlit_core::tab::Reason).
        Transition,
        /// Sequence, provider, [`ProviderState`] before and after, [`Reason`](everlit_core::tab::Reason).
        ProviderTransition,
        /// [`Presence`](everlit_core::tab::Presence), milliseconds until the session ends for want of activity.
        Presence,
        /// Nothing: it is part of the standing.
        Health,
    }

    /// How `GET /auth/session` ended.
    SessionKind {
        /// Epoch, generation, milliseconds: it still lives, it lived when new, Unix time of the Worker, since the question
        /// left, until the idle limit, of the idle limit.
        Active,
        /// Epoch, generation, [`Ways`](everlit_core::tab::Ways).
        ReauthRequired,
        /// Nothing.
        LoggedOut,
        /// [`Failure`], milliseconds to wait or NaN, milliseconds since the question left, milliseconds that the app wants to
        /// wait (NaN: it has no opinion; infinity: do not ask again).
        Failed,
    }

    /// How `POST /auth/token` ended.
    TokenKind {
        /// As with [`SessionKind::Active`].
        Current,
        /// [`Ways`](everlit_core::tab::Ways).
        ReauthRequired,
        /// Nothing.
        Ended,
        /// Nothing.
        LoggedOut,
        /// As with [`SessionKind::Failed`].
        Failed,
    }

    /// What tabs tell each other.
    PeerKind {
        /// Epoch, generation, Unix milliseconds of its end, milliseconds it lived when new.
        Moved,
        /// Epoch.
        LoggedOut,
        /// Unix milliseconds.
        CoolDown,
        /// Unix milliseconds of the last activity and of the last one that the vault knows of.
        Active,
        /// Epoch, generation, [`Ways`](everlit_core::tab::Ways) that are left.
        Refused,
        /// Tab, Unix milliseconds.
        Listening,
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
    Refusal { LoggedOut, Ended, ReauthRequired, Unavailable, }
    AskReason { Deadline, Unauthorized, Forced, Resume, Activity, }
    ReloginAnswer { Done, Refused, Failed, Unavailable, }
    Way { Frame, Popup, Redirect, }
    News { Moved, ReauthRequired, Ended, LoggedOut, }
    ProviderState { Ready, Expiring, Renewing, NeedsHuman, Unavailable, }
    Presence { Present, Idle, Prompted, }
}

/// The number of anything that is numbered in the order of its declaration. A test compares the two orders.
#[macro_export]
#[doc(hidden)]
macro_rules! number {
    ($value:expr) => {
        f64::from($value as u32)
    };
}
