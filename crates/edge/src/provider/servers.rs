//! What is known of the authorization servers that people use: whether they forgive a refresh token that comes twice.
//!
//! Each row is the server as it is shipped, and says from where that is known. What is not known is taken to be as on the
//! strictest server, and the row says so. Most servers have a setting for it; a row is a starting point that a
//! configuration corrects (`grace = { profile = "okta", window = "60s" }`), and `cargo xtask probe` measures.

use everlit_core::time::Millis;

use super::{Blast, Depth, GraceProfile, Replay, Window};

/// One authorization server, as it is shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name in a configuration: `grace = "auth0"`.
    pub name: &'static str,
    /// What it forgives.
    pub grace: GraceProfile,
    /// Where that is written.
    pub source: &'static str,
    /// Which setting of the server changes it, and how that is said here.
    pub setting: &'static str,
    /// What is not known and was taken to be as on the strictest server.
    pub assumed: &'static str,
}

/// Servers that keep one access token for each grant: a refresh ends the one before it; and what is asked for with less scope, or for
/// another resource, narrows for good what the refresh token is good for. django-oauth-toolkit 3.4.1: `get_original_scopes` reads
/// the scope of the newest access token, against RFC 6749, section 6.
pub const ONE_TOKEN: [&str; 1] = ["django-oauth-toolkit"];

/// The server of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.name == name)
}

const fn grace(window: Window, replay: Replay, depth: Depth, blast: Blast) -> GraceProfile {
    GraceProfile { window, replay, depth, blast }
}

const fn seconds(seconds: u64) -> Window {
    Window::For(Millis::from_secs(seconds))
}

/// All that are known, by name.
pub const SERVERS: [Server; 17] = [
    Server {
        name: "auth0",
        grace: grace(Window::None, Replay::NewSibling, Depth::Previous, Blast::Family),
        source: "https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation",
        setting: "the application's Rotation Overlap Period (leeway), 0 unless set: { profile = \"auth0\", window = \"30s\" }",
        assumed: "that a reuse ends the grant it belongs to and no other",
    },
    Server {
        name: "better-auth",
        grace: grace(Window::None, Replay::SamePair, Depth::Previous, Blast::ClientAndUser),
        source: "https://github.com/better-auth/better-auth, packages/oauth-provider",
        setting: "its refresh token grace, 0 unless set; 30 s with its mcp plugin: { profile = \"better-auth\", window = \"30s\" }",
        assumed: "depth",
    },
    Server {
        name: "cognito",
        grace: grace(Window::None, Replay::NewSibling, Depth::Previous, Blast::Family),
        source: "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html",
        setting: "the app client's RetryGracePeriodSeconds, 0 to 60: { profile = \"cognito\", window = \"60s\" }; with rotation off: window = \"unlimited\"",
        assumed: "window (its default is not documented), what a replay returns, depth, blast",
    },
    Server {
        name: "connect2id",
        grace: grace(seconds(5), Replay::NewSibling, Depth::Previous, Blast::Family),
        source: "https://connect2id.com/blog/connect2id-server-14-2",
        setting: "how long a rotated refresh token is still accepted, 5 s unless set",
        assumed: "what a replay returns, depth, blast",
    },
    Server {
        name: "curity",
        grace: grace(Window::None, Replay::NewSibling, Depth::Previous, Blast::Family),
        source: "https://curity.io/docs/identity-server/configuration-reference/profiles/profile/settings/authorization-server/refresh-token-revocation",
        setting: "grace-period, 0 unless set: { profile = \"curity\", window = \"30s\" }",
        assumed: "what a replay returns, depth, blast",
    },
    Server {
        name: "django-oauth-toolkit",
        grace: grace(Window::None, Replay::SamePair, Depth::Previous, Blast::Family),
        source: "https://django-oauth-toolkit.readthedocs.io/en/latest/settings.html; 3.4.1 measured",
        setting: "REFRESH_TOKEN_GRACE_PERIOD_SECONDS, 0 unless set: { profile = \"django-oauth-toolkit\", window = \"10s\" }; without REFRESH_TOKEN_REUSE_PROTECTION: blast = \"token\"",
        assumed: "depth",
    },
    Server {
        name: "duende",
        grace: grace(Window::Unlimited, Replay::ActiveToken, Depth::Any, Blast::Token),
        source: "https://docs.duendesoftware.com/identityserver/tokens/refresh/",
        setting: "the client's RefreshTokenUsage, ReUse unless set; with OneTime: { profile = \"duende\", window = \"none\" }, and blast = \"family\" where the refresh token service was changed to revoke",
        assumed: "nothing",
    },
    Server {
        name: "entra",
        grace: grace(Window::Unlimited, Replay::NewSibling, Depth::Any, Blast::Token),
        source: "https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens",
        setting: "none",
        assumed: "nothing",
    },
    Server {
        name: "google",
        grace: grace(Window::Unlimited, Replay::ActiveToken, Depth::Any, Blast::Token),
        source: "https://developers.google.com/identity/protocols/oauth2 (it does not rotate)",
        setting: "none",
        assumed: "nothing",
    },
    Server {
        name: "hydra",
        grace: grace(Window::None, Replay::NewSibling, Depth::Previous, Blast::Family),
        source: "https://www.ory.com/docs/hydra/guides/graceful-token-refresh",
        setting: "oauth2.grant.refresh_token.rotation_grace_period, 0s unless set: { profile = \"hydra\", window = \"30s\" }",
        assumed: "depth",
    },
    Server {
        name: "keycloak",
        grace: grace(Window::Unlimited, Replay::NewSibling, Depth::Any, Blast::Family),
        source: "https://github.com/keycloak/keycloak/pull/4510",
        setting: "the realm's Revoke Refresh Token, off unless set; where it is on: { profile = \"keycloak\", window = \"none\" }, also with a Refresh Token Max Reuse, which counts and has no clock",
        assumed: "nothing",
    },
    Server {
        name: "oidc-provider",
        grace: grace(Window::None, Replay::Refused, Depth::Previous, Blast::Family),
        source: "https://github.com/panva/node-oidc-provider, lib/helpers/defaults.js and lib/actions/grants/refresh_token.js; 9.13.3 measured",
        setting: "rotateRefreshToken; where it is off: { profile = \"oidc-provider\", window = \"unlimited\", replay = \"active_token\" }",
        assumed: "that it rotates at every use; unless set, it does so for a confidential client in the last 30 % of a token's life",
    },
    Server {
        name: "okta",
        grace: grace(seconds(30), Replay::NewSibling, Depth::Previous, Blast::Family),
        source: "https://developer.okta.com/docs/guides/refresh-tokens/main/",
        setting: "the app's grace period for token rotation, 0 to 60 s, 30 unless set; with static tokens, which web apps get unless set: window = \"unlimited\"",
        assumed: "that it rotates; what a replay returns, depth",
    },
    Server {
        name: "strict",
        grace: GraceProfile::STRICT,
        source: "https://www.rfc-editor.org/rfc/rfc9700.html#section-4.14.2",
        setting: "what is taken of any server where nothing is said",
        assumed: "all of it: to be wrong about this costs one login",
    },
    Server {
        name: "supabase",
        grace: super::supabase::GRACE,
        source: "https://github.com/supabase/auth, internal/tokens/service.go",
        setting: "none for the parent of the active token, which is always answered",
        assumed: "nothing",
    },
    Server {
        name: "workers-oauth-provider",
        grace: grace(Window::Unlimited, Replay::NewSibling, Depth::Previous, Blast::Token),
        source: "https://github.com/cloudflare/workers-oauth-provider, src/oauth-provider.ts",
        setting: "none: the previous token is good until its successor is used",
        assumed: "nothing",
    },
    Server {
        name: "workos",
        grace: grace(seconds(30), Replay::SamePair, Depth::Previous, Blast::Family),
        source: "https://workos.com/docs/authkit/session-resilience",
        setting: "none",
        assumed: "depth, blast",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_core::vault::Verdict;

    #[test]
    fn names_are_in_order_and_say_where_they_are_known_from() {
        assert!(SERVERS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for server in SERVERS {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(server.name.chars().all(plain), "{}", server.name);
            assert!(server.source.starts_with("https://"), "{}", server.name);
            assert!(!server.setting.is_empty() && !server.assumed.is_empty(), "{}", server.name);
            assert_eq!(named(server.name), Some(&server));
        }
        assert_eq!(named("Auth0"), None);
    }

    #[test]
    fn a_window_never_goes_with_a_refusal() {
        for Server { name, grace, .. } in SERVERS {
            assert!(grace.window == Window::None || grace.replay != Replay::Refused, "{name}");
        }
    }

    #[test]
    fn a_lost_answer_is_judged_as_its_server_would() {
        let after = |name: &str, seconds| named(name).unwrap().grace.verdict(Millis::from_secs(seconds));
        for (name, seconds, verdict) in [
            ("supabase", 86_400, Verdict::Forgiven),
            ("entra", 86_400, Verdict::Forgiven),
            ("duende", 86_400, Verdict::Forgiven),
            // The last twentieth of a window is left to clocks that differ.
            ("okta", 28, Verdict::Forgiven),
            ("okta", 29, Verdict::LastResort),
            ("workos", 28, Verdict::Forgiven),
            ("connect2id", 4, Verdict::Forgiven),
            ("connect2id", 5, Verdict::LastResort),
            ("auth0", 0, Verdict::LastResort),
            ("oidc-provider", 0, Verdict::LastResort),
            // It would log out the user's other devices.
            ("better-auth", 0, Verdict::Forbidden),
        ] {
            assert_eq!(after(name, seconds), verdict, "{name} after {seconds} s");
        }
    }
}
