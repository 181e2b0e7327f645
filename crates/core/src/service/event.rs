//! What can happen to a service.

use alloc::string::String;

use super::class::Class;
use super::outbox::AlertId;
use super::people::Person;
use super::revocation::RevocationId;
use super::token::Handed;
use super::users::Purpose;
use crate::id::{CallerId, RequestId, Stamp};
use crate::time::{Millis, Timestamp};

/// Something that happened. Each may be delivered twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A service asks for the token.
    Asked {
        /// Who asks.
        caller: CallerId,
        /// By which name it is counted and limited.
        name: String,
        /// Whether a token that is good for less will do.
        reads_only: bool,
        /// What for.
        purpose: Purpose,
    },
    /// A service or an operator thinks that the token is of no use any more.
    RefreshAsked {
        /// Who asks.
        caller: CallerId,
        /// By which name it is counted and limited.
        name: String,
        /// The token it holds. Whoever is behind gets the one there is.
        holds: Option<Stamp>,
        /// Whether it is an operator: may have everything tried again, also what waits for one.
        operator: bool,
    },
    /// A user of the app calls through it, or an operator among them wants another token.
    PersonAsked {
        /// Who asks.
        caller: CallerId,
        /// Whose rate it is. They are counted all together.
        person: Person,
        /// Whether a token that is good for less will do.
        reads_only: bool,
        /// Whether it is an operator who has everything tried again, also what waits for one.
        forces: bool,
        /// Whether a call of theirs was answered with what could mean that the token is over: what comes of that is what they want to hear.
        doubts: bool,
    },
    /// The app could not be served with the provider's answers, and goes on with those of another source.
    FellBack,
    /// Somebody hands in a token, or what a token can be had for.
    HandedIn {
        /// Who waits to hear what became of it.
        caller: CallerId,
        /// What.
        handed: Handed,
    },
    /// An attempt came to an end.
    AttemptAnswered {
        /// Which one.
        request: RequestId,
        /// How.
        reply: Reply,
    },
    /// The provider answered a call that was made with a token from here, and its answer was classified.
    CallAnswered {
        /// The token.
        stamp: Stamp,
        /// Whether it was the one that is good for less.
        read_only: bool,
        /// What the answer means.
        class: Class,
        /// Until when the provider wants to be left alone, if it said so.
        until: Option<Timestamp>,
    },
    /// The vault has another token, whoever had it fetched.
    Moved(Brought),
    /// The vault's grant is over, by the provider's word.
    GrantEnded,
    /// An operator ends the session.
    LoggedOut,
    /// An alert was delivered, or not.
    AlertAnswered {
        /// Which one.
        alert: AlertId,
        /// Whether it need not be sent again.
        settled: bool,
        /// `Retry-After`, if the receiver gave one.
        retry_after: Option<Millis>,
    },
    /// The provider was asked to revoke a token.
    RevocationAnswered {
        /// Which one.
        revocation: RevocationId,
        /// What became of it.
        answer: RevocationAnswer,
    },
    /// The time that [`Monitor::next_deadline`](super::Monitor::next_deadline) named has come. May be delivered early, late or twice.
    DeadlineReached,
}

/// A new token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Brought {
    /// Which one, if a vault gave it its name. Else it is named here.
    pub stamp: Option<Stamp>,
    /// When it is planned to end; nothing where nobody knows.
    pub expires_at: Option<Timestamp>,
    /// When a token for less that came with it is planned to end.
    pub fallback_until: Option<Timestamp>,
    /// Whether it came without a refresh token, so that nothing is left to present when it ends.
    pub alone: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It brought another token (an exchange, a renewal).
    Renewed(Brought),
    /// The token is the same and lives on (a renewal).
    Extended {
        /// Until when, if that is known.
        expires_at: Option<Timestamp>,
    },
    /// The provider takes the token, and it is the account that was expected (a validation).
    Valid,
    /// It is another account's (an exchange, a validation).
    Foreign,
    /// A person is being asked.
    PushSent {
        /// Until when they may answer, if the provider said so.
        until: Option<Timestamp>,
    },
    /// It came to nothing, and the provider said so.
    Failed {
        /// What that means.
        class: Class,
        /// Until when the provider wants to be left alone, if it said so.
        until: Option<Timestamp>,
    },
    /// It was not sent, and will not be.
    Unsent,
}

/// What became of one try at a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationAnswer {
    /// The provider takes the token no more, or never did.
    Revoked,
    /// The provider will not do it, or there is nothing left that could be shown.
    Refused,
    /// Nothing is known: the token must be taken to live.
    Retry {
        /// When to come again, if the provider said so.
        retry_after: Option<Millis>,
    },
}
