//! `GET /auth/callback/{provider}`: where a login comes to its end, once for every `state`.

use std::rc::Rc;

use everlit_core::time::Millis;
use everlit_edge::cookie::{BindingId, SessionId, set_session};
use everlit_edge::device;
use everlit_edge::oauth::{AuthorizationResponse, ClientRequest, State, TokenAnswer};
use everlit_edge::posted as kept;
use everlit_edge::prefetch::is_prefetch;
use everlit_edge::provider::Asked;
use everlit_edge::provider::supabase::refresh;
use everlit_edge::return_to::ReturnTo;
use everlit_edge::silent::{Ending, Silent};
use everlit_wire::{Code, Problem};
use worker::{Context, Env};

use crate::desk::client::DeskClient;
use crate::desk::message::{Claimed, Transaction};
use crate::environment::Environment;
use crate::http::Reply;
use crate::pages::{self, Failed};
use crate::routes::Call;
use crate::silent::{self, Remembered};
use crate::vault::client::VaultClient;
use crate::{background, clock, desk, discovery, gate, log, outgoing};

mod link;
pub(crate) mod posted;
mod session;
mod tokens;

use tokens::code_of;

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
}
