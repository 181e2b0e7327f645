//! The transactions of one browser: a row each, eight at most, for ten minutes.

use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::keys::Keyring;
use everlit_edge::seal::{Sealer, associated_data};

use super::message::{Claim, Claimed, Departure, Return, Transaction};
use crate::entropy;
use crate::sql::{Record, Storage, StorageError, blob, number, time};

/// How long a login may take, and how long its result is kept.
pub(crate) const LIFE: Millis = Millis::from_secs(600);
/// The most logins that a browser may have begun; the oldest makes room.
const MAX_PENDING: usize = 8;
/// How long a claim may be without a result before its callback must be taken for dead.
const CLAIM_LIMIT: Millis = Millis::from_secs(60);

const CREATE: &str = "CREATE TABLE IF NOT EXISTS login (id INTEGER PRIMARY KEY, state TEXT NOT NULL, \
    phase TEXT NOT NULL, created_at INTEGER NOT NULL, claimed_at INTEGER, claimed_by TEXT, transaction_sealed BLOB NOT NULL, \
    session_sealed BLOB) STRICT";
const INSERT: &str = "INSERT INTO login (state, phase, created_at, transaction_sealed) VALUES (?, ?, ?, ?)";
const LIST: &str = "SELECT id, state, phase, created_at, claimed_at, claimed_by, transaction_sealed, session_sealed FROM login ORDER BY id";
const ERASE_ONE: &str = "DELETE FROM login WHERE id = ?";
const CLAIM: &str =
    "UPDATE login SET phase = 'claimed', claimed_at = ?, claimed_by = ? WHERE id = ? AND phase = 'open'";
const FINISH: &str = "UPDATE login SET phase = ?, session_sealed = ? WHERE id = ? AND phase = 'claimed'";

const TAKE: &str =
    "UPDATE login SET phase = ?, claimed_at = ?, claimed_by = ?, transaction_sealed = ? WHERE id = ?";

/// The phases of a logout that goes on at the authorization server: nobody has gone, one has, and is back.
const LEAVING: &str = "leaving";
const AWAY: &str = "away";
const BACK: &str = "back";

/// Why a desk could not do what it was asked.
#[derive(Debug)]
pub(super) enum DeskError {
    /// The storage failed.
    Storage(StorageError),
    /// No entropy, a key that is gone, or a row that is not one of ours.
    Unreadable,
}

impl From<StorageError> for DeskError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Reads and writes the rows of one object.
pub(super) struct LoginStore {
    storage: Storage,
    transaction: Sealer,
    session: Sealer,
    departure: Sealer,
}

impl LoginStore {
    /// The store of the object with this id. What is secret in it opens in this object only.
    pub(super) fn new(storage: Storage, keyring: &Keyring, object_id: &str) -> Self {
        let sealer = |label: &str| Sealer::new(keyring, label, object_id);
        Self {
            storage,
            transaction: sealer("login transaction"),
            session: sealer("login result"),
            departure: sealer("logout"),
        }
    }

    /// Keeps a transaction.
    pub(super) fn begin(&self, transaction: &Transaction, now: Timestamp) -> Result<(), DeskError> {
        let json = serde_json::to_vec(transaction).map_err(|_| DeskError::Unreadable)?;
        let sealed = seal(&self.transaction, &transaction.state, &json)?;
        self.insert(&transaction.state, "open", &sealed, now)
    }

    /// Keeps what a logout needs that goes on at the authorization server. There is one: who logs out anew has not gone before.
    pub(super) fn depart(&self, departure: &Departure, now: Timestamp) -> Result<(), DeskError> {
        let sealed = self.sealed(departure)?;
        self.insert(&departure.state, LEAVING, &sealed, now)?;
        let older = |row: &&Record| is_logout(row) && row.text("state").as_ref() != Some(&departure.state);
        for row in rows(&self.storage)?.iter().filter(older) {
            self.erase(row)?;
        }
        Ok(())
    }

    /// Takes that, once.
    pub(super) fn take(&self, by: &str, now: Timestamp) -> Result<Option<Departure>, DeskError> {
        self.step(LEAVING, AWAY, by, now, |_| true)
    }

    /// The browser is back, once, with the `state` that it went with. What was shown at the server is kept no longer.
    pub(super) fn back(&self, back: &Return, now: Timestamp) -> Result<Option<Departure>, DeskError> {
        self.step(AWAY, BACK, &back.by, now, |row| row.text("state").as_ref() == Some(&back.state))
    }

    /// From one phase of a logout to the next. Delivered twice, it is the same.
    fn step(
        &self,
        from: &str,
        to: &str,
        by: &str,
        now: Timestamp,
        is_meant: impl Fn(&Record) -> bool,
    ) -> Result<Option<Departure>, DeskError> {
        let rows = rows(&self.storage)?;
        let is_open = |row: &&Record| {
            let phase = row.text("phase");
            let again = phase.as_deref() == Some(to) && row.text("claimed_by").as_deref() == Some(by);
            (phase.as_deref() == Some(from) || again) && !is_over(row, now) && is_meant(row)
        };
        let Some(row) = rows.iter().find(is_open) else { return Ok(None) };
        let state = row.text("state").ok_or(DeskError::Unreadable)?;
        let sealed = row.blob("transaction_sealed").ok_or(DeskError::Unreadable)?;
        let json = open(&self.departure, &state, &sealed)?;
        let departure: Departure =
            serde_json::from_slice(json.as_bytes()).map_err(|_| DeskError::Unreadable)?;
        let kept = if to == BACK {
            let kept = Departure {
                state: departure.state.clone(),
                provider: departure.provider.clone(),
                id_token: None,
                return_to: departure.return_to.clone(),
            };
            self.sealed(&kept)?
        } else {
            sealed
        };
        self.storage.write(TAKE, vec![to.into(), time(now), by.into(), blob(Some(&kept)), id(row)])?;
        Ok(Some(departure))
    }

    fn sealed(&self, departure: &Departure) -> Result<Vec<u8>, DeskError> {
        let json = serde_json::to_vec(departure).map_err(|_| DeskError::Unreadable)?;
        seal(&self.departure, &departure.state, &json)
    }

    fn insert(&self, state: &str, phase: &str, sealed: &[u8], now: Timestamp) -> Result<(), DeskError> {
        self.storage.write(CREATE, Vec::new())?;
        let mut rows = rows(&self.storage)?;
        if rows.iter().any(|row| row.text("state").as_deref() == Some(state)) {
            // Delivered twice.
            return Ok(());
        }
        while rows.len() >= MAX_PENDING {
            self.erase(&rows.remove(0))?;
        }
        // While there are rows, an alarm is armed for the end of the oldest. One that is overdue was lost.
        if rows.is_empty() || rows.first().is_some_and(|oldest| is_over(oldest, now)) {
            self.storage.arm(now.after(LIFE))?;
        }
        self.storage.write(INSERT, vec![state.into(), phase.into(), time(now), blob(Some(sealed))])?;
        Ok(())
    }

    /// Looks for a transaction, and claims it if nobody has.
    pub(super) fn claim(&self, claim: &Claim, now: Timestamp) -> Result<Claimed, DeskError> {
        let Claim { state, by, provider: at } = claim;
        let Some(row) = self.find(state, now)? else { return Ok(Claimed::Unknown) };
        let transaction = self.transaction_of(&row, state)?;
        let Transaction { provider, return_to, silent, .. } = &transaction;
        if provider != at {
            return Ok(Claimed::Unknown);
        }
        let failed = Claimed::Failed {
            provider: provider.clone(),
            return_to: return_to.clone(),
            silent: silent.clone(),
        };
        match row.text("phase").as_deref() {
            Some("open") => {
                let bindings = vec![time(now), by.as_str().into(), id(&row)];
                let first = self.storage.write(CLAIM, bindings)? > 0;
                Ok(if first { Claimed::First(Box::new(transaction)) } else { Claimed::Pending })
            }
            Some("claimed") if row.text("claimed_by").as_ref() == Some(by) => {
                Ok(Claimed::First(Box::new(transaction)))
            }
            Some("claimed") => {
                let since = row.time("claimed_at").unwrap_or_default();
                Ok(if now.since(since) < CLAIM_LIMIT { Claimed::Pending } else { failed })
            }
            Some("done") => {
                let session = self.session_of(&row)?;
                let Transaction { return_to, silent, link_of, .. } = transaction;
                Ok(Claimed::Done { session, return_to, silent, is_link: link_of.is_some() })
            }
            Some(_) | None => Ok(failed),
        }
    }

    /// Writes down how a claimed transaction ended. Delivered twice, it changes nothing.
    pub(super) fn finish(&self, state: &str, session: Option<&str>) -> Result<(), DeskError> {
        let rows = rows(&self.storage)?;
        let Some(row) = rows.iter().find(|row| row.text("state").as_deref() == Some(state)) else {
            return Ok(());
        };
        if let Some(session) = session {
            // The newest login wins: an older result would put the browser back into a session that this one replaces.
            for older in rows.iter().filter(|other| other.text("phase").as_deref() == Some("done")) {
                if self.session_of(older).ok().as_deref() != Some(session) {
                    self.erase(older)?;
                }
            }
        }
        let sealed = session.map(|session| seal(&self.session, state, session.as_bytes())).transpose()?;
        let phase = if session.is_some() { "done" } else { "failed" };
        self.storage.write(FINISH, vec![phase.into(), blob(sealed.as_deref()), id(row)])?;
        Ok(())
    }

    fn find(&self, state: &str, now: Timestamp) -> Result<Option<Record>, DeskError> {
        let found = rows(&self.storage)?.into_iter().find(|row| row.text("state").as_deref() == Some(state));
        Ok(found.filter(|row| !is_over(row, now) && !is_logout(row)))
    }

    fn erase(&self, row: &Record) -> Result<(), DeskError> {
        self.storage.write(ERASE_ONE, vec![id(row)])?;
        Ok(())
    }

    fn session_of(&self, row: &Record) -> Result<String, DeskError> {
        let sealed = row.blob("session_sealed").ok_or(DeskError::Unreadable)?;
        open(&self.session, &row.text("state").unwrap_or_default(), &sealed)
    }

    fn transaction_of(&self, row: &Record, state: &str) -> Result<Transaction, DeskError> {
        let sealed = row.blob("transaction_sealed").ok_or(DeskError::Unreadable)?;
        let opened = self.transaction.open(&place(state), &sealed).map_err(|_| DeskError::Unreadable)?;
        serde_json::from_slice(opened.expose()).map_err(|_| DeskError::Unreadable)
    }
}

/// Erases what is over, and says when the next comes to its end. With the last one goes the object.
pub(super) fn sweep(storage: &Storage, now: Timestamp) -> Result<Option<Timestamp>, StorageError> {
    let mut left = rows(storage)?;
    left.retain(|row| !is_over(row, now));
    let Some(oldest) = left.first() else { return storage.erase().map(|()| None) };
    let until = number(oldest.number("id").unwrap_or_default());
    storage.write("DELETE FROM login WHERE id < ?", vec![until])?;
    Ok(Some(oldest.time("created_at").unwrap_or(now).after(LIFE)))
}

/// All rows, the oldest first. There are eight at most, so there is no index: it would double every row.
fn rows(storage: &Storage) -> Result<Vec<Record>, StorageError> {
    if !storage.has_table("login")? {
        return Ok(Vec::new());
    }
    storage.query(LIST, Vec::new())
}

fn is_over(row: &Record, now: Timestamp) -> bool {
    row.time("created_at").unwrap_or_default().after(LIFE) <= now
}

fn is_logout(row: &Record) -> bool {
    row.text("phase").is_some_and(|phase| [LEAVING, AWAY, BACK].contains(&phase.as_str()))
}

fn id(row: &Record) -> wasm_bindgen::JsValue {
    number(row.number("id").unwrap_or_default())
}

fn place(state: &str) -> Vec<u8> {
    associated_data(&[state.as_bytes()])
}

fn seal(sealer: &Sealer, state: &str, value: &[u8]) -> Result<Vec<u8>, DeskError> {
    let nonce = entropy::bytes().ok_or(DeskError::Unreadable)?;
    sealer.seal(nonce, &place(state), value).map_err(|_| DeskError::Unreadable)
}

fn open(sealer: &Sealer, state: &str, sealed: &[u8]) -> Result<String, DeskError> {
    let opened: Secret<Vec<u8>> = sealer.open(&place(state), sealed).map_err(|_| DeskError::Unreadable)?;
    String::from_utf8(opened.expose().clone()).map_err(|_| DeskError::Unreadable)
}
