//! The exchange of an `API_Session`: a GET with a body, without a signature. Whoever has both it and the app key gets the session.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::{AccessToken, Secret};
use serde_json::Value;

use super::login::ApiSession;
use super::refusal::{self, classify};
use super::request;
use crate::base64url::decode_classic;
use crate::oauth::HttpAnswer;
use crate::provider::body::text;
use crate::provider::{About, Class, Judgement};
use crate::proxy::Method;

/// The path of the exchange.
pub const PATH: &str = "/breezeapi/api/v1/customerdetails";
/// The longest session token that is taken apart.
const MAX_SESSION_TOKEN: usize = 1_024;

/// The body of the exchange, in the order and without the spaces of the official SDK.
#[must_use]
pub fn body(session: &ApiSession, app_key: &str) -> Secret<String> {
    let text = |text: &str| Value::from(text).to_string();
    let (session, app_key) = (text(session.secret().expose()), text(app_key));
    Secret::new(["{\"SessionToken\":", &session, ",\"AppKey\":", &app_key, "}"].concat())
}

/// The whole request.
#[must_use]
pub fn request(session: &ApiSession, app_key: &str) -> Option<Secret<Vec<u8>>> {
    request::bytes(Method::Get, PATH, &[], body(session, app_key).expose().as_bytes())
}

/// The token of a session, `base64(user:key)`: it goes into `X-SessionToken` as it is, and apart into the socket's login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionToken {
    token: AccessToken,
    user: String,
    key: Secret<String>,
}

impl SessionToken {
    /// Takes one apart.
    #[must_use]
    pub fn decode(token: &str) -> Option<Self> {
        let bytes = decode_classic(token).filter(|_| token.len() <= MAX_SESSION_TOKEN)?;
        let decoded = String::from_utf8(bytes).ok()?;
        let (user, key) = decoded.split_once(':')?;
        // The official SDK takes the first two parts of however many: a further one would be lost there, and is none.
        let plain = |text: &str| {
            !text.is_empty() && !text.contains(':') && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        (plain(user) && plain(key)).then(|| Self {
            token: Secret::new(token.to_string()),
            user: user.to_string(),
            key: Secret::new(key.to_string()),
        })
    }

    /// What `X-SessionToken` carries.
    #[must_use]
    pub const fn token(&self) -> &AccessToken {
        &self.token
    }

    /// The user, as the socket's login has it.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The key that goes with it there.
    #[must_use]
    pub const fn key(&self) -> &Secret<String> {
        &self.key
    }
}

/// What the exchange gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its token.
    pub token: SessionToken,
    /// Whose it is.
    pub user_id: String,
}

impl Session {
    /// Reads it. The same `API_Session` gives the same again, so a try that failed for a while can be made once more.
    ///
    /// # Errors
    ///
    /// What the answer means where it brings none.
    pub fn read(answer: &HttpAnswer<'_>, about: About) -> Result<Self, Judgement> {
        let judgement = classify(answer, about);
        if judgement.class != Class::Ok {
            return Err(judgement);
        }
        let object = refusal::object(answer, about)?;
        let session = object.get("Success").and_then(Value::as_object).and_then(|success| {
            let token = SessionToken::decode(text(success, "session_token")?)?;
            let user_id = text(success, "idirect_userid").unwrap_or_else(|| token.user()).to_string();
            Some(Self { token, user_id })
        });
        session.ok_or(Judgement::new(
            Class::Transient { retry_after: None },
            "a success without a session_token",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_that_of_the_sdk() {
        let session = ApiSession::from_pasted("12345678").unwrap();
        let body = body(&session, "app+key=1!");
        assert_eq!(body.expose(), "{\"SessionToken\":\"12345678\",\"AppKey\":\"app+key=1!\"}");
        assert_eq!(body.expose().len(), 49);
        let request = request(&session, "app+key=1!").unwrap();
        let text = core::str::from_utf8(request.expose()).unwrap();
        assert!(text.starts_with("GET /breezeapi/api/v1/customerdetails HTTP/1.1\r\n"));
        assert!(text.contains("\r\nContent-Length: 49\r\n") && text.ends_with(body.expose().as_str()));
        let odd = super::body(&session, "a\"b\\\r\n").expose().clone();
        assert_eq!(serde_json::from_str::<Value>(&odd).unwrap()["AppKey"], "a\"b\\\r\n");
    }

    #[test]
    fn a_session_token_comes_apart_and_stays_as_it_is() {
        let token = SessionToken::decode("QUIxMjM0NTY6OTg3NjU0MzI=").unwrap();
        assert_eq!((token.user(), token.key().expose().as_str()), ("AB123456", "98765432"));
        assert_eq!(token.token().expose(), "QUIxMjM0NTY6OTg3NjU0MzI=");
        for wrong in [
            "",
            "QUIxMjM0NTY6OTg3NjU0MzI",
            "QUIxMjM0NTY6OTg3NjU0MzI= ",
            // Without a colon, with nothing before or after it, with two, and with a control character.
            "QUIxMjM0NTY=",
            "Ojk4NzY1NDMy",
            "QUIxMjM0NTY6",
            "YTpiOmM=",
            "YToBYg==",
            "/////w==",
            &"QUFB".repeat(MAX_SESSION_TOKEN),
        ] {
            assert_eq!(SessionToken::decode(wrong), None, "{wrong}");
        }
    }
}
