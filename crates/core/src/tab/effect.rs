//! What a tab wants done.

use super::event::PeerMessage;
use super::state::{Reason, State};
use crate::id::{CallId, RequestId, Stamp};
use crate::vault::AskReason;

/// Something to do, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Ask `GET /auth/session`.
    CheckSession {
        /// Comes back with the answer.
        request: RequestId,
    },
    /// Ask `POST /auth/token`, under the lock that tabs share where there is one.
    RequestToken {
        /// Comes back with the answer.
        request: RequestId,
        /// What this tab holds.
        stamp: Stamp,
        /// Why it asks.
        reason: AskReason,
    },
    /// Ask `POST /auth/logout`.
    PostLogout {
        /// Comes back with the answer.
        request: RequestId,
    },
    /// Give up a request: nobody waits for its answer any more.
    Cancel {
        /// Which one.
        request: RequestId,
    },
    /// Take the page to `/auth/login`.
    Navigate,
    /// Tell the other tabs.
    Tell(PeerMessage),
    /// Send a call, under this token.
    SendCall {
        /// Which one.
        call: CallId,
        /// The token.
        stamp: Stamp,
    },
    /// Give the app the refused answer as it is: sending it again would not help.
    DeliverCall {
        /// Which one.
        call: CallId,
    },
    /// Reject a call with a typed error: it was not sent, or it was refused without effect.
    RefuseCall {
        /// Which one.
        call: CallId,
        /// Why.
        refusal: Refusal,
    },
    /// Tell the app how its logout went.
    SettleLogout {
        /// Whether the session is over.
        done: bool,
    },
    /// Tell the app that the state changed.
    Transition {
        /// One more with every transition of this tab.
        sequence: u32,
        /// From where.
        from: State,
        /// To where.
        to: State,
        /// Why.
        reason: Reason,
    },
}

/// Why a call cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// There is no session.
    LoggedOut,
    /// The session is over.
    Ended,
    /// Only the user can bring a new token.
    ReauthRequired,
}

/// The effects of one step of this machine.
pub type Effects = crate::effects::Effects<Effect>;
