//! The authorization request (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

use alloc::string::String;
use alloc::vec::Vec;

use super::{CodeVerifier, State};
use crate::config::ProviderConfig;
use crate::oidc::Nonce;
use crate::query::encode_pairs;
use crate::url::HttpUrl;

/// What a login asks the authorization server for.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// The `authorization_endpoint` of the provider's metadata.
    pub endpoint: &'a HttpUrl,
    /// The client, its scopes and further parameters.
    pub provider: &'a ProviderConfig,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// Ties the answer to this browser's login transaction.
    pub state: &'a State,
    /// Ties the ID Token to it.
    pub nonce: &'a Nonce,
    /// Ties the code to it.
    pub code_verifier: &'a CodeVerifier,
    /// Overrides the configured `prompt`: `Some("none")` asks silently.
    pub prompt: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    /// The URL that the browser is sent to.
    #[must_use]
    pub fn url(&self) -> String {
        let scope = self.provider.scopes.join(" ");
        let challenge = self.code_verifier.challenge();
        let prompt = self.prompt.unwrap_or(&self.provider.prompt);
        let mut pairs: Vec<(&str, &str)> = alloc::vec![
            ("response_type", "code"),
            ("client_id", &self.provider.client_id),
            ("redirect_uri", self.redirect_uri),
            ("scope", &scope),
            ("state", self.state.as_str()),
            ("nonce", self.nonce.as_str()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if !prompt.is_empty() {
            pairs.push(("prompt", prompt));
        }
        pairs.extend(self.provider.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        // RFC 6749, section 3.1: a query that the endpoint has already is kept.
        let separator = match self.endpoint.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        alloc::format!("{}{separator}{}", self.endpoint, encode_pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Variables};
    use crate::query::Query;

    fn url(endpoint: &str, prompt: Option<&str>) -> String {
        let provider = r#"{"kind":"oidc","issuer":"https://as.example","client_id":"a&b","parameters":{"audience":"x y"}}"#;
        let variables = Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("PROVIDER_DEMO", provider)
            .secret("SECRET_SESSION_KEY")
            .secret("SECRET_DEMO_CLIENT_SECRET");
        let config = Config::parse(&variables).unwrap();
        let provider = config.login_provider();
        AuthorizationRequest {
            endpoint: &HttpUrl::parse(endpoint).unwrap(),
            provider,
            redirect_uri: &provider.redirect_uri(&config.origins),
            state: &State::from_entropy([1; 32]),
            nonce: &Nonce::from_entropy([2; 32]),
            code_verifier: &CodeVerifier::restored("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap(),
            prompt,
        }
        .url()
    }

    #[test]
    fn every_parameter_is_there_and_encoded() {
        let url = url("https://as.example/auth", None);
        let (endpoint, query) = url.split_once('?').unwrap();
        assert_eq!(endpoint, "https://as.example/auth");
        let query = Query::parse(query).ok().unwrap();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "a&b"),
            ("redirect_uri", "https://app.example/auth/callback/demo"),
            ("scope", "openid offline_access"),
            ("state", State::from_entropy([1; 32]).as_str()),
            ("nonce", Nonce::from_entropy([2; 32]).as_str()),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("prompt", "consent"),
            ("audience", "x y"),
        ] {
            assert_eq!(query.one(name), Ok(Some(value)), "{name}");
        }
    }

    #[test]
    fn a_query_of_the_endpoint_is_kept_and_prompt_can_be_overridden() {
        assert!(
            url("https://as.example/auth?tenant=1", None)
                .starts_with("https://as.example/auth?tenant=1&response_type=code&")
        );
        assert!(
            url("https://as.example/auth?", Some("none"))
                .starts_with("https://as.example/auth?response_type=code&")
        );
        assert!(url("https://as.example", Some("none")).contains("&prompt=none&"));
        assert!(!url("https://as.example", Some("")).contains("prompt="));
    }
}
