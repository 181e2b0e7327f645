//! The rows of an index: one for each session, one for each logout.

use std::collections::BTreeMap;

use everlit_core::index::{Entry, Handle, Index, LogoutNote, Stay};

use super::message::{revoker_name, revoker_of};
use crate::sql::{Record, Storage, StorageError, blob, time};

const CREATE: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), owner_sealed BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, handle BLOB NOT NULL, session_sealed BLOB NOT NULL, \
        began_at INTEGER NOT NULL, entered_at INTEGER NOT NULL, issued_at INTEGER NOT NULL, until INTEGER NOT NULL, ending TEXT) STRICT",
    "CREATE TABLE IF NOT EXISTS logout (id INTEGER PRIMARY KEY, jti BLOB NOT NULL, digest BLOB NOT NULL, \
        issued_at INTEGER NOT NULL, until INTEGER NOT NULL) STRICT",
];
const INSERT_ENTRY: &str = "INSERT INTO entry (handle, session_sealed, began_at, entered_at, issued_at, until, ending) VALUES (?, ?, ?, ?, ?, ?, ?)";
const UPDATE_ENTRY: &str =
    "UPDATE entry SET began_at = ?, entered_at = ?, issued_at = ?, until = ?, ending = ? WHERE handle = ?";
const DELETE_ENTRY: &str = "DELETE FROM entry WHERE handle = ?";
const INSERT_LOGOUT: &str = "INSERT INTO logout (jti, digest, issued_at, until) VALUES (?, ?, ?, ?)";
const DELETE_LOGOUT: &str = "DELETE FROM logout WHERE jti = ?";

/// A session's id, sealed.
pub(super) type Sealed = Vec<u8>;

/// Keeps what the index is of, if that is not there.
pub(super) fn own(storage: &Storage, sealed: &[u8]) -> Result<(), StorageError> {
    let sql = "INSERT INTO owner (id, owner_sealed) VALUES (1, ?) ON CONFLICT DO NOTHING";
    storage.write(sql, vec![blob(Some(sealed))]).map(|_| ())
}

/// What the index is of, sealed.
pub(super) fn owner(storage: &Storage) -> Result<Option<Vec<u8>>, StorageError> {
    if !storage.has_table("owner")? {
        return Ok(None);
    }
    let rows = storage.query("SELECT owner_sealed FROM owner", Vec::new())?;
    Ok(rows.first().and_then(|row| row.blob("owner_sealed")))
}

/// Reads all rows; nothing where there is no table, which looking must not make.
pub(super) fn load(storage: &Storage) -> Result<Index<Sealed>, StorageError> {
    if !storage.has_table("entry")? {
        return Ok(Index::default());
    }
    let entries = storage.query("SELECT * FROM entry ORDER BY id", Vec::new())?;
    let notes = storage.query("SELECT * FROM logout ORDER BY id", Vec::new())?;
    let entries = entries.iter().filter_map(entry).collect();
    Ok(Index::load(entries, notes.iter().filter_map(note).collect()))
}

/// Writes what has changed, and nothing else. An index with nothing in it is erased with its alarm.
pub(super) fn save(
    storage: &Storage,
    before: &Index<Sealed>,
    after: &Index<Sealed>,
) -> Result<(), StorageError> {
    if before == after {
        return Ok(());
    }
    if after.entries().is_empty() && after.notes().is_empty() {
        return storage.erase();
    }
    if before.entries().is_empty() && before.notes().is_empty() {
        for table in CREATE {
            storage.write(table, Vec::new())?;
        }
    }
    // By name: each is looked up, and there may be a thousand.
    let (before_of, after_of) = (by_name(before), by_name(after));
    for entry in after.entries() {
        let Stay { session, began_at, entered_at, issued_at, until } = &entry.stay;
        let name = blob(Some(&entry.handle.0));
        let ending = entry.ending.map_or(wasm_bindgen::JsValue::NULL, |by| revoker_name(by).into());
        match before_of.get(&entry.handle) {
            Some(known) if *known == entry => {}
            Some(_) => {
                let times = [began_at, entered_at, issued_at, until].map(|at| time(*at));
                storage.write(UPDATE_ENTRY, times.into_iter().chain([ending, name]).collect())?;
            }
            None => {
                let sealed = blob(Some(session));
                let times = [began_at, entered_at, issued_at, until].map(|at| time(*at));
                storage
                    .write(INSERT_ENTRY, [name, sealed].into_iter().chain(times).chain([ending]).collect())?;
            }
        }
    }
    for gone in before.entries().iter().filter(|entry| !after_of.contains_key(&entry.handle)) {
        storage.write(DELETE_ENTRY, vec![blob(Some(&gone.handle.0))])?;
    }
    for LogoutNote { jti, digest, issued_at, until } in
        after.notes().iter().filter(|note| !before.notes().contains(note))
    {
        let row = vec![blob(Some(jti)), blob(Some(digest)), time(*issued_at), time(*until)];
        storage.write(INSERT_LOGOUT, row)?;
    }
    for gone in before.notes().iter().filter(|note| !after.notes().contains(note)) {
        storage.write(DELETE_LOGOUT, vec![blob(Some(&gone.jti))])?;
    }
    Ok(())
}

fn entry(record: &Record) -> Option<Entry<Sealed>> {
    let at = |column: &str| record.time(column).unwrap_or_default();
    let stay = Stay {
        session: record.blob("session_sealed")?,
        began_at: at("began_at"),
        entered_at: at("entered_at"),
        issued_at: at("issued_at"),
        until: at("until"),
    };
    let ending = record.text("ending").map(|name| revoker_of(&name));
    Some(Entry { handle: Handle(bytes(record, "handle")?), stay, ending })
}

fn note(record: &Record) -> Option<LogoutNote> {
    Some(LogoutNote {
        jti: bytes(record, "jti")?,
        digest: bytes(record, "digest")?,
        issued_at: record.time("issued_at").unwrap_or_default(),
        until: record.time("until").unwrap_or_default(),
    })
}

fn bytes<const N: usize>(record: &Record, column: &str) -> Option<[u8; N]> {
    record.blob(column)?.try_into().ok()
}

/// Put in one by one: to collect them would bring a sort for each kind.
fn by_name<S>(index: &Index<S>) -> BTreeMap<Handle, &Entry<S>> {
    let mut named = BTreeMap::new();
    for entry in index.entries() {
        named.insert(entry.handle, entry);
    }
    named
}
