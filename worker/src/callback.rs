//! `GET /auth/callback/{provider}`: where a login comes to its end, once for every `state`.

use std::rc::Rc;

use everlit_core::id::Epoch;
use everlit_core::index::Kind;
use everlit_core::secret::RefreshToken;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Granted, Login};
use everlit_edge::config::{ProviderConfig, Use};
use everlit_edge::cookie::{BindingId, SessionId, set_session};
use everlit_edge::device;
use everlit_edge::end_session::MAX_HINT;
use everlit_edge::oauth::{
    AuthorizationCode, AuthorizationErrorCode, AuthorizationResponse, ClientCredentials, ClientRequest,
    CodeVerifier, DpopKey, Expected, Outcome, Scheme, State, TokenAnswer, TokenResponse,
};
use everlit_edge::oidc::{Expectation, IdTokenClaims, Nonce, ProviderMetadata};
use everlit_edge::posted as kept;
use everlit_edge::prefetch::is_prefetch;
use everlit_edge::provider::Asked;
use everlit_edge::provider::supabase::login::Person;
use everlit_edge::provider::supabase::refresh;
use everlit_edge::return_to::ReturnTo;
use everlit_edge::silent::{Ending, Silent};
use everlit_wire::{Code, Problem, User};
use futures_util::future::join_all;
use worker::{Context, Env};

use crate::desk::client::DeskClient;
use crate::desk::message::{Claimed, Transaction};
use crate::environment::Environment;
use crate::http::Reply;
use crate::index::client::{Arriving, IndexClient};
use crate::index::message::Entered;
use crate::pages::{self, Failed};
use crate::registration::{Registration, Unsigned};
use crate::routes::Call;
use crate::silent::{self, Remembered};
use crate::token_request::TokenRequest;
use crate::vault::client::{VaultClient, until_answered};
use crate::vault::message::{About, Holder, REPLACED};
use crate::vault::reply::VaultReply;
use crate::{background, clock, desk, discovery, entropy, gate, log, logout, outgoing, revocation, verify};

mod link;
pub(crate) mod posted;

/// How long the code exchange may take: a person is waiting.
const LIMIT: Millis = Millis::from_secs(15);

/// How long a person is asked to wait where a project takes no more attempts, and does not say for how long.
const THROTTLED: Millis = Millis::from_secs(60);

/// Finishes a login, to its end also if the browser hangs up: the code can be spent only once.
pub(crate) async fn finish(call: Call, environment: Rc<Environment>) -> Reply {
    let header = |name: &str| call.request.header(name);
    if is_prefetch(header("sec-purpose").as_deref(), header("purpose").as_deref()) {
        return Reply::empty(204);
    }
    let cookie = header("cookie").unwrap_or_default();
    let name = call.request.path.strip_prefix("/auth/callback/").unwrap_or_default();
    let Some(provider) = environment.config.provider(name) else {
        return Problem::new(Code::NotFound).into();
    };
    let name = provider.name.clone();
    let unknown = |reason: &'static str| {
        gate::line("callback_refused", [("reason", reason.into())]);
        pages::failed(Failed::Unknown, &name, &ReturnTo::root())
    };
    let keeps_state = provider.supabase.is_some();
    let life = if keeps_state { desk::LIFE } else { kept::LIFE };
    let kept = || kept::open(&environment.keyring, &name, &cookie, life, clock::now());
    let in_url = call.request.query.clone().filter(|query| !query.is_empty());
    let query = match (in_url, keeps_state) {
        (Some(query), false) => query,
        // The response says all but its `state`. One that says it twice is none of ours.
        (Some(query), true) => {
            [&query, "&", kept().as_ref().map(|kept| kept.expose().as_str()).unwrap_or_default()].concat()
        }
        (None, _) => kept().map(|kept| kept.expose().clone()).unwrap_or_default(),
    };
    let response = match AuthorizationResponse::parse(&query) {
        Ok(response) => response,
        Err(error) => return unknown(error.reason()),
    };
    let binding = match environment.cookies.binding(&cookie) {
        Ok(binding) => binding,
        Err(error) => return unknown(error.reason()),
    };
    let shown = Shown::Response(response);
    conclude(call, &environment, &binding, &name, shown)
        .await
        .unwrap_or_else(|Failure(why, _)| pages::failed(why, &name, &ReturnTo::root()))
}

/// What a login is finished with.
pub(crate) enum Shown {
    /// What the authorization server has said to the browser.
    Response(AuthorizationResponse),
    /// What the user has typed: the request that shows it, and the login's name.
    Typed(ClientRequest, State),
}

/// Finishes a login, whatever it is shown, to its end also if the browser hangs up. A form that did not come to its end is its caller's to
/// show again.
pub(crate) async fn conclude(
    call: Call,
    environment: &Rc<Environment>,
    binding: &BindingId,
    name: &str,
    shown: Shown,
) -> Result<Reply, Failure> {
    let desk = DeskClient::of(&call.env, binding);
    let device = call.request.header("user-agent").and_then(|said| device::label(&said));
    let context = Rc::new(call.context);
    let (env, environment) = (call.env, Rc::clone(environment));
    let (context_too, provider) = (Rc::clone(&context), name.to_owned());
    let callback = Callback { env, environment, context: context_too, desk, provider, device };
    let done = background::finish((*context).as_ref(), async move { callback.finish(shown).await });
    done.await.unwrap_or(Err(Failure(Failed::Ourselves, "")))
}

/// One callback.
struct Callback {
    env: Env,
    environment: Rc<Environment>,
    context: Rc<Context>,
    desk: DeskClient,
    provider: String,
    /// What the browser's device is called.
    device: Option<String>,
}

/// Why a claimed login failed: for its user, and for the log.
pub(crate) struct Failure(pub(crate) Failed, pub(crate) &'static str);

/// Why a login that has its tokens began no session.
enum Unbegun {
    /// Nobody holds the tokens.
    Refused(Failure),
    /// A vault may hold them.
    Unclear(Failure),
}

impl From<Failure> for Unbegun {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl Callback {
    async fn finish(&self, shown: Shown) -> Result<Reply, Failure> {
        let state = match &shown {
            Shown::Response(response) => response.state().clone(),
            Shown::Typed(_, state) => state.clone(),
        };
        let root = ReturnTo::root();
        Ok(match self.desk.claim(&state, &self.provider).await {
            Ok(Claimed::First(transaction)) => return self.spend(&state, *transaction, shown).await,
            Ok(Claimed::Done { session, return_to, is_link: true, .. }) => {
                self.linked_again(&session, &self.return_to(&return_to)).await
            }
            Ok(Claimed::Done { session, return_to, silent, .. }) => {
                self.again(&session, silent.as_ref(), &self.return_to(&return_to)).await
            }
            Ok(Claimed::Failed { return_to, silent, .. }) => {
                self.failed(Failed::Code, silent.as_ref(), &self.return_to(&return_to))
            }
            Ok(Claimed::Pending) => pages::failed(Failed::Busy, &self.provider, &root),
            Ok(Claimed::Throttled { millis }) => {
                gate::line("throttled", [("what", "callback".into())]);
                pages::failed(Failed::Throttled(Millis::from_millis(millis)), &self.provider, &root)
            }
            Ok(Claimed::Unknown) => {
                gate::line(
                    "callback_refused",
                    [("reason", "the state is unknown, or another provider's".into())],
                );
                pages::failed(Failed::Unknown, &self.provider, &root)
            }
            Err(_) => pages::failed(Failed::Ourselves, &self.provider, &root),
        })
    }

    /// The first callback of this `state`: the code is ours to spend.
    async fn spend(&self, state: &State, transaction: Transaction, shown: Shown) -> Result<Reply, Failure> {
        let return_to = self.return_to(&transaction.return_to);
        let is_typed = matches!(shown, Shown::Typed(..));
        Ok(match self.login(state, &transaction, shown).await {
            Ok(_) if transaction.link_of.is_some() => {
                log::line("link_finished", [("provider", self.provider.as_str().into())]);
                pages::landing(&return_to)
            }
            Ok(session) => {
                log::line("login_finished", [("provider", self.provider.as_str().into())]);
                self.land(&session, transaction.silent.as_ref(), &return_to)
            }
            Err(Failure(why, reason)) => {
                log::line("login_failed", [("reason", reason.into())]);
                let ending = if why == Failed::Denied { Ending::Refused } else { Ending::Failed };
                let noted = self.give_up(&transaction, ending).await;
                // Should this not be written, the claim runs out and says the same.
                self.desk.finish(state, None).await.ok();
                if is_typed {
                    return Err(Failure(why, reason));
                }
                match noted {
                    Some(silent) => silent::end(&silent, ending, &return_to),
                    None => self.failed(why, transaction.silent.as_ref(), &return_to),
                }
            }
        })
    }

    /// Has the session remember what is not to be tried again, where a silent re-login leaves such a thing.
    async fn give_up(&self, transaction: &Transaction, ending: Ending) -> Option<Silent> {
        let silent = transaction.silent.as_ref().and_then(Remembered::silent)?;
        let vault = VaultClient::of(&self.env, &transaction.previous()?);
        silent::give_up(&silent, ending, &vault).await.then_some(silent)
    }

    /// The end of a login that brought nothing, and of which no session knows: a redirect might be begun again by the page that it
    /// leads back to, so a person is shown why.
    fn failed(&self, why: Failed, silent: Option<&Remembered>, return_to: &ReturnTo) -> Reply {
        match silent.and_then(Remembered::silent) {
            Some(silent @ Silent::Apart { .. }) => silent::end(&silent, Ending::Failed, return_to),
            Some(Silent::Redirect) | None => pages::failed(why, &self.provider, return_to),
        }
    }

    /// A later callback of the same `state`, in the same browser: a reload, or the way back.
    async fn again(&self, session: &str, silent: Option<&Remembered>, return_to: &ReturnTo) -> Reply {
        let Some(session) = SessionId::restored(session) else {
            return self.failed(Failed::Ourselves, silent, return_to);
        };
        // A session that has ended since is not handed out again: the browser may have a newer one.
        match VaultClient::of(&self.env, &session).session().await {
            Ok(reply) if reply.is_open() => self.land(&session, silent, return_to),
            Ok(_) => self.failed(Failed::Unknown, silent, return_to),
            Err(_) => self.failed(Failed::Ourselves, silent, return_to),
        }
    }

    fn land(&self, session: &SessionId, silent: Option<&Remembered>, return_to: &ReturnTo) -> Reply {
        let cookie = self.environment.cookies.mint_session(session);
        let page = match silent.and_then(Remembered::silent) {
            Some(silent) => silent::end(&silent, Ending::Done, return_to),
            None => pages::landing(return_to),
        };
        page.with_cookie(set_session(&cookie, self.environment.config.limits.absolute))
    }

    /// Where it led back to when it began, as long as that is configured.
    fn return_to(&self, kept: &str) -> ReturnTo {
        ReturnTo::parse_among(kept, &self.environment.config.origins)
    }

    /// From the response to a session that is written down.
    async fn login(
        &self,
        state: &State,
        transaction: &Transaction,
        shown: Shown,
    ) -> Result<SessionId, Failure> {
        let provider = self.environment.config.provider(&self.provider);
        let provider = provider.ok_or(Failure(Failed::Ourselves, "the provider is no longer configured"))?;
        // Which of the two it is was settled when it began; the configuration may be another by now.
        let is_login = self.environment.config.login_provider_named(&self.provider).is_some();
        if is_login == transaction.link_of.is_some() {
            return Err(Failure(Failed::Unknown, "the provider is of another use by now"));
        }
        let metadata = discovery::metadata(provider).await;
        let metadata = metadata.map_err(|_| Failure(Failed::Provider, "no metadata"))?;
        let tokens = match shown {
            Shown::Response(response) => {
                let code = code_of(response, transaction, &metadata)?;
                self.exchange(provider, &metadata, &code, transaction).await?
            }
            Shown::Typed(request, _) => {
                let url = [&metadata.issuer, request.target()].concat();
                let received = outgoing::post(&url, &request, LIMIT).await;
                let received =
                    received.map_err(|unanswered| Failure(Failed::Provider, unanswered.reason()))?;
                // A success that cannot be read was one, and says nothing of what was typed.
                let asked = if received.status < 300 { Asked::Renewal } else { Asked::Login };
                let answer = refresh::judged(&received.judged_at(clock::now()), asked);
                if let TokenAnswer::Throttled { retry_after, reason } = answer {
                    return Err(Failure(Failed::Throttled(retry_after.unwrap_or(THROTTLED)), reason));
                }
                self.granted(answer)?
            }
        };
        let refresh_token = tokens.refresh_token.clone();
        match self.establish(state, provider, &metadata, tokens, transaction).await {
            Ok(session) => Ok(session),
            Err(Unbegun::Refused(failure)) => {
                self.discard(refresh_token);
                Err(failure)
            }
            // The session that the browser has may go on with them already: to revoke them would end it at its next refresh.
            Err(Unbegun::Unclear(failure)) => Err(failure),
        }
    }

    async fn exchange(
        &self,
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        code: &AuthorizationCode,
        transaction: &Transaction,
    ) -> Result<TokenResponse, Failure> {
        let registration = Registration::of(&self.environment, &provider.name);
        let registration = registration.ok_or(Failure(Failed::Ourselves, "the client has no credential"))?;
        let code_verifier = CodeVerifier::restored(&transaction.code_verifier);
        let code_verifier = code_verifier.ok_or(Failure(Failed::Ourselves, "the transaction is damaged"))?;
        let client = registration.client(metadata).await;
        let client = client.map_err(|Unsigned| Failure(Failed::Ourselves, Unsigned::REASON))?;
        let redirect_uri = provider.redirect_uri(&self.environment.config.origins);
        let key = transaction.dpop_key.as_deref().and_then(DpopKey::parse);
        if key.is_none() && provider.dpop == Use::Required {
            return Err(Failure(Failed::Provider, "the login began without a key"));
        }
        let accepted = provider.dpop.accepts(key.is_some());
        let request = TokenRequest {
            registration: &registration,
            metadata,
            key: key.as_ref(),
            accepted,
            asked: Asked::Login,
        };
        let began = clock::now();
        let left = || LIMIT.less(began.until(clock::now()));
        let build = |client: ClientCredentials<'_>| {
            ClientRequest::authorization_code(client, code, &redirect_uri, &code_verifier)
        };
        let answer = request.send(client, build, left, || true).await;
        self.granted(answer.map_err(|unanswered| Failure(Failed::Provider, unanswered.reason()))?)
    }

    /// The tokens in the answer to what a login has shown.
    fn granted(&self, answer: TokenAnswer) -> Result<TokenResponse, Failure> {
        match answer {
            TokenAnswer::Granted(tokens) => Ok(tokens),
            TokenAnswer::Reauth { reason } => Err(Failure(Failed::Code, reason)),
            TokenAnswer::Transient { reason, .. }
            | TokenAnswer::Throttled { reason, .. }
            | TokenAnswer::Unreadable { reason }
            | TokenAnswer::NotDone { reason }
            | TokenAnswer::Misconfigured { reason } => Err(Failure(Failed::Provider, reason)),
            TokenAnswer::Unusable { reason, refresh_token } => {
                self.discard(refresh_token);
                Err(Failure(Failed::Provider, reason))
            }
        }
    }

    async fn establish(
        &self,
        state: &State,
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        mut tokens: TokenResponse,
        transaction: &Transaction,
    ) -> Result<SessionId, Unbegun> {
        let began_at = transaction.began_at.map(Timestamp::from_millis);
        let (user, sid, issued_at, email_verified) = match tokens.user.take() {
            Some(Person { id, name, email }) => {
                let at = began_at.unwrap_or_else(clock::now).as_millis();
                (User { sub: id, name, email }, None, at, false)
            }
            None => {
                let claims = self.identify(provider, metadata, &tokens, transaction).await?;
                let at = claims.login_at(began_at).as_millis();
                let IdTokenClaims { sub, name, email, sid, email_verified, .. } = claims;
                (User { sub, name, email }, sid, at, email_verified)
            }
        };
        let floor = transaction.previous.as_ref().map_or(0, |previous| previous.epoch);
        let epoch = Epoch(clock::now().as_millis().max(floor.saturating_add(1)));
        let id_token = tokens.id_token.as_ref().map(|token| token.expose().clone());
        let id_token = id_token.filter(|token| token.len() <= MAX_HINT && provider.shows_hint(metadata));
        // A server that does not bind tokens for this client has no use for the key.
        let dpop_key = transaction.dpop_key.clone().filter(|_| tokens.scheme == Scheme::Dpop);
        let grant = Granted {
            target: None,
            access_token: tokens.access_token,
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
        };
        let login = Login { epoch, grant };
        let about = About { device: self.device.clone(), sid, issued_at, id_token, email_verified };
        let holder = Holder { provider: provider.name.clone(), user, about, dpop_key, links: Vec::new() };
        let session = match &transaction.link_of {
            Some(sub) => self.link(&login, holder, transaction, sub).await?,
            None => match self.renew(&login, &holder, transaction).await? {
                Some(renewed) => renewed,
                None => {
                    self.may_open(&holder, transaction).await?;
                    self.open(&login, holder, transaction).await?
                }
            },
        };
        // Whoever comes with the same `state` from now on gets the same session.
        let noted = self.desk.finish(state, Some(&session)).await;
        if noted.is_err() {
            log::line("login_not_noted", []);
        }
        Ok(session)
    }

    /// Goes on with the session that the browser has, if it is open and the same user's: its cookie stays.
    async fn renew(
        &self,
        login: &Login,
        holder: &Holder,
        transaction: &Transaction,
    ) -> Result<Option<SessionId>, Unbegun> {
        let Some(previous) = transaction.previous() else { return Ok(None) };
        let vault = VaultClient::of(&self.env, &previous);
        let unheard = |_| Failure(Failed::Ourselves, "the vault did not answer");
        let known = until_answered(async || vault.session().await).await.map_err(unheard)?;
        // Another user's session is not entered among this one's.
        if !known.holder().is_some_and(|known| known.is_same_person(holder)) {
            return Ok(None);
        }
        if !self.enter(&previous, holder, transaction).await? {
            return Ok(None);
        }
        let silent = transaction.silent.is_some();
        let reply = until_answered(async || vault.renew(login, holder.clone(), silent).await).await;
        let unanswered = |_| Unbegun::Unclear(Failure(Failed::Ourselves, "the vault did not answer"));
        match reply.map_err(unanswered)? {
            VaultReply::Current(_) => Ok(Some(previous)),
            VaultReply::RetryAfter { .. }
            | VaultReply::Unobtainable
            | VaultReply::Throttled { .. }
            | VaultReply::ReauthRequired { .. }
            | VaultReply::Ended { .. }
            | VaultReply::LoggedOut => Ok(None),
        }
    }

    /// Nobody has asked for a silent re-login but a page: it brings no session back that is over. Where somebody else is signed in
    /// at the provider by now, it is a change of user while there is a session to change.
    async fn may_open(&self, holder: &Holder, transaction: &Transaction) -> Result<(), Failure> {
        let Some(silent) = &transaction.silent else { return Ok(()) };
        let over = Failure(Failed::Unknown, "the session to renew is over");
        let Some(previous) = transaction.previous().filter(|_| holder.user.sub != silent.sub) else {
            return Err(over);
        };
        match VaultClient::of(&self.env, &previous).session().await {
            Ok(reply) if reply.is_open() => Ok(()),
            Ok(_) | Err(_) => Err(over),
        }
    }

    /// Begins a session, and ends the one that it replaces, as far as it is known: a login that another site's link began came
    /// without the session cookie (`Strict`), and what that cookie stood for lives on unseen until its limits.
    async fn open(
        &self,
        login: &Login,
        holder: Holder,
        transaction: &Transaction,
    ) -> Result<SessionId, Failure> {
        let session = entropy::bytes().map(SessionId::from_entropy);
        let session = session.ok_or(Failure(Failed::Ourselves, "no entropy"))?;
        if !self.enter(&session, &holder, transaction).await? {
            return Err(Failure(Failed::Denied, "a logout has come for this session"));
        }
        let vault = VaultClient::of(&self.env, &session);
        let reply = until_answered(async || vault.establish(login, holder.clone()).await).await;
        let reply = reply.map_err(|_| Failure(Failed::Ourselves, "the vault did not answer"))?;
        if reply.epoch() != Some(login.epoch.0) {
            return Err(Failure(Failed::Ourselves, "the vault holds another login"));
        }
        if let Some(previous) = transaction.previous() {
            let (env, environment) = (self.env.clone(), Rc::clone(&self.environment));
            let context = Rc::clone(&self.context);
            background::start((*self.context).as_ref(), async move {
                let keeper = (*context).as_ref();
                let left = logout::leave(&env, &environment, keeper, &previous, REPLACED).await;
                let ended = left.is_ok();
                log::line("session_replaced", [("ended", ended.into())]);
            });
        }
        Ok(session)
    }

    /// Enters a session in the indexes that a logout looks it up in, before its vault takes the login: there is none that a logout
    /// would miss, and one that a logout has overtaken does not begin. Not one that is being ended: whoever logs in there gets another.
    async fn enter(
        &self,
        session: &SessionId,
        holder: &Holder,
        transaction: &Transaction,
    ) -> Result<bool, Failure> {
        let Holder { user, about, .. } = holder;
        let until = clock::now().after(self.environment.config.limits.absolute);
        let issued_at = Timestamp::from_millis(about.issued_at);
        let client =
            self.environment.config.provider(&self.provider).map(|provider| provider.client_id.as_str());
        let of = (transaction.issuer.as_str(), client.unwrap_or_default());
        let values = [(Kind::Subject, Some(&user.sub)), (Kind::Sid, about.sid.as_ref())];
        let entered = values.into_iter().filter_map(|(kind, value)| {
            let index = IndexClient::of(&self.env, &self.environment, kind, of, value?);
            Some(async move { index.enter(Arriving { session, issued_at, until }).await })
        });
        let mut is_in = true;
        for entered in join_all(entered).await {
            match entered {
                Ok(Entered::In) => {}
                Ok(Entered::Ending) => is_in = false,
                Ok(Entered::Forbidden) => {
                    return Err(Failure(Failed::Denied, "a logout has come for this login"));
                }
                Err(_) => return Err(Failure(Failed::Ourselves, "the index did not answer")),
            }
        }
        Ok(is_in)
    }

    async fn identify(
        &self,
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        tokens: &TokenResponse,
        transaction: &Transaction,
    ) -> Result<IdTokenClaims, Failure> {
        let id_token = tokens.id_token.as_ref().ok_or(Failure(Failed::Provider, "there is no ID Token"))?;
        let nonce = Nonce::restored(&transaction.nonce)
            .ok_or(Failure(Failed::Ourselves, "the transaction is damaged"))?;
        let verified = verify::id_token(id_token.expose(), metadata).await;
        let verified = verified.map_err(|disbelief| Failure(Failed::Provider, disbelief.reason()))?;
        let expectation = Expectation {
            issuer: &transaction.issuer,
            client_id: &provider.client_id,
            nonce: Some(&nonce),
            now: clock::now(),
            leeway: Expectation::LEEWAY,
        };
        verified.validate(&expectation).map_err(|error| Failure(Failed::Provider, error.reason()))
    }

    /// Tokens that nobody will use must not live on, unless to revoke them would log the user out elsewhere: where a user's
    /// logins share one grant, they are left to lapse.
    fn discard(&self, refresh_token: Option<RefreshToken>) {
        let Some(token) = refresh_token else { return };
        if self.environment.policy(&self.provider).shared_grant {
            log::line("grant_left_to_lapse", []);
            return;
        }
        let (environment, provider) = (Rc::clone(&self.environment), self.provider.clone());
        background::start((*self.context).as_ref(), async move {
            revocation::discard(&environment, &provider, &token).await;
        });
    }
}

/// The code in a response that is the answer to this login's request.
fn code_of(
    response: AuthorizationResponse,
    transaction: &Transaction,
    metadata: &ProviderMetadata,
) -> Result<AuthorizationCode, Failure> {
    let sent = State::parse(&transaction.state);
    let expected = Expected {
        state: &sent.ok_or(Failure(Failed::Ourselves, "the transaction is damaged"))?,
        issuer: &transaction.issuer,
        issuer_names_itself: metadata.issuer_names_itself,
    };
    match response.validate(&expected).map_err(|error| Failure(Failed::Unknown, error.reason()))? {
        Outcome::Code(code) => Ok(code),
        Outcome::Error(error) => Err(Failure(denied(error), error.reason())),
    }
}

const fn denied(error: AuthorizationErrorCode) -> Failed {
    if error.needs_the_user() { Failed::Denied } else { Failed::Unavailable }
}
