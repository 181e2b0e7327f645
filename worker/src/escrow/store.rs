//! The one row of an escrow.

use std::cell::Cell;

use everlit_core::escrow::{Entry, Escrow};
use everlit_core::id::{RequestId, RotatorId};
use wasm_bindgen::JsValue;

use crate::sql::{Record, Storage, StorageError, blob, number, time};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS escrow (id INTEGER PRIMARY KEY CHECK (id = 1), request INTEGER NOT NULL, \
    state TEXT NOT NULL, claimed_at INTEGER, claimed_by INTEGER, answer BLOB) STRICT";
const SAVE: &str = "INSERT INTO escrow (id, request, state, claimed_at, claimed_by, answer) VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (id) \
    DO UPDATE SET request = excluded.request, state = excluded.state, claimed_at = excluded.claimed_at, \
    claimed_by = excluded.claimed_by, answer = excluded.answer";
/// Who claimed a request that somebody claimed of whom nothing is known. No rotator's name is that great.
const SOMEBODY: RotatorId = RotatorId(u64::MAX);

/// Reads and writes the row of one object. Nothing is kept in memory: a row is read in the turn that writes it.
pub(super) struct EntryStore {
    storage: Storage,
    /// Whether the table was there when the row was read.
    made: Cell<bool>,
}

impl EntryStore {
    /// The store of this object.
    pub(super) const fn new(storage: Storage) -> Self {
        Self { storage, made: Cell::new(true) }
    }

    /// Makes the table, if it is not there.
    pub(super) fn make(&self) -> Result<(), StorageError> {
        self.storage.write(CREATE, Vec::new()).map(|_| ())
    }

    /// The escrow as its row left it.
    pub(super) fn load(&self) -> Result<Escrow<Vec<u8>>, StorageError> {
        // Of a session from before there were escrows, or whose login could not reach this one, or that was erased: what comes
        // late then must not make one that nobody would erase.
        if !self.storage.has_table("escrow")? {
            self.made.set(false);
            return Ok(Escrow::default());
        }
        let columns = "SELECT request, state, claimed_at, claimed_by, answer FROM escrow WHERE id = 1";
        let rows = self.storage.query(columns, Vec::new())?;
        Ok(Escrow::load(rows.first().and_then(read)))
    }

    /// Writes the row.
    pub(super) fn save(&self, escrow: &Escrow<Vec<u8>>) -> Result<(), StorageError> {
        let Some((request, entry)) = escrow.entry() else { return Ok(()) };
        if !self.made.get() {
            self.make()?;
        }
        let (state, at, by, answer) = match entry {
            Entry::Claimed { at, by } => ("claimed", Some(*at), Some(*by), None),
            Entry::Answered { at, answer } => ("answered", Some(*at), None, Some(answer.as_slice())),
            Entry::Void => ("void", None, None, None),
        };
        let at = at.map_or(JsValue::NULL, time);
        let by = by.map_or(JsValue::NULL, |RotatorId(by)| number(by));
        let row = vec![number(request.0.into()), state.into(), at, by, blob(answer)];
        self.storage.write(SAVE, row).map(|_| ())
    }

    /// Erases everything.
    pub(super) fn erase(&self) -> Result<(), StorageError> {
        self.storage.erase()
    }
}

fn read(record: &Record) -> Option<(RequestId, Entry<Vec<u8>>)> {
    let request = RequestId(u32::try_from(record.number("request")?).ok()?);
    let at = record.time("claimed_at").unwrap_or_default();
    let by = record.number("claimed_by").map_or(SOMEBODY, RotatorId);
    let entry = match record.text("state")?.as_str() {
        "void" => Entry::Void,
        "answered" => match record.blob("answer") {
            Some(answer) => Entry::Answered { at, answer },
            None => Entry::Claimed { at, by },
        },
        // Also what a later version may call it: of a request that is in the row, it is not known that it was never sent.
        _ => Entry::Claimed { at, by },
    };
    Some((request, entry))
}
