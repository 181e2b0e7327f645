//! `/api/{service}/...`: a call to a broker in the operator's name, by a caller that shows a service key and never sees the token.

use everlit_core::id::Stamp;
use everlit_core::secret::{AccessToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::cookie::{CookieError, SESSION_COOKIE, find};
use everlit_edge::provider::{About, Asked, Class, Classify, Judgement};
use everlit_edge::proxy::{Method, ResponseHeaders};
use everlit_edge::signed_call::{self, Checked, MAX_CALL_BODY, Outgoing, Refused, Scheme, Signer, details};
use everlit_edge::url::Origin;
use everlit_runtime::body::{self, BodyError};
use everlit_runtime::http::Reply;
use everlit_runtime::incoming::Incoming;
use everlit_runtime::{clock, log};
use everlit_wire::{Code, HEADER_CODE, Problem};
use serde_json::{Map, Value};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Headers, ReadableStream, Response};

use crate::knock::Knock;
use crate::provider_call::{self, Received, Unanswered};
use crate::seldom;

/// How long a broker may take to begin its answer.
const PATIENCE: Millis = Millis::from_secs(60);
/// How much of an answer is looked at. Refusals are short, and what is longer is none.
const LOOKED_AT: usize = 64 * 1_024;
/// And for how long, before it is handed on as far as it is there.
const LOOKED_FOR: Millis = Millis::from_secs(10);
/// The longest that a provider's SDK is made to sleep, in seconds.
const LONGEST_SLEEP: u64 = 10;
/// How Everlit says that only a person can go on (`everlit_core::service::Absence`).
const CALLS_PERSON: [&str; 2] = ["needs_human", "needs_operator"];

/// A service, as far as a call needs it.
pub(crate) struct Signed<'a> {
    /// How its calls are signed.
    pub(crate) scheme: Scheme,
    /// The id of the app at the provider, and its secret.
    pub(crate) signer: Signer<'a>,
    /// Where its API is, if it is elsewhere than the provider's own.
    pub(crate) origin: Option<&'a Origin>,
    /// Whose account it is, if that is known: an SDK wants a user in front of a key.
    pub(crate) account: Option<&'a str>,
    /// What its answers mean.
    pub(crate) classify: Classify,
}

/// A token to call with.
pub(crate) struct Given {
    pub(crate) stamp: Stamp,
    pub(crate) access_token: AccessToken,
    /// Whether it is the one that may only read.
    pub(crate) read_only: bool,
    /// When it is planned to end.
    pub(crate) expires_at: Option<Timestamp>,
}

/// What keeps the tokens of a service, asked in the name of one caller.
pub(crate) trait Tokens {
    /// Whether it is a program that reads the answers: its SDK looks for its broker's words in ours, and knows what to make of the broker's.
    const IS_PROGRAM: bool;

    /// The token, or a problem document; one that may only read will do where `reads_only` says so.
    async fn token(&self, reads_only: bool) -> Result<Given, Reply>;
    /// Whether an answer that could mean that the token is over means something else: known where the provider says so of the token itself.
    async fn cleared(&self, reads_only: bool) -> Result<(), Reply>;
    /// What the provider said to one.
    async fn answered(&self, given: &Given, judgement: Judgement);
}

/// Answers a call of somebody whose key is good. `rest` is what follows `/api/{service}` in its path.
pub(crate) async fn forward<T: Tokens>(
    request: &Incoming,
    rest: &str,
    knock: &Knock,
    signed: &Signed<'_>,
    key: Option<&Secret<String>>,
    tokens: &T,
) -> Reply {
    match answered(request, rest, knock, signed, key, tokens).await {
        Ok(reply) => reply,
        Err(problem) if !T::IS_PROGRAM => marked(problem),
        Err(problem) => {
            let scheme = signed.scheme;
            told(problem, |document, calls_person| signed_call::say(scheme, document, calls_person))
        }
    }
}

async fn answered<T: Tokens>(
    request: &Incoming,
    rest: &str,
    knock: &Knock,
    signed: &Signed<'_>,
    key: Option<&Secret<String>>,
    tokens: &T,
) -> Result<Reply, Reply> {
    let scheme = signed.scheme;
    if request
        .header("cookie")
        .is_some_and(|header| find(&header, SESSION_COOKIE) != Err(CookieError::Absent))
    {
        let detail = "A service key and a session cookie came together. A service sends no cookies; a page calls without a key.";
        return Err(with_detail(Code::BadRequest, detail));
    }
    if request.header("upgrade").is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
        return Err(problem(Code::NoWebsocket));
    }
    if let Some(key) = key.filter(|_| scheme == Scheme::Breeze && knock.read().is_some()) {
        return our_details(signed, key);
    }
    let meant = request.header("x-http-method-override");
    let method = scheme.method(&request.method, meant.as_deref());
    let method = method.ok_or_else(|| problem(Code::MethodNotAllowed))?;
    if !T::IS_PROGRAM && meant.is_some_and(|meant| meant != method.as_str()) {
        // What the edge Worker has let through by that header would be another call than this.
        return Err(problem(Code::MethodNotAllowed));
    }
    let asked = signed_call::Asked {
        method,
        path: rest,
        query: request.query.as_deref(),
        headers: headers_of(request.headers()),
        body: body_of(request, knock).await?,
        key,
    };
    let checked = asked.check(scheme, signed.origin).map_err(refused)?;
    call(&checked, method, signed, tokens).await
}

/// Breeze's exchange, answered here.
fn our_details(signed: &Signed<'_>, key: &Secret<String>) -> Result<Reply, Reply> {
    let user = signed.account.filter(|user| !user.contains(':')).unwrap_or("everlit");
    let answer = details(user, key).ok_or_else(|| {
        let detail = "The service key has a colon in it, at which Breeze's SDK would cut it. Give this caller a key without one.";
        with_detail(Code::Misconfigured, detail)
    })?;
    Ok(Reply::text(200, "application/json", answer.expose().clone()))
}

/// Makes a call; and once more where its token was over, and another is to be had.
async fn call<T: Tokens>(
    checked: &Checked,
    method: Method,
    signed: &Signed<'_>,
    tokens: &T,
) -> Result<Reply, Reply> {
    let given = tokens.token(method.is_read()).await?;
    let (response, judgement) = tried(checked, method, signed, &given, tokens).await?;
    if !is_kept_out(judgement) {
        return deliver(&response);
    }
    let fresh = match tokens.token(method.is_read()).await {
        // A person has to do something, or wait: the call can be made again after that, whatever it is.
        Err(none) if !T::IS_PROGRAM => {
            discard(&response);
            return Err(none);
        }
        fresh => fresh.ok(),
    };
    // Where there is none, what the provider said is the truth, and its SDK knows what to make of it.
    let fresh = fresh.filter(|fresh| fresh.stamp != given.stamp || fresh.read_only != given.read_only);
    log::line("token_refused", [("repeated", fresh.is_some().into())]);
    let Some(fresh) = fresh else { return deliver(&response) };
    discard(&response);
    let (response, judgement) = tried(checked, method, signed, &fresh, tokens).await?;
    if !T::IS_PROGRAM
        && is_kept_out(judgement)
        && let Err(none) = tokens.token(method.is_read()).await
    {
        discard(&response);
        return Err(none);
    }
    deliver(&response)
}

/// Makes it with this token; a read once more where the answer could mean that the token is over, and something else as well. What changes
/// something may have been done, and is never made again for that.
async fn tried<T: Tokens>(
    checked: &Checked,
    method: Method,
    signed: &Signed<'_>,
    given: &Given,
    tokens: &T,
) -> Result<(Response, Option<Judgement>), Reply> {
    let first = attempt(checked, signed, given, tokens, None).await?;
    if !method.is_read() || !is_ambiguous(first.1) {
        return Ok(first);
    }
    discard(&first.0);
    // Told twice the provider would be asked about the token again, and nobody would know of it until then.
    let (response, judgement) = attempt(checked, signed, given, tokens, Some(Class::Ambiguous)).await?;
    // What looks like a success is taken for one by whoever does not know this provider.
    if is_ambiguous(judgement)
        && response.status() < 400
        && let Err(none) = tokens.cleared(method.is_read()).await
    {
        discard(&response);
        return Err(none);
    }
    Ok((response, judgement))
}

fn is_ambiguous(judgement: Option<Judgement>) -> bool {
    judgement.is_some_and(|judgement| judgement.class == Class::Ambiguous)
}

/// Whether the provider did not let a call in, by its token: nothing was done.
fn is_kept_out(judgement: Option<Judgement>) -> bool {
    matches!(judgement.map(|judgement| judgement.class), Some(Class::AccessExpired | Class::ReauthRequired))
}

async fn attempt(
    checked: &Checked,
    signed: &Signed<'_>,
    given: &Given,
    tokens: &impl Tokens,
    told: Option<Class>,
) -> Result<(Response, Option<Judgement>), Reply> {
    let outgoing = checked.outgoing(signed.signer, &given.access_token, clock::now());
    let response =
        provider_call::open(&outgoing, PATIENCE).await.map_err(|why| unanswered(&outgoing, why))?;
    let (response, judgement) = judged(response, signed, given).await;
    if let Some(judgement) = judgement.filter(|judgement| is_news(judgement.class)) {
        log::line(
            "provider_refused",
            [("class", judgement.class.name().into()), ("reason", judgement.reason.into())],
        );
        if told != Some(judgement.class) {
            tokens.answered(given, judgement).await;
        }
    }
    Ok((response, judgement))
}

/// Whether it is anything to the vault, which goes by these and by no other: to tell it costs as much as the call itself.
const fn is_news(class: Class) -> bool {
    match class {
        Class::AccessExpired | Class::ReauthRequired | Class::Ambiguous | Class::RateLimited { .. } => true,
        Class::Ok
        | Class::Transient { .. }
        | Class::RestartLogin
        | Class::ClientMisconfigured
        | Class::UserActionRequired
        | Class::ServiceClosed { .. }
        | Class::WrongToken
        | Class::OutcomeUnknown
        | Class::NotPermitted
        | Class::RequestRefused => false,
    }
}

/// Looks at an answer where it may be a refusal: at so much of its body, and the whole of it goes on.
async fn judged(response: Response, signed: &Signed<'_>, given: &Given) -> (Response, Option<Judgement>) {
    if response.status() < 400 && !signed.scheme.refuses_with_success() {
        return (response, None);
    }
    let Some(stream) = response.body() else { return judge(response, Vec::new(), signed, given) };
    let branches = stream.tee();
    let branch = |at| branches.get(at).dyn_into::<ReadableStream>().ok();
    let (look, rest) = (branch(0), branch(1));
    let copy = Response::new_with_opt_readable_stream_and_init(rest.as_ref(), response.unchecked_ref());
    let copy = copy.unwrap_or(response);
    match body::read_within(look, LOOKED_AT, LOOKED_FOR).await {
        Ok(body) => judge(copy, body, signed, given),
        // What is longer is a success, or a page; and what breaks off or drips does so for its caller as well.
        Err(BodyError::TooLarge | BodyError::Broken | BodyError::TooSlow) => (copy, None),
    }
}

fn judge(
    response: Response,
    body: Vec<u8>,
    signed: &Signed<'_>,
    given: &Given,
) -> (Response, Option<Judgement>) {
    let about = About { asked: Asked::Call, planned_expiry: given.expires_at };
    let received = Received::of(&response, body);
    let judgement = (signed.classify)(&received.judged_at(clock::now()), about);
    (response, Some(judgement))
}

fn unanswered(call: &Outgoing, why: Unanswered) -> Reply {
    log::line("provider_unreachable", [("reason", why.reason().into())]);
    let detail = if call.method.is_read() {
        "The broker gave no answer that could be read. Ask again."
    } else {
        "The broker gave no answer that could be read, and the call may have been carried out. Look before it is sent again."
    };
    with_detail(Code::UpstreamUnreachable, detail)
}

/// What a call carries, held: it is signed, looked through, and sent again where its token was over.
async fn body_of(request: &Incoming, knock: &Knock) -> Result<Option<Secret<Vec<u8>>>, Reply> {
    let read = match knock.read() {
        Some(read) => read.cloned(),
        None if request.raw().body().is_none() => return Ok(None),
        None => request.read(MAX_CALL_BODY).await.map(Secret::new),
    };
    match read {
        Ok(body) => Ok(Some(body)),
        Err(BodyError::TooLarge) => Err(refused(Refused::TooLarge)),
        Err(error) => Err(Problem::from(error).into()),
    }
}

fn headers_of(headers: &Headers) -> Vec<(String, Secret<String>)> {
    let entries = js_sys::try_iter(headers).ok().flatten().into_iter().flatten().flatten();
    let pairs = entries.filter_map(|entry| {
        let entry: js_sys::Array = entry.dyn_into().ok()?;
        Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
    });
    pairs.map(|(name, value)| (name.to_ascii_lowercase(), Secret::new(value))).collect()
}

fn refused(why: Refused) -> Reply {
    let code = match why {
        Refused::Path(reason) => {
            seldom::line("path_refused", [("reason", reason.into())]);
            Code::BadRequest
        }
        Refused::OfSession => Code::NotFound,
        Refused::Ours => Code::MethodNotAllowed,
        Refused::KeyInQuery | Refused::KeyInHeader | Refused::KeyInBody => {
            log::line("key_misplaced", []);
            Code::BadRequest
        }
        Refused::TooLarge => Code::TooLarge,
        Refused::NoOrigin => Code::Misconfigured,
    };
    with_detail(code, why.says())
}

fn problem(code: Code) -> Reply {
    Reply::problem(&Problem::new(code))
}

fn with_detail(code: Code, detail: &str) -> Reply {
    Reply::problem(&Problem { detail: Some(detail.to_owned()), ..Problem::new(code) })
}

/// The problem of somebody whose key is not good, with what every provider's SDK looks for in an answer: whose SDK it is, and whether there
/// is such a service, makes no difference.
pub(crate) fn told_to_stranger(reply: Reply) -> Reply {
    told(reply, |document, _| signed_call::say_to_stranger(document))
}

/// A problem document with the mark that it is ours.
pub(crate) fn marked(reply: Reply) -> Reply {
    let Reply::Own { body: Some(text), .. } = &reply else { return reply };
    let document: Value = serde_json::from_slice(text.as_bytes()).unwrap_or_default();
    let code = document.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
    reply.with(HEADER_CODE, code)
}

/// A problem document with what an SDK looks for in an answer, and the mark that it is ours and not the provider's.
fn told(mut reply: Reply, say: impl FnOnce(&mut Map<String, Value>, bool)) -> Reply {
    let Reply::Own { body: Some(text), headers, .. } = &mut reply else { return reply };
    let Ok(Value::Object(mut document)) = serde_json::from_slice(text.as_bytes()) else { return reply };
    let member = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    let (code, calls_person) = (member("code").to_owned(), CALLS_PERSON.contains(&member("reason")));
    say(&mut document, calls_person);
    *text = Value::Object(document).to_string();
    // Some SDKs sleep for as long as this says, with whoever called them. The document says it as well.
    headers.retain(|(name, wait)| {
        *name != "retry-after" || wait.parse().is_ok_and(|wait: u64| wait <= LONGEST_SLEEP)
    });
    reply.with(HEADER_CODE, code)
}

/// The provider's answer, streamed, with the headers that may pass.
fn deliver(response: &Response) -> Result<Reply, Reply> {
    filtered(response).map(Reply::Forwarded).map_err(|thrown| {
        log::line("answer_refused", [("reason", log::class_of(&thrown))]);
        problem(Code::UpstreamUnreachable)
    })
}

fn filtered(response: &Response) -> Result<Response, JsValue> {
    // A copy with status and headers of the first, whose headers can be changed.
    let copy =
        Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), response.unchecked_ref())?;
    let headers = copy.headers();
    let kept = ResponseHeaders::new(headers.get("connection")?.as_deref());
    for (name, value) in headers_of(&headers) {
        if !kept.keeps(&name, value.expose()) {
            headers.delete(&name)?;
        }
    }
    // It is data for a program. As a document of our origin it would be somebody else's page with our powers.
    headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox")?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("cross-origin-resource-policy", "same-origin")?;
    if headers.get("cache-control")?.is_none() {
        headers.set("cache-control", "no-store")?;
    }
    Ok(copy)
}

/// Nobody reads this one.
fn discard(response: &Response) {
    if let Some(stream) = response.body() {
        drop(stream.cancel());
    }
}
