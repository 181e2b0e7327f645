//! The authorization request (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::{CodeVerifier, RequestUri, State};
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
    /// The thumbprint of the key that the tokens are to be bound to, so that the code is as well (RFC 9449, section 10).
    pub dpop_jkt: Option<&'a str>,
    /// Overrides the configured `prompt`: `Some("none")` asks silently.
    pub prompt: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    /// The URL that the browser is sent to.
    #[must_use]
    pub fn url(&self) -> String {
        self.at_endpoint(&encode_pairs(self.parameters().iter().map(Pair::texts)))
    }

    /// The same, for a request that the server has already (RFC 9126, section 4): nothing of it passes the browser.
    #[must_use]
    pub fn pushed_url(&self, request_uri: &RequestUri) -> String {
        self.at_endpoint(&encode_pairs([
            ("client_id", self.provider.client_id.as_str()),
            ("request_uri", request_uri.as_str()),
        ]))
    }

    /// What is asked for.
    pub(super) fn parameters(&self) -> Vec<Pair<'_>> {
        let provider = self.provider;
        let prompt = self.prompt.unwrap_or(&provider.prompt);
        let mut pairs = alloc::vec![
            Pair("response_type", "code".into()),
            Pair("client_id", provider.client_id.as_str().into()),
            Pair("redirect_uri", self.redirect_uri.into()),
            Pair("scope", provider.scopes.join(" ").into()),
            Pair("state", self.state.as_str().into()),
            Pair("nonce", self.nonce.as_str().into()),
            Pair("code_challenge", self.code_verifier.challenge().into()),
            Pair("code_challenge_method", "S256".into()),
        ];
        if provider.form_post {
            pairs.push(Pair("response_mode", "form_post".into()));
        }
        if let Some(thumbprint) = self.dpop_jkt {
            pairs.push(Pair("dpop_jkt", thumbprint.into()));
        }
        if !prompt.is_empty() {
            pairs.push(Pair("prompt", prompt.into()));
        }
        // RFC 8707, section 2.1: each of several in a parameter of its own.
        pairs.extend(provider.resources.iter().map(|resource| Pair("resource", resource.as_str().into())));
        let more = provider.parameters.iter();
        pairs.extend(more.map(|(name, value)| Pair(name, value.as_str().into())));
        pairs
    }

    fn at_endpoint(&self, query: &str) -> String {
        self.endpoint.with_query(query)
    }
}

/// One parameter.
pub(super) struct Pair<'a>(&'a str, Cow<'a, str>);

impl Pair<'_> {
    pub(super) fn texts(&self) -> (&str, &str) {
        (self.0, &self.1)
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
            dpop_jkt: Some("jkt-1"),
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
            ("dpop_jkt", "jkt-1"),
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
