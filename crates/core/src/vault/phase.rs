//! The states of a vault, each with what it knows and nothing else.

use alloc::vec::Vec;

use super::aimed::Aimed;
use super::effect::{EndReason, ReauthReason};
use super::grace::{GraceProfile, Verdict};
use super::policy::Policy;
use crate::id::{Aim, Epoch, Generation, OpId, RequestId, Stamp};
use crate::secret::{AccessToken, RefreshToken};
use crate::time::{Millis, Timestamp};

/// Where a vault stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::large_enum_variant, reason = "there is one of it in an object, and it is nearly always live")]
pub enum Phase {
    /// No login has been committed, or everything was forgotten.
    Vacant,
    /// A grant that can be used.
    Live(Live),
    /// The grant is over, the session is not: it waits for its user until a limit comes.
    ReauthRequired(ReauthRequired),
    /// The session is over. Absorbing: nothing but forgetting leads on.
    Ended(Ended),
}

/// A grant that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Live {
    /// Which token this is.
    pub stamp: Stamp,
    /// The newest login of this session: the one that began it, or a renewal.
    pub login: Epoch,
    /// The access token.
    pub access: Access,
    /// What is known of tokens that are for less than all of the grant; the one that was asked for last comes last.
    pub aimed: Vec<Aimed>,
    /// The refresh token, if the grant has one.
    pub refresh_token: Option<RefreshToken>,
    /// When this generation began.
    pub rotated_at: Timestamp,
    /// A token request that was begun and has not come to an end.
    pub intent: Option<Intent>,
    /// The refresh token of this generation was presented, and nobody knows what came of it. While there is an intent too,
    /// that one is a replay.
    pub ambiguous: Option<Ambiguous>,
    /// How often the refresh token of this generation may have reached the server, the open intent left out.
    pub presented: u32,
    /// How many token requests failed in a row.
    pub failures: u32,
    /// No token request before this.
    pub not_before: Timestamp,
    /// The name of the next token request.
    pub next_request: RequestId,
    /// The first token request that presents, or would present, the refresh token of this generation.
    pub first_request: RequestId,
    /// The first token request of this grant.
    pub family_request: RequestId,
    /// The question that the last token request was made for.
    pub op: Option<OpId>,
    /// When this session ends.
    pub limits: Limits,
}

/// An access token and its life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The token.
    pub token: AccessToken,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How long it lived when it was new.
    pub lifetime: Millis,
    /// The generation that it came with: others may have come since, with tokens for something else.
    pub made_at: Generation,
}

/// A token request that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intent {
    /// Its name.
    pub request: RequestId,
    /// When it was begun.
    pub armed_at: Timestamp,
    /// Whether it takes the place of one that was never sent.
    pub again: bool,
    /// What it asks for; nothing for all that the login was granted.
    pub aim: Option<Aim>,
}

/// A refresh token that was presented, with no word of what came of it. The request that did so is under way no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ambiguous {
    /// When it was presented first: the server's window runs from here.
    pub since: Timestamp,
    /// When it is presented again without anybody asking, because the window closes.
    pub replay_at: Option<Timestamp>,
    /// What was asked for: who repeats it asks for the same, or a server that gives the same answer again gives another than was
    /// asked for.
    pub aim: Option<Aim>,
}

impl Ambiguous {
    /// A token of a storage that went back in time: how long ago it was spent, and how often since, nobody knows.
    pub(super) const OLD: Self = Self { since: Timestamp::from_millis(0), replay_at: None, aim: None };

    /// What may be done with it now.
    pub(super) fn verdict(&self, grace: &GraceProfile, now: Timestamp) -> Verdict {
        if self.since == Self::OLD.since {
            grace.verdict_of_old()
        } else {
            grace.verdict(self.since.until(now))
        }
    }
}

/// A token request whose end is not known, and that the session went on without. Where the session needs no token requests any
/// more, also one that was never made: to close it clears the escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orphan {
    /// The request.
    pub intent: Intent,
    /// Whether the refresh token that it may bring is to be revoked. Else it is of the grant in use: a replay that the answer
    /// it was to replace has overtaken.
    pub revoke: bool,
}

/// What a session ends by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Limits {
    /// When its user was last active, as far as the vault was told.
    pub active_at: Timestamp,
    /// When it ends whatever happens.
    pub absolute_at: Timestamp,
}

impl Limits {
    /// When the session ends for want of activity.
    #[must_use]
    pub const fn idle_at(&self, policy: &Policy) -> Timestamp {
        self.active_at.after(policy.idle_limit)
    }

    /// The earlier of both ends.
    #[must_use]
    pub fn ends_at(&self, policy: &Policy) -> Timestamp {
        self.idle_at(policy).min(self.absolute_at)
    }

    /// Why the session is over at `now`, if it is.
    #[must_use]
    pub fn ended(&self, policy: &Policy, now: Timestamp) -> Option<EndReason> {
        if self.absolute_at <= now {
            Some(EndReason::AbsoluteLimit)
        } else if self.idle_at(policy) <= now {
            Some(EndReason::IdleLimit)
        } else {
            None
        }
    }
}

/// A session that waits for its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReauthRequired {
    /// The last token there was.
    pub stamp: Stamp,
    /// The newest login of this session.
    pub login: Epoch,
    /// Why there will be no other without a login.
    pub reason: ReauthReason,
    /// The name of the next token request, should there be one: no name is given twice.
    pub next_request: RequestId,
    /// When the session ends.
    pub limits: Limits,
    /// What was tried without the user, and turned down.
    pub refused: Refused,
}

/// What is not worth a try of silent re-logins since the grant ended: the server has turned it down, or a page came back in vain. The same
/// once more would go round in circles, with every page that loads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refused {
    /// In a frame. There its cookie may have been kept from it: a popup can still do.
    pub frame: bool,
    /// At the top level, by popup or redirect: it had all of its cookies.
    pub top_level: bool,
}

impl Refused {
    /// With one more.
    #[must_use]
    pub const fn and(self, top_level: bool) -> Self {
        if top_level { Self { top_level: true, ..self } } else { Self { frame: true, ..self } }
    }

    /// Whether all that `earlier` knew of is still known.
    #[must_use]
    pub const fn holds(self, earlier: Self) -> bool {
        (self.frame || !earlier.frame) && (self.top_level || !earlier.top_level)
    }
}

/// A session that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ended {
    /// The last token there was.
    pub stamp: Stamp,
    /// Why it is over.
    pub reason: EndReason,
    /// The name of the next token request, if there could be one: the escrow is cleared by closing it.
    pub next_request: RequestId,
    /// When its last trace is erased.
    pub forget_at: Timestamp,
}
