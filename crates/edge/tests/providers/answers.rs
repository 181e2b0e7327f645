//! What the stand-ins say.

use everlit_core::time::Timestamp;
use everlit_edge::oauth::HttpAnswer;
use serde_json::Value;

/// 2026-10-02T20:00 in India: the clock of the stand-ins stood there.
pub(crate) const EVENING: Timestamp = Timestamp::from_millis(1_790_951_400_000);

/// One answer.
pub(crate) struct Said {
    status: u16,
    content_type: Option<String>,
    retry_after: Option<String>,
    date: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) now: Timestamp,
}

fn all() -> Value {
    serde_json::from_str(include_str!("answers.json")).unwrap()
}

/// The names of a provider's answers.
pub(crate) fn names(provider: &str) -> Vec<String> {
    all()[provider].as_object().unwrap().keys().cloned().collect()
}

/// One of them.
pub(crate) fn said(provider: &str, name: &str) -> Said {
    let all = all();
    let said = &all[provider][name];
    assert!(said.is_object(), "no stand-in for {provider} said {name:?}");
    let header = |name: &str| said["headers"][name].as_str().map(str::to_owned);
    Said {
        status: said["status"].as_u64().unwrap().try_into().unwrap(),
        content_type: header("content-type"),
        retry_after: header("retry-after"),
        date: header("date"),
        body: said["body"].as_str().unwrap().as_bytes().to_vec(),
        now: EVENING,
    }
}

/// One that nobody said: JSON, unless it is told otherwise.
pub(crate) fn made(status: u16, body: &str) -> Said {
    let content_type = Some("application/json".to_owned());
    Said { status, content_type, retry_after: None, date: None, body: body.as_bytes().to_vec(), now: EVENING }
}

impl Said {
    pub(crate) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    pub(crate) fn called(self, content_type: &str) -> Self {
        Self { content_type: Some(content_type.to_owned()), ..self }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn answer(&self) -> HttpAnswer<'_> {
        HttpAnswer {
            status: self.status,
            content_type: self.content_type.as_deref(),
            retry_after: self.retry_after.as_deref(),
            date: self.date.as_deref(),
            body: &self.body,
            now: self.now,
        }
    }
}
