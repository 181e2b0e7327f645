//! The row as the first shape of it was: without an escrow beside it, and sealed by the session key itself.
//!
//! It is read as it is, and becomes the present shape with its first write.

use std::rc::Rc;

use everlit_core::id::{RequestId, Stamp};
use everlit_core::time::Millis;
use everlit_core::vault::Ambiguous;
use everlit_edge::keys::Keyring;
use everlit_edge::seal::{SealError, Sealer};

use super::row_store::{Kept, ReadError, plain, small, stamp};
use super::seals::{self, Column};
use crate::sql::Record;

/// The columns that have come since, each with its type.
const ADDED: [(&str, &str); 19] = [
    ("intent_again", "intent_again INTEGER"),
    ("ambiguous_since", "ambiguous_since INTEGER"),
    ("replay_at", "replay_at INTEGER"),
    ("presented", "presented INTEGER NOT NULL DEFAULT 0"),
    ("failures", "failures INTEGER NOT NULL DEFAULT 0"),
    ("first_request", "first_request INTEGER NOT NULL DEFAULT 0"),
    ("family_request", "family_request INTEGER NOT NULL DEFAULT 0"),
    ("op", "op INTEGER"),
    ("orphan", "orphan TEXT"),
    ("outbox", "outbox BLOB"),
    ("outcomes", "outcomes TEXT"),
    ("data_key", "data_key BLOB"),
    ("dpop_key", "dpop_key BLOB"),
    ("refused", "refused INTEGER NOT NULL DEFAULT 0"),
    ("aimed", "aimed BLOB"),
    ("intent_aim", "intent_aim INTEGER"),
    ("ambiguous_aim", "ambiguous_aim INTEGER"),
    ("shape", "shape INTEGER NOT NULL DEFAULT 1"),
    ("version", "version INTEGER NOT NULL DEFAULT 0"),
];

/// How long a token request that was sent the old way, with nobody to keep its answer, may have been under way.
const SETTLED: Millis = Millis::from_secs(30);

/// The columns that the table of this row is without.
pub(super) fn missing(record: &Record) -> Vec<&'static str> {
    ADDED.into_iter().filter(|(name, _)| !record.has(name)).map(|(_, column)| column).collect()
}

/// Reads the row.
pub(super) fn read(record: &Record, keyring: &Keyring, object: &str) -> Result<Kept, ReadError> {
    let stamp = stamp(record);
    let opened = |column: Column, label: &str| open(record, keyring, object, stamp, column, label);
    let access_token = opened(Column::AccessToken, "access token")?.and_then(seals::text);
    let refresh_token = opened(Column::RefreshToken, "refresh token")?.and_then(seals::text);
    let person = opened(Column::User, "user")?.and_then(|json| serde_json::from_slice(json.expose()).ok());
    let mut row = plain(record);
    (row.access_token, row.refresh_token) = (access_token, refresh_token);
    row.access_made_at = row.stamp.generation;
    row.presented = small(record, "attempts");
    row.first_request = RequestId(row.next_request.0.saturating_sub(row.presented));
    row.family_request = row.first_request;
    // The escrow cannot tell what became of a request that it never heard of: it may have been sent.
    if let Some(intent) = row.intent.take() {
        row.ambiguous = Some(Ambiguous { since: intent.armed_at, replay_at: None, aim: None });
        row.not_before = row.not_before.max(intent.armed_at.after(SETTLED));
    }
    Ok(Kept { row, provider: Rc::from(record.text("provider").unwrap_or_default()), person, dpop_key: None })
}

fn open(
    record: &Record,
    keyring: &Keyring,
    object: &str,
    stamp: Stamp,
    column: Column,
    label: &str,
) -> Result<Option<everlit_core::secret::Secret<Vec<u8>>>, ReadError> {
    let Some(sealed) = record.blob(column.name()) else { return Ok(None) };
    match Sealer::new(keyring, label, object).open(&column.place(stamp), &sealed) {
        Ok(opened) => Ok(Some(opened)),
        Err(SealError::KeyAhead) => Err(ReadError::Ahead),
        Err(SealError::KeyRetired | SealError::Refused | SealError::TooShort) => Ok(None),
    }
}
