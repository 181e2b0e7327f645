//! The one row of a vault: the machine's [`Row`], column by column, its secrets sealed.

use everlit_core::id::{Epoch, Generation, RequestId, Stamp};
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Intent, ReauthReason, Row, Status};
use everlit_edge::keys::Keyring;
use everlit_edge::seal::{Sealer, associated_data};
use everlit_wire::User;
use wasm_bindgen::JsValue;

use crate::entropy;
use crate::sql::{Record, Storage, StorageError, blob, number, time};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY CHECK (id = 1), status TEXT NOT NULL, \
    epoch INTEGER NOT NULL, generation INTEGER NOT NULL, login INTEGER NOT NULL, access_token BLOB, access_expires_at INTEGER NOT NULL, \
    access_lifetime INTEGER NOT NULL, refresh_token BLOB, rotated_at INTEGER NOT NULL, intent_request INTEGER, \
    intent_armed_at INTEGER, attempts INTEGER NOT NULL, not_before INTEGER NOT NULL, next_request INTEGER NOT NULL, \
    active_at INTEGER NOT NULL, absolute_at INTEGER NOT NULL, forget_at INTEGER NOT NULL, alarm_at INTEGER, \
    provider TEXT NOT NULL, user BLOB) STRICT";
const INSERT: &str = "INSERT INTO session (status, epoch, generation, login, access_token, access_expires_at, access_lifetime, \
    refresh_token, rotated_at, intent_request, intent_armed_at, attempts, not_before, next_request, active_at, \
    absolute_at, forget_at, alarm_at, provider, user, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) \
    ON CONFLICT DO NOTHING";
// What the guard compares is what this object last read or wrote. Nobody else writes here, unless two instances of the object
// live at once; then the older one must not win.
const UPDATE: &str = "UPDATE session SET status = ?, epoch = ?, generation = ?, login = ?, access_token = ?, access_expires_at = ?, \
    access_lifetime = ?, refresh_token = ?, rotated_at = ?, intent_request = ?, intent_armed_at = ?, attempts = ?, \
    not_before = ?, next_request = ?, active_at = ?, absolute_at = ?, forget_at = ?, alarm_at = ?, provider = ?, user = ? \
    WHERE id = 1 AND epoch = ? AND generation = ?";
const SET_ALARM: &str = "UPDATE session SET alarm_at = ? WHERE id = 1";

/// What a vault keeps.
pub(super) struct Kept {
    /// The machine.
    pub(super) row: Row,
    /// The name of the provider that the grant comes from.
    pub(super) provider: String,
    /// Whose session it is; nothing once it is over.
    pub(super) user: Option<User>,
    /// When the alarm is armed for.
    pub(super) alarm_at: Option<Timestamp>,
}

/// Why a row was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The storage failed.
    Storage(StorageError),
    /// The row is no longer what this object believed it to be.
    Superseded,
    /// No entropy, or nothing that can be sealed.
    Unsealable,
}

impl From<StorageError> for WriteError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Reads and writes the row of one object.
pub(super) struct RowStore {
    storage: Storage,
    access: Sealer,
    refresh: Sealer,
    user: Sealer,
}

impl RowStore {
    /// The store of the object with this id. Its secrets open in this object only.
    pub(super) fn new(storage: Storage, keyring: &Keyring, object_id: &str) -> Self {
        let sealer = |label: &str| Sealer::new(keyring, label, object_id);
        Self {
            storage,
            access: sealer("access token"),
            refresh: sealer("refresh token"),
            user: sealer("user"),
        }
    }

    /// What is there; nothing if there never was a session, or it was forgotten.
    pub(super) fn load(&self) -> Result<Option<Kept>, StorageError> {
        if !self.storage.has_table("session")? {
            return Ok(None);
        }
        let rows = self.storage.query("SELECT * FROM session WHERE id = 1", Vec::new())?;
        Ok(rows.first().map(|record| self.read(record)))
    }

    /// Writes the row for the first time.
    pub(super) fn insert(&self, kept: &Kept) -> Result<(), WriteError> {
        self.storage.write(CREATE, Vec::new())?;
        match self.storage.write(INSERT, self.columns(kept)?)? {
            0 => Err(WriteError::Superseded),
            _ => Ok(()),
        }
    }

    /// Writes the row over the one with this stamp.
    pub(super) fn update(&self, kept: &Kept, over: Stamp) -> Result<(), WriteError> {
        let mut bindings = self.columns(kept)?;
        bindings.extend([number(over.epoch.0), number(over.generation.0.into())]);
        match self.storage.write(UPDATE, bindings)? {
            0 => Err(WriteError::Superseded),
            _ => Ok(()),
        }
    }

    /// Writes when the alarm is armed for, and nothing else.
    pub(super) fn note_alarm(&self, at: Option<Timestamp>) -> Result<(), StorageError> {
        self.storage.write(SET_ALARM, vec![optional(at.map(time))]).map(|_| ())
    }

    /// Arms the alarm.
    pub(super) fn arm(&self, at: Timestamp) -> Result<(), StorageError> {
        self.storage.arm(at)
    }

    /// Erases everything.
    pub(super) fn erase(&self) -> Result<(), StorageError> {
        self.storage.erase()
    }

    fn read(&self, record: &Record) -> Kept {
        let millis = |column: &str| Millis::from_millis(record.number(column).unwrap_or_default());
        let at = |column: &str| record.time(column).unwrap_or_default();
        let small = |column: &str| record.number(column).and_then(|value| u32::try_from(value).ok());
        let stamp = Stamp {
            epoch: Epoch(record.number("epoch").unwrap_or_default()),
            generation: Generation(small("generation").unwrap_or_default()),
        };
        // A token that does not open is one that is not there; the machine then asks the user.
        let token = |sealer: &Sealer, column: &str| {
            let opened = sealer.open(&place(column, stamp), &record.blob(column)?).ok()?;
            String::from_utf8(opened.expose().clone()).ok().map(Secret::new)
        };
        let intent = || {
            let request = RequestId(small("intent_request")?);
            Some(Intent { request, armed_at: record.time("intent_armed_at")? })
        };
        let row = Row {
            // A status of a later version than this code is not one of ours to act on: no token is used, and the session asks
            // its user.
            status: record
                .text("status")
                .and_then(|name| Status::from_name(&name))
                .unwrap_or(Status::ReauthRequired(ReauthReason::RotationLost)),
            stamp,
            login: Epoch(record.number("login").unwrap_or_default()),
            access_token: token(&self.access, "access_token"),
            access_expires_at: at("access_expires_at"),
            access_lifetime: millis("access_lifetime"),
            refresh_token: token(&self.refresh, "refresh_token"),
            rotated_at: at("rotated_at"),
            intent: intent(),
            attempts: small("attempts").unwrap_or_default(),
            not_before: at("not_before"),
            next_request: RequestId(small("next_request").unwrap_or_default()),
            active_at: at("active_at"),
            absolute_at: at("absolute_at"),
            forget_at: at("forget_at"),
        };
        let user = || {
            let opened = self.user.open(&place("user", stamp_of_login(stamp)), &record.blob("user")?).ok()?;
            serde_json::from_slice(opened.expose()).ok()
        };
        let provider = record.text("provider").unwrap_or_default();
        Kept { row, provider, user: user(), alarm_at: record.time("alarm_at") }
    }

    /// The values of all columns, in the order of both statements.
    fn columns(&self, kept: &Kept) -> Result<Vec<JsValue>, WriteError> {
        let Kept { row, provider, user, alarm_at } = kept;
        let sealed = |sealer: &Sealer, column: &str, stamp: Stamp, value: &[u8]| {
            let nonce = entropy::bytes().ok_or(WriteError::Unsealable)?;
            sealer.seal(nonce, &place(column, stamp), value).map_err(|_| WriteError::Unsealable)
        };
        let token = |sealer: &Sealer, column: &str, token: &Option<Secret<String>>| {
            token
                .as_ref()
                .map(|token| sealed(sealer, column, row.stamp, token.expose().as_bytes()))
                .transpose()
        };
        let user = match user {
            Some(user) => {
                let json = serde_json::to_vec(user).map_err(|_| WriteError::Unsealable)?;
                Some(sealed(&self.user, "user", stamp_of_login(row.stamp), &json)?)
            }
            None => None,
        };
        Ok(vec![
            row.status.as_str().into(),
            number(row.stamp.epoch.0),
            number(row.stamp.generation.0.into()),
            number(row.login.0),
            blob(token(&self.access, "access_token", &row.access_token)?.as_deref()),
            time(row.access_expires_at),
            number(row.access_lifetime.as_millis()),
            blob(token(&self.refresh, "refresh_token", &row.refresh_token)?.as_deref()),
            time(row.rotated_at),
            optional(row.intent.map(|intent| number(intent.request.0.into()))),
            optional(row.intent.map(|intent| time(intent.armed_at))),
            number(row.attempts.into()),
            time(row.not_before),
            number(row.next_request.0.into()),
            time(row.active_at),
            time(row.absolute_at),
            time(row.forget_at),
            optional(alarm_at.map(time)),
            provider.as_str().into(),
            blob(user.as_deref()),
        ])
    }
}

fn optional(value: Option<JsValue>) -> JsValue {
    value.unwrap_or(JsValue::NULL)
}

/// Claims belong to a login, not to one of its tokens.
const fn stamp_of_login(stamp: Stamp) -> Stamp {
    Stamp { epoch: stamp.epoch, generation: Generation::FIRST }
}

/// Where a sealed value belongs: this column of this generation.
fn place(column: &str, stamp: Stamp) -> Vec<u8> {
    associated_data(&[column.as_bytes(), &stamp.epoch.0.to_be_bytes(), &stamp.generation.0.to_be_bytes()])
}
