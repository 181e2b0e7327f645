//! A service as one flat record: what a driver stores.

use alloc::vec::Vec;

use super::budget::Spent;
use super::class::Class;
use super::doubt::{Doubt, Validated};
use super::human::{Need, Push, Told};
use super::outbox::Outbox;
use super::renewal::{Closed, Record, Renewal};
use super::revocation::{Revocations, Stray};
use super::round::Attempt;
use super::token::{Fallback, Fingerprint, Hand, Token, Verdict};
use super::users::User;
use crate::id::{RequestId, Stamp};
use crate::time::Timestamp;

/// One row: every field is one column. It holds no token: the driver keeps those beside it, sealed, under stamp or fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    /// The configuration it was written under.
    pub version: u64,
    /// The newest token there ever was.
    pub newest: Stamp,
    /// The token in use, also when it is over.
    pub token: Option<Token>,
    /// A token that is good for less.
    pub fallback: Option<Fallback>,
    /// What was handed in and is not proven, in its order.
    pub hands: Vec<Hand>,
    /// What became of what was handed in last.
    pub judged: Vec<(Fingerprint, Verdict)>,
    /// The attempt that is under way.
    pub attempt: Option<Attempt>,
    /// The last one that was given up without a word.
    pub unheard: Option<Attempt>,
    /// The name of the next attempt.
    pub next_request: RequestId,
    /// Where the renewal of this token stands.
    pub renewal: Renewal,
    /// Ways that brought nothing, and will not before something changes.
    pub closed: Vec<Closed>,
    /// Nothing is asked of the provider before this.
    pub hold_until: Timestamp,
    /// Why the provider is asked about the token, while it is.
    pub doubt: Option<Doubt>,
    /// When the provider was last asked about a token, or gave one.
    pub asked_at: Timestamp,
    /// What it said last.
    pub validated: Option<Validated>,
    /// What of the call budget is used up.
    pub spent: Spent,
    /// That a person is needed, and why.
    pub need: Option<Need>,
    /// That the provider asks one.
    pub push: Option<Push>,
    /// What was said about this token.
    pub told: Told,
    /// When the last check was made.
    pub checked_at: Timestamp,
    /// When the next one is due.
    pub next_check_at: Timestamp,
    /// The last failure of an attempt, until one succeeds.
    pub trouble: Option<Class>,
    /// The last renewals, newest last.
    pub records: Vec<Record>,
    /// Alerts that nobody has taken yet.
    pub outbox: Outbox,
    /// Tokens that are to be revoked.
    pub revocations: Revocations,
    /// What was under way at a logout, and may still bring one.
    pub strays: Vec<Stray>,
    /// Who uses the service.
    pub users: Vec<User>,
}
