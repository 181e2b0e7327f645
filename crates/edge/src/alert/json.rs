//! JSON for programs, signed as [Standard Webhooks](https://www.standardwebhooks.com) says, so that a receiver needs a library for that
//! and nothing of ours.

use alloc::string::{String, ToString as _};

use everlit_core::service::{Kind, Want};
use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};

use super::Alert;
use super::text::{NAME_MAX, Said};
use crate::date::iso_seconds;
use crate::words::clean;

/// The body. `timestamp` is when it happened; when it was sent says a header.
pub(super) fn body(alert: &Alert<'_>, now: Timestamp) -> String {
    let said = Said::at(alert, now);
    let kind = alert.kind.as_str();
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| data.insert(String::from(name), value);
    put("service", clean(alert.service, NAME_MAX).into());
    put("provider", clean(alert.provider, NAME_MAX).into());
    put("title", clean(alert.title, NAME_MAX).into());
    put("kind", kind.into());
    put("at", alert.at.as_millis().into());
    put("text", said.text().into());
    if let Some(link) = said.link {
        put("link", link.into());
    }
    match alert.kind {
        Kind::ExpiringSoon { threshold, expires_at, login_from } => {
            put("threshold", seconds(threshold));
            put("expires_at", expires_at.as_millis().into());
            put("expires_in", seconds(now.until(expires_at)));
            put("login_from", login_from.as_millis().into());
        }
        Kind::RenewalFailed(class) => {
            put("class", class.as_str().into());
        }
        Kind::FailedRepeatedly { rounds } => {
            put("rounds", rounds.into());
        }
        Kind::OnFallback { until } => {
            if let Some(until) = until {
                put("until", until.as_millis().into());
            }
        }
        Kind::Renewed(source) | Kind::HumanAnswered(source) => {
            put("source", source.as_str().into());
        }
        Kind::HumanNeeded { want, push } => {
            put("reason", want.as_str().into());
            put("push", push.into());
            if let Want::Refused(class) = want {
                put("class", class.as_str().into());
            }
        }
    }
    let timestamp = [&iso_seconds(alert.at), "Z"].concat();
    let kind = ["everlit.service.", kind].concat();
    json!({ "type": kind, "timestamp": timestamp, "data": data }).to_string()
}

/// Whole seconds without a fraction.
fn seconds(length: Millis) -> Value {
    let millis = length.as_millis();
    if millis.is_multiple_of(1_000) {
        return (millis / 1_000).into();
    }
    // What is so long that a fraction is lost has none that matters.
    #[expect(clippy::cast_precision_loss, reason = "said above")]
    let millis = millis as f64;
    (millis / 1_000.0).into()
}
