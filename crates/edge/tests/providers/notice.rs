//! The webhook of Upstox: forged, repeated, late, and another's.

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::provider::upstox::notice::{Awaited, Notice, NoticeError};
use serde_json::{Value, json};

use crate::answers::{EVENING, said};

fn awaited() -> Awaited<'static> {
    Awaited {
        client_id: "everlit-demo",
        user_id: None,
        pending_until: Some(EVENING.after(Millis::from_secs(600))),
        now: EVENING,
    }
}

fn sent() -> Value {
    serde_json::from_slice(&said("upstox", "notice").body).unwrap()
}

fn with(field: &str, value: Value) -> Vec<u8> {
    let mut notice = sent();
    notice[field] = value;
    notice.to_string().into_bytes()
}

#[test]
fn an_approved_token_is_read() {
    let notice = Notice::read(&said("upstox", "notice").body, &awaited()).unwrap();
    assert_eq!(notice.access_token.expose(), "access-token");
    assert_eq!((notice.issued_at, notice.expires_at.as_millis()), (EVENING, 1_790_978_400_000));
    assert_eq!(Value::from(notice.user_id.as_str()), sent()["user_id"]);
    let known = Awaited { user_id: Some(&notice.user_id), ..awaited() };
    assert!(Notice::read(&said("upstox", "notice").body, &known).is_ok());
    // The sample of the documentation, in its own time.
    let sample = br#"{"client_id":"everlit-demo","user_id":"AB1234","access_token":"t","token_type":"Bearer",
        "expires_at":"1731448800000","issued_at":"1731412800000","message_type":"access_token"}"#;
    let now = Timestamp::from_millis(1_731_412_801_000);
    let then = Awaited { now, pending_until: Some(now.after(Millis::from_secs(1))), ..awaited() };
    assert_eq!(Notice::read(sample, &then).unwrap().expires_at.as_millis(), 1_731_448_800_000);
}

#[test]
fn what_nobody_waits_for_is_not_even_read() {
    let body = said("upstox", "notice").body;
    for pending_until in [None, Some(EVENING), Some(EVENING.before(Millis::from_secs(1)))] {
        let late = Awaited { pending_until, ..awaited() };
        assert_eq!(Notice::read(&body, &late), Err(NoticeError::NotAwaited));
        assert_eq!(Notice::read(b"nonsense", &late), Err(NoticeError::NotAwaited));
    }
}

#[test]
fn a_forged_one_is_refused_for_each_thing_that_is_wrong_with_it() {
    let ms = |at: u64| json!(at.to_string());
    let now = EVENING.as_millis();
    for (body, error) in [
        (with("client_id", json!("other")), NoticeError::OtherClient),
        (with("client_id", json!(null)), NoticeError::Malformed),
        (with("message_type", json!("order_update")), NoticeError::OtherKind),
        (with("message_type", json!(7)), NoticeError::Malformed),
        (with("token_type", json!("mac")), NoticeError::OtherKind),
        (with("user_id", json!("")), NoticeError::Malformed),
        (with("access_token", json!("")), NoticeError::Malformed),
        (with("access_token", json!("a b")), NoticeError::Malformed),
        (with("access_token", json!("x".repeat(17 * 1_024))), NoticeError::Malformed),
        (with("expires_at", ms(now)), NoticeError::Late),
        (with("expires_at", json!("soon")), NoticeError::Malformed),
        (with("expires_at", ms(now + 86_400_001)), NoticeError::Times),
        (with("issued_at", ms(now + 300_001)), NoticeError::Times),
        (with("issued_at", ms(now - 86_400_000)), NoticeError::Times),
        (b"".to_vec(), NoticeError::Malformed),
        (b"[]".to_vec(), NoticeError::Malformed),
        (b"<html>".to_vec(), NoticeError::Malformed),
        (vec![b'{'; 65 * 1_024], NoticeError::Malformed),
    ] {
        assert_eq!(Notice::read(&body, &awaited()), Err(error), "{}", String::from_utf8_lossy(&body));
        assert!(error.reason().starts_with("the notice "));
    }
    let known = Awaited { user_id: Some("ZZ0000"), ..awaited() };
    assert_eq!(Notice::read(&said("upstox", "notice").body, &known), Err(NoticeError::OtherUser));
    // Its clock may be ahead of ours by minutes.
    assert!(Notice::read(&with("issued_at", ms(now + 300_000)), &awaited()).is_ok());
}
