//! Supabase Auth: every row of its table of errors in both forms, and what its answers bring.

use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_edge::provider::supabase::refresh::{PATH, Tokens, request};
use everlit_edge::provider::{About, Class, Renewal, supabase};

use crate::answers::{EVENING, made, names, said};
use crate::refusals::{CALL, LOGIN, RENEWAL, Row, about, judge, judge_all};

const ROWS: [Row; 37] = [
    ("login", LOGIN, "ok"),
    ("login, a wrong password", LOGIN, "restart_login"),
    ("login, a wrong code", LOGIN, "restart_login"),
    ("renewal", RENEWAL, "ok"),
    ("renewal without a token", RENEWAL, "request_refused"),
    ("renewal, another key", RENEWAL, "client_misconfigured"),
    ("another grant", RENEWAL, "request_refused"),
    ("user", CALL, "ok"),
    ("user of nobody", CALL, "request_refused"),
    ("logout", CALL, "ok"),
    ("user after it", CALL, "reauth_required"),
    ("user an hour later", CALL, "access_expired"),
    ("refresh_token_not_found", RENEWAL, "reauth_required"),
    ("refresh_token_already_used", RENEWAL, "reauth_required"),
    ("session_not_found", RENEWAL, "reauth_required"),
    ("session_expired", RENEWAL, "reauth_required"),
    ("user_banned", RENEWAL, "reauth_required"),
    // "Not Issued By This Server": of another project.
    ("validation_failed", RENEWAL, "reauth_required"),
    ("conflict", RENEWAL, "transient"),
    ("over_request_rate_limit", RENEWAL, "rate_limited"),
    ("unexpected_failure", RENEWAL, "transient"),
    ("request_timeout", RENEWAL, "transient"),
    ("bad_jwt", CALL, "access_expired"),
    ("no_authorization", CALL, "request_refused"),
    ("bad_code_verifier", LOGIN, "restart_login"),
    ("flow_state_not_found", LOGIN, "restart_login"),
    ("otp_expired", LOGIN, "restart_login"),
    ("invalid_credentials", LOGIN, "restart_login"),
    ("page 200", RENEWAL, "transient"),
    ("page 403", RENEWAL, "transient"),
    ("page 403", CALL, "transient"),
    ("page 503", RENEWAL, "transient"),
    ("cut", RENEWAL, "transient"),
    ("throttled", RENEWAL, "rate_limited"),
    ("throttled", LOGIN, "rate_limited"),
    ("throttled for 7 s", RENEWAL, "rate_limited"),
    ("throttled until a date", RENEWAL, "rate_limited"),
];

#[test]
fn every_answer_has_its_class_and_what_the_user_sees_in_both_forms() {
    let newer = |name: &str| format!("{name} (2024-01-01)");
    let all = names("supabase");
    // The rows of the newer form are those of the older one.
    let mut rows = ROWS.to_vec();
    for (name, asked, class) in ROWS {
        if all.contains(&newer(name)) {
            judge("supabase", &said("supabase", &newer(name)), about(asked), class);
            rows.push((&*newer(name).leak(), asked, class));
        }
    }
    assert_eq!(rows.len() - ROWS.len(), 16, "so many codes");
    judge_all("supabase", &rows);
}

#[test]
fn what_is_wrong_with_a_request_ends_no_session() {
    let other = r#"{"code":"validation_failed","message":"One of email or phone must be set"}"#;
    judge("supabase", &made(400, other), about(RENEWAL), "request_refused");
    // An API of the project that knows the token only.
    judge("supabase", &made(401, r#"{"message":"JWT expired"}"#), about(CALL), "access_expired");
    judge("supabase", &made(401, r#"{"message":"JWT expired"}"#), about(RENEWAL), "ambiguous");
}

#[test]
fn a_refresh_brings_the_next_token_and_says_for_how_long() {
    let tokens = Tokens::read(&said("supabase", "renewal").answer(), about(RENEWAL)).unwrap();
    assert_eq!(tokens.access_token.expose(), "access-token");
    assert_eq!(tokens.refresh_token.expose(), "next-refresh-token");
    assert_eq!(tokens.expires_at, Some(EVENING.after(Millis::from_secs(3_600))));
    assert!(tokens.user_id.is_some() && !format!("{tokens:?}").contains("-token"));
    assert_eq!(PATH, "/auth/v1/token?grant_type=refresh_token");
    assert_eq!(request(&Secret::new("a\"b".to_owned())).expose(), r#"{"refresh_token":"a\"b"}"#);
}

#[test]
fn a_clock_that_is_off_does_not_shorten_a_token() {
    // `expires_in` counts before `expires_at`, which is by the server's own clock: a month behind ours, and an hour ahead.
    for expires_at in [1_788_000_000_u64, 1_790_955_060] {
        let body = format!(
            r#"{{"access_token":"a-1","refresh_token":"r-1","expires_in":60,"expires_at":{expires_at}}}"#
        );
        let tokens = Tokens::read(&made(200, &body).answer(), about(RENEWAL)).unwrap();
        assert_eq!(tokens.expires_at, Some(EVENING.after(Millis::from_secs(60))));
    }
    let only = r#"{"access_token":"a-1","refresh_token":"r-1","expires_at":1790951460}"#;
    let tokens = Tokens::read(&made(200, only).answer(), about(RENEWAL)).unwrap();
    assert_eq!(tokens.expires_at, Some(EVENING.after(Millis::from_secs(60))));
}

#[test]
fn a_success_without_tokens_leaves_it_open() {
    for body in [
        "{}",
        r#"{"access_token":"a-1"}"#,
        r#"{"refresh_token":"r-1"}"#,
        r#"{"access_token":"a b","refresh_token":"r-1"}"#,
        r#"{"access_token":"a-1","refresh_token":""}"#,
    ] {
        let judgement = Tokens::read(&made(200, body).answer(), about(RENEWAL)).unwrap_err();
        assert_eq!(judgement.class, Class::OutcomeUnknown, "{body}");
    }
    let refused = Tokens::read(&said("supabase", "refresh_token_already_used").answer(), about(RENEWAL));
    assert_eq!(refused.unwrap_err().class, Class::ReauthRequired);
    assert_eq!(
        Tokens::read(&said("supabase", "login").answer(), About::LOGIN).unwrap().refresh_token.expose(),
        "refresh-token"
    );
}

#[test]
fn what_it_forgives_is_what_its_server_is_known_for() {
    let Renewal::RefreshGrant(refresh) = supabase::DESCRIPTION.renewals[0] else { panic!() };
    let server = everlit_edge::provider::servers::named("supabase").unwrap();
    assert_eq!(refresh.grant.grace, server.grace);
    // After a reuse that was refused, the newest token opens the session again for a while.
    assert_eq!(refresh.reopens, Some(Millis::from_secs(10)));
}
