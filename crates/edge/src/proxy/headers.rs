//! Which headers pass the proxy.

use alloc::string::String;
use alloc::vec::Vec;

use super::is_bearer_only;

/// Headers between two hops (RFC 9110, section 7.6.1, and those of old that are treated so).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Request headers that name the browser's own credentials or place, or that would talk the upstream into something.
const REQUEST: [&str; 27] = [
    // The session is ours, and the credential of the upstream is the access token, which the Worker puts in.
    "cookie",
    "cookie2",
    "authorization",
    "dpop",
    // Where the request was sent and comes from: the upstream's caller is the Worker.
    "host",
    "origin",
    "referer",
    "expect",
    "via",
    // Who the user is and where: a proxy must not pass on what it has not said itself (RFC 9700, section 4.13).
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "fastly-client-ip",
    "remote-user",
    "x-remote-user",
    "x-user",
    "x-username",
    "x-authenticated-user",
    // Another path or method than the one that was checked.
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-original-method",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Beginnings of request header names that are reserved for proxies, browsers and us.
const REQUEST_PREFIXES: [&str; 9] = [
    "everlit-",
    "sec-",
    "x-forwarded-",
    "x-auth-",
    "x-authenticated-",
    "x-remote-",
    "x-envoy-",
    "x-ms-client-",
    "cf-",
];

/// Response headers that would act on our whole origin and not on this answer.
const RESPONSE: [&str; 18] = [
    "set-cookie",
    "set-cookie2",
    "clear-site-data",
    "service-worker-allowed",
    "strict-transport-security",
    "public-key-pins",
    "expect-ct",
    "alt-svc",
    "nel",
    "report-to",
    "reporting-endpoints",
    "refresh",
    "sourcemap",
    "x-sourcemap",
    "origin-agent-cluster",
    // Between the Worker, which makes the proofs, and the upstream.
    "dpop-nonce",
    // Rewritten by `rewrite_location`, or dropped.
    "location",
    "content-location",
];

/// Beginnings of response header names that are not the upstream's to set: who may read our answers is not its business.
const RESPONSE_PREFIXES: [&str; 3] = ["everlit-", "access-control-", "cf-"];

/// Decides which request headers go to the upstream.
#[derive(Clone, Debug)]
pub struct RequestHeaders(Vec<String>);

impl RequestHeaders {
    /// For a request with this `Connection` header, whose names are dropped too.
    #[must_use]
    pub fn new(connection: Option<&str>) -> Self {
        Self(named(connection))
    }

    /// Whether a header is passed on.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        keeps(name, &REQUEST, &REQUEST_PREFIXES, &self.0)
    }
}

/// Decides which response headers go to the browser.
#[derive(Clone, Debug)]
pub struct ResponseHeaders(Vec<String>);

impl ResponseHeaders {
    /// For a response with this `Connection` header, whose names are dropped too.
    #[must_use]
    pub fn new(connection: Option<&str>) -> Self {
        Self(named(connection))
    }

    /// Whether a header is passed on.
    #[must_use]
    pub fn keeps(&self, name: &str, value: &str) -> bool {
        // A Basic challenge would open a password dialog in our name.
        if name.eq_ignore_ascii_case("www-authenticate") && !is_bearer_only(value) {
            return false;
        }
        keeps(name, &RESPONSE, &RESPONSE_PREFIXES, &self.0)
    }
}

/// The names that a `Connection` header lists.
fn named(connection: Option<&str>) -> Vec<String> {
    let names = connection.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    names.take(64).map(String::from).collect()
}

fn keeps(name: &str, dropped: &[&str], prefixes: &[&str], named: &[String]) -> bool {
    let begins = |with: &str| {
        name.len() >= with.len() && name.bytes().zip(with.bytes()).all(|(a, b)| folded(a) == folded(b))
    };
    let is = |other: &str| name.len() == other.len() && begins(other);
    !(HOP_BY_HOP.iter().chain(dropped).any(|other| is(other))
        || named.iter().any(|other| is(other))
        || prefixes.iter().any(|prefix| begins(prefix)))
}

/// Behind CGI and its heirs `X_Forwarded_User` arrives as the same variable as `X-Forwarded-User`.
const fn folded(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_identity_and_hops_do_not_reach_the_upstream() {
        let filter = RequestHeaders::new(Some("close, X-Trace , ,x-other"));
        for dropped in [
            "Cookie",
            "authorization",
            "DPoP",
            "Host",
            "Origin",
            "Referer",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Proxy-Authorization",
            "X-Trace",
            "x-other",
            "everlit-version",
            "Everlit-Anything",
            "Sec-Fetch-Site",
            "sec-ch-ua",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-User",
            "X-Real-IP",
            "x_forwarded_user",
            "Everlit_Version",
            "CF-Connecting-IP",
            "X-HTTP-Method-Override",
            "X-Original-URL",
        ] {
            assert!(!filter.keeps(dropped), "{dropped}");
        }
        for kept in [
            "Accept",
            "Content-Type",
            "accept-language",
            "If-None-Match",
            "Idempotency-Key",
            "X-Request-Id",
            "Range",
        ] {
            assert!(filter.keeps(kept), "{kept}");
        }
    }

    #[test]
    fn an_upstream_cannot_act_on_our_origin() {
        let filter = ResponseHeaders::new(Some("x-hop"));
        for dropped in [
            "Set-Cookie",
            "connection",
            "Transfer-Encoding",
            "x-hop",
            "everlit-code",
            "Access-Control-Allow-Origin",
            "Clear-Site-Data",
            "Strict-Transport-Security",
            "Service-Worker-Allowed",
            "Location",
            "Refresh",
        ] {
            assert!(!filter.keeps(dropped, "x"), "{dropped}");
        }
        for kept in [
            "Content-Type",
            "ETag",
            "cache-control",
            "Retry-After",
            "Content-Length",
            "Vary",
            "X-Total-Count",
        ] {
            assert!(filter.keeps(kept, "x"), "{kept}");
        }
        assert!(filter.keeps("WWW-Authenticate", "Bearer error=\"insufficient_scope\""));
        assert!(!filter.keeps("WWW-Authenticate", "Basic realm=\"x\""));
        assert!(!filter.keeps("WWW-Authenticate", "Bearer realm=\"x\", Basic realm=\"y\""));
    }
}
