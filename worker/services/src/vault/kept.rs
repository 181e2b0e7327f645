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

const REMOVE: &str = "DELETE FROM kept WHERE name = ?";

/// What one step writes: values by their names, and names that go.
#[derive(Default)]
pub(super) struct Writes(Vec<(String, Option<Secret<String>>)>);

impl Writes {
    /// Keeps a text under a name.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), Some(Secret::new(value.to_owned()))));
    }

    /// Forgets what is under a name.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.push((name.to_owned(), None));
    }
}

/// Why something is not kept, or not read.
#[derive(Debug)]
pub(super) enum KeptError {
    /// The storage failed.
    Storage(StorageError),
    /// It was sealed by a later key than any here: another deployment is being rolled out, and this one must change nothing.
    Ahead,
    /// Its key is gone for good, and with it what it sealed.
    Retired,
    /// It cannot be sealed, or was sealed by another key than the one of that version.
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
            SealError::KeyRetired => Self::Retired,
            SealError::Refused | SealError::TooShort => Self::Sealed,
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

    /// Makes the place, with what a copy holds: all of it, or nothing.
    pub(super) fn begin(&self, copy: &[(String, String)]) -> Result<(), StorageError> {
        self.storage.atomically(|| {
            self.storage.write(CREATE, Vec::new())?;
            for (name, value) in copy {
                if let Some(sealed) = base64url::decode(value) {
                    self.storage.write(PUT, vec![name.as_str().into(), blob(Some(&sealed))])?;
                }
            }
            Ok(())
        })
    }

    /// Writes all of it, or nothing.
    pub(super) fn write(&self, writes: &Writes) -> Result<(), KeptError> {
        let mut sealed = Vec::with_capacity(writes.0.len());
        for (name, value) in &writes.0 {
            let value = match value {
                Some(value) => Some(self.sealed(name, value.expose().as_bytes())?),
                None => None,
            };
            sealed.push((name.as_str(), value));
        }
        if sealed.is_empty() {
            return Ok(());
        }
        self.storage.atomically(|| {
            for (name, value) in &sealed {
                match value {
                    Some(value) => self.storage.write(PUT, vec![(*name).into(), blob(Some(value))])?,
                    None => self.storage.write(REMOVE, vec![(*name).into()])?,
                };
            }
            Ok(())
        })?;
        Ok(())
    }

    fn sealed(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, KeptError> {
        let nonce = entropy::bytes().ok_or(KeptError::Sealed)?;
        Ok(self.sealer.seal(nonce, &place(name), value)?)
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
        let sealed = self.sealed(name, value)?;
        self.storage.write(PUT, vec![name.into(), blob(Some(&sealed))])?;
        Ok(())
    }

    /// Keeps something under a name that everybody may read who sees the storage.
    pub(super) fn plain(&self, name: &str, value: &[u8]) -> Result<(), StorageError> {
        self.storage.write(PUT, vec![name.into(), blob(Some(value))]).map(|_| ())
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.storage.write(REMOVE, vec![name.into()]).map(|_| ())
    }

    /// All of it as it lies there, sealed: for the copy.
    pub(super) fn all(&self) -> Result<Vec<(String, String)>, StorageError> {
        let rows = self.storage.query("SELECT name, value FROM kept ORDER BY name", Vec::new())?;
        let pair = |row: &everlit_runtime::sql::Record| {
            Some((row.text("name")?, base64url::encode(&row.blob("value")?)))
        };
        Ok(rows.iter().filter_map(pair).collect())
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
