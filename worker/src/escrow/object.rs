//! The Durable Object and its internal routes.

use everlit_core::escrow::Entry;
use everlit_core::id::{RequestId, RotatorId};
use everlit_core::time::Timestamp;
use everlit_edge::oauth::MAX_KEPT_ANSWER;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::message::{ANSWER, Answered, ClaimReply, ClosedReply, Done, Kept, Question};
use super::store::EntryStore;
use crate::incoming::Incoming;
use crate::sql::{Storage, StorageError};
use crate::{clock, log, packed};

/// The longest answer, and a few words and a seal around it.
const MAX_ANSWER: usize = MAX_KEPT_ANSWER + 1_024;

/// The escrow of one session. Its name is the id of the session's vault; it can be reached over the binding alone.
#[wasm_bindgen]
pub struct Escrow {
    state: DurableObjectState,
}

#[wasm_bindgen]
impl Escrow {
    /// The object behind this state.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, _env: Env) -> Self {
        Self { state }
    }

    /// Answers the Worker.
    pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
        let request = Incoming::new(request);
        if !log::is_understood(&request.host) {
            return packed::refused(503);
        }
        let trace = log::handed(&request.host);
        log::Traced::new(trace, Box::pin(self.respond(request))).await
    }
}

impl Escrow {
    async fn respond(&self, request: Incoming) -> Result<Response, JsValue> {
        let answered = match request.path.as_str() {
            ANSWER => self.keep(&request).await,
            _ => self.answer(&request),
        };
        packed::respond(answered)
    }

    fn answer(&self, request: &Incoming) -> Result<Vec<u8>, u16> {
        match Question::parse(&request.path, request.query.as_deref()).ok_or(404_u16)? {
            Question::Make => {
                lift(self.store().and_then(|store| store.make()))?;
                Ok(packed::written(&Done {}))
            }
            Question::Claim(request, by) => {
                let claim = |escrow: &mut everlit_core::escrow::Escrow<Vec<u8>>| {
                    escrow.claim(request, by, clock::now())
                };
                Ok(packed::written(&ClaimReply::from(lift(self.change(claim))?)))
            }
            Question::Close(request) => Ok(packed::written(&lift(self.close(request))?)),
            Question::Erase => {
                lift(self.store().and_then(|store| store.erase()))?;
                Ok(packed::written(&Done {}))
            }
        }
    }

    fn close(&self, request: RequestId) -> Result<ClosedReply, StorageError> {
        self.change(|escrow| {
            let closed = escrow.close(request);
            let claimed_at = match escrow.entry() {
                Some((_, Entry::Claimed { at, .. } | Entry::Answered { at, .. })) => *at,
                Some((_, Entry::Void)) | None => Timestamp::default(),
            };
            ClosedReply::new(closed, claimed_at)
        })
    }

    /// One turn of the escrow: read, changed, and written if it was.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut everlit_core::escrow::Escrow<Vec<u8>>) -> T,
    ) -> Result<T, StorageError> {
        let store = self.store()?;
        let mut escrow = store.load()?;
        let before = escrow.entry().cloned();
        let changed = change(&mut escrow);
        if escrow.entry() != before.as_ref() {
            store.save(&escrow)?;
        }
        Ok(changed)
    }

    async fn keep(&self, request: &Incoming) -> Result<Vec<u8>, u16> {
        let Answered { request, by, sealed } = packed::told(request.raw(), MAX_ANSWER).await?;
        let kept = self.change(|escrow| escrow.answer(RequestId(request), RotatorId(by), sealed));
        Ok(packed::written(&Kept { kept: lift(kept)? }))
    }

    fn store(&self) -> Result<EntryStore, StorageError> {
        Storage::of(&self.state).map(EntryStore::new)
    }
}

/// Whoever asks may ask again.
fn lift<T>(result: Result<T, StorageError>) -> Result<T, u16> {
    result.map_err(|StorageError(thrown)| {
        log::line("escrow_failed", [("reason", log::class_of(&thrown))]);
        503
    })
}
