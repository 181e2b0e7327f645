//! A call to one of our own Durable Objects.

use std::pin::pin;

use everlit_core::time::Millis;
use everlit_wire::{Code, Problem, Seconds};
use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, Response};
use worker::{Env, worker_sys};

use crate::packed::{self, Packed};
use crate::{body, clock, log};

/// An object, by its binding and its name. The name is an id whose MAC was checked: nobody else can make an object.
#[derive(Clone)]
pub struct ObjectStub {
    env: Env,
    binding: &'static str,
    name: String,
}

/// The object did not answer: it was reset, or its storage failed. It is safe to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

/// What became of a socket that was asked for.
pub enum Connected<T> {
    /// It is open. The answer carries it, and goes on to whoever wants it.
    Socket(Response),
    /// It is not, and this is why.
    Refused(T),
}

impl From<NoAnswer> for Problem {
    fn from(NoAnswer: NoAnswer) -> Self {
        Self { retry_after: Some(Seconds(Millis::from_secs(1))), ..Self::new(Code::TemporarilyUnavailable) }
    }
}

impl ObjectStub {
    /// The object of this name.
    pub fn new(env: &Env, binding: &'static str, name: &str) -> Self {
        Self { env: env.clone(), binding, name: name.to_owned() }
    }

    /// Asks a question that has no body.
    pub async fn ask<T: Packed>(&self, target: &str) -> Result<T, NoAnswer> {
        self.ask_or(target, || target.to_owned()).await
    }

    /// Asks a question that has no body, and if it has to be asked again, `again` is how. Objects are reset by every deployment,
    /// in the middle of whatever they do. All that they are asked may be asked twice.
    pub async fn ask_or<T: Packed>(
        &self,
        target: &str,
        again: impl FnOnce() -> String,
    ) -> Result<T, NoAnswer> {
        match self.once(target, None).await {
            Ok(bytes) => read(&bytes),
            Err(_) => self.read(self.once(&again(), None).await),
        }
    }

    /// Hands something over.
    pub async fn tell<T: Packed>(&self, target: &str, body: &impl Packed) -> Result<T, NoAnswer> {
        let body = said(body);
        match self.once(target, Some(&body)).await {
            Ok(bytes) => read(&bytes),
            Err(_) => self.read(self.once(target, Some(&body)).await),
        }
    }

    /// Asks a question that has no body once, and waits no longer than that.
    pub async fn ask_within<T: Packed>(&self, target: &str, limit: Millis) -> Result<T, NoAnswer> {
        self.once_within(target, None, limit).await
    }

    /// Hands something over, once.
    pub async fn tell_within<T: Packed>(
        &self,
        target: &str,
        body: &impl Packed,
        limit: Millis,
    ) -> Result<T, NoAnswer> {
        let body = said(body);
        self.once_within(target, Some(&body), limit).await
    }

    /// Asks for a WebSocket.
    pub async fn connect<T: Packed>(&self, target: &str) -> Result<Connected<T>, NoAnswer> {
        let connected = match self.upgrade(target).await {
            Ok(connected) => Ok(connected),
            Err(_) => self.upgrade(target).await,
        };
        match connected.map_err(|thrown| self.failed(&thrown))? {
            Connected::Socket(response) => Ok(Connected::Socket(response)),
            Connected::Refused(bytes) => read(&bytes).map(Connected::Refused),
        }
    }

    async fn upgrade(&self, target: &str) -> Result<Connected<Vec<u8>>, JsValue> {
        let headers = Headers::new()?;
        headers.set("upgrade", "websocket")?;
        let init = RequestInit::new();
        init.set_headers_headers(&headers);
        let response = self.fetch(target, Some(&init)).await?;
        match response.status() {
            101 => Ok(Connected::Socket(response)),
            _ => bytes_of(&response).await.map(Connected::Refused),
        }
    }

    async fn once_within<T: Packed>(
        &self,
        target: &str,
        body: Option<&Uint8Array>,
        limit: Millis,
    ) -> Result<T, NoAnswer> {
        let once = pin!(self.once(target, body));
        let bytes = match select(once, clock::pause(limit)).await {
            Either::Left((bytes, _)) => bytes,
            Either::Right(((), _)) => Err(JsValue::from_str("no answer in time")),
        };
        self.read(bytes)
    }

    fn read<T: Packed>(&self, answered: Result<Vec<u8>, JsValue>) -> Result<T, NoAnswer> {
        read(&answered.map_err(|thrown| self.failed(&thrown))?)
    }

    fn failed(&self, thrown: &JsValue) -> NoAnswer {
        let reason = log::class_of(thrown);
        log::line("object_failed", [("binding", self.binding.into()), ("reason", reason)]);
        NoAnswer
    }

    async fn once(&self, target: &str, body: Option<&Uint8Array>) -> Result<Vec<u8>, JsValue> {
        let init = body.map(|body| {
            let init = RequestInit::new();
            init.set_method("POST");
            init.set_body(body);
            init
        });
        bytes_of(&self.fetch(target, init.as_ref()).await?).await
    }

    async fn fetch(&self, target: &str, init: Option<&RequestInit>) -> Result<Response, JsValue> {
        // A stub that has failed stays broken, so each try has its own. That the binding is one of objects was seen to when the
        // configuration was read; to ask for its class by name again costs more than the call.
        let namespace = js_sys::Reflect::get(&self.env, &JsValue::from_str(self.binding))?;
        let namespace: worker_sys::DurableObjectNamespace = namespace.unchecked_into();
        let stub = namespace.get_by_name(&self.name)?;
        // Nothing but the binding leads there, whatever the host is.
        let url = ["http://", &log::host(), target].concat();
        let promise = match init {
            None => stub.fetch_with_str(&url)?,
            Some(init) => stub.fetch_with_request(&Request::new_with_str_and_init(&url, init)?)?,
        };
        Ok(JsFuture::from(promise).await?.unchecked_into())
    }
}

/// A message as a body, which may be sent twice.
fn said(message: &impl Packed) -> Uint8Array {
    Uint8Array::from(packed::written(message).as_slice())
}

async fn bytes_of(response: &Response) -> Result<Vec<u8>, JsValue> {
    let bytes = body::whole(response.array_buffer()).await.map_err(|_| JsValue::NULL)?;
    if response.status() == 200 { Ok(bytes) } else { Err(JsValue::NULL) }
}

fn read<T: Packed>(bytes: &[u8]) -> Result<T, NoAnswer> {
    packed::read(bytes).ok_or(NoAnswer)
}
