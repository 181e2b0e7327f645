//! The log: one line of JSON for each decision.
//!
//! It holds what was decided and why, in words of our own. It never holds a secret, an id, a claim, a path or a query: a
//! line is made of constants, numbers and names from the configuration only.

use serde_json::{Map, Value};
use wasm_bindgen::JsValue;

use crate::clock;

/// Writes one line.
pub(crate) fn line<const N: usize>(event: &'static str, fields: [(&'static str, Value); N]) {
    let mut line = Map::new();
    line.insert("at".into(), clock::now().as_millis().into());
    line.insert("event".into(), event.into());
    line.extend(fields.into_iter().map(|(name, value)| (name.into(), value)));
    worker::console_log!("{}", Value::Object(line));
}

/// The class of what JavaScript threw. Its message is left out: it may quote what it was thrown about.
pub(crate) fn class_of(thrown: &JsValue) -> Value {
    let name =
        js_sys::Reflect::get(thrown, &JsValue::from_str("name")).ok().and_then(|name| name.as_string());
    // The platform marks what it did itself: a reset object is no fault of ours.
    let reset = js_sys::Reflect::get(thrown, &JsValue::from_str("durableObjectReset"))
        .is_ok_and(|mark| mark.is_truthy());
    match name {
        _ if reset => "DurableObjectReset".into(),
        Some(name) if name.len() <= 40 => name.into(),
        Some(_) | None => "unknown".into(),
    }
}
