//! One configured account: which request an attempt is, and what its answer brings.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::time::Timestamp;

use crate::config::services::ServiceConfig;
use crate::oauth::{ClientCredentials, ClientProof, ClientRequest, HttpAnswer, State, TokenAnswer};
use crate::provider::breeze::exchange::{self, SessionToken};
use crate::provider::breeze::login::ApiSession;
use crate::provider::breeze::{self, signature};
use crate::provider::kite::login::RequestToken;
use crate::provider::kite::{self, session};
use crate::provider::openid;
use crate::provider::supabase::{self, refresh};
use crate::provider::upstox::{self, account::Profile, approval, tokens::Tokens};
use crate::provider::{About, Asked, Class, Judgement, Protocol, Told};
use crate::proxy::Method;
use crate::signed_call::Outgoing;
use crate::url::{HttpUrl, Origin};

/// The account, and the secret that the provider gave the app.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// How it is configured.
    pub config: &'a ServiceConfig,
    /// The app's secret.
    pub secret: &'a Secret<String>,
    /// Where its logins come back to.
    pub callback: &'a str,
}

/// What an exchange brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The token.
    pub access_token: AccessToken,
    /// Another one that is good for less and lives longer.
    pub fallback: Option<AccessToken>,
    /// What the next one is had for.
    pub refresh: Option<RefreshToken>,
    /// Whose it is, where that is said.
    pub user_id: Option<String>,
    /// When it is planned to end.
    pub expires_at: Option<Timestamp>,
    /// When the other one is.
    pub fallback_until: Option<Timestamp>,
}

/// Nothing was sent: what there is does not go into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsendable;

impl Account<'_> {
    /// When a token is planned to end that is issued now. What it says itself counts too.
    #[must_use]
    pub fn plan(&self, now: Timestamp, stated: Option<Timestamp>) -> Option<Timestamp> {
        self.config.description.expiry.plan(now, Told { stated, last_use: None })
    }

    /// Where a person logs in, if that brings a token here. `state` comes back only from a provider that returns it.
    #[must_use]
    pub fn login_url(&self, state: &State) -> Option<String> {
        let (id, page) = (self.config.client_id.as_str(), self.config.login_page());
        let own = match self.config.protocol {
            Protocol::Breeze => breeze::login::login_url(id),
            Protocol::Kite => kite::login::login_url(id),
            Protocol::Upstox => self.upstox().authorize_url(state),
            Protocol::OAuth | Protocol::Supabase => return None,
        };
        Some([page, "?", own.split_once('?').map_or("", |(_, query)| query)].concat())
    }

    fn upstox(&self) -> upstox::login::App<'_> {
        let redirect_uri = self.callback;
        upstox::login::App { client_id: &self.config.client_id, client_secret: self.secret, redirect_uri }
    }

    pub(super) fn kite(&self) -> session::App<'_> {
        session::App { api_key: &self.config.client_id, secret: self.secret }
    }

    fn call(&self, method: Method, path: &str) -> Result<Outgoing, Unsendable> {
        let origin = Origin::parse(self.config.api_origin()).ok_or(Unsendable)?;
        let call = Outgoing::new(method, origin, Secret::new(path.to_string()));
        Ok(call.with("accept", plain("application/json")))
    }

    pub(super) fn upstox_call(&self, method: Method, path: &str) -> Result<Outgoing, Unsendable> {
        Ok(self.call(method, path)?.with("api-version", plain("2.0")))
    }

    pub(super) fn kite_call(&self, method: Method, path: &str) -> Result<Outgoing, Unsendable> {
        Ok(self.call(method, path)?.with(session::VERSION.0, plain(session::VERSION.1)))
    }

    /// The exchange of what a login brought.
    ///
    /// # Errors
    ///
    /// [`Unsendable`].
    pub fn exchange(&self, code: &Secret<String>) -> Result<Outgoing, Unsendable> {
        match self.config.protocol {
            Protocol::Breeze => {
                let session = ApiSession::from_pasted(code.expose()).map_err(|_| Unsendable)?;
                let body = exchange::body(&session, &self.config.client_id);
                Ok(json(self.call(Method::Get, exchange::PATH)?, &body))
            }
            Protocol::Kite => {
                let token = RequestToken::from_pasted(code.expose()).map_err(|_| Unsendable)?;
                Ok(form(self.kite_call(Method::Post, session::TOKEN_PATH)?, &self.kite().exchange(&token)))
            }
            Protocol::OAuth | Protocol::Supabase => self.refresh(code),
            Protocol::Upstox => {
                let request = self.upstox_call(Method::Post, upstox::login::TOKEN_PATH)?;
                Ok(form(request, &self.upstox().token_request(code, None)))
            }
        }
    }

    /// What an exchange brought.
    ///
    /// # Errors
    ///
    /// What the answer means where it brings nothing.
    pub fn exchanged(&self, answer: &HttpAnswer<'_>) -> Result<Given, Judgement> {
        let now = answer.now;
        match self.config.protocol {
            Protocol::Breeze => {
                let session = exchange::Session::read(answer, About::LOGIN)?;
                let access_token = session.token.token().clone();
                Ok(self.given(access_token, Some(session.user_id), now, None))
            }
            Protocol::Kite => {
                let session = session::Session::read(answer, About::LOGIN)?;
                Ok(self.of_kite(session, now))
            }
            Protocol::OAuth | Protocol::Supabase => self.renewed(answer),
            Protocol::Upstox => {
                let tokens = Tokens::read(answer)?;
                if !tokens.is_active {
                    return Err(Judgement::new(Class::UserActionRequired, "the account is not active"));
                }
                let fallback_until = tokens.extended_token.as_ref().map(|_| now.after(upstox::EXTENDED));
                let given = self.given(tokens.access_token, Some(tokens.user_id), now, None);
                Ok(Given { fallback: tokens.extended_token, fallback_until, ..given })
            }
        }
    }

    /// What was given for a refresh token, or for the app's own secret.
    ///
    /// # Errors
    ///
    /// What the answer means where it brings nothing.
    pub fn renewed(&self, answer: &HttpAnswer<'_>) -> Result<Given, Judgement> {
        let about = About { asked: Asked::Renewal, planned_expiry: None };
        let now = answer.now;
        match self.config.protocol {
            Protocol::Kite => Ok(self.of_kite(session::Session::read(answer, about)?, now)),
            Protocol::Supabase => {
                let tokens = refresh::Tokens::read(answer, about)?;
                let user_id = tokens.user.map(|user| user.id);
                let given = self.given(tokens.access_token, user_id, now, tokens.expires_at);
                Ok(Given { refresh: Some(tokens.refresh_token), ..given })
            }
            Protocol::OAuth => {
                let TokenAnswer::Granted(tokens) = TokenAnswer::classify(answer) else {
                    return Err(openid::classify(answer, about));
                };
                let given = self.given(tokens.access_token, None, now, Some(now.after(tokens.expires_in)));
                Ok(Given { refresh: tokens.refresh_token, ..given })
            }
            // Nothing was asked of them.
            Protocol::Breeze | Protocol::Upstox => {
                Err(Judgement::new(Class::OutcomeUnknown, "it has no renewal"))
            }
        }
    }

    fn of_kite(&self, session: session::Session, now: Timestamp) -> Given {
        let given = self.given(session.access_token, session.user_id, now, None);
        Given { refresh: session.refresh_token, ..given }
    }

    fn given(
        &self,
        access_token: AccessToken,
        user_id: Option<String>,
        now: Timestamp,
        stated: Option<Timestamp>,
    ) -> Given {
        let expires_at = self.plan(now, stated);
        Given { access_token, fallback: None, refresh: None, user_id, expires_at, fallback_until: None }
    }

    /// Asks for the next token with a refresh token.
    ///
    /// # Errors
    ///
    /// [`Unsendable`].
    pub fn refresh(&self, refresh_token: &RefreshToken) -> Result<Outgoing, Unsendable> {
        match self.config.protocol {
            Protocol::Kite => {
                let call = self.kite_call(Method::Post, session::REFRESH_PATH)?;
                Ok(form(call, &self.kite().refresh(refresh_token)))
            }
            Protocol::Supabase => {
                let call = self.supabase_call(Method::Post, refresh::PATH)?;
                Ok(json(call, &refresh::request(refresh_token)))
            }
            Protocol::OAuth => self.asked(&ClientRequest::refresh(self.client(), refresh_token)),
            Protocol::Breeze | Protocol::Upstox => Err(Unsendable),
        }
    }

    /// Asks for the next token with the app's own secret.
    ///
    /// # Errors
    ///
    /// [`Unsendable`].
    pub fn mint(&self) -> Result<Outgoing, Unsendable> {
        self.asked(&ClientRequest::client_credentials(self.client(), &self.config.scopes.join(" ")))
    }

    pub(super) fn client(&self) -> ClientCredentials<'_> {
        ClientCredentials { client_id: &self.config.client_id, proof: ClientProof::SecretBasic(self.secret) }
    }

    /// At the token endpoint.
    fn asked(&self, request: &ClientRequest) -> Result<Outgoing, Unsendable> {
        Ok(posted(self.config.token_url.as_ref().ok_or(Unsendable)?, request))
    }

    pub(super) fn supabase_call(&self, method: Method, path: &str) -> Result<Outgoing, Unsendable> {
        let call = self.call(method, path)?.with(refresh::API_KEY, self.secret.clone());
        Ok(call.with(refresh::API_VERSION.0, plain(refresh::API_VERSION.1)))
    }

    /// The cheap call that shows whether a token lives.
    ///
    /// # Errors
    ///
    /// [`Unsendable`].
    pub fn validate(&self, token: &AccessToken, now: Timestamp) -> Result<Outgoing, Unsendable> {
        let path = self.config.description.validation.ok_or(Unsendable)?.path;
        match self.config.protocol {
            Protocol::Breeze => {
                let app = signature::App { key: &self.config.client_id, secret: self.secret };
                let body = signature::EMPTY_BODY;
                let signed = signature::headers(app, token, body, now);
                let request = self.call(Method::Get, path)?;
                let request = request.with_body(JSON, Secret::new(body.to_vec()));
                Ok(signed.into_iter().fold(request, |request, (name, value)| request.with(name, value)))
            }
            Protocol::Kite => {
                let authorization = self.kite().authorization(token);
                Ok(self.kite_call(Method::Get, path)?.with("authorization", authorization))
            }
            Protocol::Supabase => {
                Ok(self.supabase_call(Method::Get, path)?.with("authorization", bearer(token)))
            }
            Protocol::OAuth => Err(Unsendable),
            Protocol::Upstox => Ok(self.upstox_call(Method::Get, path)?.with("authorization", bearer(token))),
        }
    }

    /// Whose token it is that was validated, where the answer says so.
    ///
    /// # Errors
    ///
    /// What the answer means where the provider does not take the token.
    pub fn validated(
        &self,
        answer: &HttpAnswer<'_>,
        token: &AccessToken,
        planned_expiry: Option<Timestamp>,
    ) -> Result<Option<String>, Judgement> {
        let about = About { asked: Asked::Call, planned_expiry };
        match self.config.protocol {
            Protocol::Breeze => {
                let judgement = breeze::refusal::classify(answer, about);
                let owner = SessionToken::decode(token.expose()).map(|token| token.user().to_string());
                if judgement.class == Class::Ok { Ok(owner) } else { Err(judgement) }
            }
            Protocol::Kite => {
                let judgement = kite::refusal::classify(answer, about);
                if judgement.class != Class::Ok {
                    return Err(judgement);
                }
                let object = answer.object().unwrap_or_default();
                let data = object.get("data").and_then(|data| data.get("user_id"));
                Ok(data.and_then(|user| user.as_str()).map(str::to_string))
            }
            Protocol::Supabase => {
                let judgement = supabase::refusal::classify(answer, about);
                if judgement.class != Class::Ok {
                    return Err(judgement);
                }
                let object = answer.object().unwrap_or_default();
                Ok(object.get("id").and_then(|user| user.as_str()).map(str::to_string))
            }
            Protocol::OAuth => {
                let judgement = openid::classify(answer, about);
                if judgement.class == Class::Ok { Ok(None) } else { Err(judgement) }
            }
            Protocol::Upstox => {
                let profile = Profile::read(answer)?;
                let inactive = Judgement::new(Class::UserActionRequired, "the account is not active");
                if profile.is_active { Ok(Some(profile.user_id)) } else { Err(inactive) }
            }
        }
    }

    /// Has the provider ask a person.
    ///
    /// # Errors
    ///
    /// [`Unsendable`] where it asks nobody.
    pub fn ask_person(&self) -> Result<Outgoing, Unsendable> {
        if self.config.protocol != Protocol::Upstox {
            return Err(Unsendable);
        }
        let request = self.upstox_call(Method::Post, &approval::path(&self.config.client_id))?;
        Ok(json(request, &approval::request(self.secret)))
    }

    /// Until when that person may answer.
    ///
    /// # Errors
    ///
    /// What the answer means where nobody was asked.
    pub fn person_asked(&self, answer: &HttpAnswer<'_>) -> Result<Timestamp, Judgement> {
        approval::Pending::read(answer).map(|pending| pending.until)
    }

    /// Whether this is the account that is expected. Nothing is expected before there was one.
    #[must_use]
    pub fn is_expected(&self, user_id: &str, known: Option<&str>) -> bool {
        let expected = self.config.account.as_deref().or(known);
        expected.is_none_or(|expected| expected.eq_ignore_ascii_case(user_id))
    }

    /// Whose a token is, where it says so itself: then nothing has to be sent to see that it is another's.
    #[must_use]
    pub fn owner(&self, token: &AccessToken) -> Option<String> {
        let is_breeze = self.config.protocol == Protocol::Breeze;
        let owner = SessionToken::decode(token.expose()).filter(|_| is_breeze)?;
        Some(owner.user().to_string())
    }
}

/// A request of a client's, at this endpoint.
pub(super) fn posted(url: &HttpUrl, request: &ClientRequest) -> Outgoing {
    let query = url.query().map(|query| ["?", query].concat()).unwrap_or_default();
    let target = Secret::new([url.path(), &query].concat());
    let call = Outgoing::new(Method::Post, url.origin().clone(), target);
    let call = request.headers().fold(call, |call, (name, value)| call.with(name, plain(value)));
    Outgoing { body: Some(Secret::new(request.body().expose().as_bytes().to_vec())), ..call }
}

pub(super) fn bearer(token: &AccessToken) -> Secret<String> {
    Secret::new(["Bearer ", token.expose()].concat())
}

const JSON: &str = "application/json";

pub(super) fn json(call: Outgoing, body: &Secret<String>) -> Outgoing {
    call.with_body(JSON, Secret::new(body.expose().as_bytes().to_vec()))
}

fn form(call: Outgoing, body: &Secret<String>) -> Outgoing {
    let body = Secret::new(body.expose().as_bytes().to_vec());
    call.with_body("application/x-www-form-urlencoded", body)
}

/// What is no secret, where one may stand.
pub(super) fn plain(text: &str) -> Secret<String> {
    Secret::new(text.to_string())
}
