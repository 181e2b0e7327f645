//! Upstox's v3 request for a token: it is sent, a person says yes in the app or in a chat, or says nothing.

use alloc::string::{String, ToString as _};

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use serde_json::Value;

use super::refusal::classify;
use crate::oauth::HttpAnswer;
use crate::provider::body::{self, text};
use crate::provider::stated::moment;
use crate::provider::{About, Asked, Class, Judgement};
use crate::query::encode;

/// A request waits until the next cutoff at most.
const LONGEST: Millis = Millis::from_days(1);

/// The path of the request for an app.
#[must_use]
pub fn path(client_id: &str) -> String {
    ["/v3/login/auth/token/request/", &encode(client_id)].concat()
}

/// The body of the request, in JSON.
#[must_use]
pub fn request(client_secret: &Secret<String>) -> Secret<String> {
    let secret = Value::from(client_secret.expose().as_str()).to_string();
    Secret::new(["{\"client_secret\":", &secret, "}"].concat())
}

/// A request that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Until then it can be approved. That it was rejected is never heard.
    pub until: Timestamp,
    /// Where the token will be posted to, as it is registered. If that is not our address, none will ever come.
    pub notifier_url: Option<String>,
}

impl Pending {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// What the answer means where nothing waits.
    pub fn read(answer: &HttpAnswer<'_>) -> Result<Self, Judgement> {
        let about = About { asked: Asked::Renewal, planned_expiry: None };
        let judgement = classify(answer, about);
        if judgement.class != Class::Ok {
            return Err(judgement);
        }
        let object = body::object(answer, about)?;
        let data = object.get("data").and_then(Value::as_object);
        // In milliseconds, as text.
        let until = data.and_then(|data| data.get("authorization_expiry")).and_then(moment);
        let until = until.filter(|until| *until > answer.now && answer.now.until(*until) <= LONGEST);
        let Some((data, until)) = data.zip(until) else {
            return Err(Judgement::new(Class::OutcomeUnknown, "a success without authorization_expiry"));
        };
        Ok(Self { until, notifier_url: text(data, "notifier_url").map(str::to_string) })
    }
}
