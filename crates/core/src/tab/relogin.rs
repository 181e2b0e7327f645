//! Silent re-login: a fresh grant while the user's login at the authorization server still stands.
//!
//! Each way is tried at most once for a token. Which ways are worth a try the Worker says, which remembers what the
//! authorization server refused; so no reload and no other tab begins a loop.

use super::due::STUCK;
use super::{Effect, Effects, PeerMessage, Phase, Reason, Tab};
use crate::id::{Epoch, RequestId, Stamp};
use crate::retry::Advice;
use crate::time::{Millis, Moment, Timestamp};

/// How long after its opening a page may still be taken away and back: nobody has begun anything in it.
const FRESH: Millis = Millis::from_secs(10);
/// How long a popup may stay open: its user may look at what it shows.
const POPUP: Millis = Millis::from_secs(120);

/// How a tab gets the user through the authorization server without a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// In a hidden frame.
    Frame,
    /// In a popup that the user's next gesture opens and that closes itself.
    Popup,
    /// By taking the page there and back.
    Redirect,
}

impl Way {
    /// Every way, the least disturbing first.
    pub const ALL: [Self; 3] = [Self::Frame, Self::Popup, Self::Redirect];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ways(u8);

impl Ways {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(0b111);

    /// The set whose bits are these; bits of no way are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether a way is in it.
    #[must_use]
    pub const fn has(self, way: Way) -> bool {
        self.0 & way.bit() != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// One alone.
    #[must_use]
    pub const fn of(way: Way) -> Self {
        Self(way.bit())
    }

    /// And one more.
    #[must_use]
    pub const fn with(self, way: Way) -> Self {
        Self(self.0 | way.bit())
    }

    /// What is in this and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// How a silent re-login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReloginAnswer {
    /// The session has a fresh grant, perhaps another user's.
    Done,
    /// The authorization server wants to see the user.
    Refused,
    /// Something failed on the way.
    Failed,
    /// This way is closed here: the popup was blocked, or the app objected.
    Unavailable,
}

/// An attempt that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Its name.
    pub request: RequestId,
    /// How it is made.
    pub way: Way,
    /// When to give it up.
    pub stuck_at: Timestamp,
}

impl Tab {
    /// The grant is over: without the user if there is a way, else with them.
    pub(super) fn require_reauth(
        &mut self,
        now: Moment,
        stamp: Stamp,
        silent: Ways,
        failures: u32,
        effects: &mut Effects,
    ) {
        let tried = if stamp <= self.tried.0 { self.tried.1 } else { Ways::NONE };
        let left = silent.and(self.settings.ways).without(tried);
        self.relogin_by(now, stamp, left, failures, false, Reason::GrantRefused, effects);
    }

    /// Takes a way that has opened. `gesture`: the user lets the page open a popup.
    pub(super) fn relogin(&mut self, now: Moment, gesture: bool, effects: &mut Effects) {
        if let Phase::Relogin { stamp, left, attempt: None, failures } = self.phase {
            self.relogin_by(now, stamp, left, failures, gesture, Reason::InteractionRequired, effects);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a phase that is entered only here")]
    fn relogin_by(
        &mut self,
        now: Moment,
        stamp: Stamp,
        left: Ways,
        failures: u32,
        gesture: bool,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let way = if left.has(Way::Frame) {
            Way::Frame
        } else if left.has(Way::Popup) && gesture {
            Way::Popup
        } else if left.has(Way::Redirect) && self.may_leave(now) {
            Way::Redirect
        } else {
            // A popup is opened by the next gesture.
            let phase = if left.has(Way::Popup) {
                Phase::Relogin { stamp, left, attempt: None, failures }
            } else {
                Phase::ReauthRequired { stamp }
            };
            self.enter(phase, reason, effects);
            return;
        };
        let request = self.name_request();
        let stuck_at = now.mono.after(if way == Way::Popup { POPUP } else { STUCK });
        let attempt = Some(Attempt { request, way, stuck_at });
        let tried = if stamp == self.tried.0 { self.tried.1 } else { Ways::NONE };
        self.tried = (stamp, tried.with(way));
        self.enter(Phase::Relogin { stamp, left, attempt, failures }, Reason::SilentLogin, effects);
        effects.push(Effect::Relogin { request, way });
    }

    /// Whether nothing is lost when the page goes away and comes back: its user has typed nothing into it, and it has just
    /// loaded, or nobody looks and nothing waits.
    fn may_leave(&self, now: Moment) -> bool {
        let fresh = self.opened_at.until(now.mono) < FRESH;
        !self.touched && (fresh || self.is_hidden() && self.waiting.is_empty())
    }

    pub(super) fn relogin_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: ReloginAnswer,
        effects: &mut Effects,
    ) {
        let Phase::Relogin { stamp, left, attempt: Some(attempt), failures } = self.phase else { return };
        if attempt.request != request {
            return;
        }
        let over = Epoch(stamp.epoch.0.saturating_sub(1));
        let left = match answer {
            ReloginAnswer::Done => {
                self.check_session_over(now, over, 0, Reason::SilentLogin, effects);
                return;
            }
            ReloginAnswer::Failed => {
                // A failure is no refusal: it may be tried again.
                self.tried.1 = Ways::NONE;
                self.phase =
                    Phase::Resuming { hold: None, over, request: None, failures, stuck_at: now.mono };
                self.degrade(now, failures, Reason::Unreachable, None, Advice::Ours, effects);
                return;
            }
            ReloginAnswer::Unavailable => left.without(Ways::of(attempt.way)),
            // What a window of its own was refused a page would be refused, too.
            ReloginAnswer::Refused if attempt.way == Way::Frame => left.without(Ways::of(Way::Frame)),
            ReloginAnswer::Refused => Ways::NONE,
        };
        if answer == ReloginAnswer::Refused {
            effects.push(Effect::Tell(PeerMessage::Refused { stamp, left }));
        }
        self.relogin_by(now, stamp, left, failures, false, Reason::InteractionRequired, effects);
    }

    /// Another tab was refused: what it tried need not be tried here.
    pub(super) fn peer_refused(&mut self, now: Moment, stamp: Stamp, theirs: Ways, effects: &mut Effects) {
        let Phase::Relogin { stamp: ours, left, attempt, failures } = self.phase else { return };
        if ours != stamp {
            return;
        }
        let left = left.and(theirs);
        let kept = attempt.filter(|attempt| left.has(attempt.way));
        if let Some(dropped) = attempt.filter(|attempt| !left.has(attempt.way)) {
            effects.push(Effect::Cancel { request: dropped.request });
        }
        if kept.is_some() {
            self.phase = Phase::Relogin { stamp, left, attempt: kept, failures };
        } else {
            self.relogin_by(now, stamp, left, failures, false, Reason::InteractionRequired, effects);
        }
    }
}
