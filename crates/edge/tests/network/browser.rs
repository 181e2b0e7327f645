//! What comes from a browser, and what an operator writes.

use everlit_edge::config::{Config, Origins, Variables};
use everlit_edge::cookie::{self, BindingId, CookieKeys, SESSION_COOKIE, SessionCookie, SessionId};
use everlit_edge::cross_site::{self, Provenance};
use everlit_edge::keys::{Keyring, MasterKey};
use everlit_edge::oauth::AuthorizationResponse;
use everlit_edge::query::{self, Query};
use everlit_edge::return_to::ReturnTo;
use everlit_edge::seal::Sealer;
use everlit_edge::url::{HttpUrl, Origin};
use everlit_edge::{html, prefetch, proxy};
use proptest::prelude::*;

use crate::inputs::{json, settings, text, upstreams};

fn keys() -> CookieKeys {
    CookieKeys::new(&Keyring::new(MasterKey::new(1, [1; 32])), &Origin::parse("https://app.example").unwrap())
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
        prop_assert_eq!(keys().session(&header), Ok(SessionCookie { id: session, stale: false }));
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
        let config = upstreams();
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
