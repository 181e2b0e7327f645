//! The ways to log in at Supabase Auth: another provider's page, a password, and a mail with a code or a link.
//!
//! Whatever comes back by an address is bound by PKCE, which is all that binds it: Supabase Auth returns no `state`, and takes only
//! addresses to come back to that are registered to the letter. So the `state` of such a login lies in a cookie ([`crate::posted`]).

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use serde_json::{Map, Value};

use super::refusal::classify;
use crate::oauth::{ClientRequest, CodeVerifier, HttpAnswer, RevocationAnswer};
use crate::oidc::ProviderMetadata;
use crate::provider::{About, Asked, Class, Judgement};
use crate::query::{encode, encode_pairs};
use crate::url::HttpUrl;

/// Where it is, below the project's address.
pub const BASE: &str = "/auth/v1";
/// Which grant a code of PKCE is spent for.
pub const PKCE: &str = "?grant_type=pkce";

/// A way to log in that has a form of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A password.
    Password,
    /// A code that comes by mail.
    Code,
    /// A link that comes by mail.
    Link,
}

impl Form {
    /// Its name in a configuration, and in the form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::Link => "link",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Password, Self::Code, Self::Link].into_iter().find(|form| form.name() == name)
    }
}

/// What is known of a project without asking it: it publishes less than any OpenID Connect provider.
#[must_use]
pub fn metadata(issuer: &str) -> Option<ProviderMetadata> {
    let endpoint = |path: &str| HttpUrl::parse(&[issuer, path].concat());
    Some(ProviderMetadata {
        issuer: issuer.to_string(),
        authorization_endpoint: endpoint("/authorize")?,
        token_endpoint: endpoint("/token")?,
        jwks_uri: endpoint("/.well-known/jwks.json")?,
        revocation_endpoint: None,
        end_session_endpoint: None,
        pushed_authorization_request_endpoint: None,
        requires_pushed_authorization_requests: false,
        binds_tokens: false,
        issuer_names_itself: false,
    })
}

/// Where the browser goes to log in at another provider, which Supabase Auth knows by this name.
#[must_use]
pub fn authorization_url(issuer: &str, provider: &str, redirect_to: &str, verifier: &CodeVerifier) -> String {
    let challenge = verifier.challenge();
    let pairs = [
        ("provider", provider),
        ("redirect_to", redirect_to),
        ("code_challenge", &challenge),
        ("code_challenge_method", "s256"),
    ];
    [issuer, "/authorize?", &encode_pairs(pairs)].concat()
}

/// Has a code mailed to this address.
#[must_use]
pub fn mail_code(key: &Secret<String>, email: &str) -> ClientRequest {
    ClientRequest::json(key, "/otp".into(), [("email", email)])
}

/// Has a link mailed to this address that leads back here.
#[must_use]
pub fn mail_link(
    key: &Secret<String>,
    email: &str,
    redirect_to: &str,
    verifier: &CodeVerifier,
) -> ClientRequest {
    let target = ["/otp?redirect_to=", &encode(redirect_to)].concat();
    let members =
        [("email", email), ("code_challenge", &verifier.challenge()), ("code_challenge_method", "s256")];
    ClientRequest::json(key, target, members)
}

/// Shows the code that was mailed.
#[must_use]
pub fn with_code(key: &Secret<String>, email: &str, code: &str) -> ClientRequest {
    ClientRequest::json(key, "/verify".into(), [("type", "email"), ("email", email), ("token", code)])
}

/// Shows a password.
#[must_use]
pub fn with_password(key: &Secret<String>, email: &str, password: &str) -> ClientRequest {
    ClientRequest::json(key, "/token?grant_type=password".into(), [("email", email), ("password", password)])
}

/// Ends the session that this access token is of, and no other of its user.
#[must_use]
pub fn logout(key: &Secret<String>, access_token: &Secret<String>) -> ClientRequest {
    ClientRequest::json(key, "/logout?scope=local".into(), []).with_token(access_token)
}

/// What became of that. A session that is not found any more has ended.
#[must_use]
pub fn ended(answer: &HttpAnswer<'_>) -> RevocationAnswer {
    let Judgement { class, reason } = classify(answer, About { asked: Asked::Call, planned_expiry: None });
    match class {
        Class::Ok | Class::ReauthRequired => RevocationAnswer::Revoked,
        Class::ClientMisconfigured
        | Class::RequestRefused
        | Class::NotPermitted
        | Class::Transient { .. }
        | Class::RateLimited { .. }
        | Class::OutcomeUnknown
        | Class::Ambiguous
        | Class::AccessExpired
        | Class::RestartLogin
        | Class::UserActionRequired
        | Class::ServiceClosed { .. }
        | Class::WrongToken => RevocationAnswer::Retry { retry_after: answer.wait(), reason },
    }
}

/// Whose tokens they are, as the answer that brought them says.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The id, which nobody else ever has in this project.
    pub id: String,
    /// A name to show.
    pub name: Option<String>,
    /// An address to show.
    pub email: Option<String>,
}

// Said by hand: it is about a person.
impl core::fmt::Debug for Person {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Person")
    }
}

/// The longest text of a person's that is believed.
const MAX_TEXT: usize = 512;

impl Person {
    pub(super) fn read(user: &Map<String, Value>) -> Option<Self> {
        let text = |object: &Map<String, Value>, name: &str| {
            let text = object.get(name)?.as_str()?;
            (1..=MAX_TEXT).contains(&text.len()).then(|| text.to_string())
        };
        let said = user.get("user_metadata").and_then(Value::as_object);
        let name = ["full_name", "name"].into_iter().find_map(|name| text(said?, name));
        Some(Self { id: text(user, "id")?, name, email: text(user, "email") })
    }
}
