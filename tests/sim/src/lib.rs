//! The simulated world, run natively.
