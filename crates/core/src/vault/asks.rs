//! Questions for the token: who gets it at once, who waits, and when the refresh token is spent.

use super::pursuit::Ear;
use super::{
    Ask, AskReason, Blast, Effect, Effects, Intent, Live, Orphan, Outcome, Phase, Policy, ReauthReason,
    Vault, Verdict, Waiter,
};
use crate::id::{Aim, CallerId, OpId, Stamp};
use crate::schedule;
use crate::time::{Millis, Timestamp};

/// A rotator that has not sent its request within this need not begin.
const SEND_WITHIN: Millis = Millis::from_secs(10);

impl Vault {
    pub(super) fn token_asked(&mut self, now: Timestamp, caller: CallerId, ask: Ask, effects: &mut Effects) {
        let policy = self.policy;
        let Phase::Live(live) = &mut self.phase else {
            effects.push(Effect::Answer { caller, answer: self.peek(now) });
            return;
        };
        if let Some(held) = ask.stamp.filter(|held| live.is_behind(*held)) {
            // Nobody is told of a token before it is written down: what is stored here was put back from an older time.
            // What was begun since then may be under way still.
            let under_way = live.intent.map(|intent| Orphan { intent, revoke: false });
            live.restored(held.rotated());
            self.orphan = under_way.or(self.orphan);
            effects.push(Effect::Persist);
        }
        let waiter = Waiter { caller, until: now.after(policy.caller_wait), aim: ask.aim };
        let dead = live.lacks(ask.aim, now);
        let active_at =
            ask.active_ago.map_or(live.limits.active_at, |ago| now.before(ago).max(live.limits.active_at));
        if let Some(intent) = live.intent {
            // What is under way for another is in the way of what is due, and of nothing else.
            let wanted = if intent.aim == ask.aim {
                live.is_newest(ask.stamp, ask.aim) && ask.reason.wants_rotation()
            } else {
                live.is_due(now, &ask) && ask.reason != AskReason::Call && now >= live.not_before(ask.aim)
            };
            // Whoever says that its user is active wants no token.
            if (dead && ask.reason != AskReason::Activity) || wanted {
                self.wait(now, waiter, effects);
                return;
            }
        } else if live.is_due(now, &ask) && (live.refresh_token.is_some() || live.lacks(None, now)) {
            // Where there is no refresh token, nothing is due before the grant's own token has ended.
            if live.has_served(ask.op) || now < live.not_before(ask.aim) || self.orphan.is_some() {
                effects.push(Effect::Answer { caller, answer: self.answer_without_rotation(ask.aim, now) });
                return;
            }
            let waits = ask.reason != AskReason::Call || dead;
            let presents = live.presents(&policy, now, &ask);
            if presents || dead {
                // With the write that is due anyway goes what is known of the user's activity.
                live.limits.active_at = active_at;
            }
            let begun = if live.refresh_token.is_none() {
                self.require_reauth(now, ReauthReason::NoRefreshToken, effects);
                false
            } else if live.ambiguous.is_none() {
                self.begin(now, false, ask.op, ask.aim, effects);
                true
            } else if presents {
                self.begin_again(now, ask.op, effects)
            } else {
                false
            };
            if begun && waits {
                self.wait(now, waiter, effects);
            } else {
                effects.push(Effect::Answer { caller, answer: self.answer_without_rotation(ask.aim, now) });
            }
            return;
        }
        // Activity alone is written down only when a quarter of the idle limit has passed: rows cost money.
        if active_at.since(live.limits.active_at) >= policy.idle_limit.percent(25)
            && active_at > live.limits.active_at
        {
            live.limits.active_at = active_at;
            effects.push(Effect::Persist);
        }
        effects.push(Effect::Answer { caller, answer: self.answer_at_once(ask.aim, now) });
    }

    /// Whether this question would have a token request begun now: what a driver may limit, as it costs rows and a request.
    #[must_use]
    pub fn would_rotate(&self, now: Timestamp, ask: &Ask) -> bool {
        let Phase::Live(live) = &self.phase else { return false };
        live.intent.is_none()
            && live.presents(&self.policy, now, ask)
            && self.orphan.is_none()
            && now >= live.not_before(ask.aim)
            && live.is_due(now, ask)
            && !live.has_served(ask.op)
    }

    fn wait(&mut self, now: Timestamp, waiter: Waiter, effects: &mut Effects) {
        if self.waiters.len() < self.policy.most_waiters {
            self.waiters.push(waiter);
        } else {
            let answer = self.answer_without_rotation(waiter.aim, now);
            effects.push(Effect::Answer { caller: waiter.caller, answer });
        }
    }

    /// Whether the end of a request is still to be found out that the session went on without. There is one entry in the escrow,
    /// so nothing else is sent until then.
    pub(super) const fn is_held_back(&self) -> bool {
        self.orphan.is_some()
    }

    /// Begins a token request, if there is something to present.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        again: bool,
        op: Option<OpId>,
        aim: Option<Aim>,
        effects: &mut Effects,
    ) {
        let Phase::Live(live) = &mut self.phase else { return };
        let Some(refresh_token) = live.refresh_token.clone() else { return };
        let request = live.next_request;
        live.next_request = request.next();
        live.intent = Some(Intent { request, armed_at: now, again, aim });
        live.op = op.or(live.op);
        if let Some(ambiguous) = &mut live.ambiguous {
            ambiguous.replay_at = None;
        }
        self.ear = Ear::Rotator;
        // Where a repetition that comes too late would end other devices' grants, it must not be sent too late.
        let grace = self.policy.grace;
        let close = live.ambiguous.and_then(|ambiguous| grace.closes_after(ambiguous.since));
        let close = close.filter(|_| grace.blast == Blast::ClientAndUser);
        let send_by = now.after(SEND_WITHIN);
        let send_by = close.map_or(send_by, |close| send_by.min(close));
        effects.push(Effect::Persist);
        effects.push(Effect::RequestToken {
            request,
            refresh_token,
            aim,
            send_by,
            abort_after: grace.abort_after(),
        });
    }

    /// Presents an ambiguous refresh token again, unless that could cost others; then the user is asked. True if it did.
    pub(super) fn begin_again(&mut self, now: Timestamp, op: Option<OpId>, effects: &mut Effects) -> bool {
        let Phase::Live(live @ Live { ambiguous: Some(ambiguous), .. }) = &self.phase else { return false };
        let aim = ambiguous.aim;
        match ambiguous.verdict(&self.policy.grace, now) {
            Verdict::Forgiven | Verdict::LastResort => {
                self.begin(now, false, op, aim, effects);
                true
            }
            Verdict::Forbidden => {
                // If the request never reached the server, the token lives: nobody will use it, and nobody would end it.
                let left = live.refresh_token.clone().filter(|_| !self.policy.shared_grant);
                self.require_reauth(now, ReauthReason::Ambiguous, effects);
                if let Some(refresh_token) = left {
                    self.outbox.add(now, refresh_token, effects);
                }
                self.count(Outcome::AmbiguousRelogin, effects);
                false
            }
        }
    }

    /// Begins what is due though nobody asks: a replay before its window closes, a grant that would lapse.
    pub(super) fn begin_by_itself(&mut self, now: Timestamp, effects: &mut Effects) {
        let policy = self.policy;
        let Phase::Live(live) = &mut self.phase else { return };
        match &mut live.ambiguous {
            Some(ambiguous) if ambiguous.replay_at.is_some() => {
                if ambiguous.verdict(&policy.grace, now) == Verdict::Forgiven {
                    let aim = ambiguous.aim;
                    self.begin(now, false, None, aim, effects);
                } else {
                    // The alarm came too late for the window.
                    ambiguous.replay_at = None;
                    effects.push(Effect::Persist);
                }
            }
            ambiguous => {
                let aim = ambiguous.as_ref().and_then(|ambiguous| ambiguous.aim);
                // Nobody asked for it.
                live.op = None;
                self.begin(now, false, None, aim, effects);
            }
        }
    }
}

impl Live {
    /// When something is due without anybody asking for it.
    pub(super) fn due_by_itself(&self, policy: &Policy) -> Option<Timestamp> {
        if self.intent.is_some() {
            return None;
        }
        let replay_at = self.ambiguous.and_then(|ambiguous| ambiguous.replay_at);
        replay_at.or_else(|| self.keep_at(policy))
    }

    /// When the grant is refreshed for its own sake, if that can still help it and harms nobody.
    fn keep_at(&self, policy: &Policy) -> Option<Timestamp> {
        self.refresh_token.as_ref()?;
        let harmless = self.ambiguous.is_none() || policy.grace.blast != Blast::ClientAndUser;
        // A repetition may cost the access token, so it waits for the end of that.
        let alone_from =
            self.ambiguous.map_or(self.not_before, |_| self.not_before.max(self.access.expires_at));
        let keep_at = self.rotated_at.after(policy.keep_after()?).max(alone_from);
        let lapses_at = self.rotated_at.after(policy.grant_idle?);
        (harmless && keep_at < lapses_at).then_some(keep_at)
    }

    /// Whether a caller of this session holds a newer token than there is here.
    const fn is_behind(&self, held: Stamp) -> bool {
        held.is_ahead_of(self.stamp)
    }

    /// Whether this question has had its token request.
    fn has_served(&self, op: Option<OpId>) -> bool {
        op.is_some() && op == self.op
    }

    /// Whether the refresh token is presented for this question: one that may be spent only where the server forgives it, or the token is
    /// needed.
    fn presents(&self, policy: &Policy, now: Timestamp, ask: &Ask) -> bool {
        let needed = self.lacks(ask.aim, now) || ask.reason == AskReason::Unauthorized;
        self.refresh_token.is_some() && (self.ambiguous.is_none() || needed || self.is_forgiven(policy, now))
    }

    /// Whether the server forgives another presentation now.
    fn is_forgiven(&self, policy: &Policy, now: Timestamp) -> bool {
        self.ambiguous.is_some_and(|ambiguous| ambiguous.verdict(&policy.grace, now) == Verdict::Forgiven)
    }

    /// Whether this question asks for a rotation and may have one: the caller holds the current token, and either the token
    /// is near its end, or the caller has a reason of its own and this generation is not too young.
    fn is_due(&self, now: Timestamp, ask: &Ask) -> bool {
        let Some(access) = self.access_for(ask.aim) else { return ask.reason != AskReason::Activity };
        let near_end = access.left(now) <= schedule::vault_lead(access.lifetime);
        if !self.is_newest(ask.stamp, ask.aim) {
            // A browser that holds none may be handed the last moments of one, as one of several that came to an end unused.
            return near_end && ask.aim.is_some() && ask.reason != AskReason::Activity;
        }
        let settled = now.since(access.began()) >= schedule::INTERVAL_MIN;
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
