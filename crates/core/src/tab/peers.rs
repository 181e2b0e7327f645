//! What other tabs tell.

use super::{Effect, Effects, Hold, PeerMessage, Phase, Reason, State, Tab};
use crate::id::{Epoch, Stamp};
use crate::time::{Millis, Moment, Timestamp};

impl Tab {
    pub(super) fn peer_told(&mut self, now: Moment, message: PeerMessage, effects: &mut Effects) {
        match message {
            PeerMessage::Moved { stamp, lifetime, .. } if lifetime.is_zero() => {
                self.rumoured(now, stamp, effects)
            }
            PeerMessage::Moved { stamp, expires_at, lifetime } => {
                self.peer_moved(now, stamp, now.wall.until(expires_at).min(lifetime), lifetime, effects);
            }
            PeerMessage::LoggedOut { epoch } => self.ended_elsewhere(now, epoch, false, effects),
            PeerMessage::CoolDown { until, wait } => self.cool_down(now, now.wall.until(until).min(wait)),
            PeerMessage::Active { at, known } => self.peer_active(now, at, known, effects),
            PeerMessage::Refused { stamp, left } => self.peer_refused(now, stamp, left, effects),
            PeerMessage::Listening { tab, until } => self.peer_listens(now, tab, until, effects),
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
                // Unless that was a mere rumour.
                self.doubt(now, Reason::LoginElsewhere, effects);
            }
            // A message that slept with the tab may tell of a token that is dead by now.
            (_, Some(hold)) if stamp.is_ahead_of(hold.stamp) && !expires_in.is_zero() => {
                self.cancel_open(effects);
                let hold = Hold { stamp, expires_at: now.mono.after(expires_in), lifetime };
                self.activate(now, hold, Millis::ZERO, Reason::Adopted, effects);
            }
            (_, Some(_)) => {}
            // The answer that is under way may be older than that.
            (Phase::Resuming { .. }, None) => self.rumour = self.rumour.max(stamp.epoch),
            (Phase::Relogin { stamp: last, .. } | Phase::ReauthRequired { stamp: last }, None)
                if stamp <= last => {}
            (_, None) => {
                if stamp.epoch > self.phase.over() {
                    self.doubt(now, Reason::LoginElsewhere, effects);
                }
            }
        }
    }

    /// Something came true at the Worker: a newer token, a new login. What exactly is asked when it is needed.
    pub(super) fn rumoured(&mut self, now: Moment, stamp: Stamp, effects: &mut Effects) {
        self.peer_moved(now, stamp, Millis::ZERO, Millis::ZERO, effects);
        if let Phase::Degraded { hold: Some(hold), told: false, .. } = self.phase
            && hold.stamp < stamp
        {
            self.retry(now, effects);
        }
    }

    /// The user goes on in another tab.
    fn peer_active(&mut self, now: Moment, at: Timestamp, known: Timestamp, effects: &mut Effects) {
        self.activity.peer(now, at, known);
        self.look_for_user(now, effects);
        self.do_what_is_due(now, false, effects);
    }

    pub(super) fn tell_active(&self, now: Moment, effects: &mut Effects) {
        let (at, known) = self.activity.points(now);
        effects.push(Effect::Tell(PeerMessage::Active { at, known }));
    }

    /// The session of this login is over, as somebody says; zero if they do not know of which.
    pub(super) fn ended_elsewhere(&mut self, now: Moment, over: Epoch, ended: bool, effects: &mut Effects) {
        let held = self.phase.stamp().unwrap_or_default().epoch;
        // A later login than is held here, if any is; zero is later than any.
        if held.0 <= over.0.wrapping_sub(1) {
            // Who knows of no session has none to lose.
            if !matches!(self.state(), State::LoggedOut | State::LoggingIn | State::Ended) {
                self.doubt(now, Reason::Told, effects);
            }
        } else if held == over {
            self.cancel_open(effects);
            if ended {
                self.enter(Phase::Ended { over }, Reason::SessionEnded, effects);
            } else {
                self.enter(Phase::LoggedOut { over }, Reason::LogoutElsewhere, effects);
            }
        }
    }

    /// What this tab knows, or is being told, may be true no more: nothing goes out until the Worker has said what is. What is
    /// being told is never believed then; what is held a little longer, if it is doubted all the time.
    pub(super) fn doubt(&mut self, now: Moment, reason: Reason, effects: &mut Effects) {
        let hold = self.phase.hold();
        if hold.is_none() || self.may_hurry(now) {
            self.cancel_open(effects);
            self.ask_who_is_there(now, hold, self.phase.over(), 0, reason, effects);
        }
    }
}
