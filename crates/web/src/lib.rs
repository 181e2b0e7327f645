//! The tab machine as a Wasm module, with its TypeScript driver.
