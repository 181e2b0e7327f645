//! Where a login leads back to: a path of this origin, or an address of an app on a sibling host that is configured, and nothing else.

use alloc::string::String;

use crate::config::Origins;
use crate::query::push_escape;
use crate::url::Origin;

/// The longest path that is kept; a longer one leads to `/`.
pub const MAX_RETURN_TO: usize = 2_048;

/// A path of our own origin, or an address of an app beside it, with query and fragment, fit for a header, an attribute and
/// `location.replace`.
///
/// # Spec
///
/// [_RFC 9700 § 4.11.1_](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.11.1): a client must not be an open
/// redirector. So there is no way to make one from a URL of any other origin than those: what is not plainly a path of one becomes `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The app's first page.
    #[must_use]
    pub fn root() -> Self {
        Self(String::from("/"))
    }

    /// Reads a path of our own origin. Whatever could lead elsewhere, or back into the login, is `/`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::checked(text, "").unwrap_or_else(Self::root)
    }

    /// Reads the decoded `return_to` parameter: a path of our own origin, or an address of it or of an app beside it. An origin is one of
    /// them to the letter, and a path follows it.
    #[must_use]
    pub fn parse_among(text: &str, origins: &Origins) -> Self {
        let of = |origin: &Origin| text.strip_prefix(origin.as_str()).filter(|path| path.starts_with('/'));
        if let Some((app, path)) = origins.apps().iter().find_map(|app| Some((app, of(app)?))) {
            return Self::checked(path, app.as_str()).unwrap_or_else(Self::root);
        }
        Self::parse(origins.iter().find_map(of).unwrap_or(text))
    }

    /// A path of `app`, or of our own origin where that is nothing.
    fn checked(text: &str, app: &str) -> Option<Self> {
        // Browsers read a backslash as a slash and drop tabs and line ends before they parse, so `/\evil` and `/<TAB>/evil`
        // are `//evil`: none of these characters is let through anywhere.
        let hostile = |c: char| c == '\\' || c.is_control();
        if text.len() > MAX_RETURN_TO
            || !text.starts_with('/')
            || text.starts_with("//")
            || text.contains(hostile)
        {
            return None;
        }
        let path_end = text.find(['?', '#']).unwrap_or(text.len());
        let (path, _) = text.split_at_checked(path_end)?;
        let is_ours = |(bare, under): &(&str, &str)| path == *bare || path.starts_with(under);
        // What an app has there is its own.
        if app.is_empty() && [("/auth", "/auth/"), ("/api", "/api/")].iter().any(is_ours)
            // A browser takes these out before it asks, and what is left may be any path: `/./auth/login` is `/auth/login`.
            || path.split('/').any(is_dot_segment)
        {
            return None;
        }
        let mut encoded = String::from(app);
        for byte in text.bytes() {
            if byte.is_ascii_graphic() && !b"\"'<>`{|}^".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                push_escape(&mut encoded, byte);
            }
        }
        Some(Self(encoded))
    }

    /// The path, or the whole address where that is an app's.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of the app that it is of; nothing where it is ours.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        let (scheme, rest) = self.0.split_once("://").filter(|_| !self.0.starts_with('/'))?;
        let host = rest.find('/')?;
        self.0.get(..scheme.len().saturating_add(3).saturating_add(host))
    }
}

/// `.` or `..`, or one of the ways to write them that browsers read alike (URL Standard, "path state").
fn is_dot_segment(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    dots == "." || dots == ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_of_ours_is_kept() {
        for path in [
            "/",
            "/x?y#z",
            "/orders/7?tab=open&u=https://a.example//b",
            "/a//b",
            "/@x",
            "/authors",
            "/apis?x",
            "/.well-known/x",
            "/a.b/..c/%2e%2e%2e",
            "/x?next=/../auth#/./api/",
        ] {
            assert_eq!(ReturnTo::parse(path).as_str(), path);
        }
        assert_eq!(ReturnTo::parse("/b\u{fc}cher \"x\"").as_str(), "/b%C3%BCcher%20%22x%22");
    }

    #[test]
    fn everything_else_leads_to_the_first_page() {
        for hostile in [
            "",
            "x",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a\\b",
            "/a\r\nset-cookie: x",
            " /x",
            "javascript:alert(1)",
            "/auth/login?return_to=/",
            "/auth",
            "/api/orders",
            "/auth#x",
            "/a\u{0}",
            "/a\u{85}",
            "/./auth/login",
            "/x/../api/orders",
            "/x/..",
            "/.",
            "/%2e/auth/login",
            "/x/%2E%2e/api/orders",
            "/x/.%2E/auth",
            "/x/%2e./auth",
            "/.//evil.example",
        ] {
            assert_eq!(ReturnTo::parse(hostile).as_str(), "/", "{hostile:?}");
        }
        assert_eq!(ReturnTo::parse(&alloc::format!("/{}", "a".repeat(MAX_RETURN_TO))).as_str(), "/");
    }

    fn with_an_app() -> Origins {
        let [ours, app] = ["https://auth.example.com", "https://app.example.com:8443"]
            .map(|text| Origin::parse(text).unwrap());
        Origins::new(ours).with_apps(alloc::vec![app])
    }

    #[test]
    fn an_address_of_an_app_that_is_configured_is_kept() {
        for (text, kept, app) in [
            (
                "https://app.example.com:8443/",
                "https://app.example.com:8443/",
                Some("https://app.example.com:8443"),
            ),
            (
                "https://app.example.com:8443/x?y=a://b#z \"",
                "https://app.example.com:8443/x?y=a://b#z%20%22",
                Some("https://app.example.com:8443"),
            ),
            // What the app has below these is its own.
            (
                "https://app.example.com:8443/auth/done",
                "https://app.example.com:8443/auth/done",
                Some("https://app.example.com:8443"),
            ),
            ("/x?y=https://app.example.com:8443/", "/x?y=https://app.example.com:8443/", None),
            ("https://auth.example.com/x", "/x", None),
        ] {
            let read = ReturnTo::parse_among(text, &with_an_app());
            assert_eq!((read.as_str(), read.app()), (kept, app));
            // What was kept is read again when it is used.
            assert_eq!(ReturnTo::parse_among(kept, &with_an_app()), read);
            assert_eq!(
                read.app().is_some(),
                ReturnTo::parse(text).as_str() != kept && text != "https://auth.example.com/x"
            );
        }
    }

    #[test]
    fn an_address_of_any_other_origin_leads_to_the_first_page() {
        for hostile in [
            "https://evil.example/",
            "https://app.example.com:8443",
            "https://app.example.com:8443.evil.example/",
            "https://app.example.com:8443@evil.example/",
            "https://app.example.com:84433/",
            "https://app.example.com/",
            "http://app.example.com:8443/",
            "HTTPS://app.example.com:8443/",
            "//app.example.com:8443/",
            "https://app.example.com:8443\\@evil.example/",
            "https://app.example.com:8443//evil.example",
            "https://app.example.com:8443/\t/evil.example",
            "https://app.example.com:8443/a\r\nset-cookie: x",
            "https://app.example.com:8443/a/../b",
            "https://auth.example.com/auth/login?return_to=/",
            "https://auth.example.com//evil.example",
            "https://auth.example.com.evil.example/",
            "null",
        ] {
            assert_eq!(ReturnTo::parse_among(hostile, &with_an_app()).as_str(), "/", "{hostile:?}");
        }
    }

    proptest! {
        #[test]
        fn a_browser_finds_an_app_where_it_says(text in "(https://(app|auth)\\.example\\.com(:8443)?)?(/|\\.|%2[eE]|auth|@|[a-z?#:\\\\\t]|\\PC){0,24}") {
            let kept = ReturnTo::parse_among(&text, &with_an_app());
            let url = url::Url::parse("https://auth.example.com/auth/callback/demo").unwrap().join(kept.as_str()).unwrap();
            let expected = kept.app().unwrap_or("https://auth.example.com");
            prop_assert_eq!(url.origin().ascii_serialization(), expected);
            prop_assert!(kept.app().is_none_or(|app| app == "https://app.example.com:8443"));
        }

        #[test]
        fn a_browser_finds_it_where_it_says(text in "(/|\\.|%2[eE]|auth|api|login|[a-z?#@:%\\\\\t]|\\PC){0,24}") {
            let text = alloc::format!("/{text}");
            let kept = ReturnTo::parse(&text);
            let url = url::Url::parse("https://app.example/auth/callback/demo").unwrap().join(kept.as_str()).unwrap();
            prop_assert_eq!(url.origin().ascii_serialization(), "https://app.example");
            let path = kept.as_str().split(['?', '#']).next().unwrap();
            prop_assert_eq!(url.path(), path, "nothing is resolved any more");
            for ours in ["auth", "api"] {
                prop_assert_ne!(url.path().split('/').nth(1), Some(ours));
            }
        }
    }
}
