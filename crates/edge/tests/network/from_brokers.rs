//! What a broker sends, and what a person pastes of it.

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::date;
use everlit_edge::oauth::{
    ClientRequest, CodeVerifier, HttpAnswer, MAX_RETRY_AFTER, RevocationAnswer, TokenAnswer,
};
use everlit_edge::provider::breeze::exchange::{self, SessionToken};
use everlit_edge::provider::breeze::login::ApiSession;
use everlit_edge::provider::breeze::{request, signature};
use everlit_edge::provider::kite::login::RequestToken;
use everlit_edge::provider::pasted::pasted_token;
use everlit_edge::provider::stated::{jwt_expiry, moment};
use everlit_edge::provider::supabase::login;
use everlit_edge::provider::upstox::account::{Profile, logged_out};
use everlit_edge::provider::upstox::approval::{self, Pending};
use everlit_edge::provider::upstox::notice::{Awaited, Notice};
use everlit_edge::provider::upstox::tokens::Tokens;
use everlit_edge::provider::{About, Asked, Class, breeze, described, kite, supabase};
use everlit_edge::provider::{Stated, stated};
use everlit_edge::proxy::Method;
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::from_providers::{Http, NOW, page};
use crate::parsers::Fed;

/// What each of them says where a session is over. Nothing else may end one.
const TERMINAL: [(&str, &[&str]); 5] = [
    ("breeze", &["invalid session", "resource not available"]),
    ("kite", &["tokenexception"]),
    ("oidc", &["invalid_grant"]),
    (
        "supabase",
        &["refresh_token_", "session_not_found", "session_expired", "user_banned", "validation_failed"],
    ),
    ("upstox", &["udapi100050"]),
];

/// Whose answer it is and to what, in the first line, and the answer: it has a class, and only words of the provider's own are terminal.
pub(crate) fn broker_answer(input: &[u8]) -> Fed {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let first = String::from_utf8_lossy(&input[..end]).into_owned();
    let (name, asked) = first.split_once(' ').unwrap_or_default();
    let (name, terminal) = TERMINAL.into_iter().find(|(known, _)| *known == name).unwrap_or(TERMINAL[4]);
    let asked = match asked {
        "login" => Asked::Login,
        "renewal" => Asked::Renewal,
        _ => Asked::Call,
    };
    let http = Http::read(input.get(end + 1..).unwrap_or_default());
    let classify = described(name).unwrap().classify.unwrap();
    let about = About { asked, planned_expiry: Some(NOW) };
    let judgement = classify(&http.answer(http.body), about);
    match judgement.class {
        Class::ReauthRequired => {
            let words = http.json().unwrap_or_default().to_string().to_ascii_lowercase();
            prop_assert!(terminal.iter().any(|word| words.contains(word)), "{words}");
            prop_assert!(http.status < 500 || name == "breeze");
        }
        Class::Transient { retry_after } => {
            prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
        }
        Class::RateLimited { until } => prop_assert!(NOW.until(until) <= Millis::from_days(1)),
        Class::ServiceClosed { until } => prop_assert!(until.is_some_and(|until| NOW < until)),
        Class::Ok
        | Class::AccessExpired
        | Class::RestartLogin
        | Class::ClientMisconfigured
        | Class::UserActionRequired
        | Class::WrongToken
        | Class::Ambiguous
        | Class::OutcomeUnknown
        | Class::NotPermitted
        | Class::RequestRefused => {}
    }
    prop_assert!(asked != Asked::Login || name == "supabase" || judgement.class != Class::OutcomeUnknown);
    // A page around it ends nothing, whatever it shows; nor does one that was cut.
    let wrapped = page(http.body);
    prop_assert!(!classify(&http.answer(&wrapped), about).class.ends_grant());
    let cut = http.body.trim_ascii_end();
    if cut.last() == Some(&b'}') && http.json().is_some() {
        prop_assert!(!classify(&http.answer(&cut[..cut.len() - 1]), about).class.ends_grant());
    }
    readers(&http.answer(http.body), about)?;
    Ok(judgement.class.name())
}

/// Whatever is read of it goes into a header as it is.
fn readers(answer: &HttpAnswer<'_>, about: About) -> Result<(), TestCaseError> {
    let is_header = |token: &Secret<String>| token.expose().bytes().all(|byte| byte.is_ascii_graphic());
    if let Ok(tokens) = Tokens::read(answer) {
        prop_assert!(is_header(&tokens.access_token) && tokens.extended_token.as_ref().is_none_or(is_header));
    }
    if let Ok(pending) = Pending::read(answer) {
        prop_assert!(NOW < pending.until && NOW.until(pending.until) <= Millis::from_days(1));
    }
    if let Ok(profile) = Profile::read(answer) {
        prop_assert!(!profile.user_id.is_empty());
    }
    if logged_out(answer).is_ok() {
        prop_assert!(answer.status < 500);
    }
    if let Ok(session) = exchange::Session::read(answer, about) {
        prop_assert!(is_header(session.token.token()));
    }
    if let Ok(session) = kite::session::Session::read(answer, about) {
        prop_assert!(is_header(&session.access_token));
    }
    if let Ok(tokens) = supabase::refresh::Tokens::read(answer, about) {
        prop_assert!(is_header(&tokens.access_token) && tokens.expires_at.is_none_or(|end| end > NOW));
    }
    let judged = supabase::refresh::judged(answer, about.asked);
    prop_assert!(judged.class() != "reauth" || answer.status < 500);
    if let TokenAnswer::Granted(tokens) = judged {
        prop_assert!(is_header(&tokens.access_token) && !tokens.expires_in.is_zero());
    }
    if let RevocationAnswer::Retry { retry_after, .. } = login::ended(answer) {
        prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
    }
    Ok(())
}

/// What a person types goes to Supabase Auth as it is, in a body that is JSON, and nowhere else.
fn typed(text: &str) -> Result<(), TestCaseError> {
    let (key, verifier) = (Secret::new("anon".to_owned()), CodeVerifier::from_entropy([7; 32]));
    let one = |request: &ClientRequest, name: &str| {
        let body: Map<String, Value> = serde_json::from_str(request.body().expose()).unwrap();
        body.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    for (request, name) in [
        (login::with_password(&key, "a@b.c", text), "password"),
        (login::with_code(&key, "a@b.c", text), "token"),
        (login::mail_code(&key, text), "email"),
        (login::mail_link(&key, text, text, &verifier), "email"),
    ] {
        let said = one(&request, name);
        prop_assert_eq!(said.as_deref(), Some(text));
        prop_assert!(request.target().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let url = login::authorization_url("https://x.supabase.co/auth/v1", text, text, &verifier);
    let read = url::Url::parse(&url).unwrap();
    for name in ["provider", "redirect_to"] {
        prop_assert!(read.query_pairs().any(|(known, value)| known == name && value == text));
    }
    if let Some(metadata) = login::metadata(text) {
        prop_assert!(metadata.token_endpoint.to_string().ends_with("/token"));
    }
    prop_assert!(login::Form::from_name(text).is_none_or(|form| form.name() == text));
    Ok(())
}

/// The webhook: it is believed for one app and one day, and only while it is awaited.
pub(crate) fn broker_notice(input: &[u8]) -> Fed {
    let now = Timestamp::from_millis(1_790_951_400_000);
    let awaited = Awaited {
        client_id: "everlit-demo",
        user_id: None,
        pending_until: Some(now.after(Millis::from_secs(60))),
        now,
    };
    let is_taken = |awaited: Awaited<'_>| Notice::read(input, &awaited).is_ok();
    prop_assert!(!is_taken(Awaited { pending_until: None, ..awaited }), "not awaited");
    prop_assert!(!is_taken(Awaited { pending_until: Some(now), ..awaited }), "not awaited any more");
    let Ok(notice) = Notice::read(input, &awaited) else { return Ok("refused") };
    prop_assert!(now < notice.expires_at && notice.issued_at < notice.expires_at);
    prop_assert!(now.until(notice.expires_at) <= Millis::from_days(1).plus(Millis::from_secs(300)));
    prop_assert!(notice.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    prop_assert!(!is_taken(Awaited { client_id: "other", ..awaited }), "for another app");
    prop_assert!(
        !is_taken(Awaited { user_id: Some("-"), ..awaited }) || notice.user_id == "-",
        "another user's"
    );
    Ok("accepted")
}

/// What a person pastes, or a callback brings: a code of letters and digits, whatever was around it.
pub(crate) fn broker_login(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    typed(&text)?;
    let is_code =
        |code: &str| code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    // As a key or an id it goes into an address, of which it is one value.
    for (url, name) in
        [(breeze::login::login_url(&text), "api_key"), (kite::login::login_url(&text), "api_key")]
    {
        prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
        let read = url::Url::parse(&url).unwrap();
        prop_assert!(
            read.query_pairs().any(|(known, value)| known == name && value == text)
                && read.fragment().is_none()
        );
    }
    let path = approval::path(&text);
    prop_assert_eq!(path.matches('/').count(), 6);
    prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?'));
    prop_assert!(described(&text).is_none_or(|known| known.name == text));
    if let Ok(token) = pasted_token(&text, NOW) {
        prop_assert!(token.expose().len() >= 8 && token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        let again = pasted_token(token.expose(), NOW);
        prop_assert_eq!(again.map(|token| token.expose().clone()), Ok(token.expose().clone()));
    }
    let request_token = RequestToken::from_pasted(&text);
    for token in request_token.iter().chain(&RequestToken::from_query(&text)) {
        prop_assert!(is_code(token.secret().expose()) && (8..=256).contains(&token.secret().expose().len()));
    }
    if let Ok(session) = ApiSession::from_query(&text) {
        prop_assert!(is_code(session.secret().expose()));
    }
    let Ok(session) = ApiSession::from_pasted(&text) else { return Ok("refused") };
    prop_assert!(is_code(session.secret().expose()) && (4..=128).contains(&session.secret().expose().len()));
    let again = ApiSession::from_pasted(session.secret().expose());
    prop_assert!(again.is_ok_and(|again| again == session));
    let body = exchange::body(&session, &text);
    let json: Value = serde_json::from_str(body.expose()).unwrap();
    prop_assert_eq!(json["AppKey"].as_str(), Some(text.as_ref()));
    let request = exchange::request(&session, &text).unwrap();
    prop_assert!(request.expose().ends_with(body.expose().as_bytes()));
    let head = &request.expose()[..request.expose().len() - body.expose().len()];
    prop_assert!(head.ends_with(b"\r\n\r\n"));
    prop_assert_eq!(String::from_utf8_lossy(head).matches("\r\n\r\n").count(), 1);
    Ok("session")
}

/// A session token of Breeze: its one spelling, and calls that are signed with it.
pub(crate) fn session_token(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input).into_owned();
    let secret = Secret::new(text.clone());
    // Whatever stands in a header, there is one request.
    if let Some(bytes) = request::bytes(Method::Get, "/a", &[("X-SessionToken", &secret)], input) {
        let head = &bytes.expose()[..bytes.expose().len() - input.len()];
        let head = String::from_utf8_lossy(head).into_owned();
        prop_assert!(head.ends_with("\r\n\r\n") && head.matches("\r\n\r\n").count() == 1);
        prop_assert_eq!(head.matches("\r\n").count(), 8);
    }
    if let Some(bytes) = request::bytes(Method::Get, &text, &[], b"") {
        let line = ["GET ", &text, " HTTP/1.1\r\n"].concat();
        prop_assert!(bytes.expose().starts_with(line.as_bytes()) && !text.contains(' '));
    }
    let Some(token) = SessionToken::decode(&text) else { return Ok("refused") };
    prop_assert_eq!(token.token().expose(), &text);
    prop_assert!(!token.user().contains(':') && !token.key().expose().is_empty());
    let app = signature::App { key: "app", secret: token.key() };
    let headers = signature::headers(app, token.token(), input, NOW);
    let checksum = signature::checksum(headers[1].1.expose(), input, token.key());
    prop_assert_eq!(headers[0].1.expose(), &format!("token {checksum}"));
    prop_assert!(
        checksum.len() == 64 && checksum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    );
    Ok("decoded")
}

/// Where an end is stated: a number, a text, a JWT, or what a clock showed.
pub(crate) fn stated_end(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    if let Some(at) = date::parse_plain(&text) {
        prop_assert_eq!(date::parse_plain(&date::iso_seconds(at)), Some(at));
    }
    let value: Value = serde_json::from_slice(input).unwrap_or_else(|_| text.as_ref().into());
    let at = moment(&value).or_else(|| jwt_expiry(&text));
    let answer: Map<String, Value> =
        [("expires_in".to_owned(), value.clone()), ("expires_at".to_owned(), value)].into_iter().collect();
    for stated in [Stated::ExpiresIn, Stated::ExpiresAt, Stated::JwtExp] {
        if let Some(end) = stated.read(&answer, &text, NOW) {
            prop_assert!(NOW < end && NOW.until(end) <= stated::FURTHEST);
        }
    }
    Ok(if at.is_some() { "said" } else { "nothing" })
}
