//! Work that goes on when its caller has hung up.

use std::future::Future;

use futures_channel::oneshot;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;
use worker::worker_sys;

use crate::log;

/// Something that keeps work alive after an answer was given: a request's context, or an object's state.
pub trait Keeper {
    /// Keeps a promise alive.
    fn wait_until(&self, promise: &js_sys::Promise) -> Result<(), JsValue>;
}

impl Keeper for worker_sys::Context {
    fn wait_until(&self, promise: &js_sys::Promise) -> Result<(), JsValue> {
        Self::wait_until(self, promise)
    }
}

impl Keeper for worker_sys::DurableObjectState {
    fn wait_until(&self, promise: &js_sys::Promise) -> Result<(), JsValue> {
        Self::wait_until(self, promise)
    }
}

/// Starts work that nobody waits for.
pub fn start(keeper: &impl Keeper, work: impl Future<Output = ()> + 'static) {
    // What is started goes on under the trace of who started it.
    let work = log::Traced::new(log::trace(), Box::pin(work));
    let promise = future_to_promise(async move {
        work.await;
        Ok(JsValue::UNDEFINED)
    });
    // Where it is refused, the work goes on all the same, for as long as its request lives.
    drop(keeper.wait_until(&promise));
}

/// Does work to its end, also if the caller does not wait for it. Nothing comes back only if the runtime dropped the work.
pub async fn finish<T: 'static>(keeper: &impl Keeper, work: impl Future<Output = T> + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    start(keeper, async move { drop(sender.send(work.await)) });
    receiver.await.ok()
}
