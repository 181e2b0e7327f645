//! Upstox's login: where the browser is sent, and what is posted for the code that it brings back.

use alloc::string::String;

use everlit_core::secret::Secret;

use super::DESCRIPTION;
use crate::oauth::State;
use crate::query::encode_pairs;

/// The path of the token request. It takes a form and answers `Accept: application/json`.
pub const TOKEN_PATH: &str = "/v2/login/authorization/token";

/// An app that is registered at Upstox.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// Its id, also called API key.
    pub client_id: &'a str,
    /// Its secret.
    pub client_secret: &'a Secret<String>,
    /// The address that is registered, to the letter.
    pub redirect_uri: &'a str,
}

impl App<'_> {
    /// Where the browser is sent. There is no PKCE: `state` is all that ties the answer to the browser.
    #[must_use]
    pub fn authorize_url(&self, state: &State) -> String {
        let query = encode_pairs([
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("state", state.as_str()),
        ]);
        [DESCRIPTION.login.unwrap_or_default(), "?", &query].concat()
    }

    /// The body of the token request. The code is spent by it, whatever is answered.
    ///
    /// `another_extended` asks for a new token of a year, which ends the one before it.
    #[must_use]
    pub fn token_request(&self, code: &Secret<String>, another_extended: Option<bool>) -> Secret<String> {
        let asked = another_extended
            .map(|another| ("refresh_extended_token", if another { "true" } else { "false" }));
        let pairs = [
            ("code", code.expose().as_str()),
            ("client_id", self.client_id),
            ("client_secret", self.client_secret.expose().as_str()),
            ("redirect_uri", self.redirect_uri),
            ("grant_type", "authorization_code"),
        ];
        Secret::new(encode_pairs(pairs.into_iter().chain(asked)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{AuthorizationResponse, Expected, Outcome};
    use crate::query::Query;

    const REDIRECT: &str = "https://app.example/auth/callback/upstox";

    fn with<T>(read: impl FnOnce(App<'_>) -> T) -> T {
        let secret = Secret::new(String::from("s&cr=t"));
        read(App { client_id: "615b1297-d443", client_secret: &secret, redirect_uri: REDIRECT })
    }

    #[test]
    fn the_browser_is_sent_with_a_state_and_without_a_secret() {
        let state = State::from_entropy([7; 32]);
        let url = with(|app| app.authorize_url(&state));
        assert_eq!(
            url,
            [
                "https://api.upstox.com/v2/login/authorization/dialog?response_type=code&client_id=615b1297-d443",
                "&redirect_uri=https%3A%2F%2Fapp.example%2Fauth%2Fcallback%2Fupstox&state=",
                state.as_str()
            ]
            .concat()
        );
    }

    #[test]
    fn a_code_is_exchanged_as_the_sdk_does_it() {
        let state = State::from_entropy([7; 32]);
        let response =
            AuthorizationResponse::parse(&["code=mk404x&state=", state.as_str()].concat()).unwrap();
        let expected = Expected { state: &state, issuer: super::super::ORIGIN, issuer_names_itself: false };
        let Ok(Outcome::Code(code)) = response.validate(&expected) else { panic!() };
        let body = with(|app| app.token_request(code.secret(), None));
        let form = Query::parse(body.expose()).ok().unwrap();
        for (name, value) in [
            ("code", Some("mk404x")),
            ("client_id", Some("615b1297-d443")),
            ("client_secret", Some("s&cr=t")),
            ("redirect_uri", Some(REDIRECT)),
            ("grant_type", Some("authorization_code")),
            ("refresh_extended_token", None),
        ] {
            assert_eq!(form.one(name), Ok(value), "{name}");
        }
        let another = with(|app| app.token_request(code.secret(), Some(true)));
        assert!(another.expose().ends_with("&refresh_extended_token=true"));
    }
}
