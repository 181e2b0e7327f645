//! Callers: who gets the token at once, who waits a moment for another, and who is told why there is none.

use alloc::string::String;

use super::Monitor;
use super::doubt::{ASKED_AGAIN, DoubtCause};
use super::effect::{Absence, Answer, Effect};
use super::people::{Person, TOGETHER};
use super::renewal::{HOLD_MAX, Renewal};
use super::round::{Job, Round};
use super::turn::Turn;
use super::users::Purpose;
use crate::id::{CallerId, Stamp};
use crate::schedule::INTERVAL_MIN;
use crate::time::{Millis, Timestamp};

/// Who is told that there is no token need not come again before this,
const RETRY_MIN: Millis = Millis::from_secs(1);
/// and where a person is needed, or an operator, by this.
const RETRY_HUMAN: Millis = Millis::from_secs(60);

/// A caller that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiter {
    pub(super) caller: CallerId,
    pub(super) name: String,
    pub(super) until: Timestamp,
    pub(super) reads_only: bool,
    pub(super) purpose: Purpose,
    /// Whether it wants to hear what comes of what is under way, though there is a token.
    pub(super) patient: bool,
    /// Whether a token of which nobody knows if it is over is none to it.
    pub(super) doubts: bool,
}

impl Monitor {
    pub(super) fn asked(
        &mut self,
        turn: &mut Turn,
        caller: CallerId,
        name: String,
        reads_only: bool,
        purpose: Purpose,
    ) {
        if self.admitted(turn, caller, &name, purpose) {
            let until = self.waits_at_most(turn);
            self.waiters.push(Waiter {
                caller,
                name,
                until,
                reads_only,
                purpose,
                patient: false,
                doubts: false,
            });
        }
    }

    pub(super) fn refresh_asked(
        &mut self,
        turn: &mut Turn,
        caller: CallerId,
        name: String,
        holds: Option<Stamp>,
        operator: bool,
    ) {
        let purpose = Purpose::Token;
        if !self.admitted(turn, caller, &name, purpose) {
            return;
        }
        let is_behind = holds.is_some_and(|holds| {
            self.row.token.is_some_and(|token| holds < token.stamp && token.is_valid(turn.now))
        });
        if !is_behind {
            if operator {
                self.force(turn);
            } else if self.settings.validates {
                self.doubt(turn, DoubtCause::Asked);
            } else {
                self.renew_early(turn);
            }
        }
        let until = self.waits_at_most(turn);
        let patient = !is_behind;
        self.waiters.push(Waiter { caller, name, until, reads_only: false, purpose, patient, doubts: false });
    }

    pub(super) fn person_asked(
        &mut self,
        turn: &mut Turn,
        caller: CallerId,
        person: Person,
        reads_only: bool,
        forces: bool,
        doubts: bool,
    ) {
        if let Err(retry_after) = self.people.admit(person, self.settings.call_rate, turn.now) {
            let answer = Answer::None { reason: Absence::CallerLimited, retry_after };
            turn.push(Effect::Answer { caller, answer });
            return;
        }
        if forces {
            self.force(turn);
        }
        let (until, name, purpose) = (self.waits_at_most(turn), TOGETHER.into(), Purpose::Call);
        self.waiters.push(Waiter { caller, name, until, reads_only, purpose, patient: forces, doubts });
    }

    fn admitted(&mut self, turn: &mut Turn, caller: CallerId, name: &str, purpose: Purpose) -> bool {
        let admitted = self.users.admit(name, purpose, turn.now, &self.settings);
        if let Err(retry_after) = admitted {
            let answer = Answer::None { reason: Absence::CallerLimited, retry_after };
            turn.push(Effect::Answer { caller, answer });
        }
        admitted.is_ok()
    }

    /// All that can be done is tried now, also what waited for an operator.
    fn force(&mut self, turn: &Turn) {
        self.row.closed.clear();
        if self.usable_way().is_none() {
            self.ask_again(turn);
            self.doubt(turn, DoubtCause::Asked);
        } else {
            self.renew_after(turn, INTERVAL_MIN);
        }
    }

    /// A caller doubts a token that nobody can be asked about: another one is had, and the one there is stays until then.
    fn renew_early(&mut self, turn: &Turn) {
        if self.usable_way().is_some() {
            self.renew_after(turn, ASKED_AGAIN);
        }
    }

    /// Begins a renewal of a token that has been there for so long, unless one is under way.
    fn renew_after(&mut self, turn: &Turn, age: Millis) {
        let began_at = self.row.token.map_or_else(Timestamp::default, |token| token.touched_at);
        let rested = self.row.renewal.paused_until.max(began_at.after(age)) <= turn.now;
        if rested && !self.is_renewing() && self.row.renewal.round.next_at.is_none() {
            let failed = self.row.renewal.failed;
            self.row.renewal =
                Renewal { begun: true, round: Round::at(turn.now), failed, ..Renewal::default() };
        }
    }

    /// Everybody waits until the end of the step at least, and for so long at most.
    fn waits_at_most(&self, turn: &Turn) -> Timestamp {
        turn.now.after(self.settings.caller_wait)
    }

    /// Every step ends here: whoever has what they want, or need not wait for it, is answered.
    pub(super) fn answer_waiters(&mut self, turn: &mut Turn) {
        let (hopeful, now) = (self.is_hopeful(turn.now), turn.now);
        let most = self.settings.most_waiters;
        let mut kept = 0_usize;
        for waiter in core::mem::take(&mut self.waiters) {
            let undecided = self.undecided(now).filter(|_| waiter.doubts);
            let served = self.serve(now, waiter.reads_only).filter(|_| undecided.is_none());
            let content = served.is_some() && !waiter.patient;
            if !content && hopeful && now < waiter.until && kept < most {
                kept = kept.saturating_add(1);
                self.waiters.push(waiter);
                continue;
            }
            self.users.count(&waiter.name, waiter.purpose, served.is_some(), &self.settings);
            let answer = served.or(undecided).unwrap_or_else(|| self.absence(now));
            turn.push(Effect::Answer { caller: waiter.caller, answer });
        }
    }

    /// Whether what is under way may bring a token within a caller's time, or say that the one there is lives.
    fn is_hopeful(&self, now: Timestamp) -> bool {
        let soon = now.after(self.settings.caller_wait);
        let under_way = self.row.attempt.is_some_and(|attempt| match attempt.job {
            Job::Exchange(_) | Job::Prove(_) | Job::Renew(_) => true,
            Job::Validate(_) => self.row.doubt.is_some_and(|doubt| doubt.cause != DoubtCause::Routine),
            Job::AskPush => false,
        });
        let doubt = self.row.doubt.filter(|doubt| doubt.cause != DoubtCause::Routine);
        let hands = self.row.hands.iter().filter_map(|hand| hand.round.next_at).min();
        let renewal = self.row.renewal.round.next_at.filter(|_| self.usable_way().is_some());
        let next = [hands, renewal, doubt.and_then(|doubt| doubt.round.next_at)].into_iter().flatten().min();
        under_way || next.is_some_and(|next| next.max(self.row.hold_until) <= soon)
    }

    /// The token, if there is one for this caller.
    fn serve(&self, now: Timestamp, reads_only: bool) -> Option<Answer> {
        if let Some(token) = self.row.token.filter(|token| token.is_valid(now)) {
            let expires_in = token.expires_at.map(|expires_at| now.until(expires_at));
            return Some(Answer::Token { stamp: token.stamp, expires_in, read_only: false });
        }
        let fallback = self.row.fallback.filter(|fallback| reads_only && now < fallback.expires_at)?;
        let expires_in = Some(now.until(fallback.expires_at));
        Some(Answer::Token { stamp: fallback.stamp, expires_in, read_only: true })
    }

    /// That nobody knows whether the token that there is is over, as long as the provider has not said so of it. Where it was taken a
    /// moment ago and may not be asked about again yet, that holds until then.
    fn undecided(&self, now: Timestamp) -> Option<Answer> {
        let doubt =
            self.row.doubt.filter(|doubt| doubt.cause == DoubtCause::Ambiguous && self.is_valid(now))?;
        if doubt.round.made == 0 && self.was_just_taken(now) {
            return None;
        }
        let next_at = doubt.round.next_at.unwrap_or(now).max(self.row.hold_until);
        let retry_after = now.until(next_at).clamp(RETRY_MIN, HOLD_MAX);
        Some(Answer::None { reason: Absence::Unavailable, retry_after })
    }

    /// Why there is none.
    fn absence(&self, now: Timestamp) -> Answer {
        let (hold, next_check) = (now.until(self.row.hold_until), now.until(self.row.next_check_at));
        let (reason, wait) = if self.needs_operator() {
            (Absence::NeedsOperator, RETRY_HUMAN)
        } else if self.usable_way().is_none() {
            (Absence::NeedsHuman, RETRY_HUMAN)
        } else if !hold.is_zero() {
            (Absence::Unavailable, hold)
        } else if self.is_renewing() {
            (Absence::Renewing, RETRY_MIN)
        } else {
            match self.renewal_next_at() {
                Some(next_at) => (Absence::Renewing, now.until(next_at)),
                None => (Absence::Unavailable, next_check),
            }
        };
        Answer::None { reason, retry_after: wait.clamp(RETRY_MIN, HOLD_MAX) }
    }

    /// What a caller would be told at `now`, without asking: counts nothing and changes nothing.
    #[must_use]
    pub fn peek(&self, now: Timestamp, reads_only: bool) -> Answer {
        self.serve(now, reads_only).unwrap_or_else(|| self.absence(now))
    }

    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        let waiters = self.waiters.iter().map(|waiter| waiter.until);
        waiters.chain(self.handers.iter().map(|hander| hander.until)).min()
    }
}
