//! Access tokens for less than all of a grant: asked for by the same refresh token as any other, one at a time.

use alloc::string::String;

use super::event::Target;
use super::phase::{Access, Live};
use crate::id::{Aim, Stamp};
use crate::retry;
use crate::time::{Millis, Moment, Timestamp};

/// How many of them are kept for one grant. With more, each would put out another, and the refresh token be spent for each question.
pub const MOST_AIMS: usize = 8;

/// How long to wait, by what the server asked for, by how often it failed, and by chance.
pub(super) type Wait = fn(Option<Millis>, u32, u32) -> Millis;

/// What is known of the tokens for one aim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Aimed {
    /// What the token is for. The scope is that of the newest answer.
    pub target: Target,
    /// The newest, unless the server ended it since, or never gave one.
    pub access: Option<Access>,
    /// How often in a row the server would not give one for this, though it may for others.
    pub failures: u32,
    /// None is asked for before this.
    pub not_before: Timestamp,
}

impl Aimed {
    fn new(aim: Aim) -> Self {
        let target = Target { aim, scope: String::new() };
        Self { target, access: None, failures: 0, not_before: Timestamp::default() }
    }

    /// When it ends. What is not there has ended.
    fn ends_at(&self) -> Timestamp {
        self.access.as_ref().map_or(self.not_before, |access| access.expires_at)
    }

    /// As it would have been by this clock, if that was set back. Whether it was.
    pub(super) fn mend_clock(&mut self, now: Timestamp) -> bool {
        let furthest = now.after(retry::COOL_DOWN_MAX);
        let late = furthest < self.not_before;
        self.not_before = self.not_before.min(furthest);
        self.access.as_mut().is_some_and(|access| access.mend_clock(now)) || late
    }
}

impl Access {
    /// As it would have been by this clock, if that was set back. Whether it was.
    pub(super) fn mend_clock(&mut self, now: Timestamp) -> bool {
        let ends_at = now.after(self.lifetime);
        let late = ends_at < self.expires_at;
        self.expires_at = self.expires_at.min(ends_at);
        late
    }
}

impl Live {
    /// The token for this aim, or the grant's own.
    pub(super) fn access_for(&self, aim: Option<Aim>) -> Option<&Access> {
        match aim {
            None => Some(&self.access),
            Some(aim) => self.aimed(aim)?.access.as_ref(),
        }
    }

    pub(super) fn aimed(&self, aim: Aim) -> Option<&Aimed> {
        self.aimed.iter().find(|aimed| aimed.target.aim == aim)
    }

    /// Whether there is no token for this that lives.
    pub(super) fn lacks(&self, aim: Option<Aim>, now: Timestamp) -> bool {
        self.access_for(aim).is_none_or(|access| access.expires_at <= now)
    }

    /// Whether who holds this holds the newest token for that. Generations that brought tokens for something else change nothing
    /// about it.
    pub(super) fn is_newest(&self, held: Option<Stamp>, aim: Option<Aim>) -> bool {
        held.zip(self.access_for(aim)).is_some_and(|(held, access)| {
            held.epoch == self.stamp.epoch
                && (access.made_at..=self.stamp.generation).contains(&held.generation)
        })
    }

    /// When a token for this may be asked for.
    pub(super) fn not_before(&self, aim: Option<Aim>) -> Timestamp {
        let of_aim =
            aim.and_then(|aim| self.aimed(aim)).map_or_else(Timestamp::default, |aimed| aimed.not_before);
        self.not_before.max(of_aim)
    }

    /// There is a token for something.
    pub(super) fn aimed_came(&mut self, target: Target, access: Access) {
        drop(self.take_aimed(target.aim));
        self.keep_aimed(Aimed {
            target,
            access: Some(access),
            failures: 0,
            not_before: Timestamp::default(),
        });
    }

    /// The server would not give a token for this: it is asked for again after a wait of this kind.
    pub(super) fn aim_failed(&mut self, now: Moment, aim: Aim, wait: Wait) {
        let mut aimed = self.take_aimed(aim);
        aimed.failures = aimed.failures.saturating_add(1);
        aimed.not_before = now.wall.after(wait(None, aimed.failures, now.entropy));
        self.keep_aimed(aimed);
    }

    /// The server has ended every token that it gave before this one.
    pub(super) fn others_ended(&mut self, now: Timestamp, but: Option<Aim>) {
        if but.is_some() {
            self.access.expires_at = self.access.expires_at.min(now);
        }
        for aimed in self.aimed.iter_mut().filter(|aimed| Some(aimed.target.aim) != but) {
            aimed.access = None;
        }
    }

    fn take_aimed(&mut self, aim: Aim) -> Aimed {
        let place = self.aimed.iter().position(|aimed| aimed.target.aim == aim);
        place.map_or_else(|| Aimed::new(aim), |place| self.aimed.remove(place))
    }

    /// What ends first makes room for it.
    fn keep_aimed(&mut self, aimed: Aimed) {
        if self.aimed.len() >= MOST_AIMS {
            let first = self
                .aimed
                .iter()
                .enumerate()
                .min_by_key(|(_, aimed)| aimed.ends_at())
                .map(|(place, _)| place);
            drop(first.map(|place| self.aimed.remove(place)));
        }
        self.aimed.push(aimed);
    }
}

impl Access {
    /// When it was new.
    pub(super) fn began(&self) -> Timestamp {
        self.expires_at.before(self.lifetime)
    }

    /// How long it lives yet.
    pub(super) fn left(&self, now: Timestamp) -> Millis {
        now.until(self.expires_at)
    }
}
