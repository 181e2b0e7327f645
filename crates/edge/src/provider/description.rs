//! All that is known of one provider, on a page.

use everlit_core::rate::Rate;
use everlit_core::time::{Millis, Timestamp};

use super::{Budget, Classify, Expiry, Placement, Protocol, Renewal, Validation, Watch};

/// A provider: data, and the one function that judges its answers.
///
/// What nobody has verified stands in `assumed`, and every member can be corrected: `Description { expiry, ..breeze::DESCRIPTION }`.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its name in a configuration.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What is spoken with it as a service; nothing as long as it is only described.
    pub protocol: Option<Protocol>,
    /// Where its API is; nothing where each account or installation has its own.
    pub origin: Option<&'static str>,
    /// Where a person logs in, up to the query.
    pub login: Option<&'static str>,
    /// How its token ends.
    pub expiry: Expiry,
    /// How long after a login the grant ends, however often it is renewed.
    pub grant_end: Option<Millis>,
    /// The ways to a new token, best first.
    pub renewals: &'static [Renewal],
    /// Why no credentials of the user can stand in for the user; nothing where they can.
    pub why_a_person: Option<&'static str>,
    /// The call that shows whether a token lives.
    pub validation: Option<Validation>,
    /// How many calls it takes.
    pub budget: Budget,
    /// How often it may be called in a minute, as far as it says: what one caller may have called through us where nobody chooses. What it
    /// says of longer times is its own to hold.
    pub call_rate: Option<Rate>,
    /// How closely a token of it is watched where nobody chooses.
    pub watch: Watch,
    /// From where it can be called.
    pub placement: Placement,
    /// Whether `state` comes back from a login. Where it does not, a browser has one login under way at a time.
    pub returns_state: bool,
    /// What an answer of it means; nothing where its refusals were never seen.
    pub classify: Option<Classify>,
    /// Where all this is known from.
    pub source: &'static str,
    /// What is not known, and was taken to be so.
    pub assumed: &'static str,
}

impl Description {
    /// Whether a token of it can be renewed with no person there.
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        self.renewals.iter().any(Renewal::is_unattended)
    }

    /// Whether it must be said whose account it is before anybody logs in. Where nothing comes back that only this login knows, another
    /// site can bring a code of its own while one is under way, and the first token there ever was would be somebody else's.
    #[must_use]
    pub const fn needs_account(&self) -> bool {
        self.login.is_some() && !self.returns_state
    }

    /// When the grant of a login ends, whatever is done.
    #[must_use]
    pub fn grant_ends_at(&self, login: Timestamp) -> Option<Timestamp> {
        self.grant_end.map(|length| login.after(length))
    }
}
