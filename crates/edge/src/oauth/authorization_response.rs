//! The authorization response: what the callback's query says (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207).

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;

use super::State;
use crate::base64url::constant_time_eq;
use crate::query::{Query, QueryError};

/// The longest code that is accepted.
const MAX_CODE: usize = 4_096;

/// A response as it came: read, and not believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationResponse {
    state: State,
    iss: Option<String>,
    outcome: Outcome,
}

/// What the authorization server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The user allowed it.
    Code(AuthorizationCode),
    /// Somebody did not.
    Error(AuthorizationErrorCode),
}

/// An authorization code whose response was validated: the proof that state and issuer are right, and what the token
/// request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode(Secret<String>);

impl AuthorizationCode {
    /// The code, for the token request only.
    pub(crate) const fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

/// The `error` of a response. Its description is a stranger's text and is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationErrorCode {
    /// `access_denied`: the user, or the server in the user's name, said no.
    AccessDenied,
    /// `login_required`: a silent request needs the user to log in.
    LoginRequired,
    /// `interaction_required`, `consent_required` or `account_selection_required`: a silent request needs the user.
    InteractionRequired,
    /// `temporarily_unavailable` or `server_error`: later.
    Unavailable,
    /// One of the errors that mean our registration or configuration is wrong.
    Misconfigured,
    /// An error that no specification of ours knows.
    Unknown,
}

impl AuthorizationErrorCode {
    fn parse(code: &str) -> Self {
        match code {
            "access_denied" => Self::AccessDenied,
            "login_required" => Self::LoginRequired,
            "interaction_required" | "consent_required" | "account_selection_required" => {
                Self::InteractionRequired
            }
            "temporarily_unavailable" | "server_error" => Self::Unavailable,
            "invalid_request"
            | "unauthorized_client"
            | "unsupported_response_type"
            | "invalid_scope"
            | "invalid_target" => Self::Misconfigured,
            _ => Self::Unknown,
        }
    }

    /// Whether the server wants to see the user, or the user said no: to ask the same again, silently, is of no use.
    #[must_use]
    pub const fn needs_the_user(self) -> bool {
        match self {
            Self::AccessDenied | Self::LoginRequired | Self::InteractionRequired => true,
            Self::Unavailable | Self::Misconfigured | Self::Unknown => false,
        }
    }

    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AccessDenied => "access was denied",
            Self::LoginRequired => "a login is required",
            Self::InteractionRequired => "the user's part is required",
            Self::Unavailable => "the authorization server is unavailable",
            Self::Misconfigured => "the authorization server refused our request as wrong",
            Self::Unknown => "the authorization server answered an unknown error",
        }
    }
}

/// Why a callback is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackError {
    /// The query cannot be read, or a parameter is there twice.
    Query(QueryError),
    /// There is no `state`, or none that we could have made.
    NoState,
    /// The `state` is not that of the transaction: unknown, used, or another browser's.
    WrongState,
    /// There is neither a code nor an error, or there are both, or the code is empty or endless.
    NoOutcome,
    /// The response comes from another issuer than the request went to (a mix-up).
    WrongIssuer,
    /// The issuer says that it always names itself, and did not.
    NoIssuer,
}

impl CallbackError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Query(error) => error.reason(),
            Self::NoState => "no state of ours",
            Self::WrongState => "the state is not that of the transaction",
            Self::NoOutcome => "neither a code nor an error",
            Self::WrongIssuer => "the response is another issuer's",
            Self::NoIssuer => "the issuer did not name itself",
        }
    }
}

/// What the login transaction remembers of its request.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The `state` that was sent.
    pub state: &'a State,
    /// The issuer that it was sent to.
    pub issuer: &'a str,
    /// Whether that issuer's metadata says `authorization_response_iss_parameter_supported`.
    pub issuer_names_itself: bool,
}

impl AuthorizationResponse {
    /// Reads the query of a callback.
    ///
    /// # Errors
    ///
    /// A [`CallbackError`] where it is not an authorization response at all.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        let query = Query::parse(query).map_err(CallbackError::Query)?;
        let one = |name| query.one(name).map_err(CallbackError::Query);
        let state = one("state")?.and_then(State::parse).ok_or(CallbackError::NoState)?;
        let iss = one("iss")?.map(str::to_string);
        let outcome = match (one("code")?, one("error")?) {
            (Some(code), None) if !code.is_empty() && code.len() <= MAX_CODE => {
                Outcome::Code(AuthorizationCode(Secret::new(code.to_string())))
            }
            (None, Some(error)) if !error.is_empty() => Outcome::Error(AuthorizationErrorCode::parse(error)),
            _ => return Err(CallbackError::NoOutcome),
        };
        Ok(Self { state, iss, outcome })
    }

    /// The `state`: which login transaction to look for.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Compares the response with its request; what it says counts only after that.
    ///
    /// # Errors
    ///
    /// A [`CallbackError`]: the response is not the answer to this request.
    ///
    /// # Spec
    ///
    /// [_RFC 9207 § 2.4_](https://www.rfc-editor.org/rfc/rfc9207.html#section-2.4): compare `iss` with the issuer of the
    /// request, character by character, and refuse a response without it from an issuer that declares to send it. This
    /// holds for error responses as well.
    pub fn validate(self, expected: &Expected<'_>) -> Result<Outcome, CallbackError> {
        if !constant_time_eq(self.state.as_str().as_bytes(), expected.state.as_str().as_bytes()) {
            return Err(CallbackError::WrongState);
        }
        match self.iss {
            Some(iss) if iss != expected.issuer => Err(CallbackError::WrongIssuer),
            None if expected.issuer_names_itself => Err(CallbackError::NoIssuer),
            Some(_) | None => Ok(self.outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const ISSUER: &str = "https://as.example";

    fn outcome(query: &str, names_itself: bool) -> Result<Outcome, CallbackError> {
        let state = State::from_entropy([1; 32]);
        let query = query.replace("STATE", state.as_str());
        let expected = Expected { state: &state, issuer: ISSUER, issuer_names_itself: names_itself };
        AuthorizationResponse::parse(&query)?.validate(&expected)
    }

    #[test]
    fn a_good_response_gives_its_code() {
        for query in [
            "code=c-1&state=STATE",
            "?state=STATE&code=c-1&iss=https%3A%2F%2Fas.example&session_state=x&scope=openid",
        ] {
            let Ok(Outcome::Code(code)) = outcome(query, false) else { panic!("{query}") };
            assert_eq!(code.secret().expose(), "c-1");
        }
    }

    #[test]
    fn errors_are_told_apart_and_their_text_is_forgotten() {
        for (error, code) in [
            ("access_denied", AuthorizationErrorCode::AccessDenied),
            ("login_required", AuthorizationErrorCode::LoginRequired),
            ("interaction_required", AuthorizationErrorCode::InteractionRequired),
            ("consent_required", AuthorizationErrorCode::InteractionRequired),
            ("account_selection_required", AuthorizationErrorCode::InteractionRequired),
            ("server_error", AuthorizationErrorCode::Unavailable),
            ("invalid_scope", AuthorizationErrorCode::Misconfigured),
            ("<script>", AuthorizationErrorCode::Unknown),
        ] {
            let query = format!("error={}&error_description=canary&state=STATE", crate::query::encode(error));
            assert_eq!(outcome(&query, false), Ok(Outcome::Error(code)));
            let of_the_user = error.ends_with("_required") || error == "access_denied";
            assert_eq!(code.needs_the_user(), of_the_user, "{error}");
        }
    }

    #[test]
    fn a_response_that_does_not_fit_is_refused() {
        let foreign = State::from_entropy([2; 32]);
        for (query, error) in [
            ("code=c", CallbackError::NoState),
            ("code=c&state=", CallbackError::NoState),
            ("code=c&state=short", CallbackError::NoState),
            (&format!("code=c&state={}", foreign.as_str()), CallbackError::WrongState),
            ("state=STATE", CallbackError::NoOutcome),
            ("state=STATE&code=", CallbackError::NoOutcome),
            ("state=STATE&error=", CallbackError::NoOutcome),
            ("state=STATE&code=c&error=access_denied", CallbackError::NoOutcome),
            ("state=STATE&code=c&code=d", CallbackError::Query(QueryError::Duplicate)),
            ("state=STATE&state=STATE&code=c", CallbackError::Query(QueryError::Duplicate)),
            ("state=STATE&code=c&iss=a&iss=a", CallbackError::Query(QueryError::Duplicate)),
            ("state=STATE&code=%ff", CallbackError::Query(QueryError::BadEncoding)),
            ("state=STATE&code=c&iss=https://evil.example", CallbackError::WrongIssuer),
            ("state=STATE&code=c&iss=https://as.example/", CallbackError::WrongIssuer),
            ("state=STATE&code=c&iss=", CallbackError::WrongIssuer),
            ("state=STATE&error=access_denied&iss=https://evil.example", CallbackError::WrongIssuer),
        ] {
            assert_eq!(outcome(query, false), Err(error), "{query}");
        }
        assert_eq!(outcome("state=STATE&code=c", true), Err(CallbackError::NoIssuer));
        assert_eq!(outcome("state=STATE&error=access_denied", true), Err(CallbackError::NoIssuer));
        assert_eq!(
            outcome(&format!("state=STATE&code={}", "c".repeat(MAX_CODE + 1)), false),
            Err(CallbackError::NoOutcome)
        );
    }
}
