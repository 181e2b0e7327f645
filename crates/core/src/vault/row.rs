//! A vault as one flat record: what a driver stores.

use alloc::vec::Vec;

use super::aimed::Aimed;
use super::effect::{EndReason, ReauthReason};
use super::links::Link;
use super::outbox::Outbox;
use super::phase::{Access, Ambiguous, Ended, Intent, Limits, Live, Orphan, Phase, ReauthRequired, Refused};
use super::tally::Tally;
use crate::id::{Epoch, Generation, OpId, RequestId, Stamp};
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
    /// The generation that it came with (live).
    pub access_made_at: Generation,
    /// Tokens for less than all of the grant (live). The driver seals them.
    pub aimed: Vec<Aimed>,
    /// The refresh token (live, if the grant has one).
    pub refresh_token: Option<RefreshToken>,
    /// When this generation began (live).
    pub rotated_at: Timestamp,
    /// The open token request (live, while there is one).
    pub intent: Option<Intent>,
    /// A refresh token whose presentation got no answer (live, while there is one).
    pub ambiguous: Option<Ambiguous>,
    /// How often the refresh token of this generation may have reached the server (live).
    pub presented: u32,
    /// How many token requests failed in a row (live).
    pub failures: u32,
    /// No token request before this (live).
    pub not_before: Timestamp,
    /// The name of the next token request (any status but vacant).
    pub next_request: RequestId,
    /// The first token request of this generation (live).
    pub first_request: RequestId,
    /// The first token request of this grant (live).
    pub family_request: RequestId,
    /// The question that the last token request was made for (live, if it had a name).
    pub op: Option<OpId>,
    /// Last known activity (live, reauth required).
    pub active_at: Timestamp,
    /// The absolute end (live, reauth required).
    pub absolute_at: Timestamp,
    /// What was turned down of silent re-logins (reauth required).
    pub refused: Refused,
    /// When to erase the row (ended).
    pub forget_at: Timestamp,
    /// A token request that the session went on without, until its end is known (any status).
    pub orphan: Option<Orphan>,
    /// Refresh tokens to revoke (any status). The driver seals them.
    pub outbox: Outbox,
    /// Further accounts of the user (live, reauth required). The driver seals them.
    pub links: Vec<Link>,
    /// How often each outcome came (any status).
    pub tally: Tally,
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
    pub const ALL: [Self; 13] = [
        Self::Vacant,
        Self::Live,
        Self::ReauthRequired(ReauthReason::Revoked),
        Self::ReauthRequired(ReauthReason::RotationLost),
        Self::ReauthRequired(ReauthReason::Ambiguous),
        Self::ReauthRequired(ReauthReason::NoRefreshToken),
        Self::ReauthRequired(ReauthReason::Unreadable),
        Self::Ended(EndReason::Logout),
        Self::Ended(EndReason::IdleLimit),
        Self::Ended(EndReason::AbsoluteLimit),
        Self::Ended(EndReason::Admin),
        Self::Ended(EndReason::BackChannel),
        Self::Ended(EndReason::OtherDevice),
    ];

    /// The name to store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vacant => "vacant",
            Self::Live => "live",
            Self::ReauthRequired(ReauthReason::Revoked) => "reauth:revoked",
            Self::ReauthRequired(ReauthReason::RotationLost) => "reauth:rotation_lost",
            Self::ReauthRequired(ReauthReason::Ambiguous) => "reauth:ambiguous",
            Self::ReauthRequired(ReauthReason::NoRefreshToken) => "reauth:no_refresh_token",
            Self::ReauthRequired(ReauthReason::Unreadable) => "reauth:unreadable",
            Self::Ended(EndReason::Logout) => "ended:logout",
            Self::Ended(EndReason::IdleLimit) => "ended:idle_limit",
            Self::Ended(EndReason::AbsoluteLimit) => "ended:absolute_limit",
            Self::Ended(EndReason::Admin) => "ended:admin",
            Self::Ended(EndReason::BackChannel) => "ended:backchannel_logout",
            Self::Ended(EndReason::OtherDevice) => "ended:other_device",
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
                access_made_at: live.access.made_at,
                aimed: live.aimed.clone(),
                refresh_token: live.refresh_token.clone(),
                rotated_at: live.rotated_at,
                intent: live.intent,
                ambiguous: live.ambiguous,
                presented: live.presented,
                failures: live.failures,
                not_before: live.not_before,
                next_request: live.next_request,
                first_request: live.first_request,
                family_request: live.family_request,
                op: live.op,
                active_at: live.limits.active_at,
                absolute_at: live.limits.absolute_at,
                ..Self::default()
            },
            Phase::ReauthRequired(waiting) => Self {
                status: Status::ReauthRequired(waiting.reason),
                stamp: waiting.stamp,
                login: waiting.login,
                next_request: waiting.next_request,
                active_at: waiting.limits.active_at,
                absolute_at: waiting.limits.absolute_at,
                refused: waiting.refused,
                ..Self::default()
            },
            Phase::Ended(ended) => Self {
                status: Status::Ended(ended.reason),
                stamp: ended.stamp,
                next_request: ended.next_request,
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
                        made_at: self.access_made_at,
                    },
                    aimed: self.aimed,
                    refresh_token: self.refresh_token,
                    rotated_at: self.rotated_at,
                    intent: self.intent,
                    ambiguous: self.ambiguous,
                    presented: self.presented,
                    failures: self.failures,
                    not_before: self.not_before,
                    next_request: self.next_request,
                    first_request: self.first_request,
                    family_request: self.family_request,
                    op: self.op,
                    limits,
                }),
                // A live row whose token cannot be read any more (its key is gone) is a session that must ask its user.
                None => Phase::ReauthRequired(ReauthRequired {
                    stamp: self.stamp,
                    login: self.login,
                    reason: ReauthReason::Unreadable,
                    next_request: self.next_request,
                    limits,
                    refused: self.refused,
                }),
            },
            Status::ReauthRequired(reason) => Phase::ReauthRequired(ReauthRequired {
                stamp: self.stamp,
                login: self.login,
                reason,
                next_request: self.next_request,
                limits,
                refused: self.refused,
            }),
            Status::Ended(reason) => Phase::Ended(Ended {
                stamp: self.stamp,
                reason,
                next_request: self.next_request,
                forget_at: self.forget_at,
            }),
        }
    }
}
