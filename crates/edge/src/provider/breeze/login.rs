//! Breeze's login: a page without a `state`, and an `API_Session` that comes back by an address, by a form, or by hand.
//!
//! Nothing of the request comes back with it. The login under way in the same browser is what it is bound to; without that anybody
//! could plant a session of theirs in another's account.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;

use super::DESCRIPTION;
use crate::provider::pasted::{PasteError, unwrapped};
use crate::query::{Query, QueryError, encode};

/// The longest that is taken for one: those that were seen have five to eight digits.
const MAX_API_SESSION: usize = 128;
/// The shortest.
const MIN_API_SESSION: usize = 4;
/// The name of it, in small letters and without the line: Breeze writes it in several ways.
const NAME: &str = "apisession";

/// Where the browser is sent. App keys hold `+ = ! # % ^ ~ @ *`: all of it is encoded.
#[must_use]
pub fn login_url(app_key: &str) -> String {
    [DESCRIPTION.login.unwrap_or_default(), "?api_key=", &encode(app_key)].concat()
}

/// What a login gives: opaque, and as good as a password for the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSession(Secret<String>);

impl ApiSession {
    /// Reads the query of a callback, or the body of a form that was posted there.
    ///
    /// # Errors
    ///
    /// A [`PasteError`].
    pub fn from_query(query: &str) -> Result<Self, PasteError> {
        let query = Query::parse(query).map_err(|error| match error {
            QueryError::TooLong => PasteError::TooLong,
            QueryError::BadEncoding => PasteError::Encoding,
            QueryError::Duplicate => PasteError::Twice,
        })?;
        let mut found = query.pairs().filter(|(name, _)| is_name(name)).map(|(_, value)| value);
        let value = found.next().ok_or(PasteError::Address)?;
        // The same one twice is still one.
        if found.any(|other| other.trim() != value.trim()) {
            return Err(PasteError::Twice);
        }
        Self::from_code(value)
    }

    /// Reads what a person pasted: the code itself, or the whole address that the login ended at, or the part of it that counts.
    ///
    /// # Errors
    ///
    /// A [`PasteError`].
    pub fn from_pasted(pasted: &str) -> Result<Self, PasteError> {
        let text = unwrapped(pasted)?;
        let address = text.split_once('#').map_or(text, |(address, _)| address);
        if let Some((_, query)) = address.split_once('?') {
            return Self::from_query(&without_spaces(query));
        }
        if text.contains("://") {
            return Err(PasteError::Address);
        }
        if text.contains('=')
            && text.split('&').any(|pair| pair.split_once('=').is_some_and(|(name, _)| is_name(name.trim())))
        {
            return Self::from_query(&without_spaces(text));
        }
        Self::from_code(text)
    }

    fn from_code(code: &str) -> Result<Self, PasteError> {
        let code = without_spaces(code);
        if code.is_empty() {
            return Err(PasteError::Empty);
        }
        // Alphanumeric by its documentation. A dot would let in what others call a token.
        if !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(PasteError::NotOne);
        }
        match code.len() {
            ..MIN_API_SESSION => Err(PasteError::Cut),
            MIN_API_SESSION..=MAX_API_SESSION => Ok(Self(Secret::new(code))),
            _ => Err(PasteError::NotOne),
        }
    }

    /// It, for the exchange.
    #[must_use]
    pub const fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    let letters: String = name.chars().filter(|letter| *letter != '_').collect();
    letters.eq_ignore_ascii_case(NAME)
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_an_app_key_is_encoded() {
        let url = login_url("a+=!#%^~@*&/ 1");
        assert_eq!(
            url,
            "https://api.icicidirect.com/apiuser/login?api_key=a%2B%3D%21%23%25%5E~%40%2A%26%2F%201"
        );
        // As a browser, and whoever reads forms, takes it apart again.
        let read = url::Url::parse(&url).unwrap();
        assert_eq!(read.query_pairs().next().unwrap().1, "a+=!#%^~@*&/ 1");
    }

    #[test]
    fn it_is_found_however_it_comes() {
        for pasted in [
            "12345678",
            "  12345678\r\n",
            "1234 5678",
            "\"12345678\"",
            "apisession=12345678",
            "API_Session=12345678",
            "api_session = 12345678",
            "?apisession=12345678",
            "https://app.example/auth/callback/breeze?apisession=12345678",
            "https://app.example/auth/callback/breeze?from=breeze&apisession=12345678&status=success#top",
            "http://localhost:8787/back?API_SESSION=12345678&status=",
            "https://app.example/back?ApiSession=%2012345678%20",
            "https://app.example/back?api\n session=1234\n5678",
            "https://app.example/back?apisession=12345678&apisession=12345678",
        ] {
            let read = ApiSession::from_pasted(pasted).map(|session| session.secret().expose().clone());
            assert_eq!(read.as_deref(), Ok("12345678"), "{pasted:?}");
        }
        for query in ["apisession=12345678", "?API_Session=12345678&status=1", "a=b&ApiSession=12345678"] {
            let read = ApiSession::from_query(query).map(|session| session.secret().expose().clone());
            assert_eq!(read.as_deref(), Ok("12345678"), "{query}");
        }
    }

    #[test]
    fn what_is_none_is_told_apart() {
        let long = "1".repeat(MAX_API_SESSION + 1);
        for (pasted, error) in [
            ("", PasteError::Empty),
            ("   ", PasteError::Empty),
            ("apisession=", PasteError::Empty),
            ("123", PasteError::Cut),
            ("https://app.example/back?apisession=12", PasteError::Cut),
            (&long, PasteError::NotOne),
            // A session token, which is what it is exchanged for.
            ("QUIxMjM0NTY6OTg3NjU0MzI=", PasteError::NotOne),
            ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJBREExMjMifQ.c2lnbmF0dXJl", PasteError::NotOne),
            ("<html>", PasteError::NotOne),
            ("१२३४५६७८", PasteError::NotOne),
            ("https://api.icicidirect.com/apiuser/login", PasteError::Address),
            ("https://api.icicidirect.com/apiuser/login?api_key=abc", PasteError::Address),
            ("https://app.example/back#apisession=12345678", PasteError::Address),
            ("https://app.example/back?apisession=12345678&API_Session=87654321", PasteError::Twice),
            ("https://app.example/back?apisession=%zz", PasteError::Encoding),
            (&"x".repeat(crate::provider::pasted::MAX_PASTED + 1), PasteError::TooLong),
        ] {
            assert_eq!(ApiSession::from_pasted(pasted).err(), Some(error), "{pasted:?}");
        }
        assert_eq!(ApiSession::from_query("status=denied").err(), Some(PasteError::Address));
        assert!(!alloc::format!("{:?}", ApiSession::from_pasted("12345678")).contains("1234"));
    }
}
