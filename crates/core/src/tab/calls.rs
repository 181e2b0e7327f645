//! Which calls go out, which wait, and what becomes of those that were refused.

use core::mem;

use super::{Denial, Effect, Effects, Hold, Phase, ProviderId, ProviderState, Reason, Refusal, Tab};
use crate::effects::push;
use crate::id::{CallId, Epoch, Stamp};
use crate::time::{Moment, Timestamp};
use crate::vault::AskReason;

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiting {
    pub(super) call: CallId,
    /// Whose token it needs.
    provider: ProviderId,
    /// The login that it was made under, or zero. What one user asked for is not done as another one.
    epoch: Epoch,
}

/// What becomes of a call just now.
#[derive(Clone, Copy)]
enum Placement {
    Send(Stamp),
    Wait,
    Refuse(Refusal),
}

impl Tab {
    /// The app makes a call.
    pub(super) fn call_asked(
        &mut self,
        now: Moment,
        call: CallId,
        provider: ProviderId,
        effects: &mut Effects,
    ) {
        let epoch = self.phase.stamp().unwrap_or_default().epoch;
        push(&mut self.waiting, Waiting { call, provider, epoch });
        self.do_what_is_due(now, false, effects);
        // The app had it that nobody asks by himself: now somebody asks.
        if let Phase::Degraded { retry_at: None, .. } = self.phase {
            self.retry(now, effects);
        }
    }

    pub(super) fn call_denied(
        &mut self,
        now: Moment,
        (call, provider): (CallId, ProviderId),
        stamp: Stamp,
        repeated: bool,
        denial: Denial,
        effects: &mut Effects,
    ) {
        let can_wait = match (denial, self.phase.hold()) {
            // It went out twice: a third time would not help. And of other providers' tokens the Worker has done what could be
            // done.
            (Denial::AccessExpired | Denial::ReauthRequired, _)
                if repeated || !self.providers.is_own(provider) =>
            {
                false
            }
            // Under an older token: there is a newer one, or another login.
            (_, Some(hold)) if stamp < hold.stamp => !repeated,
            (Denial::AccessExpired, Some(hold)) => self.refused_token(now, hold, effects),
            (Denial::ReauthRequired, Some(hold)) => {
                // The grant is over: how it can go on is for the Worker to say.
                if let Phase::Active { .. } | Phase::Degraded { .. } = self.phase {
                    self.ask_where_we_stand(now, hold, self.failures(), effects);
                } else {
                    self.refused = hold.stamp;
                }
                true
            }
            (Denial::Ended, Some(hold)) => {
                self.cancel_open(effects);
                self.enter(Phase::Ended { over: hold.stamp.epoch }, Reason::SessionEnded, effects);
                true
            }
            (Denial::LoggedOut, Some(_)) => {
                // Of the login that the call was made under: the browser may have another one.
                self.doubt(now, Reason::Told, effects);
                !repeated
            }
            (_, None) => !repeated,
        };
        if can_wait {
            // It was refused without effect: it waits for its second and last sending, or is refused with all others.
            push(&mut self.waiting, Waiting { call, provider, epoch: stamp.epoch });
        } else {
            effects.push(Effect::DeliverCall { call });
        }
    }

    /// A resource server does not take the token that this tab holds for current. Whether another one may help.
    fn refused_token(&mut self, now: Moment, hold: Hold, effects: &mut Effects) -> bool {
        if let Phase::Active { .. } = self.phase {
            if !self.breaker.refused(now.mono) {
                // Another tab may have a newer one; a storm brings none.
                if mem::replace(&mut self.looked_for, hold.stamp) == hold.stamp {
                    return false;
                }
                self.ask_where_we_stand(now, hold, 0, effects);
                return true;
            }
            self.refused = hold.stamp;
            self.refresh(now, hold, AskReason::Unauthorized, 0, effects);
        } else {
            // Whatever is under way must bring another one.
            self.refused = hold.stamp;
        }
        true
    }

    /// Sends, refuses or keeps every call that waits, oldest first.
    pub(super) fn place_waiting(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.waiting.is_empty() {
            return;
        }
        let own = self.placement(now);
        for waiting in mem::take(&mut self.waiting) {
            let Waiting { call, provider, epoch } = waiting;
            // What is known of another provider is worth something only while the Worker tells of it.
            let theirs = self
                .providers
                .state(provider)
                .filter(|_| !self.providers.is_own(provider) && self.socket.is_open());
            let placement = match (&own, theirs) {
                (Placement::Send(stamp), _) if epoch != stamp.epoch && epoch != Epoch(0) => {
                    Placement::Refuse(Refusal::LoggedOut)
                }
                (Placement::Send(_), Some(ProviderState::NeedsHuman)) => {
                    Placement::Refuse(Refusal::ReauthRequired)
                }
                (Placement::Send(_), Some(ProviderState::Unavailable)) => {
                    Placement::Refuse(Refusal::Unavailable)
                }
                _ => own,
            };
            match placement {
                Placement::Wait => push(&mut self.waiting, waiting),
                Placement::Send(stamp) => effects.push(Effect::SendCall { call, stamp }),
                Placement::Refuse(refusal) => effects.push(Effect::RefuseCall { call, refusal }),
            }
        }
        if self.waiting.is_empty() {
            self.record.served(now);
        } else {
            self.record.waiting_since = self.record.waiting_since.min(now);
        }
    }

    fn placement(&self, now: Timestamp) -> Placement {
        match self.phase {
            // The app had it that nobody asks by himself.
            Phase::Degraded { hold, retry_at: None, .. }
                if hold.is_none_or(|hold| !self.is_usable(now, hold)) =>
            {
                Placement::Refuse(Refusal::Unavailable)
            }
            Phase::Resuming { .. }
            | Phase::LoggingIn { .. }
            | Phase::Relogin { .. }
            | Phase::Degraded { hold: None, .. } => Placement::Wait,
            Phase::Active { hold, .. }
            | Phase::Refreshing { hold, .. }
            | Phase::Degraded { hold: Some(hold), .. } => {
                if self.is_usable(now, hold) {
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

    /// Whether a token lives, and nobody has refused it.
    pub(super) fn is_usable(&self, now: Timestamp, hold: Hold) -> bool {
        now < hold.expires_at && self.refused < hold.stamp
    }
}
