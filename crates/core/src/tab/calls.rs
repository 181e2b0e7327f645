//! Which calls go out, which wait, and what becomes of those that were refused.

use super::{Denial, Effect, Effects, Hold, Phase, ProviderId, ProviderState, Reason, Refusal, Tab};
use crate::id::{CallId, Stamp};
use crate::time::{Moment, Timestamp};
use crate::vault::AskReason;

/// What becomes of a call just now.
enum Placement {
    Send(Stamp),
    Wait,
    Refuse(Refusal),
}

impl Tab {
    pub(super) fn call_denied(
        &mut self,
        now: Moment,
        call: (CallId, ProviderId),
        stamp: Stamp,
        repeated: bool,
        denial: Denial,
        effects: &mut Effects,
    ) {
        let deliver = Effect::DeliverCall { call: call.0 };
        if !self.providers.is_own(call.1) && matches!(denial, Denial::AccessExpired | Denial::ReauthRequired)
        {
            // The Worker has done what could be done, and tells where that provider stands.
            effects.push(deliver);
            return;
        }
        if let Some(hold) = self.phase.hold()
            && stamp >= hold.stamp
        {
            match denial {
                Denial::AccessExpired if repeated || !self.refused_token(now, hold, effects) => {
                    effects.push(deliver);
                    return;
                }
                Denial::AccessExpired => {}
                Denial::ReauthRequired => self.refused_grant(now, hold, effects),
                Denial::Ended => {
                    self.cancel_open(effects);
                    self.enter(Phase::Ended { over: hold.stamp.epoch }, Reason::SessionEnded, effects);
                }
                Denial::LoggedOut => {
                    self.cancel_open(effects);
                    self.enter(Phase::LoggedOut { over: hold.stamp.epoch }, Reason::NoSession, effects);
                }
            }
        } else if repeated {
            // It went out twice, under two tokens: a third time would not help.
            effects.push(deliver);
            return;
        }
        // It was refused without effect: it waits for its second and last sending, or is refused with all others.
        self.waiting.push(call);
    }

    /// A resource server does not take the token that this tab holds for current. Whether another one may help.
    fn refused_token(&mut self, now: Moment, hold: Hold, effects: &mut Effects) -> bool {
        match &mut self.phase {
            Phase::Active { .. } => {
                if !self.breaker.refused(now.mono) {
                    return false;
                }
                self.refresh(now, hold, AskReason::Unauthorized, 0, effects);
            }
            // The open question must now be waited for.
            Phase::Refreshing { why, .. } => *why = AskReason::Unauthorized,
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
        }
        true
    }

    /// The grant is over: how it can go on is for the Worker to say.
    fn refused_grant(&mut self, now: Moment, hold: Hold, effects: &mut Effects) {
        if matches!(self.phase, Phase::Active { .. } | Phase::Degraded { .. }) {
            self.ask_where_we_stand(now, hold, self.failures(), effects);
        }
    }

    /// A call waits for a token that nobody fetches: because its user was away, or because the app had it so.
    pub(super) fn fetch_for_calls(&mut self, now: Moment, effects: &mut Effects) {
        match self.phase {
            Phase::Active { hold, .. } if hold.expires_at <= now.mono => {
                self.refresh(now, hold, AskReason::Deadline, 0, effects);
            }
            Phase::Degraded { retry_at: None, .. } => self.retry(now, effects),
            Phase::Active { .. }
            | Phase::Degraded { .. }
            | Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
        }
    }

    /// Sends, refuses or keeps every call that waits, oldest first.
    pub(super) fn place_waiting(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.waiting.is_empty() {
            return;
        }
        let own = self.placement(now);
        let providers = self.providers;
        self.waiting.retain(|(call, provider)| {
            let call = *call;
            let theirs = match (providers.is_own(*provider), &own) {
                (false, Placement::Send(_)) => providers.state(*provider),
                _ => None,
            };
            match (theirs, &own) {
                (Some(ProviderState::Renewing), _) | (None, Placement::Wait) => return true,
                (Some(ProviderState::NeedsHuman), _) => {
                    effects.push(Effect::RefuseCall { call, refusal: Refusal::ReauthRequired });
                }
                (Some(ProviderState::Unavailable), _) => {
                    effects.push(Effect::RefuseCall { call, refusal: Refusal::Unavailable });
                }
                (_, Placement::Send(stamp)) => effects.push(Effect::SendCall { call, stamp: *stamp }),
                (_, Placement::Refuse(refusal)) => {
                    effects.push(Effect::RefuseCall { call, refusal: *refusal });
                }
                (_, Placement::Wait) => return true,
            }
            false
        });
        if self.waiting.is_empty() {
            self.record.served(now);
        } else {
            self.record.waiting_since.get_or_insert(now);
        }
    }

    fn placement(&self, now: Timestamp) -> Placement {
        match self.phase {
            Phase::Refreshing { why: AskReason::Unauthorized, .. }
            | Phase::Resuming { .. }
            | Phase::LoggingIn { .. }
            | Phase::Relogin { .. }
            | Phase::Degraded { hold: None, .. } => Placement::Wait,
            Phase::Active { hold, .. }
            | Phase::Refreshing { hold, .. }
            | Phase::Degraded { hold: Some(hold), .. } => {
                if now < hold.expires_at {
                    Placement::Send(hold.stamp)
                } else {
                    Placement::Wait
                }
            }
            Phase::LoggedOut { .. } => Placement::Refuse(Refusal::LoggedOut),
            Phase::Ended { .. } => Placement::Refuse(Refusal::Ended),
            Phase::ReauthRequired { .. } => Placement::Refuse(Refusal::ReauthRequired),
        }
    }
}
