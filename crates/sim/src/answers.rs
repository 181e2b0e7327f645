//! What the Worker's answers mean to a tab, as a driver reads them.

use everlit_core::retry::Failure;
use everlit_core::tab::{SessionAnswer, TokenAnswer, TokenState};
use everlit_core::time::Millis;

use crate::happening::Reply;

const fn aged(token: TokenState, since: Millis) -> TokenState {
    TokenState { expires_in: token.expires_in.less(since), ..token }
}

/// What an answer to `GET /auth/session` means whose question left so long ago.
pub(crate) const fn session_answer(reply: Reply, since: Millis) -> SessionAnswer {
    match reply {
        Reply::Active(token) => SessionAnswer::Active(aged(token, since)),
        Reply::ReauthRequired(stamp) => SessionAnswer::ReauthRequired(stamp),
        Reply::Ended | Reply::LoggedOut => SessionAnswer::LoggedOut,
        Reply::NotNow(wait) => {
            SessionAnswer::Failed { failure: Failure::Transient, retry_after: Some(wait.less(since)) }
        }
        Reply::Nothing(failure) => SessionAnswer::Failed { failure, retry_after: None },
        Reply::Called | Reply::Denied(_) => {
            SessionAnswer::Failed { failure: Failure::Transient, retry_after: None }
        }
    }
}

/// What an answer to `POST /auth/token` means whose question left so long ago.
pub(crate) const fn token_answer(reply: Reply, since: Millis) -> TokenAnswer {
    match reply {
        Reply::Active(token) => TokenAnswer::Current(aged(token, since)),
        Reply::ReauthRequired(_) => TokenAnswer::ReauthRequired,
        Reply::Ended => TokenAnswer::Ended,
        Reply::LoggedOut => TokenAnswer::LoggedOut,
        // A wait, too, began when the Worker spoke, not when a page that slept hears of it.
        Reply::NotNow(wait) => {
            TokenAnswer::Failed { failure: Failure::Transient, retry_after: Some(wait.less(since)) }
        }
        Reply::Nothing(failure) => TokenAnswer::Failed { failure, retry_after: None },
        Reply::Called | Reply::Denied(_) => {
            TokenAnswer::Failed { failure: Failure::Transient, retry_after: None }
        }
    }
}
