//! The one timer of a tab.

use gloo_timers::callback::Timeout;
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// What `setTimeout` can wait for: it counts in 32 bits and fires at once when they overflow.
const DELAY_MAX: f64 = i32::MAX as f64;

/// A timer that is armed for one moment at a time.
#[wasm_bindgen]
pub struct Alarm {
    due: Function,
    armed: Option<Timeout>,
}

#[wasm_bindgen]
impl Alarm {
    /// A timer that calls `due` when it fires.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(due: Function) -> Self {
        Self { due, armed: None }
    }

    /// Fires once after so many milliseconds, instead of whenever it was to fire before. After a delay that is longer than
    /// `setTimeout` can wait it fires early; after one that is not finite, never.
    pub fn arm(&mut self, delay: f64) {
        // The one before is cleared first, also when this call comes from its own `due`.
        self.armed = None;
        if !delay.is_finite() {
            return;
        }
        let due = self.due.clone();
        // The closure holds its own copy of the function and no part of the alarm, so `due` may arm it again.
        self.armed = Some(Timeout::new(delay.clamp(0.0, DELAY_MAX) as u32, move || {
            // An exception has nowhere to go from here: the driver's function reports its own.
            drop(due.call0(&JsValue::UNDEFINED));
        }));
    }
}
