//! The wall clock. A Worker has no other: its monotonic clock is the same one, and stands still while code runs.

use everlit_core::time::{Moment, Timestamp};

use crate::entropy;

/// Now.
pub(crate) fn now() -> Timestamp {
    let millis = js_sys::Date::now();
    // A clock before 1970 or after the year 285616 reads as its nearest end: the cast saturates.
    Timestamp::from_millis(millis as u64)
}

/// Now, for a step of the machine.
pub(crate) fn moment() -> Moment {
    let wall = now();
    // Entropy spreads retries here and guards nothing: without it they are merely less spread.
    let entropy = entropy::bytes().map_or(0, u32::from_le_bytes);
    Moment { wall, mono: wall, entropy }
}
