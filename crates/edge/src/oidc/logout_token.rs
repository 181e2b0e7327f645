//! The Logout Token (OpenID Connect Back-Channel Logout, sections 2.4 and 2.6).

use alloc::string::{String, ToString as _};

use everlit_core::index::{Kind, LogoutNote};
use everlit_core::time::Millis;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Expectation, IdTokenError, Jwk, UnverifiedIdToken, VerifiedIdToken, parse_id_token};

/// The member of `events` that makes a token one of these.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest `jti`, `sub` or `sid`.
const MAX_NAME: usize = 512;
/// What a token may not be older than, whatever its `exp` says: until then its `jti` is remembered.
const LONGEST: Millis = Millis::from_days(1);

/// A Logout Token whose signature nobody has checked. It stands in for no ID Token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedLogoutToken(UnverifiedIdToken);

/// A Logout Token whose signature is the provider's. Its claims are not checked yet, and still cannot be read.
#[derive(Clone, Debug)]
pub struct VerifiedLogoutToken(VerifiedIdToken);

/// Why a Logout Token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutTokenError {
    /// What holds of every token: written right, signed right, of this issuer, for us, not expired.
    Token(IdTokenError),
    /// Its `typ` is that of another kind of token.
    Type,
    /// `jti` is missing, empty or too long.
    Name,
    /// `events` does not hold the event of a logout.
    Event,
    /// There is a `nonce`: it is an ID Token, passed off as one of these.
    Nonce,
    /// It names neither user nor session, or not as a text.
    Nobody,
}

impl From<IdTokenError> for LogoutTokenError {
    fn from(error: IdTokenError) -> Self {
        Self::Token(error)
    }
}

impl LogoutTokenError {
    /// The reason in words, for a log and for the server that sent it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Token(IdTokenError::Malformed) => "the Logout Token is malformed",
            Self::Token(IdTokenError::Algorithm) => "the Logout Token's alg is not accepted",
            Self::Token(IdTokenError::Critical) => "the Logout Token has a critical extension",
            Self::Token(IdTokenError::Signature) => "the Logout Token's signature is wrong",
            Self::Token(IdTokenError::Issuer) => "the Logout Token is another issuer's",
            Self::Token(IdTokenError::Audience | IdTokenError::AuthorizedParty) => {
                "the Logout Token is for another client"
            }
            Self::Token(IdTokenError::Expired) => "the Logout Token has expired",
            Self::Token(IdTokenError::IssuedAt) => "the Logout Token's iat makes no sense",
            Self::Token(IdTokenError::Nonce) | Self::Nonce => "a Logout Token has no nonce",
            Self::Token(IdTokenError::Subject) | Self::Nobody => "the Logout Token names nobody",
            Self::Type => "the Logout Token's typ is another token's",
            Self::Name => "the Logout Token has no jti",
            Self::Event => "the Logout Token has no logout event",
        }
    }
}

/// What a Logout Token asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct LogoutOrder {
    /// Of what.
    pub kind: Kind,
    /// Whose: a `sid` where there is one, else a `sub`.
    pub value: String,
    /// The `sub` beside a `sid`: those of its sessions are meant, too, of which no `sid` is known.
    pub also: Option<String>,
    /// What is remembered of it.
    pub note: LogoutNote,
}

// Said by hand: it is about a person.
impl core::fmt::Debug for LogoutOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LogoutOrder").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Takes a Logout Token apart.
///
/// # Errors
///
/// A [`LogoutTokenError`] where it is none, or its header will not do.
pub fn parse_logout_token(text: &str) -> Result<UnverifiedLogoutToken, LogoutTokenError> {
    let token = parse_id_token(text)?;
    // Section 2.4 recommends a type of its own; most servers have said `JWT`, or nothing, for years. Any other is refused.
    let usual = |typ: &str| {
        let name = typ.to_ascii_lowercase();
        matches!(name.strip_prefix("application/").unwrap_or(&name), "jwt" | "logout+jwt")
    };
    match token.typ() {
        None => Ok(UnverifiedLogoutToken(token)),
        Some(Value::String(typ)) if usual(typ) => Ok(UnverifiedLogoutToken(token)),
        Some(_) => Err(LogoutTokenError::Type),
    }
}

impl UnverifiedLogoutToken {
    /// What a key is chosen by, and what was signed.
    #[must_use]
    pub const fn signed(&self) -> &UnverifiedIdToken {
        &self.0
    }

    /// Whose it says it is, to find the provider to ask for a key.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer()
    }

    /// Takes the verifier's word for the signature, as [`UnverifiedIdToken::verified_by`] does.
    ///
    /// # Errors
    ///
    /// [`IdTokenError::Signature`] if the verdict is `false`, or the key is not one of this algorithm.
    pub fn verified_by(self, key: &Jwk, verdict: bool) -> Result<VerifiedLogoutToken, LogoutTokenError> {
        Ok(VerifiedLogoutToken(self.0.verified_by(key, verdict)?))
    }
}

impl VerifiedLogoutToken {
    /// Checks every claim. The nonce that is expected is none.
    ///
    /// # Errors
    ///
    /// The [`LogoutTokenError`] of the first claim that is not as it must be.
    ///
    /// # Spec
    ///
    /// [_OpenID Connect Back-Channel Logout § 2.6_](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation).
    pub fn validate(self, expected: &Expectation<'_>) -> Result<LogoutOrder, LogoutTokenError> {
        let (issued_at, expires_at) = self.0.check(expected)?;
        if expected.now >= issued_at.after(LONGEST).after(expected.leeway) {
            return Err(IdTokenError::Expired.into());
        }
        let claims = self.0.claims();
        let name = |claim: &str| {
            let text = claims.get(claim).map(|value| value.as_str().unwrap_or_default());
            text.map(|text| Some(text).filter(|text| !text.is_empty() && text.len() <= MAX_NAME))
        };
        let event = claims.get("events").and_then(|events| events.get(EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err(LogoutTokenError::Event);
        }
        if claims.contains_key("nonce") {
            return Err(LogoutTokenError::Nonce);
        }
        let jti = name("jti").flatten().ok_or(LogoutTokenError::Name)?;
        // One that is there and no name is refused, also where the other would do.
        let (kind, value, also) = match (name("sid"), name("sub")) {
            (Some(Some(sid)), also @ (None | Some(Some(_)))) => (Kind::Sid, sid, also.flatten()),
            (None, Some(Some(sub))) => (Kind::Subject, sub, None),
            (Some(None), _) | (_, Some(None)) | (None, None) => return Err(LogoutTokenError::Nobody),
        };
        let digest = Sha256::digest(Value::Object(claims.clone()).to_string().as_bytes()).into();
        let until = expires_at.min(issued_at.after(LONGEST)).after(expected.leeway);
        let note = LogoutNote { jti: Sha256::digest(jti.as_bytes()).into(), digest, issued_at, until };
        Ok(LogoutOrder { kind, value: value.to_string(), also: also.map(Into::into), note })
    }
}

#[cfg(test)]
#[path = "logout_token_tests.rs"]
mod tests;
