//! The tab machine: one per browser tab.
//!
//! It knows no token, only which one is current and how long it lives, and decides when to ask for the next, when calls go
//! out and when they wait, and what the app is told. Correctness does not hang on it: the [vault](crate::vault) rotates
//! each generation once whatever tabs do. Tabs that work well together save requests, nothing else.
//!
//! All deadlines are of the monotonic clock. Some platforms stop that clock while a machine sleeps and some do not, and a
//! wall clock may be set; the machine does not guess which it was. When the clocks disagree it asks the Worker once where
//! it stands, and calls wait for the answer.

mod effect;
mod event;
mod phase;
mod state;

use alloc::vec::Vec;
use core::mem;

pub use effect::{Effect, Effects, Refusal};
pub use event::{Denial, Event, PeerMessage, SessionAnswer, TokenAnswer, TokenState};
pub use phase::{Hold, Phase};
pub use state::{Reason, State};

use crate::id::{CallId, Epoch, RequestId, Stamp};
use crate::retry::{self, Failure};
use crate::schedule;
use crate::time::{Millis, Moment, Timestamp};
use crate::vault::AskReason;

/// How far the two clocks may drift apart between two steps before that counts as a wake.
const CLOCKS_AGREE: Millis = Millis::from_secs(2);
/// How late a deadline may be handled before that counts as a wake.
const LATE: Millis = Millis::from_secs(30);
/// How long a request may take, the wait for the lock included, before it is given up.
const STUCK: Millis = Millis::from_secs(30);

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tab {
    phase: Phase,
    /// Calls that wait, oldest first.
    waiting: Vec<CallId>,
    /// The logout that is under way.
    logout: Option<RequestId>,
    next_request: RequestId,
    sequence: u32,
    /// Both clocks as of the last step.
    last: Option<(Timestamp, Timestamp)>,
}

impl Default for Tab {
    fn default() -> Self {
        Self::new()
    }
}

/// What becomes of a call just now.
enum Placement {
    Send(Stamp),
    Wait,
    Refuse(Refusal),
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
        match self.phase {
            Phase::Active { refresh_at, .. } => Some(refresh_at),
            Phase::Degraded { retry_at, .. } => Some(retry_at),
            Phase::Refreshing { stuck_at, .. } | Phase::LoggingIn { stuck_at, .. } => Some(stuck_at),
            Phase::Resuming {
                request: Some(_),
                stuck_at,
                ..
            } => Some(stuck_at),
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
        let mut effects = Effects::default();
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
            Event::LogoutAsked => self.logout_asked(&mut effects),
            Event::CallAsked { call } => {
                self.do_what_is_due(now, false, &mut effects);
                self.waiting.push(call);
            }
            Event::CallDenied {
                call,
                stamp,
                repeated,
                denial,
            } => {
                self.call_denied(now, call, stamp, repeated, denial, &mut effects);
            }
            Event::CallCancelled { call } => self.waiting.retain(|waiting| *waiting != call),
            Event::PeerTold(message) => self.peer_told(now, message, &mut effects),
        }
        self.place_waiting(now.mono, &mut effects);
        effects
    }

    /// Whether time went by that this tab did not see, or a clock was set.
    fn woke(&mut self, now: Moment, event: &Event) -> bool {
        let before = self.last.replace((now.wall, now.mono));
        let clocks_disagree = before.is_some_and(|(wall, mono)| {
            let by_wall = now.wall.as_millis().abs_diff(wall.as_millis());
            let by_mono = now.mono.since(mono).as_millis();
            by_wall.abs_diff(by_mono) > CLOCKS_AGREE.as_millis() || now.wall < wall.before(CLOCKS_AGREE)
        });
        let late = matches!(event, Event::DeadlineReached)
            && self
                .next_deadline()
                .is_some_and(|deadline| deadline.after(LATE) < now.mono);
        clocks_disagree || late || matches!(event, Event::Restored)
    }

    /// The tab cannot rely on what it knows about time: it asks, and calls wait.
    fn resume(&mut self, now: Moment, restored: bool, effects: &mut Effects) {
        match self.phase {
            Phase::Active { hold, .. } | Phase::Degraded { hold: Some(hold), .. } => {
                self.ask_where_we_stand(now, hold, 0, effects);
            }
            Phase::Refreshing {
                hold,
                request,
                failures,
                ..
            } => {
                // The open question brings the same news.
                let over = self.phase.over();
                let stuck_at = now.mono.after(STUCK);
                let resuming = Phase::Resuming {
                    hold: Some(hold),
                    over,
                    request: Some(request),
                    failures,
                    stuck_at,
                };
                self.enter(resuming, Reason::Wake, effects);
            }
            Phase::Degraded { hold: None, .. } => self.check_session(now, 0, Reason::Wake, effects),
            // Without a token time does not matter; but a page that comes back may have been left for a login.
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {
                if restored {
                    self.check_session(now, 0, Reason::Wake, effects);
                }
            }
            Phase::Resuming { .. } => {}
        }
    }

    fn opened(&mut self, now: Moment, effects: &mut Effects) {
        if let Phase::Resuming { request: None, .. } = self.phase {
            self.check_session(now, 0, Reason::Wake, effects);
        }
    }

    fn session_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: SessionAnswer,
        effects: &mut Effects,
    ) {
        let Phase::Resuming {
            hold,
            over,
            request: Some(awaited),
            failures,
            ..
        } = self.phase
        else {
            return;
        };
        if awaited != request {
            return;
        }
        match answer {
            // Said before a logout that this tab already knows of.
            SessionAnswer::Active(TokenState { stamp, .. }) | SessionAnswer::ReauthRequired(stamp)
                if stamp.epoch <= over =>
            {
                self.enter(Phase::LoggedOut { over }, Reason::NoSession, effects);
            }
            SessionAnswer::Active(token) => self.hold_newest(now, token, hold, Reason::SessionFound, effects),
            SessionAnswer::ReauthRequired(stamp) => {
                self.enter(Phase::ReauthRequired { stamp }, Reason::GrantRefused, effects);
            }
            SessionAnswer::LoggedOut => self.enter(Phase::LoggedOut { over }, Reason::NoSession, effects),
            SessionAnswer::Failed { failure, retry_after } => {
                self.degrade(now, failures, reason_of(failure), retry_after, effects);
            }
        }
    }

    fn token_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: TokenAnswer,
        effects: &mut Effects,
    ) {
        let (hold, failures) = match self.phase {
            Phase::Refreshing {
                hold,
                request: awaited,
                failures,
                ..
            } if awaited == request => (hold, failures),
            Phase::Resuming {
                hold: Some(hold),
                request: Some(awaited),
                failures,
                ..
            } if awaited == request => (hold, failures),
            // Late: the tab has moved on, or logged out.
            Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Degraded { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => return,
        };
        match answer {
            TokenAnswer::Current(token) => {
                self.hold_newest(now, token, Some(hold), Reason::Refreshed, effects)
            }
            TokenAnswer::ReauthRequired
            | TokenAnswer::Failed {
                failure: Failure::Reauth,
                ..
            } => {
                self.enter(
                    Phase::ReauthRequired { stamp: hold.stamp },
                    Reason::GrantRefused,
                    effects,
                );
            }
            TokenAnswer::Ended => {
                self.enter(
                    Phase::Ended {
                        over: hold.stamp.epoch,
                    },
                    Reason::SessionEnded,
                    effects,
                );
            }
            TokenAnswer::LoggedOut => {
                self.enter(
                    Phase::LoggedOut {
                        over: hold.stamp.epoch,
                    },
                    Reason::NoSession,
                    effects,
                );
            }
            TokenAnswer::Failed { failure, retry_after } => {
                self.degrade(now, failures, reason_of(failure), retry_after, effects);
            }
        }
    }

    /// The Worker told of a token: keep it, unless a newer one is held already.
    fn hold_newest(
        &mut self,
        now: Moment,
        token: TokenState,
        held: Option<Hold>,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let told = Hold {
            stamp: token.stamp,
            expires_at: now.mono.after(token.expires_in),
            lifetime: token.lifetime,
        };
        let newest = held.filter(|held| held.stamp > told.stamp).unwrap_or(told);
        if held.is_some_and(|held| held.stamp < newest.stamp) {
            effects.push(Effect::Tell(PeerMessage::Moved {
                stamp: newest.stamp,
                expires_at: now.wall.after(token.expires_in),
                lifetime: newest.lifetime,
            }));
        }
        self.activate(now, newest, reason, effects);
        if reason == Reason::SessionFound && newest.expires_at <= now.mono {
            // A session whose token died while nobody was there: the one question is whether it can be revived.
            self.refresh(now, newest, AskReason::Resume, 0, effects);
        }
    }

    fn activate(&mut self, now: Moment, hold: Hold, reason: Reason, effects: &mut Effects) {
        let refresh_at = schedule::refresh_at(now.mono, hold.expires_at, hold.lifetime, now.entropy);
        self.enter(Phase::Active { hold, refresh_at }, reason, effects);
    }

    fn degrade(
        &mut self,
        now: Moment,
        failures: u32,
        reason: Reason,
        retry_after: Option<Millis>,
        effects: &mut Effects,
    ) {
        let failures = failures.saturating_add(1);
        let degraded = Phase::Degraded {
            hold: self.phase.hold(),
            over: self.phase.over(),
            retry_at: now.mono.after(retry::wait(retry_after, failures, now.entropy)),
            failures,
            told: retry_after.is_some(),
        };
        self.enter(degraded, reason, effects);
    }

    /// Looks at the clock. A nudge (the network is back, the page is looked at) also ends a wait of our own choosing, but
    /// not one that a server asked for.
    fn do_what_is_due(&mut self, now: Moment, nudged: bool, effects: &mut Effects) {
        match self.phase {
            Phase::Active { hold, refresh_at } if refresh_at <= now.mono => {
                self.refresh(now, hold, AskReason::Deadline, 0, effects);
            }
            Phase::Degraded {
                hold,
                retry_at,
                failures,
                told,
                ..
            } if retry_at <= now.mono || nudged && !told => match hold {
                Some(hold) => self.refresh(now, hold, AskReason::Deadline, failures, effects),
                None => self.check_session(now, failures, Reason::Retry, effects),
            },
            Phase::Refreshing {
                failures, stuck_at, ..
            }
            | Phase::Resuming {
                failures, stuck_at, ..
            } if stuck_at <= now.mono => {
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

    fn refresh_asked(&mut self, now: Moment, effects: &mut Effects) {
        match self.phase {
            Phase::Active { hold, .. } => self.refresh(now, hold, AskReason::Forced, 0, effects),
            Phase::Degraded {
                hold: Some(hold),
                failures,
                told: false,
                ..
            } => {
                self.refresh(now, hold, AskReason::Forced, failures, effects);
            }
            // Elsewhere the question is open already, or no question would help.
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {}
        }
    }

    fn login_asked(&mut self, now: Moment, effects: &mut Effects) {
        if matches!(self.phase, Phase::LoggingIn { .. }) {
            return;
        }
        let over = self.phase.over();
        self.cancel_open(effects);
        self.enter(
            Phase::LoggingIn {
                over,
                stuck_at: now.mono.after(STUCK),
            },
            Reason::Login,
            effects,
        );
        effects.push(Effect::Navigate);
    }

    fn logout_asked(&mut self, effects: &mut Effects) {
        match self.phase {
            Phase::LoggedOut { .. } | Phase::Ended { .. } => {
                effects.push(Effect::SettleLogout { done: true })
            }
            Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::ReauthRequired { .. } => {
                if self.logout.is_none() {
                    let request = self.name_request();
                    self.logout = Some(request);
                    effects.push(Effect::PostLogout { request });
                }
            }
        }
    }

    fn logout_answered(&mut self, request: RequestId, done: bool, effects: &mut Effects) {
        if self.logout != Some(request) {
            return;
        }
        self.logout = None;
        // Nothing is claimed that the Worker did not confirm: without its word the session goes on and the app is told.
        if done {
            let over = self.newest_epoch();
            effects.push(Effect::Tell(PeerMessage::LoggedOut { epoch: over }));
            self.cancel_open(effects);
            self.enter(Phase::LoggedOut { over }, Reason::Logout, effects);
        }
        effects.push(Effect::SettleLogout { done });
    }

    fn call_denied(
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
                    self.enter(
                        Phase::ReauthRequired { stamp: hold.stamp },
                        Reason::GrantRefused,
                        effects,
                    );
                }
                Denial::Ended => {
                    self.cancel_open(effects);
                    self.enter(
                        Phase::Ended {
                            over: hold.stamp.epoch,
                        },
                        Reason::SessionEnded,
                        effects,
                    );
                }
                Denial::LoggedOut => {
                    self.cancel_open(effects);
                    self.enter(
                        Phase::LoggedOut {
                            over: hold.stamp.epoch,
                        },
                        Reason::NoSession,
                        effects,
                    );
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

    fn peer_told(&mut self, now: Moment, message: PeerMessage, effects: &mut Effects) {
        match message {
            PeerMessage::Moved {
                stamp,
                expires_at,
                lifetime,
            } => {
                self.peer_moved(
                    now,
                    stamp,
                    now.wall.until(expires_at).min(lifetime),
                    lifetime,
                    effects,
                );
            }
            PeerMessage::LoggedOut { epoch } => self.peer_logged_out(epoch, effects),
        }
    }

    fn peer_moved(
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
                let hold = Hold {
                    stamp,
                    expires_at: now.mono.after(expires_in),
                    lifetime,
                };
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

    fn peer_logged_out(&mut self, epoch: Epoch, effects: &mut Effects) {
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

    /// Asks for a new token. The one that is held stays in use meanwhile, unless it was refused.
    fn refresh(&mut self, now: Moment, hold: Hold, why: AskReason, failures: u32, effects: &mut Effects) {
        let request = self.name_request();
        let reason = match why {
            AskReason::Deadline if failures > 0 => Reason::Retry,
            AskReason::Deadline => Reason::Deadline,
            AskReason::Forced => Reason::Forced,
            AskReason::Unauthorized => Reason::Unauthorized,
            AskReason::Resume | AskReason::Activity => Reason::Wake,
        };
        let stuck_at = now.mono.after(STUCK);
        self.enter(
            Phase::Refreshing {
                hold,
                request,
                why,
                failures,
                stuck_at,
            },
            reason,
            effects,
        );
        effects.push(Effect::RequestToken {
            request,
            stamp: hold.stamp,
            reason: why,
        });
    }

    fn ask_where_we_stand(&mut self, now: Moment, hold: Hold, failures: u32, effects: &mut Effects) {
        let over = self.phase.over();
        let request = self.name_request();
        let stuck_at = now.mono.after(STUCK);
        let resuming = Phase::Resuming {
            hold: Some(hold),
            over,
            request: Some(request),
            failures,
            stuck_at,
        };
        self.enter(resuming, Reason::Wake, effects);
        effects.push(Effect::RequestToken {
            request,
            stamp: hold.stamp,
            reason: AskReason::Resume,
        });
    }

    fn check_session(&mut self, now: Moment, failures: u32, reason: Reason, effects: &mut Effects) {
        self.check_session_over(now, self.phase.over(), failures, reason, effects);
    }

    fn check_session_over(
        &mut self,
        now: Moment,
        over: Epoch,
        failures: u32,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let request = self.name_request();
        let stuck_at = now.mono.after(STUCK);
        let resuming = Phase::Resuming {
            hold: None,
            over,
            request: Some(request),
            failures,
            stuck_at,
        };
        self.enter(resuming, reason, effects);
        effects.push(Effect::CheckSession { request });
    }

    /// The one place where the state changes, so that none changes unseen.
    fn enter(&mut self, phase: Phase, reason: Reason, effects: &mut Effects) {
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            self.sequence = self.sequence.saturating_add(1);
            effects.push(Effect::Transition {
                sequence: self.sequence,
                from,
                to,
                reason,
            });
        }
    }

    fn cancel_open(&mut self, effects: &mut Effects) {
        if let Some(request) = self.phase.request() {
            effects.push(Effect::Cancel { request });
        }
    }

    /// Sends, refuses or keeps every call that waits, oldest first.
    fn place_waiting(&mut self, now: Timestamp, effects: &mut Effects) {
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
            Phase::Refreshing {
                why: AskReason::Unauthorized,
                ..
            }
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

    /// The newest login this tab knows of, for the word that it is over.
    fn newest_epoch(&self) -> Epoch {
        match self.phase {
            Phase::ReauthRequired { stamp } => stamp.epoch,
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Degraded { .. }
            | Phase::Ended { .. } => self
                .phase
                .hold()
                .map_or(self.phase.over(), |hold| hold.stamp.epoch),
        }
    }

    fn name_request(&mut self) -> RequestId {
        let request = self.next_request;
        self.next_request = request.next();
        request
    }
}

const fn reason_of(failure: Failure) -> Reason {
    match failure {
        Failure::Transient | Failure::Ambiguous => Reason::Unreachable,
        Failure::Throttled => Reason::Throttled,
        Failure::Misconfigured => Reason::Misconfigured,
        Failure::Reauth => Reason::GrantRefused,
    }
}
