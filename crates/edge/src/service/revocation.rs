//! The end of tokens at their provider: which requests it takes, and what their answers come to.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use serde_json::{Map, Value};

use super::account::{Account, Given, bearer, json, plain, posted};
use crate::oauth::{ClientRequest, HttpAnswer, RevocationAnswer};
use crate::provider::kite;
use crate::provider::supabase::{self, login, login::BASE};
use crate::provider::upstox::account::{self, LOGOUT_PATH};
use crate::provider::{About, Asked, Class, Judgement, Protocol};
use crate::proxy::Method;
use crate::signed_call::Outgoing;

const CALL: About = About { asked: Asked::Call, planned_expiry: None };

/// What is left of a session, and is to be ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The token.
    pub access_token: Option<AccessToken>,
    /// What the next one would be had for.
    pub refresh_token: Option<RefreshToken>,
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// That.
    Ended(RevocationAnswer),
    /// Another request, for this.
    Next(Left),
}

impl Left {
    /// Whether there is nothing.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.access_token.is_none() && self.refresh_token.is_none()
    }

    /// It as a text, to be kept.
    #[must_use]
    pub fn encode(&self) -> Secret<String> {
        let member = |name: &str, token: &Option<Secret<String>>| {
            token.as_ref().map(|token| (name.to_string(), Value::from(token.expose().as_str())))
        };
        let members = [member("access", &self.access_token), member("refresh", &self.refresh_token)];
        Secret::new(Value::Object(members.into_iter().flatten().collect::<Map<_, _>>()).to_string())
    }

    /// What was kept. Nothing where it is none.
    #[must_use]
    pub fn decode(text: &Secret<String>) -> Self {
        let read: Value = serde_json::from_slice(text.expose().as_bytes()).unwrap_or_default();
        let member = |name: &str| Some(Secret::new(read.get(name)?.as_str()?.to_string()));
        Self { access_token: member("access"), refresh_token: member("refresh") }
    }
}

impl From<Given> for Left {
    fn from(given: Given) -> Self {
        Self { access_token: Some(given.access_token), refresh_token: given.refresh }
    }
}

impl Account<'_> {
    /// What was handed in, as what is left of it.
    #[must_use]
    pub fn left_of(&self, handed: Secret<String>) -> Left {
        if self.config.takes_refresh_token() {
            Left { access_token: None, refresh_token: Some(handed) }
        } else {
            Left { access_token: Some(handed), refresh_token: None }
        }
    }

    /// The request that ends it, or leads to it; nothing where the provider has none for this.
    ///
    /// # Spec
    ///
    /// [_RFC 7009 § 2.1_](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1): with a refresh token the server SHOULD end the access
    /// tokens of the same grant as well, so an access token is shown only where there is no other.
    #[must_use]
    pub fn revocation(&self, left: &Left) -> Option<Outgoing> {
        let access_token = left.access_token.as_ref();
        match self.config.protocol {
            Protocol::Kite => {
                let target = match &left.refresh_token {
                    Some(token) => self.kite().revocation_path(token),
                    None => self.kite().logout_path(access_token?),
                };
                Some(Outgoing { target, ..self.kite_call(Method::Delete, "").ok()? })
            }
            Protocol::Upstox => {
                let call = self.upstox_call(Method::Delete, LOGOUT_PATH).ok()?;
                Some(json(call.with("authorization", bearer(access_token?)), &plain("{}")))
            }
            Protocol::Supabase => match access_token {
                Some(token) => {
                    let request = login::logout(self.secret, token);
                    let call = self.supabase_call(Method::Post, &[BASE, request.target()].concat()).ok()?;
                    Some(json(call.with("authorization", bearer(token)), request.body()))
                }
                // Only an access token ends a session there.
                None => self.refresh(left.refresh_token.as_ref()?).ok(),
            },
            Protocol::Breeze => None,
            Protocol::OAuth => {
                let url = self.config.revocation_url.as_ref()?;
                let request = match &left.refresh_token {
                    Some(token) => ClientRequest::revocation(self.client(), token),
                    None => ClientRequest::access_revocation(self.client(), access_token?),
                };
                Some(posted(url, &request))
            }
        }
    }

    /// What became of that request.
    #[must_use]
    pub fn revoked(&self, left: &Left, answer: &HttpAnswer<'_>) -> Revoked {
        Revoked::Ended(match self.config.protocol {
            Protocol::Kite => {
                let judgement = kite::refusal::classify(answer, CALL);
                let ended =
                    judged(answer, if judgement.class == Class::Ok { Ok(()) } else { Err(judgement) });
                // The refresh token is ended first, as it brings others; then the token.
                let token = left.access_token.as_ref().filter(|_| left.refresh_token.is_some());
                match (token, &ended) {
                    (Some(token), RevocationAnswer::Revoked | RevocationAnswer::Refused { .. }) => {
                        let access_token = Some(token.clone());
                        return Revoked::Next(Left { access_token, refresh_token: None });
                    }
                    (Some(_), RevocationAnswer::Retry { .. }) | (None, _) => ended,
                }
            }
            Protocol::Upstox => judged(answer, account::logged_out(answer)),
            Protocol::Supabase if left.access_token.is_none() => match self.exchanged(answer) {
                Ok(given) => return Revoked::Next(given.into()),
                Err(judgement) => judged(answer, Err(judgement)),
            },
            Protocol::Supabase => {
                // It has ended by itself, and the session it is of has not.
                let is_over = supabase::refusal::classify(answer, CALL).class == Class::AccessExpired;
                if let Some(token) = left.refresh_token.as_ref().filter(|_| is_over) {
                    return Revoked::Next(Left { access_token: None, refresh_token: Some(token.clone()) });
                }
                login::ended(answer)
            }
            Protocol::Breeze | Protocol::OAuth => RevocationAnswer::classify(answer),
        })
    }
}

/// A token that is over is what was wanted.
fn judged(answer: &HttpAnswer<'_>, done: Result<(), Judgement>) -> RevocationAnswer {
    let Err(Judgement { class, reason }) = done else { return RevocationAnswer::Revoked };
    match class {
        Class::Ok | Class::ReauthRequired | Class::AccessExpired => RevocationAnswer::Revoked,
        Class::RequestRefused => RevocationAnswer::Refused { reason },
        Class::Transient { .. }
        | Class::RateLimited { .. }
        | Class::RestartLogin
        | Class::ClientMisconfigured
        | Class::UserActionRequired
        | Class::ServiceClosed { .. }
        | Class::WrongToken
        | Class::Ambiguous
        | Class::OutcomeUnknown
        | Class::NotPermitted => RevocationAnswer::Retry { retry_after: answer.wait(), reason },
    }
}

#[cfg(test)]
#[path = "revocation_tests.rs"]
mod tests;
