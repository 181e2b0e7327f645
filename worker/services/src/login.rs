//! `/service/{name}/login` and `/callback`: an operator logs in at the provider, in the browser that began it.

use everlit_core::secret::Secret;
use everlit_core::time::Millis;
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

/// How long a login may take.
const LIFE: Millis = Millis::from_secs(600);
/// The longest form that a provider has the browser post.
const MAX_FORM: usize = 4 * 1_024;

/// `POST login`: a ticket, for an operator with a key and without a session of the app.
pub(crate) async fn ticket(call: &Call, service: &str) -> Result<Reply, Problem> {
    operator(call, service)?;
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
        Some(_) => ServiceClient::of(&call.env, service).begin_login(ticket).await?,
        None => LoginReply::NoTicket,
    };
    match reply {
        LoginReply::Begun { url, binding } => {
            let cookie = set_service_binding(&Secret::new(binding), LIFE);
            Ok(Reply::see_other(url).with_cookie(cookie))
        }
        LoginReply::NoTicket => Ok(page(
            400,
            "This link is no longer valid",
            "It is good once, and for two minutes. Ask for another one, and open it at once.",
        )),
    }
}

/// `POST callback`: a form that another site sends brings none of our cookies, so it comes again by GET.
pub(crate) async fn posted(call: &Call, service: &str) -> Result<Reply, Problem> {
    if call.environment.config.service(service).is_none() {
        return Ok(unknown());
    }
    let form = call.request.read(MAX_FORM).await.map_err(|_| Problem::too_large())?;
    let form = String::from_utf8(form).map_err(|_| Problem::bad_request("The form is no text."))?;
    let nonce = entropy::bytes().ok_or_else(Problem::unavailable)?;
    let sealed = posted::seal(
        &call.environment.keyring,
        &place(service),
        nonce,
        &Secret::new(form),
        posted::LIFE,
        clock::now(),
    );
    let sealed = sealed.ok_or_else(Problem::too_large)?;
    let location = ["/service/", service, "/callback"].concat();
    Ok(Reply::see_other(location).with_cookie(set_service_response(&sealed, posted::LIFE)))
}

/// `GET callback`: what the provider has the browser bring.
pub(crate) async fn finish(call: &Call, service: &str) -> Result<Reply, Problem> {
    let cookies = call.request.header("cookie").unwrap_or_default();
    let Ok(binding) = find(&cookies, SERVICE_COOKIE) else { return Ok(unknown()) };
    if call.environment.config.service(service).is_none() {
        return Ok(unknown());
    }
    let query = call.request.query.clone().filter(|query| !query.is_empty());
    let kept = find(&cookies, SERVICE_RESPONSE_COOKIE).ok().and_then(|value| {
        let header = [RESPONSE_COOKIE, "=", value].concat();
        posted::open(&call.environment.keyring, &place(service), &header, posted::LIFE, clock::now())
    });
    let Some(query) = query.or_else(|| kept.map(|kept| kept.expose().clone())) else { return Ok(unknown()) };
    let ask = CallbackAsk { binding: binding.to_owned(), query };
    let reply = ServiceClient::of(&call.env, service).finish_login(&ask).await?;
    let page = match reply {
        CallbackReply::Unknown => return Ok(unknown()),
        CallbackReply::Unreadable { says } => page(400, "Not connected", &says),
        CallbackReply::Judged(HandReply::Accepted { .. }) => {
            page(200, "Connected", "The new token is in use. You can close this page.")
        }
        CallbackReply::Judged(HandReply::Unproven) => page(
            202,
            "Almost connected",
            "The provider has not answered yet. It is asked again by itself; the status says when it is done.",
        ),
        CallbackReply::Judged(HandReply::Refused { says, .. }) => page(400, "Not connected", &says),
    };
    Ok(page.with_cookie(clear_service_binding()).with_cookie(clear_service_response()))
}

fn unknown() -> Reply {
    page(
        400,
        "This login is no longer valid",
        "It was started in another browser, took longer than ten minutes, or is already over. Start it again.",
    )
}

fn page(status: u16, title: &str, message: &str) -> Reply {
    Reply::page(status, html::error(&ErrorPage { title, message, action: "To the app", href: "/" }))
}

/// What a posted form is sealed for.
fn place(service: &str) -> String {
    ["service ", service].concat()
}
