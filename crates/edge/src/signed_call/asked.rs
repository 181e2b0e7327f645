//! A call as it came, checked, and as it goes out.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::{AccessToken, Secret};
use everlit_core::time::Timestamp;

use super::leak::holds;
use super::path::{CHARTS_ORIGIN, Place, place};
use super::{Outgoing, Scheme};
use crate::provider::{breeze, described, kite};
use crate::proxy::{Method, RequestHeaders};
use crate::url::Origin;

/// The largest body of a call: it is held, since it is signed, looked through, and sent again where a token was over.
pub const MAX_CALL_BODY: usize = 256 * 1_024;

/// A call as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The method that it means ([`Scheme::method`]).
    pub method: Method,
    /// What follows `/api/{service}` in its path, still encoded.
    pub path: &'a str,
    /// What follows the question mark.
    pub query: Option<&'a str>,
    /// Its headers, by names in small letters.
    pub headers: Vec<(String, Secret<String>)>,
    /// Its body, if it has one.
    pub body: Option<Secret<Vec<u8>>>,
    /// The key that it showed, if it is by that that its caller is known.
    pub key: Option<&'a Secret<String>>,
}

/// Why a call does not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The path could be read in two ways; the reason is for logs.
    Path(&'static str),
    /// It would make or end a token.
    OfSession,
    /// It is one that we answer ourselves.
    Ours,
    /// The key stands in the query.
    KeyInQuery,
    /// The key stands in the path, or in a header that would go out.
    KeyInHeader,
    /// The key stands in the body.
    KeyInBody,
    /// The body is too large.
    TooLarge,
    /// The provider's address is not known.
    NoOrigin,
}

impl Refused {
    /// What its caller is told: what came, and what to do.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Path(_) => {
                "The path could be read in two ways. Send it plain: no dot segments, no empty ones, and no encoded slash, dot or percent sign."
            }
            Self::OfSession => {
                "This path logs in or out at the provider, or ends its tokens. Everlit does that for all callers: an operator uses /service/{name}/login, PUT or DELETE /service/{name}/credential."
            }
            Self::Ours => "This path is not passed on: ask it with GET or POST, and it is answered here.",
            Self::KeyInQuery => {
                "The service key stands in the query. It belongs into the header where the provider's SDK shows its token, and nowhere else."
            }
            Self::KeyInBody => {
                "The service key stands in the body. It belongs into the header where the provider's SDK shows its token, and nowhere else."
            }
            Self::KeyInHeader => {
                "The service key stands in the path or in a second header. It belongs into the one where the provider's SDK shows its token, and nowhere else."
            }
            Self::TooLarge => "The body is larger than 256 KB, which is the most that is passed on.",
            Self::NoOrigin => {
                "The provider's address is not known. The operator sets `origin` for this service."
            }
        }
    }
}

/// A call that may go out, once there is a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    scheme: Scheme,
    place: Place,
    method: Method,
    origin: Origin,
    target: Secret<String>,
    headers: Vec<(String, Secret<String>)>,
    body: Option<Secret<Vec<u8>>>,
}

/// What calls are signed with.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The id of the app at the provider.
    pub client_id: &'a str,
    /// Its secret.
    pub secret: &'a Secret<String>,
}

impl Asked<'_> {
    /// Checks it, and takes everything out that is not the provider's business. `origin` is where the operator says that the API is.
    ///
    /// # Errors
    ///
    /// A [`Refused`].
    pub fn check(self, scheme: Scheme, origin: Option<&Origin>) -> Result<Checked, Refused> {
        let place = place(scheme, self.method, self.path, self.query).map_err(Refused::Path)?;
        let own = described(scheme.provider()).and_then(|description| description.origin);
        let own = match place {
            Place::Call => own,
            Place::Charts => Some(CHARTS_ORIGIN),
            Place::Details => return Err(Refused::Ours),
            Place::OfSession => return Err(Refused::OfSession),
        };
        let origin = origin.cloned().or_else(|| own.and_then(Origin::parse)).ok_or(Refused::NoOrigin)?;
        let header =
            |wanted: &str| self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        // In base64 it is the key as well.
        let pair = header("x-sessiontoken").filter(|_| scheme == Scheme::Breeze);
        let needles: Vec<&Secret<String>> = self.key.into_iter().chain(pair).collect();
        let kept = RequestHeaders::new(header("connection").map(|value| value.expose().as_str()));
        let is_passed = |name: &str| kept.keeps(name) && !scheme.owns(name);
        let headers: Vec<_> = self.headers.iter().filter(|(name, _)| is_passed(name)).cloned().collect();
        let leaks = |text: &str| holds(text.as_bytes(), &needles);
        if leaks(self.path) || headers.iter().any(|(name, value)| leaks(name) || leaks(value.expose())) {
            return Err(Refused::KeyInHeader);
        }
        if self.query.is_some_and(leaks) {
            return Err(Refused::KeyInQuery);
        }
        let body = self.body.filter(|body| !body.expose().is_empty());
        if let Some(body) = &body {
            if body.expose().len() > MAX_CALL_BODY {
                return Err(Refused::TooLarge);
            }
            if holds(body.expose(), &needles) {
                return Err(Refused::KeyInBody);
            }
        }
        let query = self.query.map(|query| ["?", query].concat()).unwrap_or_default();
        let target = Secret::new([self.path, &query].concat());
        Ok(Checked { scheme, place, method: self.method, origin, target, headers, body })
    }
}

impl Checked {
    /// The call with what the provider wants to see, for this token, now. The same call can be made for another.
    #[must_use]
    pub fn outgoing(&self, signer: Signer<'_>, token: &AccessToken, now: Timestamp) -> Outgoing {
        let mut call = Outgoing::new(self.method, self.origin.clone(), self.target.clone());
        call.headers.clone_from(&self.headers);
        match (self.scheme, self.place) {
            (Scheme::Breeze, Place::Charts) => {
                let headers = breeze::signature::unsigned_headers(signer.client_id, token);
                headers.into_iter().fold(call, |call, (name, value)| call.with(name, value))
            }
            (Scheme::Breeze, _) => {
                let body =
                    self.body.clone().unwrap_or_else(|| Secret::new(breeze::signature::EMPTY_BODY.to_vec()));
                let app = breeze::signature::App { key: signer.client_id, secret: signer.secret };
                let headers = breeze::signature::headers(app, token, body.expose(), now);
                let call = headers.into_iter().fold(call, |call, (name, value)| call.with(name, value));
                call.with_body("application/json", body)
            }
            (Scheme::Kite, _) => {
                let app = kite::session::App { api_key: signer.client_id, secret: signer.secret };
                let (name, version) = kite::session::VERSION;
                let call = call.with(name, Secret::new(version.to_string()));
                Outgoing { body: self.body.clone(), ..call.with("authorization", app.authorization(token)) }
            }
            (Scheme::Upstox, _) => {
                let authorization = Secret::new(["Bearer ", token.expose()].concat());
                Outgoing { body: self.body.clone(), ..call.with("authorization", authorization) }
            }
        }
    }
}

#[cfg(test)]
#[path = "asked_tests.rs"]
mod tests;
