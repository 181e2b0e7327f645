//! Kite: its row of the table of brokers, and what its answers bring.

use everlit_edge::provider::kite::session::Session;
use everlit_edge::provider::{About, Class};

use crate::answers::{EVENING, made, said};
use crate::refusals::{CALL, LOGIN, RENEWAL, Row, STRANGERS, about, judge, judge_all};

const ROWS: [Row; 31] = [
    ("login", LOGIN, "ok"),
    // The app's secret: no login makes that right.
    ("login, another secret", LOGIN, "client_misconfigured"),
    ("login, another secret", RENEWAL, "client_misconfigured"),
    ("login at another app", LOGIN, "client_misconfigured"),
    ("login again", LOGIN, "restart_login"),
    ("renewal", RENEWAL, "ok"),
    ("renewal again", RENEWAL, "reauth_required"),
    ("profile", CALL, "ok"),
    ("profile after it", CALL, "reauth_required"),
    ("logout", CALL, "ok"),
    ("nowhere", CALL, "request_refused"),
    ("TokenException", CALL, "reauth_required"),
    ("TokenException", LOGIN, "restart_login"),
    // Not every app may ask for everything.
    ("PermissionException", CALL, "not_permitted"),
    ("InputException", CALL, "request_refused"),
    ("GeneralException", CALL, "transient"),
    ("GeneralException", RENEWAL, "transient"),
    ("DataException", CALL, "transient"),
    ("NetworkException", CALL, "transient"),
    ("NetworkException", LOGIN, "restart_login"),
    ("page 200", CALL, "transient"),
    ("page 403", CALL, "transient"),
    ("page 403", RENEWAL, "transient"),
    ("page 503", CALL, "transient"),
    ("cut", CALL, "transient"),
    ("cut", RENEWAL, "outcome_unknown"),
    ("throttled", CALL, "rate_limited"),
    ("throttled", RENEWAL, "rate_limited"),
    ("throttled for 7 s", CALL, "rate_limited"),
    ("throttled until a date", CALL, "rate_limited"),
    ("throttled until a date", LOGIN, "restart_login"),
];

#[test]
fn every_answer_has_its_class_and_what_the_user_sees() {
    judge_all("kite", &ROWS);
    for stranger in STRANGERS {
        judge("kite", &said("kite", stranger), about(LOGIN), "restart_login");
    }
    let order =
        r#"{"status":"error","message":"Insufficient funds.","data":null,"error_type":"OrderException"}"#;
    judge("kite", &made(500, order), about(CALL), "request_refused");
}

#[test]
fn an_exchange_brings_a_token_and_says_when_it_was() {
    let session = Session::read(&said("kite", "login").answer(), About::LOGIN).unwrap();
    assert_eq!(session.access_token.expose(), "access-token");
    assert_eq!(session.refresh_token.as_ref().map(|token| token.expose().as_str()), Some("refresh-token"));
    assert_eq!(session.login_time, Some(EVENING), "as a clock in India showed it");
    assert!(session.user_id.is_some() && !format!("{session:?}").contains("-token"));
    // Whoever is not approved gets an empty one; and a time that cannot be read is none.
    let plain = r#"{"status":"success","data":{"access_token":"a-1","refresh_token":"","user_id":"AB1234","login_time":"yesterday"}}"#;
    let session = Session::read(&made(200, plain).answer(), About::LOGIN).unwrap();
    assert_eq!((session.refresh_token, session.login_time), (None, None));
}

#[test]
fn a_renewal_brings_the_next_token_and_the_next_refresh_token() {
    let session = Session::read(&said("kite", "renewal").answer(), about(RENEWAL)).unwrap();
    assert_eq!(session.access_token.expose(), "access-token");
    assert_eq!(session.refresh_token.as_ref().map(|token| token.expose().as_str()), Some("refresh-token"));
    let refused = Session::read(&said("kite", "renewal again").answer(), about(RENEWAL)).unwrap_err();
    assert_eq!(refused.class, Class::ReauthRequired);
}

#[test]
fn an_exchange_without_a_token_leaves_it_open() {
    for body in [
        r#"{"status":"success","data":{}}"#,
        r#"{"status":"success","data":{"access_token":"a b","user_id":"AB1234"}}"#,
        r#"{"status":"success"}"#,
    ] {
        let judgement = Session::read(&made(200, body).answer(), about(RENEWAL)).unwrap_err();
        assert_eq!(judgement.class, Class::OutcomeUnknown, "{body}");
    }
    // Whose it is must be said where it could be anybody's.
    let of_nobody = made(200, r#"{"status":"success","data":{"access_token":"a-1"}}"#);
    assert_eq!(Session::read(&of_nobody.answer(), About::LOGIN).unwrap_err().class, Class::OutcomeUnknown);
    assert_eq!(Session::read(&of_nobody.answer(), about(RENEWAL)).unwrap().user_id, None);
    assert_eq!(
        Session::read(&said("kite", "login again").answer(), About::LOGIN).unwrap_err().class,
        Class::RestartLogin
    );
}
