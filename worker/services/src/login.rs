//! `/service/{name}/login` and `/callback`: an operator logs in at the provider, in the browser that began it.

use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_edge::config::services::ServiceConfig;
use everlit_edge::cookie::{
    RESPONSE_COOKIE, SERVICE_COOKIE, SERVICE_RESPONSE_COOKIE, clear_service_binding, clear_service_response,
    find, set_service_binding, set_service_response,
};
use everlit_edge::html::{self, ErrorPage};
use everlit_edge::posted;
use everlit_edge::query::Query;
use everlit_runtime::http::Reply;
use everlit_runtime::{clock, entropy};
use serde_json::json;

use crate::credential::operator;
use crate::problem::Problem;
use crate::routes::Call;
use crate::vault::client::ServiceClient;
use crate::vault::message::{CallbackAsk, CallbackReply, HandReply, LoginReply};

/// The longest form that a provider has the browser post.
const MAX_FORM: usize = 4 * 1_024;

/// `POST login`: a ticket, for an operator with a key and without a session of the app.
pub(crate) async fn ticket(call: &Call, service: &str) -> Result<Reply, Problem> {
    operator(call, service)?;
    if !logs_in(call, service) {
        return Err(Problem::not_found().detail(NO_LOGIN_PAGE));
    }
    let ticket = ServiceClient::of(&call.env, service).ticket().await?;
    let origin = call.environment.config.origins.canonical().as_str();
    let login_url = [origin, "/service/", service, "/login?ticket=", &ticket.ticket].concat();
    Ok(Reply::json(&json!({ "login_url": login_url, "expires_in": ticket.life as f64 / 1_000.0 })))
}

/// `GET login`: to the provider.
pub(crate) async fn begin(call: &Call, service: &str) -> Result<Reply, Problem> {
    let query = call.request.query.as_deref().unwrap_or_default();
    let ticket = Query::parse(query).ok().and_then(|query| Some(query.one("ticket").ok()??.to_owned()));
    let Some(ticket) = ticket else { return Err(Problem::unauthorized()) };
    // A stranger is told the same of a service that there is not.
    let reply = match call.environment.config.service(service) {
        Some(_) => ServiceClient::of(&call.env, service).begin_login(Some(ticket)).await?,
        None => LoginReply::NoTicket,
    };
    Ok(begun(reply))
}

/// `GET login` in the name of a session: a page of the app has led its browser here, and needs no ticket.
pub(crate) async fn lead(call: &Call, service: &str, is_operator: bool) -> Result<Reply, Problem> {
    if !is_operator {
        return Ok(page(
            403,
            "This login is not yours",
            "Only somebody who is an operator of this account may log in there. Your own login is another matter, and goes on.",
        ));
    }
    if !logs_in(call, service) {
        return Err(Problem::not_found().detail(NO_LOGIN_PAGE));
    }
    Ok(begun(ServiceClient::of(&call.env, service).begin_login(None).await?))
}

/// What an operator does instead.
const NO_LOGIN_PAGE: &str = "No browser is sent to this provider: there is no login page that brings a token here. Hand in its refresh token, by PUT /service/{name}/credential.";

fn logs_in(call: &Call, service: &str) -> bool {
    call.environment.config.service(service).is_some_and(ServiceConfig::logs_in)
}

fn begun(reply: LoginReply) -> Reply {
    match reply {
        LoginReply::Begun { url, binding, life } => {
            let cookie = set_service_binding(&Secret::new(binding), Millis::from_millis(life));
            Reply::see_other(url).with_cookie(cookie)
        }
        LoginReply::NoTicket => page(
            400,
            "This link is no longer valid",
            "It is good once, and for two minutes. Ask for another one, and open it at once.",
        ),
    }
}

/// `POST callback`: a form that another site sends brings none of our cookies, so it comes again by GET.
pub(crate) async fn posted(call: &Call, service: &str) -> Result<Reply, Problem> {
    if call.environment.config.service(service).is_none() {
        return Ok(unknown());
    }
    let form = call.request.read(MAX_FORM).await.map_err(Problem::unread)?;
    let form = String::from_utf8(form).map_err(|_| Problem::bad_request("The form is no text."))?;
    again(call, service, &form_of(service), form).ok_or_else(Problem::too_large)
}

/// To the same path by GET, with nothing in its address and this in a cookie.
fn again(call: &Call, service: &str, place: &str, text: String) -> Option<Reply> {
    let keyring = &call.environment.keyring;
    let sealed =
        posted::seal(keyring, place, entropy::bytes()?, &Secret::new(text), posted::LIFE, clock::now())?;
    let location = ["/service/", service, "/callback"].concat();
    Some(Reply::see_other(location).with_cookie(set_service_response(&sealed, posted::LIFE)))
}

/// `GET callback`: what the provider has the browser bring.
pub(crate) async fn finish(call: &Call, service: &str) -> Result<Reply, Problem> {
    let cookies = call.request.header("cookie").unwrap_or_default();
    if call.environment.config.service(service).is_none() {
        return Ok(unknown());
    }
    let query = call.request.query.clone().filter(|query| !query.is_empty());
    let kept = |place: &str| {
        let header = [RESPONSE_COOKIE, "=", find(&cookies, SERVICE_RESPONSE_COOKIE).ok()?].concat();
        posted::open(&call.environment.keyring, place, &header, posted::LIFE, clock::now())
    };
    if query.is_none()
        && let Some(ending) = kept(&ending_of(service))
        && let Some(page) = Ending::read(ending.expose()).map(|ending| ending.page(service))
    {
        return Ok(page);
    }
    let Ok(binding) = find(&cookies, SERVICE_COOKIE) else { return Ok(unknown()) };
    let query = query.or_else(|| kept(&form_of(service)).map(|form| form.expose().clone()));
    let Some(query) = query else { return Ok(unknown()) };
    let ask = CallbackAsk { binding: binding.to_owned(), query };
    let reply = ServiceClient::of(&call.env, service).finish_login(&ask).await?;
    let (status, title, message) = match &reply {
        CallbackReply::Unknown => return Ok(unknown()),
        CallbackReply::Judged(HandReply::Accepted { .. }) => {
            (200, "Connected", "Your login has brought a new token. You can close this page.")
        }
        CallbackReply::Judged(HandReply::Unproven) => (
            UNPROVEN,
            "Almost connected",
            "The provider has not answered yet. It is asked again by itself; the status says when it is done.",
        ),
        CallbackReply::Unreadable { says } | CallbackReply::Judged(HandReply::Refused { says, .. }) => {
            (400, "Not connected", says.as_str())
        }
    };
    let ending = Ending { status, title, message };
    Ok(ending.at_an_address(call, service).with_cookie(clear_service_binding()))
}

/// Nobody knows yet.
const UNPROVEN: u16 = 202;

/// How a login has ended: what its last page says.
struct Ending<'a> {
    status: u16,
    title: &'a str,
    message: &'a str,
}

impl<'a> Ending<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, '\n');
        let (status, title, message) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        Some(Self { status, title, message })
    }

    /// Where it is known how it has ended, the tabs of the app are told: the dialog of one of them may have led here.
    fn page(&self, service: &str) -> Reply {
        let Self { status, title, message } = *self;
        if status == UNPROVEN {
            return page(status, title, message);
        }
        let refused = Some(message).filter(|_| status >= 400);
        let page = ErrorPage { title, message, action: "To the app", href: "/" };
        Reply::page(status, html::service_login(&page, service, refused))
    }

    /// The page at an address of its own: what the login brought stands in none that the browser keeps, and who loads the page again sees
    /// it again, for a minute.
    fn at_an_address(&self, call: &Call, service: &str) -> Reply {
        let text = format!("{}\n{}\n{}", self.status, self.title, self.message);
        let again = again(call, service, &ending_of(service), text);
        again.unwrap_or_else(|| self.page(service).with_cookie(clear_service_response()))
    }
}

fn unknown() -> Reply {
    let title = "This login is no longer valid";
    let message = "It was started in another browser, took longer than ten minutes, or is already over. Start it again if it has not told you that you are connected.";
    Reply::page(400, html::over(&ErrorPage { title, message, action: "To the app", href: "/" }))
}

fn page(status: u16, title: &str, message: &str) -> Reply {
    Reply::page(status, html::error(&ErrorPage { title, message, action: "To the app", href: "/" }))
}

/// What a posted form is sealed for.
fn form_of(service: &str) -> String {
    ["service ", service].concat()
}

/// And what the word is sealed for how a login has ended, so that nobody posts one.
fn ending_of(service: &str) -> String {
    ["service ending ", service].concat()
}
