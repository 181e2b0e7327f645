//! The tab machine as a Wasm module.
//!
//! Three exports for the TypeScript driver in `ts/` and nobody else, over plain numbers whose meaning is in [`abi`]: so the
//! module imports nothing and needs no glue, which would weigh more than the driver. A module is one machine: a page makes one
//! instance of it per session. Every export is synchronous and calls nothing back: no JavaScript runs while Rust is borrowed. The
//! one timer is the driver's: in Rust it would be the only thing that needs glue.
#![cfg_attr(feature = "module", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod abi;
pub mod codec;
mod machine;

#[cfg(feature = "module")]
mod bare;

use atomic_refcell::AtomicRefCell;
use wasm_bindgen::prelude::wasm_bindgen;

pub use machine::Machine;

/// Nothing before [`begin`].
static MACHINE: AtomicRefCell<Option<Machine>> = AtomicRefCell::new(None);

/// Begins anew, with what the app chose; NaN for what it did not.
#[wasm_bindgen]
pub fn begin(
    lead: f64,
    idle_lapse: f64,
    idle_prompt: f64,
    maintenance: f64,
    health_check: f64,
    ways: f64,
    events: f64,
) {
    let settings = [lead, idle_lapse, idle_prompt, maintenance, health_check, ways, events];
    if let Ok(mut machine) = MACHINE.try_borrow_mut() {
        *machine = Some(Machine::new(codec::settings(settings)));
    }
}

/// [`Machine::step`]. How many numbers it said, or NaN if it said nothing.
#[wasm_bindgen]
#[expect(
    clippy::too_many_arguments,
    reason = "a number costs nanoseconds to hand over, an array ten times that"
)]
pub fn step(
    wall: f64,
    mono: f64,
    entropy: f64,
    kind: f64,
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
    g: f64,
    h: f64,
    i: f64,
    j: f64,
) -> f64 {
    let Ok(mut cell) = MACHINE.try_borrow_mut() else { return f64::NAN };
    let Some(machine) = cell.as_mut() else { return f64::NAN };
    let said = machine.step([wall, mono], entropy as u32, kind, [a, b, c, d, e, f, g, h, i, j]);
    said.map_or(f64::NAN, |said| said.len() as f64)
}

/// [`Machine::said`].
#[wasm_bindgen]
#[must_use]
pub fn said(index: u32) -> f64 {
    let Ok(cell) = MACHINE.try_borrow() else { return f64::NAN };
    cell.as_ref().map_or(f64::NAN, |machine| machine.said(index as usize))
}
