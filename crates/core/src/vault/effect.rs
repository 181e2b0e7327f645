//! What a vault wants done.

use super::event::Target;
use super::links::Link;
use super::outbox::ErrandId;
use crate::id::{Aim, CallerId, RequestId, Stamp};
use crate::secret::{AccessToken, RefreshToken};
use crate::time::{Millis, Timestamp};

/// Something to do, in the order of the list.
///
/// The driver writes rows and arms the alarm first, then sends requests, then answers: nobody may see what is not durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Write [`Vault::row`](super::Vault::row) and arm the alarm for [`Vault::next_alarm`](super::Vault::next_alarm).
    Persist,
    /// Erase everything this vault ever stored.
    Forget,
    /// Have a rotator claim this request at the escrow and send it (RFC 6749, section 6), without any retry below this
    /// machine. Its end comes back as [`Event::TokenAnswered`](super::Event::TokenAnswered).
    RequestToken {
        /// Its name, never given twice.
        request: RequestId,
        /// What to present.
        refresh_token: RefreshToken,
        /// What to ask for; nothing for all that the login was granted.
        aim: Option<Aim>,
        /// From when on it must not be sent any more: it is [`Unsent`](super::TokenAnswer::Unsent) then, which the escrow is to
        /// keep if it was claimed by then.
        send_by: Timestamp,
        /// When to abort it, counted from the claim.
        abort_after: Millis,
    },
    /// Close this request at the escrow; it may be one that was never made. Comes back as [`Event::EscrowAnswered`](super::Event::EscrowAnswered).
    CloseEscrow {
        /// Which one.
        request: RequestId,
    },
    /// Erase the escrow. Comes back as [`Event::EscrowErased`](super::Event::EscrowErased), or not at all.
    EraseEscrow,
    /// Revoke a refresh token at the authorization server (RFC 7009): nobody will use it again. Comes back as
    /// [`Event::RevocationAnswered`](super::Event::RevocationAnswered), or not at all.
    Revoke {
        /// Its errand in the outbox.
        errand: ErrandId,
        /// The token.
        refresh_token: RefreshToken,
    },
    /// Tell the vault of a link that it is over. Comes back as [`Event::RevocationAnswered`](super::Event::RevocationAnswered), or not
    /// at all.
    EndLink {
        /// Its errand in the outbox.
        errand: ErrandId,
        /// The link.
        link: Link,
        /// Whether other sessions of the user may go on: a grant that they share is not to be revoked then.
        others_go_on: bool,
    },
    /// Answer a caller.
    Answer {
        /// Which one.
        caller: CallerId,
        /// With what.
        answer: Answer,
    },
    /// Log one outcome. It is counted in the row already.
    Report(Outcome),
    /// Log that an errand was given up: it was not taken for so long that token or link have ended by themselves, or never will by
    /// our doing.
    AbandonRevocation {
        /// Its errand.
        errand: ErrandId,
    },
}

/// The effects of one step of this machine.
pub type Effects = crate::effects::Effects<Effect>;

/// What a caller is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// There is a token.
    Current(Current),
    /// There is none that lives; ask again after this long.
    RetryAfter(Millis),
    /// There is none for this aim, and this grant can never bring one.
    Unobtainable,
    /// The grant is over; the session waits for its user.
    ReauthRequired(ReauthReason),
    /// The session is over.
    Ended(EndReason),
    /// There never was a session here, or all trace of it is gone.
    LoggedOut,
}

/// The token as of this answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Current {
    /// Which token it is.
    pub stamp: Stamp,
    /// The token, for the proxy or a token-mediating upstream; a BFF tab is told all but this.
    pub access_token: AccessToken,
    /// What that token is for; nothing for the grant's own.
    pub target: Option<Target>,
    /// How long it still lives.
    pub expires_in: Millis,
    /// How long it lived when it was new.
    pub lifetime: Millis,
    /// How long until the session ends for want of activity.
    pub idle_left: Millis,
    /// How long until the session ends whatever happens.
    pub absolute_left: Millis,
}

/// Why a person must log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReauthReason {
    /// The authorization server refused the first attempt to use the refresh token: the grant was revoked or has expired.
    Revoked,
    /// It refused a repetition: an earlier answer was lost on its way, and the new token with it.
    RotationLost,
    /// An answer was lost, and to ask again could log the user out elsewhere.
    Ambiguous,
    /// The access token has expired and the grant came without a refresh token.
    NoRefreshToken,
    /// What is stored cannot be read any more: its key was retired.
    Unreadable,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndReason {
    /// The user logged out.
    Logout,
    /// Nobody was active for the idle limit.
    IdleLimit,
    /// The login is older than the absolute limit.
    AbsoluteLimit,
    /// An operator ended it.
    Admin,
    /// The authorization server ended it.
    BackChannel,
    /// Its user ended it on another device.
    OtherDevice,
}

impl EndReason {
    /// Whether other logins of the user may go on.
    #[must_use]
    pub const fn may_leave_others(self) -> bool {
        match self {
            Self::OtherDevice | Self::BackChannel | Self::IdleLimit | Self::AbsoluteLimit => true,
            Self::Logout | Self::Admin => false,
        }
    }
}

/// How a token request ended, as operators count it: the service-level figure of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It brought a token.
    Success,
    /// Its answer was lost; it was presented again within the server's window, and that brought a token.
    ReplayedWithinGrace,
    /// Its answer reached the vault by way of the escrow: the vault was reset, or could not be told.
    RecoveredFromEscrow,
    /// It had never reached the server, which the escrow proves, or the server itself by taking the same token again
    /// outside any window; it was sent again, and that brought a token.
    ResentNeverSent,
    /// It was refused, or could not be repeated, after an earlier attempt whose end is not known or that the server failed to
    /// carry out: the user must log in again, silently if that works.
    AmbiguousRelogin,
    /// The server refused the grant on its first attempt.
    Revoked,
    /// The server asked for less.
    Throttled,
    /// A failure that says nothing about the grant.
    Transient,
    /// Our registration or secret is wrong.
    Misconfigured,
}

impl Outcome {
    /// Every outcome, in the order in which they are counted.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::ReplayedWithinGrace,
        Self::RecoveredFromEscrow,
        Self::ResentNeverSent,
        Self::AmbiguousRelogin,
        Self::Revoked,
        Self::Throttled,
        Self::Transient,
        Self::Misconfigured,
    ];

    /// Its name in logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ReplayedWithinGrace => "replayed_within_grace",
            Self::RecoveredFromEscrow => "recovered_from_escrow",
            Self::ResentNeverSent => "resent_never_sent",
            Self::AmbiguousRelogin => "ambiguous_relogin",
            Self::Revoked => "revoked",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Misconfigured => "misconfigured",
        }
    }
}
