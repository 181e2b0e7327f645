//! Upstox: every row of its table of errors, and what its answers bring.

use everlit_core::secret::Secret;
use everlit_core::time::Timestamp;
use everlit_edge::provider::Class;
use everlit_edge::provider::upstox::account::{Profile, logged_out};
use everlit_edge::provider::upstox::approval::{Pending, path, request};
use everlit_edge::provider::upstox::tokens::Tokens;

use crate::answers::{EVENING, made, said};
use crate::refusals::{CALL, LOGIN, RENEWAL, Row, STRANGERS, about, judge, judge_all};

const HALF_PAST_THREE: Timestamp = Timestamp::from_millis(1_790_978_400_000);

const ROWS: [Row; 40] = [
    ("login", LOGIN, "ok"),
    ("login again", LOGIN, "restart_login"),
    ("pending", RENEWAL, "ok"),
    // It is a request, and means nothing as an answer.
    ("notice", CALL, "transient"),
    ("profile", CALL, "ok"),
    ("profile, extended", CALL, "wrong_token"),
    ("logout", CALL, "ok"),
    ("profile after it", CALL, "reauth_required"),
    ("UDAPI100050", CALL, "reauth_required"),
    ("UDAPI100050", RENEWAL, "reauth_required"),
    ("UDAPI100050", LOGIN, "restart_login"),
    ("UDAPI100067", CALL, "wrong_token"),
    ("UDAPI100016", LOGIN, "client_misconfigured"),
    ("UDAPI100068", LOGIN, "client_misconfigured"),
    ("UDAPI100069", LOGIN, "client_misconfigured"),
    ("UDAPI100069", RENEWAL, "client_misconfigured"),
    ("UDAPI100073", RENEWAL, "client_misconfigured"),
    ("UDAPI100057", LOGIN, "restart_login"),
    ("UDAPI100058", LOGIN, "user_action_required"),
    ("UDAPI100058", CALL, "user_action_required"),
    ("UDAPI10005", CALL, "rate_limited"),
    // The code is spent all the same.
    ("UDAPI10005", LOGIN, "restart_login"),
    ("UDAPI10000", CALL, "request_refused"),
    ("UDAPI100015", CALL, "request_refused"),
    ("UDAPI100036", CALL, "request_refused"),
    ("UDAPI100038", CALL, "request_refused"),
    ("UDAPI100072", CALL, "service_closed"),
    ("UDAPI1154", CALL, "not_permitted"),
    ("UDAPI100500", CALL, "transient"),
    ("UDAPI100500", RENEWAL, "transient"),
    ("UDAPI100500", LOGIN, "restart_login"),
    ("page 200", CALL, "transient"),
    // A gateway that does not like the caller's name: no loss of a session.
    ("page 403", CALL, "transient"),
    ("page 403", RENEWAL, "transient"),
    ("page 503", CALL, "transient"),
    ("cut", CALL, "transient"),
    ("cut", RENEWAL, "outcome_unknown"),
    ("throttled", CALL, "rate_limited"),
    ("throttled for 7 s", CALL, "rate_limited"),
    ("throttled until a date", CALL, "rate_limited"),
];

#[test]
fn every_answer_has_its_class_and_what_the_user_sees() {
    judge_all("upstox", &ROWS);
    // UDAPI100074 is documented as UDAPI100072 is, for orders.
    let closed = String::from_utf8(said("upstox", "UDAPI100072").body).unwrap().replace("100072", "100074");
    judge("upstox", &made(423, &closed), about(CALL), "service_closed");
    for stranger in STRANGERS {
        judge("upstox", &said("upstox", stranger), about(LOGIN), "restart_login");
    }
}

#[test]
fn what_is_left_of_the_older_spelling_is_enough() {
    let older = r#"{"status":"error","errors":[{"error_code":"UDAPI100050","message":"x"}]}"#;
    judge("upstox", &made(401, older), about(CALL), "reauth_required");
}

#[test]
fn a_service_that_is_closed_says_when_it_opens() {
    let at = |said: crate::answers::Said, now| {
        let said = said.at(now);
        let Class::ServiceClosed { until } = judge("upstox", &said, about(CALL), "service_closed").class
        else {
            panic!()
        };
        until.unwrap().as_millis()
    };
    // 01:00 and 20:00 in India: 05:30 of the same day, and of the next.
    let one = Timestamp::from_millis(HALF_PAST_THREE.as_millis() - 9_000_000);
    let opens = HALF_PAST_THREE.as_millis() + 7_200_000;
    assert_eq!(at(said("upstox", "UDAPI100072"), one), opens);
    assert_eq!(at(said("upstox", "UDAPI100072"), EVENING), opens);
}

#[test]
fn a_login_brings_two_tokens_and_no_word_about_how_long() {
    let tokens = Tokens::read(&said("upstox", "login").answer()).unwrap();
    assert_eq!(tokens.access_token.expose(), "access-token");
    assert_eq!(tokens.extended_token.as_ref().map(|token| token.expose().as_str()), Some("extended-token"));
    assert!(tokens.is_active && !tokens.user_id.is_empty());
    assert!(!format!("{tokens:?}").contains("-token"));
    // What was not documented is not relied on.
    let short = made(200, r#"{"access_token":"a-1","user_id":"AB1234"}"#);
    assert_eq!(Tokens::read(&short.answer()).unwrap().extended_token, None);
}

#[test]
fn a_login_that_brings_no_token_begins_again() {
    for body in [
        r#"{"user_id":"AB1234"}"#,
        r#"{"access_token":"","user_id":"AB1234"}"#,
        r#"{"access_token":7,"user_id":"AB1234"}"#,
        r#"{"access_token":"a\r\nb: c","user_id":"AB1234"}"#,
        r#"{"access_token":"a-1"}"#,
        "",
        "<html>",
    ] {
        let judgement = Tokens::read(&made(200, body).answer()).unwrap_err();
        assert_eq!(judgement.class, Class::RestartLogin, "{body}");
    }
    assert_eq!(Tokens::read(&said("upstox", "login again").answer()).unwrap_err().reason, "UDAPI100057");
}

#[test]
fn a_request_for_approval_waits_until_the_cutoff() {
    let pending = Pending::read(&said("upstox", "pending").answer()).unwrap();
    assert_eq!(pending.until, HALF_PAST_THREE);
    assert_eq!(pending.notifier_url.as_deref(), Some("https://app.example/auth/notify/upstox/c"));
    assert_eq!(path("615b/1?"), "/v3/login/auth/token/request/615b%2F1%3F");
    assert_eq!(request(&Secret::new("s\"3".to_owned())).expose(), r#"{"client_secret":"s\"3"}"#);
    for body in [
        r#"{"status":"success","data":{}}"#,
        r#"{"status":"success","data":{"authorization_expiry":"soon"}}"#,
        // Past, and in a week.
        r#"{"status":"success","data":{"authorization_expiry":"1790951400000"}}"#,
        r#"{"status":"success","data":{"authorization_expiry":"1791556200000"}}"#,
        r#"{"status":"success"}"#,
    ] {
        assert_eq!(
            Pending::read(&made(200, body).answer()).unwrap_err().class,
            Class::OutcomeUnknown,
            "{body}"
        );
    }
    assert_eq!(
        Pending::read(&said("upstox", "UDAPI100069").answer()).unwrap_err().class,
        Class::ClientMisconfigured
    );
}

#[test]
fn a_profile_says_whose_a_token_is() {
    let login = Tokens::read(&said("upstox", "login").answer()).unwrap();
    let profile = Profile::read(&said("upstox", "profile").answer()).unwrap();
    assert_eq!((profile.user_id, profile.is_active), (login.user_id, true));
    assert_eq!(
        Profile::read(&said("upstox", "profile after it").answer()).unwrap_err().class,
        Class::ReauthRequired
    );
    for body in [r#"{"status":"success","data":{}}"#, r#"{"status":"success","data":null}"#, "{}"] {
        let judgement = Profile::read(&made(200, body).answer()).unwrap_err();
        assert_eq!(judgement.class, Class::Transient { retry_after: None }, "{body}");
    }
}

#[test]
fn a_logout_is_done_also_where_the_token_was_over() {
    assert_eq!(logged_out(&said("upstox", "logout").answer()), Ok(()));
    assert_eq!(logged_out(&said("upstox", "UDAPI100050").answer()), Ok(()));
    assert_eq!(logged_out(&said("upstox", "page 200").answer()).unwrap_err().class.name(), "transient");
    assert_eq!(
        logged_out(&made(200, r#"{"status":"success","data":false}"#).answer()).unwrap_err().class.name(),
        "transient"
    );
}
