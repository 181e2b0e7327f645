//! Supabase Auth: every row of its table of errors in both forms, and what its answers bring.

use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_edge::oauth::{ClientCredentials, ClientProof, ClientRequest, CodeVerifier, TokenAnswer};
use everlit_edge::provider::supabase::login::{self, Form};
use everlit_edge::provider::supabase::refresh::{Tokens, judged};
use everlit_edge::provider::{About, Asked, Class, Renewal, supabase};

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
    let said = format!("{tokens:?}");
    let user = tokens.user.unwrap();
    assert!(!said.contains("-token") && !said.contains(&user.id), "{said}");
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

/// What is said with the key `anon`: where, with which headers, and what.
fn spoken(request: &ClientRequest) -> (String, Vec<(&'static str, String)>, String) {
    let headers = request.headers().map(|(name, value)| (name, value.to_owned())).collect();
    (request.target().to_owned(), headers, request.body().expose().clone())
}

#[test]
fn what_is_said_is_json_with_the_projects_key_and_a_version() {
    let key = Secret::new("anon".to_owned());
    let client = || ClientCredentials { client_id: "", proof: ClientProof::ApiKey(&key) };
    let (target, headers, body) = spoken(&ClientRequest::refresh(client(), &Secret::new("a\"b".to_owned())));
    assert_eq!(
        (target.as_str(), body.as_str()),
        ("?grant_type=refresh_token", r#"{"refresh_token":"a\"b"}"#)
    );
    let expected = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("apikey", "anon"),
        ("x-supabase-api-version", "2024-01-01"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name, value.to_owned())));
    let verifier = CodeVerifier::from_entropy([7; 32]);
    let challenge = verifier.challenge();
    for (request, target, body) in [
        (
            login::with_password(&key, "a@b.c", "p\"\\"),
            "/token?grant_type=password",
            r#"{"email":"a@b.c","password":"p\"\\"}"#.to_owned(),
        ),
        (login::mail_code(&key, "a@b.c"), "/otp", r#"{"email":"a@b.c"}"#.to_owned()),
        (
            login::with_code(&key, "a@b.c", "123456"),
            "/verify",
            r#"{"type":"email","email":"a@b.c","token":"123456"}"#.to_owned(),
        ),
        (
            login::mail_link(&key, "a@b.c", "https://app.example/x", &verifier),
            "/otp?redirect_to=https%3A%2F%2Fapp.example%2Fx",
            format!(r#"{{"email":"a@b.c","code_challenge":"{challenge}","code_challenge_method":"s256"}}"#),
        ),
        (login::logout(&key, &Secret::new("at".to_owned())), "/logout?scope=local", "{}".to_owned()),
    ] {
        let (at, _, said) = spoken(&request);
        assert_eq!((at.as_str(), said), (target, body));
    }
    let (_, headers, _) = spoken(&login::logout(&key, &Secret::new("at".to_owned())));
    assert!(headers.contains(&("authorization", "Bearer at".to_owned())));
}

#[test]
fn a_browser_goes_there_with_a_challenge_and_comes_back_to_what_is_registered() {
    let verifier = CodeVerifier::from_entropy([7; 32]);
    let url = login::authorization_url(
        "https://x.supabase.co/auth/v1",
        "google",
        "https://app.example/auth/callback/shop",
        &verifier,
    );
    let expected = format!(
        "https://x.supabase.co/auth/v1/authorize?provider=google\
         &redirect_to=https%3A%2F%2Fapp.example%2Fauth%2Fcallback%2Fshop&code_challenge={}&code_challenge_method=s256",
        verifier.challenge()
    );
    assert_eq!(url, expected);
    let metadata = login::metadata("https://x.supabase.co/auth/v1").unwrap();
    assert_eq!(metadata.token_endpoint.to_string(), "https://x.supabase.co/auth/v1/token");
    assert!(metadata.revocation_endpoint.is_none() && !metadata.binds_tokens);
    assert!(login::metadata("nowhere").is_none());
    for form in [Form::Password, Form::Code, Form::Link] {
        assert_eq!(Form::from_name(form.name()), Some(form));
    }
    assert_eq!(Form::from_name("Password"), None);
}

#[test]
fn a_vault_hears_of_every_answer_in_its_own_words() {
    for (name, asked, class) in [
        ("renewal", Asked::Renewal, "granted"),
        ("login", Asked::Login, "granted"),
        ("login, a wrong password", Asked::Login, "reauth"),
        ("login, a wrong code", Asked::Login, "reauth"),
        ("bad_code_verifier", Asked::Login, "reauth"),
        ("refresh_token_not_found", Asked::Renewal, "reauth"),
        ("refresh_token_already_used", Asked::Renewal, "reauth"),
        ("session_expired", Asked::Renewal, "reauth"),
        ("user_banned", Asked::Renewal, "reauth"),
        ("validation_failed", Asked::Renewal, "reauth"),
        ("conflict", Asked::Renewal, "transient"),
        ("unexpected_failure", Asked::Renewal, "transient"),
        ("page 200", Asked::Renewal, "transient"),
        ("page 503", Asked::Renewal, "transient"),
        ("throttled", Asked::Renewal, "throttled"),
        ("over_request_rate_limit", Asked::Renewal, "throttled"),
        ("renewal, another key", Asked::Renewal, "misconfigured"),
        ("renewal without a token", Asked::Renewal, "misconfigured"),
        ("another grant", Asked::Renewal, "misconfigured"),
    ] {
        assert_eq!(judged(&said("supabase", name).answer(), asked).class(), class, "{name}");
    }
    // What was done cannot be read: the refresh token may be spent, and is shown again.
    assert_eq!(judged(&made(200, "{").answer(), Asked::Renewal).class(), "unreadable");
    // A refusal that no table knows ends nothing.
    assert_eq!(judged(&made(400, r#"{"code":"new_code"}"#).answer(), Asked::Renewal).class(), "transient");
    let TokenAnswer::Throttled { retry_after, .. } =
        judged(&said("supabase", "throttled for 7 s").answer(), Asked::Renewal)
    else {
        panic!("throttled")
    };
    assert_eq!(retry_after, Some(Millis::from_secs(7)));
    let TokenAnswer::Throttled { retry_after, .. } =
        judged(&said("supabase", "throttled").answer(), Asked::Renewal)
    else {
        panic!("throttled")
    };
    assert_eq!(retry_after, None, "it does not say, and the machine waits by its own rule");
}

#[test]
fn whose_tokens_they_are_is_taken_from_the_answer_or_from_nobody() {
    let user = |user: &str| {
        let body = format!(r#"{{"access_token":"a-1","refresh_token":"r-1","expires_in":60,"user":{user}}}"#);
        Tokens::read(&made(200, &body).answer(), About::LOGIN).unwrap().user
    };
    let person =
        user(r#"{"id":"u-1","email":"a@b.c","user_metadata":{"name":"A","full_name":"Ada"}}"#).unwrap();
    assert_eq!(
        (person.id.as_str(), person.name.as_deref(), person.email.as_deref()),
        ("u-1", Some("Ada"), Some("a@b.c"))
    );
    let bare = user(r#"{"id":"u-1","email":"","user_metadata":null}"#).unwrap();
    assert_eq!((bare.name, bare.email), (None, None));
    let long = "x".repeat(513);
    for nobody in ["null", "7", "{}", r#"{"id":""}"#, r#"{"id":7}"#, &format!(r#"{{"id":"{long}"}}"#)] {
        assert!(user(nobody).is_none(), "{nobody}");
    }
}

#[test]
fn a_session_that_is_gone_is_logged_out_and_any_other_refusal_is_tried_again() {
    let ended = |name: &str| {
        matches!(
            login::ended(&said("supabase", name).answer()),
            everlit_edge::oauth::RevocationAnswer::Revoked
        )
    };
    for name in ["logout", "session_not_found"] {
        assert!(ended(name), "{name}");
    }
    for name in
        ["unexpected_failure", "throttled", "page 200", "bad_jwt", "no_authorization", "renewal, another key"]
    {
        assert!(!ended(name), "{name}");
    }
}
