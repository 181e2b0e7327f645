//! Which requests end what at which provider, and what their answers come to.

use alloc::format;
use alloc::string::{String, ToString as _};

use everlit_core::time::Timestamp;

use super::*;
use crate::config::Variables;
use crate::config::services::{ServiceConfig, ServicesConfig};

fn config(table: &str) -> ServiceConfig {
    let variables = Variables::new()
        .text("ORIGINS", r#"["https://app.example"]"#)
        .text("SERVICE_A", table)
        .secret("SECRET_SESSION_KEY")
        .secret("SECRET_A_CLIENT_SECRET");
    ServicesConfig::parse(&variables).unwrap().service("a").unwrap().clone()
}

const OIDC: &str = r#"{"provider": "oidc", "client_id": "a", "token_url": "https://as.example/token", "revocation_url": "https://as.example/revoke?t=1"}"#;
const SUPABASE: &str = r#"{"provider": "supabase", "client_id": "a", "origin": "https://x.supabase.co"}"#;

fn with<T>(table: &str, test: impl FnOnce(Account<'_>) -> T) -> T {
    let (config, secret) = (config(table), Secret::new("s3cr3t".to_string()));
    test(Account { config: &config, secret: &secret, callback: "https://app.example/service/a/callback" })
}

fn left(access: Option<&str>, refresh: Option<&str>) -> Left {
    let secret = |text: &str| Secret::new(text.to_string());
    Left { access_token: access.map(secret), refresh_token: refresh.map(secret) }
}

/// Method, address and body.
fn shown(call: &Outgoing) -> (&'static str, String, String) {
    let body = call.body.as_ref().map(|body| String::from_utf8(body.expose().clone()).unwrap());
    (call.method.as_str(), call.url().expose().clone(), body.unwrap_or_default())
}

fn answer(status: u16, body: &str) -> HttpAnswer<'_> {
    HttpAnswer {
        status,
        content_type: Some("application/json"),
        retry_after: None,
        date: None,
        body: body.as_bytes(),
        now: Timestamp::from_millis(1_790_951_400_000),
    }
}

#[test]
fn each_provider_is_told_in_its_own_way() {
    let both = left(Some("at-1"), Some("rt-1"));
    let access = left(Some("at-1"), None);
    for (table, what, method, url, body) in [
        (OIDC, &both, "POST", "https://as.example/revoke?t=1", "token=rt-1&token_type_hint=refresh_token"),
        (OIDC, &access, "POST", "https://as.example/revoke?t=1", "token=at-1&token_type_hint=access_token"),
        (SUPABASE, &both, "POST", "https://x.supabase.co/auth/v1/logout?scope=local", "{}"),
        (
            SUPABASE,
            &left(None, Some("rt-1")),
            "POST",
            "https://x.supabase.co/auth/v1/token?grant_type=refresh_token",
            r#"{"refresh_token":"rt-1"}"#,
        ),
        (
            r#"{"provider": "upstox", "client_id": "a"}"#,
            &access,
            "DELETE",
            "https://api.upstox.com/v2/logout",
            "{}",
        ),
        (
            r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#,
            &access,
            "DELETE",
            "https://api.kite.trade/session/token?api_key=a&access_token=at-1",
            "",
        ),
        (
            r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#,
            &both,
            "DELETE",
            "https://api.kite.trade/session/token?api_key=a&refresh_token=rt-1",
            "",
        ),
    ] {
        let call = with(table, |account| account.revocation(what)).unwrap();
        assert_eq!(shown(&call), (method, url.to_string(), body.to_string()), "{table}");
    }
    let authorization = |table| {
        let call = with(table, |account| account.revocation(&both)).unwrap();
        let header = call.headers.iter().find(|(name, _)| name == "authorization").unwrap();
        header.1.expose().clone()
    };
    assert!(authorization(OIDC).starts_with("Basic "));
    assert_eq!(authorization(SUPABASE), "Bearer at-1");
}

#[test]
fn where_there_is_no_such_call_there_is_none() {
    let both = left(Some("at-1"), Some("rt-1"));
    let unsaid = r#"{"provider": "oidc", "client_id": "a", "token_url": "https://as.example/token"}"#;
    for table in [unsaid, r#"{"provider": "breeze", "client_id": "a", "account": "AB1234"}"#] {
        assert!(with(table, |account| account.revocation(&both)).is_none(), "{table}");
        assert!(!config(table).revokes(), "{table}");
    }
    for table in [OIDC, SUPABASE, r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#] {
        assert!(with(table, |account| account.revocation(&Left::default())).is_none(), "{table}");
        assert!(config(table).revokes(), "{table}");
    }
}

#[test]
fn an_answer_ends_it_or_says_nothing() {
    use RevocationAnswer as A;
    let access = left(Some("at-1"), None);
    let upstox = r#"{"provider": "upstox", "client_id": "a"}"#;
    let kite = r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#;
    let retry = |reason| A::Retry { retry_after: None, reason };
    for (table, status, body, expected) in [
        (OIDC, 200, "", A::Revoked),
        (OIDC, 503, "", retry("the server is busy or failed")),
        (OIDC, 400, r#"{"error":"unsupported_token_type"}"#, A::Refused { reason: "unsupported_token_type" }),
        (SUPABASE, 204, "", A::Revoked),
        (SUPABASE, 403, r#"{"code":"session_not_found"}"#, A::Revoked),
        (SUPABASE, 401, r#"{"message":"Invalid API key"}"#, retry("the project's key")),
        (upstox, 200, r#"{"status":"success","data":true}"#, A::Revoked),
        (upstox, 401, r#"{"status":"error","errors":[{"errorCode":"UDAPI100050"}]}"#, A::Revoked),
        (kite, 200, r#"{"status":"success","data":true}"#, A::Revoked),
        (kite, 403, r#"{"status":"error","error_type":"TokenException","message":"x"}"#, A::Revoked),
    ] {
        let revoked = with(table, |account| account.revoked(&access, &answer(status, body)));
        assert_eq!(revoked, Revoked::Ended(expected), "{table} {status} {body}");
    }
    for table in [upstox, kite, OIDC, SUPABASE] {
        for (status, body) in [(500, "{}"), (502, "<html>"), (404, "<html>")] {
            let revoked = with(table, |account| account.revoked(&access, &answer(status, body)));
            assert!(matches!(revoked, Revoked::Ended(A::Retry { .. })), "{table} {status}: {revoked:?}");
        }
    }
}

#[test]
fn a_session_whose_access_token_is_over_is_ended_by_the_next_one() {
    let both = left(Some("at-1"), Some("rt-1"));
    with(SUPABASE, |account| {
        let over = answer(401, r#"{"code":"bad_jwt"}"#);
        let Revoked::Next(next) = account.revoked(&both, &over) else { panic!("it goes on") };
        assert_eq!(next, left(None, Some("rt-1")));
        let tokens = r#"{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600}"#;
        let Revoked::Next(next) = account.revoked(&next, &answer(200, tokens)) else { panic!("it goes on") };
        assert_eq!(next, left(Some("at-2"), Some("rt-2")));
        assert_eq!(account.revoked(&next, &answer(204, "")), Revoked::Ended(RevocationAnswer::Revoked));
        // The session has ended by itself.
        let gone = answer(400, r#"{"code":"refresh_token_not_found"}"#);
        let ended = account.revoked(&left(None, Some("rt-1")), &gone);
        assert_eq!(ended, Revoked::Ended(RevocationAnswer::Revoked));
    });
}

#[test]
fn kite_ends_a_refresh_token_and_then_the_token_by_one_call_each() {
    let both = left(Some("at-1"), Some("rt-1"));
    with(r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#, |account| {
        for (status, body) in [
            (200, r#"{"status":"success","data":true}"#),
            (403, r#"{"status":"error","error_type":"TokenException","message":"x"}"#),
            (400, r#"{"status":"error","error_type":"InputException","message":"x"}"#),
        ] {
            let Revoked::Next(next) = account.revoked(&both, &answer(status, body)) else { panic!("{body}") };
            assert_eq!(next, left(Some("at-1"), None));
        }
        // Until the refresh token has ended, another token could be had for it.
        let busy = account.revoked(&both, &answer(503, "{}"));
        assert!(matches!(busy, Revoked::Ended(RevocationAnswer::Retry { .. })), "{busy:?}");
        let alone = account.revoked(&left(None, Some("rt-1")), &answer(200, r#"{"status":"success"}"#));
        assert_eq!(alone, Revoked::Ended(RevocationAnswer::Revoked));
    });
}

#[test]
fn what_is_left_is_kept_and_never_printed() {
    for kept in
        [left(Some("at \"1\""), None), left(None, Some("rt-1")), left(Some("a"), Some("b")), Left::default()]
    {
        assert_eq!(Left::decode(&kept.encode()), kept);
        assert_eq!(kept.is_nothing(), kept == Left::default());
    }
    for text in ["", "null", "{", "[1]", r#"{"access":7}"#] {
        assert!(Left::decode(&Secret::new(text.to_string())).is_nothing(), "{text}");
    }
    assert!(!format!("{:?}", left(Some("canary"), Some("canary"))).contains("canary"));
    let handed = |table| with(table, |account| account.left_of(Secret::new("x".to_string())));
    assert_eq!(handed(SUPABASE), left(None, Some("x")));
    assert_eq!(handed(r#"{"provider": "upstox", "client_id": "a"}"#), left(Some("x"), None));
}
