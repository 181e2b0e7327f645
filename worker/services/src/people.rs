//! Users of the app: what is asked in the name of a session. The edge Worker says whose it is, over a binding to an entrypoint that nobody
//! else reaches ([`everlit_edge::people`]); what they may is said by the configuration of each service. None of them ever gets a token.

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::config::services::ServiceConfig;
use everlit_edge::people::{Statement, USER_HEADER};
use everlit_edge::provider::Judgement;
use everlit_edge::service::{hand, person};
use everlit_runtime::clock;
use everlit_runtime::http::Reply;
use everlit_runtime::incoming::Incoming;
use everlit_wire::{Code, Reauth, Seconds};
use worker::Env;

use crate::knock::Knock;
use crate::problem::Problem;
use crate::proxy::{self, Given, Tokens};
use crate::routes::{Call, logged};
use crate::vault::client::ServiceClient;
use crate::vault::message::{PersonAsk, TokenReply};
use crate::{calls, credential, list, login};

/// Answers.
pub(crate) async fn answer(request: Incoming, env: Env) -> Reply {
    let is_call = request.path.starts_with("/api/");
    let call = match Call::of(request, env) {
        Ok(call) => call,
        Err(refusal) => return if is_call { proxy::marked(refusal) } else { refusal },
    };
    // Only a Worker that is bound to this entrypoint calls here, and it says whose call it is.
    let said = call.request.header(USER_HEADER);
    let Some(user) = said.as_deref().and_then(Statement::parse) else {
        return Problem::bad_request("Nobody says whose call this is.").reply();
    };
    let path = call.request.path.clone();
    if let Some(path) = path.strip_prefix("/api/") {
        return match forward(&call, &user, path).await {
            Ok(reply) => reply,
            Err(problem) => proxy::marked(logged(calls::ROUTE, Err(problem))),
        };
    }
    let (template, answered) = handle(&call, &user, &path).await;
    logged(template, answered)
}

/// Somebody who may use a service.
struct User<'a> {
    config: &'a ServiceConfig,
    vault: ServiceClient,
    is_operator: bool,
}

impl<'a> User<'a> {
    /// Whoever may not is told the same of a service that there is not.
    fn of(call: &'a Call, user: &Statement, service: &str) -> Result<Self, Problem> {
        let config = call.environment.config.service(service).filter(|config| config.may_use(user));
        let config = config.ok_or_else(Problem::not_theirs)?;
        let vault = ServiceClient::of(&call.env, service);
        Ok(Self { config, vault, is_operator: config.is_operator(user) })
    }

    fn operator(self) -> Result<Self, Problem> {
        let told = "Somebody who operates this app has to do this.";
        if self.is_operator { Ok(self) } else { Err(Problem::not_theirs().detail(told)) }
    }

    async fn status(&self) -> Result<Reply, Problem> {
        Ok(Reply::json(&person::status(self.config, self.vault.status().await?, self.is_operator)))
    }
}

async fn handle(call: &Call, user: &Statement, path: &str) -> (&'static str, Result<Reply, Problem>) {
    let method = call.request.method.as_str();
    if path == "/service" {
        let answered = if method == "GET" { mine(call, user).await } else { Err(Problem::method(&["GET"])) };
        return ("/service", answered);
    }
    let Some((service, rest)) = path.strip_prefix("/service/").and_then(|path| path.split_once('/')) else {
        return ("unknown", Err(Problem::not_found()));
    };
    let may = || User::of(call, user, service);
    match (rest, method) {
        ("status", "GET") => ("/service/{name}/status", async { may()?.status().await }.await),
        ("refresh", "POST") => {
            ("/service/{name}/refresh", async { ask_again(call, user, may()?).await }.await)
        }
        ("credential", "PUT") => {
            let answered = async {
                may()?.operator()?;
                credential::take(call, service).await
            };
            ("/service/{name}/credential", answered.await)
        }
        ("fallback", "POST") => {
            let answered = async {
                may()?.vault.fell_back().await?;
                Ok(Reply::empty(204))
            };
            ("/service/{name}/fallback", answered.await)
        }
        ("login", "GET") => {
            let is_operator = may().is_ok_and(|user| user.is_operator);
            ("/service/{name}/login", login::lead(call, service, is_operator).await)
        }
        ("status", _) => ("/service/{name}/status", Err(Problem::method(&["GET"]))),
        ("refresh", _) => ("/service/{name}/refresh", Err(Problem::method(&["POST"]))),
        ("credential", _) => ("/service/{name}/credential", Err(Problem::method(&["PUT"]))),
        ("fallback", _) => ("/service/{name}/fallback", Err(Problem::method(&["POST"]))),
        ("login", _) => ("/service/{name}/login", Err(Problem::method(&["GET"]))),
        // Among them `token`: no browser is handed one.
        _ => ("unknown", Err(Problem::not_found())),
    }
}

/// The services that are this user's to use.
async fn mine(call: &Call, user: &Statement) -> Result<Reply, Problem> {
    Ok(list::of(call, |service| service.may_use(user)).await)
}

/// Has everything tried again, a person asked by the provider among it. What comes of it the status says.
async fn ask_again(call: &Call, statement: &Statement, user: User<'_>) -> Result<Reply, Problem> {
    let user = user.operator()?;
    let person = name_of(call, statement);
    let ask = PersonAsk { person, reads_only: false, forces: true, doubts: false };
    match user.vault.person(&ask).await? {
        TokenReply::None { reason, wait, .. } if reason == LIMITED => {
            Err(Problem::no_token(&reason, Millis::from_millis(wait)))
        }
        // The token stays here.
        TokenReply::Token { .. } | TokenReply::None { .. } => user.status().await,
    }
}

/// `/api/{service}/...`
async fn forward(call: &Call, statement: &Statement, path: &str) -> Result<Reply, Problem> {
    let (service, rest) = path.split_at_checked(path.find('/').unwrap_or(path.len())).unwrap_or((path, ""));
    let user = User::of(call, statement, service)?;
    let account = call.environment.account(service).ok_or_else(Problem::not_theirs)?;
    let signed = calls::signed(&account).ok_or_else(Problem::not_found)?;
    let tokens = InTheNameOf { person: name_of(call, statement), user };
    let reply = proxy::forward(&call.request, rest, &Knock::of_nobody(), &signed, None, &tokens).await;
    if let Reply::Forwarded(response) = &reply {
        // What one user's cookie brought is not another's.
        response.headers().append("vary", "cookie").map_err(|_| Problem::unavailable())?;
    }
    Ok(reply)
}

/// How a user is called where they are counted: a digest of who they are, at the login that they come by.
fn name_of(call: &Call, user: &Statement) -> u64 {
    let key = call.environment.keyring.current().derive("everlit service person", &user.provider);
    hand::fingerprint(key.expose(), &Secret::new(user.sub.clone())).0
}

/// `everlit_core::service::Absence`
const LIMITED: &str = "caller_limited";
const NEEDS_HUMAN: &str = Reauth::REASON;

/// The vault of a service, asked in the name of one user.
struct InTheNameOf<'a> {
    user: User<'a>,
    person: u64,
}

impl InTheNameOf<'_> {
    /// That a person has to do something, and who, and what.
    async fn needs_human(&self) -> Result<Reply, Problem> {
        let User { config, vault, is_operator } = &self.user;
        let [since, login_from, deadline] = person::times(&vault.status().await?);
        let help = person::Help::of(config, *is_operator);
        let reauth = Reauth {
            kind: ["urn:everlit:problem:", Code::ReauthRequired.as_str()].concat(),
            title: Reauth::TITLE.to_owned(),
            status: Reauth::STATUS,
            code: Code::ReauthRequired,
            vault: ["service:", &config.name].concat(),
            provider: config.description.name.to_owned(),
            provider_title: config.description.title.to_owned(),
            who: help.who().to_owned(),
            detail: help.says(config),
            how: help.how.iter().copied().map(str::to_owned).collect(),
            login_url: help.login_url,
            since,
            login_from,
            deadline,
            reason: NEEDS_HUMAN.to_owned(),
            server_time: clock::now().as_millis(),
        };
        let text = serde_json::to_string(&reauth).map_err(|_| Problem::unavailable())?;
        Ok(Reply::text(Reauth::STATUS, "application/problem+json", text).with("everlit-vault", reauth.vault))
    }
}

impl InTheNameOf<'_> {
    async fn asked(&self, reads_only: bool, doubts: bool) -> Result<Given, Reply> {
        let ask = PersonAsk { person: self.person, reads_only, forces: false, doubts };
        match self.user.vault.person(&ask).await.map_err(Problem::reply)? {
            TokenReply::Token { access_token, place, expires_at, read_only } => Ok(Given {
                stamp: place.into(),
                access_token: Secret::new(access_token),
                read_only,
                expires_at: expires_at.map(Timestamp::from_millis),
            }),
            TokenReply::None { reason, .. } if reason == NEEDS_HUMAN => {
                Err(self.needs_human().await.unwrap_or_else(Problem::reply))
            }
            // In the words that the tab knows.
            TokenReply::None { reason, wait, .. } => {
                let code = if reason == LIMITED { Code::Throttled } else { Code::TemporarilyUnavailable };
                let retry_after = Some(Seconds(Millis::from_millis(wait)));
                let problem = everlit_wire::Problem {
                    retry_after,
                    reason: Some(reason),
                    ..everlit_wire::Problem::new(code)
                };
                Err(Reply::problem(&problem))
            }
        }
    }
}

impl Tokens for InTheNameOf<'_> {
    const IS_PROGRAM: bool = false;

    async fn token(&self, reads_only: bool) -> Result<Given, Reply> {
        self.asked(reads_only, false).await
    }

    async fn cleared(&self, reads_only: bool) -> Result<(), Reply> {
        self.asked(reads_only, true).await.map(drop)
    }

    async fn answered(&self, given: &Given, judgement: Judgement) {
        calls::answered(&self.user.vault, given, judgement).await;
    }
}
