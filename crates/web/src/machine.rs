//! The tab machine, as JavaScript holds it.

use everlit_core::tab::Tab;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{abi, codec};

/// The tab machine. Its one call is synchronous and calls nothing back.
#[wasm_bindgen]
#[derive(Default)]
pub struct Machine {
    tab: Tab,
}

#[wasm_bindgen]
impl Machine {
    /// A machine that has not opened yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one event and returns rows of six numbers: first where the machine stands after it, then every effect in
    /// its order. The numbers are those of [`abi`].
    ///
    /// Total: numbers that stand for no event, or a clock that shows none, change nothing and return `undefined`.
    #[expect(
        clippy::too_many_arguments,
        reason = "a number costs nanoseconds to hand over, an array ten times that"
    )]
    pub fn step(
        &mut self,
        wall: f64,
        mono: f64,
        entropy: u32,
        kind: f64,
        a: f64,
        b: f64,
        c: f64,
        d: f64,
        e: f64,
        f: f64,
    ) -> Option<Vec<f64>> {
        let now = codec::moment(wall, mono, entropy)?;
        let event = codec::event(kind, [a, b, c, d, e, f])?;
        let effects = self.tab.step(now, event);
        let mut rows = Vec::with_capacity(abi::ROW.saturating_mul(effects.iter().len().saturating_add(1)));
        rows.extend_from_slice(&codec::standing(&self.tab));
        for effect in effects {
            rows.extend_from_slice(&codec::effect(effect));
        }
        Some(rows)
    }
}
