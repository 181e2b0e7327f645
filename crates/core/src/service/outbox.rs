//! Alerts, until somebody has taken them.
//!
//! Each is said once for its cause, and sent again under the same name until a receiver takes it. One that invites a person to do what
//! is done by now is withdrawn.

use alloc::vec::Vec;

use super::class::Class;
use super::effect::{Effect, Line};
use super::human::Want;
use super::token::Source;
use super::turn::Turn;
use crate::retry;
use crate::time::{Millis, Timestamp};

/// An alert that is not heard of for so long is sent again.
const TRY_LIMIT: Millis = Millis::from_secs(30);
/// An alert that nobody takes for so long is given up: it is no news any more.
const KEPT: Millis = Millis::from_days(1);
/// More than this at once is a fault somewhere; the oldest makes room.
const MOST: usize = 16;

/// Names one alert of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub u32);

/// What an alert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The token ends soon, and somebody may have to act.
    ExpiringSoon {
        /// The time left that was chosen to be told of.
        threshold: Millis,
        /// When it is planned to end.
        expires_at: Timestamp,
        /// From when on a login brings a token that lives longer. Not before that is one worth anybody's time.
        login_from: Timestamp,
    },
    /// A renewal came to nothing.
    RenewalFailed(Class),
    /// So many rounds came to nothing.
    FailedRepeatedly {
        /// How many.
        rounds: u32,
    },
    /// Somebody lives on less than the token: callers that only read on the one that is good for no more, or the app on another source.
    OnFallback {
        /// When that other token is planned to end; nothing where it is another source.
        until: Option<Timestamp>,
    },
    /// There is a new token, after something was said of the old one.
    Renewed(Source),
    /// Only a person can bring a token.
    HumanNeeded {
        /// Why.
        want: Want,
        /// Whether the provider asks them by itself.
        push: bool,
    },
    /// They did.
    HumanAnswered(Source),
}

impl Kind {
    /// Its name, on the wire too.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::ExpiringSoon { .. } => "expiring_soon",
            Self::RenewalFailed(_) => "renewal_failed",
            Self::FailedRepeatedly { .. } => "failed_repeatedly",
            Self::OnFallback { .. } => "on_fallback",
            Self::Renewed(_) => "renewed",
            Self::HumanNeeded { .. } => "human_needed",
            Self::HumanAnswered(_) => "human_answered",
        }
    }

    /// Whether it invites somebody to bring a token.
    const fn invites(&self) -> bool {
        match self {
            Self::ExpiringSoon { .. } | Self::HumanNeeded { .. } => true,
            Self::RenewalFailed(_)
            | Self::FailedRepeatedly { .. }
            | Self::OnFallback { .. }
            | Self::Renewed(_)
            | Self::HumanAnswered(_) => false,
        }
    }
}

/// Something to tell until it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// What it says.
    pub kind: Kind,
    /// When that happened.
    pub at: Timestamp,
    /// How often it was sent.
    pub tries: u32,
    /// When it is sent next.
    pub due_at: Timestamp,
}

impl Alert {
    const fn effect(&self) -> Effect {
        Effect::Deliver { alert: self.id, kind: self.kind, at: self.at }
    }
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outbox {
    alerts: Vec<Alert>,
    next: AlertId,
}

impl Outbox {
    /// The outbox as it was stored.
    #[must_use]
    pub const fn load(alerts: Vec<Alert>, next: AlertId) -> Self {
        Self { alerts, next }
    }

    /// What is in it.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The name of the next alert.
    #[must_use]
    pub const fn next(&self) -> AlertId {
        self.next
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.alerts.iter().map(|alert| alert.due_at).min()
    }

    /// Takes up an alert, and sends it at once.
    pub(super) fn add(&mut self, turn: &mut Turn, kind: Kind) {
        if self.alerts.len() >= MOST
            && let Some(id) = self.alerts.first().map(|alert| alert.id)
        {
            self.give_up(turn, id);
        }
        let id = self.next;
        self.next = AlertId(id.0.wrapping_add(1));
        let alert = Alert { id, kind, at: turn.now, tries: 1, due_at: turn.now.after(TRY_LIMIT) };
        turn.push(alert.effect());
        self.alerts.push(alert);
    }

    fn give_up(&mut self, turn: &mut Turn, id: AlertId) {
        self.alerts.retain(|alert| alert.id != id);
        turn.push(Effect::Log(Line::AlertGivenUp { alert: id }));
    }

    /// There is a new token: nobody has to be invited any more.
    pub(super) fn withdraw(&mut self) {
        self.alerts.retain(|alert| !alert.kind.invites());
    }

    pub(super) fn answered(&mut self, turn: &Turn, id: AlertId, settled: bool, retry_after: Option<Millis>) {
        if settled {
            self.alerts.retain(|alert| alert.id != id);
        } else if let Some(alert) = self.alerts.iter_mut().find(|alert| alert.id == id) {
            alert.due_at = turn.now.after(retry::slow_wait(retry_after, alert.tries, turn.entropy));
        }
    }

    /// Draws near what a clock that was set back has moved away.
    pub(super) fn mend_clock(&mut self, now: Timestamp) {
        let furthest = now.after(retry::COOL_DOWN_MAX);
        for alert in &mut self.alerts {
            alert.due_at = alert.due_at.min(furthest);
            alert.at = alert.at.min(now);
        }
    }

    /// Sends what is due.
    pub(super) fn pursue(&mut self, turn: &mut Turn) {
        let is_old = |alert: &&Alert| alert.due_at <= turn.now && alert.at.after(KEPT) <= turn.now;
        let old: Vec<AlertId> = self.alerts.iter().filter(is_old).map(|alert| alert.id).collect();
        for id in old {
            self.give_up(turn, id);
        }
        let now = turn.now;
        for alert in self.alerts.iter_mut().filter(|alert| alert.due_at <= now) {
            alert.tries = alert.tries.saturating_add(1);
            alert.due_at = now.after(TRY_LIMIT);
            turn.push(alert.effect());
        }
    }
}
