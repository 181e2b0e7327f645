//! What the Worker's answers mean.

use super::anchor::Anchor;
use super::due::STUCK;
use super::{
    Effect, Effects, Failed, Hold, PeerMessage, Phase, Reason, SessionAnswer, State, Tab, TokenAnswer,
    TokenState, Ways,
};
use crate::id::{RequestId, Stamp};
use crate::retry::{self, Advice, Failure};
use crate::schedule;
use crate::time::{Millis, Moment};
use crate::vault::AskReason;

/// A token that ends no later than this after the one before is no progress.
const PROGRESS: Millis = Millis::from_secs(1);

impl Tab {
    pub(super) fn session_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: SessionAnswer,
        effects: &mut Effects,
    ) {
        let report = self.report.take_if(|report| report.request == request);
        let (hold, over, failures) = match self.phase {
            Phase::Resuming { hold, over, request: Some(awaited), failures, .. } if awaited == request => {
                (hold, over, failures)
            }
            // Of the token that is waited with still: it says nothing of a newer one.
            _ if self.state() == State::ReauthRequired
                && report.map(|report| report.stamp) == self.phase.stamp() =>
            {
                (None, self.phase.over(), 0)
            }
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => return,
        };
        match answer {
            // Said before a logout of which this tab knows.
            SessionAnswer::Active(TokenState { stamp, .. }) | SessionAnswer::ReauthRequired { stamp, .. }
                if stamp.epoch <= over =>
            {
                self.enter(Phase::LoggedOut { over }, Reason::NoSession, effects);
            }
            SessionAnswer::Active(token) => self.hold_newest(now, token, hold, Reason::SessionFound, effects),
            SessionAnswer::ReauthRequired { stamp, silent } => {
                self.require_reauth(now, stamp, silent, failures, effects);
            }
            // Said before a login that another tab has told of meanwhile.
            SessionAnswer::LoggedOut if self.rumour > over && self.may_hurry(now) => {
                self.rumour = over;
                self.check_session_over(now, over, 0, Reason::LoginElsewhere, effects);
            }
            SessionAnswer::LoggedOut => self.enter(Phase::LoggedOut { over }, Reason::NoSession, effects),
            SessionAnswer::Failed(failed) => self.failed(now, failures, failed, effects),
        }
    }

    pub(super) fn token_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: TokenAnswer,
        effects: &mut Effects,
    ) {
        let report = self.report.take_if(|report| report.request == request);
        let reported = report.is_some();
        let (hold, failures) = match self.phase {
            Phase::Refreshing { hold, request: awaited, failures, .. }
            | Phase::Resuming { hold: Some(hold), request: Some(awaited), failures, .. }
                if awaited == request =>
            {
                (hold, failures)
            }
            // Of the token that is held still: it says nothing of a newer one.
            Phase::Active { hold, .. } if report.is_some_and(|report| report.stamp == hold.stamp) => {
                (hold, 0)
            }
            // Late: the tab has moved on, or logged out.
            Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => return,
        };
        match answer {
            // The browser has another login by now, perhaps another user's: nothing that is held here holds any more.
            TokenAnswer::Current(token) if hold.stamp.epoch < token.stamp.epoch => {
                self.check_session_over(now, hold.stamp.epoch, 0, Reason::LoginElsewhere, effects);
            }
            TokenAnswer::Current(token) => {
                let reason = if reported { Reason::Adopted } else { Reason::Refreshed };
                self.hold_newest(now, token, Some(hold), reason, effects);
                self.tell_active(now, effects);
            }
            TokenAnswer::ReauthRequired { silent } => {
                self.require_reauth(now, hold.stamp, silent, failures, effects);
            }
            TokenAnswer::Failed(Failed { failure: Failure::Reauth, .. }) => {
                self.require_reauth(now, hold.stamp, Ways::NONE, failures, effects);
            }
            TokenAnswer::Ended => {
                self.enter(Phase::Ended { over: hold.stamp.epoch }, Reason::SessionEnded, effects);
            }
            TokenAnswer::LoggedOut => {
                self.enter(Phase::LoggedOut { over: hold.stamp.epoch }, Reason::NoSession, effects);
            }
            // What the user does meanwhile is reported later.
            TokenAnswer::Failed(Failed { retry_after, elapsed, .. }) if reported => {
                self.be_left_alone(now, retry_after, elapsed, effects);
            }
            TokenAnswer::Failed(failed) => self.failed(now, failures, failed, effects),
        }
    }

    /// The Worker told of a token: keep it, unless a newer one is held already.
    fn hold_newest(
        &mut self,
        now: Moment,
        token: TokenState,
        held: Option<Hold>,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let expires_in = token.expires_in.less(token.elapsed);
        let anchor = Anchor::told(now, token.server_time, token.elapsed);
        if !self.anchor.is_some_and(|older| older.says(&anchor)) {
            self.anchor = Some(anchor);
        }
        self.activity.told(now, &token);
        self.record.answered(false, token.elapsed);
        let told =
            Hold { stamp: token.stamp, expires_at: now.mono.after(expires_in), lifetime: token.lifetime };
        let newest = held.filter(|held| held.stamp > told.stamp).unwrap_or(told);
        // Also when this tab just opened: the page may come from a login that the other tabs do not know of.
        if held.is_none_or(|held| held.stamp < newest.stamp) {
            effects.push(Effect::Tell(PeerMessage::Moved {
                stamp: newest.stamp,
                expires_at: now.wall.after(expires_in),
                lifetime: newest.lifetime,
            }));
        }
        let pause = self.pause_after(now, held, told, reason);
        let asked = self.asked();
        self.activate(now, newest, pause, reason, effects);
        if self.refused == newest.stamp {
            if asked == Some(AskReason::Unauthorized) || newest.expires_at <= now.mono {
                // Another one was not to be had.
                self.refused = Stamp::default();
            } else {
                self.refresh(now, newest, AskReason::Unauthorized, 0, effects);
            }
        }
        if reason == Reason::SessionFound && newest.expires_at <= now.mono && !self.is_resting() {
            // A session whose token died while nobody was there: the one question is whether it can be revived.
            self.refresh(now, newest, AskReason::Resume, 0, effects);
        }
    }

    /// Why the open question was asked.
    const fn asked(&self) -> Option<AskReason> {
        match self.phase {
            Phase::Refreshing { why, .. } => Some(why),
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => None,
        }
    }

    /// After a refresh of its own a tab keeps a distance to the next, whatever it brought: a longer one each time that it
    /// brought nothing. A token that it only heard of may be due at once.
    fn pause_after(&mut self, now: Moment, held: Option<Hold>, told: Hold, reason: Reason) -> Millis {
        if reason != Reason::Refreshed {
            return Millis::ZERO;
        }
        let pause = schedule::interval_min(told.lifetime);
        let (Phase::Refreshing { why: AskReason::Deadline, stuck_at, .. }, Some(held)) = (self.phase, held)
        else {
            return pause;
        };
        // One that lapsed on purpose was not late.
        let lapsed = held.expires_at <= stuck_at.before(STUCK);
        let left = now.mono.until(held.expires_at);
        self.record.late = !lapsed && left < self.lead(held.lifetime).percent(50);
        // A token that is dead on arrival is none, however new.
        let end = held.expires_at.max(now.mono).after(PROGRESS);
        let progress = told.stamp > held.stamp && told.expires_at > now.mono || told.expires_at > end;
        pause.max(self.breaker.answered(progress))
    }

    pub(super) fn activate(
        &mut self,
        now: Moment,
        hold: Hold,
        pause: Millis,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let due = schedule::refresh_at(hold.expires_at, self.lead(hold.lifetime), now.entropy);
        let refresh_at = due.max(now.mono.after(pause));
        self.enter(Phase::Active { hold, refresh_at }, reason, effects);
    }

    /// How long before its end a token is replaced.
    fn lead(&self, lifetime: Millis) -> Millis {
        self.settings.lead.map_or_else(|| schedule::lead(lifetime), |lead| lead.min(lifetime.percent(50)))
    }

    /// A question brought nothing.
    fn failed(&mut self, now: Moment, failures: u32, failed: Failed, effects: &mut Effects) {
        let Failed { failure, retry_after, elapsed, advice } = failed;
        let retry_after = retry_after.map(|wait| wait.less(elapsed));
        self.record.answered(true, elapsed);
        let reason = match failure {
            Failure::Transient | Failure::Ambiguous => Reason::Unreachable,
            Failure::Throttled => Reason::Throttled,
            Failure::Misconfigured => Reason::Misconfigured,
            Failure::Reauth => Reason::GrantRefused,
        };
        self.degrade(now, failures, reason, retry_after, advice, effects);
        self.be_left_alone(now, retry_after, Millis::ZERO, effects);
    }

    /// A server wants to be left alone, by all tabs.
    fn be_left_alone(
        &mut self,
        now: Moment,
        retry_after: Option<Millis>,
        elapsed: Millis,
        effects: &mut Effects,
    ) {
        if let Some(wait) = retry_after.map(|wait| wait.less(elapsed)) {
            self.cool_down(now, wait);
            effects.push(Effect::Tell(PeerMessage::CoolDown { until: now.wall.after(wait), wait }));
        }
    }

    /// Nobody asks before.
    #[inline(never)] // Smaller, compressed.
    pub(super) fn cool_down(&mut self, now: Moment, wait: Millis) {
        self.cool_until = self.cool_until.max(now.mono.after(wait.min(retry::COOL_DOWN_MAX)));
    }

    pub(super) fn degrade(
        &mut self,
        now: Moment,
        failures: u32,
        reason: Reason,
        retry_after: Option<Millis>,
        advice: Advice,
        effects: &mut Effects,
    ) {
        let failures = failures.saturating_add(1);
        let wait = retry::advised(advice, retry_after, failures, now.entropy);
        let degraded = Phase::Degraded {
            hold: self.phase.hold(),
            over: self.phase.over(),
            retry_at: wait.map(|wait| now.mono.after(wait)),
            failures,
            told: retry_after.is_some() && wait.is_some(),
        };
        self.enter(degraded, reason, effects);
    }
}
