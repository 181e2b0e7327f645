//! What holds of every classifier, and the sentences that users see.

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::provider::{About, Asked, Class, Classify, DESCRIPTIONS, Judgement, Person};

use crate::answers::{EVENING, Said, made, names, said};

/// What the user sees of each class.
const SAYS: [(&str, &str); 14] = [
    ("ok", "Connected."),
    ("transient", "The provider cannot answer properly at the moment. It is tried again by itself."),
    ("rate_limited", "The provider takes no more calls for now. It goes on by itself when that is over."),
    ("access_expired", "The access token has expired. A new one is being fetched."),
    ("reauth_required", "The session with the provider is over. Log in again to go on."),
    ("restart_login", "This login cannot be finished any more. Start it again."),
    (
        "client_misconfigured",
        "The provider refuses the app, not you. Its operator has to correct it; to log in again does not help.",
    ),
    (
        "user_action_required",
        "The provider wants you to act in its own app or on its website first. To log in again does not help.",
    ),
    ("service_closed", "This service of the provider is closed at this hour. Your session is fine."),
    ("wrong_token", "The token in use may only read. This needs the one of today's login."),
    ("ambiguous", "The provider's answer can mean several things. The session is being checked."),
    (
        "outcome_unknown",
        "The provider's answer was lost, and it may have acted. What became of it is being found out.",
    ),
    ("not_permitted", "The provider does not allow this for your account or this app. Your session is fine."),
    ("request_refused", "The provider does not understand the request. Your session is fine."),
];

/// A row: which answer, to what, and the class it must get.
pub(crate) type Row = (&'static str, Asked, &'static str);

pub(crate) const LOGIN: Asked = Asked::Login;
pub(crate) const RENEWAL: Asked = Asked::Renewal;
pub(crate) const CALL: Asked = Asked::Call;

pub(crate) fn about(asked: Asked) -> About {
    About { asked, planned_expiry: None }
}

pub(crate) fn classify(provider: &str) -> Classify {
    DESCRIPTIONS.iter().find(|one| one.name == provider).and_then(|one| one.classify).unwrap()
}

/// Judges one answer, checks the class, and that the user sees what is said of that class.
pub(crate) fn judge(provider: &str, said: &Said, about: About, class: &str) -> Judgement {
    let judgement = classify(provider)(&said.answer(), about);
    let shown = String::from_utf8_lossy(&said.body);
    assert_eq!(judgement.class.name(), class, "{provider}, {:?}: {shown}", about.asked);
    let (_, says) = SAYS.iter().find(|(name, _)| *name == class).unwrap();
    assert_eq!(judgement.class.says(), *says);
    assert!(!judgement.reason.is_empty());
    judgement
}

/// All rows of one provider. No answer of its stand-in is left out.
pub(crate) fn judge_all(provider: &str, rows: &[Row]) {
    for (name, asked, class) in rows {
        judge(provider, &said(provider, name), about(*asked), class);
    }
    for name in names(provider) {
        assert!(rows.iter().any(|(known, ..)| **known == name), "no row for what {provider} says: {name:?}");
    }
}

/// What stands in a provider's place: the same for all, but for a code that is spent by being shown.
pub(crate) const STRANGERS: [&str; 7] =
    ["page 200", "page 403", "page 503", "cut", "throttled", "throttled for 7 s", "throttled until a date"];

fn classifiers() -> Vec<(&'static str, Classify)> {
    let all: Vec<_> = DESCRIPTIONS.iter().filter_map(|one| Some((one.name, one.classify?))).collect();
    assert_eq!(
        all.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["breeze", "kite", "oidc", "supabase", "upstox"]
    );
    all
}

#[test]
fn what_is_no_answer_of_the_provider_ends_nothing() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(300 * 1_024));
    let deep = "[".repeat(10_000);
    let page =
        "<!doctype html><title>Invalid session. UDAPI100050 TokenException refresh_token_not_found</title>";
    let bodies = [
        "",
        " ",
        "{",
        "{\"status\":\"succ",
        "null",
        "[]",
        "7",
        "\"Invalid session.\"",
        "Invalid session.",
        "UDAPI100050",
        page,
        &long,
        &deep,
        "\u{feff}",
        "{\"a\":1}",
        "{\"errors\":[]}",
        "{\"errors\":{}}",
        "{\"errors\":[7]}",
        "{\"Error\":7,\"Status\":\"x\"}",
        "{\"error\":{\"code\":\"refresh_token_not_found\"}}",
        "{\"error_type\":null}",
    ];
    for (name, classify) in classifiers() {
        for body in bodies {
            for status in
                [0, 100, 200, 204, 301, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 599, u16::MAX]
            {
                for asked in [LOGIN, RENEWAL, CALL] {
                    for kind in ["application/json", "text/html; charset=utf-8", "text/plain"] {
                        let said = made(status, body).called(kind);
                        let past = About { asked, planned_expiry: Some(Timestamp::from_millis(0)) };
                        let judgement = classify(&said.answer(), past);
                        let shown = &body[..body.len().min(60)];
                        assert!(!judgement.class.ends_grant(), "{name} {status} {asked:?}: {shown}");
                        assert_ne!(
                            judgement.class.needs(),
                            Some(Person::Operator),
                            "{name} {status} {asked:?}: {shown}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_page_is_left_alone_for_minutes_and_a_server_for_as_long_as_it_says() {
    // Of OpenID Connect there is no stand-in but real servers.
    for (name, classify) in classifiers().into_iter().filter(|(name, _)| *name != "oidc") {
        let wait = |said: Said| match classify(&said.answer(), about(CALL)).class {
            Class::Transient { retry_after } => retry_after.map(Millis::as_millis),
            Class::RateLimited { until } => Some(EVENING.until(until).as_millis()),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(wait(said(name, "page 200")), Some(300_000), "{name}");
        assert_eq!(wait(said(name, "page 403")), Some(300_000), "{name}");
        let asked_for = if name == "breeze" { 60_000 } else { 1_000 };
        assert_eq!(wait(said(name, "throttled")), Some(asked_for), "{name}");
        assert_eq!(wait(said(name, "throttled for 7 s")), Some(7_000), "{name}");
        assert_eq!(wait(said(name, "throttled until a date")), Some(7_000), "{name}");
    }
}

#[test]
fn a_server_that_fails_is_not_believed_that_a_session_is_over() {
    // Breeze has its refusals with a status 500 of its own, whatever HTTP says.
    for (name, refusal) in
        [("upstox", "UDAPI100050"), ("kite", "TokenException"), ("supabase", "refresh_token_not_found")]
    {
        for asked in [RENEWAL, CALL] {
            judge(name, &said(name, refusal), about(asked), "reauth_required");
            for status in [500, 502, 503] {
                judge(name, &said(name, refusal).with_status(status), about(asked), "transient");
            }
        }
    }
}

#[test]
fn silence_after_a_renewal_leaves_it_open_what_became_of_it() {
    for (asked, class) in [(LOGIN, "outcome_unknown"), (RENEWAL, "outcome_unknown"), (CALL, "transient")] {
        assert_eq!(Judgement::unanswered(asked).class.name(), class);
    }
    for (name, body) in [
        ("upstox", "{\"status\":\"success\",\"da"),
        ("kite", "{\"status\":\"succ"),
        ("supabase", "{\"access_token\":\"ey"),
    ] {
        judge(name, &made(200, body), about(RENEWAL), "outcome_unknown");
        judge(name, &made(200, body), about(CALL), "transient");
        // The code that was shown is spent.
        judge(name, &made(200, body), about(LOGIN), "restart_login");
    }
    // Of Breeze nothing is spent by being shown.
    for asked in [LOGIN, RENEWAL, CALL] {
        judge("breeze", &made(200, "{\"Success\":{\"session_tok"), about(asked), "transient");
    }
}

#[test]
fn a_refusal_that_no_table_knows_is_looked_into() {
    for (name, body) in [
        ("upstox", r#"{"status":"error","errors":[{"errorCode":"UDAPI999999","message":"new"}]}"#),
        ("kite", r#"{"status":"error","message":"new","error_type":"NewException"}"#),
        ("supabase", r#"{"code":"a_new_code","message":"new"}"#),
    ] {
        judge(name, &made(400, body), about(CALL), "ambiguous");
        judge(name, &made(403, body), about(RENEWAL), "ambiguous");
        judge(name, &made(400, body), about(LOGIN), "restart_login");
        judge(name, &made(409, body), about(CALL), "transient");
        judge(name, &made(429, body), about(CALL), "rate_limited");
        judge(name, &made(503, body), about(RENEWAL), "transient");
    }
    judge(
        "breeze",
        &made(400, r#"{"Success":null,"Status":500,"Error":"A new text."}"#),
        about(CALL),
        "transient",
    );
}

#[test]
fn a_reason_holds_nothing_of_the_answer() {
    for (name, classify) in classifiers() {
        for body in [
            r#"{"status":"error","errors":[{"errorCode":"canary","message":"canary"}]}"#,
            r#"{"status":"error","message":"canary","error_type":"canary"}"#,
            r#"{"Success":null,"Status":500,"Error":"canary"}"#,
            r#"{"code":"canary","message":"canary"}"#,
            r#"{"error":"canary","access_token":"canary"}"#,
        ] {
            for status in [200, 400, 401, 500] {
                let judgement = classify(&made(status, body).answer(), about(CALL));
                assert!(!format!("{judgement:?}").contains("canary"), "{name} {body}");
            }
        }
    }
}

#[test]
fn what_is_empty_endless_or_no_json_has_its_class() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(300 * 1_024));
    for body in ["", " \n", "OK", "[1,2]", "null", &long, "{\"a\":", "\u{0}\u{1}"] {
        for name in ["breeze", "kite", "supabase", "upstox"] {
            judge(name, &made(200, body), about(CALL), "transient");
            judge(name, &made(401, body), about(CALL), "transient");
            judge(name, &made(403, body), about(RENEWAL), "transient");
            judge(name, &made(429, body), about(RENEWAL), "rate_limited");
            judge(name, &made(502, body), about(RENEWAL), "transient");
            // What Breeze was asked can be asked again.
            let lost = if name == "breeze" { "transient" } else { "outcome_unknown" };
            judge(name, &made(200, body), about(RENEWAL), lost);
            let shown = if name == "breeze" { "transient" } else { "restart_login" };
            judge(name, &made(200, body), about(LOGIN), shown);
        }
    }
}

#[test]
fn the_readme_says_what_users_read() {
    let readme = include_str!("../../src/provider/README.md");
    for (name, says) in SAYS {
        let camel: String =
            name.split('_').map(|word| [&word[..1].to_ascii_uppercase(), &word[1..]].concat()).collect();
        let row = readme
            .lines()
            .find(|line| line.starts_with('|') && line.contains(&format!("`{camel}`")))
            .unwrap();
        let first = says.split_once(". ").map_or(says, |(first, _)| first);
        let said = row.rsplit('|').nth(1).unwrap().trim().trim_end_matches(['…', ' ', '.']);
        let fine = said == "… Your session is fine" && says.ends_with("Your session is fine.");
        assert!(
            fine || (said.len() > 8 && (says.starts_with(said) || first.starts_with(said))),
            "{name}: {said}"
        );
    }
}
