//! What a monitor promises, as a checker that looks at every step from outside and remembers over restarts.
#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, missing_docs, unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};

use everlit_core::Stamp;
use everlit_core::id::{CallerId, RequestId};
use everlit_core::service::{
    Answer, Class, DoubtCause, Effect, Event, Fingerprint, Job, Kind, Leftover, Line, Monitor, Now, Origin,
    Outcome, Reply, RevocationAnswer, RevocationId, Row, Settings, Source,
};
use everlit_core::time::{Millis, Timestamp};

#[derive(Default)]
pub struct Watch {
    /// The newest name of an attempt.
    request: Option<RequestId>,
    /// Tokens that somebody who knows has ended.
    dead: BTreeSet<Stamp>,
    /// What was said, for which token.
    said: BTreeSet<(Stamp, String)>,
    /// When it was told that the app lives on another source, and which token there was.
    fell_back: Option<(Stamp, Timestamp)>,
    alert: Option<u32>,
    /// How often each code was sent, less how often that is known not to have happened.
    sent: BTreeMap<Fingerprint, i32>,
    routine_at: Option<Timestamp>,
    validated_at: Option<Timestamp>,
    /// Whether an operator has ended the session, and nobody has begun another.
    is_logged_out: bool,
    /// Whether anybody has tried to since.
    is_begun_anew: bool,
    /// What was under way at a logout, and may still bring a token.
    strays: BTreeMap<RequestId, Timestamp>,
    /// What is to be revoked, and since when.
    revoking: BTreeMap<RevocationId, Timestamp>,
    /// Who waits, and since when.
    waiting: BTreeMap<CallerId, Timestamp>,
    pub attempts: u64,
    pub answers: u64,
    pub revocations: u64,
}

fn is(condition: bool, what: &'static str) -> Result<(), &'static str> {
    if condition { Ok(()) } else { Err(what) }
}

impl Watch {
    /// The object was reset: nobody waits any more.
    pub fn restarted(&mut self) {
        self.waiting.clear();
    }

    pub fn check(
        &mut self,
        settings: &Settings,
        now: Now,
        before: &Monitor,
        event: &Event,
        effects: &[Effect],
        after: &Monitor,
    ) -> Result<(), &'static str> {
        let at = now.moment.wall;
        is(after.next_deadline().is_none_or(|next| at < next), "something is due again at once")?;
        self.durable(before, effects, after)?;
        self.attempts(settings, at, before, event, effects, after)?;
        self.tokens(at, before, event, effects, after)?;
        self.logout_is_final(settings, at, before, event, effects, after)?;
        self.alerts(event, effects, after)?;
        self.callers(settings, at, event, effects)
    }

    fn durable(&self, before: &Monitor, effects: &[Effect], after: &Monitor) -> Result<(), &'static str> {
        // Counts of use may wait for their row.
        let row = |monitor: &Monitor| Row { users: Vec::new(), ..monitor.row() };
        let written = effects.contains(&Effect::Persist);
        is(written || row(before) == row(after), "something changed and was not written")?;
        let places: Vec<u8> = effects
            .iter()
            .map(|effect| match effect {
                Effect::Keep { .. }
                | Effect::SetAside { .. }
                | Effect::Adopt { .. }
                | Effect::Drop { .. }
                | Effect::Forget { .. } => 0,
                Effect::Persist => 1,
                Effect::Attempt { .. } | Effect::Deliver { .. } | Effect::Revoke { .. } => 2,
                Effect::Answer { .. } | Effect::Tell { .. } | Effect::Log(_) => 3,
            })
            .collect();
        is(places.is_sorted(), "something was done before it was written")?;
        let stores = places.first() == Some(&0);
        is(written || !stores, "something is stored without the row")
    }

    fn attempts(
        &mut self,
        settings: &Settings,
        at: Timestamp,
        before: &Monitor,
        event: &Event,
        effects: &[Effect],
        after: &Monitor,
    ) -> Result<(), &'static str> {
        if let Event::AttemptAnswered { request, reply: Reply::Unsent } = event
            && let Some(attempt) = before.attempt().filter(|attempt| attempt.request == *request)
            && let Job::Exchange(name) = attempt.job
        {
            *self.sent.entry(name).or_default() -= 1;
        }
        let mut begun = 0;
        for effect in effects {
            let Effect::Attempt { request, job } = effect else { continue };
            begun += 1;
            self.attempts += 1;
            let free = before.attempt().is_none_or(|attempt| {
                let answered =
                    matches!(event, Event::AttemptAnswered { request, .. } if *request == attempt.request);
                let given_up = attempt.begun_at.after(settings.answer_within) <= at;
                answered || given_up || matches!(event, Event::LoggedOut)
            });
            is(free && begun == 1, "two attempts are under way")?;
            is(
                after.attempt().is_some_and(|attempt| attempt.request == *request && attempt.job == *job),
                "an attempt is not in the row",
            )?;
            is(self.request < Some(*request), "a name was given twice")?;
            self.request = Some(*request);
            is(before.row().hold_until <= at, "a provider that wants to be left alone was asked")?;
            match job {
                Job::Exchange(name) => {
                    let sent = self.sent.entry(*name).or_default();
                    *sent += 1;
                    is(settings.exchange_repeatable || *sent <= 1, "a code was sent twice")?;
                }
                Job::Validate(_) => {
                    let cause = after.row().doubt.map(|doubt| doubt.cause);
                    is(cause.is_some(), "the provider was asked for nothing")?;
                    let far = |then: Option<Timestamp>, least: Millis| {
                        then.is_none_or(|then| then.after(least) <= at)
                    };
                    if cause == Some(DoubtCause::Routine) {
                        is(
                            far(self.routine_at, settings.validate_every),
                            "asked twice in an hour without cause",
                        )?;
                        self.routine_at = Some(at);
                    }
                    if let Some(minute) = settings.budget.minute.filter(|minute| *minute <= 100) {
                        let least = Millis::from_millis(60_000 * 100 / u64::from(minute).max(1));
                        is(far(self.validated_at, least), "more than a hundredth of the calls")?;
                    }
                    self.validated_at = Some(at);
                }
                Job::AskPush => {
                    is(
                        after.row().push.is_some_and(|push| push.until.is_none()),
                        "a person was asked twice",
                    )?;
                }
                Job::Prove(_) | Job::Renew(_) => {}
            }
        }
        Ok(())
    }

    fn tokens(
        &mut self,
        at: Timestamp,
        before: &Monitor,
        event: &Event,
        effects: &[Effect],
        after: &Monitor,
    ) -> Result<(), &'static str> {
        is(before.newest() <= after.newest(), "the newest token is older than before")?;
        if let Event::CallAnswered {
            stamp,
            read_only: false,
            class: Class::AccessExpired | Class::ReauthRequired,
            ..
        } = event
            && before.token().is_some_and(|token| token.stamp == *stamp)
        {
            self.dead.insert(*stamp);
        }
        if let Event::AttemptAnswered {
            request,
            reply: Reply::Failed { class: Class::AccessExpired | Class::ReauthRequired, .. },
        } = event
            && let Some(attempt) = before.attempt().filter(|attempt| attempt.request == *request)
            && let Job::Validate(stamp) = attempt.job
            && before.token().is_some_and(|token| !token.lapsed)
        {
            self.dead.insert(stamp);
        }
        if matches!(event, Event::LoggedOut) {
            self.dead.extend(before.token().map(|token| token.stamp));
        }
        for effect in effects {
            match effect {
                Effect::Adopt { stamp, .. } => {
                    is(before.newest() < *stamp && after.newest() == *stamp, "an older token was taken up")?;
                }
                Effect::Answer { answer: Answer::Token { stamp, read_only: false, expires_in }, .. } => {
                    is(!self.dead.contains(stamp), "a caller was given a token past its death")?;
                    is(
                        after.token().is_some_and(|token| token.stamp == *stamp && token.is_valid(at)),
                        "a caller was given another token",
                    )?;
                    is(
                        expires_in.is_none_or(|left| left > Millis::ZERO),
                        "a caller was given a token past its end",
                    )?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `logout_is_final`: no late answer brings the session back, and a token that comes too late is revoked, as is the one that there was.
    fn logout_is_final(
        &mut self,
        settings: &Settings,
        at: Timestamp,
        before: &Monitor,
        event: &Event,
        effects: &[Effect],
        after: &Monitor,
    ) -> Result<(), &'static str> {
        let has = |effect: &Effect| effects.contains(effect);
        let (mut left, mut foreign) = (Vec::new(), Vec::new());
        // No attempt takes longer.
        self.strays.retain(|_, since| at < since.after(Millis::from_secs(3_600)));
        let brings = |job| matches!(job, Job::Exchange(_) | Job::Renew(_));
        for effect in effects {
            if let Effect::Adopt { .. } = effect {
                is(!self.is_logged_out || self.is_begun_anew, "a session came back that nobody began")?;
                self.is_logged_out = false;
            }
        }
        match event {
            Event::HandedIn { .. }
            | Event::RefreshAsked { operator: true, .. }
            | Event::PersonAsked { forces: true, .. } => self.is_begun_anew = true,
            _ => {}
        }
        match event {
            Event::LoggedOut => {
                let row = before.row();
                let attempts = [row.attempt, row.unheard].into_iter().flatten();
                (self.is_logged_out, self.is_begun_anew) = (before.token().is_some(), false);
                let strays =
                    attempts.filter(|attempt| brings(attempt.job)).map(|attempt| (attempt.request, at));
                self.strays.extend(strays);
                let is_first = before.token().is_none();
                is(is_first || after.attempt().is_none(), "a logout left an attempt that counts")?;
                is(!after.token().is_some_and(|token| token.is_valid(at)), "a token outlived a logout")?;
                left.extend(before.token().filter(|token| !token.is_over()).map(|_| Leftover::Held));
                let approved = row.hands.iter().filter(|hand| hand.source == Source::Approved);
                left.extend(approved.map(|hand| Leftover::Hand(hand.name)));
            }
            Event::AttemptAnswered { request, reply } if self.strays.remove(request).is_some() => {
                let from = Origin::Attempt(*request);
                let adopts =
                    |effect: &Effect| matches!(effect, Effect::Adopt { from: of, .. } if *of == from);
                is(!effects.iter().any(adopts), "a late answer brought the session back")?;
                left.extend(matches!(reply, Reply::Renewed(_)).then_some(Leftover::Brought(*request)));
                foreign.extend(matches!(reply, Reply::Foreign).then_some(Leftover::Brought(*request)));
            }
            Event::AttemptAnswered { request, reply: Reply::Foreign } => {
                let row = before.row();
                let known = [row.attempt, row.unheard].into_iter().flatten();
                let is_exchange =
                    |job| matches!(job, Job::Exchange(_)).then_some(Leftover::Brought(*request));
                let it = known.filter(|attempt| attempt.request == *request);
                foreign.extend(it.filter_map(|attempt| is_exchange(attempt.job)));
            }
            Event::RevocationAnswered {
                revocation,
                answer: RevocationAnswer::Revoked | RevocationAnswer::Refused,
            } => {
                self.revoking.remove(revocation);
            }
            _ => {}
        }
        let mut aside = Vec::new();
        for effect in effects {
            match effect {
                Effect::SetAside { revocation, what } => {
                    aside.push(*what);
                    is(
                        self.revoking.insert(*revocation, at).is_none(),
                        "a name of a revocation was given twice",
                    )?;
                    is(
                        has(&Effect::Revoke { revocation: *revocation }),
                        "what is left over waits for nothing",
                    )?;
                }
                Effect::Revoke { revocation } => {
                    self.revocations += 1;
                    is(self.revoking.contains_key(revocation), "what is revoked was not set aside")?;
                }
                Effect::Log(Line::Revoked { revocation, outcome: Outcome::GivenUp }) => {
                    let since = self.revoking.remove(revocation);
                    let is_old = since.is_some_and(|since| since.after(Millis::from_days(7)) <= at);
                    is(
                        is_old || before.row().revocations.waiting().len() >= 8,
                        "a token was given up too soon",
                    )?;
                }
                _ => {}
            }
        }
        let all = left.iter().all(|what| aside.contains(what));
        is(all || !settings.revokes, "a token lives on at the provider")?;
        let all = foreign.iter().all(|what| aside.contains(what));
        is(all || !settings.revokes_foreign, "another's token lives on at the provider")?;
        is(aside.is_empty() || settings.revokes, "a provider is asked for what it does not do")?;
        let waiting: BTreeSet<RevocationId> =
            after.row().revocations.waiting().iter().map(|waiting| waiting.id).collect();
        is(waiting.iter().eq(self.revoking.keys()), "a revocation was forgotten, or kept too long")?;
        let forgotten =
            |effect: &Effect| matches!(effect, Effect::Forget { revocation } if waiting.contains(revocation));
        is(!effects.iter().any(forgotten), "what is to be revoked was erased")
    }

    fn alerts(&mut self, event: &Event, effects: &[Effect], after: &Monitor) -> Result<(), &'static str> {
        if let Event::AttemptAnswered { reply: Reply::Extended { .. }, .. } = event {
            // The same token begins anew: what was wrong before is another cause.
            self.said.clear();
            self.fell_back = None;
        }
        for effect in effects {
            let Effect::Deliver { alert, kind, at } = effect else { continue };
            if self.alert.is_some_and(|newest| alert.0 <= newest) {
                continue;
            }
            self.alert = Some(alert.0);
            if let Kind::OnFallback { until: None } = kind {
                let before = self.fell_back.replace((after.newest(), *at));
                let known = before.is_some_and(|(stamp, before)| {
                    stamp == after.newest() && *at < before.after(Millis::from_secs(6 * 3_600))
                });
                is(!known, "it was told again that the app fell back")?;
                continue;
            }
            let what = match kind {
                Kind::ExpiringSoon { threshold, .. } => format!("{} {threshold:?}", kind.as_str()),
                _ => kind.as_str().to_owned(),
            };
            is(self.said.insert((after.newest(), what)), "the same was said twice")?;
        }
        Ok(())
    }

    fn callers(
        &mut self,
        settings: &Settings,
        at: Timestamp,
        event: &Event,
        effects: &[Effect],
    ) -> Result<(), &'static str> {
        match event {
            Event::Asked { caller, .. }
            | Event::RefreshAsked { caller, .. }
            | Event::PersonAsked { caller, .. }
            | Event::HandedIn { caller, .. } => {
                self.waiting.insert(*caller, at);
            }
            _ => {}
        }
        for effect in effects {
            if let Effect::Answer { caller, .. } | Effect::Tell { caller, .. } = effect {
                self.answers += 1;
                is(self.waiting.remove(caller).is_some(), "somebody was answered twice")?;
            }
        }
        let patient = |since: &Timestamp| at < since.after(settings.caller_wait);
        is(self.waiting.values().all(patient), "somebody waits for longer than their limit")
    }
}
