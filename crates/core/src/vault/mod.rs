//! The vault machine: one per grant, at the edge.
//!
//! It holds the tokens and decides the one question that matters: *may the refresh token be spent now?* Whatever callers
//! race, repeat or come late, a refresh token is presented by one request at a time, a new token is durable before anybody
//! sees it, and a session ends only when its user or a limit ends it.
//!
//! A driver loads the machine from its row at the start of a turn ([`Vault::load`]), steps it, and writes the row back
//! when told to ([`Effect::Persist`]). Only the callers that wait for an answer live in memory alone.
//!
//! ```
//! use everlit_core::id::CallerId;
//! use everlit_core::secret::Secret;
//! use everlit_core::time::{Millis, Moment, Timestamp};
//! use everlit_core::vault::{Answer, Ask, AskReason, Effect, Event, Granted, Login, Policy, TokenAnswer, Vault};
//! use everlit_core::Epoch;
//!
//! let at = |seconds: u64| {
//!     let wall = Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000);
//!     Moment { wall, mono: wall, entropy: 7 }
//! };
//! let grant = |n: u32| Granted {
//!     access_token: Secret::new(format!("access-{n}")),
//!     expires_in: Millis::from_secs(60),
//!     refresh_token: Some(Secret::new(format!("refresh-{n}"))),
//! };
//! let mut vault = Vault::new(Policy::default());
//! let login = Login { epoch: Epoch(1_790_000_000_000), grant: grant(1) };
//! let _ = vault.step(at(0), Event::LoginCommitted(login));
//!
//! // Two tabs ask near the end of the token's life: one request leaves, made durable first.
//! let ask = Ask { stamp: vault.stamp(), reason: AskReason::Deadline, active_ago: None };
//! let first = vault.step(at(50), Event::TokenAsked { caller: CallerId(1), ask });
//! let second = vault.step(at(50), Event::TokenAsked { caller: CallerId(2), ask });
//! let [Effect::Persist, Effect::RequestToken { request, .. }] = first.iter().as_slice() else { panic!() };
//! assert!(second.iter().as_slice().is_empty());
//!
//! // Its answer is durable before both are told.
//! let answer = TokenAnswer::Granted(grant(2));
//! let effects = vault.step(at(51), Event::TokenAnswered { request: *request, answer });
//! let told = effects.iter().filter(|effect| matches!(effect, Effect::Answer { answer: Answer::Current(_), .. }));
//! assert_eq!(effects.iter().next(), Some(&Effect::Persist));
//! assert_eq!(told.count(), 2);
//! ```

mod answers;
mod asks;
mod effect;
mod event;
mod grace;
mod logins;
mod phase;
mod policy;
mod row;

use alloc::vec::Vec;
use core::mem;

pub use effect::{Answer, Current, Effect, Effects, EndReason, Outcome, ReauthReason};
pub use event::{Ask, AskReason, Event, Granted, Login, TokenAnswer};
pub use grace::{Blast, Depth, GraceProfile, Replay, Verdict, Window};
pub use phase::{Access, Ended, Intent, Limits, Live, Phase, ReauthRequired};
pub use policy::Policy;
pub use row::{Row, Status};

use crate::id::{CallerId, Stamp};
use crate::retry::{self, Failure};
use crate::secret::RefreshToken;
use crate::time::{Millis, Moment, Timestamp};

/// How long the last trace of an ended session is kept, so that late callers learn why it is over.
const TRACE_KEPT: Millis = Millis::from_days(1);

/// A caller that waits for a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Waiter {
    caller: CallerId,
    until: Timestamp,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vault {
    policy: Policy,
    phase: Phase,
    waiters: Vec<Waiter>,
}

impl Vault {
    /// A vault without a login.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy, phase: Phase::Vacant, waiters: Vec::new() }
    }

    /// A vault as its row left it.
    #[must_use]
    pub fn load(policy: Policy, row: Row) -> Self {
        Self { policy, phase: row.into_phase(), waiters: Vec::new() }
    }

    /// What to write down: all of the machine but those who wait.
    #[must_use]
    pub fn row(&self) -> Row {
        Row::of(&self.phase)
    }

    /// Where the vault stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The newest token this vault knows of.
    #[must_use]
    pub const fn stamp(&self) -> Option<Stamp> {
        match &self.phase {
            Phase::Vacant => None,
            Phase::Live(live) => Some(live.stamp),
            Phase::ReauthRequired(waiting) => Some(waiting.stamp),
            Phase::Ended(ended) => Some(ended.stamp),
        }
    }

    /// What a caller would be told at `now` if it asked for nothing but news. Changes nothing and sends nothing.
    #[must_use]
    pub fn peek(&self, now: Timestamp) -> Answer {
        match &self.phase {
            Phase::Vacant => Answer::LoggedOut,
            Phase::Live(live) => match live.limits.ended(&self.policy, now) {
                Some(reason) => Answer::Ended(reason),
                None => self.current(live, now),
            },
            Phase::ReauthRequired(waiting) => match waiting.limits.ended(&self.policy, now) {
                Some(reason) => Answer::Ended(reason),
                None => Answer::ReauthRequired(waiting.reason),
            },
            Phase::Ended(ended) => Answer::Ended(ended.reason),
        }
    }

    /// The next time at which something is due with no event before it.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let waiting = self.waiters.iter().map(|waiter| waiter.until).min();
        [waiting, self.next_alarm()].into_iter().flatten().min()
    }

    /// The part of [`Vault::next_deadline`] that must survive a restart. Waiting callers do not, so their limits are not in
    /// it: a driver keeps those with a timer that lives as long as they do.
    #[must_use]
    pub fn next_alarm(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Vacant => None,
            Phase::Live(live) => {
                let ends_at = live.limits.ends_at(&self.policy);
                Some(live.intent.map_or(ends_at, |intent| ends_at.min(self.lost_at(intent))))
            }
            Phase::ReauthRequired(waiting) => Some(waiting.limits.ends_at(&self.policy)),
            Phase::Ended(ended) => Some(ended.forget_at),
        }
    }

    /// Takes one event and says what to do.
    ///
    /// Total: every event is accepted in every state. An answer that comes after the session moved on changes nothing; if the
    /// session is over, the refresh token it brings is revoked.
    pub fn step(&mut self, now: Moment, event: Event) -> Effects {
        let mut effects = Effects::none();
        self.end_by_limit(now.wall, &mut effects);
        match event {
            Event::LoginCommitted(login) => self.login_committed(now.wall, login, &mut effects),
            Event::RenewalCommitted { caller, login } => {
                self.renewal_committed(now.wall, caller, login, &mut effects);
            }
            Event::TokenAsked { caller, ask } => self.token_asked(now, caller, ask, &mut effects),
            Event::TokenAnswered { request, answer } => {
                self.token_answered(now, request, answer, &mut effects)
            }
            Event::LogoutAsked { caller } => self.logout_asked(now.wall, caller, &mut effects),
            Event::DeadlineReached => self.deadline_reached(now, &mut effects),
        }
        effects
    }

    fn logout_asked(&mut self, now: Timestamp, caller: CallerId, effects: &mut Effects) {
        match &mut self.phase {
            Phase::Live(_) | Phase::ReauthRequired(_) => self.end(now, EndReason::Logout, effects),
            Phase::Vacant | Phase::Ended(_) => {}
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now) });
    }

    fn deadline_reached(&mut self, now: Moment, effects: &mut Effects) {
        match &self.phase {
            Phase::Live(live) => {
                if live.intent.is_some_and(|intent| self.lost_at(intent) <= now.wall) {
                    // Also after a restart that took the request with it. It may have been carried out.
                    self.attempt_failed(now, Failure::Ambiguous, None, effects);
                }
            }
            Phase::Ended(ended) if ended.forget_at <= now.wall => {
                self.phase = Phase::Vacant;
                effects.push(Effect::Forget);
            }
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => {}
        }
        let due: Vec<Waiter> =
            self.waiters.iter().filter(|waiter| waiter.until <= now.wall).copied().collect();
        self.waiters.retain(|waiter| waiter.until > now.wall);
        for Waiter { caller, .. } in due {
            effects.push(Effect::Answer { caller, answer: self.answer_without_rotation(now.wall) });
        }
    }

    /// Every step begins here: a limit that has passed rules, whether or not its alarm came.
    fn end_by_limit(&mut self, now: Timestamp, effects: &mut Effects) {
        let limits = match &self.phase {
            Phase::Live(live) => live.limits,
            Phase::ReauthRequired(waiting) => waiting.limits,
            Phase::Vacant | Phase::Ended(_) => return,
        };
        if let Some(reason) = limits.ended(&self.policy, now) {
            self.end(now, reason, effects);
        }
    }

    fn end(&mut self, now: Timestamp, reason: EndReason, effects: &mut Effects) {
        let Some(stamp) = self.stamp() else { return };
        let ended = Phase::Ended(Ended { stamp, reason, forget_at: now.after(TRACE_KEPT) });
        let before = mem::replace(&mut self.phase, ended);
        effects.push(Effect::Persist);
        if let Phase::Live(live) = before {
            revoke(live.refresh_token, effects);
        }
        self.answer_waiters(now, effects);
    }

    fn answer_waiters(&mut self, now: Timestamp, effects: &mut Effects) {
        for Waiter { caller, .. } in mem::take(&mut self.waiters) {
            effects.push(Effect::Answer { caller, answer: self.answer_without_rotation(now) });
        }
    }

    /// What a caller gets that would have liked a new token: the one there is while it lives, else when to come back.
    fn answer_without_rotation(&self, now: Timestamp) -> Answer {
        match &self.phase {
            Phase::Live(live) if live.access.expires_at <= now => {
                let wait = now.until(live.not_before);
                Answer::RetryAfter(wait.max(retry::BACKOFF_MIN))
            }
            Phase::Vacant | Phase::Live(_) | Phase::ReauthRequired(_) | Phase::Ended(_) => self.peek(now),
        }
    }

    fn current(&self, live: &Live, now: Timestamp) -> Answer {
        Answer::Current(Current {
            stamp: live.stamp,
            access_token: live.access.token.clone(),
            expires_in: now.until(live.access.expires_at),
            lifetime: live.access.lifetime,
            idle_left: now.until(live.limits.idle_at(&self.policy)),
            absolute_left: now.until(live.limits.absolute_at),
        })
    }

    const fn lost_at(&self, intent: Intent) -> Timestamp {
        intent.armed_at.after(self.policy.request_limit)
    }
}

fn revoke(refresh_token: Option<RefreshToken>, effects: &mut Effects) {
    if let Some(refresh_token) = refresh_token {
        effects.push(Effect::Revoke { refresh_token });
    }
}
