//! Events from numbers, and numbers from effects.

use everlit_core::id::{CallId, RequestId};
use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::{
    Denial, Effect, Event, Failed, News, PeerMessage, Phase, Presence, ProviderId, ProviderState,
    ReloginAnswer, SessionAnswer, Settings, Tab, TokenAnswer, TokenState, Ways,
};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::{Epoch, Generation, Stamp};

use crate::abi::{
    ARGUMENTS, EffectKind, EventKind, Numbered as _, PeerKind, ROW, STANDING, SessionKind, TokenKind,
};
use crate::number;

/// The largest whole number that JavaScript counts to without gaps.
const COUNTABLE_MAX: f64 = 9_007_199_254_740_991.0;

/// The numbers of one event.
pub type Arguments = [f64; ARGUMENTS];

/// Both clocks and entropy, unless one of them is no number.
#[must_use]
pub fn moment(wall: f64, mono: f64, entropy: u32) -> Option<Moment> {
    Some(Moment { wall: at(wall)?, mono: at(mono)?, entropy })
}

/// What an app may choose; what is no number is as it is without a choice.
#[must_use]
pub fn settings(
    [lead, idle_lapse, idle_prompt, maintenance, health_check, ways, events]: [f64; 7],
) -> Settings {
    let default = Settings::DEFAULT;
    Settings {
        lead: length(lead).or(default.lead),
        idle_lapse: length(idle_lapse).unwrap_or(default.idle_lapse),
        idle_prompt: length(idle_prompt).or(default.idle_prompt),
        maintenance: length(maintenance).unwrap_or(default.maintenance),
        health_check: length(health_check).unwrap_or(default.health_check),
        ways: byte(ways).map_or(default.ways, Ways::from_bits),
        events: flag(events).unwrap_or(default.events),
    }
}

/// The event that the numbers stand for. `None` if they stand for none: nothing is guessed.
#[must_use]
pub fn event(kind: f64, numbers: Arguments) -> Option<Event> {
    let [a, b, c, d, e, f, ..] = numbers;
    Some(match EventKind::numbered(kind)? {
        EventKind::Opened => Event::Opened { hidden: flag(a)? },
        EventKind::SessionAnswered => {
            Event::SessionAnswered { request: request(a)?, answer: session_answer(numbers)? }
        }
        EventKind::TokenAnswered => {
            Event::TokenAnswered { request: request(a)?, answer: token_answer(numbers)? }
        }
        EventKind::LogoutAnswered => Event::LogoutAnswered { request: request(a)?, done: flag(b)? },
        EventKind::ReloginAnswered => {
            Event::ReloginAnswered { request: request(a)?, answer: ReloginAnswer::numbered(b)? }
        }
        EventKind::DeadlineReached => Event::DeadlineReached,
        EventKind::Shown => Event::Shown,
        EventKind::Hidden => Event::Hidden,
        EventKind::Online => Event::Online,
        EventKind::Restored => Event::Restored,
        EventKind::UserActive => Event::UserActive { gesture: flag(a)? },
        EventKind::RefreshAsked => Event::RefreshAsked,
        EventKind::LoginAsked => Event::LoginAsked,
        EventKind::LogoutAsked => Event::LogoutAsked,
        EventKind::CallAsked => Event::CallAsked { call: CallId(small(a)?), provider: provider(b)? },
        EventKind::CallDenied => Event::CallDenied {
            call: CallId(small(a)?),
            provider: provider(b)?,
            stamp: stamp(c, d)?,
            repeated: flag(e)?,
            denial: Denial::numbered(f)?,
        },
        EventKind::CallCancelled => Event::CallCancelled { call: CallId(small(a)?) },
        EventKind::PeerTold => Event::PeerTold(match PeerKind::numbered(a)? {
            PeerKind::Moved => {
                PeerMessage::Moved { stamp: stamp(b, c)?, expires_at: at(d)?, lifetime: length(e)? }
            }
            PeerKind::LoggedOut => PeerMessage::LoggedOut { epoch: Epoch(whole(b)?) },
            PeerKind::CoolDown => PeerMessage::CoolDown { until: at(b)? },
            PeerKind::Active => PeerMessage::Active { at: at(b)?, known: at(c)? },
            PeerKind::Refused => PeerMessage::Refused { stamp: stamp(b, c)?, left: ways(d)? },
            PeerKind::Listening => PeerMessage::Listening { tab: small(b)?, until: at(c)? },
        }),
        EventKind::ProviderTold => {
            Event::ProviderTold { provider: provider(a)?, own: flag(b)?, state: ProviderState::numbered(c)? }
        }
        EventKind::SocketOpened => Event::SocketOpened { shared: flag(a)? },
        EventKind::SocketClosed => Event::SocketClosed,
        EventKind::SocketTold => Event::SocketTold { news: News::numbered(a)?, stamp: stamp(b, c)? },
    })
}

fn session_answer(numbers: Arguments) -> Option<SessionAnswer> {
    let [_, kind, a, b, c, ..] = numbers;
    Some(match SessionKind::numbered(kind)? {
        SessionKind::Active => SessionAnswer::Active(token_state(numbers)?),
        SessionKind::ReauthRequired => {
            SessionAnswer::ReauthRequired { stamp: stamp(a, b)?, silent: ways(c)? }
        }
        SessionKind::LoggedOut => SessionAnswer::LoggedOut,
        SessionKind::Failed => SessionAnswer::Failed(failed(numbers)?),
    })
}

fn token_answer(numbers: Arguments) -> Option<TokenAnswer> {
    let [_, kind, a, ..] = numbers;
    Some(match TokenKind::numbered(kind)? {
        TokenKind::Current => TokenAnswer::Current(token_state(numbers)?),
        TokenKind::ReauthRequired => TokenAnswer::ReauthRequired { silent: ways(a)? },
        TokenKind::Ended => TokenAnswer::Ended,
        TokenKind::LoggedOut => TokenAnswer::LoggedOut,
        TokenKind::Failed => TokenAnswer::Failed(failed(numbers)?),
    })
}

fn token_state(
    [_, _, epoch, generation, expires_in, lifetime, time, elapsed, left, limit]: Arguments,
) -> Option<TokenState> {
    Some(TokenState {
        stamp: stamp(epoch, generation)?,
        expires_in: length(expires_in)?,
        lifetime: length(lifetime)?,
        server_time: at(time)?,
        elapsed: length(elapsed)?,
        idle_left: length(left)?,
        idle_limit: length(limit)?,
    })
}

/// NaN says that no server asked for a wait, which is no mistake.
fn failed([_, _, failure, wait, elapsed, advice, ..]: Arguments) -> Option<Failed> {
    Some(Failed {
        failure: Failure::numbered(failure)?,
        retry_after: if wait.is_nan() { None } else { Some(length(wait)?) },
        elapsed: length(elapsed)?,
        // Whatever else an app's function gives is no opinion: the answer itself is good.
        advice: if advice == f64::INFINITY {
            Advice::Never
        } else {
            length(advice).map_or(Advice::Ours, Advice::After)
        },
    })
}

fn request(number: f64) -> Option<RequestId> {
    small(number).map(RequestId)
}

fn provider(number: f64) -> Option<ProviderId> {
    byte(number).map(ProviderId)
}

fn ways(number: f64) -> Option<Ways> {
    byte(number).map(Ways::from_bits)
}

fn stamp(epoch: f64, generation: f64) -> Option<Stamp> {
    Some(Stamp { epoch: Epoch(whole(epoch)?), generation: Generation(small(generation)?) })
}

fn length(number: f64) -> Option<Millis> {
    millis(number).map(Millis::from_millis)
}

fn at(number: f64) -> Option<Timestamp> {
    millis(number).map(Timestamp::from_millis)
}

/// A length or point in time: parts of a millisecond are dropped.
fn millis(number: f64) -> Option<u64> {
    // NaN is in no range.
    (0.0..=COUNTABLE_MAX).contains(&number).then_some(number as u64)
}

fn whole(number: f64) -> Option<u64> {
    millis(number).filter(|whole| *whole as f64 == number)
}

fn small(number: f64) -> Option<u32> {
    whole(number)?.try_into().ok()
}

fn byte(number: f64) -> Option<u8> {
    whole(number)?.try_into().ok()
}

fn flag(number: f64) -> Option<bool> {
    match small(number)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// Where the machine stands: state, next deadline (monotonic milliseconds, or infinity); of the token its epoch, generation,
/// end (monotonic milliseconds) and lifetime, all zero if there is none; failures in a row, health, what takes away from it (a
/// bit each), presence; the Worker's time minus the monotonic clock and how far that may be wrong, NaN if it is not known; and
/// when the Worker is asked again by the machine itself (monotonic milliseconds, or infinity).
#[must_use]
pub fn standing(tab: &Tab, now: Timestamp) -> [f64; STANDING] {
    let hold = tab.phase().hold();
    let (expires_at, lifetime) =
        hold.map_or((0, 0), |hold| (hold.expires_at.as_millis(), hold.lifetime.as_millis()));
    // Also of a session that waits for its user: the app can still say who is asked to log in.
    let (epoch, generation) = numbers(tab.phase().stamp().unwrap_or_default());
    let (offset, error) = tab.anchor().map_or((f64::NAN, f64::NAN), |anchor| {
        let offset = anchor.server.as_millis() as f64 - anchor.mono.as_millis() as f64;
        (offset, anchor.error_at(now).as_millis() as f64)
    });
    let asks_at = match tab.phase() {
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
    };
    let health = tab.health();
    [
        number!(tab.state()),
        deadline(tab.next_deadline()),
        epoch,
        generation,
        expires_at as f64,
        lifetime as f64,
        f64::from(tab.failures()),
        f64::from(health.score),
        f64::from(health.ailments),
        number!(tab.presence()),
        offset,
        error,
        deadline(asks_at),
    ]
}

fn deadline(at: Option<Timestamp>) -> f64 {
    at.map_or(f64::INFINITY, |at| at.as_millis() as f64)
}

/// The row of one effect: its kind, then its numbers.
#[must_use]
pub fn effect(effect: Effect) -> [f64; ROW] {
    let (kind, [a, b, c, d, e]) = match effect {
        Effect::CheckSession { request } => (EffectKind::CheckSession, one(request.0)),
        Effect::RequestToken { request, stamp, reason, active_ago } => {
            let (epoch, generation) = numbers(stamp);
            let ago = active_ago.map_or(f64::NAN, |ago| ago.as_millis() as f64);
            (EffectKind::RequestToken, [f64::from(request.0), epoch, generation, number!(reason), ago])
        }
        Effect::PostLogout { request } => (EffectKind::PostLogout, one(request.0)),
        Effect::Relogin { request, way } => {
            (EffectKind::Relogin, [f64::from(request.0), number!(way), 0.0, 0.0, 0.0])
        }
        Effect::Cancel { request } => (EffectKind::Cancel, one(request.0)),
        Effect::Navigate => (EffectKind::Navigate, one(0)),
        Effect::Tell(message) => (EffectKind::Tell, peer(message)),
        Effect::OpenSocket => (EffectKind::OpenSocket, one(0)),
        Effect::CloseSocket => (EffectKind::CloseSocket, one(0)),
        Effect::SendCall { call, stamp } => {
            let (epoch, generation) = numbers(stamp);
            (EffectKind::SendCall, [f64::from(call.0), epoch, generation, 0.0, 0.0])
        }
        Effect::DeliverCall { call } => (EffectKind::DeliverCall, one(call.0)),
        Effect::RefuseCall { call, refusal } => {
            (EffectKind::RefuseCall, [f64::from(call.0), number!(refusal), 0.0, 0.0, 0.0])
        }
        Effect::SettleLogout { done } => (EffectKind::SettleLogout, one(u32::from(done))),
        Effect::Transition { sequence, from, to, reason } => {
            (EffectKind::Transition, [f64::from(sequence), number!(from), number!(to), number!(reason), 0.0])
        }
        Effect::ProviderTransition { sequence, provider, from, to, reason } => (
            EffectKind::ProviderTransition,
            [f64::from(sequence), f64::from(provider.0), number!(from), number!(to), number!(reason)],
        ),
        Effect::Presence { to, left } => {
            (EffectKind::Presence, [number!(to), left.as_millis() as f64, 0.0, 0.0, 0.0])
        }
        Effect::Health(_) => (EffectKind::Health, one(0)),
    };
    [kind.number(), a, b, c, d, e]
}

fn peer(message: PeerMessage) -> [f64; 5] {
    let (kind, [a, b, c, d]) = match message {
        PeerMessage::Moved { stamp, expires_at, lifetime } => {
            let (epoch, generation) = numbers(stamp);
            (PeerKind::Moved, [epoch, generation, expires_at.as_millis() as f64, lifetime.as_millis() as f64])
        }
        PeerMessage::LoggedOut { epoch } => (PeerKind::LoggedOut, [epoch.0 as f64, 0.0, 0.0, 0.0]),
        PeerMessage::CoolDown { until } => (PeerKind::CoolDown, [until.as_millis() as f64, 0.0, 0.0, 0.0]),
        PeerMessage::Active { at, known } => {
            (PeerKind::Active, [at.as_millis() as f64, known.as_millis() as f64, 0.0, 0.0])
        }
        PeerMessage::Refused { stamp, left } => {
            let (epoch, generation) = numbers(stamp);
            (PeerKind::Refused, [epoch, generation, f64::from(left.bits()), 0.0])
        }
        PeerMessage::Listening { tab, until } => {
            (PeerKind::Listening, [f64::from(tab), until.as_millis() as f64, 0.0, 0.0])
        }
    };
    [kind.number(), a, b, c, d]
}

fn one(number: u32) -> [f64; 5] {
    [f64::from(number), 0.0, 0.0, 0.0, 0.0]
}

fn numbers(stamp: Stamp) -> (f64, f64) {
    (stamp.epoch.0 as f64, f64::from(stamp.generation.0))
}
