//! How the vault learns what came of a token request: from the rotator, or from the escrow.

use super::answers::Source;
use super::{
    Ambiguous, Effect, Effects, Ended, Intent, Live, Orphan, Outcome, Phase, Policy, ReauthRequired,
    TokenAnswer, Vault, Verdict,
};
use crate::escrow::Closed;
use crate::id::RequestId;
use crate::retry;
use crate::time::{Millis, Moment, Timestamp};

/// What a rotator may take beyond the time of its request: to find the endpoint, to claim, to seal and to tell.
const ROTATOR_SLACK: Millis = Millis::from_secs(5);
/// An escrow that does not answer is asked again after this.
const ESCROW_LIMIT: Millis = Millis::from_secs(10);
/// How long after the intent a claim may come at the latest: an internal request is refused when it is older.
const CLAIM_LIMIT: Millis = Millis::from_secs(60);
/// The shortest wait between two looks at a claimed request.
const LOOK_MIN: Millis = Millis::from_millis(500);
/// An escrow that says nothing for so long of a request that nobody waits for is asked no more.
const ORPHAN_KEPT: Millis = Millis::from_days(7);

/// Who is listened to for the request that is open. Lives in memory alone: after a restart nobody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ear {
    /// The rotator, until it should long have answered.
    Rotator,
    /// The escrow, which was asked.
    Escrow {
        /// When.
        asked_at: Timestamp,
        /// How often in a row it said nothing.
        silences: u32,
    },
    /// Nobody, until the escrow is asked (again).
    Nobody {
        /// When that is due.
        until: Timestamp,
        /// How often in a row the escrow said nothing.
        silences: u32,
    },
}

impl Ear {
    /// After a restart: the escrow is asked at the first opportunity.
    pub(super) const DEAF: Self = Self::Nobody { until: Timestamp::from_millis(0), silences: 0 };

    /// As it would have been by this clock, if that was set back.
    pub(super) fn mended(self, now: Timestamp) -> Self {
        match self {
            Self::Rotator => self,
            Self::Escrow { asked_at, silences } => Self::Escrow { asked_at: asked_at.min(now), silences },
            Self::Nobody { until, silences } => {
                Self::Nobody { until: until.min(now.after(retry::COOL_DOWN_MAX)), silences }
            }
        }
    }

    const fn silences(self) -> u32 {
        match self {
            Self::Rotator => 0,
            Self::Escrow { silences, .. } | Self::Nobody { silences, .. } => silences,
        }
    }
}

impl Vault {
    /// The request whose end is not known: of this generation, or one that the session went on without.
    fn open_request(&self) -> Option<Orphan> {
        match &self.phase {
            Phase::Live(Live { intent: Some(intent), .. }) => Some(Orphan { intent: *intent, revoke: false }),
            Phase::Vacant | Phase::Live(_) | Phase::ReauthRequired(_) | Phase::Ended(_) => self.orphan,
        }
    }

    /// Until when it is waited for news of the open request.
    pub(super) fn listens_until(&self) -> Option<Timestamp> {
        let Orphan { intent, .. } = self.open_request()?;
        Some(match self.ear {
            Ear::Rotator => self.policy.rotator_ends_at(intent),
            Ear::Escrow { asked_at, .. } => asked_at.after(ESCROW_LIMIT),
            Ear::Nobody { until, .. } => until,
        })
    }

    /// When the rotator of the open request should long have answered.
    pub(super) fn rotator_ends_at(&self) -> Option<Timestamp> {
        self.open_request().map(|open| self.policy.rotator_ends_at(open.intent))
    }

    /// A session that needs no token requests any more leaves nothing of their answers in the escrow: a request that was never
    /// made is closed there. While one is open, that waits for its end.
    pub(super) fn clear_escrow(&mut self, now: Timestamp) {
        let request = match &self.phase {
            Phase::Ended(ended) => ended.next_request,
            Phase::ReauthRequired(waiting) => waiting.next_request,
            Phase::Vacant | Phase::Live(_) => return,
        };
        // Where no request was ever made, there is nothing.
        if self.orphan.is_none() && request != RequestId::default() {
            let intent = Intent { request, armed_at: now, again: false, aim: None };
            // That it comes to anything is for a storage that went back in time.
            self.orphan = Some(Orphan { intent, revoke: self.revokes_strays() });
            self.ask_escrow(now);
        }
    }

    /// The end of the request is known that the session went on without, and the escrow may hold its answer still.
    pub(super) fn orphan_ended(&mut self, now: Timestamp, effects: &mut Effects) {
        self.drop_orphan(effects);
        self.clear_escrow(now);
    }

    /// Nothing more is to be found out of it, nor cleared.
    fn drop_orphan(&mut self, effects: &mut Effects) {
        effects.push(Effect::Persist);
        let Some(orphan) = self.orphan.take() else { return };
        if let Phase::Ended(Ended { next_request, .. })
        | Phase::ReauthRequired(ReauthRequired { next_request, .. }) = &mut self.phase
        {
            // No name is given twice, also not one of a request that was only closed.
            *next_request = orphan.intent.request.next().max(*next_request);
        }
    }

    /// Every step ends here: when nobody says what came of the open request, the escrow is asked.
    pub(super) fn pursue(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.orphan.is_some_and(|orphan| orphan.intent.armed_at.after(ORPHAN_KEPT) <= now) {
            self.drop_orphan(effects);
        }
        if let Some(Orphan { intent, .. }) = self.open_request()
            && self.listens_until().is_some_and(|until| until <= now)
        {
            self.ear = Ear::Escrow { asked_at: now, silences: self.ear.silences() };
            effects.push(Effect::CloseEscrow { request: intent.request });
        }
    }

    pub(super) fn escrow_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        closed: Option<Closed<TokenAnswer>>,
        effects: &mut Effects,
    ) {
        let Some(open) = self.open_request().filter(|open| open.intent.request == request) else {
            if let Some(Closed::Answered(answer)) = closed {
                self.late(now, request, answer, effects);
            }
            return;
        };
        match closed {
            None => {
                let silences = self.ear.silences().saturating_add(1);
                let wait = match self.orphan {
                    Some(_) => retry::slow_wait(None, silences, now.entropy),
                    None => retry::backoff(silences, now.entropy),
                };
                let until = now.wall.after(wait);
                self.ear = Ear::Nobody { until, silences };
            }
            Some(Closed::Claimed { at }) => {
                // A clock that was set meanwhile must not make us wait for ever, nor not at all.
                let armed_at = open.intent.armed_at;
                let at = at.clamp(armed_at, armed_at.after(CLAIM_LIMIT));
                let settled_at = at.after(self.policy.grace.settled_after());
                if settled_at <= now.wall {
                    self.unanswered(now, at, effects);
                } else {
                    // The longer it has taken, the longer it may take.
                    let wait = at.until(now.wall).percent(50).max(LOOK_MIN);
                    self.ear = Ear::Nobody { until: now.wall.after(wait).min(settled_at), silences: 0 };
                }
            }
            // Also by the word of the rotator that claimed it.
            Some(Closed::NeverSent | Closed::Answered(TokenAnswer::Unsent)) => self.never_sent(now, effects),
            Some(Closed::Answered(answer)) => self.settle(now, answer, Source::Escrow, effects),
            Some(Closed::Outrun { newest }) => self.outrun(now.wall, newest, effects),
        }
    }

    pub(super) fn token_answered(
        &mut self,
        now: Moment,
        request: RequestId,
        answer: TokenAnswer,
        effects: &mut Effects,
    ) {
        if self.open_request().is_some_and(|open| open.intent.request == request) {
            self.settle(now, answer, Source::Rotator, effects);
        } else {
            self.late(now, request, answer, effects);
        }
    }

    /// The escrow is asked at the end of this step.
    pub(super) const fn ask_escrow(&mut self, now: Timestamp) {
        self.ear = Ear::Nobody { until: now, silences: 0 };
    }

    /// The open request was sent, is under way no longer, and nobody knows what came of it.
    pub(super) fn unanswered(&mut self, now: Moment, claimed_at: Timestamp, effects: &mut Effects) {
        effects.push(Effect::Persist);
        let policy = self.policy;
        let Phase::Live(live) = &mut self.phase else {
            // There is nothing to find out any more. What was held is being revoked, and its successor with it where the
            // server knows a grant from a token.
            return self.orphan_ended(now.wall, effects);
        };
        let Some(intent) = live.intent.take() else { return self.orphan_ended(now.wall, effects) };
        live.presented = live.presented.saturating_add(1);
        live.failures = live.failures.saturating_add(1);
        let first = live.ambiguous.is_none();
        // A last resort has nothing to lose. If the grant survives it, the server saw the token for the first time then, and its
        // window runs from there.
        let since = live
            .ambiguous
            .filter(|before| before.verdict(&policy.grace, intent.armed_at) != Verdict::LastResort)
            .map_or(claimed_at, |before| before.since);
        let opened = since == claimed_at && policy.grace.verdict(since.until(now.wall)) == Verdict::Forgiven;
        live.ambiguous = Some(Ambiguous { since, replay_at: None, aim: intent.aim });
        // The first repetition leaves at once, whatever failed before it: a window may be closing. What is silent again and
        // again has pauses.
        live.not_before = if first || opened { now.wall } else { live.replay_after(now, None, &policy) };
        live.replay_again(&policy);
        self.resolve(now.wall, effects);
    }

    /// The open request never reached the server, and never will.
    fn never_sent(&mut self, now: Moment, effects: &mut Effects) {
        effects.push(Effect::Persist);
        let Phase::Live(live) = &mut self.phase else { return self.drop_orphan(effects) };
        let Some(intent) = live.intent.take() else { return self.drop_orphan(effects) };
        let (is_replay, aim) = (live.ambiguous.is_some(), intent.aim);
        if is_replay || intent.again {
            live.failures = live.failures.saturating_add(1);
            live.not_before = live.not_before.max(live.replay_after(now, None, &self.policy));
        }
        live.replay_again(&self.policy);
        if now.wall < live.not_before {
            self.count(Outcome::Transient, effects);
            self.answer_waiters(now.wall, effects);
        } else if is_replay {
            self.resolve(now.wall, effects);
        } else {
            self.begin(now.wall, true, None, aim, effects);
        }
    }

    /// The escrow knows of a newer request than this vault: its storage went back in time. What it holds was spent, or not.
    fn outrun(&mut self, now: Timestamp, newest: RequestId, effects: &mut Effects) {
        // What the session went on without was over when that one was made.
        self.orphan = None;
        let Phase::Live(live) = &mut self.phase else {
            if let Phase::Ended(Ended { next_request, .. })
            | Phase::ReauthRequired(ReauthRequired { next_request, .. }) = &mut self.phase
            {
                *next_request = newest.next().max(*next_request);
            }
            effects.push(Effect::Persist);
            return self.clear_escrow(now);
        };
        live.restored(live.stamp.rotated());
        live.next_request = live.next_request.max(newest.next());
        live.first_request = live.next_request;
        effects.push(Effect::Persist);
        self.resolve(now, effects);
    }
}

impl Policy {
    /// When the rotator of a request should long have answered.
    fn rotator_ends_at(&self, intent: Intent) -> Timestamp {
        let abort_after = self.grace.abort_after();
        intent.armed_at.after(abort_after).after(ROTATOR_SLACK.min(abort_after.percent(25)))
    }
}
