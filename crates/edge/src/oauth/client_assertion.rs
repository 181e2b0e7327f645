//! The JWT by which a client proves itself (RFC 7523, section 2.2; OpenID Connect Core, section 9).

use everlit_core::time::{Millis, Timestamp};
use serde_json::json;

use super::ClientKey;
use crate::base64url;
use crate::jws::Unsigned;

/// What goes with an assertion (RFC 7523, section 2.2).
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long it is good for. It is made just before it is sent, and a server's clock may be off.
const LIFE: Millis = Millis::from_secs(60);

/// A new assertion, to be signed and sent once: whoever sends again makes another, as a server remembers the `jti`.
///
/// `audience` is the authorization server, by its issuer identifier: an assertion for a token endpoint could be carried on by one
/// server to another whose metadata names the same endpoint.
#[must_use]
pub fn client_assertion(
    key: &ClientKey,
    client_id: &str,
    audience: &str,
    now: Timestamp,
    entropy: [u8; 16],
) -> Unsigned {
    let seconds = |at: Timestamp| at.as_millis() / 1_000;
    Unsigned::new(
        &json!({ "alg": key.alg(), "kid": key.kid(), "typ": "JWT" }),
        &json!({
            "iss": client_id,
            "sub": client_id,
            // One, and not a list of one: RFC 7523bis.
            "aud": audience,
            "jti": base64url::encode(&entropy),
            "iat": seconds(now),
            "exp": seconds(now.after(LIFE)),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString as _};
    use serde_json::Value;

    #[test]
    fn it_says_who_for_whom_and_for_how_long() {
        let part = base64url::encode(&[7; 32]);
        let key = json!({ "kty": "EC", "crv": "P-256", "x": part, "y": part, "d": part, "kid": "k\"1" });
        let key = ClientKey::parse("SECRET_X_CLIENT_KEY", &key.to_string()).unwrap();
        let now = Timestamp::from_millis(1_790_000_000_999);
        let make = |entropy| client_assertion(&key, "app", "https://as.example", now, entropy);
        let signed = make([1; 16]).signed_by(&[0xff]);
        let parts: alloc::vec::Vec<Value> = signed
            .expose()
            .split('.')
            .take(2)
            .map(|part| serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({ "alg": "ES256", "kid": "k\"1", "typ": "JWT" }));
        let jti = base64url::encode(&[1; 16]);
        assert_eq!(
            parts[1],
            json!({ "iss": "app", "sub": "app", "aud": "https://as.example", "jti": jti, "iat": 1_790_000_000, "exp": 1_790_000_060 })
        );
        let input = String::from_utf8(make([1; 16]).signing_input().to_vec()).unwrap();
        assert_eq!(signed.expose(), &[&input, "._w"].concat());
        assert!(make([1; 16]) != make([2; 16]), "each has its own jti");
    }
}
