//! The tab machine: one per browser tab.
//!
//! It knows no token, only which one is current and how long it lives, and decides when to ask for the next, when calls go
//! out and when they wait, and what the app is told. Correctness does not hang on it: the [vault](crate::vault) rotates
//! each generation once whatever tabs do. Tabs that work well together save requests, nothing else.
//!
//! All deadlines are of the monotonic clock. Some platforms stop that clock while a machine sleeps and some do not, and a
//! wall clock may be set; the machine does not guess which it was. When the clocks disagree it asks the Worker once where
//! it stands, and calls wait for the answer.

mod answers;
mod calls;
mod due;
mod effect;
mod event;
mod peers;
mod phase;
mod state;
mod user;
mod wake;

use alloc::vec::Vec;

pub use effect::{Effect, Effects, Refusal};
pub use event::{Denial, Event, PeerMessage, SessionAnswer, TokenAnswer, TokenState};
pub use phase::{Hold, Phase};
pub use state::{Reason, State};

use crate::id::{CallId, Epoch, RequestId, Stamp};
use crate::time::{Moment, Timestamp};

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tab {
    phase: Phase,
    /// Calls that wait, oldest first.
    waiting: Vec<CallId>,
    /// The logout that is under way.
    logout: Option<Logout>,
    next_request: RequestId,
    sequence: u32,
    /// Both clocks as of the last step.
    last: Option<(Timestamp, Timestamp)>,
}

/// A logout that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Logout {
    request: RequestId,
    /// When to give it up.
    stuck_at: Timestamp,
    /// The login that it ends, if this tab held one.
    epoch: Option<Epoch>,
}

impl Default for Tab {
    fn default() -> Self {
        Self::new()
    }
}

impl Tab {
    /// A tab that has not opened yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase: Phase::Resuming {
                hold: None,
                over: Epoch(0),
                request: None,
                failures: 0,
                stuck_at: Timestamp::from_millis(u64::MAX),
            },
            waiting: Vec::new(),
            logout: None,
            next_request: RequestId(1),
            sequence: 0,
            last: None,
        }
    }

    /// The state that apps see.
    #[must_use]
    pub const fn state(&self) -> State {
        self.phase.state()
    }

    /// Where the tab stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Which token the tab holds, if it holds one.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        self.phase.hold().map(|hold| hold.stamp)
    }

    /// When something is due with no event before it, by the monotonic clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let logout = self.logout.map(|logout| logout.stuck_at);
        [logout, self.phase_deadline()].into_iter().flatten().min()
    }

    const fn phase_deadline(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Active { refresh_at, .. } => Some(refresh_at),
            Phase::Degraded { retry_at, .. } => Some(retry_at),
            Phase::Refreshing { stuck_at, .. } | Phase::LoggingIn { stuck_at, .. } => Some(stuck_at),
            Phase::Resuming { request: Some(_), stuck_at, .. } => Some(stuck_at),
            Phase::Resuming { request: None, .. }
            | Phase::LoggedOut { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => None,
        }
    }

    /// Takes one event and says what to do.
    ///
    /// Total: every event is accepted in every state. An answer that is no longer awaited changes nothing.
    pub fn step(&mut self, now: Moment, event: Event) -> Effects {
        let mut effects = Effects::none();
        if self.woke(now, &event) {
            self.resume(now, matches!(event, Event::Restored), &mut effects);
        }
        match event {
            Event::Opened => self.opened(now, &mut effects),
            Event::SessionAnswered { request, answer } => {
                self.session_answered(now, request, answer, &mut effects)
            }
            Event::TokenAnswered { request, answer } => {
                self.token_answered(now, request, answer, &mut effects)
            }
            Event::LogoutAnswered { request, done } => self.logout_answered(request, done, &mut effects),
            Event::DeadlineReached => self.do_what_is_due(now, false, &mut effects),
            Event::Nudged => self.do_what_is_due(now, true, &mut effects),
            // The wake above was all of it.
            Event::Restored => {}
            Event::RefreshAsked => self.refresh_asked(now, &mut effects),
            Event::LoginAsked => self.login_asked(now, &mut effects),
            Event::LogoutAsked => self.logout_asked(now, &mut effects),
            Event::CallAsked { call } => {
                self.do_what_is_due(now, false, &mut effects);
                self.waiting.push(call);
            }
            Event::CallDenied { call, stamp, repeated, denial } => {
                self.call_denied(now, call, stamp, repeated, denial, &mut effects);
            }
            Event::CallCancelled { call } => self.waiting.retain(|waiting| *waiting != call),
            Event::PeerTold(message) => self.peer_told(now, message, &mut effects),
        }
        self.place_waiting(now.mono, &mut effects);
        effects
    }

    /// The one place where the state changes, so that none changes unseen.
    fn enter(&mut self, phase: Phase, reason: Reason, effects: &mut Effects) {
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            self.sequence = self.sequence.saturating_add(1);
            effects.push(Effect::Transition { sequence: self.sequence, from, to, reason });
        }
    }
}
