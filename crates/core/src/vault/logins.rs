//! Finished logins: of a session that begins, and of one that goes on.

use alloc::vec::Vec;
use core::mem;

use super::{Access, Effect, Effects, Limits, Live, Login, Orphan, Phase, Vault};
use crate::id::{CallerId, Generation, RequestId, Stamp};
use crate::secret::RefreshToken;
use crate::time::Timestamp;

impl Vault {
    pub(super) fn login_committed(&mut self, now: Timestamp, login: Login, effects: &mut Effects) {
        if self.phase != Phase::Vacant {
            // Every login opens a vault of its own, so this one is a repetition or a mistake. A repetition brings what we
            // hold, or the ancestors of what we hold: revoking them would end our own grant. The tokens of a mistake must
            // not live on unseen, unless revoking them would end the grant of other logins.
            let is_ours = self.stamp().is_some_and(|stamp| stamp.epoch == login.epoch);
            let is_kept = is_ours || self.policy.shared_grant;
            if let Some(refresh_token) = login.grant.refresh_token.filter(|_| !is_kept) {
                self.outbox.add(now, refresh_token, effects);
            }
            return;
        }
        let limits = Limits { active_at: now, absolute_at: now.after(self.policy.absolute_limit) };
        let stamp = Stamp { epoch: login.epoch, generation: Generation::FIRST };
        self.phase = Phase::Live(Live::begin(now, stamp, login, RequestId::default(), limits));
        effects.push(Effect::Persist);
    }

    pub(super) fn renewal_committed(
        &mut self,
        now: Timestamp,
        caller: CallerId,
        login: Login,
        silent: bool,
        effects: &mut Effects,
    ) {
        let mut login = login;
        let (stamp, newest, next_request, limits) = match &self.phase {
            Phase::Live(live) => (live.stamp, live.login, live.next_request, live.limits),
            Phase::ReauthRequired(waiting) => {
                (waiting.stamp, waiting.login, waiting.next_request, waiting.limits)
            }
            Phase::Vacant | Phase::Ended(_) => {
                effects.push(Effect::Answer { caller, answer: self.peek(now) });
                return;
            }
        };
        // What is being closed to clear the escrow is no name for a request.
        let closing = self.orphan.map_or(next_request, |orphan| orphan.intent.request.next());
        let next_request = next_request.max(closing);
        // A repetition brings a refresh token that may be spent by now: what came of its first delivery is newer.
        if newest < login.epoch {
            // A login that somebody saw is the user, active.
            let seen = Limits { active_at: now, absolute_at: now.after(self.policy.absolute_limit) };
            let limits = if silent { limits } else { seen };
            if self.policy.shared_grant && login.grant.refresh_token.is_none() {
                // The grant is the same, and some servers give its refresh token once.
                login.grant.refresh_token = self.unspent();
            }
            let refresh_token = login.grant.refresh_token.clone();
            let renewed = Phase::Live(Live::begin(now, stamp.rotated(), login, next_request, limits));
            let replaced = mem::replace(&mut self.phase, renewed);
            effects.push(Effect::Persist);
            // Where a server keeps one grant for a user and a client, to revoke the old token would take the new one with it:
            // what was replaced is left to lapse.
            if let Phase::Live(replaced) = replaced
                && !self.policy.shared_grant
            {
                let under_way = replaced.intent.or_else(|| self.orphan.map(|orphan| orphan.intent));
                self.orphan = under_way.map(|intent| Orphan { intent, revoke: true });
                // A server that does not rotate may give the same one again.
                if let Some(old) = replaced.refresh_token.filter(|old| Some(old) != refresh_token.as_ref()) {
                    self.outbox.add(now, old, effects);
                }
            }
            self.answer_waiters(now, effects);
        } else if login.epoch < newest
            && !self.policy.shared_grant
            && let Some(loser) = login.grant.refresh_token
        {
            self.outbox.add(now, loser, effects);
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now) });
    }

    /// Where the grant is over, it is not tried again until somebody has logged in. Where it is not, nothing was needed.
    pub(super) fn silent_refused(
        &mut self,
        now: Timestamp,
        caller: CallerId,
        top_level: bool,
        effects: &mut Effects,
    ) {
        if let Phase::ReauthRequired(waiting) = &mut self.phase {
            let refused = waiting.refused.and(top_level);
            if refused != waiting.refused {
                waiting.refused = refused;
                effects.push(Effect::Persist);
            }
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now) });
    }

    /// The refresh token, if it is certain that it was not spent.
    fn unspent(&self) -> Option<RefreshToken> {
        match &self.phase {
            Phase::Live(live) if live.intent.is_none() && live.ambiguous.is_none() => {
                live.refresh_token.clone()
            }
            Phase::Vacant | Phase::Live(_) | Phase::ReauthRequired(_) | Phase::Ended(_) => None,
        }
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
                made_at: stamp.generation,
            },
            aimed: Vec::new(),
            refresh_token: grant.refresh_token,
            rotated_at: now,
            intent: None,
            ambiguous: None,
            presented: 0,
            failures: 0,
            not_before: Timestamp::default(),
            next_request,
            first_request: next_request,
            family_request: next_request,
            op: None,
            limits,
        }
    }
}
