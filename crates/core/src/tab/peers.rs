//! What other tabs tell.

use super::{Effects, Hold, PeerMessage, Phase, Reason, Tab};
use crate::id::{Epoch, Stamp};
use crate::time::{Millis, Moment};

impl Tab {
    pub(super) fn peer_told(&mut self, now: Moment, message: PeerMessage, effects: &mut Effects) {
        match message {
            PeerMessage::Moved { stamp, expires_at, lifetime } => {
                self.peer_moved(now, stamp, now.wall.until(expires_at).min(lifetime), lifetime, effects);
            }
            PeerMessage::LoggedOut { epoch } => self.peer_logged_out(epoch, effects),
        }
    }

    pub(super) fn peer_moved(
        &mut self,
        now: Moment,
        stamp: Stamp,
        expires_in: Millis,
        lifetime: Millis,
        effects: &mut Effects,
    ) {
        match (self.phase, self.phase.hold()) {
            // The user logged in anew, perhaps as somebody else: nothing that is held here holds any more.
            (_, Some(hold)) if hold.stamp.epoch < stamp.epoch => {
                self.cancel_open(effects);
                self.check_session_over(now, hold.stamp.epoch, 0, Reason::LoginElsewhere, effects);
            }
            // A message that slept with the tab may tell of a token that is dead by now.
            (_, Some(hold)) if hold.stamp < stamp && !expires_in.is_zero() => {
                self.cancel_open(effects);
                let hold = Hold { stamp, expires_at: now.mono.after(expires_in), lifetime };
                self.activate(now, hold, Reason::Adopted, effects);
            }
            (_, Some(_)) | (Phase::Resuming { .. }, None) => {}
            (Phase::ReauthRequired { stamp: last }, None) if stamp <= last => {}
            (_, None) => {
                if stamp.epoch > self.phase.over() {
                    self.check_session(now, 0, Reason::LoginElsewhere, effects);
                }
            }
        }
    }

    pub(super) fn peer_logged_out(&mut self, epoch: Epoch, effects: &mut Effects) {
        match &mut self.phase {
            Phase::LoggedOut { over }
            | Phase::Ended { over }
            | Phase::LoggingIn { over, .. }
            | Phase::Resuming { hold: None, over, .. }
            | Phase::Degraded { hold: None, over, .. } => *over = epoch.max(*over),
            Phase::Active { hold, .. }
            | Phase::Refreshing { hold, .. }
            | Phase::Resuming { hold: Some(hold), .. }
            | Phase::Degraded { hold: Some(hold), .. } => {
                if hold.stamp.epoch <= epoch {
                    self.cancel_open(effects);
                    self.enter(Phase::LoggedOut { over: epoch }, Reason::LogoutElsewhere, effects);
                }
            }
            Phase::ReauthRequired { stamp } => {
                if stamp.epoch <= epoch {
                    self.enter(Phase::LoggedOut { over: epoch }, Reason::LogoutElsewhere, effects);
                }
            }
        }
    }
}
