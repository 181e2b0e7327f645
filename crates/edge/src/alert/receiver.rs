//! Who is told, and the request that tells them.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::secret::Secret;
use everlit_core::time::Timestamp;

use super::{Alert, SigningKey, chat, json, mail};
use crate::url::HttpUrl;

/// Somebody who is told, with all that it takes.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is told. With a chat tool, whoever knows this may write there.
    pub url: Secret<HttpUrl>,
    /// What it understands.
    pub format: Format,
}

/// What a receiver understands.
#[derive(Clone, Debug)]
pub enum Format {
    /// JSON for programs, signed.
    Json(SigningKey),
    /// What chat tools take.
    Chat,
    /// What mail APIs take.
    Mail {
        /// What the API knows its customer by.
        api_key: Secret<String>,
        /// Who writes.
        from: String,
        /// To whom.
        to: Vec<String>,
    },
}

/// A POST request, but for where it goes.
#[derive(Clone, Debug)]
pub struct Post {
    /// Its headers, of which one may be a secret.
    pub headers: Vec<(&'static str, Secret<String>)>,
    /// Its body, in JSON.
    pub body: String,
}

impl Receiver {
    /// The request that tells an alert, at this time.
    #[must_use]
    pub fn post(&self, alert: &Alert<'_>, now: Timestamp) -> Post {
        let shown = |name, value: String| (name, Secret::new(value));
        let name = alert.name();
        // There are mail APIs that answer 403 to whoever does not say what they are.
        let mut headers = Vec::from([
            shown("content-type", "application/json".to_string()),
            shown("user-agent", "everlit".to_string()),
        ]);
        let body = match &self.format {
            Format::Json(key) => {
                let body = json::body(alert, now);
                headers.extend([
                    shown("webhook-timestamp", (now.as_millis() / 1_000).to_string()),
                    shown("webhook-signature", key.sign(&name, now, &body)),
                    shown("webhook-id", name),
                ]);
                body
            }
            Format::Chat => chat::body(alert, now),
            Format::Mail { api_key, from, to } => {
                headers.push(shown("authorization", ["Bearer ", api_key.expose()].concat()));
                // Two receivers may have one account at the API: theirs are two mails.
                headers.push(shown("idempotency-key", [&name, "-", &self.name].concat()));
                mail::body(alert, from, to)
            }
        };
        Post { headers, body }
    }
}

/// Whether a text can be the key of an API: it goes into a header.
#[must_use]
pub fn is_api_key(text: &str) -> bool {
    (1..=1_024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
