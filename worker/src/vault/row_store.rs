//! The one row of a vault: the machine's [`Row`], column by column, its secrets sealed.

use std::rc::Rc;

use everlit_core::id::{Aim, Epoch, Generation, OpId, RequestId, Stamp};
use everlit_core::time::Millis;
use everlit_core::vault::{Ambiguous, Intent, Link, ReauthReason, Refused, Row, Status};
use everlit_edge::keys::Keyring;
use everlit_edge::seal::SealError;
use everlit_wire::User;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use super::columns::{
    aimed_json, orphan_text, outbox_json, read_aimed, read_orphan, read_outbox, read_tally, tally_text,
};
use super::message::{About, LinkText};
use super::seals::{Column, Seals, Unsealable};
use super::shape_1;
use crate::environment::Environment;
use crate::sql::{Record, Storage, StorageError, blob, number, time};

/// The shape of the row that this code writes.
const SHAPE: u64 = 2;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY CHECK (id = 1), \
    status TEXT NOT NULL, epoch INTEGER NOT NULL, generation INTEGER NOT NULL, login INTEGER NOT NULL, \
    access_token BLOB, access_expires_at INTEGER NOT NULL, access_lifetime INTEGER NOT NULL, refresh_token BLOB, \
    rotated_at INTEGER NOT NULL, intent_request INTEGER, intent_armed_at INTEGER, intent_again INTEGER, \
    ambiguous_since INTEGER, replay_at INTEGER, presented INTEGER NOT NULL DEFAULT 0, \
    failures INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL, next_request INTEGER NOT NULL, \
    first_request INTEGER NOT NULL DEFAULT 0, family_request INTEGER NOT NULL DEFAULT 0, op INTEGER, \
    active_at INTEGER NOT NULL, absolute_at INTEGER NOT NULL, forget_at INTEGER NOT NULL, orphan TEXT, \
    outbox BLOB, outcomes TEXT, provider TEXT NOT NULL, user BLOB, data_key BLOB, dpop_key BLOB, refused INTEGER NOT NULL DEFAULT 0, \
    aimed BLOB, intent_aim INTEGER, ambiguous_aim INTEGER, shape INTEGER NOT NULL DEFAULT 1, version INTEGER NOT NULL DEFAULT 0) STRICT";
const INSERT: &str = "INSERT INTO session (status, epoch, generation, login, access_token, access_expires_at, \
    access_lifetime, refresh_token, rotated_at, intent_request, intent_armed_at, intent_again, ambiguous_since, \
    replay_at, presented, failures, not_before, next_request, first_request, family_request, op, active_at, \
    absolute_at, forget_at, orphan, outbox, outcomes, provider, user, data_key, dpop_key, refused, aimed, intent_aim, \
    ambiguous_aim, shape, version, id) VALUES (\
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING";
// The guard is the version that this object last read or wrote. Nobody else writes here, unless two instances of the object
// live at once; then none may write over what it has not read: an intent, a logout, an errand.
const UPDATE: &str = "UPDATE session SET status = ?, epoch = ?, generation = ?, login = ?, access_token = ?, \
    access_expires_at = ?, access_lifetime = ?, refresh_token = ?, rotated_at = ?, intent_request = ?, \
    intent_armed_at = ?, intent_again = ?, ambiguous_since = ?, replay_at = ?, presented = ?, failures = ?, \
    not_before = ?, next_request = ?, first_request = ?, family_request = ?, op = ?, active_at = ?, \
    absolute_at = ?, forget_at = ?, orphan = ?, outbox = ?, outcomes = ?, provider = ?, user = ?, data_key = ?, dpop_key = ?, refused = ?, \
    aimed = ?, intent_aim = ?, ambiguous_aim = ?, shape = ?, version = ? WHERE id = 1 AND version = ?";

/// What a vault keeps.
pub(super) struct Kept {
    /// The machine.
    pub(super) row: Row,
    /// The name of the provider that the grant comes from.
    pub(super) provider: Rc<str>,
    /// Whose session it is; nothing once it is over.
    pub(super) person: Option<Person>,
    /// The key that the tokens are bound to, a private JWK; nothing where they are not, or once it is over.
    pub(super) dpop_key: Option<String>,
}

/// Whose session it is, as the column `user` holds it. The claims stand beside the rest; to have serde put them there would cost
/// the bundle another kind of deserializer, for all that is in them.
#[derive(Serialize, Deserialize)]
pub(super) struct Person {
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What else is known of the newest login; it came within the second shape.
    #[serde(default)]
    about: About,
    /// Further accounts of the user; they came within the second shape, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<LinkText>,
}

impl Person {
    /// What is written down of all three.
    pub(super) fn new(user: User, about: About, links: Vec<LinkText>) -> Self {
        let User { sub, name, email } = user;
        Self { sub, name, email, about, links }
    }

    /// Claims, and what else is known.
    pub(super) fn into_parts(self) -> (User, About) {
        let Self { sub, name, email, about, .. } = self;
        (User { sub, name, email }, about)
    }
}

/// Why a row was not read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The storage failed.
    Storage(StorageError),
    /// A later version of this code wrote it, or a later key sealed it: this instance is about to be replaced.
    Ahead,
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

impl From<StorageError> for ReadError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<StorageError> for WriteError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Unsealable> for WriteError {
    fn from(Unsealable: Unsealable) -> Self {
        Self::Unsealable
    }
}

/// Reads and writes the row of one object.
pub(super) struct RowStore {
    storage: Storage,
    environment: Rc<Environment>,
    /// The id of the object: what is sealed opens in this object only.
    object: String,
    seals: Option<Seals>,
    /// How often the row was written when this object last read or wrote it; nothing while there is none.
    version: Option<u64>,
    /// Whether the row was read in an earlier shape, with its secrets.
    outdated: bool,
    /// The columns that the table is still without.
    missing: Vec<&'static str>,
}

impl RowStore {
    /// The store of the object with this id.
    pub(super) const fn new(storage: Storage, environment: Rc<Environment>, object: String) -> Self {
        let (seals, version) = (None, None);
        Self { storage, environment, object, seals, version, outdated: false, missing: Vec::new() }
    }

    /// What is there; nothing if there never was a session, or it was forgotten.
    pub(super) fn load(&mut self) -> Result<Option<Kept>, ReadError> {
        if !self.storage.has_table("session")? {
            return Ok(None);
        }
        let rows = self.storage.query("SELECT * FROM session WHERE id = 1", Vec::new())?;
        let Some(record) = rows.first() else { return Ok(None) };
        let kept = match record.number("shape") {
            // The column itself came with the second shape, and says 1 where a turn added it and went no further.
            None | Some(1) => {
                let kept = shape_1::read(record, self.keyring(), &self.object)?;
                self.missing = shape_1::missing(record);
                // Whatever was opened by the session key itself is to be sealed by a data key, before that key is gone.
                let Row { access_token, refresh_token, .. } = &kept.row;
                self.outdated = access_token.is_some() || refresh_token.is_some() || kept.person.is_some();
                kept
            }
            Some(SHAPE) => {
                // What came within this shape is added where it is missing, as from an earlier one.
                self.missing = shape_1::missing(record);
                self.read(record)?
            }
            Some(_) => return Err(ReadError::Ahead),
        };
        self.version = Some(record.number("version").unwrap_or_default());
        Ok(Some(kept))
    }

    /// Whether there is a row.
    pub(super) const fn holds_row(&self) -> bool {
        self.version.is_some()
    }

    /// Writes the row, for the first time or over the one that was read.
    pub(super) fn write(&mut self, kept: &Kept) -> Result<(), WriteError> {
        let mut bindings = self.columns(kept)?;
        let version = self.version.unwrap_or_default().saturating_add(1);
        bindings.push(number(version));
        let written = match self.version {
            Some(over) => {
                bindings.push(number(over));
                for column in self.missing.drain(..) {
                    self.storage.write(&["ALTER TABLE session ADD COLUMN ", column].concat(), Vec::new())?;
                }
                self.storage.write(UPDATE, bindings)?
            }
            None => {
                self.storage.write(CREATE, Vec::new())?;
                self.storage.write(INSERT, bindings)?
            }
        };
        if written == 0 {
            return Err(WriteError::Superseded);
        }
        (self.version, self.outdated) = (Some(version), false);
        Ok(())
    }

    /// Whether the row is to be written anew for the sake of its keys: while it is as it is, the session key that it was
    /// written with is needed.
    pub(super) fn is_stale(&self) -> bool {
        self.outdated || self.seals.as_ref().is_some_and(|seals| seals.is_stale(self.keyring()))
    }

    /// The storage, for its alarm.
    pub(super) const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Erases everything.
    pub(super) fn erase(&mut self) -> Result<(), StorageError> {
        self.storage.erase()?;
        // What is kept from now on is another's, and is sealed by another key.
        (self.seals, self.version, self.outdated, self.missing) = (None, None, false, Vec::new());
        Ok(())
    }

    fn keyring(&self) -> &Keyring {
        &self.environment.keyring
    }

    fn read(&mut self, record: &Record) -> Result<Kept, ReadError> {
        let wrapped = record.blob("data_key").unwrap_or_default();
        self.seals = match Seals::unwrap(self.keyring(), &self.object, wrapped) {
            Ok(seals) => Some(seals),
            Err(SealError::KeyAhead) => return Err(ReadError::Ahead),
            // Retired, or not ours. Without its secrets the machine asks the user.
            Err(SealError::KeyRetired | SealError::Refused | SealError::TooShort) => None,
        };
        let stamp = stamp(record);
        let open = |column: Column| self.seals.as_ref()?.open(column, stamp, &record.blob(column.name())?);
        let text = |column: Column| super::seals::text(open(column)?);
        let mut row = plain(record);
        row.access_token = text(Column::AccessToken);
        row.refresh_token = text(Column::RefreshToken);
        row.presented = small(record, "presented");
        row.failures = small(record, "failures");
        row.first_request = request(record, "first_request");
        row.family_request = request(record, "family_request");
        row.op = record.number("op").map(OpId);
        row.ambiguous = record.time("ambiguous_since").map(|since| Ambiguous {
            since,
            replay_at: record.time("replay_at"),
            aim: aim(record, "ambiguous_aim"),
        });
        row.access_made_at = row.stamp.generation;
        if let Some((own, aimed)) = open(Column::Aimed).and_then(|json| read_aimed(json.expose())) {
            (row.access_made_at, row.aimed) = (own, aimed);
        }
        row.refused = refused(small(record, "refused"));
        row.orphan = record.text("orphan").and_then(|text| read_orphan(&text));
        row.outbox = open(Column::Outbox).and_then(|json| read_outbox(json.expose())).unwrap_or_default();
        row.tally = record.text("outcomes").map(|text| read_tally(&text)).unwrap_or_default();
        let person: Option<Person> =
            open(Column::User).and_then(|json| serde_json::from_slice(json.expose()).ok());
        let links = person.iter().flat_map(|person| person.links.iter().cloned());
        row.links = links.map(Link::from).collect();
        let dpop_key = text(Column::DpopKey).map(|key| key.expose().clone());
        Ok(Kept { row, provider: Rc::from(record.text("provider").unwrap_or_default()), person, dpop_key })
    }

    /// The values of all columns but the version, in the order of both statements.
    fn columns(&mut self, kept: &Kept) -> Result<Vec<JsValue>, WriteError> {
        let Kept { row, provider, person, dpop_key } = kept;
        let seals = Seals::renewed(self.seals.take(), &self.environment.keyring, &self.object)?;
        let seals = self.seals.insert(seals);
        let sealed = |column: Column, value: Option<&[u8]>| {
            value.map(|value| seals.seal(column, row.stamp, value)).transpose()
        };
        let bytes = |token: &Option<everlit_core::secret::Secret<String>>| {
            token.as_ref().map(|token| token.expose().clone().into_bytes())
        };
        let access_token = sealed(Column::AccessToken, bytes(&row.access_token).as_deref())?;
        let refresh_token = sealed(Column::RefreshToken, bytes(&row.refresh_token).as_deref())?;
        let user = person.as_ref().map(serde_json::to_vec).transpose().map_err(|_| WriteError::Unsealable)?;
        let user = sealed(Column::User, user.as_deref())?;
        let dpop_key = sealed(Column::DpopKey, dpop_key.as_ref().map(String::as_bytes))?;
        let outbox = sealed(Column::Outbox, outbox_json(&row.outbox).as_deref())?;
        let aimed = sealed(Column::Aimed, aimed_json(row).as_deref())?;
        let intent = row.intent.as_ref();
        let ambiguous = row.ambiguous.as_ref();
        Ok(vec![
            row.status.as_str().into(),
            number(row.stamp.epoch.0),
            number(row.stamp.generation.0.into()),
            number(row.login.0),
            blob(access_token.as_deref()),
            time(row.access_expires_at),
            number(row.access_lifetime.as_millis()),
            blob(refresh_token.as_deref()),
            time(row.rotated_at),
            optional(intent.map(|intent| number(intent.request.0.into()))),
            optional(intent.map(|intent| time(intent.armed_at))),
            optional(intent.map(|intent| number(intent.again.into()))),
            optional(ambiguous.map(|ambiguous| time(ambiguous.since))),
            optional(ambiguous.and_then(|ambiguous| ambiguous.replay_at).map(time)),
            number(row.presented.into()),
            number(row.failures.into()),
            time(row.not_before),
            number(row.next_request.0.into()),
            number(row.first_request.0.into()),
            number(row.family_request.0.into()),
            optional(row.op.map(|op| number(op.0))),
            time(row.active_at),
            time(row.absolute_at),
            time(row.forget_at),
            optional(row.orphan.map(|orphan| orphan_text(orphan).into())),
            blob(outbox.as_deref()),
            tally_text(&row.tally).into(),
            (&**provider).into(),
            blob(user.as_deref()),
            blob(Some(seals.wrapped())),
            blob(dpop_key.as_deref()),
            number(mask(row.refused)),
            blob(aimed.as_deref()),
            optional(intent.and_then(|intent| intent.aim).map(|aim| number(aim.0))),
            optional(ambiguous.and_then(|ambiguous| ambiguous.aim).map(|aim| number(aim.0))),
            number(SHAPE),
        ])
    }
}

/// What was turned down of silent re-logins, as one number.
const fn mask(Refused { frame, top_level }: Refused) -> u64 {
    match (frame, top_level) {
        (false, false) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (true, true) => 3,
    }
}

/// What [`mask`] made.
const fn refused(mask: u32) -> Refused {
    Refused { frame: mask & 1 != 0, top_level: mask & 2 != 0 }
}

/// What is not sealed and has not changed since the first shape.
pub(super) fn plain(record: &Record) -> Row {
    let at = |column: &str| record.time(column).unwrap_or_default();
    let intent = || {
        let request = RequestId(u32::try_from(record.number("intent_request")?).ok()?);
        let again = record.number("intent_again").is_some_and(|again| again != 0);
        Some(Intent {
            request,
            armed_at: record.time("intent_armed_at")?,
            again,
            aim: aim(record, "intent_aim"),
        })
    };
    Row {
        // A status of a later version than this code is not one of ours to act on: no token is used, and the session asks its
        // user.
        status: record
            .text("status")
            .and_then(|name| Status::from_name(&name))
            .unwrap_or(Status::ReauthRequired(ReauthReason::Unreadable)),
        stamp: stamp(record),
        login: Epoch(record.number("login").unwrap_or_default()),
        access_expires_at: at("access_expires_at"),
        access_lifetime: Millis::from_millis(record.number("access_lifetime").unwrap_or_default()),
        rotated_at: at("rotated_at"),
        intent: intent(),
        not_before: at("not_before"),
        next_request: request(record, "next_request"),
        active_at: at("active_at"),
        absolute_at: at("absolute_at"),
        forget_at: at("forget_at"),
        ..Row::default()
    }
}

/// Which token a row is of.
pub(super) fn stamp(record: &Record) -> Stamp {
    Stamp {
        epoch: Epoch(record.number("epoch").unwrap_or_default()),
        generation: Generation(small(record, "generation")),
    }
}

/// A counter; zero where there is none.
pub(super) fn small(record: &Record, column: &str) -> u32 {
    record.number(column).and_then(|value| u32::try_from(value).ok()).unwrap_or_default()
}

/// What a request asks for; nothing for all of the grant.
fn aim(record: &Record, column: &str) -> Option<Aim> {
    record.number(column).map(Aim)
}

fn request(record: &Record, column: &str) -> RequestId {
    RequestId(small(record, column))
}

fn optional(value: Option<JsValue>) -> JsValue {
    value.unwrap_or(JsValue::NULL)
}
