//! A tab to play with: clocks that show what a test says, and answers in few words.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::wildcard_enum_match_arm,
    missing_docs
)]

use everlit_core::id::{CallId, RequestId};
use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::{
    Effect, Event, Failed, PeerMessage, Phase, ProviderId, SessionAnswer, Settings, State, Tab, TokenAnswer,
    TokenState,
};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::AskReason;
use everlit_core::{Epoch, Generation, Stamp};

pub(crate) const WALL: u64 = 1_790_000_000_000;
pub(crate) const LOGIN: Epoch = Epoch(WALL);
/// The session's own provider in all that is played here.
pub(crate) const OWN: ProviderId = ProviderId(0);
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// Nothing but the token: no socket, no look at the clock that would stand in the way of counting.
pub(crate) const BARE: Settings = Settings { events: false, ..Settings::DEFAULT };

pub(crate) const fn stamp(generation: u32) -> Stamp {
    Stamp { epoch: LOGIN, generation: Generation(generation) }
}

/// Both clocks at so many milliseconds since the page opened.
pub(crate) const fn at(millis: u64) -> Moment {
    clocks(millis as i64, millis)
}

/// Each clock at so many milliseconds since the page opened.
pub(crate) const fn clocks(wall: i64, mono: u64) -> Moment {
    Moment {
        wall: Timestamp::from_millis(WALL.saturating_add_signed(wall)),
        mono: Timestamp::from_millis(mono),
        entropy: 0,
    }
}

/// A token of the login with so much left of its life, as the Worker tells of it without delay.
pub(crate) const fn token(generation: u32, left: u64, lifetime: u64) -> TokenState {
    TokenState {
        stamp: stamp(generation),
        expires_in: Millis::from_millis(left),
        lifetime: Millis::from_millis(lifetime),
        server_time: Timestamp::from_millis(WALL),
        elapsed: Millis::ZERO,
        idle_left: Millis::from_days(14),
        idle_limit: Millis::from_days(14),
    }
}

pub(crate) const fn failed(failure: Failure) -> Failed {
    Failed { failure, retry_after: None, elapsed: Millis::ZERO, advice: Advice::Ours }
}

/// The last time that the Worker was asked whether there is a session.
pub(crate) fn looked(effects: &[Effect]) -> Option<RequestId> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::CheckSession { request } => Some(*request),
        _ => None,
    })
}

/// How often it was.
pub(crate) fn looks(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::CheckSession { .. })).count()
}

/// The logout that was asked for.
pub(crate) fn posted(effects: &[Effect]) -> RequestId {
    let posted = effects.iter().find_map(|effect| match effect {
        Effect::PostLogout { request } => Some(*request),
        _ => None,
    });
    posted.expect("a logout is under way")
}

/// The tokens under which calls go out.
pub(crate) fn sends(effects: &[Effect]) -> Vec<Stamp> {
    let sent = |effect: &Effect| match effect {
        Effect::SendCall { stamp, .. } => Some(*stamp),
        _ => None,
    };
    effects.iter().filter_map(sent).collect()
}

/// Why tokens are asked for.
pub(crate) fn asks(effects: &[Effect]) -> Vec<AskReason> {
    let asked = |effect: &Effect| match effect {
        Effect::RequestToken { reason, .. } => Some(*reason),
        _ => None,
    };
    effects.iter().filter_map(asked).collect()
}

/// Another tab has a token of an hour.
pub(crate) fn moved(stamp: Stamp) -> Event {
    let (expires_at, lifetime) = (at(HOUR).wall, Millis::from_millis(HOUR));
    Event::PeerTold(PeerMessage::Moved { stamp, expires_at, lifetime })
}

/// What the other tabs are told.
pub(crate) fn tells(effects: &[Effect]) -> Vec<PeerMessage> {
    let told = |effect: &Effect| match effect {
        Effect::Tell(message) => Some(*message),
        _ => None,
    };
    effects.iter().filter_map(told).collect()
}

/// A tab and all that it wanted done so far.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) tab: Tab,
    pub(crate) effects: Vec<Effect>,
    /// What the monotonic clock showed last.
    pub(crate) now: u64,
}

impl Play {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { tab: Tab::new(settings), effects: Vec::new(), now: 0 }
    }

    /// A tab that opened at 0 in a page that is seen, and found a token of an hour.
    pub(crate) fn active(settings: Settings) -> Self {
        Self::found(settings, token(1, HOUR, HOUR))
    }

    pub(crate) fn found(settings: Settings, token: TokenState) -> Self {
        let mut play = Self::new(settings);
        play.step(at(0), Event::Opened { hidden: false });
        let request = play.request();
        play.step(at(0), Event::SessionAnswered { request, answer: SessionAnswer::Active(token) });
        play.effects.clear();
        play
    }

    /// One step; what it wants done is returned, and kept with the rest.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        self.now = now.mono.as_millis();
        let effects: Vec<Effect> = self.tab.step(now, event).into_iter().collect();
        self.effects.extend(effects.iter().copied());
        effects
    }

    /// Lets the timer fire, whenever it is due, up to a time; both clocks run evenly.
    pub(crate) fn run_until(&mut self, end: u64) {
        while let Some(due) = self.tab.next_deadline().filter(|due| due.as_millis() <= end) {
            self.step(at(due.as_millis()), Event::DeadlineReached);
        }
    }

    /// The same with a user who does something every minute.
    pub(crate) fn stay_until(&mut self, end: u64) {
        let mut now = self.now;
        while now < end {
            now = (now + MINUTE).min(end);
            self.run_until(now.saturating_sub(1));
            self.step(at(now), Event::UserActive { gesture: false });
        }
    }

    /// The question that is open.
    pub(crate) fn request(&self) -> RequestId {
        self.tab.phase().request().expect("a question is open")
    }

    pub(crate) fn answer(&mut self, now: Moment, answer: TokenAnswer) -> Vec<Effect> {
        let request = self.request();
        self.step(now, Event::TokenAnswered { request, answer })
    }

    pub(crate) fn call(&mut self, now: Moment, call: u32) -> Vec<Effect> {
        self.step(now, Event::CallAsked { call: CallId(call), provider: OWN })
    }

    pub(crate) fn state(&self) -> State {
        self.tab.state()
    }

    /// How many questions were asked so far.
    pub(crate) fn questions(&self) -> usize {
        let asks =
            |effect: &&Effect| matches!(effect, Effect::RequestToken { .. } | Effect::CheckSession { .. });
        self.effects.iter().filter(asks).count()
    }

    /// When the token is to be replaced.
    pub(crate) fn refresh_at(&self) -> u64 {
        match self.tab.phase() {
            Phase::Active { refresh_at, .. } => refresh_at.as_millis(),
            other => panic!("{other:?} is not active"),
        }
    }
}
