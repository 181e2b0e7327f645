//! OpenID Connect RP-Initiated Logout 1.0: the way to the provider to be logged out there as well, and back.

use alloc::string::String;

use crate::config::Origins;
use crate::html::{self, Page};
use crate::oauth::State;
use crate::query::{Query, encode_pairs};
use crate::url::HttpUrl;

/// The longest ID Token that is kept to be shown at a logout; without one the provider may ask its user.
pub const MAX_HINT: usize = 8 * 1_024;

/// Where the provider sends it back to. It is registered there, to the last character.
#[must_use]
pub fn post_logout_redirect_uri(origins: &Origins) -> String {
    alloc::format!("{}/auth/logged-out", origins.canonical())
}

/// What is asked of the provider.
#[derive(Clone, Copy)]
pub struct LogoutRequest<'a> {
    /// Where.
    pub endpoint: &'a HttpUrl,
    /// Who we are there.
    pub client_id: &'a str,
    /// Who is to be logged out: the ID Token of the login.
    pub id_token_hint: Option<&'a str>,
    /// Where it leads back to.
    pub post_logout_redirect_uri: &'a str,
    /// What it brings back.
    pub state: &'a State,
}

impl LogoutRequest<'_> {
    /// The page that asks.
    ///
    /// # Spec
    ///
    /// [_RP-Initiated Logout § 2_](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout): a provider takes GET and POST.
    /// By POST the ID Token is in no URL, no history and no log.
    #[must_use]
    pub fn page(&self) -> Page {
        let hint = self.id_token_hint.map(|hint| ("id_token_hint", hint));
        let fields = hint.into_iter().chain(self.parameters());
        html::posting(
            "You are signed out of this app",
            "One more step signs you out of the sign-in service as well.",
            self.endpoint,
            fields,
        )
    }

    /// The URL that asks a provider which takes no form. Who is to be logged out is not in it: the hint is recommended, and `client_id`
    /// is enough for the way back.
    #[must_use]
    pub fn url(&self) -> String {
        self.endpoint.with_query(&encode_pairs(self.parameters()))
    }

    fn parameters(&self) -> [(&str, &str); 3] {
        [
            ("client_id", self.client_id),
            ("post_logout_redirect_uri", self.post_logout_redirect_uri),
            ("state", self.state.as_str()),
        ]
    }
}

/// The `state` that a provider has brought back, if it is one that we ever made and the only one.
#[must_use]
pub fn parse_response(query: &str) -> Option<State> {
    let query = Query::parse(query).ok()?;
    State::parse(query.one("state").ok()??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_holds_what_is_asked_and_may_go_nowhere_else() {
        let endpoint = HttpUrl::parse("https://as.example:8443/end?a=1&b=2").unwrap();
        let state = State::from_entropy([7; 32]);
        let request = LogoutRequest {
            endpoint: &endpoint,
            client_id: "\"><script>",
            id_token_hint: Some("a.b.c"),
            post_logout_redirect_uri: "https://app.example/auth/logged-out",
            state: &state,
        };
        let page = request.page();
        assert!(
            page.body.contains("<form method=\"post\" action=\"https://as.example:8443/end?a=1&amp;b=2\">")
        );
        for (name, value) in [
            ("id_token_hint", "a.b.c"),
            ("client_id", "&quot;&gt;&lt;script&gt;"),
            ("post_logout_redirect_uri", "https://app.example/auth/logged-out"),
            ("state", state.as_str()),
        ] {
            let field = alloc::format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
            assert!(page.body.contains(&field), "{field}");
        }
        assert!(page.body.contains("<button>"));
        assert_eq!(page.body.matches("<script>").count(), 1);
        let policy = &page.content_security_policy;
        assert!(
            policy.contains("; form-action https://as.example:8443 'self'; frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !page.framed);
        let without = LogoutRequest { id_token_hint: None, ..request }.page();
        assert!(!without.body.contains("id_token_hint"));
        let expected = alloc::format!(
            "https://as.example:8443/end?a=1&b=2&client_id=%22%3E%3Cscript%3E&post_logout_redirect_uri={}&state={}",
            "https%3A%2F%2Fapp.example%2Fauth%2Flogged-out",
            state.as_str()
        );
        assert_eq!(request.url(), expected);
    }

    #[test]
    fn a_response_has_one_state_of_ours() {
        let state = State::from_entropy([7; 32]);
        let text = state.as_str();
        let doubled = alloc::format!("state={text}&state={text}");
        assert_eq!(parse_response(&alloc::format!("state={text}&x=y")), Some(state.clone()));
        for wrong in ["", "state=", "state=x", "State=x", doubled.as_str(), "state=%ff", text] {
            assert_eq!(parse_response(wrong), None, "{wrong}");
        }
    }
}
