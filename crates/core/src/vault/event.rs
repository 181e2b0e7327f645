//! What can happen to a vault.

use alloc::string::String;

use super::links::LinkChange;
use super::outbox::ErrandId;
use crate::escrow::Closed;
use crate::id::{Aim, CallerId, Epoch, OpId, RequestId, Stamp};
use crate::retry::Failure;
use crate::secret::{AccessToken, RefreshToken};
use crate::time::Millis;

/// Something that happened. Each may be delivered twice: the second time spends no token and ends nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A login was finished and its answers were validated.
    LoginCommitted(Login),
    /// The user of this session logged in again: the same person, a fresh grant.
    RenewalCommitted {
        /// Who finished the login. An answer that is not [`Answer::Current`](super::Answer::Current) says that this
        /// session is over and the login has to begin another.
        caller: CallerId,
        /// The login. Of several only the newest counts; the session keeps the epoch that it began with.
        login: Login,
        /// Nobody was asked anything: that the user was there is not shown by it.
        silent: bool,
    },
    /// A tab, or the proxy for a call, asks for the token.
    TokenAsked {
        /// Who asks.
        caller: CallerId,
        /// What it asks.
        ask: Ask,
    },
    /// The rotator says how a token request of this vault came to an end.
    TokenAnswered {
        /// Which one.
        request: RequestId,
        /// How.
        answer: TokenAnswer,
    },
    /// The escrow says where a token request stands.
    EscrowAnswered {
        /// Which one.
        request: RequestId,
        /// Where. Nothing if the escrow could not be reached.
        closed: Option<Closed<TokenAnswer>>,
    },
    /// The escrow of this session has forgotten everything.
    EscrowErased,
    /// A revocation, or the end of a link, came to an end.
    RevocationAnswered {
        /// Which errand.
        errand: ErrandId,
        /// How.
        answer: RevocationAnswer,
    },
    /// A silent re-login was turned down, as the authorization server wants to see the user; or it took a page away and failed, and the
    /// page that comes back must not leave again.
    SilentRefused {
        /// Who says so.
        caller: CallerId,
        /// Whether it was one at the top level (popup or redirect), not in a frame.
        top_level: bool,
    },
    /// The user logs out.
    LogoutAsked {
        /// Who asks.
        caller: CallerId,
    },
    /// Somebody else ends the session.
    RevokeAsked {
        /// Who asks.
        caller: CallerId,
        /// In whose name.
        by: Revoker,
        /// Whether other logins of the user go on: a grant that they share is left to them.
        others_go_on: bool,
    },
    /// Something is to become of a further account of the user.
    LinkChanged {
        /// Who asks.
        caller: CallerId,
        /// What.
        change: LinkChange,
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
    /// How long it lives, counted from when it is handed to the machine.
    pub expires_in: Millis,
    /// The refresh token. A refresh answer without one keeps the old (RFC 6749, section 6).
    pub refresh_token: Option<RefreshToken>,
    /// What the access token is for; nothing for the grant's own.
    pub target: Option<Target>,
}

/// What an access token was asked for, and for what it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// What was asked for.
    pub aim: Aim,
    /// The scope that was granted, within that.
    pub scope: String,
}

/// How a token request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenAnswer {
    /// With tokens.
    Granted(Granted),
    /// With a success whose access token is of no use, as it is of another kind than what was asked for: an operator must act. The
    /// refresh token was spent all the same.
    Unusable {
        /// The refresh token that takes its place, if there is one.
        successor: Option<RefreshToken>,
    },
    /// Without, and the server said so. [`Failure::Ambiguous`] is [`TokenAnswer::Unheard`].
    Failed {
        /// What that means.
        failure: Failure,
        /// `Retry-After`, if the server gave one.
        retry_after: Option<Millis>,
    },
    /// It was not sent, and this rotator will not send it: where to was not known, or its time had passed.
    Unsent,
    /// Nobody can say: the rotator did not answer, or somebody else has claimed the request, or the server's answer cannot be
    /// read. The escrow knows more.
    Unheard,
}

/// How an errand ended: a revocation (RFC 7009), or the end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationAnswer {
    /// There is no such token any more, or nothing that could be done about it: it is no use asking again.
    Settled,
    /// The token must be assumed to live (RFC 7009, section 2.2.1).
    Retry {
        /// `Retry-After`, if the server gave one.
        retry_after: Option<Millis>,
    },
}

/// Who may end a session besides its user in its own browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revoker {
    /// An operator.
    Admin,
    /// The authorization server (OpenID Connect Back-Channel Logout).
    BackChannel,
    /// The same user, on another device.
    OtherDevice,
}

/// One caller's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Names the question. One that comes again under the name of the last that began a token request begins no other.
    pub op: Option<OpId>,
    /// What the caller holds; nothing on a first load.
    pub stamp: Option<Stamp>,
    /// Why it asks.
    pub reason: AskReason,
    /// Which token is asked for; nothing for the grant's own.
    pub aim: Option<Aim>,
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
