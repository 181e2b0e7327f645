//! A refresh at Supabase Auth ([`crate::oauth::ClientRequest::refresh`] with its key), and the tokens that answer it.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use serde_json::Value;

use super::login::Person;
use super::refusal::classify;
use crate::oauth::expires_in::parse_expires_in;
use crate::oauth::{HttpAnswer, MAX_REFRESH_TOKEN, Scheme, TokenAnswer, TokenResponse};
use crate::provider::body::{self, text, token};
use crate::provider::{About, Asked, Class, Judgement, Stated};

/// The path of the request, below the project's address.
pub const PATH: &str = "/auth/v1/token?grant_type=refresh_token";
/// The grant of the request, below its endpoint.
pub const GRANT: &str = "?grant_type=refresh_token";
/// The header that asks for codes in their newer form, and its value.
pub const API_VERSION: (&str, &str) = ("x-supabase-api-version", "2024-01-01");
/// The header that carries the project's key.
pub const API_KEY: &str = "apikey";

/// The body of the request, in JSON.
#[must_use]
pub fn request(refresh_token: &RefreshToken) -> Secret<String> {
    let token = Value::from(refresh_token.expose().as_str()).to_string();
    Secret::new(["{\"refresh_token\":", &token, "}"].concat())
}

/// What a login or a refresh gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token, a JWT.
    pub access_token: AccessToken,
    /// The refresh token that is active now: after a replay the one that was lost before.
    pub refresh_token: RefreshToken,
    /// When the access token ends, by our clock; nothing where nothing usable is said.
    pub expires_at: Option<Timestamp>,
    /// Whose they are.
    pub user: Option<Person>,
}

impl Tokens {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// What the answer means where it brings none. A success without tokens is [`Class::OutcomeUnknown`] of a refresh: the same
    /// refresh token may be shown again, and is answered with the active one.
    pub fn read(answer: &HttpAnswer<'_>, about: About) -> Result<Self, Judgement> {
        let judgement = classify(answer, about);
        if judgement.class != Class::Ok {
            return Err(judgement);
        }
        let object = body::object(answer, about)?;
        let refresh_token = text(&object, "refresh_token").filter(|token| token.len() <= MAX_REFRESH_TOKEN);
        let Some((access_token, refresh_token)) = token(&object, "access_token").zip(refresh_token) else {
            return Err(body::INCOMPLETE);
        };
        // By its own clock it may be over already: what counts is for how long.
        let stated = [Stated::ExpiresIn, Stated::ExpiresAt, Stated::JwtExp];
        let expires_at =
            stated.into_iter().find_map(|stated| stated.read(&object, access_token.expose(), answer.now));
        let user = object.get("user").and_then(Value::as_object).and_then(Person::read);
        Ok(Self { expires_at, user, refresh_token: Secret::new(refresh_token.to_string()), access_token })
    }
}

/// The answer to a login or to a refresh, in the words of any token endpoint's: what a vault decides by.
#[must_use]
pub fn judged(answer: &HttpAnswer<'_>, asked: Asked) -> TokenAnswer {
    let Judgement { class, reason } = match Tokens::read(answer, About { asked, planned_expiry: None }) {
        Ok(tokens) => {
            let left = tokens.expires_at.map(|at| Value::from(answer.now.until(at).as_millis() / 1_000));
            let (expires_in, note) = parse_expires_in(left.as_ref());
            return TokenAnswer::Granted(TokenResponse {
                access_token: tokens.access_token,
                scheme: Scheme::Bearer,
                refresh_token: Some(tokens.refresh_token),
                id_token: None,
                expires_in,
                scope: None,
                note,
                user: tokens.user,
            });
        }
        Err(judgement) => judgement,
    };
    // It says when itself, or not at all; what is waited for then is the machine's to say.
    let retry_after: Option<Millis> = answer.wait();
    match class {
        Class::ReauthRequired | Class::RestartLogin => TokenAnswer::Reauth { reason },
        Class::RateLimited { .. } => TokenAnswer::Throttled { retry_after, reason },
        Class::OutcomeUnknown | Class::Ok => TokenAnswer::Unreadable { reason },
        Class::ClientMisconfigured | Class::RequestRefused | Class::NotPermitted => {
            TokenAnswer::Misconfigured { reason }
        }
        // What no table knows ends no session.
        Class::Transient { .. }
        | Class::Ambiguous
        | Class::AccessExpired
        | Class::UserActionRequired
        | Class::ServiceClosed { .. }
        | Class::WrongToken => TokenAnswer::Transient { retry_after, reason },
    }
}
