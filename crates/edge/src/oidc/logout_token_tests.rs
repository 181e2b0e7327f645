//! Which Logout Tokens hold, and why the others do not.

use alloc::format;
use alloc::string::String;

use serde_json::json;

use super::*;
use crate::base64url;
use crate::oidc::Jwks;
use everlit_core::time::Timestamp;

const NOW: u64 = 1_800_000_000;

fn claims() -> Value {
    json!({
        "iss": "https://as.example", "aud": "app", "iat": NOW, "exp": NOW + 120, "jti": "one", "sub": "ada", "sid": "there",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    })
}

fn token(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| base64url::encode(json.to_string().as_bytes());
    format!("{}.{}.{}", part(header), part(claims), base64url::encode(b"signature"))
}

fn validate(claims: &Value, seconds: u64) -> Result<LogoutOrder, LogoutTokenError> {
    let keys = Jwks::parse(br#"{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"}]}"#).unwrap();
    let expected = Expectation {
        issuer: "https://as.example",
        client_id: "app",
        nonce: None,
        now: Timestamp::from_millis(NOW * 1_000).after(Millis::from_secs(seconds)),
        leeway: Expectation::LEEWAY,
    };
    parse_logout_token(&token(&json!({"alg": "RS256"}), claims))?
        .verified_by(&keys.keys()[0], true)?
        .validate(&expected)
}

fn with(claim: &str, value: Value) -> Value {
    let mut changed = claims();
    changed[claim] = value;
    changed
}

fn without(claim: &str) -> Value {
    let mut changed = claims();
    changed.as_object_mut().unwrap().remove(claim);
    changed
}

#[test]
fn a_session_is_meant_where_one_is_named_and_else_the_user() {
    let found = |claims| validate(&claims, 0).map(|order| (order.kind, order.value));
    assert_eq!(found(claims()), Ok((Kind::Sid, "there".into())));
    assert_eq!(found(without("sub")), Ok((Kind::Sid, "there".into())));
    assert_eq!(found(without("sid")), Ok((Kind::Subject, "ada".into())));
}

#[test]
fn every_claim_is_checked() {
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    for (claim, value, error) in [
        ("iss", json!("https://as.example/"), IdTokenError::Issuer.into()),
        ("iss", json!(null), IdTokenError::Issuer.into()),
        ("aud", json!("other"), IdTokenError::Audience.into()),
        ("aud", json!(["app", "other"]), IdTokenError::AuthorizedParty.into()),
        ("exp", json!(NOW - 60), IdTokenError::Expired.into()),
        ("exp", json!(null), IdTokenError::Expired.into()),
        ("iat", json!(NOW + 61), IdTokenError::IssuedAt.into()),
        ("iat", json!(null), IdTokenError::IssuedAt.into()),
        ("jti", json!(null), LogoutTokenError::Name),
        ("jti", json!(""), LogoutTokenError::Name),
        ("jti", json!("x".repeat(513)), LogoutTokenError::Name),
        ("events", json!(null), LogoutTokenError::Event),
        ("events", json!(logout), LogoutTokenError::Event),
        ("events", json!([logout]), LogoutTokenError::Event),
        ("events", json!({}), LogoutTokenError::Event),
        ("events", json!({ logout: true }), LogoutTokenError::Event),
        ("events", json!({ "http://schemas.openid.net/event/other": {} }), LogoutTokenError::Event),
        ("nonce", json!("n"), LogoutTokenError::Nonce),
        ("nonce", json!(null), LogoutTokenError::Nonce),
        ("sid", json!(""), LogoutTokenError::Nobody),
        ("sid", json!(7), LogoutTokenError::Nobody),
        ("sub", json!(["ada"]), LogoutTokenError::Nobody),
        ("sub", json!("x".repeat(513)), LogoutTokenError::Nobody),
    ] {
        assert_eq!(validate(&with(claim, value.clone()), 0), Err(error), "{claim} {value}");
    }
    for (claim, error) in [
        ("iss", IdTokenError::Issuer.into()),
        ("aud", IdTokenError::Audience.into()),
        ("exp", IdTokenError::Expired.into()),
        ("iat", IdTokenError::IssuedAt.into()),
        ("jti", LogoutTokenError::Name),
        ("events", LogoutTokenError::Event),
    ] {
        assert_eq!(validate(&without(claim), 0), Err(error), "without {claim}");
    }
    let mut nobody = without("sub");
    nobody.as_object_mut().unwrap().remove("sid");
    assert_eq!(validate(&nobody, 0), Err(LogoutTokenError::Nobody));
}

#[test]
fn other_kinds_of_token_are_refused_by_their_type() {
    for (typ, good) in [
        (json!("logout+jwt"), true),
        (json!("application/logout+jwt"), true),
        (json!("Logout+JWT"), true),
        (json!("JWT"), true),
        (json!("at+jwt"), false),
        (json!("dpop+jwt"), false),
        (json!(""), false),
        (json!(7), false),
        (json!(null), false),
    ] {
        let parsed = parse_logout_token(&token(&json!({"alg": "RS256", "typ": typ}), &claims()));
        assert_eq!(parsed.err(), (!good).then_some(LogoutTokenError::Type), "{typ}");
    }
    let none = parse_logout_token(&token(&json!({"alg": "none"}), &claims()));
    assert_eq!(none.err(), Some(IdTokenError::Algorithm.into()));
}

#[test]
fn what_is_remembered_tells_one_content_from_another_and_lasts_as_long_as_the_token() {
    let note = |claims: &Value| validate(claims, 0).unwrap().note;
    let first = note(&claims());
    assert_eq!(first, note(&claims()));
    assert_eq!(first.issued_at, Timestamp::from_millis(NOW * 1_000));
    assert_eq!(first.until, Timestamp::from_millis((NOW + 180) * 1_000));
    assert_eq!(note(&with("sub", json!("bob"))).jti, first.jti);
    assert_ne!(note(&with("sub", json!("bob"))).digest, first.digest);
    assert_ne!(note(&with("jti", json!("two"))).jti, first.jti);
    // One that never expires is refused after a day, as its note is gone then.
    let forever = with("exp", json!(NOW + 1_000_000));
    assert_eq!(note(&forever).until, Timestamp::from_millis((NOW + 86_460) * 1_000));
    assert!(validate(&forever, 86_459).is_ok());
    assert_eq!(validate(&forever, 86_460), Err(IdTokenError::Expired.into()));
}

#[test]
fn nothing_of_a_person_is_printed() {
    let shown = format!("{:?}", validate(&claims(), 0).unwrap());
    assert!(!shown.contains("ada") && !shown.contains("there"), "{shown}");
}
