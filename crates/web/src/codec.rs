//! Events from numbers, and numbers from effects.
//!
//! Written for size: what reads and what writes a number is one function each, and there is one verdict on all numbers of an
//! event at its end.

use alloc::vec::Vec;
use core::cell::Cell;

use everlit_core::effects::push;
use everlit_core::id::{CallId, RequestId};
use everlit_core::retry::Advice;
use everlit_core::tab::{
    Effect, Event, Failed, PeerMessage, Phase, Presence, ProviderId, SessionAnswer, Settings, Tab,
    TokenAnswer, TokenState, Ways,
};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::{Epoch, Generation, Stamp};

use crate::abi::{ARGUMENTS, EffectKind, EventKind, Numbered, PeerKind, ROW, SessionKind, TokenKind};
use crate::number;

/// The largest whole number that JavaScript counts to without gaps.
const COUNTABLE_MAX: f64 = 9_007_199_254_740_991.0;

/// The numbers of one event.
pub type Arguments = [f64; ARGUMENTS];

/// Nothing was given.
pub const NOTHING: Arguments = [f64::NAN; ARGUMENTS];

/// Both clocks and entropy, unless one of them is no number.
#[must_use]
pub fn moment(wall: f64, mono: f64, entropy: u32) -> Option<Moment> {
    let good = |clock: f64| (0.0..=COUNTABLE_MAX).contains(&clock);
    let at = |clock: f64| Timestamp::from_millis(clock as u64);
    (good(wall) && good(mono)).then_some(Moment { wall: at(wall), mono: at(mono), entropy })
}

/// What an app may choose, by its place in: lead, idle lapse, idle prompt, maintenance, health check (milliseconds), ways (bits),
/// events (0 or 1). What is no number, or no place, chooses nothing.
pub fn choose(settings: &mut Settings, place: u32, number: f64) {
    if !(0.0..=COUNTABLE_MAX).contains(&number) {
        return;
    }
    let length = Millis::from_millis(number as u64);
    match place {
        0 => settings.lead = Some(length),
        1 => settings.idle_lapse = length,
        2 => settings.idle_prompt = Some(length),
        3 => settings.maintenance = length,
        4 => settings.health_check = length,
        5 => settings.ways = Ways::from_bits(number as u8),
        6 => settings.events = !length.is_zero(),
        _ => {}
    }
}

/// The event that the numbers stand for. `None` if they stand for none: nothing is guessed.
#[must_use]
pub fn event(kind: f64, numbers: &Arguments) -> Option<Event> {
    let given = Given::new(numbers);
    let event = match EventKind::numbered(kind)? {
        EventKind::Opened => Event::Opened { hidden: given.flag(0) },
        EventKind::SessionAnswered => {
            Event::SessionAnswered { request: given.request(), answer: given.session_answer() }
        }
        EventKind::TokenAnswered => {
            Event::TokenAnswered { request: given.request(), answer: given.token_answer() }
        }
        EventKind::LogoutAnswered => Event::LogoutAnswered { request: given.request(), done: given.flag(1) },
        EventKind::ReloginAnswered => {
            Event::ReloginAnswered { request: given.request(), answer: given.kind(1) }
        }
        EventKind::DeadlineReached => Event::DeadlineReached,
        EventKind::Shown => Event::Shown,
        EventKind::Hidden => Event::Hidden,
        EventKind::Online => Event::Online,
        EventKind::Restored => Event::Restored,
        EventKind::UserActive => Event::UserActive { gesture: given.flag(0) },
        EventKind::RefreshAsked => Event::RefreshAsked,
        EventKind::LoginAsked => Event::LoginAsked,
        EventKind::LogoutAsked => Event::LogoutAsked,
        EventKind::CallAsked => Event::CallAsked { call: given.call(), provider: given.provider(1) },
        EventKind::CallDenied => Event::CallDenied {
            call: given.call(),
            provider: given.provider(1),
            stamp: given.stamp(2),
            repeated: given.flag(4),
            denial: given.kind(5),
        },
        EventKind::CallCancelled => Event::CallCancelled { call: given.call() },
        EventKind::PeerTold => Event::PeerTold(match given.kind(0) {
            PeerKind::Moved => PeerMessage::Moved {
                stamp: given.stamp(1),
                expires_at: given.at(3),
                lifetime: given.length(4),
            },
            PeerKind::LoggedOut => PeerMessage::LoggedOut { epoch: given.epoch(1) },
            PeerKind::CoolDown => PeerMessage::CoolDown { until: given.at(1), wait: given.length(2) },
            PeerKind::Active => PeerMessage::Active { at: given.at(1), known: given.at(2) },
            PeerKind::Refused => PeerMessage::Refused { stamp: given.stamp(1), left: given.ways(3) },
            PeerKind::Listening => PeerMessage::Listening { tab: given.small(1), until: given.at(2) },
        }),
        EventKind::ProviderTold => {
            Event::ProviderTold { provider: given.provider(0), own: given.flag(1), state: given.kind(2) }
        }
        EventKind::SocketOpened => Event::SocketOpened { shared: given.flag(0) },
        EventKind::SocketClosed => Event::SocketClosed,
        EventKind::SocketTold => Event::SocketTold { news: given.kind(0), stamp: given.stamp(1) },
    };
    given.are_good().then_some(event)
}

/// The numbers of an event, and whether all that were looked at are what they should be.
struct Given<'a> {
    numbers: &'a Arguments,
    good: Cell<bool>,
}

impl<'a> Given<'a> {
    const fn new(numbers: &'a Arguments) -> Self {
        Self { numbers, good: Cell::new(true) }
    }

    const fn are_good(&self) -> bool {
        self.good.get()
    }

    fn number(&self, index: usize) -> f64 {
        self.numbers.get(index).copied().unwrap_or(f64::NAN)
    }

    /// A whole number; of one with parts these are dropped.
    #[inline(never)]
    fn whole(&self, index: usize) -> u64 {
        let number = self.number(index);
        // NaN is in no range.
        if !(0.0..=COUNTABLE_MAX).contains(&number) {
            self.good.set(false);
        }
        number as u64
    }

    /// A whole number of 32 bits.
    #[inline(never)]
    fn small(&self, index: usize) -> u32 {
        let number = self.number(index);
        let small = number as u32;
        // Neither NaN nor a fraction, and nothing out of range, is what it was.
        if f64::from(small) != number {
            self.good.set(false);
        }
        small
    }

    fn kind<K: Numbered>(&self, index: usize) -> K {
        K::numbered(self.number(index)).unwrap_or_else(|| {
            self.good.set(false);
            K::FIRST
        })
    }

    fn flag(&self, index: usize) -> bool {
        let small = self.small(index);
        if small > 1 {
            self.good.set(false);
        }
        small == 1
    }

    /// A length; nothing if it is NaN.
    #[inline(never)]
    fn chosen(&self, index: usize) -> Option<Millis> {
        if self.number(index).is_nan() { None } else { Some(self.length(index)) }
    }

    fn length(&self, index: usize) -> Millis {
        Millis::from_millis(self.whole(index))
    }

    fn at(&self, index: usize) -> Timestamp {
        Timestamp::from_millis(self.whole(index))
    }

    /// Not one that is nearly it.
    #[inline(never)]
    fn epoch(&self, index: usize) -> Epoch {
        let epoch = self.whole(index);
        if epoch as f64 != self.number(index) {
            self.good.set(false);
        }
        Epoch(epoch)
    }

    #[inline(never)]
    fn stamp(&self, index: usize) -> Stamp {
        let generation = self.small(index.saturating_add(1));
        Stamp { epoch: self.epoch(index), generation: Generation(generation) }
    }

    fn ways(&self, index: usize) -> Ways {
        Ways::from_bits(self.small(index) as u8)
    }

    fn request(&self) -> RequestId {
        RequestId(self.small(0))
    }

    fn call(&self) -> CallId {
        CallId(self.small(0))
    }

    fn provider(&self, index: usize) -> ProviderId {
        ProviderId(self.small(index).min(u32::from(u8::MAX)) as u8)
    }

    fn session_answer(&self) -> SessionAnswer {
        match self.kind(1) {
            SessionKind::Active => SessionAnswer::Active(self.token_state()),
            SessionKind::ReauthRequired => {
                SessionAnswer::ReauthRequired { stamp: self.stamp(2), silent: self.ways(4) }
            }
            SessionKind::LoggedOut => SessionAnswer::LoggedOut,
            SessionKind::Failed => SessionAnswer::Failed(self.failed()),
        }
    }

    fn token_answer(&self) -> TokenAnswer {
        match self.kind(1) {
            TokenKind::Current => TokenAnswer::Current(self.token_state()),
            TokenKind::ReauthRequired => TokenAnswer::ReauthRequired { silent: self.ways(2) },
            TokenKind::Ended => TokenAnswer::Ended,
            TokenKind::LoggedOut => TokenAnswer::LoggedOut,
            TokenKind::Failed => TokenAnswer::Failed(self.failed()),
        }
    }

    #[inline(never)]
    fn token_state(&self) -> TokenState {
        TokenState {
            stamp: self.stamp(2),
            expires_in: self.length(4),
            lifetime: self.length(5),
            server_time: self.at(6),
            elapsed: self.length(7),
            idle_left: self.length(8),
            idle_limit: self.length(9),
        }
    }

    /// NaN says that no server asked for a wait, or that the app has no opinion; neither is a mistake.
    #[inline(never)]
    fn failed(&self) -> Failed {
        Failed {
            failure: self.kind(2),
            retry_after: self.chosen(3),
            elapsed: self.length(4),
            advice: match self.number(5) {
                f64::INFINITY => Advice::Never,
                // What an app says beside all sense costs no answer.
                wait if (0.0..=COUNTABLE_MAX).contains(&wait) => {
                    Advice::After(Millis::from_millis(wait as u64))
                }
                _ => Advice::Ours,
            },
        }
    }
}

/// Writes down what a step says.
pub(crate) struct Pen<'a>(pub(crate) &'a mut Vec<f64>);

impl Pen<'_> {
    #[inline(never)]
    fn put(&mut self, number: f64) {
        push(self.0, number);
    }

    fn count(&mut self, number: u64) {
        self.put(number as f64);
    }

    fn small(&mut self, number: u32) {
        self.put(f64::from(number));
    }

    fn deadline(&mut self, at: Option<Timestamp>) {
        let at = at.filter(|at| *at != Timestamp::NEVER);
        self.put(at.map_or(f64::INFINITY, |at| at.as_millis() as f64));
    }

    fn stamp(&mut self, stamp: Stamp) {
        self.count(stamp.epoch.0);
        self.small(stamp.generation.0);
    }

    /// Where the machine stands: state, next deadline (monotonic milliseconds, or infinity); of the token its epoch, generation,
    /// end (monotonic milliseconds) and lifetime, all zero if there is none; failures in a row, health, what takes away from it
    /// (a bit each), presence; the Worker's time minus the monotonic clock and how far that may be wrong, NaN if it is not known;
    /// and when the Worker is asked again by the machine itself (monotonic milliseconds, or infinity).
    pub(crate) fn standing(&mut self, tab: &Tab, now: Timestamp) {
        self.put(number!(tab.state()));
        self.deadline(tab.next_deadline());
        // Also of a session that waits for its user: the app can still say who is asked to log in.
        self.stamp(tab.phase().stamp().unwrap_or_default());
        let hold = tab.phase().hold();
        let (expires_at, lifetime) =
            hold.map_or((0, 0), |hold| (hold.expires_at.as_millis(), hold.lifetime.as_millis()));
        self.count(expires_at);
        self.count(lifetime);
        self.small(tab.failures());
        let health = tab.health();
        self.small(u32::from(health.score));
        self.small(u32::from(health.ailments));
        self.put(number!(tab.presence()));
        let (offset, error) = tab.anchor().map_or((f64::NAN, f64::NAN), |anchor| {
            let offset = anchor.server.as_millis() as f64 - anchor.mono.as_millis() as f64;
            (offset, anchor.error_at(now).as_millis() as f64)
        });
        self.put(offset);
        self.put(error);
        self.deadline(match tab.phase() {
            Phase::Active { refresh_at, .. } if tab.presence() == Presence::Present => Some(*refresh_at),
            Phase::Degraded { retry_at, .. } => *retry_at,
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Active { .. }
            | Phase::Refreshing { .. }
            | Phase::Resuming { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => None,
        });
    }

    /// The row of one effect: its kind, then its numbers, then zeros.
    pub(crate) fn effect(&mut self, effect: Effect) {
        let end = self.0.len().saturating_add(ROW);
        match effect {
            Effect::CheckSession { request } => self.request(EffectKind::CheckSession, request),
            Effect::RequestToken { request, stamp, reason, active_ago } => {
                self.request(EffectKind::RequestToken, request);
                self.stamp(stamp);
                self.put(number!(reason));
                self.put(active_ago.map_or(f64::NAN, |ago| ago.as_millis() as f64));
            }
            Effect::PostLogout { request } => self.request(EffectKind::PostLogout, request),
            Effect::Relogin { request, way } => {
                self.request(EffectKind::Relogin, request);
                self.put(number!(way));
            }
            Effect::Cancel { request } => self.request(EffectKind::Cancel, request),
            Effect::Navigate => self.begin(EffectKind::Navigate),
            Effect::Tell(message) => self.peer(message),
            Effect::OpenSocket => self.begin(EffectKind::OpenSocket),
            Effect::CloseSocket => self.begin(EffectKind::CloseSocket),
            Effect::SendCall { call, stamp } => {
                self.call(EffectKind::SendCall, call);
                self.stamp(stamp);
            }
            Effect::DeliverCall { call } => self.call(EffectKind::DeliverCall, call),
            Effect::RefuseCall { call, refusal } => {
                self.call(EffectKind::RefuseCall, call);
                self.put(number!(refusal));
            }
            Effect::SettleLogout { done } => {
                self.begin(EffectKind::SettleLogout);
                self.small(u32::from(done));
            }
            Effect::Transition { sequence, from, to, reason } => {
                self.begin(EffectKind::Transition);
                self.small(sequence);
                self.put(number!(from));
                self.put(number!(to));
                self.put(number!(reason));
            }
            Effect::ProviderTransition { sequence, provider, from, to, reason } => {
                self.begin(EffectKind::ProviderTransition);
                self.small(sequence);
                self.small(u32::from(provider.0));
                self.put(number!(from));
                self.put(number!(to));
                self.put(number!(reason));
            }
            Effect::Presence { to, left } => {
                self.begin(EffectKind::Presence);
                self.put(number!(to));
                self.count(left.as_millis());
            }
            Effect::Health(_) => self.begin(EffectKind::Health),
        }
        while self.0.len() < end {
            self.put(0.0);
        }
    }

    fn begin(&mut self, kind: EffectKind) {
        self.put(number!(kind));
    }

    fn request(&mut self, kind: EffectKind, request: RequestId) {
        self.begin(kind);
        self.small(request.0);
    }

    fn call(&mut self, kind: EffectKind, call: CallId) {
        self.begin(kind);
        self.small(call.0);
    }

    fn peer(&mut self, message: PeerMessage) {
        self.begin(EffectKind::Tell);
        match message {
            PeerMessage::Moved { stamp, expires_at, lifetime } => {
                self.put(number!(PeerKind::Moved));
                self.stamp(stamp);
                self.count(expires_at.as_millis());
                self.count(lifetime.as_millis());
            }
            PeerMessage::LoggedOut { epoch } => {
                self.put(number!(PeerKind::LoggedOut));
                self.count(epoch.0);
            }
            PeerMessage::CoolDown { until, wait } => {
                self.put(number!(PeerKind::CoolDown));
                self.count(until.as_millis());
                self.count(wait.as_millis());
            }
            PeerMessage::Active { at, known } => {
                self.put(number!(PeerKind::Active));
                self.count(at.as_millis());
                self.count(known.as_millis());
            }
            PeerMessage::Refused { stamp, left } => {
                self.put(number!(PeerKind::Refused));
                self.stamp(stamp);
                self.small(u32::from(left.bits()));
            }
            PeerMessage::Listening { tab, until } => {
                self.put(number!(PeerKind::Listening));
                self.small(tab);
                self.count(until.as_millis());
            }
        }
    }
}
