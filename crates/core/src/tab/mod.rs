//! The tab machine: one per browser tab.
//!
//! It knows no token, only which one is current and how long it lives, and decides when to ask for the next, when calls go
//! out and when they wait, and what the app is told. Correctness does not hang on it: the [vault](crate::vault) rotates
//! each generation once whatever tabs do. Tabs that work well together save requests, nothing else.
//!
//! All deadlines are of the monotonic clock. Some platforms stop that clock while a machine sleeps and some do not, and a
//! wall clock may be set; the machine does not guess which it was. When the clocks disagree it asks the Worker once where
//! it stands, and calls wait for the answer. A page that nobody looks at and whose user is idle asks when they return.

mod activity;
mod anchor;
mod answers;
mod breaker;
mod calls;
mod due;
mod effect;
mod event;
mod health;
mod peers;
mod phase;
mod presence;
mod provider;
mod relogin;
mod settings;
mod socket;
mod state;
mod user;
mod wake;

use alloc::vec::Vec;

pub use anchor::Anchor;
pub use effect::{Effect, Effects, Refusal};
pub use event::{
    Denial, Event, Failed, News, PeerMessage, ProviderId, SessionAnswer, TokenAnswer, TokenState,
};
pub use health::{Ailment, Health};
pub use phase::{Hold, Phase};
pub use presence::Presence;
pub use provider::{FOLLOWED, ProviderState};
pub use relogin::{Attempt, ReloginAnswer, Way, Ways};
pub use settings::Settings;
pub use state::{Reason, State};

use self::activity::Activity;
use self::breaker::Breaker;
use self::calls::Waiting;
use self::health::Record;
use self::provider::Providers;
use self::socket::Socket;
use crate::id::{Epoch, Generation, RequestId, Stamp};
use crate::time::{Instant, Moment, Timestamp};

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tab {
    settings: Settings,
    phase: Phase,
    /// Why it was entered.
    why: Reason,
    /// Calls that wait, oldest first.
    waiting: Vec<Waiting>,
    /// The newest token that a resource server refused: it is not used any more.
    refused: Stamp,
    /// The token that was refused in a storm, for which the Worker was asked whether there is a newer one.
    looked_for: Stamp,
    /// The logout that is under way.
    logout: Option<Logout>,
    /// The ways of silent re-login that were tried, and for which token.
    tried: (Stamp, Ways),
    /// The newest login that another tab told of while this one was asking.
    rumour: Epoch,
    /// The report of activity, or the look at a session that waits for its user, that is under way.
    report: Option<Report>,
    /// Somebody came back to a session that waits for its user, who may have logged in elsewhere meanwhile.
    looks: bool,
    /// No look at such a session before.
    look_after: Timestamp,
    next_request: RequestId,
    sequence: u32,
    /// Both clocks as of the last step.
    last: Instant,
    /// When the page was opened.
    opened_at: Timestamp,
    /// The user did something in this page.
    touched: bool,
    /// Since when nobody looks at the page; never, while somebody does.
    hidden_at: Timestamp,
    /// Until when the Worker, or whoever is behind it, wants to be left alone.
    cool_until: Timestamp,
    /// When a wake is made up for that fell into such a time.
    wake_at: Timestamp,
    /// Questions that nothing was due for have been asked up to here, in a time that moves on by a minute with each.
    hurry_at: Timestamp,
    /// When the clocks are looked at next.
    tick_at: Timestamp,
    /// When the health is looked at next.
    check_at: Timestamp,
    activity: Activity,
    anchor: Option<Anchor>,
    breaker: Breaker,
    record: Record,
    health: Health,
    providers: Providers,
    socket: Socket,
}

/// A logout that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Logout {
    request: RequestId,
    /// When to give it up.
    stuck_at: Timestamp,
    /// The login that it ends; zero if this tab held none.
    epoch: Epoch,
}

/// A question that is asked beside all else, and changes no state until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Report {
    request: RequestId,
    /// The token that it was asked under.
    stamp: Stamp,
    /// When to give it up.
    stuck_at: Timestamp,
}

impl Default for Tab {
    fn default() -> Self {
        Self::new(Settings::DEFAULT)
    }
}

impl Tab {
    /// A tab that has not opened yet.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        const NONE: Stamp = Stamp { epoch: Epoch(0), generation: Generation(0) };
        let never = Timestamp::NEVER;
        Self {
            settings,
            phase: Phase::Resuming {
                hold: None,
                over: Epoch(0),
                request: None,
                failures: 0,
                stuck_at: never,
            },
            why: Reason::Wake,
            waiting: Vec::new(),
            refused: NONE,
            looked_for: NONE,
            tried: (NONE, Ways::NONE),
            rumour: Epoch(0),
            logout: None,
            report: None,
            looks: false,
            look_after: Timestamp::from_millis(0),
            next_request: RequestId(1),
            sequence: 0,
            last: Instant::NONE,
            opened_at: Timestamp::from_millis(0),
            touched: false,
            hidden_at: Timestamp::NEVER,
            cool_until: Timestamp::from_millis(0),
            hurry_at: Timestamp::from_millis(0),
            wake_at: never,
            tick_at: never,
            check_at: never,
            activity: Activity::NONE,
            anchor: None,
            breaker: Breaker::NONE,
            record: Record::NONE,
            health: Health::FULL,
            providers: Providers::NONE,
            socket: Socket::NONE,
        }
    }

    /// What the app chose, to be chosen anew as long as the tab has not opened.
    pub const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
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

    /// How the session is doing.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Whether the user is there.
    #[must_use]
    pub const fn presence(&self) -> Presence {
        self.activity.presence
    }

    /// The Worker's clock, once it has told the time.
    #[must_use]
    pub const fn anchor(&self) -> Option<Anchor> {
        self.anchor
    }

    /// Where a provider's grant stands, if it is known.
    #[must_use]
    pub fn provider(&self, provider: ProviderId) -> Option<ProviderState> {
        self.providers.state(provider)
    }

    /// How many questions in a row brought nothing.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        match self.phase {
            Phase::Refreshing { failures, .. }
            | Phase::Resuming { failures, .. }
            | Phase::Degraded { failures, .. }
            | Phase::Relogin { failures, .. } => failures,
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => 0,
        }
    }

    /// When something is due with no event before it, by the monotonic clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let logout = self.logout.map_or(Timestamp::NEVER, |logout| logout.stuck_at);
        let report = self.report.map_or_else(|| self.report_at(), |report| report.stuck_at);
        let look = match self.phase.has_session() {
            false => Timestamp::NEVER,
            // Where nobody looks there is one wake-up for all of it.
            true if self.is_hidden() => self.tick_at,
            true => self.tick_at.min(self.activity.presence_at).min(self.check_at),
        };
        let socket = self.socket.deadline(self.hidden_at);
        let next = self.phase_deadline().min(self.wake_at).min(logout).min(report).min(look).min(socket);
        (next != Timestamp::NEVER).then_some(next)
    }

    fn phase_deadline(&self) -> Timestamp {
        match self.phase {
            // Nobody needs the next token while the user is away and nothing waits.
            Phase::Active { refresh_at, .. } if self.is_present() || !self.waiting.is_empty() => refresh_at,
            Phase::Degraded { retry_at, .. } => retry_at.unwrap_or(Timestamp::NEVER),
            Phase::Refreshing { stuck_at, .. }
            | Phase::LoggingIn { stuck_at, .. }
            | Phase::Resuming { request: Some(_), stuck_at, .. }
            | Phase::Relogin { attempt: Some(Attempt { stuck_at, .. }), .. } => stuck_at,
            Phase::Active { .. }
            | Phase::Relogin { attempt: None, .. }
            | Phase::Resuming { request: None, .. }
            | Phase::LoggedOut { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => Timestamp::NEVER,
        }
    }

    /// Takes one event and says what to do.
    ///
    /// Total: every event is accepted in every state. An answer that is no longer awaited changes nothing.
    pub fn step(&mut self, now: Moment, event: Event) -> Effects {
        let mut effects = Effects::none();
        let sequence = self.sequence;
        let late = self.wake_at <= now.mono;
        let woke = self.woke(now) || late;
        let restored = matches!(event, Event::Restored) || late;
        if woke | restored {
            self.resume(now, woke, restored, &mut effects);
        }
        self.handle(now, event, &mut effects);
        self.place_waiting(now.mono, &mut effects);
        self.look_for_user(now, &mut effects);
        self.tend_socket(now, &mut effects);
        self.follow(now, &mut effects);
        if self.tick_at <= now.mono {
            self.tick_after(now);
            self.listen_on(now, &mut effects);
        }
        self.look_at_health(now, sequence != self.sequence, &mut effects);
        effects
    }

    #[inline(never)] // Smaller, compressed.
    fn tick_after(&mut self, now: Moment) {
        self.tick_at = now.mono.after(self.settings.maintenance.max(Settings::INTERVAL_MIN));
    }

    fn handle(&mut self, now: Moment, event: Event, effects: &mut Effects) {
        match event {
            Event::Opened { hidden } => self.opened(now, hidden, effects),
            Event::SessionAnswered { request, answer } => {
                self.session_answered(now, request, answer, effects);
            }
            Event::TokenAnswered { request, answer } => self.token_answered(now, request, answer, effects),
            Event::LogoutAnswered { request, done } => self.logout_answered(request, done, effects),
            Event::ReloginAnswered { request, answer } => {
                self.relogin_answered(now, request, answer, effects);
            }
            Event::DeadlineReached => {
                // Nothing is due for whoever has left.
                self.look_for_user(now, effects);
                self.do_what_is_due(now, false, effects);
            }
            Event::Shown => {
                self.hidden_at = Timestamp::NEVER;
                self.do_what_is_due(now, true, effects);
            }
            Event::Hidden => {
                if !self.is_hidden() {
                    self.hidden_at = now.mono;
                    // The one wake-up a minute is counted from here, and brings the end of the socket's as well.
                    self.tick_after(now);
                }
                self.relogin(now, false, effects);
            }
            Event::Online => self.do_what_is_due(now, true, effects),
            // The wake before was all of it.
            Event::Restored => {}
            Event::UserActive { gesture } => self.user_active(now, gesture, effects),
            Event::RefreshAsked => self.refresh_asked(now, effects),
            Event::LoginAsked => self.login_asked(now, effects),
            Event::LogoutAsked => self.logout_asked(now, effects),
            Event::CallAsked { call, provider } => self.call_asked(now, call, provider, effects),
            Event::CallDenied { call, provider, stamp, repeated, denial } => {
                self.call_denied(now, (call, provider), stamp, repeated, denial, effects);
            }
            Event::CallCancelled { call } => self.waiting.retain(|waiting| waiting.call != call),
            Event::PeerTold(message) => self.peer_told(now, message, effects),
            Event::ProviderTold { provider, own, state } => self.provider_told(provider, own, state, effects),
            Event::SocketOpened { shared } => self.socket_opened(now, shared, effects),
            Event::SocketClosed => self.socket_closed(now),
            Event::SocketTold { news, stamp } => self.socket_told(now, news, stamp, effects),
        }
    }

    /// The one place where the state changes, so that none changes unseen.
    fn enter(&mut self, phase: Phase, reason: Reason, effects: &mut Effects) {
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            self.why = reason;
            self.wake_at = Timestamp::NEVER;
            self.sequence = self.sequence.saturating_add(1);
            effects.push(Effect::Transition { sequence: self.sequence, from, to, reason });
        }
    }
}
