use alloc::string::String;

use everlit_core::{Epoch, Generation, Stamp};

use crate::{NumericDate, Seconds, TokenReason};

/// The body of `POST /auth/token`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TokenRequest {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// The login that the tab holds; absent on a first load. Counts only together with `generation`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub epoch: Option<u64>,
    /// The token within it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub generation: Option<u32>,
    /// Why.
    pub reason: TokenReason,
    /// Names this question, so that a repetition can be told from a second one; up to 64 characters.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub op_id: Option<String>,
    /// How long ago the user was last active in any tab.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub active_ago: Option<Seconds>,
    /// Whose token: the name of a provider. Without one, the login's.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub provider: Option<String>,
    /// For which upstream a token is handed out, the name of one that the page calls by itself. Without it, none is.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub upstream: Option<String>,
    /// Whether anybody could see the tab. For the log; it decides nothing.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub tab_state: Option<TabState>,
}

/// Whether anybody could see a tab (HTML, `document.visibilityState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum TabState {
    /// At least a part of it.
    Visible,
    /// Nobody.
    Hidden,
}

impl TabState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
        }
    }
}

impl TokenRequest {
    /// What the tab holds, if it said all of it.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        Some(Stamp { epoch: Epoch(self.epoch?), generation: Generation(self.generation?) })
    }
}

/// The answer to `POST /auth/token`: which token is current and how long it lives. The token itself stays at the edge, unless the
/// question was for an upstream that the page calls by itself: then it is that upstream's, and `expires_in` and `lifetime` are too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TokenResponse {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// The login.
    pub epoch: u64,
    /// The token within it.
    pub generation: u32,
    /// How long it still lives.
    pub expires_in: Seconds,
    /// How long it lived when it was new.
    pub lifetime: Seconds,
    /// The Worker's clock.
    pub server_time: NumericDate,
    /// How long until the session ends for want of activity.
    pub idle_left: Seconds,
    /// How long that is at most: the configured limit.
    pub idle_limit: Seconds,
    /// How long until the session ends whatever happens.
    pub absolute_left: Seconds,
    /// The access token of that upstream.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub access_token: Option<HandedToken>,
    /// `Bearer`, with a token.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub token_type: Option<String>,
    /// What the token is good for: the upstream's scopes, or those of them that were granted.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub scope: Option<String>,
}

/// An access token on its way to a page. It does not print itself.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HandedToken(pub String);

impl core::fmt::Debug for HandedToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HandedToken(..)")
    }
}

/// The body of `POST /auth/logout`. A logout does not fail for want of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogoutRequest {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// Where the user comes back to who follows `end_session`: a path of the app. Without one, its root.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub return_to: Option<String>,
}

/// The answer to `POST /auth/logout`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogoutResponse {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// Always `logged_out`.
    pub state: LoggedOut,
    /// A path of ours that a whole page may go to, once: it leads on to the authorization server, to be logged out there as well, and
    /// back. Not there where that cannot be had.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub end_session: Option<String>,
}

/// The one state after a logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum LoggedOut {
    /// There is no session any more.
    LoggedOut,
}
