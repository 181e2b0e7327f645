//! What Upstox's answers mean: a code each, `UDAPI...`, in a list of errors.

use alloc::string::String;

use serde_json::{Map, Value};

use super::OPENS;
use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text};
use crate::provider::{About, Asked, Class, Judgement};

/// Its codes, as far as they are known.
const CODES: [(&str, Class); 17] = [
    ("UDAPI100050", Class::ReauthRequired),
    ("UDAPI100067", Class::WrongToken),
    ("UDAPI100016", Class::ClientMisconfigured),
    ("UDAPI100068", Class::ClientMisconfigured),
    ("UDAPI100069", Class::ClientMisconfigured),
    ("UDAPI100073", Class::ClientMisconfigured),
    ("UDAPI100057", Class::RestartLogin),
    // The account's segments are inactive: a login would bring it back to the same place.
    ("UDAPI100058", Class::UserActionRequired),
    ("UDAPI10005", body::LIMITED),
    ("UDAPI10000", Class::RequestRefused),
    ("UDAPI100015", Class::RequestRefused),
    ("UDAPI100036", Class::RequestRefused),
    ("UDAPI100038", Class::RequestRefused),
    ("UDAPI100072", Class::ServiceClosed { until: None }),
    ("UDAPI100074", Class::ServiceClosed { until: None }),
    // The address that an order came from: no matter of the session.
    ("UDAPI1154", Class::NotPermitted),
    ("UDAPI100500", body::LATER),
];

/// Judges an answer.
#[must_use]
pub fn classify(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    let judgement = match body::object(answer, about) {
        Ok(object) => judge(answer, about, &object),
        Err(judgement) => judgement,
    };
    // A code is single use, whether or not the exchange succeeds.
    if about.asked == Asked::Login { body::spent(judgement) } else { judgement }
}

fn judge(answer: &HttpAnswer<'_>, about: About, object: &Map<String, Value>) -> Judgement {
    let judgement = match code(object) {
        Some(code) => refused(answer, about, code),
        None if (200..300).contains(&answer.status)
            && object.get("status").and_then(Value::as_str) != Some("error") =>
        {
            Judgement::new(Class::Ok, "a success")
        }
        None => body::unknown(answer, about),
    };
    // A server that fails is not believed that a session is over.
    if judgement.class.ends_grant() && answer.status >= 500 {
        return body::by_status(answer, about, judgement.reason);
    }
    judgement
}

/// The code of the first error. Everything is there twice, in two spellings.
fn code(object: &Map<String, Value>) -> Option<&str> {
    let first = object.get("errors")?.as_array()?.first()?.as_object()?;
    text(first, "errorCode").or_else(|| text(first, "error_code"))
}

fn refused(answer: &HttpAnswer<'_>, about: About, code: &str) -> Judgement {
    let Some((code, class)) = CODES.into_iter().find(|(known, _)| *known == code) else {
        return body::unknown(answer, about);
    };
    if matches!(class, Class::ServiceClosed { .. }) {
        return Judgement::new(Class::ServiceClosed { until: Some(OPENS.after(answer.now)) }, code);
    }
    // Of a code it says that the login is over, and nothing of a session that there is.
    let is_of_login = class.ends_grant() && about.asked == Asked::Login;
    body::known(answer, if is_of_login { Class::RestartLogin } else { class }, code)
}
