//! The simulated world, run natively: many seeds of storms, the survey, and the failures of the field.
//!
//! What the world is, and how to read and replay a failure, is in `README.md`.

pub mod failures;
pub mod survey;
mod worlds;

pub use survey::Survey;
pub use worlds::Worlds;

/// How long this thread has been on a core, where the system says so.
fn time_on_core() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: u64 = stat.split_whitespace().next()?.parse().ok()?;
    Some(nanos as f64 / 1e9)
}
