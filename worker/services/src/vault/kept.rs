//! What a vault keeps: names and sealed values, and a copy of all of them in another object.

use everlit_core::secret::Secret;
use everlit_edge::base64url;
use everlit_edge::keys::Keyring;
use everlit_edge::seal::{SealError, Sealer, associated_data};
use everlit_runtime::entropy;
use everlit_runtime::sql::{Storage, StorageError, blob};

const CREATE: &str =
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT";
const PUT: &str =
    "INSERT INTO kept (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Why something is not kept, or not read.
#[derive(Debug)]
pub(super) enum KeptError {
    /// The storage failed.
    Storage(StorageError),
    /// It was sealed by a later key than any here: another deployment is being rolled out, and this one must change nothing.
    Ahead,
    /// It cannot be sealed or opened.
    Sealed,
}

impl From<StorageError> for KeptError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<SealError> for KeptError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::KeyAhead => Self::Ahead,
            SealError::KeyRetired | SealError::Refused | SealError::TooShort => Self::Sealed,
        }
    }
}

/// All of it.
pub(super) struct Kept {
    storage: Storage,
    sealer: Sealer,
}

impl Kept {
    /// What is kept for this service.
    pub(super) fn of(storage: Storage, keyring: &Keyring, service: &str) -> Self {
        Self { storage, sealer: Sealer::new(keyring, "service", service) }
    }

    pub(super) const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Whether anything was ever kept here.
    pub(super) fn is_there(&self) -> Result<bool, StorageError> {
        self.storage.has_table("kept")
    }

    pub(super) fn make(&self) -> Result<(), StorageError> {
        self.storage.write(CREATE, Vec::new()).map(|_| ())
    }

    /// What is kept under a name.
    pub(super) fn get(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, KeptError> {
        let rows = self.storage.query("SELECT value FROM kept WHERE name = ?", vec![name.into()])?;
        let Some(sealed) = rows.first().and_then(|row| row.blob("value")) else { return Ok(None) };
        Ok(Some(self.sealer.open(&place(name), &sealed)?))
    }

    /// The same, where it is a text.
    pub(super) fn text(&self, name: &str) -> Result<Option<Secret<String>>, KeptError> {
        let Some(bytes) = self.get(name)? else { return Ok(None) };
        String::from_utf8(bytes.expose().clone())
            .map(|text| Some(Secret::new(text)))
            .map_err(|_| KeptError::Sealed)
    }

    /// Keeps something under a name.
    pub(super) fn put(&self, name: &str, value: &[u8]) -> Result<(), KeptError> {
        let nonce = entropy::bytes().ok_or(KeptError::Sealed)?;
        let sealed = self.sealer.seal(nonce, &place(name), value)?;
        self.storage.write(PUT, vec![name.into(), blob(Some(&sealed))])?;
        Ok(())
    }

    /// Keeps something under a name that everybody may read who sees the storage.
    pub(super) fn plain(&self, name: &str, value: &[u8]) -> Result<(), StorageError> {
        self.storage.write(PUT, vec![name.into(), blob(Some(value))]).map(|_| ())
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.storage.write("DELETE FROM kept WHERE name = ?", vec![name.into()]).map(|_| ())
    }

    /// All of it as it lies there, sealed: for the copy.
    pub(super) fn all(&self) -> Result<Vec<(String, String)>, StorageError> {
        let rows = self.storage.query("SELECT name, value FROM kept ORDER BY name", Vec::new())?;
        let pair = |row: &everlit_runtime::sql::Record| {
            Some((row.text("name")?, base64url::encode(&row.blob("value")?)))
        };
        Ok(rows.iter().filter_map(pair).collect())
    }

    /// Takes a copy in the place of what is not there.
    pub(super) fn restore(&self, copy: &[(String, String)]) -> Result<(), StorageError> {
        for (name, value) in copy {
            if let Some(sealed) = base64url::decode(value) {
                self.storage.write(PUT, vec![name.as_str().into(), blob(Some(&sealed))])?;
            }
        }
        Ok(())
    }

    /// Seals all of it anew that an older key has sealed. True if there was something.
    pub(super) fn rewrap(&self) -> Result<bool, KeptError> {
        let rows = self.storage.query("SELECT name, value FROM kept", Vec::new())?;
        let mut any = false;
        for row in rows {
            let (Some(name), Some(sealed)) = (row.text("name"), row.blob("value")) else { continue };
            // What is not sealed cannot be opened either.
            if self.sealer.is_stale(&sealed)
                && let Ok(value) = self.sealer.open(&place(&name), &sealed)
            {
                self.put(&name, value.expose())?;
                any = true;
            }
        }
        Ok(any)
    }
}

fn place(name: &str) -> Vec<u8> {
    associated_data(&[name.as_bytes()])
}
