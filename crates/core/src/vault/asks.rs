//! Questions for the token: who gets it at once, who waits, and when the refresh token is spent.

use super::{Ask, AskReason, Effect, Effects, Intent, Live, Phase, ReauthReason, Vault, Waiter};
use crate::id::CallerId;
use crate::schedule;
use crate::time::{Moment, Timestamp};

impl Vault {
    pub(super) fn token_asked(&mut self, now: Moment, caller: CallerId, ask: Ask, effects: &mut Effects) {
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
}

impl Live {
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
