//! The row of a service, as it is kept.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::id::Stamp;
use everlit_core::rate::Gcra;
use everlit_core::service::{
    Alert, AlertId, Attempt, Class, Closed, Death, Doubt, DoubtCause, Fallback, Fingerprint, Hand, Job, Kind,
    Need, Outbox, Outcome, Push, Record, Renewal, Revocation, RevocationId, Revocations, Revoked, Round, Row,
    Source, Spent, Stray, Token, Told, User, Validated, Verdict, Want, WayKind,
};
use serde_json::Value;

use super::stored::{Stored, put, record, take, take_later, words};

/// Which shape this is. A later one that an older Worker must not read has another number.
const SHAPE: u64 = 1;

/// Why a row cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowError {
    /// It is of a later Worker.
    Ahead,
    /// It is no row.
    Broken,
}

/// The row as a text.
#[must_use]
pub fn encode(row: &Row) -> String {
    let mut value = row.to_value();
    if let Value::Object(map) = &mut value {
        put(map, "shape", SHAPE.into());
    }
    value.to_string()
}

/// The row of a text.
///
/// # Errors
///
/// A [`RowError`]: nothing of it is taken then.
pub fn decode(text: &[u8]) -> Result<Row, RowError> {
    let value: Value = serde_json::from_slice(text).map_err(|_| RowError::Broken)?;
    match value.get("shape").and_then(Value::as_u64) {
        Some(SHAPE) => Row::from_value(&value).ok_or(RowError::Broken),
        Some(later) if later > SHAPE => Err(RowError::Ahead),
        Some(_) | None => Err(RowError::Broken),
    }
}

record!(Row {
    version,
    newest,
    token,
    fallback,
    hands,
    judged,
    attempt,
    unheard,
    next_request,
    renewal,
    closed,
    hold_until,
    doubt,
    asked_at,
    validated,
    spent,
    need,
    push,
    told,
    checked_at,
    next_check_at,
    trouble,
    records,
    outbox,
    revocations,
    strays,
    users,
});
record!(Token { stamp, source, hand, began_at, touched_at, expires_at, lapsed, dead } or default { alone });
record!(Death { at, class });
record!(Fallback { stamp, expires_at });
record!(Hand { name, source, exchange, expires_at, fallback_until, round, ambiguous });
record!(Round { made, next_at });
record!(Attempt { request, job, number, of, begun_at });
record!(Renewal { begun, round, failed, paused_until, unsure } or default { waits });
record!(Closed { kind, class });
record!(Record { at, source, failed, attempts });
record!(Doubt { cause, round, ambiguous });
record!(Validated { at, valid });
record!(Need { since, want });
record!(Push { cause, began_at, first, round, asked, until });
record!(Told { warned, failed, failed_often, on_fallback, fell_back_at, considered });
record!(User { name, served, unserved, limited, last_at, rate } or default { calls, call_rate });
record!(Alert { id, kind, at, tries, due_at });
record!(Revocation { id, since, tries, due_at });
record!(Revoked { at, outcome });
record!(Stray { request, job, until });

words!(Class: Class::ALL);
words!(Outcome: Outcome::ALL);
words!(WayKind: [WayKind::Refresh, WayKind::SelfExtension, WayKind::KeepAlive, WayKind::Credentials]);

impl Stored for Source {
    fn to_value(&self) -> Value {
        Value::from(self.as_str())
    }
    fn from_value(value: &Value) -> Option<Self> {
        let word = value.as_str()?;
        [Self::Pasted, Self::Approved, Self::Imported, Self::LoggedIn]
            .into_iter()
            .find(|known| known.as_str() == word)
            .or_else(|| WayKind::from_value(value).map(Self::Automatic))
    }
}

impl Stored for DoubtCause {
    fn to_value(&self) -> Value {
        Value::from(match self {
            Self::Routine => "routine",
            Self::Asked => "asked",
            Self::Ambiguous => "ambiguous",
        })
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "routine" => Some(Self::Routine),
            "asked" => Some(Self::Asked),
            "ambiguous" => Some(Self::Ambiguous),
            _ => None,
        }
    }
}

impl Stored for Fingerprint {
    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_u64().map(Self)
    }
}

impl Stored for AlertId {
    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
    fn from_value(value: &Value) -> Option<Self> {
        u32::from_value(value).map(Self)
    }
}

impl Stored for RevocationId {
    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
    fn from_value(value: &Value) -> Option<Self> {
        u32::from_value(value).map(Self)
    }
}

/// Where there never was one, there is nothing to keep, as in a row of an earlier Worker.
impl Stored for Revocations {
    fn to_value(&self) -> Value {
        if *self == Self::default() {
            return Value::Null;
        }
        let last = self.last().to_value();
        Value::Array(alloc::vec![self.next().to_value(), last, self.waiting().to_vec().to_value()])
    }
    fn from_value(value: &Value) -> Option<Self> {
        if value.is_null() {
            return Some(Self::default());
        }
        let [next, last, waiting] = value.as_array()?.as_slice() else { return None };
        Some(Self::load(Stored::from_value(waiting)?, Stored::from_value(next)?, Stored::from_value(last)?))
    }
}

impl Stored for Spent {
    fn to_value(&self) -> Value {
        self.parts().to_value()
    }
    fn from_value(value: &Value) -> Option<Self> {
        <(Gcra, Gcra)>::from_value(value).map(|(minute, day)| Self::restored(minute, day))
    }
}

/// A word and what goes with it.
fn with(word: &str, detail: Value) -> Value {
    Value::Array(alloc::vec![Value::from(word), detail])
}

/// The word, and what goes with it.
fn parts(value: &Value) -> Option<(&str, &Value)> {
    match value {
        Value::String(word) => Some((word, &Value::Null)),
        Value::Array(parts) => match parts.as_slice() {
            [word, detail] => Some((word.as_str()?, detail)),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

impl Stored for Want {
    fn to_value(&self) -> Value {
        match self {
            Self::Refused(class) => with(self.as_str(), class.to_value()),
            Self::FirstToken | Self::Lapsed | Self::GrantOver | Self::LoggedOut => Value::from(self.as_str()),
        }
    }
    fn from_value(value: &Value) -> Option<Self> {
        let (word, detail) = parts(value)?;
        match word {
            "refused" => Class::from_value(detail).map(Self::Refused),
            word => [Self::FirstToken, Self::Lapsed, Self::GrantOver, Self::LoggedOut]
                .into_iter()
                .find(|known| known.as_str() == word),
        }
    }
}

impl Stored for Verdict {
    fn to_value(&self) -> Value {
        match self {
            Self::Accepted(stamp) => with(self.as_str(), stamp.to_value()),
            Self::Refused(class) => with(self.as_str(), class.to_value()),
            Self::Over | Self::Foreign | Self::Lost | Self::Unproven | Self::Late | Self::Busy => {
                Value::from(self.as_str())
            }
        }
    }
    fn from_value(value: &Value) -> Option<Self> {
        let (word, detail) = parts(value)?;
        match word {
            "accepted" => Stamp::from_value(detail).map(Self::Accepted),
            "refused" => Class::from_value(detail).map(Self::Refused),
            word => [Self::Over, Self::Foreign, Self::Lost, Self::Unproven, Self::Late, Self::Busy]
                .into_iter()
                .find(|known| known.as_str() == word),
        }
    }
}

impl Stored for Job {
    fn to_value(&self) -> Value {
        match self {
            Self::Exchange(name) => with("exchange", name.to_value()),
            Self::Prove(name) => with("prove", name.to_value()),
            Self::Validate(stamp) => with("validate", stamp.to_value()),
            Self::Renew(way) => with("renew", way.to_value()),
            Self::AskPush => Value::from("ask_push"),
        }
    }
    fn from_value(value: &Value) -> Option<Self> {
        let (word, detail) = parts(value)?;
        match word {
            "exchange" => Fingerprint::from_value(detail).map(Self::Exchange),
            "prove" => Fingerprint::from_value(detail).map(Self::Prove),
            "validate" => Stamp::from_value(detail).map(Self::Validate),
            "renew" => WayKind::from_value(detail).map(Self::Renew),
            "ask_push" => Some(Self::AskPush),
            _ => None,
        }
    }
}

impl Stored for Kind {
    fn to_value(&self) -> Value {
        let list = |values: Vec<Value>| with(self.as_str(), Value::Array(values));
        match self {
            Self::ExpiringSoon { threshold, expires_at, login_from } => {
                list(alloc::vec![threshold.to_value(), expires_at.to_value(), login_from.to_value()])
            }
            Self::RenewalFailed(class) => with(self.as_str(), class.to_value()),
            Self::FailedRepeatedly { rounds } => with(self.as_str(), rounds.to_value()),
            Self::OnFallback { until } => with(self.as_str(), until.to_value()),
            Self::Renewed(source) | Self::HumanAnswered(source) => with(self.as_str(), source.to_value()),
            Self::HumanNeeded { want, push } => list(alloc::vec![want.to_value(), push.to_value()]),
        }
    }
    fn from_value(value: &Value) -> Option<Self> {
        let (word, detail) = parts(value)?;
        let list = || detail.as_array().map(Vec::as_slice);
        match word {
            "expiring_soon" => match list()? {
                [threshold, expires_at, login_from] => Some(Self::ExpiringSoon {
                    threshold: Stored::from_value(threshold)?,
                    expires_at: Stored::from_value(expires_at)?,
                    login_from: Stored::from_value(login_from)?,
                }),
                _ => None,
            },
            "renewal_failed" => Class::from_value(detail).map(Self::RenewalFailed),
            "failed_repeatedly" => Some(Self::FailedRepeatedly { rounds: u32::from_value(detail)? }),
            "on_fallback" => Some(Self::OnFallback { until: Stored::from_value(detail)? }),
            "renewed" => Source::from_value(detail).map(Self::Renewed),
            "human_answered" => Source::from_value(detail).map(Self::HumanAnswered),
            "human_needed" => match list()? {
                [want, push] => Some(Self::HumanNeeded {
                    want: Stored::from_value(want)?,
                    push: Stored::from_value(push)?,
                }),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Stored for Outbox {
    fn to_value(&self) -> Value {
        with(&self.next().0.to_string(), self.alerts().to_vec().to_value())
    }
    fn from_value(value: &Value) -> Option<Self> {
        let (next, alerts) = parts(value)?;
        Some(Self::load(Vec::<Alert>::from_value(alerts)?, AlertId(next.parse().ok()?)))
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
