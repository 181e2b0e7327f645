//! Where a login leads back to: a path of this origin, and nothing else.

use alloc::string::String;

use crate::query::push_escape;

/// The longest path that is kept; a longer one leads to `/`.
pub const MAX_RETURN_TO: usize = 2_048;

/// A path of our own origin, with query and fragment, fit for a header, an attribute and `location.replace`.
///
/// # Spec
///
/// [_RFC 9700 § 4.11.1_](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.11.1): a client must not be an open
/// redirector. So there is no way to make one from a URL: what is not plainly a path becomes `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The app's first page.
    #[must_use]
    pub fn root() -> Self {
        Self(String::from("/"))
    }

    /// Reads the decoded `return_to` parameter. Whatever could lead elsewhere, or back into the login, is `/`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::checked(text).unwrap_or_else(Self::root)
    }

    fn checked(text: &str) -> Option<Self> {
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
        if [("/auth", "/auth/"), ("/api", "/api/")]
            .iter()
            .any(|(bare, under)| path == *bare || path.starts_with(under))
            // A browser takes these out before it asks, and what is left may be any path: `/./auth/login` is `/auth/login`.
            || path.split('/').any(is_dot_segment)
        {
            return None;
        }
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_graphic() && !b"\"'<>`{|}^".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                push_escape(&mut encoded, byte);
            }
        }
        Some(Self(encoded))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

    proptest! {
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
