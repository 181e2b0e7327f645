//! The log: one line of JSON for each decision, the event first, then the trace.
//!
//! It holds what was decided and why, in words of our own. It never holds a secret, an id, a claim, a path or a query: a
//! line is made of constants, numbers and names from the configuration only. `README.md` has the table of its events.
//!
//! The trace says which lines belong together: a number that is drawn for each request from outside and for each alarm, or the
//! digest of the name that a tab gave its question. It goes with the work, not with the calls: whatever is polled by [`Traced`]
//! writes its lines under it, hands it on to our objects (as the host of the URL, which means nothing to them otherwise) and to
//! the rotator (in the order, under its MAC), and gives it to what it starts.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde_json::Value;
use wasm_bindgen::JsValue;

use crate::clock;

/// What a trace is: as many bits as a number of JavaScript holds.
const MASK: u64 = (1 << 53) - 1;
/// In front of a trace that is a host: one of digits alone would be an address. It also says how those speak that ask and answer
/// ([`crate::packed`]): whatever of it a release words anew, it has another letter from then on.
const HOST: char = 'p';

thread_local! {
    /// The trace of what is being polled; 0 where none was needed yet.
    static TRACE: Cell<u64> = const { Cell::new(0) };
}

/// The trace of what runs now. It guards nothing, so the cheapest entropy will do.
pub fn trace() -> u64 {
    let trace = TRACE.get();
    if trace != 0 {
        return trace;
    }
    let drawn = (js_sys::Math::random() * MASK as f64) as u64 | 1;
    TRACE.set(drawn);
    drawn
}

/// What runs now belongs to this trace, from here on. 0 is none.
pub fn follow(trace: u64) {
    if trace & MASK != 0 {
        TRACE.set(trace & MASK);
    }
}

/// Does something under another trace.
pub fn under<T>(trace: u64, work: impl FnOnce() -> T) -> T {
    let before = TRACE.replace(trace & MASK);
    let done = work();
    TRACE.set(before);
    done
}

/// The host under which an object of ours is asked.
pub fn host() -> String {
    format!("{HOST}{:014x}", trace())
}

/// Whether it is asked in a way that is understood here. While a deployment is under way, the old and the new ask each other.
pub fn is_understood(host: &str) -> bool {
    host.starts_with(HOST)
}

/// The trace that a host says; 0 where it says none.
pub fn handed(host: &str) -> u64 {
    host.strip_prefix(HOST).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default() & MASK
}

/// Work, and the trace that it goes under wherever it is polled.
pub struct Traced<'a, T> {
    trace: u64,
    work: Pin<Box<dyn Future<Output = T> + 'a>>,
}

impl<'a, T> Traced<'a, T> {
    /// 0: one is drawn when it is needed.
    pub fn new(trace: u64, work: Pin<Box<dyn Future<Output = T> + 'a>>) -> Self {
        Self { trace, work }
    }
}

impl<T> Future for Traced<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let before = TRACE.replace(self.trace);
        let polled = self.work.as_mut().poll(context);
        self.trace = TRACE.replace(before);
        polled
    }
}

/// Writes one line.
pub fn line<const N: usize>(event: &'static str, fields: [(&'static str, Value); N]) {
    write(event, &fields);
}

/// Written by hand: a map would sort its members, and the event is to be seen first.
fn write(event: &str, fields: &[(&str, Value)]) {
    let mut text =
        format!(r#"{{"event":"{event}","trace":"{:014x}","at":{}"#, trace(), clock::now().as_millis());
    for (name, value) in fields {
        text.extend([",\"", name, "\":", &value.to_string()]);
    }
    text.push('}');
    worker::console_log!("{text}");
}

/// The class of what JavaScript threw. Its message is left out: it may quote what it was thrown about.
pub fn class_of(thrown: &JsValue) -> Value {
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
