//! Reading a body that may be too long, from either side.

use std::pin::pin;

use everlit_core::time::Millis;
use futures_util::future::{Either, select};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

use crate::clock;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It has more bytes than were allowed.
    TooLarge,
    /// It ended before its end, or cannot be read at all.
    Broken,
    /// It was not there in time.
    TooSlow,
}

/// All bytes of a body, if they are `limit` at most. No more than that and one chunk is ever held.
pub async fn read(stream: Option<ReadableStream>, limit: usize) -> Result<Vec<u8>, BodyError> {
    let Some(stream) = stream else { return Ok(Vec::new()) };
    let reader = ReadableStreamDefaultReader::new(&stream).map_err(|_| BodyError::Broken)?;
    all(&reader, limit).await
}

async fn all(reader: &ReadableStreamDefaultReader, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = next(reader).await? {
        let length = usize::try_from(chunk.length()).unwrap_or(usize::MAX);
        if bytes.len().saturating_add(length) > limit {
            // Whether the sender hears it does not matter here: a promise that nobody awaits.
            drop(reader.cancel());
            return Err(BodyError::TooLarge);
        }
        bytes.extend(chunk.to_vec());
    }
    Ok(bytes)
}

/// The same of one that comes in time. One that does not is read no further, and nothing of it is held any more.
pub async fn read_within(
    stream: Option<ReadableStream>,
    limit: usize,
    patience: Millis,
) -> Result<Vec<u8>, BodyError> {
    let Some(stream) = stream else { return Ok(Vec::new()) };
    let reader = ReadableStreamDefaultReader::new(&stream).map_err(|_| BodyError::Broken)?;
    match select(pin!(all(&reader, limit)), clock::pause(patience)).await {
        Either::Left((read, _)) => read,
        Either::Right(((), _)) => {
            drop(reader.cancel());
            Err(BodyError::TooSlow)
        }
    }
}

/// All bytes of a body whose length is known to be small.
pub async fn whole(buffer: Result<Promise, JsValue>) -> Result<Vec<u8>, BodyError> {
    let promise = buffer.map_err(|_| BodyError::Broken)?;
    let buffer = JsFuture::from(promise).await.map_err(|_| BodyError::Broken)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

async fn next(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, BodyError> {
    let result = JsFuture::from(reader.read()).await.map_err(|_| BodyError::Broken)?;
    let part =
        |name: &str| js_sys::Reflect::get(&result, &JsValue::from_str(name)).map_err(|_| BodyError::Broken);
    if part("done")?.is_truthy() {
        return Ok(None);
    }
    part("value")?.dyn_into().map(Some).map_err(|_| BodyError::Broken)
}
