//! The wall clock. A Worker has no other: its monotonic clock is the same one, and stands still while code runs.

use everlit_core::time::{Millis, Moment, Timestamp};
use gloo_timers::future::TimeoutFuture;

/// The longest pause that JavaScript knows; a longer one would be none.
const LONGEST: u32 = 0x7fff_ffff;

/// Now.
pub fn now() -> Timestamp {
    let millis = js_sys::Date::now();
    // A clock before 1970 or after the year 285616 reads as its nearest end: the cast saturates.
    Timestamp::from_millis(millis as u64)
}

/// So long from now. Dropped, its timer stops. It may be polled by one task and then by another, which `worker::Delay` may not:
/// an object answers in its first poll where it can.
pub fn pause(length: Millis) -> TimeoutFuture {
    TimeoutFuture::new(u32::try_from(length.as_millis()).unwrap_or(u32::MAX).min(LONGEST))
}

/// Now, for a step of the machine.
pub fn moment() -> Moment {
    let wall = now();
    // Entropy spreads retries here and guards nothing, so the cheapest will do: this is called for every question.
    let entropy = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    Moment { wall, mono: wall, entropy }
}
