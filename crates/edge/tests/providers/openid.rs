//! OpenID Connect: the classes of its token endpoint's answers, said in the words that all providers share.

use std::fs;
use std::path::Path;

use everlit_edge::oauth::TokenAnswer;

use crate::answers::made;
use crate::refusals::{CALL, LOGIN, RENEWAL, about, judge};

/// What a class of the token endpoint is called here: of a renewal, and of a login.
const CLASSES: [(&str, &str, &str); 8] = [
    ("granted", "ok", "ok"),
    ("transient", "transient", "transient"),
    ("throttled", "rate_limited", "rate_limited"),
    // A code is spent by its use.
    ("unreadable", "outcome_unknown", "restart_login"),
    ("unusable", "outcome_unknown", "restart_login"),
    ("reauth", "reauth_required", "restart_login"),
    ("not_done", "transient", "transient"),
    ("misconfigured", "client_misconfigured", "client_misconfigured"),
];

/// Status and body of an answer in the corpus of `tests/network`.
fn parts(text: &str) -> (u16, &str) {
    let plain = || (200, text);
    let Some((head, body)) = text.split_once("\n\n") else { return plain() };
    let Ok(status) = head.lines().next().unwrap_or_default().parse() else { return plain() };
    (status, body)
}

#[test]
fn whatever_its_token_endpoint_says_has_one_meaning() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/token_answer");
    let mut seen = Vec::new();
    for file in fs::read_dir(corpus).unwrap() {
        let Ok(text) = fs::read_to_string(file.unwrap().path()) else { continue };
        let (status, body) = parts(&text);
        let said = made(status, body);
        let word = TokenAnswer::classify(&said.answer()).class();
        let (_, renewal, login) = CLASSES.into_iter().find(|(known, ..)| *known == word).unwrap();
        judge("oidc", &said, about(RENEWAL), renewal);
        judge("oidc", &said, about(LOGIN), login);
        seen.push(word);
    }
    for (word, ..) in CLASSES {
        assert!(seen.contains(&word), "nothing in the corpus is {word}");
    }
}

#[test]
fn an_api_that_refuses_a_token_has_it_renewed_and_one_that_refuses_more_does_not() {
    for (status, class) in [
        (200, "ok"),
        (204, "ok"),
        (401, "access_expired"),
        (403, "not_permitted"),
        (400, "request_refused"),
        (404, "request_refused"),
        (408, "transient"),
        (409, "transient"),
        (429, "rate_limited"),
        (302, "transient"),
        (500, "transient"),
        (503, "transient"),
    ] {
        judge("oidc", &made(status, "{}"), about(CALL), class);
    }
    judge("oidc", &made(403, "<html>"), about(CALL), "transient");
}
