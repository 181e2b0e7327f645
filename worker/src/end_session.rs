//! `GET /auth/end-session` and `GET /auth/logged-out`: to the authorization server to be logged out there as well, and back.
//!
//! What goes there lies at the browser's desk, put there by the logout. Nothing of it is in a URL of ours, and it can be had once.

use everlit_core::time::Millis;
use everlit_edge::config::EndSession;
use everlit_edge::end_session::{LogoutRequest, parse_response, post_logout_redirect_uri};
use everlit_edge::html;
use everlit_edge::oauth::State;
use everlit_edge::prefetch::is_prefetch;
use everlit_edge::return_to::ReturnTo;
use everlit_wire::{Code, Problem};

use crate::desk::client::DeskClient;
use crate::desk::message::{Departed, Departure};
use crate::environment::Environment;
use crate::http::Reply;
use crate::pages::{self, Failed};
use crate::routes::{self, Call};
use crate::stub::NoAnswer;
use crate::{discovery, gate, log};

/// Leads a page of ours there.
pub(crate) async fn leave(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    if looks_ahead(call) {
        return Ok(Reply::empty(204));
    }
    // Nobody else may spend it, nor see it in a frame. Browsers that do not say what they do are believed.
    let expected = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    if !routes::is_led_by_us(call, environment).unwrap_or(true)
        || expected.iter().any(|(name, value)| call.request.header(name).is_some_and(|said| said != *value))
    {
        return Err(Problem::new(Code::CrossSite));
    }
    let Some(desk) = desk(call, environment) else { return Ok(over("no binding cookie")) };
    let departure = match found(desk.take().await) {
        Ok(departure) => departure,
        Err(reply) => return Ok(reply),
    };
    Ok(ask(environment, &departure).await.unwrap_or_else(|| html_back(&departure, environment)))
}

/// Leads the browser back to where its user was.
pub(crate) async fn back(call: &Call, environment: &Environment) -> Reply {
    if looks_ahead(call) {
        return Reply::empty(204);
    }
    let Some(state) = parse_response(call.request.query.as_deref().unwrap_or_default()) else {
        return over("no state");
    };
    let Some(desk) = desk(call, environment) else { return over("no binding cookie") };
    match found(desk.back(&state).await) {
        Ok(departure) => {
            log::line("rp_logout_finished", [("provider", departure.provider.as_str().into())]);
            html_back(&departure, environment)
        }
        Err(reply) => reply,
    }
}

fn looks_ahead(call: &Call) -> bool {
    is_prefetch(call.request.header("sec-purpose").as_deref(), call.request.header("purpose").as_deref())
}

fn desk(call: &Call, environment: &Environment) -> Option<DeskClient> {
    let binding = environment.cookies.binding(&call.request.header("cookie")?).ok()?;
    Some(DeskClient::of(&call.env, &binding))
}

fn found(departed: Result<Departed, NoAnswer>) -> Result<Departure, Reply> {
    match departed {
        Ok(Departed::First(departure)) => Ok(*departure),
        Ok(Departed::Unknown) => Err(over("the desk has none")),
        Ok(Departed::Throttled { millis }) => {
            gate::line("throttled", [("what", "logout".into())]);
            Err(pages::signed_out(Failed::Throttled(Millis::from_millis(millis))))
        }
        Err(NoAnswer) => Err(pages::signed_out(Failed::Ourselves)),
    }
}

/// There is no such logout under way in this browser. Its user is logged out here all the same.
fn over(reason: &'static str) -> Reply {
    gate::line("rp_logout_refused", [("reason", reason.into())]);
    pages::signed_out(Failed::Unknown)
}

/// The page that asks the server, or the way there; nothing where the server has changed since.
async fn ask(environment: &Environment, departure: &Departure) -> Option<Reply> {
    let provider = environment.config.provider(&departure.provider)?;
    let metadata = discovery::metadata(provider).await.ok()?;
    let request = LogoutRequest {
        endpoint: provider.end_session_at(&metadata)?,
        client_id: &provider.client_id,
        id_token_hint: departure.id_token.as_deref(),
        post_logout_redirect_uri: &post_logout_redirect_uri(&environment.config.origins),
        state: &State::parse(&departure.state)?,
    };
    log::line("rp_logout_begun", [("provider", provider.name.as_str().into())]);
    Some(match provider.end_session {
        EndSession::Get => Reply::redirect(request.url()),
        EndSession::Post | EndSession::Never => Reply::page(200, request.page()),
    })
}

fn html_back(departure: &Departure, environment: &Environment) -> Reply {
    Reply::page(
        200,
        html::logged_out(&ReturnTo::parse_among(&departure.return_to, &environment.config.origins)),
    )
}
