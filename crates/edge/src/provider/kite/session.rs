//! Kite's session: what is posted for a request token, what comes back, and how a call shows it.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::time::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::login::RequestToken;
use super::refusal::classify;
use crate::date::parse_plain;
use crate::hex;
use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text, token};
use crate::provider::{About, Asked, Class, Judgement, Zone};
use crate::query::{encode, encode_pairs};

/// The path of the exchange, and of the logout.
pub const TOKEN_PATH: &str = "/session/token";
/// The path of the renewal, for apps that are approved for it.
pub const REFRESH_PATH: &str = "/session/refresh_token";
/// The header that every call has, and its value.
pub const VERSION: (&str, &str) = ("X-Kite-Version", "3");

/// An app that is registered at Kite.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// Its key, which is public.
    pub api_key: &'a str,
    /// Its secret, which is in every checksum.
    pub secret: &'a Secret<String>,
}

impl App<'_> {
    /// The checksum over key, token and secret, in small hexadecimal letters.
    #[must_use]
    pub fn checksum(&self, token: &Secret<String>) -> String {
        let digest = Sha256::new()
            .chain_update(self.api_key)
            .chain_update(token.expose())
            .chain_update(self.secret.expose());
        hex::encode(&digest.finalize())
    }

    /// The form that is posted to [`TOKEN_PATH`].
    #[must_use]
    pub fn exchange(&self, token: &RequestToken) -> Secret<String> {
        self.form("request_token", token.secret())
    }

    /// The form that is posted to [`REFRESH_PATH`].
    #[must_use]
    pub fn refresh(&self, token: &RefreshToken) -> Secret<String> {
        self.form("refresh_token", token)
    }

    /// `Authorization` of every call.
    #[must_use]
    pub fn authorization(&self, token: &AccessToken) -> Secret<String> {
        Secret::new(["token ", self.api_key, ":", token.expose()].concat())
    }

    /// The path of the logout, with its query: a DELETE. A token stands in it, so it belongs into no log.
    #[must_use]
    pub fn logout_path(&self, token: &AccessToken) -> Secret<String> {
        self.end_of("&access_token=", token)
    }

    /// The same for a refresh token, which that does not end.
    #[must_use]
    pub fn revocation_path(&self, token: &RefreshToken) -> Secret<String> {
        self.end_of("&refresh_token=", token)
    }

    fn end_of(&self, name: &str, token: &Secret<String>) -> Secret<String> {
        let (key, token) = (encode(self.api_key), encode(token.expose()));
        Secret::new([TOKEN_PATH, "?api_key=", &key, name, &token].concat())
    }

    fn form(&self, name: &str, token: &Secret<String>) -> Secret<String> {
        let checksum = self.checksum(token);
        Secret::new(encode_pairs([
            ("api_key", self.api_key),
            (name, token.expose().as_str()),
            ("checksum", checksum.as_str()),
        ]))
    }
}

/// What an exchange gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The token of the day.
    pub access_token: AccessToken,
    /// The next refresh token; nothing for apps that get none.
    pub refresh_token: Option<RefreshToken>,
    /// Whose it is: said after a login, and not always after a renewal.
    pub user_id: Option<String>,
    /// When the login was, by Kite's own clock.
    pub login_time: Option<Timestamp>,
}

impl Session {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// What the answer means where it brings none.
    pub fn read(answer: &HttpAnswer<'_>, about: About) -> Result<Self, Judgement> {
        let judgement = classify(answer, about);
        if judgement.class != Class::Ok {
            return Err(judgement);
        }
        let object = body::object(answer, about)?;
        let session = object.get("data").and_then(Value::as_object).and_then(|data| {
            let user_id = text(data, "user_id").map(str::to_string);
            if user_id.is_none() && about.asked == Asked::Login {
                return None;
            }
            let login_time =
                text(data, "login_time").and_then(parse_plain).map(|local| Zone::INDIA.utc(local));
            Some(Self {
                access_token: token(data, "access_token")?,
                // An empty text is none.
                refresh_token: token(data, "refresh_token"),
                user_id,
                login_time,
            })
        });
        session.ok_or(body::INCOMPLETE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;

    fn with<T>(read: impl FnOnce(App<'_>) -> T) -> T {
        let secret = Secret::new("ksecret".to_string());
        read(App { api_key: "kkey", secret: &secret })
    }

    #[test]
    fn the_checksum_is_that_of_the_sdk() {
        let token = Secret::new("reqtok".to_string());
        let checksum = with(|app| app.checksum(&token));
        assert_eq!(checksum, "f001d0d71afefb992caaab9a55422c47da1c67128dabb2fe73457ea3494cee49");
        let form = with(|app| app.refresh(&token));
        let form = Query::parse(form.expose()).ok().unwrap();
        assert_eq!(form.one("checksum"), Ok(Some(checksum.as_str())));
        assert_eq!((form.one("api_key"), form.one("refresh_token")), (Ok(Some("kkey")), Ok(Some("reqtok"))));
        let form = with(|app| app.exchange(&RequestToken::from_pasted("requesttoken").unwrap()));
        let form = Query::parse(form.expose()).ok().unwrap();
        assert_eq!(
            (form.one("request_token"), form.one("refresh_token")),
            (Ok(Some("requesttoken")), Ok(None))
        );
    }

    #[test]
    fn a_call_shows_key_and_token() {
        let token = Secret::new("a+b".to_string());
        assert_eq!(with(|app| app.authorization(&token)).expose(), "token kkey:a+b");
        assert_eq!(
            with(|app| app.logout_path(&token)).expose(),
            "/session/token?api_key=kkey&access_token=a%2Bb"
        );
        assert_eq!(
            with(|app| app.revocation_path(&token)).expose(),
            "/session/token?api_key=kkey&refresh_token=a%2Bb"
        );
    }
}
