//! Tokens that nobody will use again, where they must not live on at the provider.
//!
//! A logout ends a session here at once, and its tokens live on until the provider is told so. An answer that says nothing means that
//! they still do (RFC 7009, section 2.2.1), so this is an errand that is written down and repeated, not a request that is sent once.
//!
//! What is under way at a logout may still bring a token: a *stray*. It is known by its name, is taken up by nobody, and goes the same way.
//! Of an attempt that nobody remembers nothing is revoked: its answer may have been delivered twice, and its token be the one in use.
//!
//! A login into another account than ours brings a token too, which only we have. It goes the same way, while whoever logged in is told at once.
//!
//! # What is not revoked
//!
//! What another login or hand-in takes the place of is left to lapse. Most authorization servers keep one grant for a user and a client, so that
//! to revoke the old refresh token takes the new one with it; at Supabase Auth both may be of one session; and no broker says whether its logout
//! ends one token or all of the app's. To be wrong about that would end the session that has just begun, and here nobody has a second one. For
//! the same reason an approval that comes late is revoked only while no session lives, and nothing of another account's where that one may be
//! kept by another service of the same app ([`Settings::revokes_foreign`](super::Settings::revokes_foreign)).
//!
//! A logout is the other way round: it may be the answer to a leak. Its errands go on when somebody has logged in meanwhile, and where a server
//! keeps one grant, a person is called once more.

use alloc::vec::Vec;

use super::Monitor;
use super::effect::{Effect, Line};
use super::event::{Reply, RevocationAnswer};
use super::round::{Attempt, Job};
use super::settings::WayKind;
use super::token::{Fingerprint, Hand, Source, Token};
use super::turn::Turn;
use crate::id::RequestId;
use crate::retry;
use crate::time::{Millis, Timestamp};

/// A revocation that is not heard of for so long is tried again.
const TRY_LIMIT: Millis = Millis::from_secs(30);
/// One that fails for so long is given up.
const KEPT: Millis = Millis::from_days(7);
/// An answer that comes later than this is of no attempt that lives.
const STRAY_KEPT: Millis = Millis::from_secs(3_600);
/// A logout leaves one token, and a few that come late. More than this of either is a fault somewhere; the oldest makes room.
const MOST: usize = 8;

/// Names one revocation of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationId(pub u32);

/// Where the tokens are that are to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leftover {
    /// They are those in use, with what the next one is had for.
    Held,
    /// It was handed in under this name: before, or by the event that is being handled.
    Hand(Fingerprint),
    /// The answer to this attempt brought them, which the driver has in its hands.
    Brought(RequestId),
}

/// What became of a revocation, or of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The provider takes the token no more.
    Revoked,
    /// The provider will not do it, however often it is asked.
    Refused,
    /// It is tried again.
    Later,
    /// It failed for too long, or too many waited.
    GivenUp,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Revoked, Self::Refused, Self::Later, Self::GivenUp];

    /// Its name, on the wire too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Refused => "refused",
            Self::Later => "later",
            Self::GivenUp => "given_up",
        }
    }
}

/// How the last revocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
}

/// A token to revoke until the provider has done it. The token itself is the driver's, sealed under this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revocation {
    /// Its name.
    pub id: RevocationId,
    /// When it was taken up.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub due_at: Timestamp,
}

/// What was under way when the session was ended, and may still bring a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stray {
    /// The attempt; of a question to a person the first one.
    pub request: RequestId,
    /// What it was at.
    pub job: Job,
    /// Until when something may come of it.
    pub until: Timestamp,
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revocations {
    waiting: Vec<Revocation>,
    /// The name of the next one: none is given twice, so that no late answer is taken for another's.
    next: RevocationId,
    last: Option<Revoked>,
}

impl Revocations {
    /// As they were stored.
    #[must_use]
    pub const fn load(waiting: Vec<Revocation>, next: RevocationId, last: Option<Revoked>) -> Self {
        Self { waiting, next, last }
    }

    /// Those that wait.
    #[must_use]
    pub fn waiting(&self) -> &[Revocation] {
        &self.waiting
    }

    /// The name of the next one.
    #[must_use]
    pub const fn next(&self) -> RevocationId {
        self.next
    }

    /// How the last one ended.
    #[must_use]
    pub const fn last(&self) -> Option<Revoked> {
        self.last
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|revocation| revocation.due_at).min()
    }

    /// Takes up what is left over, and tries at once.
    fn add(&mut self, turn: &mut Turn, what: Leftover) {
        if self.waiting.len() >= MOST
            && let Some(id) = self.waiting.first().map(|revocation| revocation.id)
        {
            self.end(turn, id, Outcome::GivenUp);
        }
        let (id, now) = (self.next, turn.now);
        self.next = RevocationId(id.0.wrapping_add(1));
        self.waiting.push(Revocation { id, since: now, tries: 1, due_at: now.after(TRY_LIMIT) });
        turn.push(Effect::SetAside { revocation: id, what });
        turn.push(Effect::Revoke { revocation: id });
    }

    fn end(&mut self, turn: &mut Turn, id: RevocationId, outcome: Outcome) {
        self.waiting.retain(|revocation| revocation.id != id);
        self.last = Some(Revoked { at: turn.now, outcome });
        turn.push(Effect::Forget { revocation: id });
        turn.log(Line::Revoked { revocation: id, outcome });
    }

    pub(super) fn answered(&mut self, turn: &mut Turn, id: RevocationId, answer: RevocationAnswer) {
        let Some(revocation) = self.waiting.iter_mut().find(|revocation| revocation.id == id) else { return };
        match answer {
            RevocationAnswer::Revoked => self.end(turn, id, Outcome::Revoked),
            RevocationAnswer::Refused => self.end(turn, id, Outcome::Refused),
            RevocationAnswer::Retry { retry_after } => {
                let wait = retry::slow_wait(retry_after, revocation.tries, turn.entropy);
                revocation.due_at = turn.now.after(wait);
                turn.log(Line::Revoked { revocation: id, outcome: Outcome::Later });
            }
        }
    }

    /// Draws near what a clock that was set back has moved away.
    pub(super) fn mend_clock(&mut self, now: Timestamp) {
        let furthest = now.after(retry::COOL_DOWN_MAX);
        for revocation in &mut self.waiting {
            revocation.due_at = revocation.due_at.min(furthest);
            revocation.since = revocation.since.min(now);
        }
    }

    /// Tries what is due.
    pub(super) fn pursue(&mut self, turn: &mut Turn) {
        let now = turn.now;
        let is_old =
            |revocation: &&Revocation| revocation.due_at <= now && revocation.since.after(KEPT) <= now;
        let old: Vec<RevocationId> =
            self.waiting.iter().filter(is_old).map(|revocation| revocation.id).collect();
        for id in old {
            self.end(turn, id, Outcome::GivenUp);
        }
        for revocation in self.waiting.iter_mut().filter(|revocation| revocation.due_at <= now) {
            revocation.tries = revocation.tries.saturating_add(1);
            revocation.due_at = now.after(TRY_LIMIT);
            turn.push(Effect::Revoke { revocation: revocation.id });
        }
    }
}

impl Monitor {
    /// The session ends: what is here of it is revoked, and what is under way is remembered. True if there is something to revoke.
    pub(super) fn revoke_session(&mut self, turn: &mut Turn) -> bool {
        let by_grant = self.settings.ways.iter().any(|way| way.kind == WayKind::Refresh);
        // What it was renewed by may live on when it is over itself.
        let lives_on = |token: &Token| !token.was_logged_out() && (by_grant || !token.is_over());
        let held = self.row.token.as_ref().filter(|token| lives_on(token)).map(|_| Leftover::Held);
        // What people brought is theirs, but for what the provider gave for us, and what we have used up.
        let is_ours = |hand: &&Hand| {
            hand.source == Source::Approved || (by_grant && hand.exchange && hand.round.made > 0)
        };
        let hands = self.row.hands.iter().filter(is_ours).map(|hand| Leftover::Hand(hand.name));
        let left: Vec<Leftover> = held.into_iter().chain(hands).collect();
        let any = !left.is_empty() && self.settings.revokes;
        for what in left {
            self.revoke(turn, what);
        }
        let attempts = [self.row.unheard, self.row.attempt].into_iter().flatten();
        let brings = |attempt: &Attempt| matches!(attempt.job, Job::Exchange(_) | Job::Renew(_));
        let until = turn.now.after(STRAY_KEPT);
        let stray = |Attempt { request, job, .. }: Attempt| Stray { request, job, until };
        let strays: Vec<Stray> =
            attempts.filter(brings).map(stray).chain(self.stray_push(turn.now)).collect();
        if self.settings.revokes {
            self.row.strays.extend(strays);
            let over = self.row.strays.len().saturating_sub(MOST);
            self.row.strays.drain(..over);
        }
        any
    }

    /// What a person may still approve.
    fn stray_push(&self, now: Timestamp) -> Option<Stray> {
        let push = self.row.push.filter(|push| push.until.is_some() || push.asked > 0 || self.is_asking())?;
        let open_for = self.settings.push.map_or(Millis::ZERO, |policy| policy.open_for);
        let until = push.until.unwrap_or_else(|| now.after(open_for));
        Some(Stray { request: push.first, job: Job::AskPush, until })
    }

    fn revoke(&mut self, turn: &mut Turn, what: Leftover) {
        if self.settings.revokes {
            self.row.revocations.add(turn, what);
        }
    }

    /// An exchange has ended, perhaps with a token that nobody here will ever use.
    pub(super) fn revoke_foreign(&mut self, turn: &mut Turn, request: RequestId, reply: Reply) {
        if matches!(reply, Reply::Foreign) && self.settings.revokes_foreign {
            self.revoke(turn, Leftover::Brought(request));
        }
    }

    /// An attempt has ended that was under way at a logout, or was given up.
    pub(super) fn stray_answered(&mut self, turn: &mut Turn, request: RequestId, reply: Reply) {
        let is_it = |stray: &Stray| stray.request == request && stray.job != Job::AskPush;
        let known = self.row.strays.len();
        self.row.strays.retain(|stray| !is_it(stray));
        let is_stray = self.row.strays.len() < known;
        if is_stray && matches!(reply, Reply::Renewed(_)) {
            self.revoke(turn, Leftover::Brought(request));
        } else if matches!(reply, Reply::Foreign) && (is_stray || self.was_unheard_exchange(request)) {
            self.revoke_foreign(turn, request, reply);
        }
    }

    /// One that was given up and ends after all; it does so once.
    fn was_unheard_exchange(&mut self, request: RequestId) -> bool {
        let is_it =
            |attempt: &mut Attempt| attempt.request == request && matches!(attempt.job, Job::Exchange(_));
        self.row.unheard.take_if(is_it).is_some()
    }

    /// A person has approved what was asked before a logout.
    pub(super) fn stray_approved(&mut self, turn: &mut Turn, ticket: Option<RequestId>, name: Fingerprint) {
        let is_it = |stray: &Stray| stray.job == Job::AskPush && Some(stray.request) == ticket;
        let known = self.row.strays.len();
        self.row.strays.retain(|stray| !is_it(stray));
        let lives = self.row.token.is_some_and(|token| !token.is_over());
        if !lives && self.row.strays.len() < known {
            self.revoke(turn, Leftover::Hand(name));
        }
    }

    /// Nothing comes any more of what is too old.
    pub(super) fn drop_old_strays(&mut self, now: Timestamp) {
        self.row.strays.retain(|stray| now < stray.until);
    }
}
