use alloc::string::String;
use alloc::vec::Vec;

use crate::{NumericDate, Seconds, TokenResponse, Way};

/// The answer to `GET /auth/session`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionResponse {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// The Worker's clock.
    pub server_time: NumericDate,
    /// Where the session stands, and what belongs to that.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub session: Session,
    /// Every provider that this deployment knows.
    pub providers: Vec<Provider>,
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "state", rename_all = "snake_case")
)]
pub enum Session {
    /// There is none.
    LoggedOut,
    /// There is one.
    Active {
        /// The login.
        epoch: u64,
        /// The token within it.
        generation: u32,
        /// How long it still lives.
        expires_in: Seconds,
        /// How long it lived when it was new.
        lifetime: Seconds,
        /// How long until the session ends for want of activity.
        idle_left: Seconds,
        /// How long that is at most: the configured limit.
        idle_limit: Seconds,
        /// How long until the session ends whatever happens.
        absolute_left: Seconds,
        /// Who is logged in.
        user: User,
        /// Where calls may go.
        upstreams: Vec<Upstream>,
        /// Where calls may go that the page makes by itself, with a token that it asks for. They are no part of `upstreams`: a page
        /// that knows of these alone calls nothing else.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        mediating: Vec<Mediated>,
    },
    /// There is one, and it waits for its user.
    ReauthRequired {
        /// The login.
        epoch: u64,
        /// The last token within it.
        generation: u32,
        /// Who is logged in.
        user: User,
        /// What may still be tried before that user is needed.
        silent: Vec<Way>,
    },
}

/// Who is logged in: claims of the ID Token (OpenID Connect Core, section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct User {
    /// The subject: unique and never reassigned at its issuer.
    pub sub: String,
    /// For display.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub name: Option<String>,
    /// Preferred e-mail address.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub email: Option<String>,
}

/// One provider and what can be had of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Provider {
    /// Its name in the configuration, in lower case.
    pub name: String,
    /// Where its grant stands.
    pub state: ProviderState,
    /// Whether the session is a login of it: of one provider at most, and then `true`; else it is not there. A Worker of before
    /// never said it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub own: bool,
}

/// Where a provider's grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum ProviderState {
    /// A token can be had.
    Ready,
    /// Only the user can bring one.
    NeedsHuman,
    /// Nobody is logged in there.
    Unavailable,
}

/// One place where calls may go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Upstream {
    /// Its name in the configuration, in lower case: `/api/{name}` leads there.
    pub name: String,
    /// The resource server.
    pub origin: String,
    /// The part of it that is open.
    pub path: String,
    /// Who attaches the token.
    pub mode: Mode,
    /// Whose token it is.
    pub vault: String,
}

/// One place that the page calls by itself (token-mediating backend).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mediated {
    /// Its name in the configuration, in lower case: what a question for its token says.
    pub name: String,
    /// The resource server.
    pub origin: String,
    /// The part of it that the token is attached for.
    pub path: String,
    /// Whose token it is: `login`, or `linked:` and a provider.
    pub vault: String,
    /// What the token is good for.
    pub scopes: Vec<String>,
}

/// Who attaches the token to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Mode {
    /// The Worker, which never shows it (backend for frontend).
    Bff,
}

impl Session {
    /// An active session, from what is said of its token.
    #[must_use]
    pub fn active(
        token: &TokenResponse,
        user: User,
        upstreams: Vec<Upstream>,
        mediating: Vec<Mediated>,
    ) -> Self {
        Self::Active {
            epoch: token.epoch,
            generation: token.generation,
            expires_in: token.expires_in,
            lifetime: token.lifetime,
            idle_left: token.idle_left,
            idle_limit: token.idle_limit,
            absolute_left: token.absolute_left,
            user,
            upstreams,
            mediating,
        }
    }
}
