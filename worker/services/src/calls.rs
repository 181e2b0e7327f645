//! `/api/{service}/...`: whose call it is, and with which token it is made.

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::config::services::CallerConfig;
use everlit_edge::provider::Judgement;
use everlit_edge::service::{Account, answer};
use everlit_edge::signed_call::{NoKey, Scheme, Signer};
use everlit_runtime::clock;
use everlit_runtime::http::Reply;

use crate::knock::Knock;
use crate::problem::Problem;
use crate::proxy::{self, Given, Signed, Tokens};
use crate::routes::Call;
use crate::seldom;
use crate::vault::client::ServiceClient;
use crate::vault::message::TokenReply;

/// How its lines in the log are called.
pub(crate) const ROUTE: &str = "/api/{service}/{path}";

/// Answers. `path` is what follows `/api/`.
///
/// Until a key is known to be good, nothing that is done or said depends on the service: whether there is one, and whose it is, is not
/// for strangers.
pub(crate) async fn forward(call: &Call, path: &str) -> Reply {
    let (service, rest) = path.split_at_checked(path.find('/').unwrap_or(path.len())).unwrap_or((path, ""));
    let knock = Knock::of(&call.request, rest).await;
    let account = call.environment.account(service);
    let scheme = account.as_ref().and_then(|account| Scheme::of(account.config.description.name));
    let (key, caller) = match admitted(call, service, knock.key(&call.request, scheme)) {
        Ok(admitted) => admitted,
        Err(problem) => return proxy::told_to_stranger(refused(problem)),
    };
    let Some(signed) = account.as_ref().and_then(signed) else { return refused(unsigned()) };
    let tokens = Kept { vault: ServiceClient::of(&call.env, service), caller: &caller.name };
    proxy::forward(&call.request, rest, &knock, &signed, Some(&key), &tokens).await
}

/// How calls to an account are made, where they are made here.
pub(crate) fn signed<'a>(account: &Account<'a>) -> Option<Signed<'a>> {
    let description = &account.config.description;
    Some(Signed {
        scheme: Scheme::of(description.name)?,
        signer: Signer { client_id: &account.config.client_id, secret: account.secret },
        origin: account.config.origin.as_ref(),
        account: account.config.account.as_deref(),
        classify: description.classify?,
    })
}

/// Whose key it is, if that one may use this service.
fn admitted<'a>(
    call: &'a Call,
    service: &str,
    key: Result<Secret<String>, NoKey>,
) -> Result<(Secret<String>, &'a CallerConfig), Problem> {
    let key = key.map_err(|reason| {
        seldom::line("key_refused", [("reason", reason.reason().into())]);
        Problem::unauthorized()
    })?;
    let caller = call.environment.callers.of_service(Some(key.expose()), service)?;
    Ok((key, caller))
}

fn unsigned() -> Problem {
    let detail = "Calls to this provider are not made through here. Ask POST /service/{name}/token, and call it with that.";
    Problem::not_found().detail(detail)
}

fn refused(problem: Problem) -> Reply {
    let (outcome, status) = (problem.code, problem.status);
    seldom::line(
        "refused",
        [("route", ROUTE.into()), ("outcome", outcome.into()), ("status", status.into())],
    );
    problem.reply()
}

/// The vault of a service, asked in the name of one caller.
struct Kept<'a> {
    vault: ServiceClient,
    caller: &'a str,
}

impl Tokens for Kept<'_> {
    const IS_PROGRAM: bool = true;

    async fn token(&self, reads_only: bool) -> Result<Given, Reply> {
        match self.vault.token_for_call(self.caller, reads_only).await.map_err(Problem::reply)? {
            TokenReply::Token { access_token, place, expires_at, read_only } => Ok(Given {
                stamp: place.into(),
                access_token: Secret::new(access_token),
                read_only,
                expires_at: expires_at.map(Timestamp::from_millis),
            }),
            // The vault counts these, and says so.
            TokenReply::None { reason, wait, since, login_from } => {
                let problem = Problem::no_token(&reason, Millis::from_millis(wait));
                Err(problem.with("since", since.into()).with("login_from", login_from.into()).reply())
            }
        }
    }

    /// Its SDK knows what to make of its broker's words.
    async fn cleared(&self, _reads_only: bool) -> Result<(), Reply> {
        Ok(())
    }

    async fn answered(&self, given: &Given, judgement: Judgement) {
        answered(&self.vault, given, judgement).await;
    }
}

/// Says to a vault what the provider said to a token.
pub(crate) async fn answered(vault: &ServiceClient, given: &Given, judgement: Judgement) {
    let Some((class, until)) = answer::class(judgement.class, clock::now()) else { return };
    // Where it is not heard, the next call meets the same.
    drop(vault.answered(given.stamp, given.read_only, class, until).await);
}
