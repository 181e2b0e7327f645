//! Refresh tokens that nobody will use again, and further accounts of a session, where either must not live on.
//!
//! A revocation that fails says nothing: the token must be assumed to live (RFC 7009, section 2.2.1). So it is an errand that
//! is written down and repeated, not a request that is sent once. The end of a link is one as well.

use alloc::vec::Vec;

use super::effect::{Effect, Effects};
use super::event::RevocationAnswer;
use super::links::Link;
use crate::retry;
use crate::secret::RefreshToken;
use crate::sort;
use crate::time::{Millis, Moment, Timestamp};

/// A revocation that is not heard of for so long is tried again.
const TRY_LIMIT: Millis = Millis::from_secs(30);
/// An errand that fails for so long is given up.
const KEPT: Millis = Millis::from_days(7);
/// A session has one refresh token and the successors of lost races, and few links. More than this of either is a fault somewhere.
const MOST: usize = 8;

/// Names one errand of a vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrandId(pub u32);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// Revoke a refresh token.
    Revoke(RefreshToken),
    /// End a link.
    EndLink {
        /// Which one.
        link: Link,
        /// Whether other sessions of the user may go on, and with them the same account.
        others_go_on: bool,
    },
}

impl Task {
    /// The token to revoke, if it is that.
    #[must_use]
    pub const fn refresh_token(&self) -> Option<&RefreshToken> {
        match self {
            Self::Revoke(refresh_token) => Some(refresh_token),
            Self::EndLink { .. } => None,
        }
    }

    fn effect(&self, errand: ErrandId) -> Effect {
        match self.clone() {
            Self::Revoke(refresh_token) => Effect::Revoke { errand, refresh_token },
            Self::EndLink { link, others_go_on } => Effect::EndLink { errand, link, others_go_on },
        }
    }
}

/// Something to do until it is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Errand {
    /// Its name.
    pub id: ErrandId,
    /// What.
    pub task: Task,
    /// When it was taken up.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub due_at: Timestamp,
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outbox {
    errands: Vec<Errand>,
    /// The name of the next errand: none is given twice, so that no late answer is taken for another's.
    next: ErrandId,
}

impl Outbox {
    /// The outbox as it was stored.
    #[must_use]
    pub const fn load(errands: Vec<Errand>, next: ErrandId) -> Self {
        Self { errands, next }
    }

    /// The name of the next errand.
    #[must_use]
    pub const fn next(&self) -> ErrandId {
        self.next
    }

    /// What is in it.
    #[must_use]
    pub fn errands(&self) -> &[Errand] {
        &self.errands
    }

    /// Whether a token is in it, to be revoked.
    #[must_use]
    pub fn holds(&self, refresh_token: &RefreshToken) -> bool {
        self.errands.iter().any(|errand| errand.task.refresh_token() == Some(refresh_token))
    }

    /// When the next try is due.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.errands.iter().map(|errand| errand.due_at).min()
    }

    /// Takes up a token, and tries at once. What is in it already is not taken twice.
    pub(super) fn add(&mut self, now: Timestamp, refresh_token: RefreshToken, effects: &mut Effects) {
        self.take_up(now, Task::Revoke(refresh_token), effects);
    }

    /// Takes up the end of a link, and tries at once.
    pub(super) fn end_link(&mut self, now: Timestamp, link: Link, others_go_on: bool, effects: &mut Effects) {
        self.take_up(now, Task::EndLink { link, others_go_on }, effects);
    }

    fn take_up(&mut self, now: Timestamp, task: Task, effects: &mut Effects) {
        if self.errands.iter().any(|errand| errand.task == task) {
            return;
        }
        // Each kind makes room for its own.
        let is_alike =
            |errand: &&Errand| errand.task.refresh_token().is_some() == task.refresh_token().is_some();
        if self.errands.iter().filter(is_alike).count() >= MOST
            && let Some(id) = self.errands.iter().find(is_alike).map(|errand| errand.id)
        {
            self.errands.retain(|errand| errand.id != id);
            effects.push(Effect::AbandonRevocation { errand: id });
        }
        let id = self.next;
        self.next = ErrandId(id.0.wrapping_add(1));
        let (effect, due_at) = (task.effect(id), now.after(TRY_LIMIT));
        self.errands.push(Errand { id, task, since: now, tries: 1, due_at });
        effects.push(Effect::Persist);
        effects.push(effect);
    }

    pub(super) fn answered(
        &mut self,
        now: Moment,
        id: ErrandId,
        answer: RevocationAnswer,
        effects: &mut Effects,
    ) {
        let Some(errand) = self.errands.iter_mut().find(|errand| errand.id == id) else { return };
        match answer {
            RevocationAnswer::Settled => self.errands.retain(|errand| errand.id != id),
            RevocationAnswer::Retry { retry_after } => {
                errand.due_at = now.wall.after(retry::slow_wait(retry_after, errand.tries, now.entropy));
            }
        }
        effects.push(Effect::Persist);
    }

    /// Draws near what a clock that was set back has moved away. True if anything was.
    pub(super) fn mend_clock(&mut self, now: Timestamp) -> bool {
        let furthest = now.after(retry::COOL_DOWN_MAX);
        let mut mended = false;
        for errand in self.errands.iter_mut().filter(|errand| furthest < errand.due_at) {
            errand.due_at = furthest;
            mended = true;
        }
        mended
    }

    /// Tries what is due.
    pub(super) fn pursue(&mut self, now: Timestamp, effects: &mut Effects) {
        let (due, waiting): (Vec<_>, Vec<_>) =
            self.errands.drain(..).partition(|errand| errand.due_at <= now);
        self.errands = waiting;
        let any = !due.is_empty();
        let mut tried = Vec::new();
        for mut errand in due {
            if errand.since.after(KEPT) <= now {
                effects.push(Effect::AbandonRevocation { errand: errand.id });
                continue;
            }
            errand.tries = errand.tries.saturating_add(1);
            errand.due_at = now.after(TRY_LIMIT);
            tried.push(errand.task.effect(errand.id));
            self.errands.push(errand);
        }
        if any {
            sort::by_key(&mut self.errands, |errand| errand.id);
            effects.push(Effect::Persist);
        }
        for effect in tried {
            effects.push(effect);
        }
    }
}
