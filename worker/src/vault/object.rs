//! The Durable Object: internal routes, and the alarm.

use std::rc::Rc;

use everlit_core::vault::{Answer, Ask};
use futures_util::FutureExt as _;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{Request, Response, ResponseInit};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::loaded::{Fault, Loaded};
use super::message::{ESTABLISH, Finished, Question, RENEW, Shows, VaultReply};
use super::turn::Turns;
use crate::{body, incoming};

/// Tokens are up to 16 KB each, and claims are short.
const MAX_LOGIN: usize = 1_024 * 1_024;

/// The vault of one grant. Its name is the id of the session; it can be reached over the binding alone.
///
/// What `durable_object` would write takes requests and answers through wrappers, each of which asks JavaScript for a dozen
/// things that nobody here wants to know.
#[wasm_bindgen]
#[derive(Clone)]
pub struct SessionVault {
    turns: Rc<Turns>,
}

#[wasm_bindgen]
impl SessionVault {
    /// The object behind this state.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        Self { turns: Rc::new(Turns::new(state, env)) }
    }

    /// Answers the Worker; with a promise only where there is something to wait for, which is seldom.
    pub fn fetch(&self, request: Request) -> Result<JsValue, JsValue> {
        let vault = self.clone();
        let mut answer = Box::pin(async move { vault.respond(&request).await.map(JsValue::from) });
        // What was polled in vain here is polled again there, and leaves its waker then.
        answer.as_mut().now_or_never().unwrap_or_else(|| Ok(future_to_promise(answer).into()))
    }

    /// The alarm rings.
    pub async fn alarm(&self) {
        self.turns.rung();
    }
}

impl SessionVault {
    async fn respond(&self, request: &Request) -> Result<Response, JsValue> {
        let url = request.url();
        let (_, path, query) = incoming::split(&url);
        let result = match path {
            ESTABLISH | RENEW => self.take_login(path, request).await,
            _ => self.answer(path, query).await,
        };
        match result.and_then(|reply| serde_json::to_string(&reply).map_err(|_| 500)) {
            Ok(body) => Response::new_with_opt_str(Some(&body)),
            Err(status) => {
                let init = ResponseInit::new();
                init.set_status(status);
                Response::new_with_opt_str_and_init(None, &init)
            }
        }
    }

    async fn take_login(&self, path: &str, request: &Request) -> Result<VaultReply, u16> {
        let bytes = body::read(request.body(), MAX_LOGIN).await.map_err(|_| 400_u16)?;
        let message: Finished = serde_json::from_slice(&bytes).map_err(|_| 400_u16)?;
        let (login, holder) = message.into_parts();
        let answer = match path {
            RENEW => self.turns.renew(login, holder).await,
            _ => self.turns.establish(login, holder).await,
        };
        self.reply(answer.map_err(status)?, Shows::Timing)
    }

    async fn answer(&self, path: &str, query: Option<&str>) -> Result<VaultReply, u16> {
        let question = Question::parse(path, query).ok_or(404_u16)?;
        let (answer, shows) = match question {
            Question::Session => (self.turns.peek(), Shows::Holder),
            Question::Token(ask) => (self.turns.ask(ask).await, Shows::Timing),
            Question::Access(ask) => (self.access(ask).await, Shows::AccessToken),
            Question::Logout => (self.turns.end().await, Shows::Timing),
            Question::Revoke(by) => (self.turns.revoke(by).await, Shows::Timing),
        };
        self.reply(answer.map_err(status)?, shows)
    }

    async fn access(&self, ask: Ask) -> Result<Answer, Fault> {
        let stamp = match ask.stamp {
            Some(stamp) => Some(stamp),
            None => self.turns.stamp()?,
        };
        self.turns.ask(Ask { stamp, ..ask }).await
    }

    fn reply(&self, answer: Answer, shows: Shows) -> Result<VaultReply, u16> {
        let said = |loaded: &mut Loaded| {
            VaultReply::new(answer, loaded.vault.stamp(), loaded.holder.as_ref(), shows)
        };
        self.turns.with_loaded(said).map_err(status)
    }
}

/// What the Worker is told of a turn that did not happen. It asks again.
const fn status(fault: Fault) -> u16 {
    match fault {
        Fault::Misconfigured => 500,
        Fault::Storage | Fault::Ahead => 503,
    }
}
