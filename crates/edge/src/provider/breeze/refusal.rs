//! What Breeze's answers mean. The status that counts is in the body, whatever HTTP says, and several texts share one.
//!
//! Texts that the official SDK raises ("Session key is expired.") are its own and never come over the wire: they are none here.

use alloc::string::String;

use everlit_core::time::Millis;
use serde_json::{Map, Value};

use super::CUTOFF;
use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text};
use crate::provider::{About, Asked, Class, Judgement};

/// How long the limit by the minute lasts.
const MINUTE: Millis = Millis::from_secs(60);

/// Judges an answer.
#[must_use]
pub fn classify(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    let object = match object(answer, about) {
        Ok(object) => object,
        Err(judgement) => return judgement,
    };
    let Some(error) = text(&object, "Error") else {
        let is_success = object.get("Status").and_then(Value::as_u64) == Some(200);
        return if is_success { Judgement::new(Class::Ok, "a success") } else { shapeless(answer, about) };
    };
    refused(answer, about, error)
}

/// The body. Its SDKs read it whatever it is called, and what it is called is not known.
pub(super) fn object(answer: &HttpAnswer<'_>, about: About) -> Result<Map<String, Value>, Judgement> {
    body::object(&HttpAnswer { content_type: None, ..*answer }, about).map_err(|judgement| {
        // An API_Session can be shown again, so nothing is lost by an exchange without an answer.
        let is_lost = judgement.class == Class::OutcomeUnknown;
        if is_lost { Judgement::new(body::LATER, judgement.reason) } else { judgement }
    })
}

/// JSON that is not in its envelope: something else than Breeze said it, so it says nothing of a session.
fn shapeless(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    let about = About { asked: Asked::Call, ..about };
    body::by_status(answer, about, "an answer without Status and Error")
}

fn refused(answer: &HttpAnswer<'_>, about: About, error: &str) -> Judgement {
    let plain = error.trim().trim_end_matches('.').to_ascii_lowercase();
    let new = Judgement::new;
    match plain.as_str() {
        // It comes of a session that is over, and of a fresh one after heavy use.
        "resource not available" if about.is_past(answer.now) => {
            new(Class::ReauthRequired, "Resource not available")
        }
        "resource not available" => new(Class::Ambiguous, "Resource not available"),
        "invalid session" if about.asked == Asked::Login => new(Class::RestartLogin, "Invalid session"),
        "invalid session" => new(Class::ReauthRequired, "Invalid session"),
        "public key does not exist" => new(Class::ClientMisconfigured, "Public Key does not exist"),
        // It comes inside of valid sessions, many times a day, and the next try succeeds.
        "invalid user details" => new(Class::Transient { retry_after: None }, "Invalid User Details"),
        _ if plain.starts_with("authentication fail") || plain.contains("invalid checksum") => {
            new(Class::ClientMisconfigured, "Invalid Checksum: the secret, or a clock that is off")
        }
        _ if plain.starts_with("limit exceed") => {
            let (until, reason) = if plain.contains("per day") {
                (CUTOFF.after(answer.now), "Limit exceed: per day")
            } else {
                (answer.now.after(answer.wait().unwrap_or(MINUTE)), "Limit exceed")
            };
            new(Class::RateLimited { until }, reason)
        }
        _ => new(Class::Transient { retry_after: answer.wait() }, "another Error"),
    }
}
