//! Origins and `http(s)` URLs, as strict as a configuration can afford.
//!
//! This is not the WHATWG parser, on purpose: it accepts the plain spelling of a URL and refuses every other one (userinfo,
//! fragments, backslashes, upper case hosts, odd ports), so that what is compared and what is fetched are the same text.

use alloc::string::String;
use core::fmt;

/// The longest origin: a name in the DNS has 253 characters at most.
const MAX_ORIGIN: usize = 255;
/// The longest URL that is looked at.
const MAX_URL: usize = 2_048;

/// A web origin: scheme, host and port, in its one spelling (`https://app.example`, without the scheme's own port).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    secure: bool,
    loopback: bool,
}

impl Origin {
    /// Reads `https://host[:port]`, or `http://` where the host is a loopback host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (origin, rest) = Self::split(text).filter(|_| text.len() <= MAX_ORIGIN)?;
        rest.is_empty().then_some(origin).filter(Self::is_trustworthy)
    }

    /// Reads the origin at the start of a URL and returns what follows it.
    fn split(text: &str) -> Option<(Self, &str)> {
        if text.len() > MAX_URL {
            return None;
        }
        let (secure, after) = if let Some(after) = text.strip_prefix("https://") {
            (true, after)
        } else {
            (false, text.strip_prefix("http://")?)
        };
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end)?;
        let (host, port) = split_port(authority)?;
        let loopback = host_kind(host)?;
        let default_port = if secure { 443 } else { 80 };
        let scheme = if secure { "https" } else { "http" };
        let text = match port.filter(|port| *port != default_port) {
            Some(port) => alloc::format!("{scheme}://{host}:{port}"),
            None => alloc::format!("{scheme}://{host}"),
        };
        Some((Self { text, secure, loopback }, rest))
    }

    /// The origin as a browser writes it in the `Origin` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, with its port where that is not the scheme's own.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, host)| host)
    }

    /// Whether scheme and host are the same, whatever the ports: then both are of one site, whichever suffixes are public.
    #[must_use]
    pub fn is_same_host(&self, other: &Self) -> bool {
        let name = |origin: &Self| split_port(origin.host()).map(|(name, _)| String::from(name));
        self.secure == other.secure && name(self) == name(other)
    }

    /// Whether both may be of one site: the same scheme, and the same host or the same last two labels. Which suffixes are public only
    /// a browser knows; it has the last word, and says `cross-site` where this is too kind. An address has no suffix: it is a site.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let site = |origin: &Self| {
            let name = split_port(origin.host()).map_or("", |(name, _)| name);
            let dot = name.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot);
            let dot = if is_numeric(name) { 0 } else { dot };
            name.split_at_checked(dot).map(|(_, site)| String::from(site.trim_start_matches('.')))
        };
        self.secure == other.secure && site(self) == site(other)
    }

    /// Whether the host is this machine: `localhost`, a name under it, `127.0.0.0/8` or `[::1]`.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether what travels there is encrypted, or does not travel.
    #[must_use]
    pub const fn is_trustworthy(&self) -> bool {
        self.secure || self.loopback
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An absolute URL without userinfo and fragment: https, or http on a loopback host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpUrl {
    origin: Origin,
    /// What follows the origin: empty, or it begins with `/` or `?`.
    rest: String,
}

impl HttpUrl {
    /// Reads a URL; nothing if it is relative, carries userinfo or a fragment, or goes unencrypted over a network.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (origin, rest) = Origin::split(text)?;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
        (origin.is_trustworthy() && rest.bytes().all(plain)).then(|| Self { origin, rest: rest.into() })
    }

    /// Its origin.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path, `/` at least, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.rest.split_once('?').map_or(self.rest.as_str(), |(path, _)| path);
        if path.is_empty() { "/" } else { path }
    }

    /// The query, if there is a question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.rest.split_once('?').map(|(_, query)| query)
    }

    /// It, with more in its query: what it has already is kept (RFC 6749, section 3.1).
    #[must_use]
    pub(crate) fn with_query(&self, query: &str) -> String {
        let separator = match self.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        alloc::format!("{self}{separator}{query}")
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.rest)
    }
}

/// Host and port of an authority. Userinfo falls to the host's own characters: `@` is none of them.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at.saturating_add(1));
    let (_, tail) = authority.split_at_checked(after_bracket)?;
    let Some(colon) = tail.find(':') else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at_checked(after_bracket.saturating_add(colon))?;
    let digits = port.strip_prefix(':')?;
    // `u16::from_str` takes a plus sign, and zeros in front make a second spelling.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain).map(|port| (host, Some(port)))
}

/// Whether a host is loopback; nothing if it is not a host.
fn host_kind(host: &str) -> Option<bool> {
    // The one IPv6 address that anybody writes into a configuration.
    if host == "[::1]" {
        return Some(true);
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if !host.split('.').all(label) {
        return None;
    }
    // A browser reads a last label of digits as an IPv4 address in one of many spellings; only the usual one is taken.
    if is_numeric(host) {
        return host.parse::<core::net::Ipv4Addr>().ok().map(|address| address.is_loopback());
    }
    Some(host == "localhost" || host.ends_with(".localhost"))
}

/// Whether a host is an IPv4 address, as browsers see it.
fn is_numeric(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, canonical) in [
            ("https://app.example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("https://app.example:8443", "https://app.example:8443"),
            ("http://localhost:8787", "http://localhost:8787"),
            ("http://shop.localhost", "http://shop.localhost"),
            ("http://127.0.0.2:80", "http://127.0.0.2"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("https://192.0.2.1:1", "https://192.0.2.1:1"),
        ] {
            assert_eq!(Origin::parse(text).map(|o| o.to_string()).as_deref(), Some(canonical), "{text}");
        }
        for wrong in [
            "",
            "app.example",
            "ftp://app.example",
            "HTTPS://app.example",
            "https://App.example",
            "https://app.example/",
            "https://app.example?x",
            "https://app.example#x",
            "https://user@app.example",
            "https://user:pass@app.example",
            "https://app.example:",
            "https://app.example:0",
            "https://app.example:0443",
            "https://app.example:+443",
            "https://app.example:65536",
            "https://app..example",
            "https://-app.example",
            "https://app.example.",
            "https://app_.example",
            "https://bücher.example",
            "https://app.example\\",
            "https:// app.example",
            "https://127.1",
            "https://0x7f000001",
            "https://1",
            "https://[::1",
            "https://[::1]x",
            "https://[::g]",
            "http://app.example",
            "http://localhost.example",
            "http://128.0.0.1",
            "http://[::2]",
            "https://[2001:db8::1]",
        ] {
            assert_eq!(Origin::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_url_keeps_its_text_and_knows_its_parts() {
        let url = HttpUrl::parse("https://as.example/oauth/token?tenant=a/b").unwrap();
        assert_eq!(url.to_string(), "https://as.example/oauth/token?tenant=a/b");
        assert_eq!((url.path(), url.query()), ("/oauth/token", Some("tenant=a/b")));
        let bare = HttpUrl::parse("http://127.0.0.1:9000").unwrap();
        assert_eq!((bare.path(), bare.query()), ("/", None));
        for wrong in [
            "/relative",
            "//as.example/x",
            "https://as.example/#f",
            "https://as.example/a b",
            "https://as.example/a\\b",
            "https://as.example/\u{e9}",
            "https://as.example/\n",
            "https://a@as.example/",
            "http://as.example/",
        ] {
            assert_eq!(HttpUrl::parse(wrong), None, "{wrong}");
        }
    }
}
