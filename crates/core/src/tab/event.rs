//! What can happen to a tab.

use crate::id::{CallId, Epoch, RequestId, Stamp};
use crate::retry::Failure;
use crate::time::{Millis, Timestamp};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The page opened the session.
    Opened,
    /// `GET /auth/session` came to an end.
    SessionAnswered {
        /// Which request.
        request: RequestId,
        /// How it ended.
        answer: SessionAnswer,
    },
    /// `POST /auth/token` came to an end.
    TokenAnswered {
        /// Which request.
        request: RequestId,
        /// How it ended.
        answer: TokenAnswer,
    },
    /// `POST /auth/logout` came to an end.
    LogoutAnswered {
        /// Which request.
        request: RequestId,
        /// Whether the Worker confirmed it.
        done: bool,
    },
    /// The time that [`Tab::next_deadline`](super::Tab::next_deadline) named has come. May be delivered early, late or twice.
    DeadlineReached,
    /// The page became visible or focused, or the network came back: a moment to look at the clock.
    Nudged,
    /// The page came back from a freeze or from the back/forward cache: everything it knows may be old.
    Restored,
    /// The app wants a new token.
    RefreshAsked,
    /// The app sends the user to log in.
    LoginAsked,
    /// The user logs out.
    LogoutAsked,
    /// The app makes a call.
    CallAsked {
        /// Which one.
        call: CallId,
    },
    /// A call was refused for the sake of the session.
    CallDenied {
        /// Which one.
        call: CallId,
        /// The token it was sent under.
        stamp: Stamp,
        /// Whether it was already sent a second time.
        repeated: bool,
        /// What the Worker said.
        denial: Denial,
    },
    /// The app no longer wants a call.
    CallCancelled {
        /// Which one.
        call: CallId,
    },
    /// Another tab said something.
    PeerTold(PeerMessage),
}

/// What the Worker says of a token: everything but the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenState {
    /// Which token it is.
    pub stamp: Stamp,
    /// How long it still lives, at the least: what the Worker said, less the time since the question left this tab.
    pub expires_in: Millis,
    /// How long it lived when it was new.
    pub lifetime: Millis,
}

/// How `GET /auth/session` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionAnswer {
    /// There is a session.
    Active(TokenState),
    /// There is a session that waits for its user.
    ReauthRequired(Stamp),
    /// There is none.
    LoggedOut,
    /// The answer was none, or none that can be used.
    Failed {
        /// What that means.
        failure: Failure,
        /// How long the server wants us to wait, if it said so.
        retry_after: Option<Millis>,
    },
}

/// How `POST /auth/token` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenAnswer {
    /// There is a token.
    Current(TokenState),
    /// The grant is over, the session waits for its user.
    ReauthRequired,
    /// The session is over.
    Ended,
    /// There is no session.
    LoggedOut,
    /// The answer was none, or none that can be used.
    Failed {
        /// What that means.
        failure: Failure,
        /// How long the server wants us to wait, if it said so.
        retry_after: Option<Millis>,
    },
}

/// Why the Worker refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denial {
    /// The resource server did not take the token, and did not act on the call.
    AccessExpired,
    /// The grant is over, the session waits for its user.
    ReauthRequired,
    /// The session is over.
    Ended,
    /// There is no session.
    LoggedOut,
}

/// What tabs of one browser tell each other. No token is ever in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerMessage {
    /// There is a newer token.
    Moved {
        /// Which one.
        stamp: Stamp,
        /// When it ends by the wall clock that all tabs of a browser share.
        expires_at: Timestamp,
        /// How long it lived when it was new.
        lifetime: Millis,
    },
    /// The user logged out of this login and of all before it.
    LoggedOut {
        /// The login.
        epoch: Epoch,
    },
}
