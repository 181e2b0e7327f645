//! Alerts: what a receiver answers, the secrets that an operator sets, and names of whatever kind.

use everlit_core::secret::Secret;
use everlit_core::service::{AlertId, Kind, Want};
use everlit_core::time::Timestamp;
use everlit_edge::alert::{Alert, Answered, Format, Receiver, SigningKey, is_api_key, judge};
use everlit_edge::config::{AlertConfig, AlertFormat};
use everlit_edge::oauth::MAX_RETRY_AFTER;
use everlit_edge::provider::Zone;
use everlit_edge::url::HttpUrl;
use proptest::prelude::*;
use serde_json::Value;

use crate::from_providers::{Http, NOW};
use crate::parsers::Fed;

/// A receiver's answer: what ends an alert waits for nothing, and no server puts it off for longer than any other.
pub(crate) fn alert_answer(input: &[u8]) -> Fed {
    let http = Http::read(input);
    let Answered { settled, taken, retry_after } = judge(http.status, http.header("retry-after"), NOW);
    prop_assert_eq!(taken, (200..300).contains(&http.status));
    prop_assert!(!taken || settled);
    prop_assert!(!settled || retry_after.is_none());
    prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
    if settled && !taken {
        prop_assert!((400..500).contains(&http.status) && ![408, 425, 429].contains(&http.status));
    }
    Ok(match (settled, taken) {
        (_, true) => "taken",
        (true, false) => "refused",
        (false, false) => "again",
    })
}

/// A text that was set as the secret of a receiver, of any format: an error shows nothing of it, and says the same of every other.
pub(crate) fn alert_secret(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input).into_owned();
    let url = HttpUrl::parse("https://ops.example/alerts");
    let mail = AlertFormat::Mail { from: "a@example.com".to_owned(), to: vec!["b@example.com".to_owned()] };
    let mut word = "refused";
    for (format, url, name) in
        [(AlertFormat::Chat, None, "url"), (AlertFormat::Json, url.clone(), "signing"), (mail, url, "api")]
    {
        let config = AlertConfig { name: "ops".to_owned(), url, format, services: None, kinds: None };
        match config.receiver(|_| Some(Secret::new(text.clone()))) {
            Ok(receiver) => {
                match receiver.format {
                    Format::Chat => {
                        prop_assert!(receiver.url.expose().origin().is_trustworthy());
                        prop_assert_eq!(receiver.url.expose().to_string(), text.trim());
                    }
                    Format::Json(_) => prop_assert!(SigningKey::parse(&text).is_some() && text.len() >= 32),
                    Format::Mail { api_key, .. } => prop_assert!(is_api_key(api_key.expose())),
                }
                word = if word == "refused" || name == "signing" { name } else { word };
            }
            Err(error) => {
                let other = config.receiver(|_| Some(Secret::new("?\u{0}".to_owned())));
                prop_assert_eq!(other.err(), Some(error));
            }
        }
    }
    Ok(word)
}

/// A text in the place of every name: what goes out is JSON all the same, in lines of ours, of a length that anybody takes.
pub(crate) fn alert_name(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let link = HttpUrl::parse("https://app.example/login").unwrap();
    let alert = Alert {
        service: &text,
        provider: &text,
        title: &text,
        instance: &text,
        id: AlertId(1),
        kind: Kind::HumanNeeded { want: Want::Lapsed, push: true },
        at: NOW,
        zone: Zone::INDIA,
        link: Some(&link),
    };
    let url = Secret::new(link.clone());
    let chat = Receiver { name: "room".to_owned(), url, format: Format::Chat };
    let post = chat.post(&alert, Timestamp::NEVER);
    let body: Value = serde_json::from_str(&post.body).unwrap();
    let said = body["text"].as_str().unwrap();
    prop_assert!(said.len() < 4_000 && !said.contains(['<', '>']));
    prop_assert_eq!(said.lines().count(), 4, "{:?}", said);
    prop_assert!(said.chars().all(|c| c == '\n' || !c.is_control()));
    let linked = body["blocks"][2]["text"]["text"].as_str().unwrap();
    prop_assert_eq!(linked, "Open: <https://app.example/login>");
    let config = AlertConfig {
        name: "room".to_owned(),
        url: None,
        format: AlertFormat::Chat,
        services: Some(vec!["orders".to_owned()]),
        kinds: Some(vec!["renewed".to_owned()]),
    };
    prop_assert_eq!(config.wants(&text, "renewed"), text == "orders");
    prop_assert_eq!(config.wants("orders", &text), text == "renewed");
    let whole = said.starts_with(&format!("{text} ({text}): "));
    Ok(if whole { "whole" } else { "changed" })
}
