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

mod effect;
mod event;
mod phase;
mod policy;
mod row;

use alloc::vec::Vec;
use core::mem;

pub use effect::{Answer, Current, Effect, Effects, EndReason, Outcome, ReauthReason};
pub use event::{Ask, AskReason, Event, Granted, Login, TokenAnswer};
pub use phase::{Access, Ended, Intent, Limits, Live, Phase, ReauthRequired};
pub use policy::Policy;
pub use row::{Row, Status};

use crate::id::{CallerId, Generation, RequestId, Stamp};
use crate::retry::{self, Failure};
use crate::schedule;
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

    fn login_committed(&mut self, now: Timestamp, login: Login, effects: &mut Effects) {
        if self.phase != Phase::Vacant {
            // Every login opens a vault of its own, so this one is a repetition or a mistake. A repetition brings what we
            // hold, or the ancestors of what we hold: revoking them would end our own grant. The tokens of a mistake must
            // not live on unseen.
            if self.stamp().is_none_or(|stamp| stamp.epoch != login.epoch) {
                revoke(login.grant.refresh_token, effects);
            }
            return;
        }
        let limits = Limits { active_at: now, absolute_at: now.after(self.policy.absolute_limit) };
        let stamp = Stamp { epoch: login.epoch, generation: Generation::FIRST };
        self.phase = Phase::Live(Live::begin(now, stamp, login, RequestId::default(), limits));
        effects.push(Effect::Persist);
    }

    fn renewal_committed(&mut self, now: Timestamp, caller: CallerId, login: Login, effects: &mut Effects) {
        let (stamp, newest, next_request) = match &self.phase {
            Phase::Live(live) => (live.stamp, live.login, live.next_request),
            Phase::ReauthRequired(waiting) => (waiting.stamp, waiting.login, waiting.next_request),
            Phase::Vacant | Phase::Ended(_) => {
                effects.push(Effect::Answer { caller, answer: self.peek(now) });
                return;
            }
        };
        // A repetition brings a refresh token that may be spent by now: what came of its first delivery is newer.
        if newest < login.epoch {
            // A login is the user, active. The refresh token before it is dropped, not revoked: many authorization servers
            // keep one grant for a user and a client, and revoking the old token would take the new one with it.
            let limits = Limits { active_at: now, absolute_at: now.after(self.policy.absolute_limit) };
            self.phase = Phase::Live(Live::begin(now, stamp.rotated(), login, next_request, limits));
            effects.push(Effect::Persist);
            self.answer_waiters(now, effects);
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now) });
    }

    fn token_asked(&mut self, now: Moment, caller: CallerId, ask: Ask, effects: &mut Effects) {
        let policy = self.policy;
        let Phase::Live(live) = &mut self.phase else {
            effects.push(Effect::Answer { caller, answer: self.peek(now.wall) });
            return;
        };
        let active_at = ask
            .active_ago
            .map_or(live.limits.active_at, |ago| now.wall.before(ago).max(live.limits.active_at));
        if live.intent.is_none() && live.is_due(now.wall, &ask) {
            if now.wall < live.not_before {
                let answer = self.answer_without_rotation(now.wall);
                effects.push(Effect::Answer { caller, answer });
                return;
            }
            let Some(refresh_token) = live.refresh_token.clone() else {
                if live.access.expires_at <= now.wall {
                    self.require_reauth(ReauthReason::NoRefreshToken, effects);
                }
                effects.push(Effect::Answer { caller, answer: self.peek(now.wall) });
                return;
            };
            let request = live.next_request;
            live.next_request = request.next();
            live.attempts = live.attempts.saturating_add(1);
            live.intent = Some(Intent { request, armed_at: now.wall });
            // A write is due anyway: what is known of the user's activity goes with it.
            live.limits.active_at = active_at;
            let waits = ask.reason != AskReason::Call || live.access.expires_at <= now.wall;
            effects.push(Effect::Persist);
            effects.push(Effect::RequestToken { request, refresh_token });
            if waits {
                self.waiters.push(Waiter { caller, until: now.wall.after(policy.caller_wait) });
            } else {
                effects.push(Effect::Answer { caller, answer: self.peek(now.wall) });
            }
            return;
        }
        let alive = now.wall < live.access.expires_at;
        if live.intent.is_some() && (!alive || ask.stamp == Some(live.stamp) && ask.reason.wants_rotation()) {
            self.waiters.push(Waiter { caller, until: now.wall.after(policy.caller_wait) });
            return;
        }
        // Activity alone is written down only when a quarter of the idle limit has passed: rows cost money.
        if active_at.since(live.limits.active_at) >= policy.idle_limit.percent(25)
            && active_at > live.limits.active_at
        {
            live.limits.active_at = active_at;
            effects.push(Effect::Persist);
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now.wall) });
    }

    fn token_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: TokenAnswer,
        effects: &mut Effects,
    ) {
        let granted = matches!(answer, TokenAnswer::Granted(_));
        let live = match &mut self.phase {
            Phase::Live(live) if live.awaits(request) => live,
            // Given up for lost, and yet it came, and nothing newer has: the token it brings is the one there is.
            Phase::Live(live) if granted && live.presented_for(request) => live,
            Phase::Live(_) => {
                effects.push(Effect::Report(Outcome::Late));
                return;
            }
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => {
                // The session went on without it, and nothing that it brings may live on unused.
                effects.push(Effect::Report(Outcome::Late));
                if let TokenAnswer::Granted(grant) = answer {
                    revoke(grant.refresh_token, effects);
                }
                return;
            }
        };
        if live.awaits(request) {
            live.intent = None;
        }
        match answer {
            TokenAnswer::Granted(grant) => {
                let outcome = if live.attempts > 1 { Outcome::Recovered } else { Outcome::Success };
                live.stamp = live.stamp.rotated();
                live.access = Access {
                    token: grant.access_token,
                    expires_at: now.wall.after(grant.expires_in),
                    lifetime: grant.expires_in,
                };
                if let Some(successor) = grant.refresh_token {
                    live.refresh_token = Some(successor);
                }
                live.rotated_at = now.wall;
                // A repetition that is still under way presents the old token; nothing else is sent until it is over, and its
                // refusal would say nothing about the grant.
                live.attempts = if live.intent.is_some() { live.attempts } else { 0 };
                live.not_before = Timestamp::default();
                effects.push(Effect::Persist);
                effects.push(Effect::Report(outcome));
                self.answer_waiters(now.wall, effects);
            }
            TokenAnswer::Failed { failure, retry_after } => {
                self.attempt_failed(now, failure, retry_after, effects)
            }
        }
    }

    /// The token request that was in flight is over and brought nothing.
    fn attempt_failed(
        &mut self,
        now: Moment,
        failure: Failure,
        retry_after: Option<Millis>,
        effects: &mut Effects,
    ) {
        let Phase::Live(live) = &mut self.phase else {
            return;
        };
        let first = live.attempts <= 1;
        let outcome = match failure {
            // Only the first attempt of a generation says something about the grant. A repetition may be refused because an
            // earlier attempt did rotate and its answer was lost.
            Failure::Reauth if first => Outcome::Revoked,
            Failure::Reauth => Outcome::RotationLost,
            Failure::Throttled => Outcome::Throttled,
            Failure::Transient | Failure::Ambiguous => Outcome::Transient,
            Failure::Misconfigured => Outcome::Misconfigured,
        };
        live.intent = None;
        live.not_before = now.wall.after(retry::wait(retry_after, live.attempts, now.entropy));
        match outcome {
            Outcome::Revoked => self.require_reauth(ReauthReason::Revoked, effects),
            Outcome::RotationLost => self.require_reauth(ReauthReason::RotationLost, effects),
            Outcome::Success
            | Outcome::Recovered
            | Outcome::Throttled
            | Outcome::Transient
            | Outcome::Misconfigured
            | Outcome::Late => effects.push(Effect::Persist),
        }
        effects.push(Effect::Report(outcome));
        self.answer_waiters(now.wall, effects);
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

    fn require_reauth(&mut self, reason: ReauthReason, effects: &mut Effects) {
        if let Phase::Live(live) = &self.phase {
            self.phase = Phase::ReauthRequired(ReauthRequired {
                stamp: live.stamp,
                login: live.login,
                reason,
                next_request: live.next_request,
                limits: live.limits,
            });
            effects.push(Effect::Persist);
        }
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

impl Live {
    fn begin(
        now: Timestamp,
        stamp: Stamp,
        Login { epoch, grant }: Login,
        next_request: RequestId,
        limits: Limits,
    ) -> Self {
        Self {
            stamp,
            login: epoch,
            access: Access {
                token: grant.access_token,
                expires_at: now.after(grant.expires_in),
                lifetime: grant.expires_in,
            },
            refresh_token: grant.refresh_token,
            rotated_at: now,
            intent: None,
            attempts: 0,
            not_before: Timestamp::default(),
            next_request,
            limits,
        }
    }

    /// Whether this is the open token request.
    fn awaits(&self, request: RequestId) -> bool {
        self.intent.is_some_and(|intent| intent.request == request)
    }

    /// Whether this request presented the refresh token of this generation.
    const fn presented_for(&self, request: RequestId) -> bool {
        // Names are given in order, so the last so many belong to this generation.
        let back = self.next_request.0.wrapping_sub(request.0);
        1 <= back && back <= self.attempts
    }

    /// Whether this question asks for a rotation and may have one: the caller holds the current token, and either the token
    /// is near its end, or the caller has a reason of its own and this generation is not too young.
    fn is_due(&self, now: Timestamp, ask: &Ask) -> bool {
        if ask.stamp != Some(self.stamp) {
            return false;
        }
        let near_end = now.until(self.access.expires_at) <= schedule::vault_lead(self.access.lifetime);
        let settled = now.since(self.rotated_at) >= schedule::INTERVAL_MIN;
        match ask.reason {
            AskReason::Deadline | AskReason::Resume | AskReason::Call => near_end,
            AskReason::Unauthorized | AskReason::Forced => near_end || settled,
            AskReason::Activity => false,
        }
    }
}

impl AskReason {
    /// Whether a question for this reason is better answered after the rotation that is under way.
    const fn wants_rotation(self) -> bool {
        match self {
            Self::Deadline | Self::Unauthorized | Self::Forced | Self::Resume => true,
            Self::Activity | Self::Call => false,
        }
    }
}

fn revoke(refresh_token: Option<RefreshToken>, effects: &mut Effects) {
    if let Some(refresh_token) = refresh_token {
        effects.push(Effect::Revoke { refresh_token });
    }
}
