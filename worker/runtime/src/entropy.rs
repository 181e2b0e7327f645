//! Random bytes from the runtime.

use wasm_bindgen::JsCast as _;
use web_sys::WorkerGlobalScope;

/// `N` fresh random bytes; nothing where the runtime has none to give, and then no secret may be made.
pub fn bytes<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let filled = scope.crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    filled.is_ok().then_some(bytes)
}
