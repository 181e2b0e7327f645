//! Breeze: every row of its table of errors, and what its answers bring.

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::provider::breeze::exchange::Session;
use everlit_edge::provider::{About, Class};

use crate::answers::{EVENING, made, said};
use crate::refusals::{CALL, LOGIN, RENEWAL, Row, STRANGERS, about, judge, judge_all};

const MIDNIGHT: Timestamp = Timestamp::from_millis(1_790_965_800_000);

const ROWS: [Row; 32] = [
    ("login", LOGIN, "ok"),
    ("login of another", LOGIN, "restart_login"),
    ("login at another app", LOGIN, "client_misconfigured"),
    ("funds", CALL, "ok"),
    ("funds, another secret", CALL, "client_misconfigured"),
    ("funds, another token", CALL, "reauth_required"),
    ("funds after midnight", CALL, "ambiguous"),
    ("Resource not available.", CALL, "ambiguous"),
    ("Resource not available.", LOGIN, "ambiguous"),
    ("Invalid session.", CALL, "reauth_required"),
    ("Invalid session.", LOGIN, "restart_login"),
    ("Public Key does not exist.", CALL, "client_misconfigured"),
    ("Public Key does not exist.", LOGIN, "client_misconfigured"),
    ("Invalid User Details", CALL, "transient"),
    ("Authentication Fail :: Invalid Checksum.", CALL, "client_misconfigured"),
    ("Limit exceed: API call per day: ", CALL, "rate_limited"),
    ("Limit exceed: API call per day: ", LOGIN, "rate_limited"),
    ("Limit exceed: API call per minute: ", CALL, "rate_limited"),
    ("Error while calling service, Please contact admin (T2:155)", CALL, "transient"),
    ("Historical Data Fail", CALL, "transient"),
    ("page 200", CALL, "transient"),
    ("page 200", LOGIN, "transient"),
    ("page 403", CALL, "transient"),
    ("page 503", CALL, "transient"),
    ("page 503", RENEWAL, "transient"),
    ("cut", CALL, "transient"),
    ("cut", LOGIN, "transient"),
    ("throttled", CALL, "rate_limited"),
    ("throttled", LOGIN, "rate_limited"),
    ("throttled for 7 s", CALL, "rate_limited"),
    ("throttled until a date", CALL, "rate_limited"),
    ("throttled until a date", RENEWAL, "rate_limited"),
];

#[test]
fn every_answer_has_its_class_and_what_the_user_sees() {
    judge_all("breeze", &ROWS);
}

#[test]
fn the_status_of_http_changes_nothing() {
    for (name, asked, class) in ROWS {
        if !STRANGERS.contains(&name) {
            for status in [200, 400, 401, 403, 500, 503] {
                judge("breeze", &said("breeze", name).with_status(status), about(asked), class);
            }
        }
    }
}

#[test]
fn resource_not_available_ends_a_session_once_it_should_be_over() {
    let refusal = || said("breeze", "Resource not available.");
    for (planned_expiry, now, class) in [
        (None, EVENING, "ambiguous"),
        (Some(MIDNIGHT), EVENING, "ambiguous"),
        (Some(MIDNIGHT), MIDNIGHT.before(Millis::from_millis(1)), "ambiguous"),
        (Some(MIDNIGHT), MIDNIGHT, "reauth_required"),
    ] {
        judge("breeze", &refusal().at(now), About { asked: CALL, planned_expiry }, class);
    }
    // Nothing else gets another meaning by the clock.
    for name in ["Invalid User Details", "Historical Data Fail", "page 200", "cut"] {
        let over = About { asked: CALL, planned_expiry: Some(EVENING) };
        judge("breeze", &said("breeze", name).at(MIDNIGHT), over, "transient");
    }
}

#[test]
fn a_limit_ends_with_the_day_in_india_or_with_the_minute() {
    let until = |name: &str| match judge("breeze", &said("breeze", name), about(CALL), "rate_limited").class {
        Class::RateLimited { until } => until,
        _ => panic!(),
    };
    assert_eq!(until("Limit exceed: API call per day: "), MIDNIGHT);
    assert_eq!(until("Limit exceed: API call per minute: "), EVENING.after(Millis::from_secs(60)));
}

#[test]
fn texts_that_only_the_sdk_makes_mean_nothing_on_the_wire() {
    for text in [
        "Session key is expired.",
        "Could not authenticate credentials. Please check session key.",
        "Unable to retrieve customer details at the moment. Please try again later.",
        "API Session cannot be empty",
    ] {
        let body = format!(r#"{{"Success":null,"Status":500,"Error":"{text}"}}"#);
        judge("breeze", &made(200, &body), about(CALL), "transient");
    }
    // However it is spelled.
    judge(
        "breeze",
        &made(200, r#"{"Success":null,"Status":500,"Error":" INVALID SESSION "}"#),
        about(CALL),
        "reauth_required",
    );
}

#[test]
fn an_exchange_brings_a_token_that_comes_apart() {
    let session = Session::read(&said("breeze", "login").answer(), About::LOGIN).unwrap();
    assert_eq!(session.token.user(), session.user_id);
    assert_eq!(session.token.key().expose(), "98765432");
    assert!(!format!("{session:?}").contains("98765432"));
    // The sample of the SDK's own page, whose token has no user in it.
    let sample = r#"{"Success":{"idirect_userid":"XY604721","session_token":"QUIxMjM0NTY6OTg3NjU0MzI="},"Status":200,"Error":null}"#;
    let session = Session::read(&made(200, sample).answer(), About::LOGIN).unwrap();
    assert_eq!((session.user_id.as_str(), session.token.user()), ("XY604721", "AB123456"));
}

#[test]
fn an_exchange_without_a_token_is_made_again() {
    for body in [
        r#"{"Success":{"session_token":""},"Status":200,"Error":null}"#,
        r#"{"Success":{"session_token":"nonsense"},"Status":200,"Error":null}"#,
        r#"{"Success":null,"Status":200,"Error":null}"#,
        r#"{"Success":[],"Status":200,"Error":""}"#,
        r#"{"Status":200}"#,
        "",
    ] {
        let judgement = Session::read(&made(200, body).answer(), About::LOGIN).unwrap_err();
        assert_eq!(judgement.class, Class::Transient { retry_after: None }, "{body}");
    }
    assert_eq!(
        Session::read(&said("breeze", "login of another").answer(), About::LOGIN).unwrap_err().class,
        Class::RestartLogin
    );
}

#[test]
fn what_its_body_is_called_changes_nothing_but_a_page_is_one() {
    for kind in ["text/html; charset=utf-8", "text/plain", "application/json"] {
        judge("breeze", &said("breeze", "Invalid session.").called(kind), about(CALL), "reauth_required");
        assert!(
            Session::read(&said("breeze", "login").called(kind).answer(), About::LOGIN).is_ok(),
            "{kind}"
        );
        judge("breeze", &said("breeze", "page 200").called(kind), about(CALL), "transient");
    }
}
