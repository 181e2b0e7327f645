//! What a vault answers.

use everlit_core::id::{Epoch, Generation, Stamp};
use everlit_core::vault::{Answer, EndReason, ReauthReason, Refused};
use everlit_runtime::{packed, packed_choice};

use super::message::Holder;
use super::turn::Said;

/// The vault's answer. There is no `Debug`: it may hold the access token.
pub(crate) enum VaultReply {
    /// There is a token.
    Current(Box<CurrentToken>),
    /// There is none that lives; ask again after so many milliseconds.
    RetryAfter {
        /// How long.
        millis: u64,
    },
    /// There is none for what was asked, and this grant can never bring one.
    Unobtainable,
    /// The grant is over, the session is not.
    ReauthRequired {
        /// Why.
        reason: String,
        /// The login.
        epoch: u64,
        /// The last token of it.
        generation: u32,
        /// Whose session it is.
        holder: Option<Holder>,
        /// What was turned down of silent re-logins.
        refused: RefusedText,
    },
    /// The session is over.
    Ended {
        /// Why.
        reason: String,
        /// The login that it was.
        epoch: u64,
    },
    /// There is no session.
    LoggedOut,
    /// Too much was asked.
    Throttled {
        /// When it may be asked again.
        millis: u64,
        /// What was asked too much.
        what: Brake,
    },
}

/// What is counted in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brake {
    /// Rotations.
    Rotation,
    /// Questions after the end.
    Refusal,
}

/// What was turned down of silent re-logins.
#[derive(Clone, Copy, Default)]
pub(crate) struct RefusedText {
    frame: bool,
    top_level: bool,
}

impl From<RefusedText> for Refused {
    fn from(RefusedText { frame, top_level }: RefusedText) -> Self {
        Self { frame, top_level }
    }
}

impl From<Refused> for RefusedText {
    fn from(Refused { frame, top_level }: Refused) -> Self {
        Self { frame, top_level }
    }
}

/// The token as of this answer. Lengths are milliseconds.
pub(crate) struct CurrentToken {
    /// The login.
    pub(crate) epoch: u64,
    /// The token within it.
    pub(crate) generation: u32,
    /// The token, where the question was for it.
    pub(crate) access_token: Option<String>,
    /// The key that the token is bound to, where the question was for the token, and it is.
    pub(crate) dpop_key: Option<String>,
    /// What the token is for, where the question was for one with an aim.
    pub(crate) scope: Option<String>,
    /// How long it still lives.
    pub(crate) expires_in: u64,
    /// How long it lived when it was new.
    pub(crate) lifetime: u64,
    /// How long until the session ends for want of activity.
    pub(crate) idle_left: u64,
    /// How long until the session ends whatever happens.
    pub(crate) absolute_left: u64,
    /// Whose session it is, where the question was for it.
    pub(crate) holder: Option<Holder>,
}

impl CurrentToken {
    /// Which token it is.
    pub(crate) const fn stamp(&self) -> Stamp {
        Stamp { epoch: Epoch(self.epoch), generation: Generation(self.generation) }
    }
}

/// What an answer shows beyond timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// Nothing.
    Timing,
    /// The access token.
    AccessToken,
    /// Whose session it is.
    Holder,
}

impl VaultReply {
    /// Puts an answer of the machine into words.
    pub(super) fn new(said: Said, holder: Option<&Holder>, shows: Shows) -> Self {
        let Said { answer, stamp, refused } = said;
        let stamp = stamp.unwrap_or_default();
        let dpop_key = || holder.filter(|_| shows == Shows::AccessToken)?.dpop_key.clone();
        let holder = || holder.filter(|_| shows == Shows::Holder).map(Holder::shown);
        match answer {
            Answer::Current(current) => Self::Current(Box::new(CurrentToken {
                epoch: current.stamp.epoch.0,
                generation: current.stamp.generation.0,
                access_token: (shows == Shows::AccessToken).then(|| current.access_token.expose().clone()),
                // A browser is handed no key.
                dpop_key: dpop_key().filter(|_| current.target.is_none()),
                scope: current.target.map(|target| target.scope),
                expires_in: current.expires_in.as_millis(),
                lifetime: current.lifetime.as_millis(),
                idle_left: current.idle_left.as_millis(),
                absolute_left: current.absolute_left.as_millis(),
                holder: holder(),
            })),
            Answer::RetryAfter(wait) => Self::RetryAfter { millis: wait.as_millis() },
            Answer::Unobtainable => Self::Unobtainable,
            Answer::ReauthRequired(reason) => Self::ReauthRequired {
                reason: reauth_reason(reason).into(),
                epoch: stamp.epoch.0,
                generation: stamp.generation.0,
                holder: holder(),
                refused: refused.into(),
            },
            Answer::Ended(reason) => Self::Ended { reason: end_reason(reason).into(), epoch: stamp.epoch.0 },
            Answer::LoggedOut => Self::LoggedOut,
        }
    }
}

const fn reauth_reason(reason: ReauthReason) -> &'static str {
    match reason {
        ReauthReason::Revoked => "revoked",
        ReauthReason::RotationLost => "rotation_lost",
        ReauthReason::Ambiguous => "ambiguous",
        ReauthReason::NoRefreshToken => "no_refresh_token",
        ReauthReason::Unreadable => "unreadable",
    }
}

const fn end_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Logout => "logout",
        EndReason::IdleLimit => "idle_limit",
        EndReason::AbsoluteLimit => "absolute_limit",
        EndReason::Admin => "admin",
        EndReason::BackChannel => "backchannel_logout",
        EndReason::OtherDevice => "other_device",
    }
}

packed! {
    RefusedText { frame, top_level }
    CurrentToken {
        epoch, generation, access_token, dpop_key, scope, expires_in, lifetime, idle_left, absolute_left, holder,
    }
}

packed_choice! { Brake, else Self::Refusal; 0 => Rotation, 1 => Refusal }

packed_choice! {
    VaultReply, else Self::LoggedOut;
    0 => Current(current),
    1 => RetryAfter { millis },
    2 => Unobtainable,
    3 => ReauthRequired { reason, epoch, generation, holder, refused },
    4 => Ended { reason, epoch },
    5 => LoggedOut,
    6 => Throttled { millis, what },
}
