//! The vault's side of its copy.

use everlit_runtime::packed::Json;
use everlit_runtime::stub::{NoAnswer, ObjectStub};
use serde::{Deserialize, Serialize};
use worker::Env;

use crate::environment::SERVICE_BACKUP;

/// Take a copy.
pub(super) const KEEP: &str = "/keep";
/// Give it back.
pub(super) const COPY: &str = "/copy";

/// A copy of what a vault keeps: names, and sealed values in base64url.
#[derive(Serialize, Deserialize)]
pub(super) struct Copy {
    /// Of which one copy is newer than another.
    pub(super) number: u64,
    pub(super) kept: Vec<(String, String)>,
}

/// A copy, if there is one.
#[derive(Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) copy: Option<Copy>,
}

/// Whether a copy was taken: an older one is not.
#[derive(Serialize, Deserialize)]
pub(super) struct Taken {
    /// The number of the copy that there is now.
    pub(super) number: u64,
}

/// The copy of one vault.
pub(crate) struct BackupClient(ObjectStub);

impl BackupClient {
    /// That of this service.
    pub(crate) fn of(env: &Env, service: &str) -> Self {
        Self(ObjectStub::new(env, SERVICE_BACKUP, service))
    }

    /// Hands a copy over. It takes the place of the one before, if it is newer. Says which one is there now.
    pub(crate) async fn keep(&self, number: u64, kept: Vec<(String, String)>) -> Result<u64, NoAnswer> {
        let Json(heard) = self.0.tell(KEEP, &Json::of(&Copy { number, kept })).await?;
        heard.map(|Taken { number }| number).ok_or(NoAnswer)
    }

    /// What there is.
    pub(crate) async fn copy(&self) -> Result<Option<Vec<(String, String)>>, NoAnswer> {
        let Json(heard) = self.0.ask(COPY).await?;
        heard.map(|Found { copy }| copy.map(|copy| copy.kept)).ok_or(NoAnswer)
    }
}
