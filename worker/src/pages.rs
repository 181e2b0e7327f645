//! What people see when a login does not come to its end: always a sentence they can act on, and a way back.

use everlit_core::time::Millis;
use everlit_edge::html::{self, ErrorPage};
use everlit_edge::return_to::ReturnTo;
use everlit_wire::{Code, HEADER_CODE};

use crate::http::{Reply, retry_after};

/// Why a login did not come to its end, as far as its user needs to know. The rest is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// No such login was begun in this browser, or it took too long, or it is over.
    Unknown,
    /// The user, or somebody in the user's name, said no.
    Denied,
    /// The provider says that it cannot, for now.
    Unavailable,
    /// The provider does not answer, or with something that cannot be believed.
    Provider,
    /// The provider no longer takes the code.
    Code,
    /// A further account, where nobody is logged in, or not by a page of the app.
    NotHere,
    /// Another request is finishing this login.
    Busy,
    /// Too many logins: for so long there is no other.
    Throttled(Millis),
    /// We failed.
    Ourselves,
}

impl Failed {
    /// The status of its page.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Unknown | Self::Denied | Self::Unavailable | Self::Code => 400,
            Self::NotHere => 403,
            Self::Throttled(_) => 429,
            Self::Provider => 502,
            Self::Busy | Self::Ourselves => 503,
        }
    }

    /// Whether the same address brings nothing else when it is loaded again.
    const fn is_over(self) -> bool {
        match self {
            Self::Unknown | Self::Denied | Self::Unavailable | Self::Provider | Self::Code => true,
            Self::NotHere | Self::Busy | Self::Throttled(_) | Self::Ourselves => false,
        }
    }

    /// A title and a sentence.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unknown => (
                "This sign-in is no longer valid",
                "It was started in another browser, took longer than ten minutes, or is already over.",
            ),
            Self::Denied => ("You are not signed in", "The sign-in was cancelled or not allowed."),
            Self::Unavailable => {
                ("You are not signed in", "The sign-in service cannot help right now. Please try again.")
            }
            Self::Provider => (
                "You are not signed in",
                "The sign-in service did not answer as it should. Please try again in a moment.",
            ),
            Self::Code => (
                "You are not signed in",
                "The sign-in took too long or was used already. Please start again.",
            ),
            Self::NotHere => (
                "Sign in first",
                "An account can be added by somebody who is signed in, and from within the app only.",
            ),
            Self::Busy => {
                ("Still signing you in", "This takes longer than usual. Please try again in a moment.")
            }
            Self::Throttled(_) => {
                ("Too many people are signing in", "Please wait a moment, and then try again.")
            }
            Self::Ourselves => {
                ("You are not signed in", "Something went wrong on our side. Please try again.")
            }
        }
    }
}

/// The page for a login that failed.
pub(crate) fn failed(why: Failed, provider: &str, return_to: &ReturnTo) -> Reply {
    let (title, message) = why.words();
    let href = html::login_path(provider, return_to);
    let page = ErrorPage { title, message, action: "Sign in again", href: &href };
    let page = if why.is_over() { html::over(&page) } else { html::error(&page) };
    throttled(why, Reply::page(why.status(), page))
}

/// Says when to come again, where that is why.
pub(crate) fn throttled(why: Failed, reply: Reply) -> Reply {
    match why {
        // Said to programs as well: nobody else comes so often.
        Failed::Throttled(wait) => reply
            .with("retry-after", retry_after(wait))
            .with(HEADER_CODE, Code::Throttled.as_str().to_owned()),
        Failed::Unknown
        | Failed::Denied
        | Failed::Unavailable
        | Failed::Provider
        | Failed::Code
        | Failed::NotHere
        | Failed::Busy
        | Failed::Ourselves => reply,
    }
}

/// The page for a further account that cannot be linked here. It leads to the app, not to the provider: nobody is to link an account
/// because a stranger's page has led here.
pub(crate) fn not_here(return_to: &ReturnTo) -> Reply {
    let (title, message) = Failed::NotHere.words();
    let page =
        html::error(&ErrorPage { title, message, action: "Back to the app", href: return_to.as_str() });
    Reply::page(Failed::NotHere.status(), page)
}

/// The page for a logout that does not go on at the authorization server, or for whoever comes without one: it must be true of both.
pub(crate) fn signed_out(why: Failed) -> Reply {
    let message = "If you have just signed out of this app, that is done. You may still be signed in at the sign-in service.";
    let page =
        html::error(&ErrorPage { title: "No sign-out is under way", message, action: "Continue", href: "/" });
    throttled(why, Reply::page(why.status(), page))
}

/// The page that a finished login lands on.
pub(crate) fn landing(return_to: &ReturnTo) -> Reply {
    Reply::page(200, html::landing(return_to))
}
