//! `POST /auth/login`: the form of ours at which users log in to Supabase Auth.
//!
//! What is typed passes here once. It is in no row, no log and no URL: what a login's desk keeps is that there is one, so that a form
//! that is sent twice logs in once.

use std::rc::Rc;

use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_edge::config::{ProviderConfig, SupabaseLogin};
use everlit_edge::cookie::{BindingId, set_binding};
use everlit_edge::html::{self, SignIn};
use everlit_edge::oauth::{ClientRequest, CodeVerifier, State};
use everlit_edge::provider::supabase::login::{self as supabase, Form};
use everlit_edge::provider::supabase::refusal::classify;
use everlit_edge::provider::{About, Class};
use everlit_edge::query::Query;
use everlit_edge::return_to::ReturnTo;
use everlit_wire::{Code, Problem};

use crate::callback::{self, Failure, Shown};
use crate::environment::Environment;
use crate::http::Reply;
use crate::login::{self, Beginning};
use crate::pages::{self, Failed};
use crate::registration::Registration;
use crate::routes::Call;
use crate::{clock, desk, entropy, gate, log, outgoing};

/// How long it may take to have a mail sent: a person is waiting.
const LIMIT: Millis = Millis::from_secs(15);
/// The longest address (RFC 5321, section 4.5.3.1.3).
const MAX_EMAIL: usize = 254;

const STALE: &str = "This page was open for too long. Please try again.";
const NO_EMAIL: &str = "Please type your e-mail address.";
const NO_PASSWORD: &str = "Please type your password.";
const WRONG_PASSWORD: &str = "E-mail address or password is not right.";
const WRONG_CODE: &str = "The code is not right, or it is too old.";
const CODE_SENT: &str = "If this address is known, a mail with a code is on its way.";
const LINK_SENT: &str = "If this address is known, a mail with a link is on its way. Open it in this browser, within ten minutes.";

/// The ways to log in by a form, if there are any.
pub(crate) fn forms(provider: &ProviderConfig) -> Option<&SupabaseLogin> {
    provider.supabase.as_ref().filter(|supabase| !supabase.forms.is_empty())
}

/// The form, as it is shown.
pub(crate) struct Sheet<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) provider: &'a ProviderConfig,
    pub(crate) return_to: &'a ReturnTo,
    /// The browser, if it is known.
    pub(crate) binding: Option<BindingId>,
    /// The address that was typed.
    pub(crate) email: &'a str,
    /// Whether a code is waited for.
    pub(crate) wants_code: bool,
}

impl Sheet<'_> {
    /// Shows it, with a sentence. Each has a login of its own.
    pub(crate) fn page(&self, status: u16, said: Option<&str>) -> Result<Reply, Problem> {
        let internal = || Problem::new(Code::Internal);
        let state = State::from_entropy(entropy::bytes().ok_or_else(internal)?);
        let fresh;
        let binding = match &self.binding {
            Some(binding) => binding,
            None => {
                fresh = BindingId::from_entropy(entropy::bytes().ok_or_else(internal)?);
                &fresh
            }
        };
        let login = self.provider.supabase.as_ref();
        let forms = login.map(|login| login.forms.as_slice()).unwrap_or_default();
        let there =
            [html::login_path(&self.provider.name, self.return_to).as_str(), "&with=redirect"].concat();
        let page = html::sign_in(&SignIn {
            said,
            forms: if self.wants_code { &[Form::Code] } else { forms },
            wants_code: self.wants_code,
            email: self.email,
            state: state.as_str(),
            return_to: self.return_to,
            elsewhere: login.and_then(|login| login.provider.as_deref()).map(|name| (name, there.as_str())),
        });
        let cookie = set_binding(&self.environment.cookies.mint_binding(binding), desk::LIFE);
        Ok(Reply::page(status, page).with_cookie(cookie))
    }

    fn failed(&self, why: Failed) -> Result<Reply, Problem> {
        Ok(pages::throttled(why, self.page(why.status(), Some(why.words().1))?))
    }
}

/// Takes what was typed.
pub(crate) async fn take(call: Call, environment: Rc<Environment>) -> Result<Reply, Problem> {
    let provider = environment.config.login_provider();
    if forms(provider).is_none() {
        return Err(Problem::new(Code::NotFound));
    }
    // A stranger's page would log its reader in as somebody else. Our pages name no referrer, and so no browser names their origin.
    let is_own = match call.request.header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => call.request.header("origin").is_some_and(|from| environment.config.origins.contains(&from)),
    };
    if !is_own {
        gate::line("cross_site", [("reason", "the form is another site's".into())]);
        return Err(Problem::new(Code::CrossSite));
    }
    let body = Secret::new(call.request.body().await?);
    let text = core::str::from_utf8(body.expose()).map_err(|_| Problem::new(Code::BadRequest))?;
    let form = Query::parse(text).map_err(|_| Problem::new(Code::BadRequest))?;
    let one = |name: &str| form.one(name).ok().flatten().unwrap_or_default();
    let return_to = ReturnTo::parse_among(one("return_to"), &environment.config.origins);
    let email = one("email").trim();
    let binding = login::known_binding(&call, &environment);
    let sheet = Sheet {
        environment: &environment,
        provider,
        return_to: &return_to,
        binding: binding.clone(),
        email: email.get(..MAX_EMAIL).unwrap_or(email),
        wants_code: false,
    };
    if let Err(why) = gate::pass(&call, &environment, "login", login::gates(&call, binding.as_ref())).await {
        // One that has not passed is no browser that is known.
        let is_known = sheet.binding.is_some();
        return if is_known { sheet.failed(why) } else { Ok(pages::failed(why, &provider.name, &return_to)) };
    }
    let (Some(binding), Some(state)) = (binding, State::parse(one("state"))) else {
        return sheet.page(400, Some(STALE));
    };
    let way = Form::from_name(one("way"))
        .filter(|way| forms(provider).is_some_and(|login| login.forms.contains(way)));
    let way = way.ok_or_else(|| Problem::new(Code::BadRequest))?;
    if email.is_empty() || email.len() > MAX_EMAIL {
        return sheet.page(400, Some(NO_EMAIL));
    }
    if way == Form::Password && one("password").is_empty() {
        return sheet.page(400, Some(NO_PASSWORD));
    }
    let registration = Registration::of(&environment, &provider.name);
    let key = registration.as_ref().and_then(Registration::api_key);
    let key = key.ok_or_else(|| Problem::new(Code::Internal))?;
    let beginning =
        Beginning { call: &call, environment: &environment, provider, return_to: &return_to, prompt: None };
    let typed = match way {
        Form::Password => supabase::with_password(key, email, one("password")),
        Form::Code if one("code").is_empty() => {
            return match mail(provider, &supabase::mail_code(key, email)).await {
                Ok(()) => Sheet { wants_code: true, ..sheet }.page(200, Some(CODE_SENT)),
                Err(why) => sheet.failed(why),
            };
        }
        Form::Code => supabase::with_code(key, email, one("code").trim()),
        Form::Link => {
            let verifier = entropy::bytes().map(CodeVerifier::from_entropy);
            let verifier = verifier.ok_or_else(|| Problem::new(Code::Internal))?;
            let back = provider.redirect_uri(&environment.config.origins);
            let mailed = match beginning.keep(&binding, &state, &verifier).await {
                Ok(()) => mail(provider, &supabase::mail_link(key, email, &back, &verifier)).await,
                Err(why) => Err(why),
            };
            return match mailed {
                Ok(()) => beginning.with_state(sheet.page(200, Some(LINK_SENT))?, &state),
                Err(why) => sheet.failed(why),
            };
        }
    };
    // It has nothing to verify: nobody but us shows what was typed.
    let verifier = CodeVerifier::from_entropy([0; 32]);
    if let Err(why) = beginning.keep(&binding, &state, &verifier).await {
        return sheet.failed(why);
    }
    let name = provider.name.clone();
    match callback::conclude(call, &environment, &binding, &name, Shown::Typed(typed, state)).await {
        Ok(reply) => Ok(reply),
        Err(Failure(Failed::Code, _)) if way == Form::Password => sheet.page(400, Some(WRONG_PASSWORD)),
        Err(Failure(Failed::Code, _)) => Sheet { wants_code: true, ..sheet }.page(400, Some(WRONG_CODE)),
        Err(Failure(why, _)) => Sheet { wants_code: way == Form::Code, ..sheet }.failed(why),
    }
}

/// Has a mail sent. Who may not have one is told no more than anybody else.
async fn mail(provider: &ProviderConfig, request: &ClientRequest) -> Result<(), Failed> {
    let url = [&provider.issuer, request.target()].concat();
    let received = outgoing::post(&url, request, LIMIT).await;
    let judgement =
        received.as_ref().map(|received| classify(&received.judged_at(clock::now()), About::LOGIN));
    let (sent, reason) = match judgement {
        Err(unanswered) => (Err(Failed::Provider), unanswered.reason()),
        Ok(judgement) => {
            let sent = match judgement.class {
                Class::Ok
                | Class::RestartLogin
                | Class::ReauthRequired
                | Class::Ambiguous
                | Class::RequestRefused => Ok(()),
                // This limit is an address's own, and only one that there is has it: to say so would tell which ones there are.
                Class::RateLimited { .. } if judgement.reason == MAIL_LIMIT => Ok(()),
                Class::RateLimited { until } => Err(Failed::Throttled(clock::now().until(until))),
                Class::Transient { .. }
                | Class::AccessExpired
                | Class::ClientMisconfigured
                | Class::UserActionRequired
                | Class::ServiceClosed { .. }
                | Class::WrongToken
                | Class::OutcomeUnknown
                | Class::NotPermitted => Err(Failed::Provider),
            };
            (sent, judgement.reason)
        }
    };
    log::line("login_mail", [("reason", reason.into())]);
    sent
}

/// What a project says to a second mail to one address within a minute.
const MAIL_LIMIT: &str = "over_email_send_rate_limit";
