//! What is due, and the questions that are asked for it.

use super::presence::Presence;
use super::{
    Ailment, Effect, Effects, Health, Hold, Phase, Reason, ReloginAnswer, Report, Settings, State, Tab,
};
use crate::id::{Epoch, RequestId};
use crate::retry::{self, Advice};
use crate::schedule;
use crate::time::{Millis, Moment, Timestamp};
use crate::vault::AskReason;

/// How long a request may take, the wait for the lock included, before it is given up.
pub(super) const STUCK: Millis = Millis::from_secs(30);
/// How often a question is asked, in the long run, that nothing is due for.
const HURRY_EVERY: Millis = Millis::from_secs(60);
/// How many of them may come at once, as a length of time.
const HURRIES: Millis = Millis::from_secs(3 * 60);
/// A clock that is wrong by less does no harm to anybody.
const SKEW_BEGINS: Millis = Millis::from_secs(60);

impl Tab {
    /// Looks at the clock. A nudge (the network is back, the page is looked at) also ends a wait of our own choosing, but
    /// not one that a server asked for.
    pub(super) fn do_what_is_due(&mut self, now: Moment, nudged: bool, effects: &mut Effects) {
        self.give_up(now, effects);
        let seen = nudged && !self.is_hidden();
        if seen {
            self.look_again();
        }
        let needed = seen || !self.waiting.is_empty();
        match self.phase {
            Phase::Active { hold, refresh_at }
                if refresh_at <= now.mono && (needed || self.is_present())
                    || refresh_at == Timestamp::NEVER && needed =>
            {
                self.refresh(now, hold, AskReason::Deadline, 0, effects);
            }
            // The user did not answer: whether that was the end of the session is for the vault to say.
            Phase::Active { hold, .. } if self.activity.is_over(now) && !self.is_hidden() => {
                self.ask_where_we_stand(now, hold, 0, effects);
            }
            Phase::Degraded { retry_at, told, .. }
                if retry_at.is_some_and(|at| at <= now.mono) || nudged && !told =>
            {
                self.retry(now, effects);
            }
            Phase::Refreshing { failures, stuck_at, .. } | Phase::Resuming { failures, stuck_at, .. }
                if stuck_at <= now.mono =>
            {
                self.cancel_open(effects);
                self.record.answered(true, STUCK);
                self.degrade(now, failures, Reason::Stuck, None, Advice::Ours, effects);
            }
            Phase::LoggingIn { stuck_at, .. } if stuck_at <= now.mono => {
                self.check_session(now, 0, Reason::Stuck, effects);
            }
            Phase::Relogin { attempt: Some(attempt), .. } if attempt.stuck_at <= now.mono => {
                self.cancel_open(effects);
                self.relogin_answered(now, attempt.request, ReloginAnswer::Unavailable, effects);
            }
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
        }
    }

    /// What nobody answered is given up.
    fn give_up(&mut self, now: Moment, effects: &mut Effects) {
        self.give_logout_up(now, effects);
        if let Some(Report { request, .. }) = self.report.take_if(|report| report.stuck_at <= now.mono) {
            effects.push(Effect::Cancel { request });
        }
    }

    /// Asks again what brought nothing.
    pub(super) fn retry(&mut self, now: Moment, effects: &mut Effects) {
        if let Phase::Degraded { hold, failures, .. } = self.phase {
            match hold {
                // A token that was refused is no better for having waited.
                Some(hold) if self.refused == hold.stamp => {
                    self.refresh(now, hold, AskReason::Unauthorized, failures, effects);
                }
                Some(hold) => self.refresh(now, hold, AskReason::Deadline, failures, effects),
                None => self.check_session(now, failures, Reason::Retry, effects),
            }
        }
    }

    /// Asks for a new token. The one that is held stays in use meanwhile, unless it was refused.
    pub(super) fn refresh(
        &mut self,
        now: Moment,
        hold: Hold,
        why: AskReason,
        failures: u32,
        effects: &mut Effects,
    ) {
        if now.mono < self.cool_until {
            self.wait_for_cool_down(now, hold, why, failures, effects);
            return;
        }
        let request = self.name_request();
        let reason = match why {
            AskReason::Deadline if failures > 0 => Reason::Retry,
            AskReason::Deadline => Reason::Deadline,
            AskReason::Forced => Reason::Forced,
            AskReason::Unauthorized => Reason::Unauthorized,
            AskReason::Resume | AskReason::Activity | AskReason::Call => Reason::Wake,
        };
        let stuck_at = now.mono.after(STUCK);
        self.enter(Phase::Refreshing { hold, request, why, failures, stuck_at }, reason, effects);
        // An app that wants its tokens replaced earlier than the vault would has to insist.
        let early = now.mono.until(hold.expires_at) > schedule::vault_lead(hold.lifetime);
        let insists = why == AskReason::Deadline && failures == 0 && early && self.settings.lead.is_some();
        let reason = if insists { AskReason::Forced } else { why };
        self.request_token(now, request, hold, reason, effects);
    }

    fn request_token(
        &self,
        now: Moment,
        request: RequestId,
        hold: Hold,
        reason: AskReason,
        effects: &mut Effects,
    ) {
        let active_ago = self.activity.ago(now);
        effects.push(Effect::RequestToken { request, stamp: hold.stamp, reason, active_ago });
    }

    /// A server that wants to be left alone is left alone. All tabs were told the same time, so each adds a little of its own.
    fn wait_for_cool_down(
        &mut self,
        now: Moment,
        hold: Hold,
        why: AskReason,
        failures: u32,
        effects: &mut Effects,
    ) {
        let at = self.cool_until.after(retry::backoff(1, now.entropy));
        if why == AskReason::Deadline && at < hold.expires_at {
            self.enter(Phase::Active { hold, refresh_at: at }, Reason::Throttled, effects);
        } else {
            let over = Epoch(hold.stamp.epoch.0.saturating_sub(1));
            let degraded =
                Phase::Degraded { hold: Some(hold), over, retry_at: Some(at), failures, told: true };
            self.enter(degraded, Reason::Throttled, effects);
        }
    }

    pub(super) fn ask_where_we_stand(
        &mut self,
        now: Moment,
        hold: Hold,
        failures: u32,
        effects: &mut Effects,
    ) {
        let over = self.phase.over();
        let request = self.name_request();
        let stuck_at = now.mono.after(STUCK);
        let resuming = Phase::Resuming { hold: Some(hold), over, request: Some(request), failures, stuck_at };
        self.enter(resuming, Reason::Wake, effects);
        self.request_token(now, request, hold, AskReason::Resume, effects);
    }

    pub(super) fn check_session(
        &mut self,
        now: Moment,
        failures: u32,
        reason: Reason,
        effects: &mut Effects,
    ) {
        self.check_session_over(now, self.phase.over(), failures, reason, effects);
    }

    pub(super) fn check_session_over(
        &mut self,
        now: Moment,
        over: Epoch,
        failures: u32,
        reason: Reason,
        effects: &mut Effects,
    ) {
        self.ask_who_is_there(now, None, over, failures, reason, effects);
    }

    pub(super) fn ask_who_is_there(
        &mut self,
        now: Moment,
        hold: Option<Hold>,
        over: Epoch,
        failures: u32,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let request = self.name_request();
        let stuck_at = now.mono.after(STUCK);
        self.enter(
            Phase::Resuming { hold, over, request: Some(request), failures, stuck_at },
            reason,
            effects,
        );
        effects.push(Effect::CheckSession { request });
    }

    /// Whether a question may be asked now that nothing is due for: clocks that jump and whatever writes on the channel could
    /// have one each time, so there are a few at once and then one a minute. If not, it is asked when it may.
    pub(super) fn may_hurry(&mut self, now: Moment) -> bool {
        let next = self.hurry_at.max(now.mono);
        let at = next.before(HURRIES);
        let may = at <= now.mono;
        if may {
            self.hurry_at = next.after(HURRY_EVERY);
        } else {
            self.wake_at = at.min(self.wake_at);
        }
        may
    }

    pub(super) fn cancel_open(&mut self, effects: &mut Effects) {
        if let Some(request) = self.phase.request() {
            effects.push(Effect::Cancel { request });
        }
    }

    pub(super) fn name_request(&mut self) -> RequestId {
        let request = self.next_request;
        self.next_request = request.next();
        request
    }

    /// Whether the user is there, for all that is known.
    pub(super) fn is_present(&self) -> bool {
        self.activity.presence == Presence::Present
    }

    /// Whether nobody looks at the page, and nothing waits in it.
    pub(super) fn is_unwatched(&self) -> bool {
        self.is_hidden() && self.waiting.is_empty()
    }

    #[inline(never)] // Smaller, compressed.
    pub(super) fn is_hidden(&self) -> bool {
        self.hidden_at != Timestamp::NEVER
    }

    /// Whether nobody is there whom this tab could serve: then it asks for nothing.
    pub(super) fn is_resting(&self) -> bool {
        !self.is_present() && self.is_unwatched()
    }

    /// A session that waits for its user may have one by now, of whom nothing was heard here.
    fn look_again(&mut self) {
        self.looks = self.state() == State::ReauthRequired;
    }

    /// When this tab is to report what its user does, or to look whether they logged in elsewhere.
    pub(super) fn report_at(&self) -> Timestamp {
        let at = if let Phase::Active { .. } = self.phase {
            self.activity.report_at
        } else if self.looks && self.state() == State::ReauthRequired {
            self.look_after
        } else {
            return Timestamp::NEVER;
        };
        if self.report.is_none() { at.max(self.cool_until) } else { Timestamp::NEVER }
    }

    /// Looks whether the user is still there, or there again, and reports what they do when it is time.
    pub(super) fn look_for_user(&mut self, now: Moment, effects: &mut Effects) {
        let presence_changed = self.activity.look(now, &self.settings);
        if self.is_resting() {
            self.rest(now, effects);
        }
        if !self.phase.has_session() {
            return;
        }
        if presence_changed {
            let to = self.activity.presence;
            effects.push(Effect::Presence { to, left: self.activity.left(now) });
        }
        if let Some(stamp) = self.phase.stamp()
            && self.report_at() <= now.mono
        {
            let request = self.name_request();
            self.report = Some(Report { request, stamp, stuck_at: now.mono.after(STUCK) });
            if let Some(hold) = self.phase.hold() {
                self.activity.reported(now.mono);
                self.request_token(now, request, hold, AskReason::Activity, effects);
            } else {
                self.looks = false;
                self.look_after = now.mono.after(schedule::INTERVAL_MIN);
                effects.push(Effect::CheckSession { request });
            }
        }
    }

    /// What failed is tried again when somebody returns.
    fn rest(&mut self, now: Moment, effects: &mut Effects) {
        if let Phase::Degraded { hold, retry_at, told, .. } = &mut self.phase {
            match *hold {
                Some(hold) => {
                    let refresh_at = retry_at.unwrap_or(now.mono);
                    self.enter(Phase::Active { hold, refresh_at }, Reason::Lapsed, effects);
                }
                None => (*retry_at, *told) = (None, false),
            }
        }
    }

    /// Looks how the session is doing, when it is time or something has changed.
    pub(super) fn look_at_health(&mut self, now: Moment, changed: bool, effects: &mut Effects) {
        let due = self.check_at <= now.mono;
        if !changed && !due {
            return;
        }
        if due {
            self.check_at = now.mono.after(self.settings.health_check.max(Settings::INTERVAL_MIN));
        }
        let health = self.measure_health(now);
        let news = health.grade() != self.health.grade() || health.ailments != self.health.ailments;
        self.health = health;
        if news {
            effects.push(Effect::Health(health));
        }
    }

    fn measure_health(&self, now: Moment) -> Health {
        let mut health = Health::FULL;
        let dead = match self.phase {
            // Where there is no session, none is ill.
            Phase::LoggedOut { .. } | Phase::LoggingIn { .. } | Phase::Ended { .. } => return health,
            Phase::Degraded { hold, .. } => hold.is_none_or(|hold| hold.expires_at <= now.mono),
            Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. } => false,
        };
        let all = |is: bool| if is { 100 } else { 0 };
        let degraded = matches!(self.phase, Phase::Degraded { .. });
        health.suffer(Ailment::Unreachable, if dead { 100 } else { all(degraded) / 4 });
        health.suffer(Ailment::NeedsHuman, all(self.state() == State::ReauthRequired));
        health.suffer(Ailment::Throttled, all(now.mono < self.cool_until));
        health.suffer(Ailment::Storm, all(self.breaker.is_open(now.mono)));
        let skew = self.anchor.is_some_and(|anchor| anchor.skew(now) > SKEW_BEGINS);
        health.suffer(Ailment::Skewed, all(skew));
        self.record.weigh(now, &mut health);
        health
    }
}
