//! What a tab wants done.

use super::event::{PeerMessage, ProviderId};
use super::health::Health;
use super::presence::Presence;
use super::provider::ProviderState;
use super::relogin::Way;
use super::state::{Reason, State};
use crate::id::{CallId, RequestId, Stamp};
use crate::time::Millis;
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
        /// How long ago the user was last active in any tab, as of this step.
        active_ago: Option<Millis>,
    },
    /// Ask `POST /auth/logout`.
    PostLogout {
        /// Comes back with the answer.
        request: RequestId,
    },
    /// Log in again in this way without being seen, unless the app objects.
    Relogin {
        /// Comes back with how it ended.
        request: RequestId,
        /// How. A popup is opened in this very turn, which is the user's gesture.
        way: Way,
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
    /// Listen to what the Worker says of its own accord. Comes back as [`SocketOpened`](super::Event::SocketOpened) or
    /// [`SocketClosed`](super::Event::SocketClosed).
    OpenSocket,
    /// Listen no more. Nothing comes back.
    CloseSocket,
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
    /// Tell the app that a provider's state changed.
    ProviderTransition {
        /// One more with every transition of this tab.
        sequence: u32,
        /// Which provider.
        provider: ProviderId,
        /// From where.
        from: ProviderState,
        /// To where.
        to: ProviderState,
        /// Why.
        reason: Reason,
    },
    /// Tell the app that the user left, is asked for, or returned.
    Presence {
        /// Which of these.
        to: Presence,
        /// How long until the session ends for want of activity.
        left: Millis,
    },
    /// Tell the app that the session's health changed.
    Health(Health),
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
    /// Nobody is logged in at the provider whose token it needs.
    Unavailable,
}

/// The effects of one step of this machine.
pub type Effects = crate::effects::Effects<Effect>;
