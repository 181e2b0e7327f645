//! The tab machine as a Wasm module.
//!
//! Two classes for the TypeScript driver in `ts/` and nobody else: [`Machine`] decides, [`Alarm`] waits. Both speak in
//! numbers, whose meaning is in [`abi`]. Every export is synchronous, and no JavaScript runs while Rust is borrowed: a step
//! calls nothing, and the alarm calls back from the timer itself.
#![forbid(unsafe_code)]

pub mod abi;
mod alarm;
pub mod codec;
mod machine;

pub use alarm::Alarm;
pub use machine::Machine;
