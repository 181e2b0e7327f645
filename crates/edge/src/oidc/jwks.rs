//! A provider's public keys (RFC 7517).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::{Algorithm, UnverifiedIdToken};

/// The longest document that is read.
const MAX_BODY: usize = 256 * 1_024;
/// The most keys that are looked at.
const MAX_KEYS: usize = 64;

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    /// The members that are the key itself, and nothing else.
    members: Map<String, Value>,
}

impl Jwk {
    /// Its `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key as JSON for `importKey`: only its public members. An `alg` or `key_ops` beside them would make an import for
    /// another purpose fail; a private member, published by mistake, is not worked with.
    #[must_use]
    pub fn public_json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str);
        let public: &[&str] = match text("kty")? {
            "RSA" => &["kty", "n", "e"],
            "EC" => &["kty", "crv", "x", "y"],
            "OKP" => &["kty", "crv", "x"],
            _ => return None,
        };
        // A key for encryption signs nothing (RFC 7517, section 4.2).
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let mut members = Map::new();
        for name in public {
            members.insert((*name).to_string(), Value::String(text(name)?.to_string()));
        }
        Some(Self { kid: text("kid").map(str::to_string), alg: text("alg").map(str::to_string), members })
    }

    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        let member = |name| self.members.get(name).and_then(Value::as_str);
        let (kty, crv) = algorithm.key_type();
        let stated = self.alg.as_deref().is_none_or(|alg| Algorithm::parse(alg) == Some(algorithm));
        stated && member("kty") == Some(kty) && (crv.is_none() || member("crv") == crv)
    }
}

/// Why there are no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JwksError(&'static str);

impl JwksError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.0
    }
}

/// Why no key was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// None fits. The provider may have rotated its keys: fetch them again, once.
    NoMatch,
    /// The ID Token names no key, and several fit.
    Ambiguous,
}

/// A set of keys. Those that we cannot use are left out, as RFC 7517, section 5 asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jwks(Vec<Jwk>);

impl Jwks {
    /// Reads a JWK Set.
    ///
    /// # Errors
    ///
    /// Where it is none. A set in which no key is of use is not an error here.
    pub fn parse(body: &[u8]) -> Result<Self, JwksError> {
        if body.len() > MAX_BODY {
            return Err(JwksError("the key set is too long"));
        }
        let document: Value =
            serde_json::from_slice(body).map_err(|_| JwksError("the key set is not JSON"))?;
        let keys =
            document.get("keys").and_then(Value::as_array).ok_or(JwksError("the key set has no keys"))?;
        Ok(Self(keys.iter().take(MAX_KEYS).filter_map(Jwk::read).collect()))
    }

    /// The keys, such as they are.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.0
    }

    /// The key that an ID Token must have been signed with.
    ///
    /// # Errors
    ///
    /// A [`KeyError`] where there is not exactly one.
    ///
    /// # Spec
    ///
    /// [_OpenID Connect Core § 10.1_](https://openid.net/specs/openid-connect-core-1_0.html#Signing): where a provider has
    /// several keys, the ID Token must say by `kid` which one it was.
    pub fn select(&self, token: &UnverifiedIdToken) -> Result<&Jwk, KeyError> {
        let named = |key: &&Jwk| token.kid().is_none_or(|kid| key.kid() == Some(kid));
        let mut candidates = self.0.iter().filter(|key| key.fits(token.algorithm())).filter(named);
        let key = candidates.next().ok_or(KeyError::NoMatch)?;
        if candidates.next().is_some() { Err(KeyError::Ambiguous) } else { Ok(key) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;
    use crate::oidc::parse_id_token;
    use alloc::format;
    use serde_json::json;

    fn token(header: &Value) -> UnverifiedIdToken {
        let part = |json: &Value| base64url::encode(json.to_string().as_bytes());
        parse_id_token(&format!("{}.{}.AA", part(header), part(&json!({})))).unwrap()
    }

    fn set(keys: &Value) -> Jwks {
        Jwks::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_named_key_of_the_right_kind_is_chosen() {
        let keys = set(&json!([
            {"kty": "RSA", "kid": "enc", "use": "enc", "n": "AA", "e": "AQAB"},
            {"kty": "oct", "kid": "1", "k": "AA"},
            {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": "AA", "e": "AQAB", "d": "private"},
            {"kty": "EC", "kid": "1", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "EC", "kid": "2", "crv": "P-384", "x": "AA", "y": "AA"},
            {"kty": "OKP", "kid": "3", "crv": "Ed25519", "x": "AA", "alg": "EdDSA"},
            {"kty": "RSA", "kid": "broken"},
            7,
        ]));
        assert_eq!(keys.keys().len(), 4);
        let chosen = |alg: &str, kid: &str| {
            keys.select(&token(&json!({"alg": alg, "kid": kid}))).map(Jwk::public_json)
        };
        assert_eq!(chosen("RS256", "1").as_deref(), Ok(r#"{"e":"AQAB","kty":"RSA","n":"AA"}"#));
        assert_eq!(chosen("ES256", "1").as_deref(), Ok(r#"{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}"#));
        assert!(chosen("EdDSA", "3").is_ok() && chosen("Ed25519", "3").is_ok());
        for (alg, kid) in
            [("PS256", "1"), ("ES256", "2"), ("RS256", "enc"), ("RS256", "4"), ("RS256", "broken")]
        {
            assert_eq!(chosen(alg, kid), Err(KeyError::NoMatch), "{alg} {kid}");
        }
    }

    #[test]
    fn without_a_name_there_must_be_one_key_only() {
        let one =
            json!([{"kty": "RSA", "n": "AA", "e": "AQAB"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"}]);
        assert!(set(&one).select(&token(&json!({"alg": "RS256"}))).is_ok());
        let two = json!([{"kty": "RSA", "n": "AA", "e": "AQAB"}, {"kty": "RSA", "kid": "2", "n": "AB", "e": "AQAB"}]);
        assert_eq!(set(&two).select(&token(&json!({"alg": "RS256"}))), Err(KeyError::Ambiguous));
        assert!(set(&two).select(&token(&json!({"alg": "RS256", "kid": "2"}))).is_ok());
        assert_eq!(set(&one).select(&token(&json!({"alg": "RS256", "kid": "2"}))), Err(KeyError::NoMatch));
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for body in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert!(Jwks::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Jwks::parse(&alloc::vec![b' '; MAX_BODY + 1]).is_err());
    }
}
