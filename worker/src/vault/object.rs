//! The Durable Object: internal routes, the alarm, and its sockets.

use std::rc::Rc;

use everlit_core::time::Millis;
use everlit_core::vault::{Ask, AskReason, Revoker};
use everlit_edge::oauth::MAX_BODY;
use futures_util::FutureExt as _;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{Request, Response, WebSocket};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::brake::HeldBack;
use super::loaded::{Fault, Loaded};
use super::message::{
    BY_USER, CONNECT, ESTABLISH, ESTABLISH_LINK, Finished, Holder, LEAVE, LINK, Left, LinkOrder, LinkText,
    Meant, OWNER, Owner, Question, RENEW, REPLACED, REVOKE, SIGHT, Sight, active_ago, patience,
};
use super::reply::{Brake, Shows, VaultReply};
use super::sockets;
use super::turn::{Said, Turns};
use crate::{body, clock, incoming, log, packed};

/// All of it came in one answer of a token endpoint, and is written anew.
const MAX_LOGIN: usize = 2 * MAX_BODY;

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
        let url = request.url();
        let trace = log::handed(incoming::split(&url).0);
        let answer = Box::pin(async move { vault.respond(&request, &url).await.map(JsValue::from) });
        let mut answer = log::Traced::new(trace, answer);
        // What was polled in vain here is polled again there, and leaves its waker then.
        (&mut answer).now_or_never().unwrap_or_else(|| Ok(future_to_promise(answer).into()))
    }

    /// The alarm rings.
    pub async fn alarm(&self) {
        log::Traced::new(0, Box::pin(self.turns.rung())).await;
    }

    /// Something came in on a socket.
    pub fn socket_said(&self, socket: WebSocket, message: JsValue) {
        sockets::said(&socket, &message);
    }

    /// The other side closed its socket.
    pub fn socket_closed(&self, socket: WebSocket) {
        sockets::closed(&socket);
    }
}

impl SessionVault {
    async fn respond(&self, request: &Request, url: &str) -> Result<Response, JsValue> {
        let (host, path, query) = incoming::split(url);
        if !log::is_understood(host) {
            return packed::refused(503);
        }
        if path == SIGHT {
            let look = |loaded: &mut Loaded| Sight::of(&loaded.vault, loaded.holder.as_ref());
            return packed::answer(&self.turns.look(look).await.map_err(status));
        }
        if let Some(how @ (BY_USER | REPLACED)) = query.filter(|_| path == LEAVE) {
            return packed::answer(&self.leave(how == REPLACED).await.map_err(status));
        }
        match path {
            OWNER => {
                let active_ago = active_ago(query);
                return packed::answer(&self.owner(active_ago).await.map_err(status));
            }
            LINK => return packed::answer(&self.link(request).await),
            _ => {}
        }
        let result = match path {
            ESTABLISH | ESTABLISH_LINK | RENEW => self.take_login(path, request).await,
            REVOKE => self.revoke(query, request).await,
            CONNECT => match self.turns.look(|loaded| loaded.vault.missed(clock::now())).await {
                Ok(Some(missed)) => return self.turns.open_socket(missed),
                Ok(None) => Ok(VaultReply::LoggedOut),
                Err(fault) => Err(status(fault)),
            },
            _ => self.answer(path, query).await,
        };
        packed::answer(&result)
    }

    /// Ends the session, and says what it leaves; nothing the second time.
    async fn leave(&self, others_go_on: bool) -> Result<Left, Fault> {
        let left = self.turns.look(|loaded| Left::of(&loaded.vault, loaded.holder.as_ref())).await?;
        let ended = if others_go_on {
            self.turns.revoke(Revoker::OtherDevice, &Meant { others_go_on, ..Meant::default() }).await
        } else {
            self.turns.end().await
        };
        ended.map(|_| left)
    }

    async fn take_login(&self, path: &str, request: &Request) -> Result<VaultReply, u16> {
        let message: Finished = packed::told(request, MAX_LOGIN).await?;
        let silent = message.silent;
        let (login, holder) = message.into_parts();
        let answer = match path {
            RENEW => self.turns.renew(login, holder, silent).await,
            _ => self.turns.establish(login, holder, path == ESTABLISH_LINK).await,
        };
        Ok(shown(answer.map_err(status)?, Shows::Timing))
    }

    /// What a link has to know of its session. It is asked as the session itself is, also how often.
    async fn owner(&self, active_ago: Option<Millis>) -> Result<Owner, Fault> {
        let ask = Ask { op: None, stamp: None, reason: AskReason::Activity, aim: None, active_ago };
        let reply = self.ask(ask, None, Shows::Timing).await?;
        self.turns.look(|loaded| Owner::of(loaded, reply)).await
    }

    async fn link(&self, request: &Request) -> Result<Owner, u16> {
        let said =
            self.turns.link(packed::told::<LinkOrder>(request, MAX_LOGIN).await?).await.map_err(status)?;
        self.turns.look(|loaded| Owner::of(loaded, shown(said, Shows::Timing))).await.map_err(status)
    }

    /// An end that may be about another login than this vault has.
    async fn revoke(&self, query: Option<&str>, request: &Request) -> Result<VaultReply, u16> {
        let Some(Question::Revoke(by)) = Question::parse(REVOKE, query) else { return Err(404) };
        let bytes = body::read(request.body(), MAX_LOGIN).await.map_err(|_| 400_u16)?;
        // Without a body it is about whatever there is.
        let meant = match bytes.as_slice() {
            [] => Meant::default(),
            bytes => packed::read(bytes).ok_or(400_u16)?,
        };
        Ok(shown(self.turns.revoke(by, &meant).await.map_err(status)?, Shows::Timing))
    }

    async fn answer(&self, path: &str, query: Option<&str>) -> Result<VaultReply, u16> {
        let question = Question::parse(path, query).ok_or(404_u16)?;
        let (said, shows) = match question {
            Question::Session => return self.session().await.map_err(status),
            Question::Token(ask) => {
                return self.ask(ask, patience(query), Shows::Timing).await.map_err(status);
            }
            Question::Access(ask) => return self.access(ask, patience(query)).await.map_err(status),
            Question::SilentRefused { top_level } => {
                (self.turns.silent_refused(top_level).await, Shows::Timing)
            }
            Question::Logout => (self.turns.end().await, Shows::Timing),
            Question::Revoke(by) => (self.turns.revoke(by, &Meant::default()).await, Shows::Timing),
        };
        Ok(shown(said.map_err(status)?, shows))
    }

    async fn session(&self) -> Result<VaultReply, Fault> {
        self.turns
            .look(|loaded| {
                let links = loaded.vault.links().iter().map(LinkText::from).collect();
                let holder = loaded.holder.clone().map(|holder| Holder { links, ..holder });
                VaultReply::new(Said::of(&loaded.vault), holder.as_ref(), Shows::Holder)
            })
            .await
    }

    /// A question for the token, unless it asks too much.
    async fn ask(&self, ask: Ask, patience: Option<Millis>, shows: Shows) -> Result<VaultReply, Fault> {
        let reply = match self.turns.held_back(&ask).await? {
            Some(HeldBack::What(said)) => self.shown(said, shows)?,
            Some(HeldBack::For(wait)) => throttled(wait, Brake::Rotation),
            None => self.shown(self.turns.ask(ask, patience).await?, shows)?,
        };
        if !matches!(reply, VaultReply::Ended { .. } | VaultReply::LoggedOut) {
            return Ok(reply);
        }
        Ok(self.turns.refuse()?.map_or(reply, |wait| throttled(wait, Brake::Refusal)))
    }

    /// With the key of now: if there was a login since, the token is refused with it, and asked for again.
    fn shown(&self, said: Said, shows: Shows) -> Result<VaultReply, Fault> {
        self.turns.with_loaded(|loaded| VaultReply::new(said, loaded.holder.as_ref(), shows))
    }

    async fn access(&self, ask: Ask, patience: Option<Millis>) -> Result<VaultReply, Fault> {
        let stamp = match ask.stamp {
            Some(stamp) => Some(stamp),
            None if ask.aim.is_some() => None,
            None => self.turns.stamp()?,
        };
        self.ask(Ask { stamp, ..ask }, patience, Shows::AccessToken).await
    }
}

/// What a caller is shown who does not ask whose session it is.
fn shown(said: Said, shows: Shows) -> VaultReply {
    VaultReply::new(said, None, shows)
}

const fn throttled(wait: Millis, what: Brake) -> VaultReply {
    VaultReply::Throttled { millis: wait.as_millis(), what }
}

/// What the Worker is told of a turn that did not happen. It asks again.
const fn status(fault: Fault) -> u16 {
    match fault {
        Fault::Misconfigured => 500,
        Fault::Storage | Fault::Ahead => 503,
    }
}
