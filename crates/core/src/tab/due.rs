//! What is due, and the questions that are asked for it.

use super::{Effect, Effects, Hold, Phase, Reason, Tab};
use crate::id::{Epoch, RequestId};
use crate::time::{Millis, Moment};
use crate::vault::AskReason;

/// How long a request may take, the wait for the lock included, before it is given up.
pub(super) const STUCK: Millis = Millis::from_secs(30);

impl Tab {
    /// Looks at the clock. A nudge (the network is back, the page is looked at) also ends a wait of our own choosing, but
    /// not one that a server asked for.
    pub(super) fn do_what_is_due(&mut self, now: Moment, nudged: bool, effects: &mut Effects) {
        self.give_logout_up(now, effects);
        match self.phase {
            Phase::Active { hold, refresh_at } if refresh_at <= now.mono => {
                self.refresh(now, hold, AskReason::Deadline, 0, effects);
            }
            Phase::Degraded { hold, retry_at, failures, told, .. }
                if retry_at <= now.mono || nudged && !told =>
            {
                match hold {
                    Some(hold) => self.refresh(now, hold, AskReason::Deadline, failures, effects),
                    None => self.check_session(now, failures, Reason::Retry, effects),
                }
            }
            Phase::Refreshing { failures, stuck_at, .. } | Phase::Resuming { failures, stuck_at, .. }
                if stuck_at <= now.mono =>
            {
                self.cancel_open(effects);
                self.degrade(now, failures, Reason::Stuck, None, effects);
            }
            Phase::LoggingIn { stuck_at, .. } if stuck_at <= now.mono => {
                self.check_session(now, 0, Reason::Stuck, effects);
            }
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
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
        effects.push(Effect::RequestToken { request, stamp: hold.stamp, reason: why });
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
        effects.push(Effect::RequestToken { request, stamp: hold.stamp, reason: AskReason::Resume });
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
        let request = self.name_request();
        let stuck_at = now.mono.after(STUCK);
        let resuming = Phase::Resuming { hold: None, over, request: Some(request), failures, stuck_at };
        self.enter(resuming, reason, effects);
        effects.push(Effect::CheckSession { request });
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
}
