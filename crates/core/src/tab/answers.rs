//! What the Worker's answers mean.

use super::{Effect, Effects, Hold, PeerMessage, Phase, Reason, SessionAnswer, Tab, TokenAnswer, TokenState};
use crate::id::RequestId;
use crate::retry::{self, Failure};
use crate::schedule;
use crate::time::{Millis, Moment};
use crate::vault::AskReason;

impl Tab {
    pub(super) fn session_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: SessionAnswer,
        effects: &mut Effects,
    ) {
        let Phase::Resuming { hold, over, request: Some(awaited), failures, .. } = self.phase else {
            return;
        };
        if awaited != request {
            return;
        }
        match answer {
            // Said before a logout that this tab already knows of.
            SessionAnswer::Active(TokenState { stamp, .. }) | SessionAnswer::ReauthRequired(stamp)
                if stamp.epoch <= over =>
            {
                self.enter(Phase::LoggedOut { over }, Reason::NoSession, effects);
            }
            SessionAnswer::Active(token) => self.hold_newest(now, token, hold, Reason::SessionFound, effects),
            SessionAnswer::ReauthRequired(stamp) => {
                self.enter(Phase::ReauthRequired { stamp }, Reason::GrantRefused, effects);
            }
            SessionAnswer::LoggedOut => self.enter(Phase::LoggedOut { over }, Reason::NoSession, effects),
            SessionAnswer::Failed { failure, retry_after } => {
                self.degrade(now, failures, reason_of(failure), retry_after, effects);
            }
        }
    }

    pub(super) fn token_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: TokenAnswer,
        effects: &mut Effects,
    ) {
        let (hold, failures) = match self.phase {
            Phase::Refreshing { hold, request: awaited, failures, .. } if awaited == request => {
                (hold, failures)
            }
            Phase::Resuming { hold: Some(hold), request: Some(awaited), failures, .. }
                if awaited == request =>
            {
                (hold, failures)
            }
            // Late: the tab has moved on, or logged out.
            Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Degraded { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => return,
        };
        match answer {
            // The browser has another login by now, perhaps another user's: nothing that is held here holds any more.
            TokenAnswer::Current(token) if hold.stamp.epoch < token.stamp.epoch => {
                self.check_session_over(now, hold.stamp.epoch, 0, Reason::LoginElsewhere, effects);
            }
            TokenAnswer::Current(token) => {
                self.hold_newest(now, token, Some(hold), Reason::Refreshed, effects)
            }
            TokenAnswer::ReauthRequired | TokenAnswer::Failed { failure: Failure::Reauth, .. } => {
                self.enter(Phase::ReauthRequired { stamp: hold.stamp }, Reason::GrantRefused, effects);
            }
            TokenAnswer::Ended => {
                self.enter(Phase::Ended { over: hold.stamp.epoch }, Reason::SessionEnded, effects);
            }
            TokenAnswer::LoggedOut => {
                self.enter(Phase::LoggedOut { over: hold.stamp.epoch }, Reason::NoSession, effects);
            }
            TokenAnswer::Failed { failure, retry_after } => {
                self.degrade(now, failures, reason_of(failure), retry_after, effects);
            }
        }
    }

    /// The Worker told of a token: keep it, unless a newer one is held already.
    pub(super) fn hold_newest(
        &mut self,
        now: Moment,
        token: TokenState,
        held: Option<Hold>,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let told = Hold {
            stamp: token.stamp,
            expires_at: now.mono.after(token.expires_in),
            lifetime: token.lifetime,
        };
        let newest = held.filter(|held| held.stamp > told.stamp).unwrap_or(told);
        // Also when this tab just opened: the page may come from a login that the other tabs do not know of.
        if held.is_none_or(|held| held.stamp < newest.stamp) {
            effects.push(Effect::Tell(PeerMessage::Moved {
                stamp: newest.stamp,
                expires_at: now.wall.after(token.expires_in),
                lifetime: newest.lifetime,
            }));
        }
        self.activate(now, newest, reason, effects);
        if reason == Reason::SessionFound && newest.expires_at <= now.mono {
            // A session whose token died while nobody was there: the one question is whether it can be revived.
            self.refresh(now, newest, AskReason::Resume, 0, effects);
        }
    }

    pub(super) fn activate(&mut self, now: Moment, hold: Hold, reason: Reason, effects: &mut Effects) {
        let due = schedule::refresh_at(hold.expires_at, hold.lifetime, now.entropy);
        // After a refresh of its own a tab keeps a distance to the next, whatever it brought. A token that it only heard of
        // may be due at once.
        let refresh_at = if reason == Reason::Refreshed {
            due.max(now.mono.after(schedule::interval_min(hold.lifetime)))
        } else {
            due
        };
        self.enter(Phase::Active { hold, refresh_at }, reason, effects);
    }

    pub(super) fn degrade(
        &mut self,
        now: Moment,
        failures: u32,
        reason: Reason,
        retry_after: Option<Millis>,
        effects: &mut Effects,
    ) {
        let failures = failures.saturating_add(1);
        let degraded = Phase::Degraded {
            hold: self.phase.hold(),
            over: self.phase.over(),
            retry_at: now.mono.after(retry::wait(retry_after, failures, now.entropy)),
            failures,
            told: retry_after.is_some(),
        };
        self.enter(degraded, reason, effects);
    }
}

const fn reason_of(failure: Failure) -> Reason {
    match failure {
        Failure::Transient | Failure::Ambiguous => Reason::Unreachable,
        Failure::Throttled => Reason::Throttled,
        Failure::Misconfigured => Reason::Misconfigured,
        Failure::Reauth => Reason::GrantRefused,
    }
}
