//! Places where a test may stop the world, to kill it there.
//!
//! Only with the feature `fault-points`, which no deployment has: without it, nothing of this is in the bundle. With it, the
//! variable `FAULT_POINTS` is the address of the test's server. Each step is told there, and goes on when that is answered, or
//! when nobody is there.

use worker::Env;

/// A step is reached.
#[cfg(not(feature = "fault-points"))]
#[inline]
pub async fn reach(_env: &Env, _step: &'static str) {}

/// A step is reached.
#[cfg(feature = "fault-points")]
pub async fn reach(env: &Env, step: &'static str) {
    use wasm_bindgen::{JsCast as _, JsValue};
    use wasm_bindgen_futures::JsFuture;

    let told = js_sys::Reflect::get(env, &JsValue::from_str("FAULT_POINTS"));
    let Some(told) = told.ok().and_then(|told| told.as_string()) else { return };
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    drop(JsFuture::from(scope.fetch_with_str_and_init(&[told.as_str(), "/", step].concat(), &init)).await);
}
