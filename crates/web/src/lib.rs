//! The tab machine as a Wasm module.
//!
//! Four exports for the TypeScript driver in `ts/` and nobody else, over plain numbers whose meaning is in [`abi`]: so the
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

use everlit_core::tab::Settings;
use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;

pub use machine::Machine;

/// The one machine of this module. Never contended: there is one thread, and nothing calls back.
static MACHINE: Mutex<Machine> = Mutex::new(Machine::new(Settings::DEFAULT));

/// [`Machine::give`]. In the order in which `Array.prototype.forEach` gives.
#[wasm_bindgen]
pub fn give(number: f64, index: u32) {
    if let Some(mut machine) = MACHINE.try_lock() {
        machine.give(index as usize, number);
    }
}

/// [`Machine::choose`]. In that order, too.
#[wasm_bindgen]
pub fn choose(number: f64, place: u32) {
    if let Some(mut machine) = MACHINE.try_lock() {
        machine.choose(place, number);
    }
}

/// [`Machine::step`]. How many numbers it said.
#[wasm_bindgen]
#[must_use]
pub fn step(wall: f64, mono: f64, entropy: f64, kind: f64) -> u32 {
    MACHINE.try_lock().map_or(0, |mut machine| machine.step(wall, mono, entropy as u32, kind) as u32)
}

/// [`Machine::said`].
#[wasm_bindgen]
#[must_use]
pub fn said(index: u32) -> f64 {
    MACHINE.try_lock().map_or(f64::NAN, |machine| machine.said(index as usize))
}
