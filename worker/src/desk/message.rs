//! What Worker and login desk say to each other.

use everlit_edge::cookie::SessionId;
use everlit_runtime::{packed, packed_choice};
use serde::{Deserialize, Serialize};

use crate::silent::Remembered;

/// A login that begins.
pub(crate) const BEGIN: &str = "/begin";
/// One that begins and was counted before.
pub(crate) const BEGIN_COUNTED: &str = "/begin-counted";
/// A callback that came.
pub(crate) const CLAIM: &str = "/claim";
/// A login that ended, one way or the other.
pub(crate) const FINISH: &str = "/finish";

/// A login that wants to pass a gate, or to begin in a browser that is known. What follows says which: `all`, `site`, `address`, `session`
/// or `browser`.
pub(crate) const ADMIT: &str = "/admit?";

/// A logout that may go on at the authorization server.
pub(crate) const DEPART: &str = "/depart";
/// The browser that goes there.
pub(crate) const TAKE: &str = "/take";
/// The browser that comes back.
pub(crate) const RETURN: &str = "/return";

/// What a logout has to remember. There is no `Debug`: it may hold an ID Token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Departure {
    /// The `state` that will be sent: its name.
    pub(crate) state: String,
    /// The name of the provider in the configuration.
    pub(crate) provider: String,
    /// Who is to be logged out there, until the browser is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    /// The path that it leads back to.
    pub(crate) return_to: String,
}

/// A browser that goes. Like a claim it may be delivered twice.
pub(crate) struct Take {
    /// Names the request that takes it.
    pub(crate) by: String,
}

/// A browser that is back. Like a claim it may be delivered twice.
pub(crate) struct Return {
    /// The `state` that it came with.
    pub(crate) state: String,
    /// Names the request that brings it.
    pub(crate) by: String,
}

/// What a browser finds that goes to be logged out, or that comes back.
pub(crate) enum Departed {
    /// It is the first.
    First(Box<Departure>),
    /// There is none, or it was taken before.
    Unknown,
    /// It comes too often.
    Throttled {
        /// When it may come again.
        millis: u64,
    },
}

/// What a login has to remember. There is no `Debug`: it holds what the login is protected by.
#[derive(Serialize, Deserialize)]
pub(crate) struct Transaction {
    /// The `state` that was sent: its name.
    pub(crate) state: String,
    /// The name of the provider in the configuration.
    pub(crate) provider: String,
    /// The issuer that the request went to.
    pub(crate) issuer: String,
    /// The path that the login leads back to.
    pub(crate) return_to: String,
    /// The `nonce` that was sent.
    pub(crate) nonce: String,
    /// The `code_verifier` whose challenge was sent.
    pub(crate) code_verifier: String,
    /// The key that its tokens are to be bound to, a private JWK, if they are.
    #[serde(default)]
    pub(crate) dpop_key: Option<String>,
    /// When it began, in milliseconds; nothing for one of an older release.
    #[serde(default)]
    pub(crate) began_at: Option<u64>,
    /// The session that this browser had when the login began.
    pub(crate) previous: Option<Previous>,
    /// What it is to be, if it is to be silent.
    #[serde(default)]
    pub(crate) silent: Option<Remembered>,
    /// The `sub` of the user whose further account it is to be, of the session before.
    #[serde(default)]
    pub(crate) link_of: Option<String>,
}

impl Transaction {
    /// The session that this browser had when the login began.
    pub(crate) fn previous(&self) -> Option<SessionId> {
        SessionId::restored(&self.previous.as_ref()?.session)
    }
}

/// The session that a login renews or replaces.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Previous {
    /// Its id.
    pub(crate) session: String,
    /// Its epoch: the new one is later.
    pub(crate) epoch: u64,
}

/// Names a transaction.
pub(crate) struct Claim {
    /// The `state` that came.
    pub(crate) state: String,
    /// Names the callback that claims it: the same claim may be delivered twice.
    pub(crate) by: String,
    /// Whose callback it is: another provider's takes nothing.
    pub(crate) provider: String,
}

/// How a login ended.
pub(crate) struct Finish {
    /// The `state` that came.
    pub(crate) state: String,
    /// The id of the session that it began; nothing if it failed.
    pub(crate) session: Option<String>,
}

/// What a callback finds.
pub(crate) enum Claimed {
    /// It is the first: the code is its to spend.
    First(Box<Transaction>),
    /// Another one was first, and this is what it brought.
    Done {
        /// The id of the session.
        session: String,
        /// The path that the login leads back to.
        return_to: String,
        /// What it was to be, if it was to be silent.
        silent: Option<Remembered>,
        /// Whether it was a further account's.
        is_link: bool,
    },
    /// Another one was first, and is still at it.
    Pending,
    /// Another one was first, and it failed.
    Failed {
        /// The name of the provider.
        provider: String,
        /// The path that the login would have led back to.
        return_to: String,
        /// What it was to be, if it was to be silent.
        silent: Option<Remembered>,
    },
    /// This browser has begun no such login, or too long ago.
    Unknown,
    /// It comes too often.
    Throttled {
        /// When it may come again.
        millis: u64,
    },
}

/// Nothing to say but that it is written, or why not.
#[derive(Default)]
pub(crate) struct Noted {
    /// Too much was asked: nothing is written, and after so many milliseconds it may be asked again.
    pub(crate) throttled: Option<u64>,
}

packed! {
    Departure { state, provider, id_token, return_to }
    Take { by }
    Return { state, by }
    Transaction {
        state, provider, issuer, return_to, nonce, code_verifier, dpop_key, began_at, previous, silent, link_of,
    }
    Previous { session, epoch }
    Claim { state, by, provider }
    Finish { state, session }
    Noted { throttled }
}

packed_choice! {
    Departed, else Self::Unknown;
    0 => First(departure), 1 => Unknown, 2 => Throttled { millis },
}

packed_choice! {
    Claimed, else Self::Unknown;
    0 => First(transaction),
    1 => Done { session, return_to, silent, is_link },
    2 => Pending,
    3 => Failed { provider, return_to, silent },
    4 => Unknown,
    5 => Throttled { millis },
}
