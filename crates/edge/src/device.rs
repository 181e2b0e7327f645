//! What a session is called in a list of a user's sessions: by the browser that logged in.
//!
//! A `User-Agent` may say anything. What is made of it is one of a few words of ours, so that nothing of a stranger's is kept or shown.

use alloc::string::{String, ToString as _};

/// How much of it is read.
const MAX_READ: usize = 1_024;

/// The first that is found names the browser: what is built on another says that one's name, too.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Epiphany/", "GNOME Web"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

/// A label such as `Firefox on Linux`, from a `User-Agent` header; nothing where it says neither of both.
#[must_use]
pub fn label(user_agent: &str) -> Option<String> {
    let end = user_agent.char_indices().map(|(at, _)| at).find(|at| *at >= MAX_READ);
    let read = end.and_then(|end| user_agent.get(..end)).unwrap_or(user_agent);
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| read.contains(mark)).map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some([browser, " on ", system].concat()),
        (Some(name), None) | (None, Some(name)) => Some(name.to_string()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_by_their_names() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
                Some("Firefox on Linux"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                Some("Chrome on Windows"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
                Some("Edge on Windows"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                Some("Safari on macOS"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1",
                Some("Chrome on iPhone"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
                Some("Samsung Internet on Android"),
            ),
            ("Firefox/1", Some("Firefox")),
            ("X11", Some("Linux")),
            ("curl/8.0", None),
            ("", None),
        ] {
            assert_eq!(label(user_agent).as_deref(), expected, "{user_agent}");
        }
    }

    #[test]
    fn nothing_that_was_said_is_shown_and_a_long_one_is_cut() {
        let far = [&"é".repeat(MAX_READ), "Firefox/1"].concat();
        assert_eq!(label(&far), None);
        assert_eq!(label("<script>Firefox/1</script>\u{0}").as_deref(), Some("Firefox"));
    }
}
