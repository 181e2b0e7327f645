//! The object with the copy. It can open nothing of it, and has no alarm.
#![expect(missing_docs, reason = "the macro writes methods without a word on them")]

use everlit_runtime::body;
use everlit_runtime::incoming::Incoming;
use everlit_runtime::log;
use everlit_runtime::sql::{Storage, StorageError, number};
use serde::Serialize;
use worker::worker_sys::DurableObjectState;
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::client::{COPY, Copy, Found, KEEP, Taken};

/// The largest copy: a token, its row, and a few that wait for their proof.
const MAX_COPY: usize = 1 << 20;
const CREATE: &str = "CREATE TABLE IF NOT EXISTS copy (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, kept TEXT NOT NULL) STRICT";
const PUT: &str = "INSERT INTO copy (id, number, kept) VALUES (1, ?, ?) ON CONFLICT (id) \
    DO UPDATE SET number = excluded.number, kept = excluded.kept WHERE excluded.number > copy.number";

/// The copy of one vault. Its name is the service's; it can be reached over the binding alone.
#[durable_object(fetch)]
pub struct ServiceBackup {
    state: DurableObjectState,
}

impl DurableObject for ServiceBackup {
    fn new(state: State, _env: Env) -> Self {
        Self { state: state._inner() }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let request = Incoming::new(Clone::clone(request.inner()));
        let trace = log::handed(&request.host);
        log::Traced::new(trace, Box::pin(self.respond(request))).await
    }
}

impl ServiceBackup {
    async fn respond(&self, request: Incoming) -> worker::Result<Response> {
        let answered = match request.path.as_str() {
            KEEP => self.keep(&request).await,
            COPY => self.copy(),
            _ => Err(404),
        };
        match answered {
            Ok(response) => Ok(response),
            Err(status) => Ok(Response::builder().with_status(status).empty()),
        }
    }

    async fn keep(&self, request: &Incoming) -> Result<Response, u16> {
        let bytes = body::read(request.raw().body(), MAX_COPY).await.map_err(|_| 413_u16)?;
        let copy: Copy = serde_json::from_slice(&bytes).map_err(|_| 400_u16)?;
        let kept = serde_json::to_string(&copy.kept).map_err(|_| 400_u16)?;
        let storage = Storage::of(&self.state).map_err(failed)?;
        storage.write(CREATE, Vec::new()).map_err(failed)?;
        storage.write(PUT, vec![number(copy.number), kept.into()]).map_err(failed)?;
        let rows = storage.query("SELECT number FROM copy WHERE id = 1", Vec::new()).map_err(failed)?;
        let newest = rows.first().and_then(|row| row.number("number")).ok_or(500_u16)?;
        reply(&Taken { number: newest })
    }

    fn copy(&self) -> Result<Response, u16> {
        let storage = Storage::of(&self.state).map_err(failed)?;
        if !storage.has_table("copy").map_err(failed)? {
            return reply(&Found { copy: None });
        }
        let rows = storage.query("SELECT number, kept FROM copy WHERE id = 1", Vec::new()).map_err(failed)?;
        let copy = rows.first().and_then(|row| {
            let kept = serde_json::from_slice(row.text("kept")?.as_bytes()).ok()?;
            Some(Copy { number: row.number("number")?, kept })
        });
        reply(&Found { copy })
    }
}

fn reply(reply: &impl Serialize) -> Result<Response, u16> {
    Response::builder().from_json(reply).map_err(|_| 500)
}

/// Whoever asks may ask again.
fn failed(StorageError(thrown): StorageError) -> u16 {
    log::line("backup_failed", [("reason", log::class_of(&thrown))]);
    503
}
