//! What a tab says of its session: states, and why it moved from one to the next.

/// The state of the session as one tab knows it. Closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// There is no session.
    LoggedOut,
    /// The page is on its way to the authorization server.
    LoggingIn,
    /// There is a session and nothing is wrong with it.
    Active,
    /// A new token is being asked for. A token that still lives stays in use.
    Refreshing,
    /// The tab just opened or woke and asks where it stands; calls wait for that.
    Resuming,
    /// The Worker or the authorization server cannot help just now. A token that still lives stays in use.
    Degraded,
    /// The session is there, but only its user can bring a new token.
    ReauthRequired,
    /// The session was ended: by a limit, or from elsewhere.
    Ended,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::LoggedOut,
        Self::LoggingIn,
        Self::Active,
        Self::Refreshing,
        Self::Resuming,
        Self::Degraded,
        Self::ReauthRequired,
        Self::Ended,
    ];

    /// The name that apps see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::LoggingIn => "logging-in",
            Self::Active => "active",
            Self::Refreshing => "refreshing",
            Self::Resuming => "resuming",
            Self::Degraded => "degraded",
            Self::ReauthRequired => "reauth-required",
            Self::Ended => "ended",
        }
    }
}

/// Why a tab moved from one state to another. Closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The Worker said that there is a session.
    SessionFound,
    /// The Worker said that there is none.
    NoSession,
    /// The token came near its end.
    Deadline,
    /// The app asked for a new token.
    Forced,
    /// A call was refused because its token had expired.
    Unauthorized,
    /// The tab slept, was frozen or came back from the back/forward cache, or its clocks disagree.
    Wake,
    /// It is time to try again.
    Retry,
    /// A new token is there.
    Refreshed,
    /// Another tab told of a newer token.
    Adopted,
    /// No usable answer came.
    Unreachable,
    /// The server asked for less.
    Throttled,
    /// The deployment is misconfigured; an operator must act.
    Misconfigured,
    /// The authorization server refused the grant.
    GrantRefused,
    /// A limit or a revocation ended the session.
    SessionEnded,
    /// The user goes to log in.
    Login,
    /// The user logged out in this tab.
    Logout,
    /// The user logged out in another tab.
    LogoutElsewhere,
    /// The user logged in in another tab.
    LoginElsewhere,
    /// A request took too long and was given up.
    Stuck,
    /// The user is logged in again without being asked.
    SilentLogin,
    /// The authorization server wants to see the user.
    InteractionRequired,
    /// The user left, and with them the need for a token.
    Lapsed,
    /// The Worker said so.
    Told,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 23] = [
        Self::SessionFound,
        Self::NoSession,
        Self::Deadline,
        Self::Forced,
        Self::Unauthorized,
        Self::Wake,
        Self::Retry,
        Self::Refreshed,
        Self::Adopted,
        Self::Unreachable,
        Self::Throttled,
        Self::Misconfigured,
        Self::GrantRefused,
        Self::SessionEnded,
        Self::Login,
        Self::Logout,
        Self::LogoutElsewhere,
        Self::LoginElsewhere,
        Self::Stuck,
        Self::SilentLogin,
        Self::InteractionRequired,
        Self::Lapsed,
        Self::Told,
    ];

    /// The name that apps see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionFound => "session-found",
            Self::NoSession => "no-session",
            Self::Deadline => "deadline",
            Self::Forced => "forced",
            Self::Unauthorized => "unauthorized",
            Self::Wake => "wake",
            Self::Retry => "retry",
            Self::Refreshed => "refreshed",
            Self::Adopted => "adopted",
            Self::Unreachable => "unreachable",
            Self::Throttled => "throttled",
            Self::Misconfigured => "misconfigured",
            Self::GrantRefused => "grant-refused",
            Self::SessionEnded => "session-ended",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::LogoutElsewhere => "logout-elsewhere",
            Self::LoginElsewhere => "login-elsewhere",
            Self::Stuck => "stuck",
            Self::SilentLogin => "silent-login",
            Self::InteractionRequired => "interaction-required",
            Self::Lapsed => "lapsed",
            Self::Told => "told",
        }
    }
}
