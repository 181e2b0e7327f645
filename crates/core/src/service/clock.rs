//! A wall clock that was set back.

use super::Monitor;
use super::renewal::HOLD_MAX;
use crate::time::Timestamp;

impl Monitor {
    /// What lies further ahead than it can have been meant to is drawn near: a clock that was set back must not make anything wait for
    /// as long as it was set.
    pub(super) fn mend_clock(&mut self, now: Timestamp) {
        let check = now.after(self.settings.check_every());
        let pause = now.after(self.settings.pause(self.settings.attempts, u32::MAX));
        let wait = now.after(self.settings.caller_wait);
        for until in self.waiters.iter_mut().map(|waiter| &mut waiter.until) {
            *until = wait.min(*until);
        }
        for until in self.handers.iter_mut().map(|hander| &mut hander.until) {
            *until = wait.min(*until);
        }
        let row = &mut self.row;
        // How long a provider wants to be left alone cannot be told from how far the clock was set: it will say so again.
        let hold = if now < row.checked_at { check } else { now.after(HOLD_MAX) };
        row.hold_until = row.hold_until.min(hold);
        row.checked_at = row.checked_at.min(now);
        row.next_check_at = row.next_check_at.min(check);
        row.asked_at = row.asked_at.min(now);
        row.renewal.paused_until = row.renewal.paused_until.min(pause);
        row.outbox.mend_clock(now);
        row.revocations.mend_clock(now);
        row.told.fell_back_at = row.told.fell_back_at.map(|at| at.min(now));
        if let Some(attempt) = &mut row.attempt {
            attempt.begun_at = attempt.begun_at.min(now);
        }
        if let Some(token) = &mut row.token {
            token.began_at = token.began_at.min(now);
            token.touched_at = token.touched_at.min(now);
        }
        if let Some(push) = &mut row.push {
            push.began_at = push.began_at.min(now);
        }
        let furthest = check.max(pause).max(row.hold_until);
        let rounds = row.hands.iter_mut().map(|hand| &mut hand.round).chain([&mut row.renewal.round]);
        let rounds = rounds.chain(row.doubt.as_mut().map(|doubt| &mut doubt.round));
        for round in rounds.chain(row.push.as_mut().map(|push| &mut push.round)) {
            round.next_at = round.next_at.map(|next_at| next_at.min(furthest));
        }
    }
}
