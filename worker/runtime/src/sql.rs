//! The storage of a Durable Object: SQL and the one alarm, without a wrapper that may panic.

use everlit_core::time::Timestamp;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::worker_sys::{DurableObjectState, DurableObjectStorage};

#[wasm_bindgen]
extern "C" {
    type Database;
    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Database, query: &str, bindings: js_sys::Array) -> Result<Cursor, JsValue>;

    type Cursor;
    #[wasm_bindgen(method, catch, js_name = toArray)]
    fn rows(this: &Cursor) -> Result<js_sys::Array, JsValue>;
    #[wasm_bindgen(method, catch, getter, js_name = rowsWritten)]
    fn rows_written(this: &Cursor) -> Result<f64, JsValue>;
}

#[wasm_bindgen(inline_js = r#"export function atomically(storage, work) {
  storage.transactionSync(() => {
    if (!work()) throw new Error("rolled back");
  });
}"#)]
extern "C" {
    #[wasm_bindgen(catch)]
    fn atomically(storage: &JsValue, work: &mut dyn FnMut() -> bool) -> Result<(), JsValue>;
}

/// The storage of one object.
pub struct Storage {
    raw: DurableObjectStorage,
    database: Database,
}

/// The storage failed. What it says is for the log: the caller learns that it may try again.
#[derive(Debug)]
pub struct StorageError(pub JsValue);

impl From<JsValue> for StorageError {
    fn from(thrown: JsValue) -> Self {
        Self(thrown)
    }
}

impl Storage {
    /// The storage that belongs to this object.
    pub fn of(state: &DurableObjectState) -> Result<Self, StorageError> {
        let raw = state.storage()?;
        let database = JsValue::from(raw.sql()).unchecked_into();
        Ok(Self { raw, database })
    }

    /// Runs one statement and returns its rows, each an object by column name.
    ///
    /// Statements with no await between them, and an alarm that is set among them, are one transaction.
    pub fn query(&self, sql: &str, bindings: Vec<JsValue>) -> Result<Vec<Record>, StorageError> {
        let cursor = self.database.exec(sql, bindings.into_iter().collect())?;
        Ok(cursor.rows()?.iter().map(Record).collect())
    }

    /// Runs one statement that writes, and says how many rows it wrote.
    pub fn write(&self, sql: &str, bindings: Vec<JsValue>) -> Result<u32, StorageError> {
        let cursor = self.database.exec(sql, bindings.into_iter().collect())?;
        cursor.rows()?;
        Ok(cursor.rows_written()? as u32)
    }

    /// Does all of it, or nothing: a statement that fails takes back those before it, which would stand otherwise.
    pub fn atomically(&self, mut work: impl FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        let mut outcome = Ok(());
        let rolled_back = atomically(self.raw.as_ref(), &mut || {
            outcome = work();
            outcome.is_ok()
        });
        // Why it was rolled back says more than that it was.
        outcome?;
        Ok(rolled_back?)
    }

    /// Whether a table is there. An object that never held anything has none, and looking must not make one.
    pub fn has_table(&self, name: &str) -> Result<bool, StorageError> {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
        Ok(!self.query(sql, vec![name.into()])?.is_empty())
    }

    /// Arms the one alarm, in place of the one that may be armed. Joins the transaction of the statements around it.
    pub fn arm(&self, at: Timestamp) -> Result<(), StorageError> {
        let date = js_sys::Date::new(&(at.as_millis() as f64).into());
        // Nobody awaits it: what was written is durable before anything leaves this object, or the object is reset.
        drop(self.raw.set_alarm(date, js_sys::Object::new())?);
        Ok(())
    }

    /// When the alarm is armed for, if it is. While it rings, it is not.
    pub async fn armed(&self) -> Result<Option<Timestamp>, StorageError> {
        let at = JsFuture::from(self.raw.get_alarm(js_sys::Object::new())?).await?;
        Ok(at.as_f64().map(|millis| Timestamp::from_millis(millis as u64)))
    }

    /// Erases everything, the alarm included.
    pub fn erase(&self) -> Result<(), StorageError> {
        drop(self.raw.delete_alarm(js_sys::Object::new())?);
        drop(self.raw.delete_all()?);
        Ok(())
    }
}

/// One row.
pub struct Record(JsValue);

impl Record {
    fn get(&self, column: &str) -> JsValue {
        js_sys::Reflect::get(&self.0, &JsValue::from_str(column)).unwrap_or(JsValue::NULL)
    }

    /// Whether there is such a column, whatever is in it.
    pub fn has(&self, column: &str) -> bool {
        !self.get(column).is_undefined()
    }

    /// A text; nothing where the column is NULL or not a text.
    pub fn text(&self, column: &str) -> Option<String> {
        self.get(column).as_string()
    }

    /// A whole number, zero or more.
    pub fn number(&self, column: &str) -> Option<u64> {
        self.get(column).as_f64().map(|number| number as u64)
    }

    /// A point in time.
    pub fn time(&self, column: &str) -> Option<Timestamp> {
        self.number(column).map(Timestamp::from_millis)
    }

    /// Bytes.
    pub fn blob(&self, column: &str) -> Option<Vec<u8>> {
        self.get(column)
            .dyn_into::<js_sys::ArrayBuffer>()
            .ok()
            .map(|bytes| js_sys::Uint8Array::new(&bytes).to_vec())
    }
}

/// A whole number as SQLite gets it. Ours are milliseconds and counters, all below 2^53.
pub fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}

/// A point in time as SQLite gets it.
pub fn time(value: Timestamp) -> JsValue {
    number(value.as_millis())
}

/// Bytes as SQLite gets them.
pub fn blob(value: Option<&[u8]>) -> JsValue {
    value.map_or(JsValue::NULL, |bytes| js_sys::Uint8Array::from(bytes).into())
}
