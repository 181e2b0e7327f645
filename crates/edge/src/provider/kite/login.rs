//! Kite's login: a page without a `state`, and a request token that is good once, for minutes.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;

use super::DESCRIPTION;
use crate::provider::pasted::{PasteError, unwrapped};
use crate::query::{Query, QueryError, encode};

/// The longest that is taken for one: those that were seen have 32 letters.
const MAX_REQUEST_TOKEN: usize = 256;
/// The shortest.
const MIN_REQUEST_TOKEN: usize = 8;

/// Where the browser is sent.
#[must_use]
pub fn login_url(api_key: &str) -> String {
    [DESCRIPTION.login.unwrap_or_default(), "?v=3&api_key=", &encode(api_key)].concat()
}

/// What a login gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestToken(Secret<String>);

/// Why a callback brings none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginError {
    /// It says that the login did not succeed: the user said no.
    Refused,
    /// There is no request token in it that can be read.
    Unreadable(PasteError),
}

impl LoginError {
    /// What the user is told.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Refused => "The login was not completed. Start it again.",
            Self::Unreadable(error) => error.says(),
        }
    }
}

impl RequestToken {
    /// Reads the query of a callback.
    ///
    /// # Errors
    ///
    /// A [`LoginError`].
    pub fn from_query(query: &str) -> Result<Self, LoginError> {
        let unreadable = |error| {
            LoginError::Unreadable(match error {
                QueryError::TooLong => PasteError::TooLong,
                QueryError::BadEncoding => PasteError::Encoding,
                QueryError::Duplicate => PasteError::Twice,
            })
        };
        let query = Query::parse(query).map_err(unreadable)?;
        if query.one("status").map_err(unreadable)?.is_some_and(|status| status != "success") {
            return Err(LoginError::Refused);
        }
        let token = query.one("request_token").map_err(unreadable)?;
        let token = token.ok_or(LoginError::Unreadable(PasteError::Address))?;
        Self::from_code(token).map_err(LoginError::Unreadable)
    }

    /// Reads what a person pasted: the token, or the whole address that the login ended at.
    ///
    /// # Errors
    ///
    /// A [`LoginError`].
    pub fn from_pasted(pasted: &str) -> Result<Self, LoginError> {
        let text = unwrapped(pasted).map_err(LoginError::Unreadable)?;
        let address = text.split_once('#').map_or(text, |(address, _)| address);
        let text: String = address.split_whitespace().collect();
        if let Some((_, query)) = text.split_once('?') {
            return Self::from_query(query);
        }
        if text.contains("request_token=") {
            return Self::from_query(&text);
        }
        let error = if text.contains("://") { Err(PasteError::Address) } else { Self::from_code(&text) };
        error.map_err(LoginError::Unreadable)
    }

    fn from_code(code: &str) -> Result<Self, PasteError> {
        let code = code.trim();
        if code.is_empty() {
            return Err(PasteError::Empty);
        }
        if code.len() > MAX_REQUEST_TOKEN
            || !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
        {
            return Err(PasteError::NotOne);
        }
        if code.len() < MIN_REQUEST_TOKEN {
            Err(PasteError::Cut)
        } else {
            Ok(Self(Secret::new(code.to_string())))
        }
    }

    /// It, for the exchange.
    #[must_use]
    pub const fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0Zx4Kk2Vw1JmZ3vPq8LrT5nYb6Gd9HsC";

    #[test]
    fn the_browser_is_sent_with_the_version_and_the_key() {
        assert_eq!(
            login_url("kite key&"),
            "https://kite.zerodha.com/connect/login?v=3&api_key=kite%20key%26"
        );
    }

    #[test]
    fn it_is_found_in_an_address_and_in_what_was_pasted() {
        let query = ["action=login&type=login&status=success&request_token=", TOKEN, "&a=1"].concat();
        for pasted in [
            query.clone(),
            ["https://app.example/auth/callback/kite?", &query, "#top"].concat(),
            ["  ", TOKEN, "\n"].concat(),
            ["request_token=", TOKEN].concat(),
        ] {
            let read = RequestToken::from_pasted(&pasted).map(|token| token.secret().expose().clone());
            assert_eq!(read.as_deref(), Ok(TOKEN), "{pasted}");
        }
        assert!(RequestToken::from_query(&query).is_ok());
    }

    #[test]
    fn what_is_none_is_told_apart() {
        let unreadable = LoginError::Unreadable;
        for (pasted, error) in [
            ("", unreadable(PasteError::Empty)),
            ("request_token=", unreadable(PasteError::Empty)),
            ("https://app.example/auth/callback/kite?action=login&status=cancelled", LoginError::Refused),
            ("?status=failed&request_token=0Zx4Kk2Vw1JmZ3vPq8LrT5nYb6Gd9HsC", LoginError::Refused),
            ("https://app.example/auth/callback/kite?status=success", unreadable(PasteError::Address)),
            ("https://kite.zerodha.com/", unreadable(PasteError::Address)),
            ("?request_token=aaaaaaaa&request_token=bbbbbbbb", unreadable(PasteError::Twice)),
            ("?request_token=%z", unreadable(PasteError::Encoding)),
            ("?request_token=0Zx4", unreadable(PasteError::Cut)),
            ("token kitekey:0Zx4Kk2Vw1JmZ3vP", unreadable(PasteError::NotOne)),
        ] {
            assert_eq!(RequestToken::from_pasted(pasted).err(), Some(error), "{pasted:?}");
            assert!(error.says().ends_with('.'));
        }
    }
}
