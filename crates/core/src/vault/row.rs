//! A vault as one flat record: what a driver stores.

use super::effect::{EndReason, ReauthReason};
use super::phase::{Access, Ended, Intent, Limits, Live, Phase, ReauthRequired};
use crate::id::{Epoch, RequestId, Stamp};
use crate::secret::{AccessToken, RefreshToken};
use crate::time::{Millis, Timestamp};

/// One row: every field is one column. The driver seals the two tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    /// Which of the others have a meaning.
    pub status: Status,
    /// Epoch and generation.
    pub stamp: Stamp,
    /// The newest login of the session (live, reauth required).
    pub login: Epoch,
    /// The access token (live).
    pub access_token: Option<AccessToken>,
    /// When it ends (live).
    pub access_expires_at: Timestamp,
    /// How long it lived when it was new (live).
    pub access_lifetime: Millis,
    /// The refresh token (live, if the grant has one).
    pub refresh_token: Option<RefreshToken>,
    /// When this generation began (live).
    pub rotated_at: Timestamp,
    /// The open token request (live, while there is one).
    pub intent: Option<Intent>,
    /// How often the refresh token of this generation was presented (live).
    pub attempts: u32,
    /// No token request before this (live).
    pub not_before: Timestamp,
    /// The name of the next token request (live, reauth required).
    pub next_request: RequestId,
    /// Last known activity (live, reauth required).
    pub active_at: Timestamp,
    /// The absolute end (live, reauth required).
    pub absolute_at: Timestamp,
    /// When to erase the row (ended).
    pub forget_at: Timestamp,
}

/// Which state a row is of. The reasons are part of it, so that no row can hold a reason that does not belong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// No login.
    #[default]
    Vacant,
    /// A grant in use.
    Live,
    /// Waiting for the user.
    ReauthRequired(ReauthReason),
    /// Over.
    Ended(EndReason),
}

impl Status {
    /// Every status, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Vacant,
        Self::Live,
        Self::ReauthRequired(ReauthReason::Revoked),
        Self::ReauthRequired(ReauthReason::RotationLost),
        Self::ReauthRequired(ReauthReason::NoRefreshToken),
        Self::Ended(EndReason::Logout),
        Self::Ended(EndReason::IdleLimit),
        Self::Ended(EndReason::AbsoluteLimit),
    ];

    /// The name to store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vacant => "vacant",
            Self::Live => "live",
            Self::ReauthRequired(ReauthReason::Revoked) => "reauth:revoked",
            Self::ReauthRequired(ReauthReason::RotationLost) => "reauth:rotation_lost",
            Self::ReauthRequired(ReauthReason::NoRefreshToken) => "reauth:no_refresh_token",
            Self::Ended(EndReason::Logout) => "ended:logout",
            Self::Ended(EndReason::IdleLimit) => "ended:idle_limit",
            Self::Ended(EndReason::AbsoluteLimit) => "ended:absolute_limit",
        }
    }

    /// The status with this stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl Row {
    pub(super) fn of(phase: &Phase) -> Self {
        match phase {
            Phase::Vacant => Self::default(),
            Phase::Live(live) => Self {
                status: Status::Live,
                stamp: live.stamp,
                login: live.login,
                access_token: Some(live.access.token.clone()),
                access_expires_at: live.access.expires_at,
                access_lifetime: live.access.lifetime,
                refresh_token: live.refresh_token.clone(),
                rotated_at: live.rotated_at,
                intent: live.intent,
                attempts: live.attempts,
                not_before: live.not_before,
                next_request: live.next_request,
                active_at: live.limits.active_at,
                absolute_at: live.limits.absolute_at,
                forget_at: Timestamp::default(),
            },
            Phase::ReauthRequired(waiting) => Self {
                status: Status::ReauthRequired(waiting.reason),
                stamp: waiting.stamp,
                login: waiting.login,
                next_request: waiting.next_request,
                active_at: waiting.limits.active_at,
                absolute_at: waiting.limits.absolute_at,
                ..Self::default()
            },
            Phase::Ended(ended) => Self {
                status: Status::Ended(ended.reason),
                stamp: ended.stamp,
                forget_at: ended.forget_at,
                ..Self::default()
            },
        }
    }

    pub(super) fn into_phase(self) -> Phase {
        let limits = Limits { active_at: self.active_at, absolute_at: self.absolute_at };
        match self.status {
            Status::Vacant => Phase::Vacant,
            Status::Live => match self.access_token {
                Some(token) => Phase::Live(Live {
                    stamp: self.stamp,
                    login: self.login,
                    access: Access {
                        token,
                        expires_at: self.access_expires_at,
                        lifetime: self.access_lifetime,
                    },
                    refresh_token: self.refresh_token,
                    rotated_at: self.rotated_at,
                    intent: self.intent,
                    attempts: self.attempts,
                    not_before: self.not_before,
                    next_request: self.next_request,
                    limits,
                }),
                // A live row whose token cannot be read any more (its key is gone) is a session that must ask its user.
                None => Phase::ReauthRequired(ReauthRequired {
                    stamp: self.stamp,
                    login: self.login,
                    reason: ReauthReason::RotationLost,
                    next_request: self.next_request,
                    limits,
                }),
            },
            Status::ReauthRequired(reason) => Phase::ReauthRequired(ReauthRequired {
                stamp: self.stamp,
                login: self.login,
                reason,
                next_request: self.next_request,
                limits,
            }),
            Status::Ended(reason) => {
                Phase::Ended(Ended { stamp: self.stamp, reason, forget_at: self.forget_at })
            }
        }
    }
}
