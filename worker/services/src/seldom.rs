//! Lines that a stranger can cause: a log is billed by the line.

use std::cell::Cell;

use everlit_core::rate::{Gcra, Rate};
use everlit_core::time::Millis;
use everlit_runtime::{clock, log};
use serde_json::Value;

/// So many of one isolate. Of what comes on top of them, nothing is said that was not said before.
const SELDOM: Rate = Rate::new(60, Millis::from_secs(60));

thread_local! {
    static LINES: Cell<Gcra> = const { Cell::new(Gcra::new()) };
}

/// Writes a line, unless there have been many.
pub(crate) fn line<const N: usize>(event: &'static str, fields: [(&'static str, Value); N]) {
    let mut lines = LINES.get();
    let admitted = lines.admit(SELDOM, clock::now());
    LINES.set(lines);
    if admitted.is_ok() {
        log::line(event, fields);
    }
}
