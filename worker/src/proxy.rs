//! `/api/{upstream}/...`: the call that the browser makes through us, with a token that it never sees.

use everlit_core::id::Stamp;
use everlit_core::secret::{AccessToken, Secret};
use everlit_edge::config::VaultName;
use everlit_edge::cookie::SessionId;
use everlit_edge::oauth::{DpopKey, Proof};
use everlit_edge::proxy::{
    Destination, PathRefusal, RequestHeaders, ResponseHeaders, destination, is_access_expired,
    is_nonce_wanted, meant, rewrite_location, service,
};
use everlit_wire::{Code, HEADER_EPOCH, Problem};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, RequestRedirect, Response, WorkerGlobalScope};

use crate::dpop::{self, Server};
use crate::environment::Environment;
use crate::http::Reply;
use crate::links::Account;
use crate::routes::{Call, same_origin};
use crate::vault::client::VaultClient;
use crate::vault::reply::CurrentToken;
use crate::{gate, log, services, session};

/// Forwards a call, and once more if the upstream says that the token was not good and nothing was done.
pub(crate) async fn forward(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    let request = &call.request;
    // It would outlive the token that it was begun with, and nobody could take it back at a logout.
    if request.header("upgrade").is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
        return Err(Problem::new(Code::NoWebsocket));
    }
    let service = service(&environment.config, &request.path);
    if service.is_some() && !services::is_of_browser(call) {
        // A program's, with a key of its own: its name is the account's.
        return services::forward(call).await;
    }
    let over = request.header("x-http-method-override").filter(|_| service.is_some());
    let method = meant(&request.method, over.as_deref());
    let destination = match destination(&environment.config, method, &request.path, request.query.as_deref())
    {
        Ok(destination) => destination,
        // An account of the operator's may have that name.
        Err(PathRefusal::NoUpstream) => return services::forward(call).await,
        Err(PathRefusal::Method { allow }) => {
            return Ok(Reply::marked_problem(&Problem::new(Code::MethodNotAllowed)).with("allow", allow));
        }
        Err(PathRefusal::Path(reason)) => {
            gate::line("path_refused", [("reason", reason.into())]);
            return Err(Problem::new(Code::BadRequest));
        }
    };
    if let Some(service) = service {
        return services::call(call, environment, service, &destination).await;
    }
    let proof = same_origin(call, environment)?;
    let cookie = session::named(call, environment, proof).ok_or_else(|| gate::refused(call, environment))?;
    let source = Source::of(call, environment, &cookie.id, &destination.upstream.vault).await?;
    let token = source.token(call, environment, None).await?;
    let under = call.request.header(HEADER_EPOCH);
    if under.is_some_and(|epoch| epoch.parse() != Ok(source.epoch(&token))) {
        // The page was opened for another login, perhaps another user's, and has not noticed yet.
        log::line("other_login", []);
        return Err(Problem::new(Code::LoggedOut));
    }
    let body = Body::of(call, &token).await?;
    let response = send(call, &destination, &token, &body).await?;
    if !is_expired(&response) {
        return deliver(&destination, &response);
    }
    // The upstream refused before it acted. What carried no body can be sent again; a body is gone, and the tab has it still.
    let fresh = source.token(call, environment, Some(token.stamp())).await?;
    log::line("access_expired", [("renewed", (fresh.stamp() != token.stamp()).into())]);
    if fresh.stamp() == token.stamp() || request.raw().body().is_some() {
        return Err(Problem::new(Code::AccessExpired));
    }
    let response = send(call, &destination, &fresh, &body).await?;
    if is_expired(&response) {
        Err(Problem::new(Code::AccessExpired))
    } else {
        deliver(&destination, &response)
    }
}

/// Where the token of a call comes from.
enum Source {
    /// The login.
    Login(VaultClient),
    /// A further account of the user.
    Linked(Account),
}

impl Source {
    async fn of(
        call: &Call,
        environment: &Environment,
        session: &SessionId,
        vault: &VaultName,
    ) -> Result<Self, Problem> {
        match vault {
            VaultName::Login => Ok(Self::Login(VaultClient::of(&call.env, session))),
            VaultName::Linked(provider) => {
                Account::of(call, environment, session, provider, None).await.map(Self::Linked)
            }
            // The services Worker calls those.
            VaultName::Service(_) => Err(Problem::new(Code::NotFound)),
        }
    }

    /// The token; another than the one that was refused, if that is to be had.
    async fn token(
        &self,
        call: &Call,
        environment: &Environment,
        refused: Option<Stamp>,
    ) -> Result<CurrentToken, Problem> {
        match self {
            Self::Login(vault) => vault.access(refused).await?.current(environment),
            Self::Linked(account) => account.token(call, account.vault.access(refused).await?, environment),
        }
    }

    /// The login that a page must have been opened for.
    fn epoch(&self, token: &CurrentToken) -> u64 {
        match self {
            Self::Login(_) => token.epoch,
            Self::Linked(account) => account.owner.reply.epoch().unwrap_or_default(),
        }
    }
}

fn is_expired(response: &Response) -> bool {
    is_access_expired(response.status(), challenge(response).as_deref())
}

/// Why a call was refused. Of one that succeeded nobody needs to know what else it might have said.
fn challenge(response: &Response) -> Option<String> {
    (response.status() >= 400).then(|| response.headers().get(CHALLENGE).ok().flatten()).flatten()
}

/// The longest body that is kept until an upstream has taken it.
const KEPT: usize = 64 * 1_024;

/// What a call carries.
enum Body {
    /// It goes to the upstream as it comes, and is gone then; or there is none.
    Streamed,
    /// A short one, under a bound token: the upstream may want a nonce first.
    Kept(Uint8Array),
}

impl Body {
    async fn of(call: &Call, token: &CurrentToken) -> Result<Self, Problem> {
        let request = &call.request;
        let length = request.header("content-length").and_then(|length| length.parse::<usize>().ok());
        if token.dpop_key.is_none() || length.is_none_or(|length| length > KEPT) {
            return Ok(Self::Streamed);
        }
        if request.raw().body().is_none() {
            return Ok(Self::Streamed);
        }
        let bytes = request.read(KEPT).await?;
        Ok(Self::Kept(Uint8Array::from(bytes.as_slice())))
    }
}

/// Sends a call; with a proof where the token is bound, and then once more if the upstream wants a nonce in it. Such an answer says
/// as well that nothing was done: with a body that is gone, it is the tab that repeats it, and finds the nonce known.
async fn send(
    call: &Call,
    destination: &Destination<'_>,
    token: &CurrentToken,
    body: &Body,
) -> Result<Response, Problem> {
    // Only the question for the token brings one; without it there is nothing to send.
    let text = token.access_token.as_ref().ok_or_else(|| Problem::new(Code::Internal))?;
    let Some(key) = token.dpop_key.as_deref() else {
        let credential = Credential { authorization: ["Bearer ", text].concat(), dpop: None };
        return attempt(call, destination, &credential, body).await;
    };
    let key = DpopKey::parse(key).ok_or_else(|| Problem::new(Code::Internal))?;
    let (name, access_token) = (destination.upstream.name.as_str(), AccessToken::new(text.clone()));
    let prove = async || {
        let nonce = dpop::nonce(Server::Resource, name);
        let of = Proof {
            method: destination.method.as_str(),
            url: &destination.url,
            access_token: Some(&access_token),
            nonce: nonce.as_ref(),
        };
        let proof = dpop::proof(&key, &of).await.ok_or_else(|| Problem::new(Code::Internal))?;
        Ok::<_, Problem>(Credential { authorization: ["DPoP ", text].concat(), dpop: Some(proof) })
    };
    let response = attempt(call, destination, &prove().await?, body).await?;
    if !is_nonce_wanted(response.status(), challenge(&response).as_deref()) {
        return Ok(response);
    }
    log::line("nonce_wanted", [("by", name.into())]);
    if matches!(body, Body::Streamed) && call.request.raw().body().is_some() {
        return Err(Problem::new(Code::AccessExpired));
    }
    attempt(call, destination, &prove().await?, body).await
}

/// What shows an upstream that a call may be made.
struct Credential {
    authorization: String,
    /// The proof that the token is ours.
    dpop: Option<Secret<String>>,
}

async fn attempt(
    call: &Call,
    destination: &Destination<'_>,
    credential: &Credential,
    body: &Body,
) -> Result<Response, Problem> {
    let init = outgoing(call, destination, credential, body).map_err(|_| Problem::new(Code::BadRequest))?;
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let answered = JsFuture::from(scope.fetch_with_str_and_init(&destination.url, &init)).await;
    let name = destination.upstream.name.as_str();
    let response = answered.and_then(|response| response.dyn_into::<Response>()).map_err(|thrown| {
        log::line("upstream_unreachable", [("upstream", name.into()), ("reason", log::class_of(&thrown))]);
        Problem::new(Code::UpstreamUnreachable)
    })?;
    if credential.dpop.is_some() {
        let nonce = response.headers().get("dpop-nonce").ok().flatten();
        dpop::learn(Server::Resource, name, nonce.as_deref());
    }
    Ok(response)
}

fn outgoing(
    call: &Call,
    destination: &Destination<'_>,
    credential: &Credential,
    body: &Body,
) -> Result<RequestInit, JsValue> {
    let from = call.request.raw();
    let headers = Headers::new_with_headers(call.request.headers())?;
    let names = Names::of(&headers);
    let kept = RequestHeaders::new(names.value(&headers, "connection").as_deref());
    names.remove(&headers, |name| !kept.keeps(name))?;
    headers.set("authorization", &credential.authorization)?;
    if let Some(proof) = &credential.dpop {
        headers.set("dpop", proof.expose())?;
    }
    let init = RequestInit::new();
    init.set_method(destination.method.as_str());
    init.set_headers_headers(&headers);
    // A redirect that was followed would carry the token out of the upstream.
    init.set_redirect(RequestRedirect::Manual);
    match body {
        Body::Streamed => init.set_body_opt_readable_stream(from.body().as_ref()),
        Body::Kept(bytes) => init.set_body(bytes),
    }
    Ok(init)
}

/// The upstream's answer, streamed, with the headers that may pass.
fn deliver(destination: &Destination<'_>, response: &Response) -> Result<Reply, Problem> {
    filtered(destination, response).map(Reply::Forwarded).map_err(|thrown| {
        log::line("answer_refused", [("reason", log::class_of(&thrown))]);
        Problem::new(Code::UpstreamUnreachable)
    })
}

fn filtered(destination: &Destination<'_>, response: &Response) -> Result<Response, JsValue> {
    // A copy with status and headers of the first, whose headers can be changed.
    let copy =
        Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), response.unchecked_ref())?;
    let headers = copy.headers();
    let names = Names::of(&headers);
    let location = names.value(&headers, "location");
    let location = location.and_then(|location| rewrite_location(destination.upstream, &location));
    let challenge = names.value(&headers, CHALLENGE).unwrap_or_default();
    let kept = ResponseHeaders::new(names.value(&headers, "connection").as_deref());
    // Of no other header does it matter what it says.
    let says = |name: &str| if name == CHALLENGE { challenge.as_str() } else { "" };
    names.remove(&headers, |name| !kept.keeps(name, says(name)))?;
    if let Some(location) = location {
        headers.set("location", &location)?;
    }
    // It is data for a script of ours. As a document of our origin it would be somebody else's page with our powers.
    headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox")?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("cross-origin-resource-policy", "same-origin")?;
    if !names.hold("cache-control") {
        headers.set("cache-control", "no-store")?;
    }
    // What one user's cookie brought is not another's.
    headers.append("vary", "cookie")?;
    Ok(copy)
}

/// The header that says why a request was not let in.
const CHALLENGE: &str = "www-authenticate";

#[wasm_bindgen(inline_js = r#"export function names(headers) {
  let names = "";
  for (const name of headers.keys()) names += name + "\n";
  return names;
}"#)]
extern "C" {
    pub(crate) fn names(headers: &Headers) -> String;
}

/// The names of headers, in lower case, as one text: one step over to JavaScript instead of several for each header. To take
/// every header out and put it back would cost more than the rest of the call.
struct Names(String);

impl Names {
    /// After each name. None can hold it, whatever was sent.
    const SEPARATOR: char = '\n';

    fn of(headers: &Headers) -> Self {
        Self(names(headers))
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(Self::SEPARATOR)
    }

    fn hold(&self, wanted: &str) -> bool {
        self.iter().any(|name| name == wanted)
    }

    /// What a header says, if it is there.
    fn value(&self, headers: &Headers, name: &str) -> Option<String> {
        self.hold(name).then(|| headers.get(name).ok().flatten()).flatten()
    }

    /// Takes some of the headers out.
    fn remove(&self, headers: &Headers, is_dropped: impl Fn(&str) -> bool) -> Result<(), JsValue> {
        for name in self.iter().filter(|name| is_dropped(name)) {
            headers.delete(name)?;
        }
        Ok(())
    }
}
