//! The cross-site rule: which requests may act in the name of the session cookie.
//!
//! The cookie is `SameSite=Strict`, and that is not enough: a page on a sibling subdomain, or on another port of
//! `localhost`, is same-site and sends it along. So a request must say that it comes from our own origin, in a header that
//! no page can set, and carry a header that a page can set only for its own origin.
//!
//! A deployment may name apps on sibling hosts ([`Origins::apps`]): these, and no other sibling, are let in by their `Origin`, and where
//! a page leads its browser to us, which carries none, by their `Referer`. Neither can be set by a page.

use crate::config::Origins;
use crate::url::Origin;

/// What the rule looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provenance<'a> {
    /// Whether the method is GET or HEAD.
    pub is_read: bool,
    /// The `Sec-Fetch-Site` header.
    pub sec_fetch_site: Option<&'a str>,
    /// The `Origin` header.
    pub origin: Option<&'a str>,
    /// The `everlit-version` header. Its value is the wire version; its presence is what no form, link or image of another
    /// site can achieve without being asked (a CORS preflight, which is granted to the apps that are named and to nobody else).
    pub version: Option<&'a str>,
}

/// The proof that a request comes from our own origin. Only [`check`], [`check_navigation`] and [`check_handshake`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the proof is what lets a handler touch the session"]
pub struct SameOrigin {
    version: u16,
}

impl SameOrigin {
    /// The wire version that the caller speaks; 0 if the header held none.
    #[must_use]
    pub const fn version(self) -> u16 {
        self.version
    }
}

/// Why a request was refused. For logs; the caller learns `cross_site` and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossSiteRefusal {
    /// `Sec-Fetch-Site` is there and is not `same-origin` (`same-site` is a sibling that is not named, `none` a navigation).
    FetchSite,
    /// `Sec-Fetch-Site` is missing, and `Origin` is not one of ours.
    Origin,
    /// Both are missing from a request that writes.
    NoProvenance,
    /// The custom header is missing.
    NoCustomHeader,
}

impl CrossSiteRefusal {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::FetchSite => "sec-fetch-site is not same-origin",
            Self::Origin => "origin is not ours",
            Self::NoProvenance => "neither sec-fetch-site nor origin",
            Self::NoCustomHeader => "the everlit-version header is missing",
        }
    }
}

/// Judges a request that the session cookie would authorize.
///
/// # Errors
///
/// A [`CrossSiteRefusal`]: answer 403 and touch nothing.
///
/// # Spec
///
/// [_RFC 10017 § 6.1.3.3_](https://www.rfc-editor.org/rfc/rfc10017.html#section-6.1.3.3): the backend must have a defence
/// against cross-site request forgery; where it rests on a custom header, that header is checked on every request.
pub fn check(request: &Provenance<'_>, origins: &Origins) -> Result<SameOrigin, CrossSiteRefusal> {
    match (request.sec_fetch_site, request.origin) {
        (Some("same-origin"), _) => {}
        (Some("same-site"), Some(origin)) if origins.app(origin).is_some() => {}
        (Some(_), _) => return Err(CrossSiteRefusal::FetchSite),
        (None, Some(origin)) if is_ours(origin, origins) => {}
        (None, Some(_)) => return Err(CrossSiteRefusal::Origin),
        // Browsers without Fetch Metadata send no Origin with a same-origin GET. The custom header has to do.
        (None, None) if request.is_read => {}
        (None, None) => return Err(CrossSiteRefusal::NoProvenance),
    }
    let version = request.version.ok_or(CrossSiteRefusal::NoCustomHeader)?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    Ok(SameOrigin { version: version.parse().ok().filter(|_| digits).unwrap_or(0) })
}

/// Judges a navigation that acts in the name of the session: a page of ours must have led its browser here, and a browser that does not
/// say who has is refused. It can carry no header of a page's own.
///
/// # Errors
///
/// A [`CrossSiteRefusal`]: answer 403 and lead nowhere.
pub fn check_navigation(
    sec_fetch_mode: Option<&str>,
    sec_fetch_site: Option<&str>,
    referer: Option<&str>,
    origins: &Origins,
) -> Result<SameOrigin, CrossSiteRefusal> {
    let is_ours = sec_fetch_site.is_some_and(|site| is_led_by_us(site, referer, origins));
    if is_ours && sec_fetch_mode == Some("navigate") {
        Ok(SameOrigin { version: 0 })
    } else {
        Err(CrossSiteRefusal::FetchSite)
    }
}

/// Judges the handshake of a WebSocket, which can carry no header of a page's own. `Origin` is always there (RFC 6455, section 4.1),
/// and no page can set it; Fetch Metadata is sent by some browsers only.
///
/// # Errors
///
/// A [`CrossSiteRefusal`]: answer 403 and open nothing.
pub fn check_handshake(
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    origins: &Origins,
) -> Result<SameOrigin, CrossSiteRefusal> {
    let is_app = || origin.is_some_and(|origin| origins.app(origin).is_some());
    if sec_fetch_site.is_some_and(|site| site != "same-origin" && !(site == "same-site" && is_app())) {
        return Err(CrossSiteRefusal::FetchSite);
    }
    if !origin.is_some_and(|origin| is_ours(origin, origins)) {
        return Err(CrossSiteRefusal::Origin);
    }
    Ok(SameOrigin { version: 0 })
}

fn is_ours(origin: &str, origins: &Origins) -> bool {
    origins.contains(origin) || origins.app(origin).is_some()
}

/// Whether a page of ours leads its browser here, in a window or a frame. Such a request has no `Origin`: of which sibling it comes only
/// `Referer` says, and one that says nothing is nobody's.
#[must_use]
pub fn is_led_by_us(sec_fetch_site: &str, referer: Option<&str>, origins: &Origins) -> bool {
    let is_of = |app: &Origin| referer?.strip_prefix(app.as_str()).filter(|rest| rest.starts_with('/'));
    sec_fetch_site == "same-origin"
        || sec_fetch_site == "same-site" && origins.apps().iter().any(|app| is_of(app).is_some())
}

/// The app on a sibling host that may read what this request is answered (CORS). None where it comes from our own origin, which needs no
/// leave, and none where a browser says that it is of another site.
#[must_use]
pub fn reader<'a>(
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    origins: &'a Origins,
) -> Option<&'a Origin> {
    origins.app(origin?).filter(|_| sec_fetch_site.is_none_or(|site| site == "same-site"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_needs_our_origin() {
        let ours = Origins::new(Origin::parse("https://app.example").unwrap());
        let judge = |site, origin| check_handshake(site, origin, &ours).map(SameOrigin::version);
        assert_eq!(judge(None, Some("https://app.example")), Ok(0));
        assert_eq!(judge(Some("same-origin"), Some("https://app.example")), Ok(0));
        for site in ["same-site", "cross-site", "none", ""] {
            let refused = judge(Some(site), Some("https://app.example"));
            assert_eq!(refused, Err(CrossSiteRefusal::FetchSite), "{site}");
        }
        for origin in
            [None, Some("null"), Some(""), Some("https://evil.example"), Some("https://app.example:444")]
        {
            assert_eq!(judge(None, origin), Err(CrossSiteRefusal::Origin), "{origin:?}");
            assert_eq!(judge(Some("same-origin"), origin), Err(CrossSiteRefusal::Origin), "{origin:?}");
        }
    }

    #[test]
    fn a_login_is_begun_by_a_page_of_ours_that_leads_there() {
        let ours = with_an_app();
        let judge = |mode, site, referer| check_navigation(mode, site, referer, &ours).is_ok();
        let app = Some("https://app.example.com/desk");
        assert!(judge(Some("navigate"), Some("same-origin"), None));
        assert!(judge(Some("navigate"), Some("same-site"), app));
        for (mode, site, referer) in [
            (Some("navigate"), Some("same-site"), None),
            (Some("navigate"), Some("same-site"), Some("https://evil.example.com/")),
            (Some("navigate"), Some("cross-site"), app),
            // Typed in by hand: a link in a mail looks the same.
            (Some("navigate"), Some("none"), None),
            (Some("navigate"), None, app),
            (Some("cors"), Some("same-origin"), None),
            (None, Some("same-origin"), None),
        ] {
            assert!(!judge(mode, site, referer), "{mode:?} {site:?} {referer:?}");
        }
    }

    fn judge(
        is_read: bool,
        sec_fetch_site: Option<&str>,
        origin: Option<&str>,
        version: Option<&str>,
    ) -> Result<u16, CrossSiteRefusal> {
        let ours = Origins::new(Origin::parse("https://app.example").unwrap());
        check(&Provenance { is_read, sec_fetch_site, origin, version }, &ours).map(SameOrigin::version)
    }

    #[test]
    fn our_own_pages_may() {
        assert_eq!(judge(false, Some("same-origin"), Some("https://app.example"), Some("1")), Ok(1));
        assert_eq!(judge(true, Some("same-origin"), None, Some("1")), Ok(1));
        assert_eq!(judge(false, None, Some("https://app.example"), Some("1")), Ok(1));
        assert_eq!(judge(true, None, None, Some("1")), Ok(1));
        assert_eq!(judge(true, None, None, Some("+1")), Ok(0));
        assert_eq!(judge(true, None, None, Some("99999999999")), Ok(0));
    }

    /// Our own origin, and an app beside it.
    fn with_an_app() -> Origins {
        let [ours, app] =
            ["https://auth.example.com", "https://app.example.com"].map(|text| Origin::parse(text).unwrap());
        Origins::new(ours).with_apps(alloc::vec![app])
    }

    const OTHERS: [&str; 8] = [
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil.example",
        "https://app.example.co",
        "https://APP.example.com",
        "null",
        "",
    ];

    #[test]
    fn an_app_that_is_named_may_and_no_other_sibling() {
        let judge = |is_read, sec_fetch_site, origin, version| {
            check(&Provenance { is_read, sec_fetch_site, origin, version }, &with_an_app())
                .map(SameOrigin::version)
        };
        let shake = |site, origin| check_handshake(site, origin, &with_an_app()).map(SameOrigin::version);
        let app = Some("https://app.example.com");
        for is_read in [true, false] {
            assert_eq!(judge(is_read, Some("same-site"), app, Some("1")), Ok(1));
            assert_eq!(judge(is_read, None, app, Some("1")), Ok(1));
            assert_eq!(judge(is_read, Some("same-site"), app, None), Err(CrossSiteRefusal::NoCustomHeader));
            for site in ["cross-site", "none", "", "Same-Site", "same-site, same-site"] {
                assert_eq!(
                    judge(is_read, Some(site), app, Some("1")),
                    Err(CrossSiteRefusal::FetchSite),
                    "{site}"
                );
                assert_eq!(shake(Some(site), app), Err(CrossSiteRefusal::FetchSite), "{site}");
            }
            // Our own origin is nobody's sibling.
            for other in OTHERS.into_iter().chain(["https://auth.example.com"]).map(Some).chain([None]) {
                assert_eq!(
                    judge(is_read, Some("same-site"), other, Some("1")),
                    Err(CrossSiteRefusal::FetchSite),
                    "{other:?}"
                );
                assert_eq!(shake(Some("same-site"), other), Err(CrossSiteRefusal::FetchSite), "{other:?}");
            }
            for other in OTHERS {
                assert_eq!(
                    judge(is_read, None, Some(other), Some("1")),
                    Err(CrossSiteRefusal::Origin),
                    "{other}"
                );
                assert_eq!(shake(None, Some(other)), Err(CrossSiteRefusal::Origin), "{other}");
            }
        }
        assert_eq!((shake(Some("same-site"), app), shake(None, app)), (Ok(0), Ok(0)));
    }

    #[test]
    fn a_page_leads_here_from_us_or_from_an_app_that_is_named() {
        let led = |site, referer| is_led_by_us(site, referer, &with_an_app());
        assert!(led("same-origin", None));
        assert!(
            led("same-site", Some("https://app.example.com/"))
                && led("same-site", Some("https://app.example.com/a?b"))
        );
        for referer in OTHERS.into_iter().chain([
            "https://app.example.com@evil.example/",
            "https://app.example.com",
            "/",
        ]) {
            assert!(!led("same-site", Some(referer)), "{referer}");
        }
        for site in ["cross-site", "none", ""] {
            assert!(!led(site, Some("https://app.example.com/")), "{site}");
        }
        assert!(!led("same-site", None));
    }

    #[test]
    fn only_an_app_that_is_named_may_read_answers() {
        let origins = with_an_app();
        let reads = |site, origin| reader(site, origin, &origins).map(Origin::as_str);
        let app = Some("https://app.example.com");
        assert_eq!((reads(Some("same-site"), app), reads(None, app)), (app, app));
        for site in ["cross-site", "none", "same-origin", ""] {
            assert_eq!(reads(Some(site), app), None, "{site}");
        }
        for other in OTHERS.into_iter().chain(["https://auth.example.com"]).map(Some).chain([None]) {
            assert_eq!((reads(Some("same-site"), other), reads(None, other)), (None, None), "{other:?}");
        }
    }

    #[test]
    fn nobody_else_may() {
        use CrossSiteRefusal::{FetchSite, NoCustomHeader, NoProvenance, Origin};
        for is_read in [true, false] {
            for site in ["same-site", "cross-site", "none", "", "Same-Origin", "same-origin, same-origin"] {
                assert_eq!(
                    judge(is_read, Some(site), Some("https://app.example"), Some("1")),
                    Err(FetchSite),
                    "{site}"
                );
            }
            for origin in [
                "https://evil.example",
                "null",
                "",
                "http://app.example",
                "https://app.example:444",
                "https://app.example.evil.example",
            ] {
                assert_eq!(judge(is_read, None, Some(origin), Some("1")), Err(Origin), "{origin}");
            }
            assert_eq!(judge(is_read, Some("same-origin"), None, None), Err(NoCustomHeader));
            assert_eq!(judge(is_read, None, Some("https://app.example"), None), Err(NoCustomHeader));
        }
        assert_eq!(judge(false, None, None, Some("1")), Err(NoProvenance));
        assert_eq!(judge(true, None, None, None), Err(NoCustomHeader));
    }
}
