//! The ID Token (OpenID Connect Core, sections 2 and 3.1.3.7).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

use super::{Algorithm, Jwk, Nonce};
use crate::base64url::{self, constant_time_eq};

/// The longest ID Token that is read.
const MAX_ID_TOKEN: usize = 32 * 1_024;

/// An ID Token whose signature nobody has checked. Its claims cannot be read.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedIdToken {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<Value>,
    signing_input: String,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

/// The proof that a signature was checked. It has no constructor but [`UnverifiedIdToken::verified_by`].
#[derive(Clone, Copy)]
struct SignatureVerified(());

/// An ID Token whose signature is the provider's. Its claims are not checked yet, and still cannot be read.
#[derive(Clone)]
pub struct VerifiedIdToken {
    claims: Map<String, Value>,
    _proof: SignatureVerified,
}

/// Why an ID Token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdTokenError {
    /// It is not three base64url parts of JSON, JSON and signature, or too long.
    Malformed,
    /// Its `alg` is none that we accept (`none` and the symmetric ones least of all).
    Algorithm,
    /// It names a `crit` extension, which must be understood (RFC 7515, section 4.1.11).
    Critical,
    /// The key does not fit the algorithm, or the signature is wrong.
    Signature,
    /// `iss` is not the issuer that was asked.
    Issuer,
    /// `aud` does not name us.
    Audience,
    /// `azp` is missing where there are several audiences, or is not us.
    AuthorizedParty,
    /// `exp` is missing or has passed.
    Expired,
    /// `iat` is missing, in the future, or not before `exp`.
    IssuedAt,
    /// `nonce` is not the one that was sent.
    Nonce,
    /// `sub` is missing, empty or too long.
    Subject,
}

impl IdTokenError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "the ID Token is malformed",
            Self::Algorithm => "the ID Token's alg is not accepted",
            Self::Critical => "the ID Token has a critical extension",
            Self::Signature => "the ID Token's signature is wrong",
            Self::Issuer => "the ID Token is another issuer's",
            Self::Audience => "the ID Token is for another client",
            Self::AuthorizedParty => "the ID Token was issued to another party",
            Self::Expired => "the ID Token has expired",
            Self::IssuedAt => "the ID Token's iat makes no sense",
            Self::Nonce => "the ID Token answers another request",
            Self::Subject => "the ID Token's sub is missing or too long",
        }
    }
}

/// Takes an ID Token apart.
///
/// # Errors
///
/// [`IdTokenError::Malformed`], [`IdTokenError::Algorithm`] or [`IdTokenError::Critical`].
pub fn parse_id_token(text: &str) -> Result<UnverifiedIdToken, IdTokenError> {
    if text.len() > MAX_ID_TOKEN {
        return Err(IdTokenError::Malformed);
    }
    let (signing_input, signature) = text.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
    let (header, payload) = signing_input.split_once('.').ok_or(IdTokenError::Malformed)?;
    let object =
        |part: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&base64url::decode(part)?).ok() };
    let header = object(header).ok_or(IdTokenError::Malformed)?;
    let claims = object(payload).ok_or(IdTokenError::Malformed)?;
    let signature =
        base64url::decode(signature).filter(|bytes| !bytes.is_empty()).ok_or(IdTokenError::Malformed)?;
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(Algorithm::parse)
        .ok_or(IdTokenError::Algorithm)?;
    if header.contains_key("crit") {
        return Err(IdTokenError::Critical);
    }
    let kid = match header.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str().ok_or(IdTokenError::Malformed)?.to_string()),
    };
    let typ = header.get("typ").cloned();
    Ok(UnverifiedIdToken { algorithm, kid, typ, signing_input: signing_input.to_string(), signature, claims })
}

impl UnverifiedIdToken {
    /// Its algorithm, one of those accepted. Keys are chosen by it; nothing else in the header is followed: not `jku`, not
    /// `jwk`, not `x5u`.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key it says it was signed with.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The `typ` of its header, whatever that is.
    pub(super) const fn typ(&self) -> Option<&Value> {
        self.typ.as_ref()
    }

    /// Whose it says it is: enough to find out whom to ask for a key, and to be checked with everything else.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// What was signed: for `crypto.subtle.verify`.
    #[must_use]
    pub const fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The signature: for `crypto.subtle.verify`.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Takes the verifier's word for the signature. This is the one place where an ID Token begins to be believed: whoever
    /// calls it says that `verdict` is what `crypto.subtle.verify` answered for [`Self::signing_input`],
    /// [`Self::signature`] and a key imported from [`Jwk::public_json`] with [`Algorithm::web_crypto`].
    ///
    /// # Errors
    ///
    /// [`IdTokenError::Signature`] if the verdict is `false`, or the key is not one of this algorithm.
    pub fn verified_by(self, key: &Jwk, verdict: bool) -> Result<VerifiedIdToken, IdTokenError> {
        if verdict && key.fits(self.algorithm) {
            Ok(VerifiedIdToken { claims: self.claims, _proof: SignatureVerified(()) })
        } else {
            Err(IdTokenError::Signature)
        }
    }
}

// Said by hand: the claims of an ID Token are about a person, and nothing of it belongs in a log.
impl core::fmt::Debug for UnverifiedIdToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UnverifiedIdToken").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for VerifiedIdToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("VerifiedIdToken")
    }
}

/// What an ID Token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The issuer that was asked.
    pub issuer: &'a str,
    /// Who we are.
    pub client_id: &'a str,
    /// The nonce of the request; nothing where the ID Token comes with a refresh, which may leave it out.
    pub nonce: Option<&'a Nonce>,
    /// The wall clock.
    pub now: Timestamp,
    /// By how much the two clocks may differ.
    pub leeway: Millis,
}

impl Expectation<'_> {
    /// The usual leeway: a minute.
    pub const LEEWAY: Millis = Millis::from_secs(60);
}

/// The claims of an ID Token that holds.
#[derive(Clone, PartialEq, Eq)]
pub struct IdTokenClaims {
    /// The user, within this issuer.
    pub sub: String,
    /// A name to show.
    pub name: Option<String>,
    /// An address to show.
    pub email: Option<String>,
    /// Whether the issuer says that the address is the user's own.
    pub email_verified: bool,
    /// The session at the issuer (OpenID Connect Back-Channel Logout, section 2.1).
    pub sid: Option<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When the user proved who they are, where the server says so.
    pub authenticated_at: Option<Timestamp>,
}

impl IdTokenClaims {
    /// How old the login is that it is of, which began here at `began_at`: an ID Token is issued when its code is spent, and a logout
    /// may have come between.
    #[must_use]
    pub fn login_at(&self, began_at: Option<Timestamp>) -> Timestamp {
        self.authenticated_at.or(began_at).map_or(self.issued_at, |at| at.min(self.issued_at))
    }
}

// Said by hand: it is about a person.
impl core::fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("IdTokenClaims")
    }
}

impl VerifiedIdToken {
    /// Checks every claim.
    ///
    /// # Errors
    ///
    /// The [`IdTokenError`] of the first claim that is not as it must be.
    pub fn validate(self, expected: &Expectation<'_>) -> Result<IdTokenClaims, IdTokenError> {
        let text = |name| self.claims.get(name).and_then(Value::as_str);
        let (issued_at, _) = self.check(expected)?;
        // Rule 11; section 12.2 lets a refreshed ID Token leave the nonce out.
        if let Some(nonce) = expected.nonce {
            let same = text("nonce")
                .is_some_and(|given| constant_time_eq(given.as_bytes(), nonce.as_str().as_bytes()));
            if !same {
                return Err(IdTokenError::Nonce);
            }
        }
        // Section 2: at most 255 ASCII characters. Servers are looser, so only emptiness and excess are refused.
        let sub =
            text("sub").filter(|sub| !sub.is_empty() && sub.len() <= 255).ok_or(IdTokenError::Subject)?;
        let shown =
            |name| text(name).filter(|value| !value.is_empty() && value.len() <= 512).map(str::to_string);
        Ok(IdTokenClaims {
            sub: sub.to_string(),
            name: shown("name"),
            email: shown("email"),
            email_verified: self.claims.get("email_verified").and_then(Value::as_bool) == Some(true),
            sid: shown("sid"),
            issued_at,
            authenticated_at: self.claims.get("auth_time").and_then(Value::as_f64).and_then(numeric_date),
        })
    }

    /// What holds of every token that a provider signs for us: issuer, audience and time. When it was issued, and when it expires.
    pub(super) fn check(&self, expected: &Expectation<'_>) -> Result<(Timestamp, Timestamp), IdTokenError> {
        let text = |name| self.claims.get(name).and_then(Value::as_str);
        let time = |name| self.claims.get(name).and_then(Value::as_f64).and_then(numeric_date);
        // Section 3.1.3.7, rule 2.
        if text("iss") != Some(expected.issuer) {
            return Err(IdTokenError::Issuer);
        }
        // Rules 3 to 5. An audience that we do not know is refused with us among them, unless `azp` says it is meant for us.
        let audiences: Vec<&str> = match self.claims.get("aud") {
            Some(Value::String(one)) => alloc::vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(_) | None => Vec::new(),
        };
        if !audiences.contains(&expected.client_id) {
            return Err(IdTokenError::Audience);
        }
        let azp = self.claims.get("azp");
        let ours = azp.and_then(Value::as_str) == Some(expected.client_id);
        if !ours && (azp.is_some() || audiences.len() > 1) {
            return Err(IdTokenError::AuthorizedParty);
        }
        // Rules 9 and 10.
        let exp = time("exp").ok_or(IdTokenError::Expired)?;
        if expected.now >= exp.after(expected.leeway) {
            return Err(IdTokenError::Expired);
        }
        let iat = time("iat").ok_or(IdTokenError::IssuedAt)?;
        if iat > expected.now.after(expected.leeway) || iat >= exp {
            return Err(IdTokenError::IssuedAt);
        }
        Ok((iat, exp))
    }

    /// The claims, for who checks them in another way.
    pub(super) const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// A NumericDate (RFC 7519, section 2) at or after 1970. The cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above, saturates below")]
fn numeric_date(seconds: f64) -> Option<Timestamp> {
    (seconds >= 0.0).then(|| Timestamp::from_millis((seconds * 1_000.0) as u64))
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
