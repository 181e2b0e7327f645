//! The vault machine: one per grant, at the edge.
//!
//! It holds the tokens and decides the one question that matters: *may the refresh token be spent now?* Whatever callers
//! race, repeat or come late, a refresh token is presented by one request at a time, a new token is durable before anybody
//! sees it, and a session ends only when its user or a limit ends it.
//!
//! A driver loads the machine from its row at the start of a turn ([`Vault::load`]), steps it, and writes the row back
//! when told to ([`Effect::Persist`]). In memory alone live the callers that wait for an answer, and whom the machine listens to
//! for the end of a request: after a restart it asks the escrow.
//!
//! A rotation is an *intent* that is written down first, then a token request that a rotator sends under the eyes of the
//! [escrow](crate::escrow), then a new generation that is written down before anybody sees it. Whoever dies in between, the
//! machine finds out how far it came:
//!
//! | the intent was written, and | the escrow says | what is done | counted as |
//! |---|---|---|---|
//! | the rotator answered | | the new generation is written | `success` |
//! | nobody had taken it | never sent | it is begun again at once | `resent_never_sent` |
//! | the answer was kept | answered | the new generation is written | `recovered_from_escrow` |
//! | it was sent, and no answer came until it can be under way no longer | claimed | it is *ambiguous*: a state of its own | see below |
//!
//! A session that is over, or whose grant is, needs nothing of what the escrow keeps: it closes a request that it never made, which
//! leaves nothing of the last answer there. With one open it does so once the end of that is known.
//!
//! What is done about an ambiguous presentation is up to the [`GraceProfile`] of the provider: it is repeated while the server
//! forgives that (`replayed_within_grace`). Outside the window nothing is done while the access token lives, for a server that
//! is strict would end that too. When the token is needed, and has ended, the refresh token is presented once more where that
//! can cost nobody but this session: taken, the request had never reached the server (`resent_never_sent`); refused, the
//! rotation was lost (`ambiguous_relogin`). Where it could log the user out on other devices, the user is asked then: one
//! broken connection costs a login on such a server, which is the lesser harm.
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
//!     target: None,
//! };
//! let mut vault = Vault::new(Policy::default());
//! let login = Login { epoch: Epoch(1_790_000_000_000), grant: grant(1) };
//! let _ = vault.step(at(0), Event::LoginCommitted(login));
//!
//! // Two tabs ask near the end of the token's life: one request leaves, made durable first.
//! let ask = Ask { op: None, stamp: vault.stamp(), reason: AskReason::Deadline, aim: None, active_ago: None };
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

mod aimed;
mod answers;
mod asks;
mod effect;
mod event;
mod grace;
mod links;
mod logins;
mod outbox;
mod phase;
mod policy;
mod pursuit;
mod row;
mod standing;
mod tally;

use alloc::vec::Vec;
use core::mem;

pub use aimed::{Aimed, MOST_AIMS};
pub use effect::{Answer, Current, Effect, Effects, EndReason, Outcome, ReauthReason};
pub use event::{Ask, AskReason, Event, Granted, Login, RevocationAnswer, Revoker, Target, TokenAnswer};
pub use grace::{Blast, Depth, GraceProfile, Replay, Verdict, Window};
pub use links::{Link, LinkChange};
pub use outbox::{Errand, ErrandId, Outbox, Task};
pub use phase::{Access, Ambiguous, Ended, Intent, Limits, Live, Orphan, Phase, ReauthRequired, Refused};
pub use policy::{KeepGrant, Policy};
pub use row::{Row, Status};
pub use standing::{News, Standing};
pub use tally::Tally;

use crate::id::{Aim, CallerId, RequestId, Stamp};
use crate::retry;
use crate::time::{Millis, Moment, Timestamp};
use pursuit::Ear;

/// How long the last trace of an ended session is kept, so that late callers learn why it is over.
const TRACE_KEPT: Millis = Millis::from_days(1);
/// An escrow that did not say that it is erased is told again after this.
const ERASE_AGAIN: Millis = Millis::from_secs(3_600);

/// No alarm is armed further ahead than this: when it rings, the driver wraps the session's key with the newest one there is.
pub const CHECKUP: Millis = Millis::from_days(7);

/// A caller that waits for a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Waiter {
    caller: CallerId,
    until: Timestamp,
    /// Which token it waits for.
    aim: Option<Aim>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vault {
    policy: Policy,
    phase: Phase,
    orphan: Option<Orphan>,
    outbox: Outbox,
    links: Vec<Link>,
    tally: Tally,
    /// From here on: in memory alone.
    waiters: Vec<Waiter>,
    ear: Ear,
    erase_again_at: Option<Timestamp>,
}

impl Vault {
    /// A vault without a login.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self::load(policy, Row::default())
    }

    /// A vault as its row left it. Whoever sent a token request for it before does not know of it.
    #[must_use]
    pub fn load(policy: Policy, row: Row) -> Self {
        let (orphan, outbox, tally) = (row.orphan, row.outbox.clone(), row.tally);
        let links = row.links.clone();
        let (waiters, ear, erase_again_at) = (Vec::new(), Ear::DEAF, None);
        Self { policy, phase: row.into_phase(), orphan, outbox, links, tally, waiters, ear, erase_again_at }
    }

    /// What to write down: all of the machine but those who wait, and whom it listens to.
    #[must_use]
    pub fn row(&self) -> Row {
        let (outbox, links) = (self.outbox.clone(), self.links.clone());
        Row { orphan: self.orphan, outbox, links, tally: self.tally, ..Row::of(&self.phase) }
    }

    /// Where the vault stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The same in so few words that it can be compared with where it stood before.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        Standing::of(&self.phase)
    }

    /// What was turned down of silent re-logins, while the session waits for its user.
    #[must_use]
    pub const fn refused(&self) -> Refused {
        match &self.phase {
            Phase::ReauthRequired(waiting) => waiting.refused,
            Phase::Vacant | Phase::Live(_) | Phase::Ended(_) => Refused { frame: false, top_level: false },
        }
    }

    /// What is left to revoke.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// A token request that the session went on without, and whose end is not known.
    #[must_use]
    pub const fn orphan(&self) -> Option<Orphan> {
        self.orphan
    }

    /// How often each outcome came.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
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
                None => self.current(live, None, now),
            },
            Phase::ReauthRequired(waiting) => match waiting.limits.ended(&self.policy, now) {
                Some(reason) => Answer::Ended(reason),
                None => Answer::ReauthRequired(waiting.reason),
            },
            Phase::Ended(ended) => Answer::Ended(ended.reason),
        }
    }

    /// What somebody has missed, at most, who comes back after a while in which they could not be told; nothing where there is no
    /// trace of a session.
    #[must_use]
    pub fn missed(&self, now: Timestamp) -> Option<News> {
        let stamp = self.stamp()?;
        match self.peek(now) {
            Answer::Current(_) | Answer::RetryAfter(_) | Answer::Unobtainable => Some(News::Moved(stamp)),
            Answer::ReauthRequired(_) => Some(News::ReauthRequired(stamp)),
            Answer::Ended(reason) => Some(News::Over(stamp, reason)),
            Answer::LoggedOut => None,
        }
    }

    /// Whether anybody waits for a rotation. A driver whose callers have left all the same must not take that for nobody: the
    /// timer of those who wait covers more than their own limits, see [`Vault::next_alarm`].
    #[must_use]
    pub const fn is_waited_for(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// The next time at which something is due with no event before it.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let waiting = self.waiters.iter().map(|waiter| waiter.until).min();
        [waiting, self.listens_until(), self.due_at()].into_iter().flatten().min()
    }

    /// The part of [`Vault::next_deadline`] that must survive a restart. Waiting callers do not, so their limits are not in
    /// it: a driver keeps those with a timer that lives as long as they do. That timer covers the looks at the escrow too, for as
    /// long as the alarm that was armed with the request does: each would cost a row.
    #[must_use]
    pub fn next_alarm(&self) -> Option<Timestamp> {
        let covered = self.rotator_ends_at().filter(|_| self.is_waited_for());
        let listens_until =
            self.listens_until().map(|until| covered.map_or(until, |covered| covered.max(until)));
        [listens_until, self.due_at()].into_iter().flatten().min()
    }

    /// When something is due whatever comes of the open request.
    fn due_at(&self) -> Option<Timestamp> {
        let own = match &self.phase {
            Phase::Vacant => None,
            Phase::Live(live) => {
                let ends_at = live.limits.ends_at(&self.policy);
                Some(self.due_by_itself(live).map_or(ends_at, |due| due.min(ends_at)))
            }
            Phase::ReauthRequired(waiting) => Some(waiting.limits.ends_at(&self.policy)),
            // Nothing is forgotten while there is something to revoke.
            Phase::Ended(_) if self.has_errands() => None,
            Phase::Ended(ended) => Some(self.erase_again_at.unwrap_or(ended.forget_at)),
        };
        [own, self.outbox.due_at()].into_iter().flatten().min()
    }

    /// Takes one event and says what to do.
    ///
    /// Total: every event is accepted in every state. An answer that comes after the session moved on changes nothing; if the
    /// session is over, the refresh token it brings is revoked.
    pub fn step(&mut self, now: Moment, event: Event) -> Effects {
        let mut effects = Effects::none();
        self.mend_clock(now.wall, &mut effects);
        self.end_by_limit(now.wall, &mut effects);
        match event {
            Event::LoginCommitted(login) => self.login_committed(now.wall, login, &mut effects),
            Event::RenewalCommitted { caller, login, silent } => {
                self.renewal_committed(now.wall, caller, login, silent, &mut effects);
            }
            Event::TokenAsked { caller, ask } => self.token_asked(now.wall, caller, ask, &mut effects),
            Event::TokenAnswered { request, answer } => {
                self.token_answered(now, request, answer, &mut effects);
            }
            Event::EscrowAnswered { request, closed } => {
                self.escrow_answered(now, request, closed, &mut effects);
            }
            Event::EscrowErased => self.escrow_erased(now.wall, &mut effects),
            Event::RevocationAnswered { errand, answer } => {
                self.outbox.answered(now, errand, answer, &mut effects);
            }
            Event::SilentRefused { caller, top_level } => {
                self.silent_refused(now.wall, caller, top_level, &mut effects);
            }
            Event::LogoutAsked { caller } => {
                self.end_asked(now.wall, caller, EndReason::Logout, false, &mut effects);
            }
            Event::RevokeAsked { caller, by, others_go_on } => {
                self.end_asked(now.wall, caller, by.into(), others_go_on, &mut effects);
            }
            Event::LinkChanged { caller, change } => {
                self.link_changed(now.wall, caller, change, &mut effects);
            }
            Event::DeadlineReached => self.deadline_reached(now.wall, &mut effects),
        }
        self.pursue(now.wall, &mut effects);
        effects
    }

    /// A clock that was set back must not make anything wait for as long as it was set: what lies further ahead than it can have
    /// been meant to is drawn near.
    fn mend_clock(&mut self, now: Timestamp, effects: &mut Effects) {
        let caller_wait = self.policy.caller_wait;
        for waiter in &mut self.waiters {
            waiter.until = waiter.until.min(now.after(caller_wait));
        }
        self.ear = self.ear.mended(now);
        let mut mended = self.outbox.mend_clock(now);
        let orphan = self.orphan.as_mut().map(|orphan| &mut orphan.intent);
        let intent = match &mut self.phase {
            Phase::Live(live) => {
                mended |= now < live.rotated_at;
                live.rotated_at = live.rotated_at.min(now);
                mended |= live.access.mend_clock(now);
                for aimed in &mut live.aimed {
                    mended |= aimed.mend_clock(now);
                }
                let furthest = now.after(retry::COOL_DOWN_MAX);
                if furthest < live.not_before {
                    mended = true;
                    live.not_before = furthest;
                }
                live.intent.as_mut().or(orphan)
            }
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => orphan,
        };
        if let Some(intent) = intent.filter(|intent| now < intent.armed_at) {
            mended = true;
            intent.armed_at = now;
        }
        if mended {
            effects.push(Effect::Persist);
        }
    }

    fn end_asked(
        &mut self,
        now: Timestamp,
        caller: CallerId,
        reason: EndReason,
        others_go_on: bool,
        effects: &mut Effects,
    ) {
        match &self.phase {
            Phase::Live(_) | Phase::ReauthRequired(_) => self.end(now, reason, others_go_on, effects),
            Phase::Vacant | Phase::Ended(_) => {}
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now) });
    }

    fn deadline_reached(&mut self, now: Timestamp, effects: &mut Effects) {
        self.outbox.pursue(now, effects);
        match &self.phase {
            Phase::Live(live) => {
                if self.due_by_itself(live).is_some_and(|due| due <= now) {
                    self.begin_by_itself(now, effects);
                }
            }
            Phase::Ended(ended) => {
                let due = self.erase_again_at.unwrap_or(ended.forget_at);
                if due <= now && !self.has_errands() {
                    self.erase_again_at = Some(now.after(ERASE_AGAIN));
                    effects.push(Effect::EraseEscrow);
                }
            }
            Phase::Vacant | Phase::ReauthRequired(_) => {}
        }
        let due: Vec<Waiter> = self.waiters.iter().filter(|waiter| waiter.until <= now).copied().collect();
        self.waiters.retain(|waiter| waiter.until > now);
        for Waiter { caller, aim, .. } in due {
            effects.push(Effect::Answer { caller, answer: self.answer_without_rotation(aim, now) });
        }
    }

    fn due_by_itself(&self, live: &Live) -> Option<Timestamp> {
        live.due_by_itself(&self.policy).filter(|_| !self.is_held_back())
    }

    /// The last trace of an ended session goes, the escrow's before the vault's own: nobody would remember to erase it.
    fn escrow_erased(&mut self, now: Timestamp, effects: &mut Effects) {
        let due = matches!(&self.phase, Phase::Ended(ended) if ended.forget_at <= now);
        if due && !self.has_errands() {
            *self = Self::new(self.policy);
            effects.push(Effect::Forget);
        }
    }

    fn has_errands(&self) -> bool {
        self.orphan.is_some() || !self.outbox.errands().is_empty()
    }

    /// Every step begins here: a limit that has passed rules, whether or not its alarm came.
    fn end_by_limit(&mut self, now: Timestamp, effects: &mut Effects) {
        let limits = match &self.phase {
            Phase::Live(live) => live.limits,
            Phase::ReauthRequired(waiting) => waiting.limits,
            Phase::Vacant | Phase::Ended(_) => return,
        };
        if let Some(reason) = limits.ended(&self.policy, now) {
            // A device that nobody uses any more must not take along those that somebody does.
            self.end(now, reason, true, effects);
        }
    }

    fn end(&mut self, now: Timestamp, reason: EndReason, others_go_on: bool, effects: &mut Effects) {
        let Some(stamp) = self.stamp() else { return };
        // To revoke a grant that others live by would log them out as well: it lapses with them.
        let revoke = !(others_go_on && self.policy.shared_grant);
        let next_request = match &self.phase {
            Phase::Vacant => RequestId::default(),
            Phase::Live(live) => live.next_request,
            Phase::ReauthRequired(waiting) => waiting.next_request,
            Phase::Ended(ended) => ended.next_request,
        };
        let ended = Phase::Ended(Ended { stamp, reason, next_request, forget_at: now.after(TRACE_KEPT) });
        let before = mem::replace(&mut self.phase, ended);
        effects.push(Effect::Persist);
        if let Phase::Live(live) = before {
            // A request that is under way may bring a token that nobody knows of.
            let under_way = live.intent.or_else(|| self.orphan.map(|orphan| orphan.intent));
            self.orphan = under_way.map(|intent| Orphan { intent, revoke });
            if let Some(refresh_token) = live.refresh_token.filter(|_| revoke) {
                self.outbox.add(now, refresh_token, effects);
            }
            self.clear_escrow(now);
        } else if let Some(orphan) = &mut self.orphan {
            orphan.revoke |= revoke;
        }
        self.end_links(now, others_go_on, effects);
        self.answer_waiters(now, effects);
    }

    /// Whether what a request brings is revoked that nobody remembers the grant of.
    fn revokes_strays(&self) -> bool {
        match &self.phase {
            // All of it was forgotten, with what it was for.
            Phase::Vacant => false,
            Phase::Live(_) | Phase::ReauthRequired(_) => !self.policy.shared_grant,
            // Where nobody shared it after all, it was ended with the token that was held.
            Phase::Ended(ended) => !(self.policy.shared_grant && ended.reason.may_leave_others()),
        }
    }

    fn answer_waiters(&mut self, now: Timestamp, effects: &mut Effects) {
        for Waiter { caller, aim, .. } in mem::take(&mut self.waiters) {
            effects.push(Effect::Answer { caller, answer: self.answer_without_rotation(aim, now) });
        }
    }

    /// A request for `aim` has come to its end, and nothing is in the way of another: who waits for a token for something else has
    /// waited for that only. Theirs is asked for now, and one after the other.
    fn answer_next(&mut self, now: Timestamp, aim: Option<Aim>, effects: &mut Effects) {
        let next = self.waiters.iter().map(|waiter| waiter.aim).find(|next| *next != aim);
        let free = match (&self.phase, next) {
            (Phase::Live(live), Some(next)) => {
                live.intent.is_none() && live.ambiguous.is_none() && live.not_before(next) <= now
            }
            (Phase::Vacant | Phase::Live(_) | Phase::ReauthRequired(_) | Phase::Ended(_), _) => false,
        };
        let Some(next) = next.filter(|_| free && !self.is_held_back()) else {
            return self.answer_waiters(now, effects);
        };
        let (wait, done) = mem::take(&mut self.waiters).into_iter().partition(|waiter| waiter.aim != aim);
        self.waiters = done;
        self.answer_waiters(now, effects);
        self.waiters = wait;
        self.begin(now, false, None, next, effects);
    }

    /// What a caller gets that would have liked a new token: the one there is while it lives, else when to come back.
    fn answer_without_rotation(&self, aim: Option<Aim>, now: Timestamp) -> Answer {
        match &self.phase {
            Phase::Live(live) if live.lacks(aim, now) && live.refresh_token.is_none() => {
                if aim.is_some() {
                    Answer::Unobtainable
                } else {
                    Answer::ReauthRequired(ReauthReason::NoRefreshToken)
                }
            }
            Phase::Live(live) if live.lacks(aim, now) => {
                let wait = now.until(live.not_before(aim));
                Answer::RetryAfter(wait.max(retry::BACKOFF_MIN))
            }
            Phase::Live(live) => self.current(live, aim, now),
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => self.peek(now),
        }
    }

    /// What a caller gets that would have been content with what there is. Of a token that has ended only the grant's own is told: what
    /// it is good for is known without it.
    fn answer_at_once(&self, aim: Option<Aim>, now: Timestamp) -> Answer {
        if aim.is_some() { self.answer_without_rotation(aim, now) } else { self.peek(now) }
    }

    fn count(&mut self, outcome: Outcome, effects: &mut Effects) {
        self.tally.count(outcome);
        effects.push(Effect::Persist);
        effects.push(Effect::Report(outcome));
    }

    fn current(&self, live: &Live, aim: Option<Aim>, now: Timestamp) -> Answer {
        let Some(access) = live.access_for(aim) else { return Answer::RetryAfter(retry::BACKOFF_MIN) };
        Answer::Current(Current {
            stamp: live.stamp,
            access_token: access.token.clone(),
            target: aim.and_then(|aim| live.aimed(aim)).map(|aimed| aimed.target.clone()),
            expires_in: access.left(now),
            lifetime: access.lifetime,
            idle_left: now.until(live.limits.idle_at(&self.policy)),
            absolute_left: now.until(live.limits.absolute_at),
        })
    }
}

impl From<Revoker> for EndReason {
    fn from(by: Revoker) -> Self {
        match by {
            Revoker::Admin => Self::Admin,
            Revoker::BackChannel => Self::BackChannel,
            Revoker::OtherDevice => Self::OtherDevice,
        }
    }
}
