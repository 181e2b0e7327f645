//! Where a service stands, for people and for other services.

use alloc::vec::Vec;

use super::Monitor;
use super::class::Class;
use super::doubt::Validated;
use super::human::Need;
use super::renewal::Record;
use super::revocation::Revoked;
use super::round::Attempt;
use super::settings::WayKind;
use super::token::Source;
use super::turn::Now;
use super::users::User;
use crate::id::Stamp;
use crate::time::{Millis, Timestamp};

/// Where it stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// There is a token.
    Active,
    /// There is one, and it ends soon.
    Expiring,
    /// There is none, and another is being had without anybody.
    NeedsRefresh,
    /// There is none, and only a person can bring one.
    NeedsHuman,
    /// There is none, and nobody but an operator can change that.
    Expired,
}

impl Word {
    /// Every word.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Expiring, Self::NeedsRefresh, Self::NeedsHuman, Self::Expired];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::NeedsRefresh => "needs_refresh",
            Self::NeedsHuman => "needs_human",
            Self::Expired => "expired",
        }
    }
}

/// Whether a token is renewed without anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Automatic {
    /// Yes, in this way.
    Possible(WayKind),
    /// No: this provider has no such way.
    NotOffered,
    /// No: a person has to bring the first token.
    NoToken,
    /// No: the token came without a refresh token.
    NoRefreshToken,
    /// No: it would be done to a token that lives, and there is none.
    TokenOver,
    /// No: the provider has refused it, by this class.
    Closed(Class),
}

impl Automatic {
    /// Its name, on the wire too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible(_) => "possible",
            Self::NotOffered => "not_offered",
            Self::NoToken => "no_token",
            Self::NoRefreshToken => "no_refresh_token",
            Self::TokenOver => "token_over",
            Self::Closed(_) => "closed",
        }
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// Whether there is a session: a token that nobody has ended.
    pub active: bool,
    /// Whether a caller would be given the token.
    pub valid: bool,
    /// In one word.
    pub word: Word,
    /// Which token.
    pub stamp: Option<Stamp>,
    /// Where it came from.
    pub source: Option<Source>,
    /// When it is planned to end.
    pub expires_at: Option<Timestamp>,
    /// How long it is planned to live.
    pub expires_in: Option<Millis>,
    /// Until when callers that only read live on another token, while they do.
    pub on_fallback: Option<Timestamp>,
    /// What the provider said of it last.
    pub validated: Option<Validated>,
    /// Whether it is renewed without anybody, and why not.
    pub automatic: Automatic,
    /// From when on a login brings a token that lives longer than this one.
    pub login_from: Option<Timestamp>,
    /// Whether a person is needed, since when and why.
    pub need: Option<Need>,
    /// Until when a person who is asked by the provider may answer.
    pub push_until: Option<Timestamp>,
    /// The attempt that is under way: n of so many.
    pub attempt: Option<Attempt>,
    /// How many attempts a round has.
    pub attempts: u32,
    /// How many rounds of renewal came to nothing.
    pub failed_rounds: u32,
    /// What the last attempt failed by.
    pub trouble: Option<Class>,
    /// Until when the provider wants to be left alone.
    pub hold_until: Option<Timestamp>,
    /// When the last check was made.
    pub checked_at: Option<Timestamp>,
    /// When the next one is due.
    pub next_check_at: Timestamp,
    /// The last renewals, newest last.
    pub records: Vec<Record>,
    /// Alerts that nobody has taken yet.
    pub alerts_waiting: usize,
    /// Tokens that are to be revoked at the provider, and are not yet.
    pub revocations_waiting: usize,
    /// How the last revocation ended.
    pub revoked: Option<Revoked>,
    /// Who uses it.
    pub users: Vec<User>,
}

impl Monitor {
    /// Where the service stands. Changes nothing.
    #[must_use]
    pub fn status(&self, now: Now) -> Status {
        let at = now.moment.wall;
        let (row, valid) = (&self.row, self.is_valid(at));
        let token = row.token.as_ref();
        let expires_at = token.and_then(|token| token.expires_at);
        let fresh = now.fresh_ends_at;
        let login_from = expires_at.filter(|_| valid && self.settings.person).map(|expires_at| {
            let helps = fresh.is_none_or(|fresh| expires_at < fresh);
            if helps { at } else { expires_at }
        });
        let fallback = row.fallback.filter(|fallback| !valid && at < fallback.expires_at);
        Status {
            active: token.is_some_and(|token| token.dead.is_none()),
            valid,
            word: self.word(at),
            stamp: token.map(|token| token.stamp),
            source: token.map(|token| token.source),
            expires_at,
            expires_in: expires_at.map(|expires_at| at.until(expires_at)),
            on_fallback: fallback.map(|fallback| fallback.expires_at),
            validated: row.validated,
            automatic: self.automatic(),
            login_from,
            need: row.need,
            push_until: row.push.and_then(|push| push.until),
            attempt: row.attempt,
            attempts: self.settings.attempts,
            failed_rounds: row.renewal.failed,
            trouble: row.trouble,
            hold_until: Some(row.hold_until).filter(|until| at < *until),
            checked_at: Some(row.checked_at).filter(|checked_at| *checked_at != Timestamp::default()),
            next_check_at: row.next_check_at,
            records: row.records.clone(),
            alerts_waiting: row.outbox.alerts().len(),
            revocations_waiting: row.revocations.waiting().len(),
            revoked: row.revocations.last(),
            users: self.users.all(),
        }
    }

    /// The same in one word.
    #[must_use]
    pub fn word(&self, now: Timestamp) -> Word {
        if self.is_valid(now) {
            let left = self.expires_at().map_or(Millis::FOREVER, |expires_at| now.until(expires_at));
            let most = self.settings.thresholds.iter().copied().max().unwrap_or_default();
            return if left <= most.max(self.settings.lead) { Word::Expiring } else { Word::Active };
        }
        if self.usable_way().is_some() {
            Word::NeedsRefresh
        } else if self.needs_operator() || !self.settings.person {
            Word::Expired
        } else {
            Word::NeedsHuman
        }
    }

    fn automatic(&self) -> Automatic {
        if let Some(way) = self.usable_way() {
            return Automatic::Possible(way.kind);
        }
        let of_ways = |kind| self.settings.ways.iter().any(|way| way.kind == kind);
        let closed = self.row.closed.iter().find(|closed| of_ways(closed.kind));
        match (closed, &self.row.token) {
            (Some(closed), _) => Automatic::Closed(closed.class),
            (None, _) if self.settings.ways.is_empty() => Automatic::NotOffered,
            (None, None) => Automatic::NoToken,
            (None, Some(token)) if token.alone && of_ways(WayKind::Refresh) => Automatic::NoRefreshToken,
            (None, Some(_)) => Automatic::TokenOver,
        }
    }
}
