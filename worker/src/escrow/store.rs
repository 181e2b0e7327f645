//! The one row of an escrow.

use everlit_core::escrow::{Entry, Escrow};
use everlit_core::id::RequestId;

use crate::sql::{Record, Storage, StorageError, blob, number, time};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS escrow (id INTEGER PRIMARY KEY CHECK (id = 1), request INTEGER NOT NULL, \
    state TEXT NOT NULL, claimed_at INTEGER, answer BLOB) STRICT";
const SAVE: &str = "INSERT INTO escrow (id, request, state, claimed_at, answer) VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE \
    SET request = excluded.request, state = excluded.state, claimed_at = excluded.claimed_at, answer = excluded.answer";

/// Reads and writes the row of one object. Nothing is kept in memory: a row is read in the turn that writes it.
pub(super) struct EntryStore {
    storage: Storage,
}

impl EntryStore {
    /// The store of this object.
    pub(super) const fn new(storage: Storage) -> Self {
        Self { storage }
    }

    /// Makes the table, if it is not there.
    pub(super) fn make(&self) -> Result<(), StorageError> {
        self.storage.write(CREATE, Vec::new()).map(|_| ())
    }

    /// The escrow as its row left it.
    pub(super) fn load(&self) -> Result<Escrow<Vec<u8>>, StorageError> {
        if !self.storage.has_table("escrow")? {
            // Of a session from before there were escrows, or whose login could not reach this one.
            self.make()?;
        }
        let rows = self
            .storage
            .query("SELECT request, state, claimed_at, answer FROM escrow WHERE id = 1", Vec::new())?;
        Ok(Escrow::load(rows.first().and_then(read)))
    }

    /// Writes the row.
    pub(super) fn save(&self, escrow: &Escrow<Vec<u8>>) -> Result<(), StorageError> {
        let Some((request, entry)) = escrow.entry() else { return Ok(()) };
        let (state, at, answer) = match entry {
            Entry::Claimed { at } => ("claimed", Some(*at), None),
            Entry::Answered { at, answer } => ("answered", Some(*at), Some(answer.as_slice())),
            Entry::Void => ("void", None, None),
        };
        let at = at.map_or(wasm_bindgen::JsValue::NULL, time);
        self.storage.write(SAVE, vec![number(request.0.into()), state.into(), at, blob(answer)]).map(|_| ())
    }

    /// Erases everything.
    pub(super) fn erase(&self) -> Result<(), StorageError> {
        self.storage.erase()
    }
}

fn read(record: &Record) -> Option<(RequestId, Entry<Vec<u8>>)> {
    let request = RequestId(u32::try_from(record.number("request")?).ok()?);
    let at = record.time("claimed_at").unwrap_or_default();
    let entry = match record.text("state")?.as_str() {
        "void" => Entry::Void,
        "answered" => match record.blob("answer") {
            Some(answer) => Entry::Answered { at, answer },
            None => Entry::Claimed { at },
        },
        // Also what a later version may call it: of a request that is in the row, it is not known that it was never sent.
        _ => Entry::Claimed { at },
    };
    Some((request, entry))
}
