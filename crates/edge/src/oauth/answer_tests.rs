//! Every answer has its class.

use alloc::format;
use alloc::string::String;

use everlit_core::time::{Millis, Timestamp};

use super::*;

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Granted,
    Transient,
    Throttled,
    Unreadable,
    Reauth,
    NotDone,
    Unusable,
    Misconfigured,
}

fn class(answer: &TokenAnswer) -> Class {
    match answer {
        TokenAnswer::Granted(_) => Class::Granted,
        TokenAnswer::Transient { .. } => Class::Transient,
        TokenAnswer::Throttled { .. } => Class::Throttled,
        TokenAnswer::Unreadable { .. } => Class::Unreadable,
        TokenAnswer::Reauth { .. } => Class::Reauth,
        TokenAnswer::NotDone { .. } => Class::NotDone,
        TokenAnswer::Unusable { .. } => Class::Unusable,
        TokenAnswer::Misconfigured { .. } => Class::Misconfigured,
    }
}

fn judge(status: u16, content_type: Option<&str>, body: &str) -> TokenAnswer {
    let now = Timestamp::from_millis(784_111_777_000);
    TokenAnswer::classify(&HttpAnswer {
        status,
        content_type,
        retry_after: None,
        date: None,
        body: body.as_bytes(),
        now,
    })
}

const JSON: Option<&str> = Some("application/json; charset=utf-8");
const GOOD: &str =
    r#"{"access_token":"a-1","token_type":"Bearer","expires_in":60,"refresh_token":"r-2","scope":"openid"}"#;

#[test]
fn a_token_is_of_the_kind_that_was_asked_for() {
    let of = |token_type: &str, accepted| {
        let body = format!(r#"{{"access_token":"a","refresh_token":"r"{token_type}}}"#);
        let answer = HttpAnswer {
            status: 200,
            content_type: JSON,
            retry_after: None,
            date: None,
            body: body.as_bytes(),
            now: Timestamp::from_millis(0),
        };
        let answer = TokenAnswer::classify_as(&answer, accepted);
        if let TokenAnswer::Granted(tokens) = &answer {
            return Some(tokens.scheme);
        }
        let TokenAnswer::Unusable { refresh_token, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(refresh_token, Some(Secret::new("r".into())), "what was spent has its successor");
        None
    };
    let (bearer, dpop) = (Some(Scheme::Bearer), Some(Scheme::Dpop));
    for (token_type, as_bearer, as_dpop, as_either) in [
        (r#","token_type":"Bearer""#, bearer, None, bearer),
        ("", bearer, None, bearer),
        (r#","token_type":"dpop""#, None, dpop, dpop),
        (r#","token_type":"mac""#, None, None, None),
    ] {
        assert_eq!(of(token_type, Accepted::Bearer), as_bearer, "{token_type}");
        assert_eq!(of(token_type, Accepted::Dpop), as_dpop, "{token_type}");
        assert_eq!(of(token_type, Accepted::Either), as_either, "{token_type}");
    }
}

#[test]
fn answers_have_their_class() {
    let error = |code: &str| format!(r#"{{"error":"{code}","error_description":"canary"}}"#);
    for (status, content_type, body, expected) in [
        (200, JSON, GOOD, Class::Granted),
        (201, None, GOOD, Class::Granted),
        (200, Some("text/plain"), GOOD, Class::Granted),
        (200, JSON, r#"{"access_token":"a","token_type":"bearer"}"#, Class::Granted),
        (200, JSON, r#"{"access_token":"a"}"#, Class::Granted),
        (200, JSON, r#"{"access_token":"a","token_type":"DPoP"}"#, Class::Unusable),
        (200, JSON, r#"{"access_token":"","token_type":"Bearer"}"#, Class::Unreadable),
        (200, JSON, r#"{"access_token":7,"token_type":"Bearer"}"#, Class::Unreadable),
        (200, JSON, r#"{"access_token":"a\r\nx: y","token_type":"Bearer"}"#, Class::Unreadable),
        (200, JSON, r#"{"access_token":"a b","token_type":"Bearer"}"#, Class::Unreadable),
        (200, JSON, "{}", Class::Unreadable),
        (200, JSON, "[]", Class::Unreadable),
        (200, JSON, "null", Class::Unreadable),
        (200, JSON, "", Class::Unreadable),
        (200, JSON, &GOOD[..40], Class::Unreadable),
        (200, Some("text/html"), "<html>log in to the WiFi</html>", Class::Transient),
        (200, Some("text/HTML; charset=utf-8"), GOOD, Class::Transient),
        (200, JSON, "<html></html>", Class::Transient),
        (200, None, "\r\n\t <!DOCTYPE html><title>Sign in to the network</title>", Class::Transient),
        (200, Some("text/plain"), "<?xml version=\"1.0\"?><error/>", Class::Transient),
        (200, Some("application/xhtml+xml"), GOOD, Class::Transient),
        (200, Some("text/html"), "", Class::Transient),
        (200, Some("text/plain"), "OK", Class::Unreadable),
        (200, Some("application/x-www-form-urlencoded"), "access_token=a&refresh_token=r", Class::Unreadable),
        (200, None, "", Class::Unreadable),
        (200, JSON, "\u{feff}{\"access_token\":\"a\"}", Class::Granted),
        (200, JSON, r#"{"error":"","access_token":"a"}"#, Class::Granted),
        (200, JSON, r#"{"error":null,"access_token":"a"}"#, Class::Granted),
        (200, JSON, r#"{"refresh_token":"r-2","expires_in":60}"#, Class::Unusable),
        (200, JSON, r#"{"access_token":null,"refresh_token":"r-2"}"#, Class::Unusable),
        (202, JSON, r#"{"status":"pending"}"#, Class::Unreadable),
        (206, JSON, &GOOD[..40], Class::Unreadable),
        (200, JSON, &error("invalid_grant"), Class::Reauth),
        (204, None, "", Class::Unreadable),
        (302, None, "", Class::Transient),
        (304, None, "", Class::Transient),
        (100, None, "", Class::Transient),
        (0, None, "", Class::Transient),
        (400, JSON, &error("invalid_grant"), Class::Reauth),
        (401, JSON, &error("invalid_grant"), Class::Reauth),
        (403, JSON, &error("invalid_grant"), Class::Reauth),
        (400, None, &error("invalid_grant"), Class::Reauth),
        (400, Some("text/html"), &error("invalid_grant"), Class::Transient),
        (400, JSON, &error("invalid_grant")[..20], Class::Transient),
        (400, JSON, "\"invalid_grant\"", Class::Transient),
        (400, JSON, r#"[{"error":"invalid_grant"}]"#, Class::Transient),
        (400, JSON, r#"{"error_description":"invalid_grant"}"#, Class::Transient),
        (400, JSON, r#"{"error":"invalid_grant "}"#, Class::Transient),
        (400, Some("application/x-www-form-urlencoded"), "error=invalid_grant", Class::Transient),
        (402, JSON, "{}", Class::Transient),
        (403, JSON, r#"{"error":"access_denied"}"#, Class::Transient),
        (404, JSON, &error("invalid_grant"), Class::Reauth),
        (500, JSON, &error("invalid_grant"), Class::Transient),
        (503, JSON, &error("invalid_grant"), Class::Transient),
        (429, JSON, &error("invalid_grant"), Class::Throttled),
        (409, JSON, &error("invalid_grant"), Class::Transient),
        (408, JSON, &error("invalid_grant"), Class::Transient),
        (401, JSON, &error("invalid_client"), Class::Misconfigured),
        (400, JSON, &error("invalid_client"), Class::Misconfigured),
        (400, JSON, &error("unauthorized_client"), Class::Misconfigured),
        (400, JSON, &error("unsupported_grant_type"), Class::Misconfigured),
        (400, JSON, &error("invalid_request"), Class::Misconfigured),
        (400, JSON, &error("invalid_scope"), Class::Misconfigured),
        (400, JSON, &error("invalid_target"), Class::Misconfigured),
        (400, JSON, &error("slow_down"), Class::Throttled),
        (400, JSON, &error("temporarily_unavailable"), Class::Transient),
        (400, JSON, &error("server_error"), Class::Transient),
        (400, JSON, &error("something_new"), Class::Transient),
        (400, JSON, &error("Invalid_Grant"), Class::Transient),
        (400, JSON, r#"{"error":{"code":"invalid_grant"}}"#, Class::Transient),
        (400, JSON, r#"{"message":"no"}"#, Class::Transient),
        (400, JSON, GOOD, Class::Transient),
        (403, Some("text/html"), "<html>1010</html>", Class::Transient),
        (404, None, "not found", Class::Transient),
        (418, JSON, "{}", Class::Transient),
        (502, Some("text/html"), "<html></html>", Class::Transient),
        (599, None, "", Class::Transient),
        (999, None, "", Class::Transient),
    ] {
        let answer = judge(status, content_type, body);
        assert_eq!(class(&answer), expected, "{status} {content_type:?} {body}");
        assert!(!format!("{answer:?}").contains("canary"), "the server's words are not kept");
    }
}

#[test]
fn a_grant_is_read_and_never_printed() {
    let TokenAnswer::Granted(tokens) = judge(200, JSON, GOOD) else { panic!("not granted") };
    assert_eq!(tokens.access_token.expose(), "a-1");
    assert_eq!(tokens.refresh_token.as_ref().map(|token| token.expose().as_str()), Some("r-2"));
    assert_eq!((tokens.expires_in, tokens.note), (Millis::from_secs(60), None));
    assert_eq!(tokens.scope.as_deref(), Some("openid"));
    assert_eq!(tokens.id_token, None);
    let shown = format!("{tokens:?}");
    assert!(!shown.contains("a-1") && !shown.contains("r-2"), "{shown}");
}

#[test]
fn an_absent_or_empty_refresh_token_means_that_the_old_one_stays() {
    for field in ["", r#","refresh_token":"""#, r#","refresh_token":null"#] {
        let body = format!(r#"{{"access_token":"a"{field}}}"#);
        let TokenAnswer::Granted(tokens) = judge(200, JSON, &body) else { panic!("{body}") };
        assert_eq!(tokens.refresh_token, None, "{body}");
    }
}

#[test]
fn a_token_that_does_not_fit_has_a_class_of_its_own() {
    let with = |access: usize, refresh: usize| {
        let (access, refresh) = ("a".repeat(access), "r".repeat(refresh));
        judge(200, JSON, &format!(r#"{{"access_token":"{access}","refresh_token":"{refresh}"}}"#))
    };
    assert_eq!(class(&with(MAX_ACCESS_TOKEN, MAX_REFRESH_TOKEN)), Class::Granted);
    assert_eq!(class(&with(MAX_ACCESS_TOKEN + 1, 1)), Class::Unusable, "its successor is kept");
    let too_long = with(1, MAX_REFRESH_TOKEN + 1);
    let told = (too_long.class(), too_long.reason());
    assert_eq!(told, ("misconfigured", "a refresh token of more than 16 KB"));
}

#[test]
fn a_grant_survives_every_expires_in() {
    for (field, seconds) in [
        ("", 3_600),
        (r#","expires_in":60"#, 60),
        (r#","expires_in":0"#, 3_600),
        (r#","expires_in":-5"#, 3_600),
        (r#","expires_in":"60""#, 60),
        (r#","expires_in":"x""#, 3_600),
        (r#","expires_in":null"#, 3_600),
        // Ten years.
        (r#","expires_in":315360000"#, 86_400),
    ] {
        let body = format!(r#"{{"access_token":"a","refresh_token":"r"{field}}}"#);
        let TokenAnswer::Granted(tokens) = judge(200, JSON, &body) else { panic!("{body}") };
        assert_eq!(tokens.expires_in, Millis::from_secs(seconds), "{body}");
        assert!(tokens.refresh_token.is_some(), "{body}");
    }
}

#[test]
fn an_answer_that_was_cut_is_never_taken_for_a_whole_one() {
    for (status, whole, expected) in [
        (200, GOOD, Class::Unreadable),
        (400, r#"{"error":"invalid_grant","error_description":"x"}"#, Class::Transient),
    ] {
        for length in 0..whole.len() {
            assert_eq!(class(&judge(status, JSON, &whole[..length])), expected, "{}", &whole[..length]);
        }
    }
}

#[test]
fn no_answer_is_no_failure() {
    assert_eq!(class(&TokenAnswer::UNANSWERED), Class::Unreadable);
    assert_eq!(
        (TokenAnswer::UNANSWERED.class(), TokenAnswer::UNANSWERED.reason()),
        ("unreadable", "no answer")
    );
}

#[test]
fn a_body_without_end_is_not_read() {
    let body = format!("{}{}", GOOD, " ".repeat(MAX_BODY));
    assert_eq!(class(&judge(200, JSON, &body)), Class::Unreadable);
    assert_eq!(class(&judge(400, JSON, &body)), Class::Transient);
    let deep: String = "[".repeat(MAX_BODY);
    assert_eq!(class(&judge(200, JSON, &deep)), Class::Unreadable);
}

#[test]
fn retry_after_is_kept_for_what_can_be_retried() {
    let answer = |status, retry_after| {
        let now = Timestamp::from_millis(784_111_777_000);
        TokenAnswer::classify(&HttpAnswer {
            status,
            content_type: None,
            retry_after: Some(retry_after),
            date: Some("Sun, 06 Nov 1994 08:50:37 GMT"),
            body: b"",
            now,
        })
    };
    let wait = |seconds| Some(Millis::from_secs(seconds));
    assert_eq!(
        answer(429, "30"),
        TokenAnswer::Throttled { retry_after: wait(30), reason: "too many requests" }
    );
    assert_eq!(
        answer(503, "7200"),
        TokenAnswer::Transient { retry_after: wait(3_600), reason: "the server failed" }
    );
    assert_eq!(
        answer(503, "Sun, 06 Nov 1994 08:51:37 GMT"),
        TokenAnswer::Transient { retry_after: wait(60), reason: "the server failed" }
    );
}
