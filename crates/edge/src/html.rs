//! The pages that the Worker itself shows: where a login lands, where it failed, and where one ends that nobody saw.
//!
//! All are static but for escaped text in fixed places. Script and style are constants, allowed by their hash and by
//! nothing else, so that even a hole in the escaping runs no script.

use alloc::string::{String, ToString as _};

use sha2::{Digest as _, Sha256};

use crate::base64url::encode_classic;
use crate::provider::supabase::login::Form;
use crate::return_to::ReturnTo;
use crate::silent::{Ending, Silent};
use crate::url::HttpUrl;

/// Replaces the landing page by the page the user came from. `replace` leaves no entry behind that would spend the code
/// again when the user goes back. In a popup of the app's it tells its opener instead, which closes it; one that has gone elsewhere does not.
const SCRIPT: &str = "const{href,origin}=document.getElementById('go'),go=()=>location.replace(href);\
if(name==='everlit popup'&&opener){opener.postMessage(name,origin);setTimeout(go,2e3)}else go()";

/// Tells the tab how its silent re-login ended: on the channel that tabs share, as a popup's opener may be out of reach, and directly,
/// which is the only way to an app on a sibling host. A popup closes itself, after what it said has left.
const TELL: &str = "const{relogin,outcome,via,app}=document.currentScript.dataset,told={everlit:1,relogin,outcome};\
try{const channel=new BroadcastChannel('everlit 1 relogin');channel.postMessage(told);channel.close()}catch{}\
try{(opener??parent).postMessage(told,app||location.origin)}catch{}\
if(via==='popup')setTimeout(close,50)";

/// Tells the tabs what became of an operator's login, for which their calls wait. A popup of the app's closes itself, after what it said
/// has left; any other window stays, and can be read.
const TELL_TABS: &str = "const{vault,kind,says}=document.currentScript.dataset;\
try{const channel=new BroadcastChannel('everlit-reauth');channel.postMessage(says?{v:1,vault,kind,says}:{v:1,vault,kind});channel.close()}catch{}\
if(name==='everlit popup')setTimeout(close,50)";

/// What a login has brought to this address is of no use any more: it goes from the address bar, and from what the browser remembers.
const FORGET: &str =
    "if(location.pathname.includes('/callback'))history.replaceState(null,'',location.pathname)";

/// Sends the form of the page.
const SEND: &str = "document.forms[0].submit()";

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1d1b18;--soft:#6b655c;--paper:#faf8f4;--card:#fff;--line:#e6e0d6;--lit:#b4560b}\
@media(prefers-color-scheme:dark){:root{--ink:#f2eee7;--soft:#a79f93;--paper:#161412;--card:#201d1a;--line:#383229;--lit:#f0a04b}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
main{max-width:28rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}\
h1{margin:0 0 .5rem;font-size:1.25rem;line-height:1.3}\
p{margin:0 0 1.25rem;color:var(--soft)}\
a,button{display:inline-block;padding:.5rem 1rem;border:0;border-radius:.5rem;background:var(--lit);color:var(--card);font:inherit;font-weight:600;text-decoration:none}\
label{display:block;margin:0 0 1rem}input{display:block;width:100%;margin-top:.25rem;padding:.5rem;border:1px solid var(--line);border-radius:.5rem;background:var(--paper);color:inherit;font:inherit}\
form button,form+a{margin:0 .5rem .5rem 0}p[role]{color:var(--ink);font-weight:600}\
:focus-visible{outline:3px solid var(--ink);outline-offset:2px}";

/// A page, with the policy it must be served under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The document.
    pub body: String,
    /// Its `Content-Security-Policy`.
    pub content_security_policy: String,
    /// Whether a page of our own, or of an app beside us, may show it in a frame: whose, the policy says, which every browser that knows
    /// `frame-ancestors` heeds instead of `X-Frame-Options`. Every other page of ours may be in none.
    pub framed: bool,
}

impl Page {
    /// The headers of its own. Those that every answer of the Worker has come on top.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", &self.content_security_policy),
            ("x-frame-options", if self.framed { "SAMEORIGIN" } else { "DENY" }),
        ]
    }
}

/// The page that a finished login lands on. It replaces itself by `return_to`.
///
/// A redirect would not do: the chain began on another site, and a browser sends no `SameSite=Strict` cookie at its end. A
/// navigation that our own page begins is same-site.
#[must_use]
pub fn landing(return_to: &ReturnTo) -> Page {
    back("You are signed in", return_to)
}

/// The same for a silent re-login that came to nothing: the page that it leads back to knows what to do.
#[must_use]
pub fn return_to_app(return_to: &ReturnTo) -> Page {
    back("One moment", return_to)
}

fn back(title: &str, return_to: &ReturnTo) -> Page {
    let href = escape(return_to.as_str());
    let main = [
        "<h1>",
        title,
        "</h1><p>Taking you back to where you were.</p><a id=\"go\" href=\"",
        &href,
        "\">Continue</a><script>",
        SCRIPT,
        "</script><noscript><meta http-equiv=\"refresh\" content=\"0;url=",
        &href,
        "\"></noscript>",
    ]
    .concat();
    page(title, &main, Some(SCRIPT))
}

/// The page that the authorization server sends a browser back to which it has logged out.
#[must_use]
pub fn logged_out(return_to: &ReturnTo) -> Page {
    back("You are signed out", return_to)
}

/// A page that posts a form to another site, and by itself where there are scripts: what is in it is in no URL, and in no history.
/// `fields` are names and values.
#[must_use]
pub fn posting<'a>(
    title: &str,
    message: &str,
    to: &HttpUrl,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Page {
    let mut main = [
        "<h1>",
        &escape(title),
        "</h1><p>",
        &escape(message),
        "</p><form method=\"post\" action=\"",
        &escape(&to.to_string()),
        "\">",
    ]
    .concat();
    for (name, value) in fields {
        let field =
            ["<input type=\"hidden\" name=\"", &escape(name), "\" value=\"", &escape(value), "\">"].concat();
        main.push_str(&field);
    }
    main.push_str("<button>Continue</button></form><script>");
    main.push_str(SEND);
    main.push_str("</script>");
    let mut page = page(title, &main, Some(SEND));
    // Chromium holds every redirect after a form against this as well, and the last one leads back to us.
    let allowed = alloc::format!("form-action {} 'self'", to.origin());
    page.content_security_policy = page.content_security_policy.replace("form-action 'none'", &allowed);
    page
}

/// The page at the end of a silent re-login in a frame or a popup. It says how that ended, and nothing else, to a page of our own or of
/// the app that `return_to` is of; nothing for one by redirect, which ends where it began.
#[must_use]
pub fn outcome(silent: &Silent, ending: Ending, return_to: &ReturnTo) -> Option<Page> {
    let relogin = silent.relogin()?;
    let app = return_to.app();
    let title = match ending {
        Ending::Done => "You are signed in",
        Ending::Refused | Ending::Failed => "You are not signed in",
    };
    let main = [
        "<h1>",
        title,
        "</h1><p>You can close this window and go on where you were.</p><script data-relogin=\"",
        &escape(relogin.as_str()),
        "\" data-outcome=\"",
        ending.as_str(),
        "\" data-via=\"",
        silent.way().as_str(),
        app.map_or("", |_| "\" data-app=\""),
        app.unwrap_or_default(),
        "\">",
        TELL,
        "</script>",
    ]
    .concat();
    let framed = !silent.way().is_top_level();
    let framed = framed.then(|| app.unwrap_or("'self'"));
    Some(framed_page(title, &main, Some(TELL), framed))
}

/// What an error page says.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// What happened, in a few words.
    pub title: &'a str,
    /// What it means for the user, in a sentence or two.
    pub message: &'a str,
    /// The text of the way back: `Sign in again`.
    pub action: &'a str,
    /// Where it leads: a path of ours.
    pub href: &'a str,
}

/// The page that says what went wrong in a login, with a way back.
#[must_use]
pub fn error(page_of: &ErrorPage<'_>) -> Page {
    page(page_of.title, &main(page_of), None)
}

/// The same of a login that is over, at whatever address that is said.
#[must_use]
pub fn over(page_of: &ErrorPage<'_>) -> Page {
    let main = [main(page_of).as_str(), "<script>", FORGET, "</script>"].concat();
    page(page_of.title, &main, Some(FORGET))
}

fn main(page_of: &ErrorPage<'_>) -> String {
    [
        "<h1>",
        &escape(page_of.title),
        "</h1><p>",
        &escape(page_of.message),
        "</p><a href=\"",
        &escape(page_of.href),
        "\">",
        &escape(page_of.action),
        "</a>",
    ]
    .concat()
}

/// What the page says that logs a user in by a form of ours.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// What went wrong, or what has happened, in a sentence.
    pub said: Option<&'a str>,
    /// The ways there are, the first one first; of one that waits for its code that alone.
    pub forms: &'a [Form],
    /// Whether a code was mailed: it is asked for in place of the rest.
    pub wants_code: bool,
    /// The address that was typed.
    pub email: &'a str,
    /// The `state` of the login that the form begins.
    pub state: &'a str,
    /// Where it leads back to.
    pub return_to: &'a ReturnTo,
    /// Another provider's name, and the path that leads there.
    pub elsewhere: Option<(&'a str, &'a str)>,
}

/// The page that logs a user in by a form of ours. What is typed goes to us and nowhere else.
#[must_use]
pub fn sign_in(page_of: &SignIn<'_>) -> Page {
    let SignIn { said, forms, wants_code, email, state, return_to, elsewhere } = *page_of;
    let title = if wants_code { "Enter your code" } else { "Sign in" };
    let mut main = ["<h1>", title, "</h1>"].concat();
    if let Some(said) = said {
        main.extend(["<p role=\"alert\">", &escape(said), "</p>"]);
    }
    main.push_str("<form method=\"post\" action=\"/auth/login\">");
    for (name, value) in [("state", state), ("return_to", return_to.as_str())] {
        main.extend(["<input type=\"hidden\" name=\"", name, "\" value=\"", &escape(value), "\">"]);
    }
    main.extend([
        "<label>E-mail<input type=\"email\" name=\"email\" autocomplete=\"username\" maxlength=\"254\" required value=\"",
        &escape(email),
        if wants_code { "\" readonly></label>" } else { "\"></label>" },
    ]);
    if wants_code {
        main.push_str(
            "<label>Code from the mail<input name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"16\" required></label>",
        );
    } else if forms.contains(&Form::Password) {
        main.push_str(
            "<label>Password<input type=\"password\" name=\"password\" autocomplete=\"current-password\"></label>",
        );
    }
    for form in forms {
        let says = match form {
            Form::Code if !wants_code => "Mail me a code",
            Form::Link => "Mail me a link",
            Form::Password | Form::Code => "Sign in",
        };
        main.extend(["<button name=\"way\" value=\"", form.name(), "\">", says, "</button>"]);
    }
    main.push_str("</form>");
    if let Some((name, path)) = elsewhere {
        main.extend(["<a href=\"", &escape(path), "\">Continue with ", &escape(name), "</a>"]);
    }
    let mut page = page(title, &main, None);
    page.content_security_policy =
        page.content_security_policy.replace("form-action 'none'", "form-action 'self'");
    page
}

/// The path that begins a login, for the way back of an error page.
#[must_use]
pub fn login_path(provider: &str, return_to: &ReturnTo) -> String {
    let pairs = [("provider", provider), ("return_to", return_to.as_str())];
    alloc::format!("/auth/login?{}", crate::query::encode_pairs(pairs))
}

/// The page at the end of an operator's login at a provider. It tells the tabs of the app what became of it: that there is a token, or in
/// `refused` why there is none.
#[must_use]
pub fn service_login(page_of: &ErrorPage<'_>, service: &str, refused: Option<&str>) -> Page {
    let main = [
        main(page_of).as_str(),
        "<script data-vault=\"service:",
        &escape(service),
        "\" data-kind=\"",
        if refused.is_some() { "refused" } else { "answered" },
        "\" data-says=\"",
        &escape(refused.unwrap_or_default()),
        "\">",
        TELL_TABS,
        "</script>",
    ]
    .concat();
    page(page_of.title, &main, Some(TELL_TABS))
}

fn page(title: &str, main: &str, script: Option<&str>) -> Page {
    framed_page(title, main, script, None)
}

/// `framed` is whose pages may show it in a frame.
fn framed_page(title: &str, main: &str, script: Option<&str>, framed: Option<&str>) -> Page {
    let body = [
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>",
        &escape(title),
        "</title><style>",
        STYLE,
        "</style></head><body><main>",
        main,
        "</main></body></html>\n",
    ]
    .concat();
    let script =
        script.map_or_else(String::new, |script| alloc::format!(" script-src {};", hash_source(script)));
    let content_security_policy = alloc::format!(
        "default-src 'none'; style-src {};{script} base-uri 'none'; form-action 'none'; frame-ancestors {}",
        hash_source(STYLE),
        framed.unwrap_or("'none'")
    );
    Page { body, content_security_policy, framed: framed.is_some() }
}

/// The hash of an inline script or style as a source of a Content-Security-Policy.
fn hash_source(inline: &str) -> String {
    alloc::format!("'sha256-{}'", encode_classic(&Sha256::digest(inline.as_bytes())))
}

/// Text as it may stand between tags and in quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::silent::Way;

    #[test]
    fn nothing_escapes_from_text_or_attribute() {
        assert_eq!(escape("<a href='x' title=\"&\">"), "&lt;a href=&#39;x&#39; title=&quot;&amp;&quot;&gt;");
        let hostile = "\"><script>alert(1)</script>";
        let page = error(&ErrorPage { title: hostile, message: hostile, action: hostile, href: hostile });
        assert!(!page.body.contains("<script"));
        assert!(!page.content_security_policy.contains("script-src"));
    }

    #[test]
    fn a_login_that_is_over_allows_the_script_that_forgets_it_and_no_other() {
        let hostile = "\"><script>alert(1)</script>";
        let page = over(&ErrorPage { title: hostile, message: hostile, action: hostile, href: hostile });
        let (_, rest) = page.body.split_once("<script>").unwrap();
        assert_eq!(rest.split_once("</script>").unwrap().0, FORGET);
        assert_eq!(page.body.matches("<script").count(), 1);
        assert!(page.content_security_policy.contains(&hash_source(FORGET)));
    }

    #[test]
    fn the_landing_page_allows_its_own_script_and_no_other() {
        let page = landing(&ReturnTo::parse("/orders?a=1&b='2'"));
        let (_, rest) = page.body.split_once("<script>").unwrap();
        let (script, rest) = rest.split_once("</script>").unwrap();
        assert!(!rest.contains("<script>"));
        assert!(page.content_security_policy.contains(&hash_source(script)));
        let (_, rest) = page.body.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        assert!(page.content_security_policy.contains(&hash_source(style)));
        assert!(!page.content_security_policy.contains("unsafe"));
        assert!(page.body.contains("href=\"/orders?a=1&amp;b=%272%27\""));
    }

    #[test]
    fn the_end_of_a_silent_login_may_be_framed_by_us_only_where_it_is_in_a_frame() {
        for (way, framed) in [(Way::Frame, true), (Way::Popup, false)] {
            let silent = Silent::restored(way, Some("0af")).unwrap();
            for ending in [Ending::Done, Ending::Refused, Ending::Failed] {
                let page = outcome(&silent, ending, &ReturnTo::root()).unwrap();
                let attributes = alloc::format!(
                    "<script data-relogin=\"0af\" data-outcome=\"{}\" data-via=\"{}\">",
                    ending.as_str(),
                    way.as_str()
                );
                let (_, rest) = page.body.split_once(&attributes).unwrap();
                let (script, _) = rest.split_once("</script>").unwrap();
                assert!(page.content_security_policy.contains(&hash_source(script)));
                assert_eq!(page.content_security_policy.contains("frame-ancestors 'self'"), framed);
                assert_eq!(page.content_security_policy.contains("frame-ancestors 'none'"), !framed);
                let [.., (_, options)] = page.headers();
                assert_eq!(options, if framed { "SAMEORIGIN" } else { "DENY" });
            }
        }
        assert_eq!(outcome(&Silent::Redirect, Ending::Done, &ReturnTo::root()), None);
        assert!(!landing(&ReturnTo::root()).framed);
    }

    #[test]
    fn an_app_on_a_sibling_host_is_told_and_is_the_only_one_that_may_frame_it() {
        let [ours, app] = ["https://auth.example.com", "https://app.example.com"]
            .map(|text| crate::url::Origin::parse(text).unwrap());
        let origins = crate::config::Origins::new(ours).with_apps(alloc::vec![app]);
        let return_to = ReturnTo::parse_among("https://app.example.com/x", &origins);
        for (way, ancestors) in
            [(Way::Frame, "frame-ancestors https://app.example.com"), (Way::Popup, "frame-ancestors 'none'")]
        {
            let silent = Silent::restored(way, Some("0af")).unwrap();
            let page = outcome(&silent, Ending::Done, &return_to).unwrap();
            assert!(page.body.contains("data-app=\"https://app.example.com\">"));
            assert!(page.content_security_policy.ends_with(ancestors), "{}", page.content_security_policy);
        }
        assert!(landing(&return_to).body.contains("href=\"https://app.example.com/x\""));
        assert!(!landing(&return_to).framed);
    }

    #[test]
    fn the_tabs_are_told_how_an_operators_login_ended() {
        let hostile = "\"><script>alert(1)</script>";
        for refused in [None, Some(hostile)] {
            let of = ErrorPage { title: "Connected", message: hostile, action: "To the app", href: "/" };
            let page = service_login(&of, "breeze", refused);
            let kind = if refused.is_some() { "refused" } else { "answered" };
            let opened =
                alloc::format!("<script data-vault=\"service:breeze\" data-kind=\"{kind}\" data-says=\"");
            let (_, rest) = page.body.split_once(&opened).unwrap();
            let (says, rest) = rest.split_once("\">").unwrap();
            assert_eq!(says, refused.map(escape).unwrap_or_default());
            let (script, _) = rest.split_once("</script>").unwrap();
            assert!(page.content_security_policy.contains(&hash_source(script)));
            assert_eq!(page.body.matches("<script").count(), 1);
        }
    }

    #[test]
    fn hashes_are_those_of_the_specification() {
        // The example of Content Security Policy Level 3, section 8.4.
        assert_eq!(
            hash_source("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }

    #[test]
    fn the_way_back_keeps_where_the_user_was() {
        assert_eq!(
            login_path("demo", &ReturnTo::parse("/x?y=1#z")),
            "/auth/login?provider=demo&return_to=%2Fx%3Fy%3D1%23z"
        );
    }
}
