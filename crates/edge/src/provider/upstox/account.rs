//! Whose token it is, and its end.

use alloc::string::{String, ToString as _};

use serde_json::Value;

use super::refusal::classify;
use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text};
use crate::provider::{About, Asked, Class, Judgement};

/// The path of the logout, a DELETE with the token.
pub const LOGOUT_PATH: &str = "/v2/logout";

const CALL: About = About { asked: Asked::Call, planned_expiry: None };

/// Who a token belongs to: the proof that a pasted or pushed one lives, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user_id: String,
    /// Whether the account may trade at all.
    pub is_active: bool,
}

impl Profile {
    /// Reads the answer to the validation.
    ///
    /// # Errors
    ///
    /// What the answer means where it names nobody.
    pub fn read(answer: &HttpAnswer<'_>) -> Result<Self, Judgement> {
        let judgement = classify(answer, CALL);
        if judgement.class != Class::Ok {
            return Err(judgement);
        }
        let object = body::object(answer, CALL)?;
        let data = object.get("data").and_then(Value::as_object);
        let Some((data, user_id)) = data.and_then(|data| Some((data, text(data, "user_id")?))) else {
            return Err(Judgement::new(Class::Transient { retry_after: None }, "a profile of nobody"));
        };
        let is_active = data.get("is_active").and_then(Value::as_bool).unwrap_or(true);
        Ok(Self { user_id: user_id.to_string(), is_active })
    }
}

/// Whether a logout is done: also if the token was over before.
///
/// # Errors
///
/// What the answer means where the token may still live.
pub fn logged_out(answer: &HttpAnswer<'_>) -> Result<(), Judgement> {
    let judgement = classify(answer, CALL);
    if judgement.class == Class::ReauthRequired {
        return Ok(());
    }
    if judgement.class != Class::Ok {
        return Err(judgement);
    }
    let object = body::object(answer, CALL)?;
    let is_done = object.get("data").and_then(Value::as_bool) == Some(true);
    let not = Judgement::new(Class::Transient { retry_after: None }, "a logout that is none");
    if is_done { Ok(()) } else { Err(not) }
}
