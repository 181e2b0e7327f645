//! What can happen to a vault.

use crate::id::{CallerId, Epoch, RequestId, Stamp};
use crate::retry::Failure;
use crate::secret::{AccessToken, RefreshToken};
use crate::time::Millis;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A login was finished and its answers were validated.
    LoginCommitted(Login),
    /// The user of this session logged in again: the same person, a fresh grant. May be delivered twice.
    RenewalCommitted {
        /// Who finished the login. An answer that is not [`Answer::Current`](super::Answer::Current) says that this
        /// session is over and the login has to begin another.
        caller: CallerId,
        /// The login. Of several only the newest counts; the session keeps the epoch that it began with.
        login: Login,
    },
    /// A tab, or the proxy for a call, asks for the token.
    TokenAsked {
        /// Who asks.
        caller: CallerId,
        /// What it asks.
        ask: Ask,
    },
    /// A token request of this vault came to an end.
    TokenAnswered {
        /// Which one.
        request: RequestId,
        /// How.
        answer: TokenAnswer,
    },
    /// The user logs out.
    LogoutAsked {
        /// Who asks.
        caller: CallerId,
    },
    /// The time that [`Vault::next_deadline`](super::Vault::next_deadline) named has come. May be delivered early, late or
    /// twice.
    DeadlineReached,
}

/// A finished login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// When it was committed: the epoch of the session that it begins.
    pub epoch: Epoch,
    /// The tokens it brought.
    pub grant: Granted,
}

/// A successful answer of the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Granted {
    /// The access token.
    pub access_token: AccessToken,
    /// How long it lives, counted from the answer.
    pub expires_in: Millis,
    /// The refresh token. A refresh answer without one keeps the old (RFC 6749, section 6).
    pub refresh_token: Option<RefreshToken>,
}

/// How a token request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenAnswer {
    /// With tokens.
    Granted(Granted),
    /// Without.
    Failed {
        /// What that means.
        failure: Failure,
        /// `Retry-After`, if the server gave one.
        retry_after: Option<Millis>,
    },
}

/// One caller's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// What the caller holds; nothing on a first load.
    pub stamp: Option<Stamp>,
    /// Why it asks.
    pub reason: AskReason,
    /// How long ago the user was last active in any of the browser's tabs, if this question says so.
    pub active_ago: Option<Millis>,
}

/// Why a caller asks for the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskReason {
    /// The token is near its end.
    Deadline,
    /// A resource server refused it.
    Unauthorized,
    /// The app wants a new one.
    Forced,
    /// The tab slept or its clocks disagree: it wants to know where it stands.
    Resume,
    /// The user was active: nothing else is asked, nothing rotates.
    Activity,
    /// The proxy needs a token for a call: one that lives is good enough, and one near its end has its successor fetched
    /// meanwhile.
    Call,
}
