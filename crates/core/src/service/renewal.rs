//! Renewals that need no person: ahead of time, in rounds, by the first way that is open.

use super::class::Class;
use super::doubt::{DoubtCause, Validated};
use super::effect::{Effect, Line, Origin};
use super::human::Told;
use super::outbox::Kind;
use super::round::Round;
use super::settings::{Way, WayKind};
use super::token::{Fallback, Fingerprint, Source, Token};
use super::turn::Turn;
use super::{Brought, Monitor, Reply};
use crate::id::{Epoch, Generation, Stamp};
use crate::schedule::INTERVAL_MIN;
use crate::time::{Millis, Timestamp};

/// The longest that a provider may ask to be left alone: until its next midnight.
pub(super) const HOLD_MAX: Millis = Millis::from_secs(25 * 3_600);

/// What a call was told moves the end of it by no less, and begins none that is over sooner: nothing is asked in so short a time as it is.
const HOLD_STEP: Millis = Millis::from_secs(60);

/// Where the renewal of a token stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Renewal {
    /// Whether a round was begun for this token: the next one waits for a check.
    pub begun: bool,
    /// The round.
    pub round: Round,
    /// How many rounds came to nothing.
    pub failed: u32,
    /// No round before this.
    pub paused_until: Timestamp,
    /// It is not known what the last attempt came to, and another could cost the token: the provider is asked about that first.
    pub unsure: bool,
    /// Another would end when this token does, as where all of them end at one hour: it is had after that.
    pub waits: bool,
}

impl Renewal {
    /// Begins anew, with the same pauses.
    pub(super) fn restart(&mut self) {
        *self = Self { paused_until: self.paused_until, failed: self.failed, ..Self::default() };
    }
}

/// A way that brought nothing, and will not before something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Closed {
    /// Which one.
    pub kind: WayKind,
    /// Why.
    pub class: Class,
}

/// How one renewal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// How the token came, or should have.
    pub source: Source,
    /// What it failed by; nothing for success.
    pub failed: Option<Class>,
    /// How many attempts it took.
    pub attempts: u32,
}

impl Monitor {
    /// The first way that is open and has something to work on.
    pub(super) fn usable_way(&self) -> Option<Way> {
        let is_usable = |way: &&Way| {
            let is_open = self.row.closed.iter().all(|closed| closed.kind != way.kind);
            let token = self.row.token.as_ref();
            is_open
                && match way.kind {
                    WayKind::Credentials => true,
                    // The first token is for a person to bring, with what the next is had for.
                    WayKind::Refresh => token.is_some_and(|token| !token.alone),
                    WayKind::SelfExtension | WayKind::KeepAlive => {
                        token.is_some_and(|token| !token.is_over())
                    }
                }
        };
        self.settings.ways.iter().find(is_usable).copied()
    }

    /// Whether an operator must act before anything can be renewed: no login helps.
    pub(super) fn needs_operator(&self) -> bool {
        let misconfigured =
            |closed: &Closed| matches!(closed.class, Class::ClientMisconfigured | Class::WrongToken);
        self.usable_way().is_none() && self.row.closed.iter().any(misconfigured)
    }

    /// From when on a renewal is due.
    fn renewal_due_at(&self) -> Option<Timestamp> {
        let way = self.usable_way()?;
        let Some(token) = &self.row.token else { return Some(Timestamp::default()) };
        if token.is_over() {
            return Some(token.began_at.after(INTERVAL_MIN));
        }
        match way.every {
            Some(every) => Some(token.touched_at.after(every.max(INTERVAL_MIN))),
            None if self.row.renewal.waits => token.expires_at,
            None => token.renewed_at(self.settings.lead),
        }
    }

    /// Ahead of the end, another token is had only where it would live longer.
    fn consider_renewal(&mut self, turn: &Turn) {
        let Some(token) = self.row.token.filter(|token| !token.is_over()) else { return };
        let by_another = self.usable_way().is_some_and(|way| way.every.is_none() && !way.kind.needs_living());
        let due = self.renewal_due_at().is_some_and(|due| due <= turn.now);
        if by_another && due && token.expires_at.is_some_and(|expires_at| !turn.login_helps(expires_at)) {
            self.row.renewal.waits = true;
        }
    }

    /// When something is to be done about it, with no attempt under way.
    pub(super) fn renewal_next_at(&self) -> Option<Timestamp> {
        let renewal = &self.row.renewal;
        let first = self.renewal_due_at().filter(|_| !renewal.begun);
        let next = renewal.round.next_at.filter(|_| self.usable_way().is_some()).or(first)?;
        Some(if renewal.round.next_at.is_some() { next } else { next.max(renewal.paused_until) })
    }

    /// Begins the first round of a token when it is due, and another at a check.
    pub(super) fn begin_renewal(&mut self, turn: &Turn, at_check: bool) {
        self.consider_renewal(turn);
        let way = self.usable_way();
        let due = self.renewal_due_at().is_some_and(|due| due <= turn.now);
        let is_under_way = self.is_renewing();
        let renewal = &mut self.row.renewal;
        if way.is_none() {
            renewal.round = Round::default();
        } else if due
            && renewal.round.next_at.is_none()
            && !is_under_way
            && renewal.paused_until <= turn.now
            && (!renewal.begun || (at_check && !renewal.unsure))
        {
            renewal.begun = true;
            renewal.round = Round::at(turn.now);
        }
    }

    /// An attempt at a renewal has ended.
    pub(super) fn renewal_answered(&mut self, turn: &mut Turn, kind: WayKind, origin: Origin, reply: Reply) {
        let way = self.settings.ways.iter().find(|way| way.kind == kind).copied();
        let repeatable = way.is_none_or(|way| way.repeatable);
        match reply {
            Reply::Renewed(brought) => {
                let is_over = brought.expires_at.is_some_and(|expires_at| expires_at <= turn.now);
                if is_over {
                    return self.renewal_failed(turn, kind, Class::Transient, true);
                }
                let attempts = self.row.renewal.round.made;
                self.adopt(turn, Source::Automatic(kind), None, origin, brought, attempts);
            }
            Reply::Extended { expires_at } => self.extended(turn, kind, expires_at),
            Reply::Failed { class: Class::RateLimited | Class::ServiceClosed, until } => {
                let until = self.hold(turn, until);
                self.row.renewal.round = Round::at(until);
            }
            Reply::Failed { class, .. } => self.renewal_failed(turn, kind, class, repeatable),
            Reply::Unsent => self.renewal_failed(turn, kind, Class::Transient, true),
            Reply::Valid | Reply::Foreign | Reply::PushSent { .. } => {
                self.renewal_failed(turn, kind, Class::OutcomeUnknown, repeatable);
            }
        }
    }

    fn renewal_failed(&mut self, turn: &mut Turn, kind: WayKind, class: Class, repeatable: bool) {
        match class {
            Class::AccessExpired | Class::ReauthRequired | Class::ClientMisconfigured | Class::WrongToken => {
                self.record(turn, Source::Automatic(kind), Some(class), self.row.renewal.round.made);
                self.close(turn, kind, class);
                self.say_failed(turn, class);
            }
            Class::UserActionRequired => self.round_over(turn, kind, class),
            // Of a token that is over nothing can be lost any more, and nobody could be asked about it.
            Class::OutcomeUnknown if !repeatable && self.row.token.is_some_and(|token| !token.is_over()) => {
                self.round_over(turn, kind, class);
                self.row.renewal.unsure = true;
                self.doubt(turn, DoubtCause::Ambiguous);
            }
            Class::Transient
            | Class::Ambiguous
            | Class::OutcomeUnknown
            | Class::RateLimited
            | Class::ServiceClosed => {
                if !self.row.renewal.round.again(turn.now, turn.entropy, &self.settings) {
                    self.round_over(turn, kind, class);
                }
            }
        }
    }

    /// This way leads nowhere until something changes. The next one is tried at once.
    pub(super) fn close(&mut self, turn: &mut Turn, kind: WayKind, class: Class) {
        self.row.closed.retain(|closed| closed.kind != kind);
        self.row.closed.push(Closed { kind, class });
        self.row.renewal.restart();
        if kind.needs_living() && matches!(class, Class::AccessExpired | Class::ReauthRequired) {
            self.die(turn, Some(class));
        }
    }

    fn round_over(&mut self, turn: &mut Turn, kind: WayKind, class: Class) {
        let made = self.row.renewal.round.made;
        self.record(turn, Source::Automatic(kind), Some(class), made);
        let renewal = &mut self.row.renewal;
        renewal.round = Round::default();
        renewal.failed = renewal.failed.saturating_add(1);
        renewal.paused_until = turn.now.after(self.settings.pause(made, turn.entropy));
        self.say_failed(turn, class);
    }

    /// Once for a token, and once more when it does not end.
    pub(super) fn say_failed(&mut self, turn: &mut Turn, class: Class) {
        if !self.row.told.failed {
            self.row.told.failed = true;
            self.row.outbox.add(turn, Kind::RenewalFailed(class));
        }
        let rounds = self.row.renewal.failed;
        if rounds >= self.settings.failed_often && !self.row.told.failed_often {
            self.row.told.failed_often = true;
            self.row.outbox.add(turn, Kind::FailedRepeatedly { rounds });
        }
    }

    /// The provider wants to be left alone. Until when that is kept.
    pub(super) fn hold(&mut self, turn: &Turn, until: Option<Timestamp>) -> Timestamp {
        let until = until.unwrap_or_else(|| turn.now.after(self.settings.check_every()));
        let first = turn.now.after(self.settings.pause(1, turn.entropy));
        let until = until.clamp(first, turn.now.after(HOLD_MAX).max(first));
        self.row.hold_until = self.row.hold_until.max(until);
        self.row.hold_until
    }

    /// The same, by what it said to a call. Each of many that are refused says so, and a row for each would move the end of it by moments.
    pub(super) fn hold_by_call(&mut self, turn: &Turn, until: Option<Timestamp>) {
        let until = until.unwrap_or_else(|| turn.now.after(self.settings.check_every()));
        let until = until.min(turn.now.after(HOLD_MAX));
        if self.row.hold_until.max(turn.now).after(HOLD_STEP) <= until {
            self.hold(turn, Some(until));
        }
    }

    /// The same token lives on.
    fn extended(&mut self, turn: &mut Turn, kind: WayKind, expires_at: Option<Timestamp>) {
        let Some(token) = self.row.token.as_mut().filter(|token| token.dead.is_none()) else { return };
        (token.touched_at, token.expires_at) = (turn.now, expires_at.or(token.expires_at));
        token.lapsed = !token.is_valid(turn.now);
        if !token.lapsed {
            self.row.need = None;
        }
        let made = self.row.renewal.round.made;
        self.row.renewal = Renewal::default();
        (self.row.asked_at, self.row.trouble) = (turn.now, None);
        self.row.validated = Some(Validated { at: turn.now, valid: true });
        if kind != WayKind::KeepAlive {
            self.record(turn, Source::Automatic(kind), None, made);
        }
        if self.row.told.said_anything() {
            self.row.told = Told::default();
            self.row.outbox.withdraw();
            self.row.outbox.add(turn, Kind::Renewed(Source::Automatic(kind)));
        }
    }

    pub(super) fn record(&mut self, turn: &Turn, source: Source, failed: Option<Class>, attempts: u32) {
        self.row.records.push(Record { at: turn.now, source, failed, attempts });
        let over = self.row.records.len().saturating_sub(self.settings.most_records);
        self.row.records.drain(..over);
    }

    /// The name of the next token.
    fn next_stamp(&self, now: Timestamp) -> Stamp {
        if self.row.newest == Stamp::default() {
            Stamp { epoch: Epoch(now.as_millis()), generation: Generation::FIRST }
        } else {
            self.row.newest.rotated()
        }
    }

    /// There is a new token. One that a vault has named is taken only if it is newer than all before. True if it was.
    pub(super) fn adopt(
        &mut self,
        turn: &mut Turn,
        source: Source,
        hand: Option<Fingerprint>,
        from: Origin,
        brought: Brought,
        attempts: u32,
    ) -> Option<Stamp> {
        let stamp = brought.stamp.unwrap_or_else(|| self.next_stamp(turn.now));
        if stamp <= self.row.newest {
            return None;
        }
        let (now, expires_at) = (turn.now, brought.expires_at);
        turn.push(Effect::Adopt { from, stamp });
        self.row.newest = stamp;
        self.row.token = Some(Token {
            stamp,
            source,
            hand,
            began_at: now,
            touched_at: now,
            expires_at,
            lapsed: false,
            alone: brought.alone,
            dead: None,
        });
        if let Some(expires_at) = brought.fallback_until {
            self.row.fallback = Some(Fallback { stamp, expires_at });
        }
        self.row.renewal = Renewal::default();
        (self.row.doubt, self.row.unheard, self.row.push, self.row.trouble) = (None, None, None, None);
        (self.row.asked_at, self.row.validated) = (now, Some(Validated { at: now, valid: true }));
        if source.is_person() {
            // With a login comes a grant.
            self.row.closed.retain(|closed| closed.class == Class::ClientMisconfigured);
        }
        let needed = self.row.need.take().is_some();
        let said = needed || self.row.told.said_anything();
        self.row.told = Told::default();
        self.row.outbox.withdraw();
        if needed && source.is_person() {
            self.row.outbox.add(turn, Kind::HumanAnswered(source));
        } else if said || source.is_person() {
            self.row.outbox.add(turn, Kind::Renewed(source));
        }
        self.record(turn, source, None, attempts);
        Some(stamp)
    }

    /// The planned end of the token has come.
    pub(super) fn lapse(&mut self, turn: &mut Turn) {
        let Some(token) = self.row.token.as_mut().filter(|token| !token.is_over()) else { return };
        if token.is_valid(turn.now) {
            return;
        }
        token.lapsed = true;
        let stamp = token.stamp;
        // It is hidden: what the provider would say of it changes nothing.
        self.row.doubt = None;
        self.row.renewal.unsure = false;
        turn.log(Line::Ended { stamp, class: None });
    }
}
