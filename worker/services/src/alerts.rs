//! One alert on its way to those who want to know.

use everlit_core::service::{AlertId, Kind};
use everlit_core::time::{Millis, Timestamp};
use worker::Env;

use crate::vault::Fault;
use crate::vault::Loaded;

/// What came of sending it.
pub(crate) struct Outcome {
    /// Whether it need not be sent again.
    pub(crate) settled: bool,
    /// Who has taken it.
    pub(crate) taken: Vec<String>,
    /// When to come again, if one of them said so.
    pub(crate) retry_after: Option<Millis>,
}

/// One alert, ready to be sent.
pub(crate) struct Post;

impl Post {
    pub(crate) fn of(
        _loaded: &Loaded,
        _alert: AlertId,
        _kind: Kind,
        _at: Timestamp,
        _taken: Vec<String>,
    ) -> Result<Self, Fault> {
        Ok(Self)
    }

    pub(crate) async fn deliver(&self, _env: &Env) -> Outcome {
        Outcome { settled: true, taken: Vec::new(), retry_after: None }
    }
}
