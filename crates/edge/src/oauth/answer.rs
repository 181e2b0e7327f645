//! The answer of a token endpoint: one of six classes, whatever came back.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

use super::dpop::USE_NONCE;
use super::expires_in::parse_expires_in;
use super::parse_retry_after;
use crate::provider::supabase::login::Person;

/// The longest body that is read.
pub const MAX_BODY: usize = 256 * 1_024;
/// The longest access token that is accepted: it has to fit into a header.
pub const MAX_ACCESS_TOKEN: usize = 16 * 1_024;
/// The longest refresh token that is accepted. Whoever hands one on inside of the edge has room for this much.
pub const MAX_REFRESH_TOKEN: usize = 16 * 1_024;

/// An answer as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct HttpAnswer<'a> {
    /// The status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The `Retry-After` header.
    pub retry_after: Option<&'a str>,
    /// The `Date` header.
    pub date: Option<&'a str>,
    /// The body, or the first [`MAX_BODY`] bytes of it and one more.
    pub body: &'a [u8],
    /// The wall clock when it came.
    pub now: Timestamp,
}

impl HttpAnswer<'_> {
    /// How long the server asks to be left alone.
    pub(crate) fn wait(&self) -> Option<Millis> {
        parse_retry_after(self.retry_after, self.date, self.now)
    }

    /// Whether it is a page, whatever it is called: from something between us and the server, or from a part of the server
    /// that knows nothing of tokens.
    pub(crate) fn is_html(&self) -> bool {
        let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        first == Some(&b'<')
            || self.content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
    }

    /// The body, if it is a JSON object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, &'static str> {
        if self.is_html() {
            return Err("the answer is HTML");
        }
        if self.body.len() > MAX_BODY {
            return Err("the answer is too long");
        }
        // RFC 8259, section 8.1: a byte order mark must not be sent, and may be ignored.
        match serde_json::from_slice(self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body)) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err("the answer is JSON, but not an object"),
            Err(_) => Err("the answer is not JSON"),
        }
    }
}

/// How an access token is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// By whoever has it (RFC 6750).
    Bearer,
    /// Together with a proof of the key that it is bound to (RFC 9449).
    Dpop,
}

/// What kind of token a request can be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Bearer tokens: there was no proof.
    Bearer,
    /// Bound ones only.
    Dpop,
    /// Bound ones, or others from a server that does not bind them for this client.
    Either,
}

impl Accepted {
    fn check(self, token_type: Option<&str>) -> Result<Scheme, &'static str> {
        let is = |scheme: &str| token_type.is_some_and(|kind| kind.eq_ignore_ascii_case(scheme));
        // It is required, and left out by some; what else could a token without a type be used as?
        let (bearer, dpop) = (token_type.is_none() || is("bearer"), is("dpop"));
        match self {
            Self::Bearer | Self::Either if bearer => Ok(Scheme::Bearer),
            Self::Dpop | Self::Either if dpop => Ok(Scheme::Dpop),
            Self::Bearer => Err("token_type is not Bearer"),
            Self::Dpop => Err("token_type is not DPoP"),
            Self::Either => Err("token_type is neither DPoP nor Bearer"),
        }
    }
}

/// A token response (RFC 6749, section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: AccessToken,
    /// How it is used.
    pub scheme: Scheme,
    /// The next refresh token. Without one the old one stays valid (section 6).
    pub refresh_token: Option<RefreshToken>,
    /// The ID Token, unread.
    pub id_token: Option<Secret<String>>,
    /// For how long the access token is taken to be valid.
    pub expires_in: Millis,
    /// The scope that was granted, where the server says.
    pub scope: Option<String>,
    /// A word for the log where something had to be guessed.
    pub note: Option<&'static str>,
    /// Whose they are, where a server has no ID Token that says so.
    pub user: Option<Person>,
}

/// The class of an answer, which is all that the vault decides by. The reasons are for logs, and hold nothing of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// Tokens.
    Granted(TokenResponse),
    /// Try again: the grant is not in question.
    Transient {
        /// When, if the server says.
        retry_after: Option<Millis>,
        /// Why.
        reason: &'static str,
    },
    /// Try again, but later: there were too many requests.
    Throttled {
        /// When, if the server says.
        retry_after: Option<Millis>,
        /// Why.
        reason: &'static str,
    },
    /// The request was sent, and what came of it cannot be told: there was no answer, or a success that cannot be read. The
    /// server may have spent the refresh token.
    Unreadable {
        /// Why.
        reason: &'static str,
    },
    /// The grant is over (or, in a login, the code is): the user is needed.
    Reauth {
        /// Why.
        reason: &'static str,
    },
    /// The server wants another proof first (RFC 9449, section 8), and has looked at nothing: the request is as good as unsent.
    NotDone {
        /// Why.
        reason: &'static str,
    },
    /// A success whose access token cannot be used. What was presented for it is spent.
    Unusable {
        /// Why.
        reason: &'static str,
        /// The refresh token that came with it.
        refresh_token: Option<RefreshToken>,
    },
    /// The server refuses this client or this request: the operator is needed, and no grant is over.
    Misconfigured {
        /// Why.
        reason: &'static str,
    },
}

impl TokenAnswer {
    /// The class of a request that was sent and got no answer: the connection broke, or we stopped waiting.
    pub const UNANSWERED: Self = Self::Unreadable { reason: "no answer" };

    /// Judges an answer: only a parsed terminal answer ends a grant. Of what cannot be read, a success leaves it open whether
    /// the refresh token was spent, and everything else is transient; so is a page, also with status 200: that is what a
    /// captive portal or a gateway says who never asked the server.
    ///
    /// # Spec
    ///
    /// [_RFC 6749 § 5.2_](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2) gives the codes. The status decides only
    /// where it says that the server did not get to an answer: servers send `invalid_grant` with 400, 401 and 403.
    #[must_use]
    pub fn classify(answer: &HttpAnswer<'_>) -> Self {
        Self::classify_as(answer, Accepted::Bearer)
    }

    /// The same for a request that carried a proof, or may have.
    #[must_use]
    pub fn classify_as(answer: &HttpAnswer<'_>, accepted: Accepted) -> Self {
        let retry_after = answer.wait();
        let transient = |reason| Self::Transient { retry_after, reason };
        match answer.status {
            429 => return Self::Throttled { retry_after, reason: "too many requests" },
            408 => return transient("the server timed out"),
            409 => return transient("the server is busy with this grant"),
            500.. => return transient("the server failed"),
            200..=299 | 400..=499 => {}
            _ => return transient("neither success nor error"),
        }
        let success = answer.status < 300;
        let object = match answer.object() {
            Ok(object) => object,
            Err(reason) if success && !answer.is_html() => return Self::Unreadable { reason },
            Err(reason) => return transient(reason),
        };
        match object.get("error").and_then(Value::as_str).filter(|code| !code.is_empty()) {
            // What was done must not be done again: of a success that says so, nothing is believed.
            Some(USE_NONCE) if success => transient("use_dpop_nonce in a success"),
            Some(code) => Self::refused(code, retry_after),
            None if success => {
                Self::granted(&object, accepted).unwrap_or_else(|reason| Self::Unreadable { reason })
            }
            None => transient("an error without a code"),
        }
    }

    /// The class in a word, for a log.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Granted(_) => "granted",
            Self::Transient { .. } => "transient",
            Self::Throttled { .. } => "throttled",
            Self::Unreadable { .. } => "unreadable",
            Self::Reauth { .. } => "reauth",
            Self::NotDone { .. } => "not_done",
            Self::Unusable { .. } => "unusable",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }

    /// Why it has this class, for a log.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Granted(response) => response.note.unwrap_or("tokens"),
            Self::Transient { reason, .. }
            | Self::Throttled { reason, .. }
            | Self::Unreadable { reason }
            | Self::Reauth { reason }
            | Self::NotDone { reason }
            | Self::Unusable { reason, .. }
            | Self::Misconfigured { reason } => reason,
        }
    }

    /// Whether it brought an access token that is bound to no key.
    #[must_use]
    pub const fn is_bearer(&self) -> bool {
        matches!(self, Self::Granted(TokenResponse { scheme: Scheme::Bearer, .. }))
    }

    fn refused(code: &str, retry_after: Option<Millis>) -> Self {
        let misconfigured = |reason| Self::Misconfigured { reason };
        match code {
            "invalid_grant" => Self::Reauth { reason: "invalid_grant" },
            "invalid_client" => misconfigured("invalid_client"),
            "unauthorized_client" => misconfigured("unauthorized_client"),
            "unsupported_grant_type" => misconfigured("unsupported_grant_type"),
            "invalid_request" => misconfigured("invalid_request"),
            "invalid_scope" => misconfigured("invalid_scope"),
            USE_NONCE => Self::NotDone { reason: USE_NONCE },
            "invalid_dpop_proof" => misconfigured("invalid_dpop_proof"),
            // RFC 8707, section 2.
            "invalid_target" => misconfigured("invalid_target"),
            "slow_down" => Self::Throttled { retry_after, reason: "slow_down" },
            // They belong to the authorization endpoint, and come from token endpoints all the same.
            "temporarily_unavailable" => Self::Transient { retry_after, reason: "temporarily_unavailable" },
            "server_error" => Self::Transient { retry_after, reason: "server_error" },
            _ => Self::Transient { retry_after, reason: "an unknown error code" },
        }
    }

    fn granted(object: &Map<String, Value>, accepted: Accepted) -> Result<Self, &'static str> {
        let text = |name| object.get(name).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
        let secret = |text: &str| Secret::new(text.to_string());
        let refresh_token = text("refresh_token");
        if refresh_token.is_some_and(|token| token.len() > MAX_REFRESH_TOKEN) {
            // It is not left out: a session would be made that nobody can keep alive, and nobody would know why.
            return Ok(Self::Misconfigured { reason: "a refresh token of more than 16 KB" });
        }
        let refresh_token = refresh_token.map(secret);
        let access_token = text("access_token").ok_or("a success without access_token");
        // It goes into a header as it is.
        let access_token = access_token.and_then(|token| {
            let fits = token.len() <= MAX_ACCESS_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
            fits.then_some(token).ok_or("an access_token that does not fit into a header")
        });
        let access_token = match access_token {
            Ok(access_token) => access_token,
            Err(reason) if refresh_token.is_some() => return Ok(Self::Unusable { reason, refresh_token }),
            Err(reason) => return Err(reason),
        };
        let scheme = match accepted.check(text("token_type")) {
            Ok(scheme) => scheme,
            Err(reason) => return Ok(Self::Unusable { reason, refresh_token }),
        };
        let (expires_in, note) = parse_expires_in(object.get("expires_in"));
        Ok(Self::Granted(TokenResponse {
            access_token: secret(access_token),
            scheme,
            refresh_token,
            id_token: text("id_token").map(secret),
            expires_in,
            scope: text("scope").map(str::to_string),
            note,
            user: None,
        }))
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
