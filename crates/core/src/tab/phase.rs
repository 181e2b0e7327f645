//! The states of a tab, each with what it knows and nothing else.

use super::relogin::{Attempt, Ways};
use super::state::State;
use crate::id::{Epoch, RequestId, Stamp};
use crate::time::{Millis, Timestamp};
use crate::vault::AskReason;

/// What a tab knows of the token. All times are of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// Which token it is.
    pub stamp: Stamp,
    /// When it ends, at the latest.
    pub expires_at: Timestamp,
    /// How long it lived when it was new.
    pub lifetime: Millis,
}

/// Where a tab stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No session; the newest login that is known to be over.
    LoggedOut {
        /// Nothing of this login or an earlier one is believed any more.
        over: Epoch,
    },
    /// The page is leaving.
    LoggingIn {
        /// Nothing of this login or an earlier one is believed any more.
        over: Epoch,
        /// When to conclude that it never left.
        stuck_at: Timestamp,
    },
    /// All is well.
    Active {
        /// The token.
        hold: Hold,
        /// When to ask for the next.
        refresh_at: Timestamp,
    },
    /// A new token was asked for.
    Refreshing {
        /// The token until then.
        hold: Hold,
        /// The question.
        request: RequestId,
        /// Why it was asked.
        why: AskReason,
        /// How many failed before it.
        failures: u32,
        /// When to give it up.
        stuck_at: Timestamp,
    },
    /// The tab asks where it stands.
    Resuming {
        /// What it held before, not to be relied on.
        hold: Option<Hold>,
        /// Nothing of this login or an earlier one is believed any more.
        over: Epoch,
        /// The question, once it was asked.
        request: Option<RequestId>,
        /// How many failed before it.
        failures: u32,
        /// When to give it up.
        stuck_at: Timestamp,
    },
    /// The last question brought nothing.
    Degraded {
        /// The token, if there is one.
        hold: Option<Hold>,
        /// Nothing of this login or an earlier one is believed any more.
        over: Epoch,
        /// When to ask again; nothing if the app has it that nobody does by himself.
        retry_at: Option<Timestamp>,
        /// How many failed in a row.
        failures: u32,
        /// Whether the server itself named the time: then no nudge makes it earlier.
        told: bool,
    },
    /// The grant is over, and the tab tries to have a fresh one without the user's doing.
    Relogin {
        /// The last token.
        stamp: Stamp,
        /// The ways that were not tried.
        left: Ways,
        /// The one that is being tried. Without one, the next gesture of the user opens a popup.
        attempt: Option<Attempt>,
        /// How many questions failed before.
        failures: u32,
    },
    /// The session waits for its user.
    ReauthRequired {
        /// The last token.
        stamp: Stamp,
    },
    /// The session was ended.
    Ended {
        /// Nothing of this login or an earlier one is believed any more.
        over: Epoch,
    },
}

impl Phase {
    /// The state that apps see.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::LoggedOut { .. } => State::LoggedOut,
            Self::LoggingIn { .. } => State::LoggingIn,
            Self::Active { .. } => State::Active,
            Self::Refreshing { .. } | Self::Relogin { attempt: Some(_), .. } => State::Refreshing,
            Self::Resuming { .. } => State::Resuming,
            Self::Degraded { .. } => State::Degraded,
            // Until the user's gesture.
            Self::Relogin { attempt: None, .. } | Self::ReauthRequired { .. } => State::ReauthRequired,
            Self::Ended { .. } => State::Ended,
        }
    }

    /// The token that is held, trusted or not.
    #[must_use]
    pub const fn hold(&self) -> Option<Hold> {
        match self {
            Self::Active { hold, .. } | Self::Refreshing { hold, .. } => Some(*hold),
            Self::Resuming { hold, .. } | Self::Degraded { hold, .. } => *hold,
            Self::LoggedOut { .. }
            | Self::LoggingIn { .. }
            | Self::Relogin { .. }
            | Self::ReauthRequired { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// Which token is held, or was the last one of a session that waits for another.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Relogin { stamp, .. } | Self::ReauthRequired { stamp } => Some(*stamp),
            Self::LoggedOut { .. }
            | Self::LoggingIn { .. }
            | Self::Active { .. }
            | Self::Refreshing { .. }
            | Self::Resuming { .. }
            | Self::Degraded { .. }
            | Self::Ended { .. } => self.hold().map(|hold| hold.stamp),
        }
    }

    /// Whether there is a session, for all that this tab knows.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.stamp().is_some()
    }

    /// The newest login that is known to be over.
    #[must_use]
    pub const fn over(&self) -> Epoch {
        match self {
            Self::LoggedOut { over }
            | Self::LoggingIn { over, .. }
            | Self::Resuming { over, .. }
            | Self::Degraded { over, .. }
            | Self::Ended { over } => *over,
            // A session that runs: everything before its own login is over.
            Self::Active { hold, .. } | Self::Refreshing { hold, .. } => {
                Epoch(hold.stamp.epoch.0.saturating_sub(1))
            }
            Self::Relogin { stamp, .. } | Self::ReauthRequired { stamp } => {
                Epoch(stamp.epoch.0.saturating_sub(1))
            }
        }
    }

    /// The question that is open.
    #[must_use]
    pub const fn request(&self) -> Option<RequestId> {
        match self {
            Self::Refreshing { request, .. } => Some(*request),
            Self::Resuming { request, .. } => *request,
            Self::Relogin { attempt, .. } => match attempt {
                Some(attempt) => Some(attempt.request),
                None => None,
            },
            Self::LoggedOut { .. }
            | Self::LoggingIn { .. }
            | Self::Active { .. }
            | Self::Degraded { .. }
            | Self::ReauthRequired { .. }
            | Self::Ended { .. } => None,
        }
    }
}
