//! From a path under `/api/` to a URL of an upstream.

use alloc::string::String;

use super::Method;
use crate::config::{Config, Mode, UpstreamConfig, VaultName};
use crate::query::hex;

/// The longest path and query that are forwarded together.
pub(crate) const MAX_TARGET: usize = 8 * 1_024;

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The upstream.
    pub upstream: &'a UpstreamConfig,
    /// The method, which the upstream allows.
    pub method: Method,
    /// The URL to call. Its host is that of the configuration, whatever the path was.
    pub url: String,
}

/// Why a call is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathRefusal {
    /// The path is not under `/api/{name}`, or no upstream has that name: 404.
    NoUpstream,
    /// The upstream does not allow the method: 405 with this `Allow`.
    Method {
        /// What it allows.
        allow: String,
    },
    /// The path could be read in two ways, or is too long: 400. The reason is for logs.
    Path(&'static str),
}

/// Finds the destination of a call.
///
/// `path` is the path of the request as it stands in its URL, still encoded; `query` is what follows the question mark.
///
/// # Errors
///
/// A [`PathRefusal`].
pub fn destination<'a>(
    config: &'a Config,
    method: &str,
    path: &str,
    query: Option<&str>,
) -> Result<Destination<'a>, PathRefusal> {
    let (name, rest) = named(path).ok_or(PathRefusal::NoUpstream)?;
    // What the browser calls by itself is not called through us.
    let upstream =
        config.upstream(name).filter(|upstream| upstream.mode == Mode::Bff).ok_or(PathRefusal::NoUpstream)?;
    let method = Method::parse(method)
        .filter(|method| upstream.methods.contains(method))
        .ok_or_else(|| PathRefusal::Method { allow: upstream.allow() })?;
    check(rest).map_err(PathRefusal::Path)?;
    if let Some(query) = query {
        check_query(query).map_err(PathRefusal::Path)?;
    }
    if path.len().saturating_add(query.map_or(0, str::len)) > MAX_TARGET {
        return Err(PathRefusal::Path("too long"));
    }
    // A slash always ends the authority: without it, a rest of `@evil.example` or `.evil.example` would become part of it.
    let rest = if upstream.path.is_empty() && rest.is_empty() { "/" } else { rest };
    let mut url = [upstream.origin.as_str(), &upstream.path, rest].concat();
    if let Some(query) = query {
        url.push('?');
        url.push_str(query);
    }
    Ok(Destination { upstream, method, url })
}

/// The name of an upstream in a path, and what follows it.
fn named(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/api/")?;
    rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))
}

/// The account of the operator's that a path leads to, if its upstream is called with the token of one.
#[must_use]
pub fn service<'a>(config: &'a Config, path: &str) -> Option<&'a str> {
    match &config.upstream(named(path)?.0)?.vault {
        VaultName::Service(service) => Some(service),
        VaultName::Login | VaultName::Linked(_) => None,
    }
}

/// The method that a browser's call to such an account means. No `fetch` sends a GET with a body, which one broker wants: that is said by
/// POST and a header. The services Worker refuses such a header wherever it means nothing, so that what is let through here is what is done.
#[must_use]
pub fn meant<'a>(method: &'a str, over: Option<&str>) -> &'a str {
    if method == "POST" && over == Some("GET") { "GET" } else { method }
}

/// Refuses what one server may read as a path and another as a way out of it.
pub(crate) fn check(rest: &str) -> Result<(), &'static str> {
    if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>?\\^`{|}".contains(&byte)) {
        return Err("a character that does not belong in a path");
    }
    if rest.contains("//") {
        return Err("an empty segment");
    }
    // `/..;x/` is `/../` to servers that know path parameters.
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if rest.split('/').any(dots) {
        return Err("a dot segment");
    }
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            continue;
        }
        let high = bytes.next().and_then(hex).ok_or("a broken escape")?;
        let low = bytes.next().and_then(hex).ok_or("a broken escape")?;
        match (high << 4) | low {
            0..=31 | 127 => return Err("an encoded control character"),
            b'/' | b'\\' | b'.' => return Err("an encoded slash, backslash or dot"),
            // `%252e` is a dot to a server that decodes twice.
            b'%' => return Err("an encoded percent sign"),
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn check_query(query: &str) -> Result<(), &'static str> {
    let plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if plain { Ok(()) } else { Err("a character that does not belong in a query") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;
    use alloc::string::ToString as _;

    fn config() -> Config {
        let variables = Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("PROVIDER_DEMO", r#"{"kind":"oidc","issuer":"https://as.example","client_id":"app"}"#)
            .text(
                "UPSTREAM_ORDERS",
                r#"{"origin":"https://orders.example","path":"/v1/","methods":["GET","POST"]}"#,
            )
            .text("UPSTREAM_DESK", r#"{"origin":"https://api.broker.example","vault":"service:breeze"}"#)
            .text("UPSTREAM_ALL", r#"{"origin":"https://all.example:8443"}"#)
            .secret("SECRET_SESSION_KEY")
            .secret("SECRET_DEMO_CLIENT_SECRET");
        Config::parse(&variables).unwrap()
    }

    fn url(path: &str, query: Option<&str>) -> Result<String, PathRefusal> {
        destination(&config(), "GET", path, query).map(|destination| destination.url)
    }

    #[test]
    fn a_call_goes_under_the_configured_path() {
        for (path, query, expected) in [
            ("/api/orders", None, "https://orders.example/v1"),
            ("/api/orders/", None, "https://orders.example/v1/"),
            (
                "/api/orders/7/items",
                Some("page=2&q=a%2Fb"),
                "https://orders.example/v1/7/items?page=2&q=a%2Fb",
            ),
            ("/api/orders/@evil.example", None, "https://orders.example/v1/@evil.example"),
            ("/api/orders/https:evil", Some(""), "https://orders.example/v1/https:evil?"),
            ("/api/orders/a%20b;c=1/x.json", None, "https://orders.example/v1/a%20b;c=1/x.json"),
            ("/api/orders/...", None, "https://orders.example/v1/..."),
            ("/api/all", None, "https://all.example:8443/"),
            ("/api/all/", None, "https://all.example:8443/"),
            ("/api/all/x", None, "https://all.example:8443/x"),
            ("/api/all/@evil.example", None, "https://all.example:8443/@evil.example"),
        ] {
            assert_eq!(url(path, query).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn an_upstream_may_be_of_an_account_of_the_operators() {
        for (path, expected) in [
            ("/api/desk", Some("breeze")),
            ("/api/desk/x", Some("breeze")),
            ("/api/breeze/x", None),
            ("/api/orders/x", None),
            ("/service/desk", None),
        ] {
            assert_eq!(service(&config(), path), expected, "{path}");
        }
        for (method, over, expected) in [
            ("POST", Some("GET"), "GET"),
            ("POST", None, "POST"),
            ("POST", Some("get"), "POST"),
            ("POST", Some("DELETE"), "POST"),
            ("PUT", Some("GET"), "PUT"),
            ("GET", Some("POST"), "GET"),
        ] {
            assert_eq!(meant(method, over), expected, "{method} {over:?}");
        }
    }

    #[test]
    fn a_path_with_two_readings_is_refused() {
        for rest in [
            "/..",
            "/../x",
            "/.",
            "/a/../b",
            "/a/..",
            "/..;/x",
            "/..;a=b/x",
            "/.;/x",
            "//evil.example",
            "/a//b",
            "/%2e%2e/x",
            "/%2E./x",
            "/.%2e/x",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5Cb",
            "/a%252fb",
            "/a%252e",
            "/a%00",
            "/a%0d%0ab",
            "/a%7f",
            "/a\\b",
            "/a b",
            "/a\tb",
            "/a\u{e9}",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a?b",
            "/a#b",
            "/a\"b",
            "/<a>",
        ] {
            let refusal = url(&alloc::format!("/api/orders{rest}"), None);
            assert!(matches!(refusal, Err(PathRefusal::Path(_))), "{rest} {refusal:?}");
        }
        assert!(matches!(url("/api/orders/a", Some("a#b")), Err(PathRefusal::Path(_))));
        assert!(matches!(url("/api/orders/a", Some("a b")), Err(PathRefusal::Path(_))));
        assert!(matches!(
            url(&alloc::format!("/api/orders/{}", "a".repeat(MAX_TARGET)), None),
            Err(PathRefusal::Path(_))
        ));
    }

    #[test]
    fn unknown_upstreams_and_methods_are_refused() {
        for path in [
            "/api/",
            "/api",
            "/api/none/x",
            "/api//orders",
            "/api/ORDERS",
            "/api/orders%2f..",
            "/api/..",
            "/auth/session",
            "/",
        ] {
            assert_eq!(url(path, None), Err(PathRefusal::NoUpstream), "{path}");
        }
        for method in ["DELETE", "get", "OPTIONS", "TRACE", "CONNECT", ""] {
            let refusal = destination(&config(), method, "/api/orders/7", None).err();
            assert_eq!(refusal, Some(PathRefusal::Method { allow: "GET, POST".to_string() }), "{method}");
        }
    }
}
