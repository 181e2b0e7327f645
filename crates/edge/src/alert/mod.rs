//! Alerts: what somebody is told of a service, in words that they understand at half past three in the morning, and the requests that
//! carry it to a webhook, a chat tool or a mail API.
//!
//! When there is something to tell is decided by [`everlit_core::service`], who is told by the configuration
//! ([`crate::config::AlertConfig`]). Here an [`Alert`] becomes a [`Post`] for a [`Receiver`], and what the receiver answers is
//! [judged](judge). A driver sends it, and remembers which receivers have taken which alert: one that was taken here is not sent
//! again because it was not taken there.
//!
//! What is said is true when it is said. A text is made for the time at which it is sent, but for mail: an API that knows a mail by its
//! `Idempotency-Key` refuses another text under the same key, so a mail says when it was written. And nobody is invited to what does
//! not help: before the time from which a new login brings a token that lives longer, that time is named and no link is given.
//!
//! Nothing in an alert is a secret, or tells anything about whose account it is.
//!
//! ```
//! use everlit_core::secret::Secret;
//! use everlit_core::service::{AlertId, Kind};
//! use everlit_core::time::{Millis, Timestamp};
//! use everlit_edge::alert::{Alert, Format, Receiver, judge};
//! use everlit_edge::provider::upstox;
//! use everlit_edge::url::HttpUrl;
//!
//! let now = Timestamp::from_millis(1_790_976_600_000);
//! let expires_at = now.after(Millis::from_secs(1_800));
//! let alert = Alert {
//!     service: "orders",
//!     provider: upstox::DESCRIPTION.name,
//!     title: upstox::DESCRIPTION.title,
//!     instance: "4711",
//!     id: AlertId(7),
//!     kind: Kind::ExpiringSoon { threshold: Millis::from_secs(1_800), expires_at, login_from: expires_at },
//!     at: now,
//!     zone: upstox::DESCRIPTION.expiry.zone(),
//!     link: None,
//! };
//! let url = Secret::new(HttpUrl::parse("https://chat.example/hooks/x").unwrap());
//! let receiver = Receiver { name: "ops".into(), url, format: Format::Chat };
//! let post = receiver.post(&alert, now);
//! assert!(post.body.contains("orders (Upstox): the token ends in 30 min"));
//! assert!(post.body.contains("New login possible from 03:30 (IST)."));
//! assert!(judge(200, None, now).settled);
//! ```

mod answer;
mod chat;
mod json;
mod mail;
mod receiver;
mod signing_key;
mod text;

use alloc::string::String;

pub use answer::{Answered, judge};
pub use receiver::{Format, Post, Receiver, is_api_key};
pub use signing_key::SigningKey;

use everlit_core::service::{AlertId, Kind};
use everlit_core::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::base64url;
use crate::provider::Zone;
use crate::seal::associated_data;
use crate::url::HttpUrl;

/// The names of all kinds, as a configuration and the wire have them.
pub const KINDS: [&str; 7] = [
    "expiring_soon",
    "renewal_failed",
    "failed_repeatedly",
    "on_fallback",
    "renewed",
    "human_needed",
    "human_answered",
];

/// Something to tell of a service.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// The service's name.
    pub service: &'a str,
    /// Its provider's name.
    pub provider: &'a str,
    /// The same for people.
    pub title: &'a str,
    /// Tells the object that says it from one of the same service before or after it, whose alerts have the same numbers: a number
    /// that was drawn when it was made.
    pub instance: &'a str,
    /// Its number in that object.
    pub id: AlertId,
    /// What it says.
    pub kind: Kind,
    /// When that happened.
    pub at: Timestamp,
    /// The clock of those who have to do with the provider.
    pub zone: Zone,
    /// Where a person logs in or hands in a token: the page that serves operators. It is shown only where that helps. Whoever sees it must prove there who they are:
    /// no ticket is in it.
    pub link: Option<&'a HttpUrl>,
}

impl Alert<'_> {
    /// Its name everywhere: the same when it is sent again, and that of no other.
    #[must_use]
    pub fn name(&self) -> String {
        let id = self.id.0.to_be_bytes();
        let parts =
            associated_data(&[b"everlit alert", self.service.as_bytes(), self.instance.as_bytes(), &id]);
        let digest = Sha256::digest(parts);
        // Half of it is as unique as names need to be. No dot: those part what is signed.
        ["alert_", &base64url::encode(digest.get(..16).unwrap_or_default())].concat()
    }
}
