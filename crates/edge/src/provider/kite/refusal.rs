//! What Kite's answers mean: an `error_type` each, and for two of them the message, too.

use alloc::string::String;

use serde_json::{Map, Value};

use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text};
use crate::provider::{About, Asked, Class, Judgement};

/// Judges an answer.
#[must_use]
pub fn classify(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    let judgement = match body::object(answer, about) {
        Ok(object) => judge(answer, about, &object),
        Err(judgement) => judgement,
    };
    // A request token is good once, and for minutes.
    if about.asked == Asked::Login { body::spent(judgement) } else { judgement }
}

fn judge(answer: &HttpAnswer<'_>, about: About, object: &Map<String, Value>) -> Judgement {
    let Some(kind) = text(object, "error_type") else {
        let is_success = (200..300).contains(&answer.status) && text(object, "status") == Some("success");
        return if is_success {
            Judgement::new(Class::Ok, "a success")
        } else {
            body::unknown(answer, about)
        };
    };
    let message = text(object, "message").unwrap_or_default();
    let new = Judgement::new;
    match kind {
        // It is how Kite says it, whatever the kind.
        _ if answer.status == 429 => body::limited(answer, "too many requests"),
        // A server that fails is not believed that a session is over.
        "TokenException" if answer.status >= 500 => body::by_status(answer, about, "TokenException"),
        // The checksum holds the app's secret. No login makes that right.
        "TokenException" if message.contains("checksum") => {
            new(Class::ClientMisconfigured, "TokenException: checksum")
        }
        "TokenException" if about.asked == Asked::Login => new(Class::RestartLogin, "TokenException"),
        "TokenException" => new(Class::ReauthRequired, "TokenException"),
        "PermissionException" => new(Class::NotPermitted, "PermissionException"),
        "InputException" if message.contains("api_key") => {
            new(Class::ClientMisconfigured, "InputException: api_key")
        }
        "InputException" => new(Class::RequestRefused, "InputException"),
        "OrderException" => new(Class::RequestRefused, "OrderException"),
        "GeneralException" if answer.status == 404 => {
            new(Class::RequestRefused, "GeneralException: no such route")
        }
        "GeneralException" => body::known(answer, body::LATER, "GeneralException"),
        "DataException" => body::known(answer, body::LATER, "DataException"),
        "NetworkException" => body::known(answer, body::LATER, "NetworkException"),
        _ => body::unknown(answer, about),
    }
}
