//! What the answer to a token request means, when it comes and when it does not.

use super::{
    Access, Effect, Effects, Live, Outcome, Phase, ReauthReason, ReauthRequired, TokenAnswer, Vault, revoke,
};
use crate::id::RequestId;
use crate::retry::{self, Failure};
use crate::time::{Millis, Moment, Timestamp};

impl Vault {
    pub(super) fn token_answered(
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
    pub(super) fn attempt_failed(
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

    pub(super) fn require_reauth(&mut self, reason: ReauthReason, effects: &mut Effects) {
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
}

impl Live {
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
}
