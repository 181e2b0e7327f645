/**
 * The same as `everlit`, whose script has the Wasm module in it: nothing is fetched for it, not even a `data:` address. To compile it takes
 * `'wasm-unsafe-eval'` in the `script-src` of a Content Security Policy, here as there.
 */
export * from "../index.js";
