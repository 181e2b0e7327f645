//! Which ID Tokens hold, and why the others do not.

use alloc::format;
use alloc::string::{String, ToString as _};

use serde_json::{Value, json};

use super::*;
use crate::oidc::Jwks;

const NOW: u64 = 1_800_000_000;

fn nonce() -> Nonce {
    Nonce::from_entropy([3; 32])
}

fn token(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| base64url::encode(json.to_string().as_bytes());
    format!("{}.{}.{}", part(header), part(claims), base64url::encode(b"signature"))
}

fn claims() -> Value {
    json!({
        "iss": "https://as.example", "sub": "user-1", "aud": "app", "exp": NOW + 300, "iat": NOW, "nonce": nonce().as_str(),
        "name": "Ada", "email": "ada@example.org",
    })
}

fn key() -> Jwk {
    let keys = Jwks::parse(br#"{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"}]}"#).unwrap();
    keys.keys()[0].clone()
}

fn validate(
    claims: &Value,
    change: impl FnOnce(&mut Expectation<'_>),
) -> Result<IdTokenClaims, IdTokenError> {
    let nonce = nonce();
    let mut expected = Expectation {
        issuer: "https://as.example",
        client_id: "app",
        nonce: Some(&nonce),
        now: Timestamp::from_millis(NOW * 1_000),
        leeway: Expectation::LEEWAY,
    };
    change(&mut expected);
    parse_id_token(&token(&json!({"alg": "RS256"}), claims))?.verified_by(&key(), true)?.validate(&expected)
}

#[test]
fn a_good_id_token_says_who_the_user_is() {
    let found = validate(&claims(), |_| ()).unwrap();
    assert_eq!(
        (found.sub.as_str(), found.name.as_deref(), found.email.as_deref()),
        ("user-1", Some("Ada"), Some("ada@example.org"))
    );
}

#[test]
fn an_address_is_the_users_own_only_where_the_issuer_says_so() {
    assert!(!validate(&claims(), |_| ()).unwrap().email_verified);
    for (value, verified) in
        [(json!(true), true), (json!(false), false), (json!("true"), false), (json!(1), false)]
    {
        let mut claims = claims();
        claims["email_verified"] = value;
        assert_eq!(validate(&claims, |_| ()).unwrap().email_verified, verified);
    }
}

#[test]
fn a_login_is_as_old_as_its_sign_in() {
    let at = |seconds: u64| Timestamp::from_millis((NOW + seconds) * 1_000 - 60_000);
    for (auth_time, began_at, expected) in [
        (json!(null), None, at(60)),
        (json!(null), Some(at(50)), at(50)),
        (json!(null), Some(at(70)), at(60)),
        (json!(NOW - 20), Some(at(50)), at(40)),
        (json!(NOW + 20), Some(at(50)), at(60)),
    ] {
        let mut said = claims();
        said["auth_time"] = auth_time;
        assert_eq!(validate(&said, |_| ()).unwrap().login_at(began_at), expected);
    }
}

#[test]
fn every_claim_is_checked() {
    let long = "x".repeat(256);
    for (claim, value, error) in [
        ("iss", json!("https://as.example/"), IdTokenError::Issuer),
        ("iss", json!(["https://as.example"]), IdTokenError::Issuer),
        ("iss", json!(null), IdTokenError::Issuer),
        ("aud", json!("other"), IdTokenError::Audience),
        ("aud", json!([]), IdTokenError::Audience),
        ("aud", json!(null), IdTokenError::Audience),
        ("aud", json!({"app": 1}), IdTokenError::Audience),
        ("aud", json!(["app", "other"]), IdTokenError::AuthorizedParty),
        ("azp", json!("other"), IdTokenError::AuthorizedParty),
        ("azp", json!(7), IdTokenError::AuthorizedParty),
        ("exp", json!(NOW - 60), IdTokenError::Expired),
        ("exp", json!(null), IdTokenError::Expired),
        ("exp", json!("1900000000"), IdTokenError::Expired),
        ("exp", json!(-1), IdTokenError::Expired),
        ("iat", json!(NOW + 61), IdTokenError::IssuedAt),
        ("iat", json!(NOW + 300), IdTokenError::IssuedAt),
        ("iat", json!(null), IdTokenError::IssuedAt),
        ("nonce", json!("x"), IdTokenError::Nonce),
        ("nonce", json!(null), IdTokenError::Nonce),
        ("sub", json!(""), IdTokenError::Subject),
        ("sub", json!(null), IdTokenError::Subject),
        ("sub", json!(7), IdTokenError::Subject),
        ("sub", json!(long), IdTokenError::Subject),
    ] {
        let mut claims = claims();
        claims[claim] = value.clone();
        assert_eq!(validate(&claims, |_| ()), Err(error), "{claim} {value}");
        claims.as_object_mut().unwrap().remove(claim);
        if claim != "azp" {
            assert_eq!(validate(&claims, |_| ()).is_err(), claim != "azp", "without {claim}");
        }
    }
}

#[test]
fn what_is_allowed_is_allowed() {
    for (claim, value) in [
        ("aud", json!(["app"])),
        ("azp", json!("app")),
        ("exp", json!(NOW - 59)),
        ("exp", json!(NOW as f64 + 0.5)),
        ("exp", json!(1e300)),
        ("iat", json!(NOW + 60)),
        ("name", json!(7)),
        ("email", json!("")),
    ] {
        let mut claims = claims();
        claims["iat"] = json!(NOW - 100);
        claims[claim] = value.clone();
        assert!(validate(&claims, |_| ()).is_ok(), "{claim} {value}");
    }
    let mut several = claims();
    several["aud"] = json!(["app", "other"]);
    several["azp"] = json!("app");
    assert!(validate(&several, |_| ()).is_ok());
}

#[test]
fn a_refreshed_id_token_needs_no_nonce() {
    let mut refreshed = claims();
    refreshed.as_object_mut().unwrap().remove("nonce");
    assert!(validate(&refreshed, |expected| expected.nonce = None).is_ok());
}

#[test]
fn unsigned_and_symmetric_tokens_do_not_get_as_far_as_a_key() {
    for alg in ["none", "None", "NONE", "", "HS256", "HS512", "RS1", "RS512", "ES256K", "rs256"] {
        let parsed = parse_id_token(&token(&json!({"alg": alg}), &claims()));
        assert_eq!(parsed.err(), Some(IdTokenError::Algorithm), "{alg}");
    }
    assert_eq!(parse_id_token(&token(&json!({}), &claims())).err(), Some(IdTokenError::Algorithm));
    let critical = json!({"alg": "RS256", "crit": ["b64"], "b64": false});
    assert_eq!(parse_id_token(&token(&critical, &claims())).err(), Some(IdTokenError::Critical));
}

#[test]
fn a_wrong_signature_gives_no_claims() {
    let unverified = parse_id_token(&token(&json!({"alg": "ES256", "kid": "k"}), &claims())).unwrap();
    assert_eq!((unverified.algorithm(), unverified.kid()), (Algorithm::Es256, Some("k")));
    assert_eq!(unverified.signature(), b"signature");
    assert_eq!(unverified.signing_input().iter().filter(|byte| **byte == b'.').count(), 1);
    assert_eq!(
        unverified.verified_by(&key(), true).err(),
        Some(IdTokenError::Signature),
        "an RSA key proves no ECDSA signature"
    );
    let unverified = parse_id_token(&token(&json!({"alg": "RS256"}), &claims())).unwrap();
    assert_eq!(unverified.clone().verified_by(&key(), false).err(), Some(IdTokenError::Signature));
    assert!(unverified.verified_by(&key(), true).is_ok());
}

#[test]
fn malformed_tokens_are_refused() {
    let good = token(&json!({"alg": "RS256"}), &claims());
    let unsigned = good.rsplit_once('.').unwrap().0.to_string();
    let too_long = format!("{good}{}", "A".repeat(MAX_ID_TOKEN));
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        &unsigned,
        &format!("{unsigned}."),
        &format!("{good}="),
        &format!("{good}.AA"),
        &too_long,
        &token(&json!([]), &claims()),
        &token(&json!({"alg": "RS256"}), &json!([])),
        &token(&json!({"alg": "RS256", "kid": 7}), &claims()),
    ] {
        assert_eq!(parse_id_token(text).err(), Some(IdTokenError::Malformed), "{text}");
    }
}

#[test]
fn nothing_of_a_person_is_printed() {
    let unverified = parse_id_token(&token(&json!({"alg": "RS256"}), &claims())).unwrap();
    let found = validate(&claims(), |_| ()).unwrap();
    for shown in [
        format!("{unverified:?}"),
        format!("{:?}", unverified.verified_by(&key(), true)),
        format!("{found:?}"),
    ] {
        assert!(!shown.contains("Ada") && !shown.contains("user-1") && !shown.contains("YWRh"), "{shown}");
    }
}
