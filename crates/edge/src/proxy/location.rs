//! Redirects of an upstream, seen from the browser.

use alloc::string::String;

use super::path;
use crate::config::UpstreamConfig;
use crate::url::HttpUrl;

/// The path of ours that a `Location` of an upstream means, if it leads to the same upstream.
///
/// Anything else is dropped: the browser does not follow an upstream out of our origin (RFC 9700, section 4.11), and has no
/// token there anyway. Relative references other than an absolute path are not resolved, and dropped too.
#[must_use]
pub fn rewrite_location(upstream: &UpstreamConfig, location: &str) -> Option<String> {
    let absolute = if location.starts_with('/') && !location.starts_with("//") {
        alloc::format!("{}{location}", upstream.origin)
    } else {
        String::from(location)
    };
    let url = HttpUrl::parse(&absolute).filter(|url| *url.origin() == upstream.origin)?;
    let rest = url.path().strip_prefix(upstream.path.as_str())?;
    // `/v10` is not under `/v1`.
    let under = rest.is_empty() || rest.starts_with('/');
    // The browser would walk out by `..`, and by `%2e%2e` as well; what no call may be, no redirect leads to.
    let plain = path::check(rest).is_ok();
    let query = url.query().map(|query| alloc::format!("?{query}")).unwrap_or_default();
    (under && plain).then(|| alloc::format!("/api/{}{rest}{query}", upstream.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Mode, VaultName};
    use crate::proxy::Method;
    use crate::url::Origin;

    fn upstream(path: &str) -> UpstreamConfig {
        UpstreamConfig {
            name: "orders".into(),
            origin: Origin::parse("https://orders.example").unwrap(),
            path: path.into(),
            methods: alloc::vec![Method::Get],
            mode: Mode::Bff,
            wanted: None,
            vault: VaultName::Login,
        }
    }

    #[test]
    fn a_redirect_within_the_upstream_becomes_ours() {
        let rewrite = |location| rewrite_location(&upstream("/v1"), location);
        assert_eq!(rewrite("https://orders.example/v1/7?x=1").as_deref(), Some("/api/orders/7?x=1"));
        assert_eq!(rewrite("/v1/7").as_deref(), Some("/api/orders/7"));
        assert_eq!(rewrite("/v1").as_deref(), Some("/api/orders"));
        assert_eq!(rewrite_location(&upstream(""), "/").as_deref(), Some("/api/orders/"));
    }

    #[test]
    fn a_redirect_elsewhere_is_dropped() {
        for location in [
            "https://evil.example/v1/7",
            "http://orders.example/v1/7",
            "https://orders.example:8443/v1/7",
            "//evil.example/v1",
            "/v10",
            "/v2",
            "/v1/../admin",
            "/v1/%2e%2E/admin",
            "/v1/.%2e/admin",
            "/v1//evil.example/",
            "7",
            "",
            "javascript:alert(1)",
            "/v1/\r\nset-cookie: x",
        ] {
            assert_eq!(rewrite_location(&upstream("/v1"), location), None, "{location:?}");
        }
    }
}
