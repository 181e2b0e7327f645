//! Alerts: every kind in every format, as they go out.
//!
//! `texts.txt` holds what people read, to be read by people; `posts.json` the requests, whose signatures `tests/providers/alerts.test.mjs`
//! has verified by a library that is not ours. `EVERLIT_WRITE_GOLDEN=1 cargo test -p everlit-edge --test alerts` writes both anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod bad_input;
mod cases;
mod names;
mod posts;
mod texts;

use std::path::Path;

use everlit_core::secret::Secret;
use everlit_edge::alert::{Format, Post, Receiver, SigningKey};
use everlit_edge::url::HttpUrl;

/// The key of the tests: "a signing key of the tests only" in base64.
const SIGNING_KEY: &str = "whsec_YSBzaWduaW5nIGtleSBvZiB0aGUgdGVzdHMgb25seQ==";
const API_KEY: &str = "an-api-key-of-the-tests-only";

fn receiver(name: &str, format: Format) -> Receiver {
    let url = HttpUrl::parse("https://receiver.example/hooks").unwrap();
    Receiver { name: name.to_owned(), url: Secret::new(url), format }
}

/// One of each format, by the name that a configuration gives it.
fn receivers() -> [(&'static str, Receiver); 3] {
    let mail = Format::Mail {
        api_key: Secret::new(API_KEY.to_owned()),
        from: "Everlit <alerts@example.com>".to_owned(),
        to: vec!["ops@example.com".to_owned(), "desk@example.com".to_owned()],
    };
    [
        ("json", receiver("program", Format::Json(SigningKey::parse(SIGNING_KEY).unwrap()))),
        ("chat", receiver("room", Format::Chat)),
        ("mail", receiver("ops", mail)),
    ]
}

fn header<'a>(post: &'a Post, name: &str) -> Option<&'a str> {
    let mut named = post.headers.iter().filter(|(header, _)| *header == name);
    let value = named.next().map(|(_, value)| value.expose().as_str());
    assert!(named.next().is_none(), "{name} is there twice");
    value
}

/// Compares with what is kept, or keeps it.
fn golden(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alerts").join(file);
    if std::env::var_os("EVERLIT_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    for (at, (made, kept)) in made.lines().zip(kept.lines()).enumerate() {
        assert_eq!(made, kept, "{file}:{}", at + 1);
    }
    assert_eq!(made.lines().count(), kept.lines().count(), "{file}");
}
