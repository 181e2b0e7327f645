//! A person: when one is needed, warned, and asked.

use super::class::Class;
use super::outbox::Kind;
use super::round::{Job, Round};
use super::turn::Turn;
use super::{Monitor, Reply};
use crate::id::{RequestId, Stamp};
use crate::time::{Millis, Timestamp};

/// Why a person is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Want {
    /// There never was a token.
    FirstToken,
    /// Its planned end has come.
    Lapsed,
    /// The provider refuses it, by this class.
    Refused(Class),
    /// What it was renewed by is over.
    GrantOver,
    /// An operator ended the session.
    LoggedOut,
}

impl Want {
    /// Its name, on the wire too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstToken => "first_token",
            Self::Lapsed => "lapsed",
            Self::Refused(_) => "refused",
            Self::GrantOver => "grant_over",
            Self::LoggedOut => "logged_out",
        }
    }
}

/// That a person is needed. Entered once, left by a new token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub want: Want,
}

/// That the provider asks a person by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Push {
    /// The token that another is asked for in place of.
    pub cause: Stamp,
    /// When it was begun.
    pub began_at: Timestamp,
    /// The first attempt that belongs to it: an approval answers one of those.
    pub first: RequestId,
    /// Its attempts.
    pub round: Round,
    /// How often a person was asked.
    pub asked: u32,
    /// Until when they may answer, while they may.
    pub until: Option<Timestamp>,
}

/// What was said about the token in use, so that nothing is said twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Told {
    /// The smallest threshold that was warned of.
    pub warned: Option<Millis>,
    /// That a renewal failed.
    pub failed: bool,
    /// That many did.
    pub failed_often: bool,
    /// That callers live on the other token.
    pub on_fallback: bool,
    /// When it was told that the app lives on another source.
    pub fell_back_at: Option<Timestamp>,
    /// Nothing, but it was considered to ask a person ahead of the end.
    pub considered: bool,
}

impl Told {
    /// Whether anybody outside was told anything.
    pub(super) fn said_anything(self) -> bool {
        Self { considered: false, ..self } != Self::default()
    }
}

/// Whoever still lives on another source after this is told of again: it is hardly the same cause any more.
const EPISODE: Millis = Millis::from_secs(6 * 3_600);

/// An operator may have a person asked again after this.
const ASK_AGAIN: Millis = Millis::from_secs(60);

impl Monitor {
    /// Every step comes by here: whether a person is needed, is to be warned, is to be asked.
    pub(super) fn look_for_human(&mut self, turn: &mut Turn) {
        if self.is_valid(turn.now) {
            self.warn(turn);
            self.consider_push(turn);
        } else {
            self.tell_fallback(turn);
            if self.row.need.is_none()
                && self.settings.person
                && self.usable_way().is_none()
                && !self.needs_operator()
            {
                let want = self.want();
                self.row.need = Some(Need { since: turn.now, want });
                let push = self.settings.push.is_some() && want != Want::LoggedOut;
                self.row.outbox.add(turn, Kind::HumanNeeded { want, push });
            }
        }
        if self.row.need.is_some_and(|need| need.want != Want::LoggedOut) {
            self.begin_push(turn);
        }
        self.end_push(turn);
    }

    fn want(&self) -> Want {
        match self.row.token {
            None => Want::FirstToken,
            Some(token) => match token.dead {
                Some(death) => death.class.map_or(Want::LoggedOut, Want::Refused),
                None if self.row.closed.is_empty() => Want::Lapsed,
                None => Want::GrantOver,
            },
        }
    }

    fn tell_fallback(&mut self, turn: &mut Turn) {
        let lives = self.row.fallback.filter(|fallback| turn.now < fallback.expires_at);
        if let Some(fallback) = lives
            && self.row.token.is_some()
            && !self.row.told.on_fallback
        {
            self.row.told.on_fallback = true;
            self.row.outbox.add(turn, Kind::OnFallback { until: Some(fallback.expires_at) });
        }
    }

    /// The app lives on another source. However many of its tabs say so, it is told once for a cause: for a token that is over, until
    /// there is another; for a provider that does not answer, for a while.
    pub(super) fn fell_back(&mut self, turn: &mut Turn) {
        let told = &mut self.row.told;
        let is_known = told.fell_back_at.is_some_and(|at| turn.now < at.after(EPISODE));
        // That the token is over has been told with what callers that only read live on.
        if !is_known && !told.on_fallback {
            told.fell_back_at = Some(turn.now);
            self.row.outbox.add(turn, Kind::OnFallback { until: None });
        }
    }

    /// The next threshold that is to be warned of, and when.
    fn next_warning(&self) -> Option<(Millis, Timestamp)> {
        let token = self.row.token.filter(|token| !token.is_over())?;
        let (expires_at, lifetime) = (token.expires_at?, token.lifetime()?);
        // Where it is renewed without anybody, there is nothing to warn of before that fails.
        if self.usable_way().is_some() && self.row.renewal.failed == 0 {
            return None;
        }
        // A token that began with less time left than that was never far from its end.
        let below = self.row.told.warned.unwrap_or(Millis::FOREVER).min(lifetime);
        let next = self.settings.thresholds.iter().filter(|threshold| **threshold < below).max()?;
        Some((*next, expires_at.before(*next)))
    }

    /// One warning for all thresholds that have passed: the last of them says most.
    fn warn(&mut self, turn: &mut Turn) {
        let mut due = None;
        while let Some((threshold, _)) = self.next_warning().filter(|(_, at)| *at <= turn.now) {
            self.row.told.warned = Some(threshold);
            due = Some(threshold);
        }
        if let (Some(threshold), Some(expires_at)) = (due, self.expires_at()) {
            let login_from = if turn.login_helps(expires_at) { turn.now } else { expires_at };
            self.row.outbox.add(turn, Kind::ExpiringSoon { threshold, expires_at, login_from });
        }
    }

    /// When it is considered whether a person could help already.
    fn considered_at(&self) -> Option<Timestamp> {
        let token = self.row.token.filter(|token| !token.is_over())?;
        let wanted = self.settings.push.is_some() && !self.row.told.considered && self.usable_way().is_none();
        token.renewed_at(self.settings.lead).filter(|_| wanted)
    }

    /// A person is asked ahead of the end only where what they bring would live longer.
    fn consider_push(&mut self, turn: &Turn) {
        if self.considered_at().is_some_and(|at| at <= turn.now) {
            self.row.told.considered = true;
            if self.expires_at().is_some_and(|expires_at| turn.login_helps(expires_at)) {
                self.begin_push(turn);
            }
        }
    }

    /// Once for a cause.
    fn begin_push(&mut self, turn: &Turn) {
        let cause = self.row.newest;
        if self.settings.push.is_some() && self.row.push.is_none_or(|push| push.cause != cause) {
            self.row.push = Some(Push {
                cause,
                began_at: turn.now,
                first: self.row.next_request,
                round: Round::at(turn.now),
                asked: 0,
                until: None,
            });
        }
    }

    /// Nobody has answered in time.
    fn end_push(&mut self, turn: &Turn) {
        let times = self.settings.push.map_or(0, |policy| policy.times);
        if let Some(push) = self.row.push.as_mut().filter(|push| push.until.is_some_and(|at| at <= turn.now))
        {
            push.until = None;
            if push.asked < times {
                push.round = Round::at(turn.now);
            }
        }
    }

    /// An operator wants a person asked once more.
    pub(super) fn ask_again(&mut self, turn: &Turn) {
        if self.row.push.is_some_and(|push| push.began_at.after(ASK_AGAIN) <= turn.now) && !self.is_asking() {
            self.row.push = None;
        }
    }

    pub(super) fn is_asking(&self) -> bool {
        self.row.attempt.is_some_and(|attempt| attempt.job == Job::AskPush)
    }

    /// Whether an approval that names this attempt answers a question that is open.
    pub(super) fn is_open(&self, ticket: RequestId, now: Timestamp) -> bool {
        self.row.push.is_some_and(|push| {
            let named = push.first <= ticket && ticket < self.row.next_request;
            let open = push.until.is_some_and(|until| now < until) || push.round.next_at.is_some();
            named && (open || self.is_asking())
        })
    }

    /// An attempt to have a person asked has ended.
    pub(super) fn push_answered(&mut self, turn: &mut Turn, reply: Reply) {
        let next_check_at = self.row.next_check_at;
        let open_for = self.settings.push.map_or(Millis::ZERO, |policy| policy.open_for);
        let held = match reply {
            Reply::Failed { class: Class::RateLimited | Class::ServiceClosed, until } => {
                Some(self.hold(turn, until))
            }
            Reply::Failed { .. }
            | Reply::Renewed(_)
            | Reply::Extended { .. }
            | Reply::Valid
            | Reply::Foreign
            | Reply::PushSent { .. }
            | Reply::Unsent => None,
        };
        let Some(push) = &mut self.row.push else { return };
        if let Some(held) = held {
            push.round = Round::at(held);
            return;
        }
        let class = match reply {
            Reply::Failed { class, .. } => class,
            Reply::Unsent => Class::Transient,
            Reply::PushSent { until } => {
                push.asked = push.asked.saturating_add(1);
                push.until = until.or_else(|| Some(turn.now.after(open_for)));
                return;
            }
            Reply::Renewed(_) | Reply::Extended { .. } | Reply::Valid | Reply::Foreign => {
                Class::OutcomeUnknown
            }
        };
        match class {
            Class::Transient => {
                if !push.round.again(turn.now, turn.entropy, &self.settings) {
                    let pause = self.settings.pause(self.settings.attempts, turn.entropy);
                    push.round = Round::at(next_check_at.max(turn.now.after(pause)));
                }
            }
            // A person may have been asked: they are not asked twice.
            Class::OutcomeUnknown | Class::Ambiguous => {
                push.asked = push.asked.saturating_add(1);
                push.until = Some(turn.now.after(open_for));
            }
            // Not by this way. The dialog remains.
            Class::AccessExpired
            | Class::ReauthRequired
            | Class::ClientMisconfigured
            | Class::UserActionRequired
            | Class::WrongToken
            | Class::RateLimited
            | Class::ServiceClosed => {}
        }
    }

    /// When something is due here with no event before it.
    pub(super) fn human_due_at(&self) -> Option<Timestamp> {
        let push = self.row.push.and_then(|push| push.until);
        let warning = self.next_warning().map(|(_, at)| at);
        [push, warning, self.considered_at()].into_iter().flatten().min()
    }

    /// When a person is to be asked, with no attempt under way. Not while what one has handed in waits for its proof.
    pub(super) fn push_next_at(&self) -> Option<Timestamp> {
        self.row.push.filter(|_| self.row.hands.is_empty())?.round.next_at
    }
}
