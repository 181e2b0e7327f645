use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Need, Seconds, Way};

/// What went wrong, for callers to branch on. Closed: reasons stay in the Worker's logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Code {
    /// The request is not one of ours, or is malformed.
    BadRequest,
    /// The request did not come from the app's own pages.
    CrossSite,
    /// There is nothing at this address.
    NotFound,
    /// There is, but not for this method.
    MethodNotAllowed,
    /// The body is larger than is accepted.
    TooLarge,
    /// The body came too slowly to be waited for.
    TooSlow,
    /// Here is a WebSocket, and none was asked for.
    UpgradeRequired,
    /// A WebSocket was asked for, and none is made through here.
    NoWebsocket,
    /// Tab and Worker speak different versions: the page needs a reload.
    UnsupportedVersion,
    /// There is no session.
    LoggedOut,
    /// The session is over.
    SessionEnded,
    /// The session waits for its user.
    ReauthRequired,
    /// The user has no account at this provider that is linked and lives. The session itself goes on.
    LinkRequired,
    /// The resource server did not take the access token, and did not act on the call.
    AccessExpired,
    /// No token can be had just now.
    TemporarilyUnavailable,
    /// Too much was asked.
    Throttled,
    /// The resource server cannot be reached.
    UpstreamUnreachable,
    /// The deployment's configuration is wrong; an operator must act.
    Misconfigured,
    /// The Worker failed.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 19] = [
        Self::BadRequest,
        Self::CrossSite,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::TooSlow,
        Self::UpgradeRequired,
        Self::NoWebsocket,
        Self::UnsupportedVersion,
        Self::LoggedOut,
        Self::SessionEnded,
        Self::ReauthRequired,
        Self::LinkRequired,
        Self::AccessExpired,
        Self::TemporarilyUnavailable,
        Self::Throttled,
        Self::UpstreamUnreachable,
        Self::Misconfigured,
        Self::Internal,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::CrossSite => "cross_site",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::UpgradeRequired => "upgrade_required",
            Self::NoWebsocket => "no_websocket",
            Self::UnsupportedVersion => "unsupported_version",
            Self::LoggedOut => "logged_out",
            Self::SessionEnded => "session_ended",
            Self::ReauthRequired => "reauth_required",
            Self::LinkRequired => "link_required",
            Self::AccessExpired => "access_expired",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::Throttled => "throttled",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::UnsupportedVersion | Self::NoWebsocket => 400,
            Self::LoggedOut | Self::SessionEnded | Self::ReauthRequired | Self::AccessExpired => 401,
            Self::CrossSite => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooSlow => 408,
            // Not 401: whoever asks is logged in.
            Self::LinkRequired => 409,
            Self::TooLarge => 413,
            Self::UpgradeRequired => 426,
            Self::Throttled => 429,
            Self::Internal => 500,
            Self::UpstreamUnreachable => 502,
            Self::TemporarilyUnavailable | Self::Misconfigured => 503,
        }
    }

    /// One sentence for a person.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request cannot be understood.",
            Self::CrossSite => "The request did not come from the app's own pages.",
            Self::NotFound => "There is nothing at this address.",
            Self::MethodNotAllowed => "This address does not take that method.",
            Self::TooLarge => "The request is too large.",
            Self::TooSlow => "The request came too slowly.",
            Self::NoWebsocket => "This address takes no WebSockets.",
            Self::UpgradeRequired => "This address takes WebSockets only.",
            Self::UnsupportedVersion => "The page is of another version than the server. Reload it.",
            Self::LoggedOut => "Nobody is logged in.",
            Self::SessionEnded => "The session is over.",
            Self::ReauthRequired => "The session needs its user to log in again.",
            Self::LinkRequired => "The user's account at this provider has to be linked.",
            Self::AccessExpired => "The access token has expired.",
            Self::TemporarilyUnavailable => "No token can be had just now. Try again later.",
            Self::Throttled => "Too many requests. Try again later.",
            Self::UpstreamUnreachable => "The resource server cannot be reached.",
            Self::Misconfigured => "The configuration of this deployment is wrong.",
            Self::Internal => "The server failed.",
        }
    }
}

/// A problem document (RFC 9457), `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Problem {
    /// `urn:everlit:problem:` and the code.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: String,
    /// One sentence for a person, the same for every problem of this type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: Code,
    /// What is special about this one; never a secret, a path or a query.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub detail: Option<String>,
    /// When to try again.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub retry_after: Option<Seconds>,
    /// Why the session is over or waits for its user.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub reason: Option<String>,
    /// What may still be tried before a person is needed: with [`Code::ReauthRequired`], and with no other code.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub silent: Option<Vec<Way>>,
    /// Who has to do what: with [`Code::ReauthRequired`] and [`Code::LinkRequired`], and with no other code.
    #[cfg_attr(feature = "serde", serde(flatten, skip_serializing_if = "Option::is_none"))]
    pub need: Option<Box<Need>>,
}

impl Problem {
    /// A problem with nothing special about it.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            kind: ["urn:everlit:problem:", code.as_str()].concat(),
            title: code.title().into(),
            status: code.status(),
            code,
            detail: None,
            retry_after: None,
            reason: None,
            silent: None,
            need: None,
        }
    }

    /// The same, where its user can go on only by a login at this provider: that of the session, or of a further account of theirs.
    #[must_use]
    pub fn asking(self, provider: &str, is_further: bool) -> Self {
        Self { need: Some(Box::new(Need::login(provider, is_further))), ..self }
    }
}
