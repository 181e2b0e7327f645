//! `GET /auth/login`: where a login begins.

use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_core::vault::Refused;
use everlit_edge::config::{ProviderConfig, SupabaseLogin};
use everlit_edge::cookie::{BindingId, SessionId, set_binding, set_response};
use everlit_edge::gate::{Gate, Network};
use everlit_edge::oauth::{
    Accepted, AuthorizationRequest, ClientRequest, CodeVerifier, DpopKey, RequestUri, State,
};
use everlit_edge::oidc::{Nonce, ProviderMetadata};
use everlit_edge::posted;
use everlit_edge::prefetch::is_prefetch;
use everlit_edge::provider::supabase::login::authorization_url;
use everlit_edge::query::Query;
use everlit_edge::return_to::ReturnTo;
use everlit_edge::silent::{Ending, NoWay, Silent, Way};
use everlit_wire::{Code, Problem};

use crate::desk::client::DeskClient;
use crate::desk::message::{Previous, Transaction};
use crate::environment::Environment;
use crate::http::Reply;
use crate::pages::{self, Failed};
use crate::registration::{Registration, Unsigned};
use crate::routes::{self, Call};
use crate::sign_in::{self, Sheet};
use crate::silent::{self, Remembered};
use crate::stub::NoAnswer;
use crate::vault::client::VaultClient;
use crate::vault::reply::VaultReply;
use crate::{clock, desk, discovery, dpop, entropy, gate, log, outgoing};

/// How long it may take to push an authorization request: a person is waiting.
const LIMIT: Millis = Millis::from_secs(10);

/// What the `prompt` parameter may ask for.
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];

/// Sends the browser to the authorization server.
pub(crate) async fn begin(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    let header = |name: &str| call.request.header(name);
    if is_prefetch(header("sec-purpose").as_deref(), header("purpose").as_deref()) {
        return Ok(Reply::empty(204));
    }
    let query = Query::parse(call.request.query.as_deref().unwrap_or_default());
    let silent = query.as_ref().ok().map(Silent::parse);
    // Any site may link here, and none may have a login begun behind the user's back: an image, a frame or a script would
    // push the user's own pending logins off the desk. Browsers that do not say what they do are believed.
    let says = |name: &str, expected: &str| header(name).is_none_or(|value| value == expected);
    let dest = match &silent {
        // Our own page may frame one that is to be silent.
        Some(Ok(Some(Silent::Apart { frame: true, .. })))
            if routes::is_led_by_us(call, environment).unwrap_or(true) =>
        {
            "iframe"
        }
        _ => "document",
    };
    if !says("sec-fetch-mode", "navigate") || !says("sec-fetch-dest", dest) {
        return Err(Problem::new(Code::CrossSite));
    }
    let query = query.map_err(|_| Problem::new(Code::BadRequest))?;
    let silent = silent.transpose().map_err(|NoWay| Problem::new(Code::BadRequest))?.flatten();
    let one = |name: &str| query.one(name).map_err(|_| Problem::new(Code::BadRequest));
    let return_to = one("return_to")?;
    let return_to =
        return_to.map_or_else(ReturnTo::root, |to| ReturnTo::parse_among(to, &environment.config.origins));
    let named = one("provider")?.filter(|name| !name.is_empty());
    if let Some(provider) = named.and_then(|name| environment.config.linked_provider_named(name)) {
        if silent.is_some() {
            return Err(Problem::new(Code::BadRequest));
        }
        let prompt = one("prompt")?.filter(|prompt| PROMPTS.contains(prompt));
        let beginning = Beginning { call, environment, provider, return_to: &return_to, prompt };
        return Ok(begin_link(&beginning).await);
    }
    if let Some(silent) = silent {
        return Ok(begin_silently(call, environment, &silent, &return_to).await);
    }
    // The binding cookie has to be where the callback will be.
    if let Some(canonical) = environment.config.origins.instead_of(&call.request.host) {
        let query = call.request.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        return Ok(Reply::redirect(format!("{canonical}{}{query}", call.request.path)));
    }
    let provider = match named {
        Some(name) => {
            environment.config.login_provider_named(name).ok_or_else(|| Problem::new(Code::NotFound))?
        }
        None => environment.config.login_provider(),
    };
    let prompt = one("prompt")?.filter(|prompt| PROMPTS.contains(prompt));
    let binding = known_binding(call, environment);
    let gates = gates(call, binding.as_ref());
    let is_form = |login: &SupabaseLogin| login.provider.is_none() || one("with") != Ok(Some("redirect"));
    if sign_in::forms(provider).is_some_and(is_form) {
        // A browser that is known has passed: each form that is posted is counted.
        if binding.is_none()
            && let Err(why) = gate::pass(call, environment, "login", gates).await
        {
            return Ok(pages::failed(why, &provider.name, &return_to));
        }
        let sheet =
            Sheet { environment, provider, return_to: &return_to, binding, email: "", wants_code: false };
        return sheet.page(200, None);
    }
    let beginning = Beginning { call, environment, provider, return_to: &return_to, prompt };
    let begun = match gate::pass(call, environment, "login", gates).await {
        Ok(()) => beginning.begin(beginning.previous().await, None, None).await,
        Err(why) => Err(why),
    };
    Ok(begun.unwrap_or_else(|why| pages::failed(why, &provider.name, &return_to)))
}

/// Sends the browser to the authorization server for an answer without the user, if there is a session to renew and this way has not
/// been turned down.
async fn begin_silently(
    call: &Call,
    environment: &Environment,
    silent: &Silent,
    return_to: &ReturnTo,
) -> Reply {
    let (config, provider) = (&environment.config, environment.config.login_provider());
    // Only a page of ours asks for this.
    if routes::is_led_by_us(call, environment) == Some(false) {
        return match silent {
            Silent::Apart { .. } => silent::say(silent, Ending::Failed, return_to),
            // It may be one that did not say so. Nobody notes that it left for nothing: led back, it would leave again at once, for ever.
            Silent::Redirect => pages::failed(Failed::Unknown, &provider.name, return_to),
        };
    }
    let beginning = Beginning { call, environment, provider, return_to, prompt: Some("none") };
    let Some((session, reply)) = beginning.session().await else {
        return silent::say(silent, Ending::Failed, return_to);
    };
    let stop = |ending| silent::end(silent, ending, return_to);
    // A page that the vault does not know to have left for nothing would begin the same again at once: a person is shown why not.
    let fail = async |why| {
        let vault = VaultClient::of(&call.env, &session);
        if silent.way() != Way::Redirect || silent::give_up(silent, Ending::Failed, &vault).await {
            return stop(Ending::Failed);
        }
        pages::failed(why, &provider.name, return_to)
    };
    // The callback would not find its cookie, nor the tab the page at the end.
    if config.origins.instead_of(&call.request.host).is_some() {
        return fail(Failed::Unknown).await;
    }
    let (epoch, holder, refused) = match reply {
        VaultReply::Current(current) => (current.epoch, current.holder, Refused::default()),
        VaultReply::ReauthRequired { epoch, holder, refused, .. } => (epoch, holder, refused.into()),
        VaultReply::RetryAfter { .. }
        | VaultReply::Unobtainable
        | VaultReply::Throttled { .. }
        | VaultReply::Ended { .. }
        | VaultReply::LoggedOut => {
            return stop(Ending::Failed);
        }
    };
    let way = silent.way();
    let Some(holder) = holder.filter(|holder| holder.provider == provider.name) else {
        return fail(Failed::Unknown).await;
    };
    if !provider.silent_ways(&config.origins).contains(&way) {
        return stop(Ending::Failed);
    }
    if way.is_refused(refused) {
        return stop(Ending::Refused);
    }
    if let Err(why) = gate::pass(call, environment, "login", [Gate::Session(session.clone())]).await {
        return fail(why).await;
    }
    let previous = Previous { session: session.as_str().to_owned(), epoch };
    let remembered = Remembered::new(silent, holder.user.sub);
    match beginning.begin(Some(previous), Some(remembered), None).await {
        Ok(begun) => begun,
        Err(why) => fail(why).await,
    }
}

/// Sends the browser to another authorization server, for a further account of the user who is logged in.
///
/// A page of the app asks for this, or nobody does: from anywhere else, a sibling included, it would be a way to have a user sign in to
/// an account that is not theirs.
async fn begin_link(beginning: &Beginning<'_>) -> Reply {
    let Beginning { call, environment, provider, return_to, .. } = beginning;
    if routes::is_led_by_us(call, environment) != Some(true) {
        gate::line("cross_site", [("reason", "an account is linked from a page of the app".into())]);
        return pages::not_here(return_to);
    }
    // The callback is at the canonical host, and finds no session of another.
    if environment.config.origins.instead_of(&call.request.host).is_some() {
        return pages::not_here(return_to);
    }
    let Some((session, reply)) = beginning.session().await else { return pages::not_here(return_to) };
    let (Some(epoch), Some(holder)) = (reply.epoch(), reply.holder()) else {
        return pages::not_here(return_to);
    };
    let link_of = Some(holder.user.sub.clone());
    let begun = match gate::pass(call, environment, "login", [Gate::Session(session.clone())]).await {
        Ok(()) => {
            let previous = Previous { session: session.as_str().to_owned(), epoch };
            beginning.begin(Some(previous), None, link_of).await
        }
        Err(why) => Err(why),
    };
    begun.unwrap_or_else(|why| pages::failed(why, &provider.name, return_to))
}

/// Why a login does not begin, for the log; and what its user is told.
fn not_begun(reason: &'static str) -> Failed {
    log::line("login_not_begun", [("reason", reason.into())]);
    Failed::Provider
}

/// What a login of this browser passes. Who comes from everywhere is counted all together, and first by where they come from: one alone
/// cannot use up what all share. And who comes from everywhere for the first time cannot use up what those have who come again.
pub(crate) fn gates(call: &Call, binding: Option<&BindingId>) -> Vec<Gate> {
    let network = call.request.header("cf-connecting-ip").as_deref().and_then(Network::of);
    let all = if binding.is_some() { Gate::Known } else { Gate::All };
    network.into_iter().flat_map(Network::gates).chain([all]).collect()
}

/// The browser, as it is known from an earlier login.
pub(crate) fn known_binding(call: &Call, environment: &Environment) -> Option<BindingId> {
    environment.cookies.binding(&call.request.header("cookie")?).ok()
}

/// A login that is to begin.
pub(crate) struct Beginning<'a> {
    pub(crate) call: &'a Call,
    pub(crate) environment: &'a Environment,
    pub(crate) provider: &'a ProviderConfig,
    pub(crate) return_to: &'a ReturnTo,
    pub(crate) prompt: Option<&'a str>,
}

impl Beginning<'_> {
    async fn begin(
        &self,
        previous: Option<Previous>,
        silent: Option<Remembered>,
        link_of: Option<String>,
    ) -> Result<Reply, Failed> {
        let binding = known_binding(self.call, self.environment);
        // A browser that begins too many is sent away before a key is made for it, or anything is left at the server.
        if let Some(binding) = &binding {
            Self::admitted(DeskClient::of(&self.call.env, binding).admit().await)?;
        }
        let metadata = discovery::metadata(self.provider).await.map_err(|_| Failed::Provider)?;
        let state = State::from_entropy(entropy::bytes().ok_or(Failed::Ourselves)?);
        let nonce = Nonce::from_entropy(entropy::bytes().ok_or(Failed::Ourselves)?);
        let code_verifier = CodeVerifier::from_entropy(entropy::bytes().ok_or(Failed::Ourselves)?);
        let accepted = self.provider.accepted(&metadata).map_err(not_begun)?;
        let dpop_key = match accepted {
            Accepted::Bearer => None,
            Accepted::Dpop | Accepted::Either => Some(dpop::new_key().await.ok_or(Failed::Ourselves)?),
        };
        let thumbprint = dpop_key.as_ref().map(DpopKey::thumbprint);
        let request = AuthorizationRequest {
            endpoint: &metadata.authorization_endpoint,
            provider: self.provider,
            redirect_uri: &self.provider.redirect_uri(&self.environment.config.origins),
            state: &state,
            nonce: &nonce,
            code_verifier: &code_verifier,
            dpop_jkt: thumbprint.as_deref(),
            prompt: self.prompt,
        };
        let url = match &self.provider.supabase {
            None => self.push(&metadata, &request).await?,
            Some(login) => {
                let there = login.provider.as_deref().ok_or(Failed::Unknown)?;
                authorization_url(&metadata.issuer, there, request.redirect_uri, &code_verifier)
            }
        };
        let is_counted = binding.is_some();
        let binding = match binding {
            Some(binding) => binding,
            None => BindingId::from_entropy(entropy::bytes().ok_or(Failed::Ourselves)?),
        };
        let transaction = Transaction {
            nonce: nonce.as_str().to_owned(),
            dpop_key: dpop_key.map(|key| key.private_json().expose().clone()),
            previous,
            silent,
            link_of,
            ..self.transaction(&state, &code_verifier)
        };
        let desk = DeskClient::of(&self.call.env, &binding);
        Self::admitted(desk.begin(&transaction, is_counted).await)?;
        log::line("login_begun", [("provider", self.provider.name.as_str().into())]);
        let cookie = set_binding(&self.environment.cookies.mint_binding(&binding), desk::LIFE);
        let reply = Reply::redirect(url).with_cookie(cookie);
        self.with_state(reply, &state).map_err(|_| Failed::Ourselves)
    }

    /// What a login of this kind remembers at the least.
    fn transaction(&self, state: &State, code_verifier: &CodeVerifier) -> Transaction {
        Transaction {
            state: state.as_str().to_owned(),
            provider: self.provider.name.clone(),
            issuer: self.provider.issuer.clone(),
            return_to: self.return_to.as_str().to_owned(),
            nonce: String::new(),
            code_verifier: code_verifier.secret().expose().clone(),
            dpop_key: None,
            began_at: Some(clock::now().as_millis()),
            previous: None,
            silent: None,
            link_of: None,
        }
    }

    /// Keeps a login that a form begins.
    pub(crate) async fn keep(
        &self,
        binding: &BindingId,
        state: &State,
        code_verifier: &CodeVerifier,
    ) -> Result<(), Failed> {
        let previous = self.previous().await;
        let transaction = Transaction { previous, ..self.transaction(state, code_verifier) };
        Self::admitted(DeskClient::of(&self.call.env, binding).begin(&transaction, false).await)
    }

    /// Has the browser keep the `state` itself, where the provider does not bring it back.
    pub(crate) fn with_state(&self, reply: Reply, state: &State) -> Result<Reply, Problem> {
        if self.provider.supabase.is_none() {
            return Ok(reply);
        }
        let kept = Secret::new(["state=", state.as_str()].concat());
        let sealed = entropy::bytes().and_then(|nonce| {
            posted::seal(
                &self.environment.keyring,
                &self.provider.name,
                nonce,
                &kept,
                desk::LIFE,
                clock::now(),
            )
        });
        let sealed = sealed.ok_or_else(|| Problem::new(Code::Internal))?;
        Ok(reply.with_cookie(set_response(&sealed, desk::LIFE)))
    }

    /// Where the browser goes, once the request is at the server where it is pushed (RFC 9126). Each login pushes its own.
    async fn push(
        &self,
        metadata: &ProviderMetadata,
        request: &AuthorizationRequest<'_>,
    ) -> Result<String, Failed> {
        let Some(endpoint) = self.provider.push_to(metadata).map_err(not_begun)? else {
            return Ok(request.url());
        };
        let registration =
            Registration::of(self.environment, &self.provider.name).ok_or(Failed::Ourselves)?;
        let client = registration.client(metadata).await.map_err(|Unsigned| Failed::Ourselves)?;
        let pushed = ClientRequest::pushed(client, request);
        let received = outgoing::post(&endpoint.to_string(), &pushed, LIMIT).await;
        let received = received.map_err(|unanswered| not_begun(unanswered.reason()))?;
        let read = RequestUri::read(&received.judged_at(clock::now()));
        Ok(request.pushed_url(&read.map_err(|error| not_begun(error.reason))?))
    }

    /// What the desk says to one more.
    fn admitted(wait: Result<Option<Millis>, NoAnswer>) -> Result<(), Failed> {
        match wait.map_err(|NoAnswer| Failed::Ourselves)? {
            None => Ok(()),
            Some(wait) => {
                gate::line("throttled", [("what", "browser".into())]);
                Err(Failed::Throttled(wait))
            }
        }
    }

    /// The session that this browser has now. Its cookie is `Strict`: it is there if one of our own pages leads here, and
    /// never at the callback.
    async fn session(&self) -> Option<(SessionId, VaultReply)> {
        let header = self.call.request.header("cookie")?;
        let session = self.environment.cookies.session(&header).ok()?.id;
        let known = VaultClient::of(&self.call.env, &session).session().await.ok()?;
        Some((session, known))
    }

    /// What a login has to remember of it.
    async fn previous(&self) -> Option<Previous> {
        let (session, known) = self.session().await?;
        Some(Previous { session: session.as_str().to_owned(), epoch: known.epoch()? })
    }
}
