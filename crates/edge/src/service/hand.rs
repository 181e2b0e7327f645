//! What a person or a program hands in: a token, or what a token can be had for.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use everlit_core::service::Fingerprint;
use everlit_core::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::account::Account;
use crate::provider::Protocol;
use crate::provider::breeze::exchange::SessionToken;
use crate::provider::breeze::login::ApiSession;
use crate::provider::kite::login::{LoginError, RequestToken};
use crate::provider::pasted::{PasteError, pasted_token, unwrapped};
use crate::provider::stated::jwt_expiry;
use crate::query::Query;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The token itself: it is proven before it counts.
    Token,
    /// Something that it is exchanged for: a code, Breeze's `API_Session`, Kite's `request_token`.
    Code,
}

/// What was handed in, without what the clipboard added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// What it is.
    pub kind: Kind,
    /// The thing itself.
    pub text: Secret<String>,
    /// When the token is said to end, if it says so itself.
    pub stated: Option<Timestamp>,
}

impl Handled {
    fn code(text: &Secret<String>) -> Self {
        Self { kind: Kind::Code, text: text.clone(), stated: None }
    }

    fn token(text: Secret<String>) -> Self {
        let stated = jwt_expiry(text.expose());
        Self { kind: Kind::Token, text, stated }
    }
}

impl Account<'_> {
    /// Reads what was handed in. `kind` says what it is meant to be, where somebody knows; else it is seen, and where a provider's codes
    /// and tokens look alike, what stands in an address is a code.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words for whoever pasted it. Nothing was sent.
    pub fn handed(&self, text: &str, kind: Option<Kind>, now: Timestamp) -> Result<Handled, PasteError> {
        match self.config.protocol {
            Protocol::Breeze => breeze(text, kind),
            Protocol::Kite => kite(text, kind, now),
            // What is kept of such a login is its refresh token: a token alone would be over within the hour.
            Protocol::OAuth | Protocol::Supabase => {
                let token = read_code(unwrapped(text)?).ok_or(PasteError::NotOne)?;
                Ok(Handled::code(&token))
            }
            Protocol::Upstox => plain(text, kind, now),
        }
    }
}

/// Its session token is `base64(user:key)`; its `API_Session` is short and has no `=`.
fn breeze(text: &str, kind: Option<Kind>) -> Result<Handled, PasteError> {
    let token = || {
        let plain: String = unwrapped(text).ok()?.split_whitespace().collect();
        SessionToken::decode(&plain).map(|token| Handled::token(token.token().clone()))
    };
    match kind {
        Some(Kind::Token) => token().ok_or(PasteError::NotOne),
        Some(Kind::Code) => ApiSession::from_pasted(text).map(|session| Handled::code(session.secret())),
        None => match token() {
            Some(token) => Ok(token),
            None => ApiSession::from_pasted(text).map(|session| Handled::code(session.secret())),
        },
    }
}

fn kite(text: &str, kind: Option<Kind>, now: Timestamp) -> Result<Handled, PasteError> {
    if kind == Some(Kind::Token) {
        return pasted_token(text, now).map(Handled::token);
    }
    match RequestToken::from_pasted(text) {
        Ok(token) => Ok(Handled::code(token.secret())),
        Err(LoginError::Unreadable(error)) => Err(error),
        // The address of a login that was not completed.
        Err(LoginError::Refused) => Err(PasteError::Address),
    }
}

/// A token, or the address that a login ended at.
fn plain(text: &str, kind: Option<Kind>, now: Timestamp) -> Result<Handled, PasteError> {
    let address = unwrapped(text)?;
    if kind != Some(Kind::Token)
        && let Some((_, query)) = address.split_once('?').filter(|_| address.contains("://"))
    {
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let query = Query::parse(query).map_err(|_| PasteError::Encoding)?;
        let code = query.one("code").map_err(|_| PasteError::Twice)?.ok_or(PasteError::Address)?;
        return Ok(Handled::code(&read_code(code).ok_or(PasteError::Address)?));
    }
    if kind == Some(Kind::Code) {
        return Ok(Handled::code(&read_code(address).ok_or(PasteError::NotOne)?));
    }
    pasted_token(text, now).map(Handled::token)
}

/// The longest code that is taken for one.
const MAX_CODE: usize = 2_048;

fn read_code(text: &str) -> Option<Secret<String>> {
    let text = text.trim();
    let is_one =
        !text.is_empty() && text.len() <= MAX_CODE && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then(|| Secret::new(text.to_string()))
}

/// The name of what was handed in: a keyed digest of it.
#[must_use]
pub fn fingerprint(key: &[u8], text: &Secret<String>) -> Fingerprint {
    // HMAC takes keys of any length.
    let mac = Hmac::<Sha256>::new_from_slice(key).ok();
    let digest = mac.map(|mac| mac.chain_update(text.expose()).finalize().into_bytes()).unwrap_or_default();
    let number = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    Fingerprint(number)
}
