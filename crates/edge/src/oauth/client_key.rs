//! The private key that the client proves itself with, where it has no secret (`private_key_jwt`).

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use serde_json::{Map, Value};

use crate::base64url;
use crate::config::ConfigError;
use crate::oidc::Algorithm;

const EXPECTED: &str = "a private key as a JWK with `kid`: EC on P-256 (ES256), OKP on Ed25519 (EdDSA), or RSA of at least 2048 bits with `alg` \"PS256\" or \"RS256\"";

/// The longest text that is read. An RSA key of 8,192 bits has 7 KB.
const MAX_TEXT: usize = 16 * 1_024;
/// The shortest modulus, in bytes (RFC 7518, sections 3.3 and 3.5).
const SHORTEST_MODULUS: usize = 256;

/// A private key, and how it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    kid: String,
    alg: &'static str,
    algorithm: Algorithm,
    private_json: Secret<String>,
}

impl ClientKey {
    /// Reads the text of the secret of this name: a JWK (RFC 7517).
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the secret and shows nothing of it.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let wrong = |problem| ConfigError::secret(name.to_string(), problem, EXPECTED);
        let document: Map<String, Value> = Some(text)
            .filter(|text| text.len() <= MAX_TEXT)
            .and_then(|text| serde_json::from_slice(text.as_bytes()).ok())
            .ok_or_else(|| wrong("is not a JWK"))?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let kid = text("kid").filter(|kid| is_kid(kid)).ok_or_else(|| wrong("has no `kid`"))?;
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return Err(wrong("is not for signatures"));
        }
        let (alg, algorithm, members) = kind(&document).ok_or_else(|| wrong("is no key that can be used"))?;
        let mut kept = Map::new();
        for name in members {
            let value = text(name).ok_or_else(|| wrong("lacks a part of the private key"))?;
            kept.insert((*name).to_string(), value.into());
        }
        if !is_sized(&kept) {
            return Err(wrong("has parts that are no key, or a key that is too short"));
        }
        let private_json = Secret::new(Value::Object(kept).to_string());
        Ok(Self { kid: kid.to_string(), alg, algorithm, private_json })
    }

    /// The name under which the authorization server knows its public half.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The `alg` of what it signs.
    #[must_use]
    pub const fn alg(&self) -> &'static str {
        self.alg
    }

    /// How WebCrypto signs with it.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key for `importKey`: the members that are the key itself, and nothing else.
    #[must_use]
    pub const fn private_json(&self) -> &Secret<String> {
        &self.private_json
    }
}

/// What a key is by its members: its `alg`, its algorithm, and the members that it is made of.
fn kind(key: &Map<String, Value>) -> Option<(&'static str, Algorithm, &'static [&'static str])> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    Some(match (text("kty")?, text("crv"), text("alg")) {
        ("EC", Some("P-256"), None | Some("ES256")) => {
            ("ES256", Algorithm::Es256, &["kty", "crv", "x", "y", "d"])
        }
        ("OKP", Some("Ed25519"), None | Some("EdDSA")) => {
            ("EdDSA", Algorithm::EdDsa, &["kty", "crv", "x", "d"])
        }
        // RFC 9864 gives it a name of its own. Which of the two the server expects, only its operator knows.
        ("OKP", Some("Ed25519"), Some("Ed25519")) => ("Ed25519", Algorithm::EdDsa, &["kty", "crv", "x", "d"]),
        ("RSA", None, Some("PS256")) => ("PS256", Algorithm::Ps256, RSA),
        ("RSA", None, Some("RS256")) => ("RS256", Algorithm::Rs256, RSA),
        _ => return None,
    })
}

const RSA: &[&str] = &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"];

/// Whether every part has the length that it must have.
fn is_sized(key: &Map<String, Value>) -> bool {
    let is_rsa = key.get("kty").and_then(Value::as_str) == Some("RSA");
    key.iter().filter(|(name, _)| !matches!(name.as_str(), "kty" | "crv")).all(|(name, value)| {
        let bytes = value.as_str().and_then(base64url::decode);
        bytes.is_some_and(|bytes| match (is_rsa, name.as_str()) {
            (true, "n") => bytes.len() >= SHORTEST_MODULUS,
            (true, _) => !bytes.is_empty(),
            (false, _) => bytes.len() == 32,
        })
    })
}

fn is_kid(kid: &str) -> bool {
    (1..=256).contains(&kid.len()) && kid.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NAME: &str = "SECRET_DEMO_CLIENT_KEY";

    fn part(length: usize) -> String {
        base64url::encode(&alloc::vec![7; length])
    }

    fn ec() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": part(32), "y": part(32), "d": part(32), "kid": "k1" })
    }

    fn rsa(alg: &str) -> Value {
        let mut key = json!({ "kty": "RSA", "n": part(256), "e": "AQAB", "kid": "k2", "alg": alg });
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            key[name] = part(128).into();
        }
        key
    }

    fn parse(key: &Value) -> Result<ClientKey, ConfigError> {
        ClientKey::parse(NAME, &key.to_string())
    }

    #[test]
    fn every_kind_of_key_is_read() {
        let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": part(32), "d": part(32), "kid": "k3", "use": "sig" });
        let mut named = okp.clone();
        named["alg"] = "Ed25519".into();
        for (key, alg, algorithm) in [
            (ec(), "ES256", Algorithm::Es256),
            (okp, "EdDSA", Algorithm::EdDsa),
            (named, "Ed25519", Algorithm::EdDsa),
            (rsa("PS256"), "PS256", Algorithm::Ps256),
            (rsa("RS256"), "RS256", Algorithm::Rs256),
        ] {
            let read = parse(&key).unwrap();
            assert_eq!((read.alg(), read.algorithm()), (alg, algorithm));
            assert_eq!(read.kid(), key["kid"]);
            let kept: Value = serde_json::from_str(read.private_json().expose()).unwrap();
            assert_eq!((kept["d"].clone(), kept.get("kid")), (key["d"].clone(), None));
        }
    }

    #[test]
    fn other_texts_are_refused_and_not_shown() {
        let with = |mut key: Value, name: &str, value: Value| {
            key[name] = value;
            key.to_string()
        };
        for text in [
            "canary".to_string(),
            "[]".to_string(),
            "-----BEGIN PRIVATE KEY-----".to_string(),
            " ".repeat(MAX_TEXT + 1),
            with(ec(), "kid", Value::Null),
            with(ec(), "kid", "".into()),
            with(ec(), "kid", "\n".into()),
            with(ec(), "d", Value::Null),
            with(ec(), "d", "canary+".into()),
            with(ec(), "x", part(31).into()),
            with(ec(), "crv", "P-384".into()),
            with(ec(), "alg", "ES384".into()),
            with(ec(), "use", "enc".into()),
            with(rsa("PS256"), "n", part(255).into()),
            with(rsa("PS256"), "qi", Value::Null),
            with(rsa("PS256"), "alg", Value::Null),
            with(rsa("PS256"), "alg", "HS256".into()),
            json!({ "kty": "oct", "k": part(32), "kid": "k", "alg": "HS256" }).to_string(),
        ] {
            let error = ClientKey::parse(NAME, &text).unwrap_err();
            assert_eq!((error.variable.as_str(), error.expected.as_str()), (NAME, EXPECTED), "{text}");
            assert!(!error.to_string().contains("canary"));
        }
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let shown = alloc::format!("{:?}", parse(&ec()).unwrap());
        assert!(!shown.contains(&part(32)), "{shown}");
    }
}
