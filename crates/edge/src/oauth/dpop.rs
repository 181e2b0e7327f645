//! DPoP (RFC 9449): tokens that are good only together with a key of ours, and the proofs that we have it.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, Secret};
use everlit_core::time::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::HttpAnswer;
use crate::base64url;
use crate::jws::Unsigned;

/// The longest text that is read as a key. Ours have some 200 characters, those of WebCrypto a few members more.
const MAX_KEY: usize = 1_024;
/// The longest nonce that is carried: it goes into a header, with what surrounds it.
const MAX_NONCE: usize = 1_024;

/// The key pair that a session's tokens are bound to: ES256, the one algorithm that every runtime signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopKey {
    x: String,
    y: String,
    private_json: Secret<String>,
}

impl DpopKey {
    /// Reads a private JWK, as WebCrypto exports it or as it was kept; nothing if it is no key on P-256.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let document: Map<String, Value> =
            serde_json::from_slice(Some(text.as_bytes()).filter(|text| text.len() <= MAX_KEY)?).ok()?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let part = |name: &str| text(name).filter(|part| base64url::decode_array::<32>(part).is_some());
        if (text("kty")?, text("crv")?) != ("EC", "P-256") {
            return None;
        }
        let (x, y, d) = (part("x")?, part("y")?, part("d")?);
        let private = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d });
        Some(Self { x: x.to_string(), y: y.to_string(), private_json: Secret::new(private.to_string()) })
    }

    /// The key for `importKey`, and for sealing.
    #[must_use]
    pub const fn private_json(&self) -> &Secret<String> {
        &self.private_json
    }

    /// The `jkt`: what the authorization server knows it by (RFC 7638, SHA-256).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // The required members in the order of their names, without white space. What is in them needs no escape.
        let canonical =
            [r#"{"crv":"P-256","kty":"EC","x":""#, &self.x, r#"","y":""#, &self.y, r#""}"#].concat();
        base64url::encode(&Sha256::digest(canonical.as_bytes()))
    }

    /// A new proof, to be signed and sent once: whoever sends again makes another.
    #[must_use]
    pub fn proof(&self, of: &Proof<'_>, now: Timestamp, entropy: [u8; 16]) -> Unsigned {
        let target = of.url.find(['?', '#']).and_then(|end| of.url.get(..end)).unwrap_or(of.url);
        let mut claims = json!({
            "jti": base64url::encode(&entropy),
            "htm": of.method,
            "htu": target,
            "iat": now.as_millis() / 1_000,
        });
        let mut add = |name: &str, value: Option<String>| {
            if let (Some(claims), Some(value)) = (claims.as_object_mut(), value) {
                claims.insert(name.to_string(), value.into());
            }
        };
        let ath = |token: &AccessToken| base64url::encode(&Sha256::digest(token.expose().as_bytes()));
        add("ath", of.access_token.map(ath));
        add("nonce", of.nonce.map(|nonce| nonce.as_str().to_string()));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y });
        Unsigned::new(&json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }), &claims)
    }
}

/// The request that a proof is for.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// Its method.
    pub method: &'a str,
    /// Where it goes. Query and fragment are left out of the proof (RFC 9449, section 4.2).
    pub url: &'a str,
    /// The access token that goes with it, at a resource server.
    pub access_token: Option<&'a AccessToken>,
    /// What the server gave for it.
    pub nonce: Option<&'a DpopNonce>,
}

/// A nonce of a server (RFC 9449, section 8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopNonce(String);

impl DpopNonce {
    /// Reads a `DPoP-Nonce` header; nothing if it holds something else.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let is_nonce = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let fits = (1..=MAX_NONCE).contains(&header.len()) && header.bytes().all(is_nonce);
        fits.then(|| Self(header.to_string()))
    }

    /// The nonce.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a token endpoint wants a nonce in the proof, and has done nothing (RFC 9449, section 8).
#[must_use]
pub fn wants_nonce(answer: &HttpAnswer<'_>) -> bool {
    matches!(answer.status, 400 | 401)
        && answer.object().is_ok_and(|object| object.get("error").and_then(Value::as_str) == Some(USE_NONCE))
}

pub(super) const USE_NONCE: &str = "use_dpop_nonce";

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// RFC 9449, section 4.1; `d` is made up.
    fn key() -> DpopKey {
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "ext": true, "key_ops": ["sign"],
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "d": base64url::encode(&[7; 32]),
        });
        DpopKey::parse(&jwk.to_string()).unwrap()
    }

    fn read(unsigned: &Unsigned) -> Vec<Value> {
        let text = core::str::from_utf8(unsigned.signing_input()).unwrap();
        text.split('.')
            .map(|part| serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_9449_section_6() {
        assert_eq!(key().thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_proof_names_request_token_and_nonce_and_shows_the_public_key() {
        let (token, nonce) = (
            AccessToken::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU".into()),
            DpopNonce::parse("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
        );
        let of = Proof {
            method: "GET",
            url: "https://api.example/orders?page=2#x",
            access_token: Some(&token),
            nonce: nonce.as_ref(),
        };
        let now = Timestamp::from_millis(1_790_000_000_999);
        let parts = read(&key().proof(&of, now, [1; 16]));
        assert_eq!((&parts[0]["typ"], &parts[0]["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        let names: Vec<_> = parts[0]["jwk"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["crv", "kty", "x", "y"]);
        assert_eq!(
            parts[1],
            json!({
                "jti": base64url::encode(&[1; 16]), "htm": "GET", "htu": "https://api.example/orders",
                "iat": 1_790_000_000, "nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v",
                // RFC 9449, section 7.1.
                "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo",
            })
        );
        let bare = Proof { method: "POST", url: "https://as.example/t", access_token: None, nonce: None };
        let parts = read(&key().proof(&bare, now, [2; 16]));
        assert_eq!((parts[1].get("ath"), parts[1].get("nonce")), (None, None));
    }

    #[test]
    fn a_key_is_kept_as_it_was_and_does_not_print_itself() {
        let key = key();
        assert_eq!(DpopKey::parse(key.private_json().expose()), Some(key.clone()));
        assert!(!alloc::format!("{key:?}").contains(&base64url::encode(&[7; 32])));
    }

    #[test]
    fn only_the_code_says_that_a_nonce_is_wanted() {
        let wants = |status, body: &str| {
            wants_nonce(&HttpAnswer {
                status,
                content_type: None,
                retry_after: None,
                date: None,
                body: body.as_bytes(),
                now: Timestamp::from_millis(0),
            })
        };
        let body = r#"{"error":"use_dpop_nonce"}"#;
        assert!(wants(400, body) && wants(401, body));
        for (status, body) in [
            (200, body),
            (500, body),
            (429, body),
            (400, "use_dpop_nonce"),
            (400, r#"{"error":"invalid_dpop_proof"}"#),
        ] {
            assert!(!wants(status, body), "{status} {body}");
        }
    }

    #[test]
    fn a_nonce_fits_into_a_header() {
        for wrong in ["", "a b", "a\"b", "a\\b", "a\r\nb", "é", &"a".repeat(MAX_NONCE + 1)] {
            assert_eq!(DpopNonce::parse(wrong), None, "{wrong}");
        }
        assert!(DpopNonce::parse("!#[]~").is_some());
    }
}
