//! What the app and its user ask for.

use super::due::STUCK;
use super::{Effect, Effects, Logout, PeerMessage, Phase, Reason, Tab};
use crate::id::{Epoch, RequestId};
use crate::time::{Moment, Timestamp};
use crate::vault::AskReason;

impl Tab {
    pub(super) fn opened(&mut self, now: Moment, hidden: bool, effects: &mut Effects) {
        if let Phase::Resuming { request: None, .. } = self.phase {
            self.opened_at = now.mono;
            self.hidden_at = if hidden { now.mono } else { Timestamp::NEVER };
            self.activity.opened(now);
            self.tick_after(now);
            self.check_at = now.mono.after(self.settings.health_check);
            self.check_session(now, 0, Reason::Wake, effects);
        }
    }

    pub(super) fn refresh_asked(&mut self, now: Moment, effects: &mut Effects) {
        match self.phase {
            Phase::Active { hold, .. } => self.refresh(now, hold, AskReason::Forced, 0, effects),
            Phase::Degraded { hold: Some(hold), failures, told: false, .. } => {
                self.refresh(now, hold, AskReason::Forced, failures, effects);
            }
            // Elsewhere the question is open already, or no question would help.
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
        }
    }

    /// The user is there, by their own doing.
    pub(super) fn user_active(&mut self, now: Moment, gesture: bool, effects: &mut Effects) {
        self.touched = true;
        if self.activity.input(now) && self.phase.has_session() {
            self.tell_active(now, effects);
        }
        self.look_for_user(now, effects);
        self.do_what_is_due(now, false, effects);
        self.relogin(now, gesture, effects);
    }

    pub(super) fn login_asked(&mut self, now: Moment, effects: &mut Effects) {
        if matches!(self.phase, Phase::LoggingIn { .. }) {
            return;
        }
        let over = self.phase.over();
        self.cancel_open(effects);
        self.enter(Phase::LoggingIn { over, stuck_at: now.mono.after(STUCK) }, Reason::Login, effects);
        effects.push(Effect::Navigate);
    }

    pub(super) fn logout_asked(&mut self, now: Moment, effects: &mut Effects) {
        match self.phase {
            Phase::LoggedOut { .. } | Phase::Ended { .. } => {
                effects.push(Effect::SettleLogout { done: true })
            }
            Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. } => {
                if self.logout.is_none() {
                    let request = self.name_request();
                    let epoch = self.phase.stamp().unwrap_or_default().epoch;
                    self.logout = Some(Logout { request, stuck_at: now.mono.after(STUCK), epoch });
                    effects.push(Effect::PostLogout { request });
                }
            }
        }
    }

    pub(super) fn logout_answered(&mut self, request: RequestId, done: bool, effects: &mut Effects) {
        let Some(logout) = self.logout.take_if(|logout| logout.request == request) else { return };
        let newest = self.newest_epoch();
        // Nothing is claimed that the Worker did not confirm: without its word the session goes on and the app is told.
        // A newer login that this tab took up meanwhile is not what was ended.
        let epoch = logout.epoch;
        if done && (epoch == Epoch(0) || newest <= epoch) {
            // Which login it was is not known for sure if nobody had said so when it began: then the others ask.
            effects.push(Effect::Tell(PeerMessage::LoggedOut { epoch }));
            self.cancel_open(effects);
            self.enter(Phase::LoggedOut { over: newest.max(epoch) }, Reason::Logout, effects);
        }
        effects.push(Effect::SettleLogout { done });
    }

    /// A logout without an answer is given up: the session may go on, and the app must know.
    pub(super) fn give_logout_up(&mut self, now: Moment, effects: &mut Effects) {
        if let Some(Logout { request, .. }) = self.logout.take_if(|logout| logout.stuck_at <= now.mono) {
            effects.push(Effect::Cancel { request });
            effects.push(Effect::SettleLogout { done: false });
        }
    }

    /// The newest login this tab knows of, for the word that it is over.
    pub(super) fn newest_epoch(&self) -> Epoch {
        self.phase.stamp().map_or_else(|| self.phase.over(), |stamp| stamp.epoch)
    }
}
