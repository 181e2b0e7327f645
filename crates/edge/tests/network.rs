//! Whatever comes over the network: no parser panics, hangs or says yes to nonsense.
//!
//! Each property feeds a parser with arbitrary input and with input that is nearly right, and checks what must hold of any
//! answer it gives.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::config::{Config, Origins, Variables};
use everlit_edge::cookie::{self, BindingId, CookieKeys, SESSION_COOKIE, SessionId};
use everlit_edge::cross_site::{self, Provenance};
use everlit_edge::keys::{Keyring, MasterKey};
use everlit_edge::oauth::{
    AuthorizationResponse, HttpAnswer, MAX_RETRY_AFTER, RevocationAnswer, TokenAnswer, expires_in,
    parse_retry_after,
};
use everlit_edge::oidc::{Jwks, ProviderMetadata, parse_id_token};
use everlit_edge::query::{self, Query};
use everlit_edge::return_to::ReturnTo;
use everlit_edge::seal::Sealer;
use everlit_edge::url::{HttpUrl, Origin};
use everlit_edge::{base64url, date, html, prefetch, proxy};
use proptest::prelude::*;

/// Text that means something to some parser here, mixed with text that means nothing to any.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "/",
        "//",
        "\\",
        ".",
        "..",
        "%",
        "%2e",
        "%2F",
        "%5c",
        "%25",
        "%00",
        "?",
        "#",
        "&",
        "=",
        "@",
        ":",
        ";",
        ",",
        " ",
        "\t",
        "\r\n",
        "\"",
        "'",
        "<",
        ">",
        "+",
        "-",
        "_",
        "code",
        "state",
        "iss",
        "error",
        "invalid_grant",
        "Bearer",
        "Basic",
        "error=\"invalid_token\"",
        "https",
        "http",
        "://",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "app.example",
        "443",
        "{",
        "}",
        "[",
        "]",
        "null",
        "\"access_token\":\"a\"",
        "__Host-Http-everlit",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "99999999999999999999",
        "é",
        "\u{0}",
        "\u{202e}",
        "\u{1F525}",
    ]);
    prop_oneof![
        "\\PC{0,40}",
        prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()),
    ]
}

/// JSON of any shape, whose members have names that matter.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    let name = prop::sample::select(vec![
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "id_token",
        "scope",
        "error",
        "issuer",
        "token_endpoint",
        "authorization_endpoint",
        "jwks_uri",
        "keys",
        "kty",
        "kid",
        "alg",
        "use",
        "n",
        "e",
        "crv",
        "x",
        "y",
        "crit",
        "aud",
        "iss",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|map| serde_json::Value::Object(
                map.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
            )),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        text().prop_map(String::into_bytes),
        json().prop_map(|json| json.to_string().into_bytes()),
        // Cut short.
        (json(), 0_usize..100).prop_map(|(json, cut)| json
            .to_string()
            .into_bytes()
            .into_iter()
            .take(cut)
            .collect()),
    ]
}

fn config() -> Config {
    let variables = Variables::new()
        .text("ORIGINS", r#"["https://app.example"]"#)
        .text("PROVIDER_DEMO", r#"{"kind":"oidc","issuer":"https://as.example","client_id":"app"}"#)
        .text("UPSTREAM_ORDERS", r#"{"origin":"https://orders.example","path":"/v1"}"#)
        .text("UPSTREAM_ALL", r#"{"origin":"https://all.example"}"#)
        .secret("SECRET_SESSION_KEY")
        .secret("SECRET_DEMO_CLIENT_SECRET");
    Config::parse(&variables).unwrap()
}

fn keys() -> CookieKeys {
    CookieKeys::new(&Keyring::new(MasterKey::new(1, [1; 32])), &Origin::parse("https://app.example").unwrap())
}

fn settings() -> ProptestConfig {
    // As many cases as PROPTEST_CASES says, 256 if nothing. A failure is printed with its smallest input, which belongs into
    // a table test; no file of seeds is kept besides.
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn a_query_decodes_to_what_was_encoded(pairs in prop::collection::vec(("[a-z]{1,8}", text()), 0..8)) {
        let encoded = query::encode_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()));
        let query = Query::parse(&encoded).ok().unwrap();
        for (name, value) in &pairs {
            let twice = pairs.iter().filter(|(other, _)| other == name).count() > 1;
            prop_assert_eq!(query.one(name).is_err(), twice);
            prop_assert!(twice || query.one(name) == Ok(Some(value.as_str())));
        }
    }

    #[test]
    fn any_query_is_read_or_refused(text in text()) {
        if let Ok(query) = Query::parse(&text) {
            prop_assert!(query.one("state").is_ok_and(|value| value.is_none_or(|value| value.len() <= text.len())) || text.contains("state"));
        }
        // A `state` of ours has 43 characters; nothing else gets past.
        if let Ok(response) = AuthorizationResponse::parse(&text) {
            prop_assert_eq!(response.state().as_str().len(), 43);
        }
    }

    #[test]
    fn a_return_never_leaves_the_origin(text in text()) {
        let text = if text.len() % 2 == 0 { format!("/{text}") } else { text };
        let path = ReturnTo::parse(&text);
        let path = path.as_str();
        prop_assert!(path.starts_with('/') && !path.starts_with("//"));
        prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"'<>".contains(&byte)), "{path}");
        let again = ReturnTo::parse(path);
        prop_assert_eq!(again.as_str(), path, "what was checked once is right twice");
        let page = html::landing(&ReturnTo::parse(&text)).body;
        prop_assert_eq!(page.matches("<script").count(), 1);
    }

    #[test]
    fn escaped_text_holds_no_markup(text in text()) {
        let escaped = html::escape(&text);
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
    }

    #[test]
    fn only_our_own_cookies_count(header in text(), planted in text()) {
        prop_assert!(keys().session(&header).is_err());
        prop_assert!(keys().binding(&header).is_err());
        let planted = format!("{header}; {SESSION_COOKIE}={planted}");
        prop_assert!(keys().session(&planted).is_err());
        if let Ok(value) = cookie::find(&header, SESSION_COOKIE) {
            prop_assert!(!value.contains(';'));
        }
    }

    #[test]
    fn our_own_cookie_always_counts(entropy in any::<[u8; 18]>()) {
        let session = SessionId::from_entropy(entropy);
        let header = format!("{SESSION_COOKIE}={}", keys().mint_session(&session).expose());
        prop_assert_eq!(keys().session(&header), Ok(session));
        prop_assert!(keys().binding(&header).is_err());
        prop_assert!(BindingId::restored(SessionId::from_entropy(entropy).as_str()).is_some());
    }

    #[test]
    fn strangers_never_pass_the_cross_site_rule(is_read: bool, site in text(), origin in text(), version in text()) {
        let ours = Origins::new(Origin::parse("https://app.example").unwrap());
        let mut request = Provenance { is_read, sec_fetch_site: Some(&site), origin: Some(&origin), version: Some(&version) };
        prop_assert!(cross_site::check(&request, &ours).is_err());
        request.sec_fetch_site = None;
        prop_assert!(cross_site::check(&request, &ours).is_err());
        let _guess: bool = prefetch::is_prefetch(Some(&site), Some(&origin));
    }

    #[test]
    fn a_call_reaches_its_upstream_or_nothing(rest in text(), query in text()) {
        let config = config();
        for (name, root) in [("orders", "https://orders.example/v1"), ("all", "https://all.example/")] {
            let path = format!("/api/{name}{rest}");
            if let Ok(destination) = proxy::destination(&config, "GET", &path, Some(&query)) {
                let url = destination.url;
                prop_assert!(url.starts_with(root), "{url}");
                prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{url}");
                let (path, _) = url["https://".len()..].split_once('?').unwrap();
                let lower = path.to_ascii_lowercase();
                for way_out in ["//", "/../", "/./", "\\", "%2e", "%2f", "%5c", "%25"] {
                    prop_assert!(!lower.contains(way_out), "{url}");
                }
                prop_assert!(!lower.ends_with("/.."), "{url}");
            }
        }
        let upstream = config.upstream("orders").unwrap();
        if let Some(path) = proxy::rewrite_location(upstream, &rest) {
            prop_assert!(path.starts_with("/api/orders"));
        }
    }

    #[test]
    fn headers_of_ours_never_pass_the_proxy(name in text(), connection in text()) {
        let (request, response) = (proxy::RequestHeaders::new(Some(&connection)), proxy::ResponseHeaders::new(Some(&connection)));
        let ours = format!("Everlit-{name}");
        prop_assert!(!request.keeps(&ours) && !response.keeps(&ours, &name));
        for kept in ["cookie", "authorization", "host", "connection", "sec-fetch-site"] {
            prop_assert!(!request.keeps(kept));
        }
        prop_assert!(!response.keeps("set-cookie", &name));
    }

    #[test]
    fn a_challenge_without_the_word_is_no_expiry(header in text(), status: u16) {
        if proxy::is_access_expired(status, Some(&header)) {
            prop_assert!(status == 401 && header.contains("invalid_token"));
        }
        if proxy::is_bearer_only(&header) {
            prop_assert!(!header.trim_start_matches([' ', '\t', ',']).to_ascii_lowercase().starts_with("basic"));
        }
    }

    #[test]
    fn an_answer_has_a_class_and_only_a_parsed_error_is_terminal(
        status: u16,
        content_type in prop::option::of(text()),
        retry_after in prop::option::of(text()),
        body in body(),
        millis: u64,
    ) {
        let answer = HttpAnswer {
            status,
            content_type: content_type.as_deref(),
            retry_after: retry_after.as_deref(),
            date: retry_after.as_deref(),
            body: &body,
            now: Timestamp::from_millis(millis),
        };
        match TokenAnswer::classify(&answer) {
            TokenAnswer::Granted(tokens) => {
                prop_assert!((200..300).contains(&status));
                prop_assert!(tokens.expires_in > Millis::ZERO && tokens.expires_in <= expires_in::LONGEST);
                prop_assert!(tokens.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            }
            TokenAnswer::Reauth { .. } => {
                prop_assert!(String::from_utf8_lossy(&body).contains("invalid_grant"));
                prop_assert!(status < 500 && ![408, 409, 429].contains(&status));
            }
            TokenAnswer::Misconfigured { .. } => prop_assert!(status < 500),
            TokenAnswer::Transient { retry_after, .. } | TokenAnswer::Throttled { retry_after, .. } => {
                prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
            }
        }
        match RevocationAnswer::classify(&answer) {
            RevocationAnswer::Revoked => prop_assert!(status < 500),
            RevocationAnswer::Retry { retry_after, .. } => prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER)),
            RevocationAnswer::Refused { .. } => prop_assert!((400..500).contains(&status)),
        }
    }

    #[test]
    fn waits_and_dates_are_bounded(header in text(), server in text(), millis: u64) {
        let wait = parse_retry_after(Some(&header), Some(&server), Timestamp::from_millis(millis));
        prop_assert!(wait.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
        let _any: Option<Timestamp> = date::parse_http_date(&header);
    }

    #[test]
    fn a_date_is_the_day_that_a_calendar_says(days in 0_u64..200_000, seconds in 0_u64..86_400) {
        // Counted year by year and month by month, the slow way.
        let (mut year, mut left) = (1_970_u64, days);
        let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        while left >= 365 + u64::from(leap(year)) {
            left -= 365 + u64::from(leap(year));
            year += 1;
        }
        let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while left >= lengths[month] {
            left -= lengths[month];
            month += 1;
        }
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month];
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let text = format!("Xyz, {:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT", left + 1);
        prop_assert_eq!(date::parse_http_date(&text), Some(Timestamp::from_millis((days * 86_400 + seconds) * 1_000)), "{}", text);
    }

    #[test]
    fn documents_of_a_provider_are_read_or_refused(body in body(), issuer in text()) {
        prop_assert!(ProviderMetadata::parse(&body, "https://as.example").is_err(), "a document must name its issuer");
        let _any: bool = ProviderMetadata::parse(&body, &issuer).is_ok();
        if let Ok(keys) = Jwks::parse(&body) {
            prop_assert!(keys.keys().len() <= 64);
            for key in keys.keys() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&key.public_json()).is_ok());
            }
        }
    }

    #[test]
    fn an_id_token_is_taken_apart_or_refused(text in text(), header in json(), claims in json(), signature in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(parse_id_token(&text).is_err());
        let signing_input = format!("{}.{}", base64url::encode(header.to_string().as_bytes()), base64url::encode(claims.to_string().as_bytes()));
        let token = format!("{signing_input}.{}", base64url::encode(&signature));
        if let Ok(token) = parse_id_token(&token) {
            prop_assert_eq!(token.signing_input(), signing_input.as_bytes());
            prop_assert_eq!(token.signature(), signature.as_slice());
        }
    }

    #[test]
    fn urls_and_origins_are_read_or_refused(text in text()) {
        for text in [text.clone(), format!("https://{text}"), format!("http://localhost{text}")] {
            if let Some(origin) = Origin::parse(&text) {
                prop_assert_eq!(Origin::parse(origin.as_str()), Some(origin));
            }
            if let Some(url) = HttpUrl::parse(&text) {
                prop_assert!(url.path().starts_with('/') && !url.origin().as_str().contains('@'));
                prop_assert_eq!(HttpUrl::parse(&url.to_string()), Some(url));
            }
        }
    }

    #[test]
    fn only_what_was_sealed_opens(value in prop::collection::vec(any::<u8>(), 0..100), nonce in any::<[u8; 24]>(), other in prop::collection::vec(any::<u8>(), 0..100)) {
        let sealer = Sealer::new(&Keyring::new(MasterKey::new(1, [1; 32])), "test", "session");
        let sealed = sealer.seal(nonce, b"place", &value).unwrap();
        let opened = sealer.open(b"place", &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &value);
        prop_assert!(sealer.open(b"place", &other).is_err());
        prop_assert!(sealer.open(&other, &sealed).is_err());
    }

    #[test]
    fn any_variable_is_read_or_named(name in "(ORIGINS|LIMITS|PROVIDER_[A-Z]{1,3}|UPSTREAM_[A-Z]{1,3}|[A-Z_]{1,8})", value in json(), text in text()) {
        let variables = Variables::new().json(&name, value).text("PROVIDER_DEMO", &text);
        if let Err(errors) = Config::parse(&variables) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                prop_assert!(!error.variable.is_empty() && error.to_string().contains("expected"));
            }
        } else {
            prop_assert!(false, "nothing that was made at random is complete");
        }
    }
}
