//! What a browser sends, or whoever says that it is one.

use everlit_core::time::Timestamp;
use everlit_edge::config::Origins;
use everlit_edge::cookie::{self, BINDING_COOKIE, CookieKeys, RESPONSE_COOKIE, SESSION_COOKIE};
use everlit_edge::cross_site::{self, Provenance};
use everlit_edge::device;
use everlit_edge::end_session::parse_response;
use everlit_edge::gate::{Gate, GateKey, Network};
use everlit_edge::html::{self, ErrorPage};
use everlit_edge::index::{handle_text, parse_handle};
use everlit_edge::keys::{Keyring, MasterKey};
use everlit_edge::oauth::{AuthorizationResponse, CallbackError, Expected, State};
use everlit_edge::posted;
use everlit_edge::prefetch::is_prefetch;
use everlit_edge::proxy;
use everlit_edge::query::{self, Query};
use everlit_edge::return_to::ReturnTo;
use everlit_edge::silent::{Ending, Relogin, Silent, Way};
use everlit_edge::url::{HttpUrl, Origin};
use proptest::prelude::*;

use crate::inputs::upstreams;
use crate::parsers::Fed;

/// A `User-Agent`: nothing of it is shown but words of ours.
pub(crate) fn device(input: &[u8]) -> Fed {
    let Some(label) = device::label(&String::from_utf8_lossy(input)) else { return Ok("unnamed") };
    prop_assert!(label.len() <= 40 && label.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' '));
    Ok("named")
}

/// What a URL calls a session: one text for each.
pub(crate) fn session_handle(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let Some(handle) = parse_handle(&text) else { return Ok("refused") };
    prop_assert_eq!(handle_text(handle), text);
    Ok("read")
}

/// The query of a callback: it counts for the one login that it answers.
pub(crate) fn authorization_response(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let Ok(response) = AuthorizationResponse::parse(&text) else { return Ok("refused") };
    // What was posted says the same when it is kept.
    if let Ok(kept) = posted::query_of(&text) {
        prop_assert!(AuthorizationResponse::parse(kept.expose()).as_ref() == Ok(&response));
        let (keyring, now) = (Keyring::new(MasterKey::new(1, [7; 32])), Timestamp::from_millis(1));
        let sealed = posted::seal(&keyring, "demo", [7; 24], &kept, posted::LIFE, now).unwrap();
        let header = [RESPONSE_COOKIE, "=", sealed.expose()].concat();
        prop_assert!(
            posted::open(&keyring, "demo", &header, posted::LIFE, now).unwrap().expose() == kept.expose()
        );
    }
    let own = response.state().clone();
    prop_assert_eq!(own.as_str().len(), 43);
    prop_assert_eq!(State::parse(own.as_str()), Some(own.clone()));
    let judge = |state: &State, issuer| {
        let expected = Expected { state, issuer, issuer_names_itself: true };
        response.clone().validate(&expected)
    };
    let other = State::from_entropy([0xee; 32]);
    if own != other {
        prop_assert_eq!(judge(&other, "https://as.example"), Err(CallbackError::WrongState));
    }
    // Not written as any issuer is.
    prop_assert!(judge(&own, "canary").is_err() || text.contains("canary"));
    Ok(if judge(&own, "https://as.example").is_ok() { "answer" } else { "mixed" })
}

/// The address that the platform says a request came from: one network has one gate, and its name shows nothing.
pub(crate) fn address(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let Some(network) = Network::of(&text) else { return Ok("refused") };
    prop_assert_eq!(Network::of(&format!(" {text} ")), Some(network));
    let keyring = Keyring::new(MasterKey::new(1, [7; 32]));
    let Some(origin) = Origin::parse("https://app.example") else { return Ok("refused") };
    let name = GateKey::new(&keyring, &origin).name(&Gate::Network(network));
    prop_assert_eq!(name.len(), 48);
    prop_assert!(name.starts_with("gate.") && !name.contains(text.trim()));
    Ok("network")
}

/// A query string: what was read once reads the same again.
pub(crate) fn query(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    if let Ok(decoded) = query::decode(&text) {
        let encoded = query::encode(&decoded);
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&' && byte != b'='));
        prop_assert_eq!(query::decode(&encoded).ok(), Some(decoded.clone()));
        let pair = query::encode_pairs([("x", decoded.as_str())]);
        let again = Query::parse(&pair);
        if let Ok(again) = again {
            prop_assert_eq!(again.one("x").ok(), Some(Some(decoded.as_str())));
        } else {
            prop_assert!(pair.len() > query::MAX_QUERY);
        }
    }
    let Ok(query) = Query::parse(&text) else { return Ok("refused") };
    prop_assert!(text.len() <= query::MAX_QUERY + 1);
    let state = query.one("state");
    prop_assert!(
        state.is_ok_and(|value| value.is_none_or(|value| value.len() <= text.len()))
            || text.contains("state")
    );
    Ok("read")
}

/// A `Cookie` header: it stands for a session only if we minted its value.
pub(crate) fn cookies(input: &[u8]) -> Fed {
    let keys = |versions: &[u8]| {
        let mut keys = versions.iter().map(|version| MasterKey::new(*version, [*version; 32]));
        let ring = Keyring::new(keys.next().unwrap());
        CookieKeys::new(&keys.fold(ring, Keyring::with_older), &Origin::parse("https://app.example").unwrap())
    };
    let (ring, header) = (keys(&[2, 1]), String::from_utf8_lossy(input));
    let own = Keyring::new(MasterKey::new(1, [1; 32]));
    prop_assert!(posted::open(&own, "demo", &header, posted::LIFE, Timestamp::from_millis(1)).is_none());
    for name in [SESSION_COOKIE, BINDING_COOKIE] {
        if let Ok(value) = cookie::find(&header, name) {
            prop_assert!(!value.contains([';', ' ', '"']) || header.contains(value));
        }
    }
    if let Ok(binding) = ring.binding(&header) {
        let minted = |version: u8| keys(&[version]).mint_binding(&binding);
        let ours = [2, 1].into_iter().any(|version| header.contains(minted(version).expose().as_str()));
        prop_assert!(ours);
    }
    let Ok(session) = ring.session(&header) else { return Ok("none") };
    let minted = keys(if session.stale { &[1] } else { &[2] }).mint_session(&session.id);
    prop_assert!(header.contains(minted.expose().as_str()));
    prop_assert!(keys(&[3]).session(&header).is_err());
    Ok(if session.stale { "stale" } else { "session" })
}

/// Method, `Sec-Fetch-Site`, `Origin`, `everlit-version`, a line each, "-" where there is none: only our own pages pass.
pub(crate) fn provenance(input: &[u8]) -> Fed {
    let config = upstreams();
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines().map(|line| Some(line).filter(|line| *line != "-"));
    let is_read = lines.next().flatten() == Some("GET");
    let mut next = || lines.next().flatten();
    let request = Provenance { is_read, sec_fetch_site: next(), origin: next(), version: next() };
    let _guess: bool = is_prefetch(request.sec_fetch_site, request.origin);
    let ours = request.origin.is_some_and(|origin| config.origins.contains(origin));
    let known = [Some("https://app.example"), Some("http://localhost:8787")];
    prop_assert_eq!(ours, known.contains(&request.origin));
    let handshake =
        cross_site::check_handshake(request.sec_fetch_site, request.origin, &config.origins).is_ok();
    prop_assert_eq!(handshake, ours && request.sec_fetch_site.is_none_or(|site| site == "same-origin"));
    // Where apps beside us are named, these as well, by their origin as same-site; a page leads here by its `Referer`.
    let app = "https://a.app.example";
    let beside = config.origins.clone().with_apps(vec![Origin::parse(app).unwrap()]);
    let (site, named) = (request.sec_fetch_site, request.origin == Some(app));
    let near = site.is_none_or(|site| site == "same-site");
    prop_assert_eq!(beside.app(request.origin.unwrap_or_default()).is_some(), named);
    prop_assert_eq!(cross_site::reader(site, request.origin, &beside).is_some(), named && near);
    prop_assert_eq!(cross_site::reader(site, request.origin, &config.origins), None);
    let shaken = cross_site::check_handshake(site, request.origin, &beside).is_ok();
    prop_assert_eq!(shaken, handshake || named && (near || site == Some("same-origin")));
    let let_in = cross_site::check(&request, &beside).is_ok();
    prop_assert_eq!(
        let_in,
        cross_site::check(&request, &config.origins).is_ok() || named && near && request.version.is_some()
    );
    let led = cross_site::is_led_by_us(site.unwrap_or_default(), request.origin, &beside);
    let by_app = request.origin.is_some_and(|referer| referer.starts_with("https://a.app.example/"));
    prop_assert_eq!(led, site == Some("same-origin") || site == Some("same-site") && by_app);
    let leads = |mode| cross_site::check_navigation(mode, site, request.origin, &beside).is_ok();
    prop_assert_eq!(
        (leads(Some("navigate")), leads(request.version)),
        (led, led && request.version == Some("navigate"))
    );
    if cross_site::check(&request, &config.origins).is_err() {
        return Ok(if let_in { "app" } else { "refused" });
    }
    prop_assert!(request.version.is_some());
    let same = match request.sec_fetch_site {
        Some(site) => site == "same-origin",
        None => ours || (is_read && request.origin.is_none()),
    };
    prop_assert!(same);
    Ok("ours")
}

/// The query of a login: what is asked for comes back as it was sent, and stands in a page as nothing but itself.
pub(crate) fn silent(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    prop_assert_eq!(
        Way::from_name(&text).map(Way::as_str).is_some(),
        ["frame", "popup", "redirect"].contains(&&*text)
    );
    prop_assert_eq!(Relogin::parse(&text).is_some(), Silent::restored(Way::Popup, Some(&text)).is_some());
    let Ok(query) = Query::parse(&text) else { return Ok("refused") };
    let Ok(silent) = Silent::parse(&query) else { return Ok("refused") };
    let Some(silent) = silent else {
        prop_assert_eq!(query.one("via"), Ok(None));
        return Ok("none");
    };
    prop_assert_eq!(query.one("prompt"), Ok(Some("none")));
    prop_assert_eq!(query.one("via"), Ok(Some(silent.way().as_str())));
    let again = Silent::restored(silent.way(), silent.relogin().map(Relogin::as_str));
    prop_assert_eq!(again.as_ref(), Some(&silent));
    if let Some(relogin) = silent.relogin() {
        prop_assert!(relogin.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        let page = html::outcome(&silent, Ending::Failed, &ReturnTo::root()).unwrap();
        let attribute = format!("data-relogin=\"{}\"", relogin.as_str());
        prop_assert!(page.body.contains(&attribute));
    }
    Ok("asked")
}

/// The query of a browser that comes back from a logout, and a form that would carry it: one `state` of ours or none, and what stands
/// in the form is nothing but itself.
pub(crate) fn logout_response(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let to = HttpUrl::parse("https://as.example/end").unwrap();
    let page = html::posting(&text, &text, &to, [(&*text, &*text)]);
    prop_assert_eq!(page.body.matches("<script").count(), 1);
    prop_assert_eq!(page.body.matches("<form").count(), 1);
    prop_assert_eq!(page.body.matches("<input").count(), 1);
    let Some(state) = parse_response(&text) else { return Ok("refused") };
    let query = Query::parse(&text).unwrap();
    prop_assert_eq!(query.one("state"), Ok(Some(state.as_str())));
    Ok("back")
}

/// A `Host` header: it leads to the canonical origin or nowhere.
pub(crate) fn host(input: &[u8]) -> Fed {
    let config = upstreams();
    let text = String::from_utf8_lossy(input);
    let Some(instead) = config.origins.instead_of(&text) else { return Ok("stay") };
    prop_assert_eq!(instead, config.origins.canonical());
    prop_assert!(config.origins.iter().any(|origin| origin.as_str().ends_with(&*text)));
    Ok("moved")
}

/// Where a login returns to: a path of ours.
pub(crate) fn return_to(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    prop_assert!(!html::escape(&text).contains(['<', '>', '"', '\'']));
    let parsed = ReturnTo::parse(&text);
    let path = parsed.as_str();
    prop_assert!(path.starts_with('/') && !path.starts_with("//"));
    prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"'<>".contains(&byte)), "{}", path);
    let there = url::Url::parse("https://app.example").unwrap().join(path);
    prop_assert_eq!(there.unwrap().origin().ascii_serialization(), "https://app.example");
    let again = ReturnTo::parse(path);
    prop_assert_eq!(again.as_str(), path, "what was checked once is right twice");
    prop_assert_eq!(html::landing(&parsed).body.matches("<script").count(), 1);
    let of = ErrorPage { title: &text, message: &text, action: &text, href: path };
    let page = html::service_login(&of, &text, Some(&text));
    prop_assert_eq!(page.body.matches("<script").count(), 1);
    // Where apps are named, nowhere but to these.
    let app = "https://app.example.com";
    let origins = Origins::new(Origin::parse("https://auth.example.com").unwrap())
        .with_apps(vec![Origin::parse(app).unwrap()]);
    for text in [text.to_string(), format!("{app}{text}")] {
        let among = ReturnTo::parse_among(&text, &origins);
        prop_assert!(
            among.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"'<>".contains(&byte))
        );
        let there = url::Url::parse("https://auth.example.com").unwrap().join(among.as_str()).unwrap();
        prop_assert_eq!(
            there.origin().ascii_serialization(),
            among.app().unwrap_or("https://auth.example.com")
        );
        prop_assert!(among.app().is_none_or(|named| named == app));
        prop_assert_eq!(ReturnTo::parse_among(among.as_str(), &origins), among);
    }
    prop_assert!(html::login_path("demo", &parsed).starts_with("/auth/login?"));
    Ok(if path == "/" { "home" } else { "path" })
}

/// `METHOD /api/...?query`: it reaches a configured upstream below its path, or nothing.
pub(crate) fn call(input: &[u8]) -> Fed {
    let config = upstreams();
    let text = String::from_utf8_lossy(input);
    let (method, target) = text.split_once(' ').unwrap_or(("GET", &text));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    prop_assert_eq!(config.upstream(path).is_some(), ["orders", "all"].contains(&path));
    prop_assert!(config.provider(path).is_none() || path == "demo");
    prop_assert!(config.login_provider_named(path).is_none() || path == "demo");
    prop_assert!(config.linked_provider_named(path).is_none(), "the only provider is the login's");
    prop_assert_eq!(proxy::service(&config, path), None, "no upstream here is of a service");
    prop_assert_eq!(
        proxy::meant(method, query),
        if (method, query) == ("POST", Some("GET")) { "GET" } else { method }
    );
    let _asked = everlit_edge::people::Asked::of(method, path, query);
    let Ok(destination) = proxy::destination(&config, method, path, query) else { return Ok("refused") };
    prop_assert_eq!(proxy::Method::parse(method).map(proxy::Method::as_str), Some(method));
    prop_assert!(["GET", "HEAD"].contains(&method), "nothing else is configured");
    let url = destination.url;
    let parsed = url::Url::parse(&url).unwrap();
    let origin = parsed.origin().ascii_serialization();
    let below = match origin.as_str() {
        "https://orders.example" => parsed.path() == "/v1" || parsed.path().starts_with("/v1/"),
        "https://all.example" => true,
        _ => false,
    };
    prop_assert!(below, "{}", url);
    prop_assert_eq!(parsed.as_str(), &url, "a browser would go elsewhere");
    Ok("passed")
}

/// A header's name, its value, and a `Connection` header, a line each: what is ours stays here.
pub(crate) fn headers(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines();
    let (name, value, connection) =
        (lines.next().unwrap_or_default(), lines.next().unwrap_or_default(), lines.next());
    let request = proxy::RequestHeaders::new(connection);
    let response = proxy::ResponseHeaders::new(connection);
    let lower = name.to_ascii_lowercase();
    let secret =
        ["cookie", "authorization", "host", "connection", "set-cookie", "set-cookie2", "proxy-authorization"];
    if secret.contains(&lower.as_str()) || lower.starts_with("everlit-") {
        prop_assert!(!request.keeps(name) || lower.starts_with("set-cookie"), "{}", name);
        if lower != "host" && lower != "cookie" && lower != "authorization" && lower != "proxy-authorization"
        {
            prop_assert!(!response.keeps(name, value), "{}", name);
        }
    }
    Ok(match (request.keeps(name), response.keeps(name, value)) {
        (true, true) => "both",
        (true, false) => "request",
        (false, true) => "response",
        (false, false) => "neither",
    })
}

/// A URL or an origin: one spelling, which everybody else reads the same.
pub(crate) fn url(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    if let Some(origin) = Origin::parse(&text) {
        prop_assert_eq!(Origin::parse(origin.as_str()), Some(origin.clone()));
        prop_assert!(origin.is_trustworthy());
    }
    let Some(ours) = HttpUrl::parse(&text) else { return Ok("refused") };
    prop_assert_eq!(HttpUrl::parse(&ours.to_string()), Some(ours.clone()));
    prop_assert!(ours.path().starts_with('/') && !ours.origin().as_str().contains('@'));
    let theirs = url::Url::parse(&text);
    let theirs = theirs.map(|url| url.origin().ascii_serialization());
    prop_assert_eq!(theirs.ok(), Some(ours.origin().to_string()));
    Ok("accepted")
}
