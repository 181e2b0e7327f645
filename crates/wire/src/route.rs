/// What the Worker answers at. Adding one means: here, in `openapi.json`, and a handler in the Worker; the tests and the compiler
/// ask for whatever is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Whether it lives.
    Healthz,
    /// What all of this is.
    Openapi,
    /// Where a login begins.
    Login,
    /// Where it comes to its end.
    Callback,
    /// Where the session stands.
    Session,
    /// A question for the token.
    Token,
    /// The end of a session, by its user.
    Logout,
    /// The way to the authorization server, to be logged out there as well.
    EndSession,
    /// The way back from there.
    EndedSession,
    /// The end of sessions, by the authorization server.
    BackchannelLogout,
    /// A user's sessions.
    Sessions,
    /// One of them.
    OneSession,
    /// A further account of the user.
    OneLink,
    /// The event socket.
    Events,
    /// Calls that are passed on.
    Api,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 15] = [
        Self::Healthz,
        Self::Openapi,
        Self::Login,
        Self::Callback,
        Self::Session,
        Self::Token,
        Self::Logout,
        Self::EndSession,
        Self::EndedSession,
        Self::BackchannelLogout,
        Self::Sessions,
        Self::OneSession,
        Self::OneLink,
        Self::Events,
        Self::Api,
    ];

    /// The route of a path.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| match route {
            Self::Callback | Self::OneSession | Self::OneLink | Self::Api => path.starts_with(route.fixed()),
            Self::Healthz
            | Self::Openapi
            | Self::Login
            | Self::Session
            | Self::Token
            | Self::Logout
            | Self::EndSession
            | Self::EndedSession
            | Self::BackchannelLogout
            | Self::Sessions
            | Self::Events => path == route.fixed(),
        })
    }

    /// Its path as OpenAPI, logs and metrics name it.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::Healthz => "/healthz",
            Self::Openapi => "/auth/openapi.json",
            Self::Login => "/auth/login",
            Self::Callback => "/auth/callback/{provider}",
            Self::Session => "/auth/session",
            Self::Token => "/auth/token",
            Self::Logout => "/auth/logout",
            Self::EndSession => "/auth/end-session",
            Self::EndedSession => "/auth/logged-out",
            Self::BackchannelLogout => "/auth/backchannel-logout",
            Self::Sessions => "/auth/sessions",
            Self::OneSession => "/auth/sessions/{id}",
            Self::OneLink => "/auth/links/{provider}",
            Self::Events => "/auth/events",
            Self::Api => "/api/{upstream}/{path}",
        }
    }

    /// The methods that it knows. Under `/api` each upstream says which of them it takes.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Healthz
            | Self::Openapi
            | Self::Session
            | Self::EndSession
            | Self::EndedSession
            | Self::Events => &["GET"],
            Self::Login | Self::Callback => &["GET", "POST"],
            Self::Token | Self::Logout | Self::BackchannelLogout => &["POST"],
            Self::Sessions => &["GET", "DELETE"],
            Self::OneSession | Self::OneLink => &["DELETE"],
            Self::Api => &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        }
    }

    /// The part of the template before its first parameter.
    fn fixed(self) -> &'static str {
        let template = self.template();
        template.split_once('{').map_or(template, |(fixed, _)| fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_leads_to_its_own_route() {
        for route in Route::ALL {
            assert_eq!(Route::of(&route.template().replace(['{', '}'], "")), Some(route));
        }
    }

    #[test]
    fn what_is_no_path_of_ours_has_no_route() {
        for path in [
            "",
            "/",
            "/auth",
            "/auth/",
            "/auth/login/",
            "/auth/token/x",
            "/auth/callback",
            "/api",
            "/healthz/x",
            "/internal/rotate",
            "/AUTH/login",
            "/auth//login",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }
}
