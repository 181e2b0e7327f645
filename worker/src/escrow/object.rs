//! The Durable Object and its internal routes.
#![expect(missing_docs, reason = "the macro writes methods without a word on them")]

use everlit_core::escrow::Entry;
use everlit_core::id::{RequestId, RotatorId};
use everlit_core::time::Timestamp;
use everlit_edge::base64url;
use everlit_edge::oauth::MAX_KEPT_ANSWER;
use serde::Serialize;
use worker::worker_sys::DurableObjectState;
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::message::{ANSWER, Answered, ClaimReply, ClosedReply, Done, Kept, Question};
use super::store::EntryStore;
use crate::incoming::Incoming;
use crate::sql::{Storage, StorageError};
use crate::{body, clock, log};

/// The longest answer, a third on top for base64url, and a few words and a seal around it.
const MAX_ANSWER: usize = MAX_KEPT_ANSWER / 3 * 4 + 1_024;

/// The escrow of one session. Its name is the id of the session's vault; it can be reached over the binding alone.
#[durable_object(fetch)]
pub struct Escrow {
    state: DurableObjectState,
}

impl DurableObject for Escrow {
    fn new(state: State, _env: Env) -> Self {
        Self { state: state._inner() }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let request = Incoming::new(Clone::clone(request.inner()));
        let trace = log::handed(&request.host);
        log::Traced::new(trace, Box::pin(self.respond(request))).await
    }
}

impl Escrow {
    async fn respond(&self, request: Incoming) -> worker::Result<Response> {
        let answered = match request.path.as_str() {
            ANSWER => self.keep(&request).await,
            _ => self.answer(&request),
        };
        match answered {
            Ok(response) => Ok(response),
            Err(status) => Ok(Response::builder().with_status(status).empty()),
        }
    }

    fn answer(&self, request: &Incoming) -> Result<Response, u16> {
        match Question::parse(&request.path, request.query.as_deref()).ok_or(404_u16)? {
            Question::Make => {
                lift(self.store().and_then(|store| store.make()))?;
                reply(&Done {})
            }
            Question::Claim(request, by) => {
                reply(&lift(self.change(|escrow| ClaimReply::from(escrow.claim(request, by, clock::now()))))?)
            }
            Question::Close(request) => reply(&lift(self.close(request))?),
            Question::Erase => {
                lift(self.store().and_then(|store| store.erase()))?;
                reply(&Done {})
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

    async fn keep(&self, request: &Incoming) -> Result<Response, u16> {
        let bytes = body::read(request.raw().body(), MAX_ANSWER).await.map_err(|_| 400_u16)?;
        let Answered { request, by, sealed } = serde_json::from_slice(&bytes).map_err(|_| 400_u16)?;
        let sealed = base64url::decode(&sealed).ok_or(400_u16)?;
        let kept = self.change(|escrow| escrow.answer(RequestId(request), RotatorId(by), sealed));
        reply(&Kept { kept: lift(kept)? })
    }

    fn store(&self) -> Result<EntryStore, StorageError> {
        Storage::of(&self.state).map(EntryStore::new)
    }
}

fn reply(reply: &impl Serialize) -> Result<Response, u16> {
    Response::builder().from_json(reply).map_err(|_| 500)
}

/// Whoever asks may ask again.
fn lift<T>(result: Result<T, StorageError>) -> Result<T, u16> {
    result.map_err(|StorageError(thrown)| {
        log::line("escrow_failed", [("reason", log::class_of(&thrown))]);
        503
    })
}
