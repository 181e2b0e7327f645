//! Events from numbers, and numbers from effects.

use everlit_core::id::{CallId, RequestId};
use everlit_core::tab::{Effect, Event, PeerMessage, Phase, SessionAnswer, Tab, TokenAnswer, TokenState};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::{Epoch, Generation, Stamp};

use crate::abi::{
    self, ARGUMENTS, EffectKind, EventKind, Numbered as _, PeerKind, ROW, SessionKind, TokenKind,
};

/// The largest whole number that JavaScript counts to without gaps.
const COUNTABLE_MAX: f64 = 9_007_199_254_740_991.0;

/// The numbers of one event.
pub type Arguments = [f64; ARGUMENTS];

/// Both clocks and entropy, unless one of them is no number.
#[must_use]
pub fn moment(wall: f64, mono: f64, entropy: u32) -> Option<Moment> {
    Some(Moment {
        wall: Timestamp::from_millis(millis(wall)?),
        mono: Timestamp::from_millis(millis(mono)?),
        entropy,
    })
}

/// The event that the numbers stand for. `None` if they stand for none: nothing is guessed.
#[must_use]
pub fn event(kind: f64, [a, b, c, d, e, f]: Arguments) -> Option<Event> {
    Some(match EventKind::numbered(kind)? {
        EventKind::Opened => Event::Opened,
        EventKind::SessionAnswered => {
            Event::SessionAnswered { request: RequestId(small(a)?), answer: session_answer(b, [c, d, e, f])? }
        }
        EventKind::TokenAnswered => {
            Event::TokenAnswered { request: RequestId(small(a)?), answer: token_answer(b, [c, d, e, f])? }
        }
        EventKind::LogoutAnswered => Event::LogoutAnswered { request: RequestId(small(a)?), done: flag(b)? },
        EventKind::DeadlineReached => Event::DeadlineReached,
        EventKind::Nudged => Event::Nudged,
        EventKind::Restored => Event::Restored,
        EventKind::RefreshAsked => Event::RefreshAsked,
        EventKind::LoginAsked => Event::LoginAsked,
        EventKind::LogoutAsked => Event::LogoutAsked,
        EventKind::CallAsked => Event::CallAsked { call: CallId(small(a)?) },
        EventKind::CallDenied => Event::CallDenied {
            call: CallId(small(a)?),
            stamp: stamp(b, c)?,
            repeated: flag(d)?,
            denial: everlit_core::tab::Denial::numbered(e)?,
        },
        EventKind::CallCancelled => Event::CallCancelled { call: CallId(small(a)?) },
        EventKind::PeerTold => Event::PeerTold(match PeerKind::numbered(a)? {
            PeerKind::Moved => PeerMessage::Moved {
                stamp: stamp(b, c)?,
                expires_at: Timestamp::from_millis(millis(d)?),
                lifetime: Millis::from_millis(millis(e)?),
            },
            PeerKind::LoggedOut => PeerMessage::LoggedOut { epoch: Epoch(whole(b)?) },
        }),
    })
}

fn session_answer(kind: f64, [a, b, c, d]: [f64; 4]) -> Option<SessionAnswer> {
    Some(match SessionKind::numbered(kind)? {
        SessionKind::Active => SessionAnswer::Active(token_state([a, b, c, d])?),
        SessionKind::ReauthRequired => SessionAnswer::ReauthRequired(stamp(a, b)?),
        SessionKind::LoggedOut => SessionAnswer::LoggedOut,
        SessionKind::Failed => SessionAnswer::Failed {
            failure: everlit_core::retry::Failure::numbered(a)?,
            retry_after: wait(b)?,
        },
    })
}

fn token_answer(kind: f64, [a, b, c, d]: [f64; 4]) -> Option<TokenAnswer> {
    Some(match TokenKind::numbered(kind)? {
        TokenKind::Current => TokenAnswer::Current(token_state([a, b, c, d])?),
        TokenKind::ReauthRequired => TokenAnswer::ReauthRequired,
        TokenKind::Ended => TokenAnswer::Ended,
        TokenKind::LoggedOut => TokenAnswer::LoggedOut,
        TokenKind::Failed => {
            TokenAnswer::Failed { failure: everlit_core::retry::Failure::numbered(a)?, retry_after: wait(b)? }
        }
    })
}

fn token_state([epoch, generation, expires_in, lifetime]: [f64; 4]) -> Option<TokenState> {
    Some(TokenState {
        stamp: stamp(epoch, generation)?,
        expires_in: Millis::from_millis(millis(expires_in)?),
        lifetime: Millis::from_millis(millis(lifetime)?),
    })
}

fn stamp(epoch: f64, generation: f64) -> Option<Stamp> {
    Some(Stamp { epoch: Epoch(whole(epoch)?), generation: Generation(small(generation)?) })
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

fn flag(number: f64) -> Option<bool> {
    match small(number)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// A wait that a server may have asked for. NaN says that it did not, which is no mistake.
fn wait(number: f64) -> Option<Option<Millis>> {
    if number.is_nan() { Some(None) } else { Some(Some(Millis::from_millis(millis(number)?))) }
}

/// Where the machine stands: state, next deadline (monotonic milliseconds, or infinity), and of the token its epoch,
/// generation, end (monotonic milliseconds) and lifetime, all zero if there is none.
#[must_use]
pub fn standing(tab: &Tab) -> [f64; ROW] {
    let deadline = tab.next_deadline().map_or(f64::INFINITY, |deadline| deadline.as_millis() as f64);
    let hold = tab.phase().hold();
    let (expires_at, lifetime) =
        hold.map_or((0, 0), |hold| (hold.expires_at.as_millis(), hold.lifetime.as_millis()));
    let stamp = match tab.phase() {
        // What it was, so that the app can still say who is asked to log in.
        Phase::ReauthRequired { stamp } => *stamp,
        Phase::LoggedOut { .. }
        | Phase::LoggingIn { .. }
        | Phase::Active { .. }
        | Phase::Refreshing { .. }
        | Phase::Resuming { .. }
        | Phase::Degraded { .. }
        | Phase::Ended { .. } => tab.stamp().unwrap_or_default(),
    };
    let (epoch, generation) = numbers(stamp);
    [abi::state(tab.state()), deadline, epoch, generation, expires_at as f64, lifetime as f64]
}

/// The row of one effect: its kind, then its numbers.
#[must_use]
pub fn effect(effect: Effect) -> [f64; ROW] {
    let (kind, [a, b, c, d, e]) = match effect {
        Effect::CheckSession { request } => (EffectKind::CheckSession, one(request.0)),
        Effect::RequestToken { request, stamp, reason } => {
            let (epoch, generation) = numbers(stamp);
            (
                EffectKind::RequestToken,
                [f64::from(request.0), epoch, generation, abi::ask_reason(reason), 0.0],
            )
        }
        Effect::PostLogout { request } => (EffectKind::PostLogout, one(request.0)),
        Effect::Cancel { request } => (EffectKind::Cancel, one(request.0)),
        Effect::Navigate => (EffectKind::Navigate, one(0)),
        Effect::Tell(PeerMessage::Moved { stamp, expires_at, lifetime }) => {
            let (epoch, generation) = numbers(stamp);
            let (expires_at, lifetime) = (expires_at.as_millis() as f64, lifetime.as_millis() as f64);
            (EffectKind::Tell, [PeerKind::Moved.number(), epoch, generation, expires_at, lifetime])
        }
        Effect::Tell(PeerMessage::LoggedOut { epoch }) => {
            (EffectKind::Tell, [PeerKind::LoggedOut.number(), epoch.0 as f64, 0.0, 0.0, 0.0])
        }
        Effect::SendCall { call, stamp } => {
            let (epoch, generation) = numbers(stamp);
            (EffectKind::SendCall, [f64::from(call.0), epoch, generation, 0.0, 0.0])
        }
        Effect::DeliverCall { call } => (EffectKind::DeliverCall, one(call.0)),
        Effect::RefuseCall { call, refusal } => {
            (EffectKind::RefuseCall, [f64::from(call.0), abi::refusal(refusal), 0.0, 0.0, 0.0])
        }
        Effect::SettleLogout { done } => (EffectKind::SettleLogout, one(u32::from(done))),
        Effect::Transition { sequence, from, to, reason } => (
            EffectKind::Transition,
            [f64::from(sequence), abi::state(from), abi::state(to), abi::reason(reason), 0.0],
        ),
    };
    [kind.number(), a, b, c, d, e]
}

fn one(number: u32) -> [f64; 5] {
    [f64::from(number), 0.0, 0.0, 0.0, 0.0]
}

fn numbers(stamp: Stamp) -> (f64, f64) {
    (stamp.epoch.0 as f64, f64::from(stamp.generation.0))
}
