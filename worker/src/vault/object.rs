//! The Durable Object: internal routes, and the alarm.
#![expect(missing_docs, reason = "the macro writes methods without a word on them")]

use std::rc::Rc;

use everlit_core::vault::{Answer, Ask};
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::loaded::{Fault, Loaded};
use super::message::{ESTABLISH, Finished, Question, RENEW, Shows, VaultReply};
use super::turn::Turns;
use crate::body;
use crate::incoming::Incoming;

/// Tokens are up to 16 KB each, and claims are short.
const MAX_LOGIN: usize = 1_024 * 1_024;

/// The vault of one grant. Its name is the id of the session; it can be reached over the binding alone.
#[durable_object(alarm)]
pub struct SessionVault {
    turns: Rc<Turns>,
}

impl DurableObject for SessionVault {
    fn new(state: State, env: Env) -> Self {
        Self { turns: Rc::new(Turns::new(state._inner(), env)) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let request = Incoming::new(Clone::clone(request.inner()));
        let result = match request.path.as_str() {
            ESTABLISH | RENEW => self.take_login(&request).await,
            _ => self.answer(&request).await,
        };
        match result {
            Ok(reply) => Response::builder().from_json(&reply),
            Err(status) => Ok(Response::builder().with_status(status).empty()),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.turns.rung();
        Response::empty()
    }
}

impl SessionVault {
    async fn take_login(&self, request: &Incoming) -> Result<VaultReply, u16> {
        let bytes = body::read(request.raw().body(), MAX_LOGIN).await.map_err(|_| 400_u16)?;
        let message: Finished = serde_json::from_slice(&bytes).map_err(|_| 400_u16)?;
        let (login, holder) = message.into_parts();
        let answer = match request.path.as_str() {
            RENEW => self.turns.renew(login, holder).await,
            _ => self.turns.establish(login, holder).await,
        };
        self.reply(answer.map_err(status)?, Shows::Timing)
    }

    async fn answer(&self, request: &Incoming) -> Result<VaultReply, u16> {
        let question = Question::parse(&request.path, request.query.as_deref()).ok_or(404_u16)?;
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
