//! What the answer to a token request means, when it comes and when it does not.

use super::{
    Access, Ambiguous, Effect, Effects, Granted, Live, Orphan, Outcome, Phase, Policy, ReauthReason,
    ReauthRequired, Refused, Target, TokenAnswer, Vault, Verdict,
};
use crate::id::{Aim, Generation, RequestId, Stamp};
use crate::retry::{self, Failure};
use crate::secret::RefreshToken;
use crate::time::{Millis, Moment, Timestamp};

/// Which way an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From the rotator that got it.
    Rotator,
    /// From the escrow, which kept it.
    Escrow,
}

/// What a success brought.
pub(super) struct Brought {
    /// The access token, if it can be used.
    access: Option<Access>,
    /// What that is for; nothing for the grant's own.
    target: Option<Target>,
    /// The refresh token that takes the place of the one that was presented.
    successor: Option<RefreshToken>,
}

impl Brought {
    fn of(now: Timestamp, grant: Granted) -> Self {
        let Granted { access_token: token, expires_in, refresh_token: successor, target } = grant;
        // The generation is that of the vault that takes it.
        let made_at = Generation::default();
        let access = Access { token, expires_at: now.after(expires_in), lifetime: expires_in, made_at };
        Self { access: Some(access), target, successor }
    }

    const fn unusable(successor: Option<RefreshToken>) -> Self {
        Self { access: None, target: None, successor }
    }
}

impl Vault {
    /// The open request came to an end.
    pub(super) fn settle(&mut self, now: Moment, answer: TokenAnswer, source: Source, effects: &mut Effects) {
        match answer {
            // Only the escrow can say that nobody else sends it, and when it was sent.
            TokenAnswer::Unheard | TokenAnswer::Failed { failure: Failure::Ambiguous, .. } => match source {
                Source::Rotator => self.ask_escrow(now.wall),
                // It was sent and came to an end, and the end cannot be read.
                Source::Escrow => {
                    let armed_at = self.armed_at().unwrap_or(now.wall);
                    self.unanswered(now, armed_at, effects);
                }
            },
            TokenAnswer::Unsent => {
                if let Phase::Live(live) = &mut self.phase {
                    live.failures = live.failures.saturating_add(1);
                    live.not_before = now.wall.after(retry::backoff(live.failures, now.entropy));
                    effects.push(Effect::Persist);
                }
                self.ask_escrow(now.wall);
            }
            TokenAnswer::Granted(grant) => self.granted(now, Brought::of(now.wall, grant), source, effects),
            TokenAnswer::Unusable { successor } => {
                self.granted(now, Brought::unusable(successor), source, effects);
            }
            TokenAnswer::Failed { failure, retry_after } => self.failed(now, failure, retry_after, effects),
        }
    }

    fn armed_at(&self) -> Option<Timestamp> {
        let live = match &self.phase {
            Phase::Live(live) => live.intent,
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => None,
        };
        live.or_else(|| self.orphan.map(|orphan| orphan.intent)).map(|intent| intent.armed_at)
    }

    fn granted(&mut self, now: Moment, brought: Brought, source: Source, effects: &mut Effects) {
        let policy = self.policy;
        let grace = policy.grace;
        let intent = match &mut self.phase {
            Phase::Live(live) => live.intent.take().map(|intent| (live, intent)),
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => None,
        };
        let Some((live, intent)) = intent else {
            let revoke = self.orphan.is_some_and(|orphan| orphan.revoke);
            self.orphan_ended(now.wall, effects);
            match &mut self.phase {
                // A replay that was overtaken: the server may count its pair as the newer one.
                Phase::Live(live) if !revoke => {
                    if brought.successor.is_some() && brought.successor != live.refresh_token {
                        live.rotate(now, brought, None, &policy);
                    }
                }
                Phase::Vacant | Phase::Live(_) | Phase::ReauthRequired(_) | Phase::Ended(_) => {
                    if let Some(successor) = brought.successor.filter(|_| revoke) {
                        self.outbox.add(now.wall, successor, effects);
                    }
                }
            }
            return;
        };
        let forgiven = |ambiguous: Ambiguous| ambiguous.verdict(&grace, intent.armed_at) == Verdict::Forgiven;
        let outcome = match (source, live.ambiguous) {
            _ if brought.access.is_none() => Outcome::Misconfigured,
            (Source::Escrow, _) => Outcome::RecoveredFromEscrow,
            (Source::Rotator, Some(ambiguous)) if forgiven(ambiguous) => Outcome::ReplayedWithinGrace,
            (Source::Rotator, Some(_)) => Outcome::ResentNeverSent,
            (Source::Rotator, None) if intent.again => Outcome::ResentNeverSent,
            (Source::Rotator, None) => Outcome::Success,
        };
        live.rotate(now, brought, intent.aim, &policy);
        self.count(outcome, effects);
        self.answer_next(now.wall, intent.aim, effects);
    }

    /// The server answered the open request, and gave no token.
    fn failed(&mut self, now: Moment, failure: Failure, retry_after: Option<Millis>, effects: &mut Effects) {
        let policy = self.policy;
        let taken = match &mut self.phase {
            Phase::Live(live) => live.intent.take().map(|intent| (live, intent.aim)),
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => None,
        };
        let Some((live, aim)) = taken else { return self.orphan_ended(now.wall, effects) };
        // Only the first attempt of a generation says something about the grant. A repetition may be refused because an
        // earlier attempt did rotate and its answer was lost.
        let first = live.presented == 0 && live.ambiguous.is_none();
        live.presented = live.presented.saturating_add(1);
        // What is not given for one aim may be given for another, and for none.
        let refused = aim.filter(|_| failure == Failure::Misconfigured);
        match (refused, &mut live.ambiguous) {
            (Some(aim), None) => live.aim_failed(now, aim, retry::wait),
            (Some(aim), Some(ambiguous)) => {
                ambiguous.aim = None;
                live.aim_failed(now, aim, retry::wait);
            }
            (None, _) => {}
        }
        if refused.is_none() || live.ambiguous.is_some() {
            live.failures = live.failures.saturating_add(1);
            live.not_before = live.replay_after(now, retry_after, &policy);
            live.replay_again(&policy);
        }
        let outcome = match failure {
            Failure::Reauth if first => Outcome::Revoked,
            Failure::Reauth => Outcome::AmbiguousRelogin,
            Failure::Throttled => Outcome::Throttled,
            Failure::Transient | Failure::Ambiguous => Outcome::Transient,
            Failure::Misconfigured => Outcome::Misconfigured,
        };
        if failure == Failure::Reauth {
            let reason = if first { ReauthReason::Revoked } else { ReauthReason::RotationLost };
            self.require_reauth(now.wall, reason, effects);
        }
        self.count(outcome, effects);
        self.answer_next(now.wall, aim, effects);
    }

    /// An answer to a request that is open no longer: it came twice, or after it was given up, or after the session moved on.
    pub(super) fn late(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: TokenAnswer,
        effects: &mut Effects,
    ) {
        let brought = match answer {
            TokenAnswer::Granted(grant) => Brought::of(now.wall, grant),
            TokenAnswer::Unusable { successor } => Brought::unusable(successor),
            TokenAnswer::Failed { .. } | TokenAnswer::Unsent | TokenAnswer::Unheard => return,
        };
        let policy = self.policy;
        let revoke = match &mut self.phase {
            // Given up, and yet it came, and nothing newer has: the token it brings is the one there is.
            Phase::Live(live) if live.first_request <= request && request < live.next_request => {
                let replay = live.intent.take();
                let aim = live.ambiguous.and_then(|ambiguous| ambiguous.aim);
                let outcome =
                    if brought.access.is_some() { Outcome::Success } else { Outcome::Misconfigured };
                live.rotate(now, brought, aim, &policy);
                // It presents the old token still, and nothing else is sent until it is over.
                self.orphan = replay.map(|intent| Orphan { intent, revoke: false }).or(self.orphan);
                self.count(outcome, effects);
                self.answer_waiters(now.wall, effects);
                return;
            }
            // A repetition: what it brings is what we hold, or an ancestor of that.
            Phase::Live(live) if live.family_request <= request => return,
            Phase::Vacant | Phase::Live(_) | Phase::ReauthRequired(_) | Phase::Ended(_) => {
                self.revokes_strays()
            }
        };
        if let Some(orphan) = brought.successor.filter(|_| revoke) {
            self.outbox.add(now.wall, orphan, effects);
        }
    }

    /// An ambiguous presentation is resolved as far as that can be done now.
    pub(super) fn resolve(&mut self, now: Timestamp, effects: &mut Effects) {
        let Phase::Live(live) = &self.phase else { return };
        let in_a_hurry = live.ambiguous.is_some_and(|ambiguous| {
            ambiguous.replay_at.is_some_and(|at| at <= now)
                && ambiguous.verdict(&self.policy.grace, now) == Verdict::Forgiven
        });
        let wanted = self.waiters.iter().any(|waiter| live.lacks(waiter.aim, now));
        if live.not_before <= now && (in_a_hurry || wanted) {
            self.begin_again(now, None, effects);
        }
        self.answer_unless_open(now, effects);
    }

    /// Callers go on waiting while a request is under way, and are answered where none is.
    fn answer_unless_open(&mut self, now: Timestamp, effects: &mut Effects) {
        let waits = matches!(&self.phase, Phase::Live(Live { intent: Some(_), .. }));
        if !waits {
            self.answer_waiters(now, effects);
        }
    }

    pub(super) fn require_reauth(&mut self, now: Timestamp, reason: ReauthReason, effects: &mut Effects) {
        if let Phase::Live(live) = &self.phase {
            self.phase = Phase::ReauthRequired(ReauthRequired {
                stamp: live.stamp,
                login: live.login,
                reason,
                next_request: live.next_request,
                limits: live.limits,
                refused: Refused::default(),
            });
            effects.push(Effect::Persist);
            self.clear_escrow(now);
        }
    }
}

impl Live {
    /// The next generation. Without an access token that can be used, the old one serves to its end. `aim` is what was asked for.
    fn rotate(&mut self, now: Moment, brought: Brought, aim: Option<Aim>, policy: &Policy) {
        let Brought { access, target, successor } = brought;
        self.stamp = self.stamp.rotated();
        if policy.refresh_ends_tokens {
            self.others_ended(now.wall, target.as_ref().map(|target| target.aim));
        }
        let access = access.map(|access| Access { made_at: self.stamp.generation, ..access });
        match (access, target, aim) {
            (Some(access), target, _) => {
                self.failures = 0;
                self.not_before = Timestamp::default();
                match target {
                    Some(target) => self.aimed_came(target, access),
                    None => self.access = access,
                }
            }
            (None, _, Some(aim)) => {
                self.failures = 0;
                self.not_before = Timestamp::default();
                // Each try costs a generation.
                self.aim_failed(now, aim, retry::slow_wait);
            }
            (None, _, None) => {
                self.access.made_at = self.stamp.generation;
                self.failures = self.failures.saturating_add(1);
                self.not_before = now.wall.after(retry::backoff(self.failures, now.entropy));
            }
        }
        if let Some(successor) = successor {
            self.refresh_token = Some(successor);
        }
        self.rotated_at = now.wall;
        self.ambiguous = None;
        self.presented = 0;
        self.first_request = self.next_request;
    }

    /// What is stored is older than what was: its tokens may be spent, and tabs may hold newer ones.
    pub(super) fn restored(&mut self, stamp: Stamp) {
        self.stamp = stamp;
        self.access.made_at = stamp.generation;
        self.aimed.clear();
        self.intent = None;
        self.presented = self.presented.saturating_add(1);
        self.ambiguous = Some(Ambiguous::OLD);
    }

    /// When the next attempt may leave: after a pause that the server asked for, or one of our own, which never outlasts the
    /// window in which a replay is forgiven.
    pub(super) fn replay_after(
        &self,
        now: Moment,
        retry_after: Option<Millis>,
        policy: &Policy,
    ) -> Timestamp {
        let pause = retry::wait(retry_after, self.failures, now.entropy);
        let close = self.ambiguous.and_then(|ambiguous| policy.grace.closes_after(ambiguous.since));
        let left = close.map(|close| now.wall.until(close)).filter(|left| !left.is_zero());
        match left {
            Some(left) if retry_after.is_none() => {
                now.wall.after(pause.min(left.percent(50).max(retry::BACKOFF_MIN)))
            }
            Some(_) | None => now.wall.after(pause),
        }
    }

    /// A replay came to nothing: there is another, if the window is open then.
    pub(super) fn replay_again(&mut self, policy: &Policy) {
        let not_before = self.not_before;
        if let Some(ambiguous) = &mut self.ambiguous {
            let close = policy.grace.closes_after(ambiguous.since);
            ambiguous.replay_at = close.filter(|close| not_before < *close).map(|_| not_before);
        }
    }
}
