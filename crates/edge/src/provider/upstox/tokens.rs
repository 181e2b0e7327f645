//! Upstox's token answer: not wrapped as its other answers are, and without a word about how long.

use alloc::string::{String, ToString as _};

use everlit_core::secret::AccessToken;
use serde_json::Value;

use super::refusal::classify;
use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text, token};
use crate::provider::{About, Class, Judgement};

/// What a login gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The token of the day.
    pub access_token: AccessToken,
    /// The token of a year, with which only some reads are possible. Its answers to anything else are [`Class::WrongToken`].
    pub extended_token: Option<AccessToken>,
    /// Whose they are.
    pub user_id: String,
    /// Whether the account may trade at all.
    pub is_active: bool,
}

impl Tokens {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// What the answer means where it brings none: it is never worth it to show the same code again.
    pub fn read(answer: &HttpAnswer<'_>) -> Result<Self, Judgement> {
        let judgement = classify(answer, About::LOGIN);
        if judgement.class != Class::Ok {
            return Err(judgement);
        }
        let object = body::object(answer, About::LOGIN)?;
        let (Some(access_token), Some(user_id)) = (token(&object, "access_token"), text(&object, "user_id"))
        else {
            return Err(body::spent(body::INCOMPLETE));
        };
        Ok(Self {
            access_token,
            extended_token: token(&object, "extended_token"),
            user_id: user_id.to_string(),
            is_active: object.get("is_active").and_then(Value::as_bool).unwrap_or(true),
        })
    }
}
