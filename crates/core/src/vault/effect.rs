//! What a vault wants done.

use crate::id::{CallerId, RequestId, Stamp};
use crate::secret::{AccessToken, RefreshToken};
use crate::time::Millis;

/// Something to do, in the order of the list.
///
/// The driver writes rows and arms the alarm first, then sends requests, then answers: nobody may see what is not durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Write [`Vault::row`](super::Vault::row) and arm the alarm for [`Vault::next_alarm`](super::Vault::next_alarm).
    Persist,
    /// Erase everything this vault ever stored.
    Forget,
    /// Send one token request (RFC 6749, section 6), without any retry below this machine.
    RequestToken {
        /// Comes back with the answer.
        request: RequestId,
        /// What to present.
        refresh_token: RefreshToken,
    },
    /// Revoke a refresh token at the authorization server (RFC 7009): nobody will use it again.
    Revoke {
        /// The token.
        refresh_token: RefreshToken,
    },
    /// Answer a caller.
    Answer {
        /// Which one.
        caller: CallerId,
        /// With what.
        answer: Answer,
    },
    /// Count and log one finished token request.
    Report(Outcome),
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
    /// The access token has expired and the grant came without a refresh token.
    NoRefreshToken,
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
}

/// How a token request ended, as operators count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A first attempt brought a token.
    Success,
    /// A repetition brought a token.
    Recovered,
    /// The grant was refused on its first attempt.
    Revoked,
    /// The grant was refused on a repetition.
    RotationLost,
    /// The server asked for less.
    Throttled,
    /// No readable answer, or a failure that says nothing about the grant.
    Transient,
    /// Our registration or secret is wrong.
    Misconfigured,
    /// An answer came for a request that is no longer this vault's: after a logout, or after it was given up.
    Late,
}
