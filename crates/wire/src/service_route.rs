/// What the services Worker answers at, beside `/healthz` and the calls below `/api`. Adding one means the same as of [`Route`]: here, in
/// `openapi.json`, and a handler.
///
/// [`Route`]: crate::Route
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceRoute {
    /// The services of a caller.
    Services,
    /// Where one stands.
    Status,
    /// A question for its token.
    Token,
    /// The same, by who has been refused one.
    Refresh,
    /// What a person brings, and the end of it.
    Credential,
    /// That an app goes on with other data.
    Fallback,
    /// Where a login begins.
    Login,
    /// Where it ends.
    Callback,
    /// What a provider says by itself.
    Notify,
}

impl ServiceRoute {
    /// Every route.
    pub const ALL: [Self; 9] = [
        Self::Services,
        Self::Status,
        Self::Token,
        Self::Refresh,
        Self::Credential,
        Self::Fallback,
        Self::Login,
        Self::Callback,
        Self::Notify,
    ];

    /// The route of a path, the service in it, and what the path ends with, where that is a capability.
    #[must_use]
    pub fn of(path: &str) -> Option<(Self, &str, &str)> {
        if path == Self::Services.template() {
            return Some((Self::Services, "", ""));
        }
        let (service, rest) = path.strip_prefix("/service/")?.split_once('/')?;
        Self::ALL.into_iter().find_map(|route| {
            let own = route.template().strip_prefix("/service/{name}/")?;
            let last = match own.split_once('{') {
                Some((fixed, _)) => rest.strip_prefix(fixed)?,
                None => (own == rest).then_some("")?,
            };
            Some((route, service, last))
        })
    }

    /// Its path as OpenAPI and logs name it.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::Services => "/service",
            Self::Status => "/service/{name}/status",
            Self::Token => "/service/{name}/token",
            Self::Refresh => "/service/{name}/refresh",
            Self::Credential => "/service/{name}/credential",
            Self::Fallback => "/service/{name}/fallback",
            Self::Login => "/service/{name}/login",
            Self::Callback => "/service/{name}/callback",
            Self::Notify => "/service/{name}/notify/{capability}",
        }
    }

    /// The methods that it knows.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Services | Self::Status => &["GET"],
            Self::Token | Self::Refresh | Self::Fallback | Self::Notify => &["POST"],
            Self::Credential => &["PUT", "DELETE"],
            Self::Login | Self::Callback => &["GET", "POST"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_leads_to_its_own_route() {
        for route in ServiceRoute::ALL {
            let path = route.template().replace(['{', '}'], "");
            let name = if route == ServiceRoute::Services { "" } else { "name" };
            let last = if route == ServiceRoute::Notify { "capability" } else { "" };
            assert_eq!(ServiceRoute::of(&path), Some((route, name, last)));
        }
    }

    #[test]
    fn what_is_no_path_of_ours_has_no_route() {
        for path in [
            "",
            "/",
            "/services",
            "/service/",
            "/service/upstox",
            "/service/upstox/",
            "/service/upstox/token/",
            "/service/upstox/tokens",
            "/service/upstox/status/x",
            "/service/upstox/notify",
            "/SERVICE/upstox/token",
        ] {
            assert_eq!(ServiceRoute::of(path), None, "{path}");
        }
    }
}
