//! What an authorization server or an API sends.

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::base64url;
use everlit_edge::oauth::{
    self, HttpAnswer, KeptAnswer, MAX_RETRY_AFTER, RequestUri, RevocationAnswer, TokenAnswer,
    parse_retry_after,
};
use everlit_edge::oidc::{
    Algorithm, Expectation, Jwks, ProviderMetadata, discovery_url, parse_id_token, parse_logout_token,
};
use everlit_edge::{date, proxy};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use crate::inputs::upstreams;
use crate::parsers::Fed;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);
const ISSUER: &str = "https://as.example";

/// An answer over HTTP as the corpus writes it: a status, headers, an empty line, a body.
pub(crate) struct Http<'a> {
    pub(crate) status: u16,
    headers: Vec<(String, &'a str)>,
    pub(crate) body: &'a [u8],
}

impl<'a> Http<'a> {
    /// Whatever is not written so is the body of a JSON answer with status 200.
    pub(crate) fn read(input: &'a [u8]) -> Self {
        let whole =
            || Http { status: 200, headers: vec![("content-type".into(), "application/json")], body: input };
        let Some(end) = input.windows(2).position(|pair| pair == b"\n\n") else { return whole() };
        let Ok(head) = std::str::from_utf8(&input[..end]) else { return whole() };
        let (status, rest) = head.split_once('\n').unwrap_or((head, ""));
        let Ok(status) = status.parse() else { return whole() };
        let headers = rest.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Self { status, headers, body: &input[end + 2..] }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    pub(crate) fn answer<'b>(&'b self, body: &'b [u8]) -> HttpAnswer<'b> {
        HttpAnswer {
            status: self.status,
            content_type: self.header("content-type"),
            retry_after: self.header("retry-after"),
            date: self.header("date"),
            body,
            now: NOW,
        }
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body)).ok()
    }
}

/// The answer to a pushed authorization request: the name of what was pushed, or a reason.
pub(crate) fn pushed_answer(input: &[u8]) -> Fed {
    let http = Http::read(input);
    match RequestUri::read(&http.answer(http.body)) {
        Ok(request_uri) => {
            prop_assert!((200..300).contains(&http.status));
            let named = http.json().and_then(|json| Some(json.get("request_uri")?.as_str()?.to_owned()));
            prop_assert_eq!(Some(request_uri.as_str().to_owned()), named);
            prop_assert!(request_uri.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            Ok("pushed")
        }
        Err(error) => {
            prop_assert!(!error.reason.is_empty());
            Ok("refused")
        }
    }
}

pub(crate) fn page(body: &[u8]) -> Vec<u8> {
    [b"<!DOCTYPE html><html><body><pre>", body, b"</pre></body></html>"].concat()
}

/// The answer of a token endpoint: only a parsed `invalid_grant` is terminal.
pub(crate) fn token_answer(input: &[u8]) -> Fed {
    let http = Http::read(input);
    let answer = TokenAnswer::classify(&http.answer(http.body));
    let success = (200..300).contains(&http.status);
    match &answer {
        TokenAnswer::Granted(tokens) => {
            let json = http.json().unwrap_or_default();
            prop_assert!(success);
            prop_assert_eq!(json["access_token"].as_str(), Some(tokens.access_token.expose().as_str()));
            prop_assert!(tokens.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(tokens.expires_in > Millis::ZERO && tokens.expires_in <= oauth::expires_in::LONGEST);
            let refresh = tokens.refresh_token.as_ref().map(|token| token.expose().as_str());
            prop_assert_eq!(refresh, json["refresh_token"].as_str().filter(|text| !text.is_empty()));
        }
        TokenAnswer::Reauth { .. } => {
            prop_assert_eq!(&http.json().unwrap_or_default()["error"], "invalid_grant");
            prop_assert!(success || (400..500).contains(&http.status));
            prop_assert!(![408, 409, 429].contains(&http.status));
        }
        TokenAnswer::Misconfigured { .. } => {
            prop_assert!(http.json().is_some_and(|json| json.is_object()) && http.status < 500);
        }
        TokenAnswer::NotDone { .. } => {
            prop_assert_eq!(&http.json().unwrap_or_default()["error"], "use_dpop_nonce");
            prop_assert!((400..500).contains(&http.status));
            prop_assert!(oauth::wants_nonce(&http.answer(http.body)) || ![400, 401].contains(&http.status));
        }
        TokenAnswer::Unreadable { .. } => prop_assert!(success),
        TokenAnswer::Unusable { refresh_token, .. } => {
            let json = http.json().unwrap_or_default();
            prop_assert!(success);
            let refresh = refresh_token.as_ref().map(|token| token.expose().as_str());
            prop_assert_eq!(refresh, json["refresh_token"].as_str().filter(|text| !text.is_empty()));
        }
        TokenAnswer::Transient { retry_after, .. } | TokenAnswer::Throttled { retry_after, .. } => {
            prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
        }
    }
    // A page around it ends nothing and spends nothing, whatever it shows and whatever it is called.
    let wrapped = page(http.body);
    let called_a_page =
        HttpAnswer { content_type: Some("text/html; charset=utf-8"), ..http.answer(http.body) };
    for hidden in [http.answer(&wrapped), called_a_page] {
        let hidden = TokenAnswer::classify(&hidden);
        let harmless = matches!(hidden, TokenAnswer::Transient { .. } | TokenAnswer::Throttled { .. });
        prop_assert!(harmless, "{:?}", hidden);
    }
    // Nor does an answer that was cut. One with a brace too many would be whole then.
    let cut = http.body.trim_ascii_end();
    if cut.last() == Some(&b'}') && http.json().is_some() {
        let cut = TokenAnswer::classify(&http.answer(&cut[..cut.len() - 1]));
        let harmless = !matches!(
            cut,
            TokenAnswer::Granted(_) | TokenAnswer::Reauth { .. } | TokenAnswer::Misconfigured { .. }
        );
        prop_assert!(harmless, "{:?}", cut);
    }
    // And what the escrow keeps of it is all that the vault decides by.
    let kept = KeptAnswer { answer: answer.clone().into(), received_at: NOW, unbound: answer.is_bearer() };
    prop_assert_eq!(KeptAnswer::decode(kept.encode().expose()), Ok(kept));
    Ok(answer.class())
}

/// The answer of a revocation endpoint: what is no answer never ends the attempts.
pub(crate) fn revocation_answer(input: &[u8]) -> Fed {
    let http = Http::read(input);
    let wrapped = page(http.body);
    let hidden = RevocationAnswer::classify(&http.answer(&wrapped));
    let refused = matches!(hidden, RevocationAnswer::Refused { .. });
    prop_assert!(!refused, "a page refuses nothing");
    match RevocationAnswer::classify(&http.answer(http.body)) {
        RevocationAnswer::Revoked => {
            prop_assert!(http.status < 500);
            Ok("revoked")
        }
        RevocationAnswer::Retry { retry_after, .. } => {
            prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
            Ok("retry")
        }
        RevocationAnswer::Refused { .. } => {
            prop_assert!((400..500).contains(&http.status) && http.json().is_some());
            Ok("refused")
        }
    }
}

/// The lifetime in a token answer: always a usable one.
pub(crate) fn expires_in(input: &[u8]) -> Fed {
    let value: Option<Value> = serde_json::from_slice(input).ok();
    let (length, note) = oauth::expires_in::parse_expires_in(value.as_ref());
    prop_assert!(length > Millis::ZERO && length <= oauth::expires_in::LONGEST);
    Ok(if note.is_none() { "said" } else { "guessed" })
}

/// `Retry-After`, and a `Date` in the second line: never longer than the cap.
pub(crate) fn retry_after(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let (header, server) = text.split_once('\n').unwrap_or((&text, ""));
    let wait = parse_retry_after(Some(header), Some(server), NOW);
    prop_assert!(wait.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
    if let Some(at) = date::parse_http_date(header) {
        prop_assert!(at.as_millis() < 253_402_300_800_000, "after the year 9999");
        prop_assert!(wait.is_some());
    }
    Ok(if wait.is_some() { "wait" } else { "nothing" })
}

/// An ID Token: three parts, signed by an algorithm that we know.
pub(crate) fn id_token(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let Ok(token) = parse_id_token(&text) else { return Ok("refused") };
    let parts: Vec<&str> = text.split('.').collect();
    prop_assert_eq!(parts.len(), 3);
    let signed = [parts[0], ".", parts[1]].concat();
    prop_assert_eq!(token.signing_input(), signed.as_bytes());
    prop_assert_eq!(base64url::encode(token.signature()), parts[2]);
    let header: Value =
        serde_json::from_slice(&base64url::decode(parts[0]).unwrap_or_default()).unwrap_or_default();
    let alg = header["alg"].as_str().unwrap_or_default();
    prop_assert_eq!(Algorithm::parse(alg), Some(token.algorithm()));
    prop_assert!(alg != "none" && !alg.starts_with("HS") && header.get("crit").is_none());
    Ok("accepted")
}

/// A Logout Token: of the issuer that was asked, for us, with the event, and no ID Token.
pub(crate) fn logout_token(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let Ok(token) = parse_logout_token(&text) else { return Ok("refused") };
    let keys = br#"{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},
        {"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#;
    let keys = Jwks::parse(keys).unwrap_or_default();
    let Some(key) = keys.keys().iter().find(|key| token.clone().verified_by(key, true).is_ok()) else {
        return Err(TestCaseError::fail("an algorithm without a key"));
    };
    prop_assert!(token.clone().verified_by(key, false).is_err());
    let issuer = token.issuer().map(str::to_owned);
    let now = Timestamp::from_millis(1_790_000_000_000);
    let expected =
        Expectation { issuer: ISSUER, client_id: "app", nonce: None, now, leeway: Expectation::LEEWAY };
    let order = token.verified_by(key, true).and_then(|verified| verified.validate(&expected));
    let Ok(order) = order else { return Ok("unfit") };
    let payload = text.split('.').nth(1).and_then(base64url::decode).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
    prop_assert_eq!(issuer.as_deref(), Some(ISSUER));
    prop_assert!(claims.get("nonce").is_none() && claims["events"].is_object());
    prop_assert!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()));
    let named = claims.get("sid").or_else(|| claims.get("sub")).and_then(Value::as_str);
    prop_assert_eq!(named, Some(order.value.as_str()));
    prop_assert!(order.note.until <= now.after(Millis::from_days(2)), "it is not remembered for good");
    Ok("accepted")
}

/// A key set: a bounded number of public keys.
pub(crate) fn jwks(input: &[u8]) -> Fed {
    let Ok(keys) = Jwks::parse(input) else { return Ok("refused") };
    prop_assert!(keys.keys().len() <= 64);
    for key in keys.keys() {
        let json: Value = serde_json::from_str(&key.public_json()).unwrap_or_default();
        prop_assert!(["RSA", "EC", "OKP"].contains(&json["kty"].as_str().unwrap_or_default()));
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            prop_assert!(json.get(private).is_none(), "{} is private", private);
        }
    }
    Ok(if keys.keys().is_empty() { "empty" } else { "accepted" })
}

/// A discovery document: of the issuer that was asked, with endpoints that are encrypted or our own machine's.
pub(crate) fn metadata(input: &[u8]) -> Fed {
    prop_assert!(discovery_url(ISSUER).starts_with(ISSUER));
    let Ok(metadata) = ProviderMetadata::parse(input, ISSUER) else { return Ok("refused") };
    prop_assert_eq!(&metadata.issuer, ISSUER);
    let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
    for endpoint in endpoints.into_iter().chain(&metadata.revocation_endpoint) {
        prop_assert!(endpoint.origin().is_trustworthy(), "{}", endpoint);
    }
    prop_assert!(ProviderMetadata::parse(input, "https://other.example").is_err());
    Ok("accepted")
}

/// `WWW-Authenticate`: an expiry is a 401 that says so.
pub(crate) fn challenge(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    for status in [200, 400, 403, 500] {
        prop_assert!(!proxy::is_access_expired(status, Some(&text)));
    }
    let expired = proxy::is_access_expired(401, Some(&text));
    if proxy::is_nonce_wanted(401, Some(&text)) {
        prop_assert!(text.contains("use_dpop_nonce") && text.to_ascii_lowercase().contains("dpop"));
    }
    if expired {
        prop_assert!(text.contains("invalid_token") && text.to_ascii_lowercase().contains("error"));
    }
    if proxy::is_bearer_only(&text) {
        let lower = text.trim_start_matches([' ', '\t', ',']).to_ascii_lowercase();
        prop_assert!(lower.starts_with("bearer") || lower.starts_with("dpop"));
    }
    Ok(if expired { "expired" } else { "other" })
}

/// `Location` of an upstream's redirect: it leads back to that upstream or is not followed.
pub(crate) fn location(input: &[u8]) -> Fed {
    let config = upstreams();
    let text = String::from_utf8_lossy(input);
    let Some(path) = proxy::rewrite_location(config.upstream("orders").unwrap(), &text) else {
        return Ok("dropped");
    };
    prop_assert!(
        path == "/api/orders" || path.starts_with("/api/orders/") || path.starts_with("/api/orders?"),
        "{}",
        path
    );
    prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{}", path);
    // Where a browser would go is still below the upstream, and a call that may be made.
    let there = url::Url::parse("https://app.example").unwrap().join(&path).unwrap();
    prop_assert_eq!(there.origin().ascii_serialization(), "https://app.example");
    prop_assert!(there.path() == "/api/orders" || there.path().starts_with("/api/orders/"), "{}", there);
    if path.len() < 4_096 {
        prop_assert!(proxy::destination(&config, "GET", there.path(), there.query()).is_ok(), "{}", there);
    }
    Ok("rewritten")
}
