//! Which calls go out, which wait, and what becomes of those that were refused.

use core::mem;

use super::{Denial, Effect, Effects, Hold, Phase, Reason, Refusal, Tab};
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
        call: CallId,
        stamp: Stamp,
        repeated: bool,
        denial: Denial,
        effects: &mut Effects,
    ) {
        if let Some(hold) = self.phase.hold()
            && stamp >= hold.stamp
        {
            match denial {
                Denial::AccessExpired if repeated => {
                    effects.push(Effect::DeliverCall { call });
                    return;
                }
                Denial::AccessExpired => self.refused_token(now, hold, effects),
                Denial::ReauthRequired => {
                    self.cancel_open(effects);
                    self.enter(Phase::ReauthRequired { stamp: hold.stamp }, Reason::GrantRefused, effects);
                }
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
            effects.push(Effect::DeliverCall { call });
            return;
        }
        // It was refused without effect: it waits for its second and last sending, or is refused with all others.
        self.waiting.push(call);
    }

    /// A resource server does not take the token that this tab holds for current.
    fn refused_token(&mut self, now: Moment, hold: Hold, effects: &mut Effects) {
        match &mut self.phase {
            Phase::Active { .. } => self.refresh(now, hold, AskReason::Unauthorized, 0, effects),
            // The open question must now be waited for.
            Phase::Refreshing { why, .. } => *why = AskReason::Unauthorized,
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
        }
    }

    /// Sends, refuses or keeps every call that waits, oldest first.
    pub(super) fn place_waiting(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.waiting.is_empty() {
            return;
        }
        match self.placement(now) {
            Placement::Wait => {}
            Placement::Send(stamp) => {
                for call in mem::take(&mut self.waiting) {
                    effects.push(Effect::SendCall { call, stamp });
                }
            }
            Placement::Refuse(refusal) => {
                for call in mem::take(&mut self.waiting) {
                    effects.push(Effect::RefuseCall { call, refusal });
                }
            }
        }
    }

    fn placement(&self, now: Timestamp) -> Placement {
        match self.phase {
            Phase::Refreshing { why: AskReason::Unauthorized, .. }
            | Phase::Resuming { .. }
            | Phase::LoggingIn { .. }
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
