//! What can happen to a tab.

use super::provider::ProviderState;
use super::relogin::{ReloginAnswer, Ways};
use crate::id::{CallId, Epoch, RequestId, Stamp};
use crate::retry::{Advice, Failure};
use crate::time::{Millis, Timestamp};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The page opened the session.
    Opened {
        /// Nobody looks at the page.
        hidden: bool,
    },
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
    /// A silent re-login came to an end.
    ReloginAnswered {
        /// Which request.
        request: RequestId,
        /// How it ended.
        answer: ReloginAnswer,
    },
    /// The time that [`Tab::next_deadline`](super::Tab::next_deadline) named has come. May be delivered early, late or twice.
    DeadlineReached,
    /// The page became visible, or got the focus.
    Shown,
    /// Nobody looks at the page any more.
    Hidden,
    /// The network came back.
    Online,
    /// The page came back from a freeze or from the back/forward cache: everything it knows may be old.
    Restored,
    /// The user did something in this page. Nothing else says so: neither a page that is shown nor one that works by itself.
    UserActive {
        /// It was of a kind that lets a page open a popup, just now.
        gesture: bool,
    },
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
        /// Whose token it needs.
        provider: ProviderId,
    },
    /// A call was refused for the sake of the session.
    CallDenied {
        /// Which one.
        call: CallId,
        /// Whose token it was to have.
        provider: ProviderId,
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
    /// The Worker said where a provider's grant stands.
    ProviderTold {
        /// Which provider.
        provider: ProviderId,
        /// Whether this session is a login of its own: then it stands where the session stands.
        own: bool,
        /// Where it stands.
        state: ProviderState,
    },
    /// The event socket is open.
    SocketOpened {
        /// All tabs of this browser hear it.
        shared: bool,
    },
    /// The event socket is closed, or could not be opened.
    SocketClosed,
    /// The Worker said something of its own accord.
    SocketTold {
        /// What.
        news: News,
        /// Of which token.
        stamp: Stamp,
    },
}

/// Names a provider: its place in the Worker's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(pub u8);

/// What the Worker tells of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum News {
    /// There is a newer token.
    Moved,
    /// The grant is over, the session waits for its user.
    ReauthRequired,
    /// The session was ended.
    Ended,
    /// The user logged out.
    LoggedOut,
}

/// What the Worker says of a token, as it says it: everything but the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenState {
    /// Which token it is.
    pub stamp: Stamp,
    /// How long it lived when the Worker said so.
    pub expires_in: Millis,
    /// How long it lived when it was new.
    pub lifetime: Millis,
    /// What the Worker's clock showed.
    pub server_time: Timestamp,
    /// How long ago the question left this tab, by the clock that says more.
    pub elapsed: Millis,
    /// How long until the session ends for want of activity.
    pub idle_left: Millis,
    /// How long that is right after activity.
    pub idle_limit: Millis,
}

/// How `GET /auth/session` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionAnswer {
    /// There is a session.
    Active(TokenState),
    /// There is a session that waits for its user.
    ReauthRequired {
        /// Its last token.
        stamp: Stamp,
        /// How it could go on without being seen.
        silent: Ways,
    },
    /// There is none.
    LoggedOut,
    /// The answer was none, or none that can be used.
    Failed(Failed),
}

/// How `POST /auth/token` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenAnswer {
    /// There is a token.
    Current(TokenState),
    /// The grant is over, the session waits for its user.
    ReauthRequired {
        /// How it could go on without being seen.
        silent: Ways,
    },
    /// The session is over.
    Ended,
    /// There is no session.
    LoggedOut,
    /// The answer was none, or none that can be used.
    Failed(Failed),
}

/// A question that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failed {
    /// What that means.
    pub failure: Failure,
    /// How long the server wanted us to wait when it said so, if it did.
    pub retry_after: Option<Millis>,
    /// How long ago the question left this tab, by the clock that says more.
    pub elapsed: Millis,
    /// What the app's own strategy says.
    pub advice: Advice,
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

/// What tabs of one browser tell each other. No token is ever in it. Points in time are of the wall clock that they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerMessage {
    /// There is a newer token.
    Moved {
        /// Which one.
        stamp: Stamp,
        /// When it ends.
        expires_at: Timestamp,
        /// How long it lived when it was new.
        lifetime: Millis,
    },
    /// The user logged out of this login and of all before it.
    LoggedOut {
        /// The login; zero if the tab did not know it, and those that do have to ask.
        epoch: Epoch,
    },
    /// A server wants to be left alone.
    CoolDown {
        /// Until then.
        until: Timestamp,
        /// How long that was when it was said: a clock that was set since makes it no longer.
        wait: Millis,
    },
    /// The user was active.
    Active {
        /// When.
        at: Timestamp,
        /// The newest activity that the vault knows of.
        known: Timestamp,
    },
    /// A silent re-login came to nothing.
    Refused {
        /// The token that was to be replaced.
        stamp: Stamp,
        /// The ways that are left.
        left: Ways,
    },
    /// A tab listens to the Worker for all others.
    Listening {
        /// Which tab: a random number.
        tab: u32,
        /// How long it will do so without saying so again.
        until: Timestamp,
    },
}
