//! What the client posts: token requests (RFC 6749, sections 4.1.3 and 6), authorization requests (RFC 9126) and
//! revocation requests (RFC 7009).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use serde_json::Value;

use super::authorization_request::Pair;
use super::client_assertion::TYPE;
use super::{AuthorizationCode, AuthorizationRequest, CodeVerifier, Wanted};
use crate::base64url::encode_classic;
use crate::provider::supabase::login::PKCE;
use crate::provider::supabase::refresh::{API_KEY, API_VERSION, GRANT};
use crate::query::{encode_pairs, push_escape};

/// Who we are to the authorization server. It goes into one request: an assertion is sent once.
#[derive(Debug)]
pub struct ClientCredentials<'a> {
    /// The id of the client.
    pub client_id: &'a str,
    /// What shows that it is us.
    pub proof: ClientProof<'a>,
}

/// How a client authenticates.
#[derive(Debug)]
pub enum ClientProof<'a> {
    /// `client_secret_basic`: a secret, in the `Authorization` header (RFC 6749, section 2.3.1).
    SecretBasic(&'a Secret<String>),
    /// `client_secret_post`: a secret, in the body (same section).
    SecretPost(&'a Secret<String>),
    /// `private_key_jwt`: a [`client_assertion`](super::client_assertion), signed.
    Assertion(Secret<String>),
    /// The key of a Supabase project, in a header: what is said there is JSON, in words of its own.
    ApiKey(&'a Secret<String>),
}

/// A POST to an endpoint of the authorization server, complete but for its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRequest {
    authorization: Option<Secret<String>>,
    dpop: Option<Secret<String>>,
    api_key: Option<Secret<String>>,
    target: String,
    body: Secret<String>,
}

impl ClientRequest {
    /// Asks for the first tokens of a grant.
    #[must_use]
    pub fn authorization_code(
        client: ClientCredentials<'_>,
        code: &AuthorizationCode,
        redirect_uri: &str,
        code_verifier: &CodeVerifier,
    ) -> Self {
        if let ClientProof::ApiKey(key) = client.proof {
            let members = [
                ("auth_code", code.secret().expose().as_str()),
                ("code_verifier", code_verifier.secret().expose()),
            ];
            return Self::json(key, PKCE.into(), members);
        }
        Self::new(
            &client,
            &[
                ("grant_type", "authorization_code"),
                ("code", code.secret().expose()),
                // RFC 6749, section 4.1.3: the same as in the authorization request.
                ("redirect_uri", redirect_uri),
                ("code_verifier", code_verifier.secret().expose()),
            ],
        )
    }

    /// Leaves an authorization request at the server (RFC 9126, section 2.1).
    #[must_use]
    pub fn pushed(client: ClientCredentials<'_>, request: &AuthorizationRequest<'_>) -> Self {
        let parameters = request.parameters();
        let texts: Vec<_> = parameters.iter().map(Pair::texts).collect();
        Self::new(&client, &texts)
    }

    /// Asks for the next tokens of a grant.
    #[must_use]
    pub fn refresh(client: ClientCredentials<'_>, refresh_token: &RefreshToken) -> Self {
        if let ClientProof::ApiKey(key) = client.proof {
            return Self::json(key, GRANT.into(), [("refresh_token", refresh_token.expose().as_str())]);
        }
        Self::new(&client, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())])
    }

    /// Asks for a token of the client's own (RFC 6749, section 4.4); for all that it may do where no scope is named.
    #[must_use]
    pub fn client_credentials(client: ClientCredentials<'_>, scope: &str) -> Self {
        let scope = Some(("scope", scope)).filter(|(_, scope)| !scope.is_empty());
        let pairs: Vec<(&str, &str)> =
            [("grant_type", "client_credentials")].into_iter().chain(scope).collect();
        Self::new(&client, &pairs)
    }

    /// Asks for a token that is for less than all of a grant (RFC 6749, section 6; RFC 8707, section 2.2).
    #[must_use]
    pub fn downscoped(client: ClientCredentials<'_>, refresh_token: &RefreshToken, wanted: &Wanted) -> Self {
        let scope = wanted.scope();
        let mut parameters =
            alloc::vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose().as_str())];
        parameters.push(("scope", &scope));
        parameters.extend(wanted.resource.as_deref().map(|resource| ("resource", resource)));
        Self::new(&client, &parameters)
    }

    /// Ends a grant.
    #[must_use]
    pub fn revocation(client: ClientCredentials<'_>, refresh_token: &RefreshToken) -> Self {
        Self::new(&client, &[("token", refresh_token.expose()), ("token_type_hint", "refresh_token")])
    }

    /// Ends an access token, where there is no grant.
    #[must_use]
    pub fn access_revocation(client: ClientCredentials<'_>, access_token: &AccessToken) -> Self {
        Self::new(&client, &[("token", access_token.expose()), ("token_type_hint", "access_token")])
    }

    fn new(client: &ClientCredentials<'_>, parameters: &[(&str, &str)]) -> Self {
        let mut pairs: Vec<(&str, &str)> = parameters.to_vec();
        let mut authorization = None;
        let is_in_body = !matches!(client.proof, ClientProof::SecretBasic(_));
        // A request that is pushed names the client itself.
        if is_in_body && !pairs.iter().any(|(name, _)| *name == "client_id") {
            pairs.push(("client_id", client.client_id));
        }
        match &client.proof {
            ClientProof::SecretBasic(secret) => authorization = Some(basic(client.client_id, secret)),
            ClientProof::SecretPost(secret) => pairs.push(("client_secret", secret.expose())),
            // It asks for nothing in this way.
            ClientProof::ApiKey(_) => {}
            ClientProof::Assertion(assertion) => {
                pairs.push(("client_assertion_type", TYPE));
                pairs.push(("client_assertion", assertion.expose()));
            }
        }
        let body = Secret::new(encode_pairs(pairs));
        Self { authorization, dpop: None, api_key: None, target: String::new(), body }
    }

    /// Says something to a Supabase project, below an endpoint of its.
    #[must_use]
    pub fn json<'a>(
        key: &Secret<String>,
        target: String,
        members: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut body = String::from("{");
        for (name, value) in members {
            body.push_str(if body.len() == 1 { "\"" } else { ",\"" });
            body.push_str(name);
            body.push_str("\":");
            body.push_str(&Value::from(value).to_string());
        }
        body.push('}');
        let (api_key, body) = (Some(key.clone()), Secret::new(body));
        Self { authorization: None, dpop: None, api_key, target, body }
    }

    /// The same request in the name of whoever has this access token.
    #[must_use]
    pub fn with_token(self, access_token: &Secret<String>) -> Self {
        Self { authorization: Some(Secret::new(["Bearer ", access_token.expose()].concat())), ..self }
    }

    /// What follows the endpoint's address.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The same request with a proof ([`DpopKey::proof`](super::DpopKey::proof)).
    #[must_use]
    pub fn with_dpop(self, proof: Secret<String>) -> Self {
        Self { dpop: Some(proof), ..self }
    }

    /// The headers to send, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let content_type = match self.api_key {
            Some(_) => "application/json",
            None => "application/x-www-form-urlencoded",
        };
        [("content-type", content_type), ("accept", "application/json")]
            .into_iter()
            .chain(self.api_key.as_ref().map(|key| (API_KEY, key.expose().as_str())))
            .chain(self.api_key.as_ref().map(|_| API_VERSION))
            .chain(self.authorization.as_ref().map(|value| ("authorization", value.expose().as_str())))
            .chain(self.dpop.as_ref().map(|value| ("dpop", value.expose().as_str())))
    }

    /// The body to send.
    #[must_use]
    pub const fn body(&self) -> &Secret<String> {
        &self.body
    }
}

/// The `Authorization` header of `client_secret_basic`.
///
/// # Spec
///
/// [_RFC 6749 § 2.3.1_](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1): id and secret are form-encoded *before*
/// they are joined by a colon and put into base64. Many clients leave that out, and fail with the first secret that holds a
/// colon or a percent sign.
fn basic(client_id: &str, secret: &Secret<String>) -> Secret<String> {
    let joined = [&form_encode(client_id), ":", &form_encode(secret.expose())].concat();
    Secret::new(["Basic ", &encode_classic(joined.as_bytes())].concat())
}

/// `application/x-www-form-urlencoded` in the letter: here a server may compare before it decodes.
fn form_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                encoded.push(char::from(byte))
            }
            other => push_escape(&mut encoded, other),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use alloc::format;

    fn client(proof: ClientProof<'_>) -> ClientCredentials<'_> {
        ClientCredentials { client_id: "app:1", proof }
    }

    #[test]
    fn basic_encodes_before_it_joins() {
        let secret = Secret::new(String::from("p w%:é*"));
        let request =
            ClientRequest::refresh(client(ClientProof::SecretBasic(&secret)), &Secret::new("r+1".into()));
        let headers: Vec<_> = request.headers().collect();
        let expected = format!("Basic {}", encode_classic(b"app%3A1:p+w%25%3A%C3%A9*"));
        assert_eq!(headers.last(), Some(&("authorization", expected.as_str())));
        assert_eq!(request.body().expose(), "grant_type=refresh_token&refresh_token=r%2B1");
    }

    #[test]
    fn post_puts_the_credentials_into_the_body() {
        let secret = Secret::new(String::from("s&1"));
        let request =
            ClientRequest::revocation(client(ClientProof::SecretPost(&secret)), &Secret::new("r1".into()));
        assert!(request.headers().all(|(name, _)| name != "authorization"));
        let body = "token=r1&token_type_hint=refresh_token&client_id=app%3A1&client_secret=s%261";
        assert_eq!(request.body().expose(), body);
    }

    #[test]
    fn an_assertion_takes_the_place_of_a_secret() {
        let proof = ClientProof::Assertion(Secret::new("a.b.c".into()));
        let request = ClientRequest::refresh(client(proof), &Secret::new("r1".into()));
        assert!(request.headers().all(|(name, _)| name != "authorization"));
        let body = "grant_type=refresh_token&refresh_token=r1&client_id=app%3A1\
            &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
        assert_eq!(request.body().expose(), body);
    }

    #[test]
    fn a_code_is_sent_with_its_verifier_and_redirect_uri() {
        let secret = Secret::new(String::from("s"));
        let state = super::super::State::from_entropy([1; 32]);
        let expected = super::super::Expected {
            state: &state,
            issuer: "https://as.example",
            issuer_names_itself: false,
        };
        let response =
            super::super::AuthorizationResponse::parse(&format!("code=c%2F1&state={}", state.as_str()))
                .unwrap();
        let super::super::Outcome::Code(code) = response.validate(&expected).unwrap() else {
            panic!("no code")
        };
        let verifier = CodeVerifier::from_entropy([2; 32]);
        let request = ClientRequest::authorization_code(
            client(ClientProof::SecretBasic(&secret)),
            &code,
            "https://app.example/auth/callback/demo",
            &verifier,
        );
        let body = Query::parse(request.body().expose()).ok().unwrap();
        for (name, value) in [
            ("grant_type", "authorization_code"),
            ("code", "c/1"),
            ("redirect_uri", "https://app.example/auth/callback/demo"),
            ("code_verifier", verifier.secret().expose()),
        ] {
            assert_eq!(body.one(name), Ok(Some(value)), "{name}");
        }
        assert!(!format!("{request:?}").contains("c%2F1"), "a request never prints itself");
    }
}
