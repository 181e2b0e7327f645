//! What the Worker's answers mean to a tab, as a driver reads them.

use everlit_core::retry::{Advice, Failure};
use everlit_core::tab::{Failed, SessionAnswer, TokenAnswer, TokenState};
use everlit_core::time::Millis;

use crate::happening::Reply;

const fn failed(failure: Failure, retry_after: Option<Millis>, elapsed: Millis) -> Failed {
    Failed { failure, retry_after, elapsed, advice: Advice::Ours }
}

const fn unusable(elapsed: Millis) -> Failed {
    failed(Failure::Transient, None, elapsed)
}

/// What an answer to `GET /auth/session` means whose question left so long ago.
pub(crate) const fn session_answer(reply: Reply, elapsed: Millis) -> SessionAnswer {
    match reply {
        Reply::Active(token) => SessionAnswer::Active(TokenState { elapsed, ..token }),
        Reply::ReauthRequired { stamp, silent } => SessionAnswer::ReauthRequired { stamp, silent },
        Reply::Ended | Reply::LoggedOut => SessionAnswer::LoggedOut,
        Reply::NotNow(wait) => SessionAnswer::Failed(failed(Failure::Transient, Some(wait), elapsed)),
        Reply::Nothing(failure) => SessionAnswer::Failed(failed(failure, None, elapsed)),
        Reply::Called | Reply::Denied(_) | Reply::Relogin(_) => SessionAnswer::Failed(unusable(elapsed)),
    }
}

/// What an answer to `POST /auth/token` means whose question left so long ago.
pub(crate) const fn token_answer(reply: Reply, elapsed: Millis) -> TokenAnswer {
    match reply {
        Reply::Active(token) => TokenAnswer::Current(TokenState { elapsed, ..token }),
        Reply::ReauthRequired { silent, .. } => TokenAnswer::ReauthRequired { silent },
        Reply::Ended => TokenAnswer::Ended,
        Reply::LoggedOut => TokenAnswer::LoggedOut,
        Reply::NotNow(wait) => TokenAnswer::Failed(failed(Failure::Transient, Some(wait), elapsed)),
        Reply::Nothing(failure) => TokenAnswer::Failed(failed(failure, None, elapsed)),
        Reply::Called | Reply::Denied(_) | Reply::Relogin(_) => TokenAnswer::Failed(unusable(elapsed)),
    }
}
