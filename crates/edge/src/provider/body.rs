//! What a body is before a provider's own words are looked for in it, and what is thought of one that is none of its own.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

use super::class::{About, Asked, Class, Judgement};
use crate::oauth::{HttpAnswer, MAX_ACCESS_TOKEN};

/// A page in a provider's place is most often its maintenance, which takes from minutes to a weekend.
pub(crate) const PAGE_WAIT: Millis = Millis::from_secs(300);
/// How long to leave a provider alone that throttles and does not say for how long. Whoever waits adds jitter.
pub(crate) const THROTTLE_WAIT: Millis = Millis::from_secs(1);

/// The body, if it is a JSON object, whatever the status; or what to think of the answer without it: that the session is over
/// never follows from that.
pub(super) fn object(answer: &HttpAnswer<'_>, about: About) -> Result<Map<String, Value>, Judgement> {
    let why = match answer.object() {
        Ok(object) => return Ok(object),
        Err(why) => why,
    };
    if answer.is_html() && answer.status != 429 {
        let retry_after = Some(answer.wait().unwrap_or(PAGE_WAIT));
        return Err(Judgement::new(Class::Transient { retry_after }, why));
    }
    Err(by_status(answer, about, why))
}

/// What the status alone says.
pub(super) fn by_status(answer: &HttpAnswer<'_>, about: About, why: &'static str) -> Judgement {
    let transient = |why| Judgement::new(Class::Transient { retry_after: answer.wait() }, why);
    match answer.status {
        429 => limited(answer, "too many requests"),
        // A success that cannot be read was one: what was asked for may have been done, and a code is spent by it.
        200..=299 if about.asked != Asked::Call => Judgement::new(Class::OutcomeUnknown, why),
        500.. => transient("the provider failed"),
        _ => transient(why),
    }
}

/// Too many calls, in a table of codes: until when is the answer's own.
pub(super) const LIMITED: Class = Class::RateLimited { until: Timestamp::NEVER };
/// Try again, in a table of codes.
pub(super) const LATER: Class = Class::Transient { retry_after: None };

/// The class of a code that a table knows, with the times of this answer.
pub(super) fn known(answer: &HttpAnswer<'_>, class: Class, code: &'static str) -> Judgement {
    if class == LIMITED {
        limited(answer, code)
    } else if class == LATER {
        Judgement::new(Class::Transient { retry_after: answer.wait() }, code)
    } else {
        Judgement::new(class, code)
    }
}

/// Too many calls.
pub(super) fn limited(answer: &HttpAnswer<'_>, why: &'static str) -> Judgement {
    let until = answer.now.after(answer.wait().unwrap_or(THROTTLE_WAIT));
    Judgement::new(Class::RateLimited { until }, why)
}

/// A refusal in JSON that no table knows: it ends nothing by itself.
pub(super) fn unknown(answer: &HttpAnswer<'_>, about: About) -> Judgement {
    match (answer.status, about.asked) {
        (400..=499, _) if [408, 409, 425, 429].contains(&answer.status) => {
            by_status(answer, about, "the provider is busy")
        }
        (400..=499, Asked::Login) => Judgement::new(Class::RestartLogin, "an unknown refusal"),
        (400..=499, _) => Judgement::new(Class::Ambiguous, "an unknown refusal"),
        _ => by_status(answer, about, "an unknown answer"),
    }
}

/// Of an exchange whose code may be shown once only, whatever comes of it: to try again with the same is of no use.
pub(super) fn spent(judgement: Judgement) -> Judgement {
    match judgement.class {
        Class::Transient { .. } | Class::RateLimited { .. } | Class::OutcomeUnknown | Class::Ambiguous => {
            Judgement::new(Class::RestartLogin, judgement.reason)
        }
        Class::Ok
        | Class::AccessExpired
        | Class::ReauthRequired
        | Class::RestartLogin
        | Class::ClientMisconfigured
        | Class::UserActionRequired
        | Class::ServiceClosed { .. }
        | Class::WrongToken
        | Class::NotPermitted
        | Class::RequestRefused => judgement,
    }
}

/// A member that is text and not empty.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A member that is a token: it goes into a header as it is.
pub(super) fn token(object: &Map<String, Value>, name: &str) -> Option<Secret<String>> {
    text(object, name).filter(|text| fits_header(text)).map(|text| Secret::new(text.to_string()))
}

/// Whether a text can be carried in a header.
pub(super) fn fits_header(text: &str) -> bool {
    (1..=MAX_ACCESS_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is said of a success without what was asked for.
pub(super) const INCOMPLETE: Judgement = Judgement::new(Class::OutcomeUnknown, "a success without a token");
