//! The Durable Object: its internal routes, and the alarm.

use std::rc::Rc;

use everlit_core::service::{Answer, Class, Event, Person, Purpose};
use everlit_core::time::Timestamp;
use everlit_edge::provider::Protocol;
use everlit_edge::service::status;
use everlit_runtime::{body, incoming, log};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{Request, Response, ResponseInit};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::loaded::{Brings, Fault};
use super::message::{
    ANSWERED, CALLBACK, CREDENTIAL, CallAnswered, Done, FALLBACK, LOGIN, LOGOUT, NOTICE, PERSON, PersonAsk,
    REFRESH, RefreshAsk, STATUS, TICKET, TOKEN, TokenAsk, TokenReply,
};
use super::turn::{Said, Turns};

/// The longest message: something handed in, of which JSON writes a letter as six at worst, and a little around it.
const MAX_MESSAGE: usize = 512 * 1_024;

/// The vault of one account of the operator's. Its name is the service's; it can be reached over the binding alone.
#[wasm_bindgen]
#[derive(Clone)]
pub struct ServiceVault {
    turns: Rc<Turns>,
}

#[wasm_bindgen]
impl ServiceVault {
    /// The object behind this state.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        Self { turns: Rc::new(Turns::new(state, env)) }
    }

    /// Answers the Worker.
    pub fn fetch(&self, request: Request) -> JsValue {
        let vault = self.clone();
        let url = request.url();
        let trace = log::handed(incoming::split(&url).0);
        let answer = Box::pin(async move { vault.respond(&request, &url).await.map(JsValue::from) });
        future_to_promise(log::Traced::new(trace, answer)).into()
    }

    /// The alarm rings.
    pub async fn alarm(&self) {
        log::Traced::new(0, Box::pin(self.turns.rung())).await;
    }
}

impl ServiceVault {
    async fn respond(&self, request: &Request, url: &str) -> Result<Response, JsValue> {
        let (_, path, _) = incoming::split(url);
        let answered = match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
            Some((service, question)) => self.answer(service, question, request).await,
            None => Err(404),
        };
        match answered {
            Ok(text) => Response::new_with_opt_str(Some(&text)),
            Err(status) => {
                let init = ResponseInit::new();
                init.set_status(status);
                Response::new_with_opt_str_and_init(None, &init)
            }
        }
    }

    async fn answer(&self, service: &str, question: &str, request: &Request) -> Result<String, u16> {
        let turns = &self.turns;
        turns.ready(Some(service)).await.map_err(status_of)?;
        turns.touch().map_err(status_of)?;
        match question {
            TOKEN => {
                let TokenAsk { caller: name, reads_only, is_call } = message(request).await?;
                let purpose = if is_call { Purpose::Call } else { Purpose::Token };
                let event = |caller| Event::Asked { caller, name, reads_only, purpose };
                written(self.token(turns.hear(event, Brings::Nothing).await))
            }
            REFRESH => {
                let RefreshAsk { caller: name, holds, operator } = message(request).await?;
                let holds = holds.map(Into::into);
                let event = |caller| Event::RefreshAsked { caller, name, holds, operator };
                written(self.token(turns.hear(event, Brings::Nothing).await))
            }
            PERSON => {
                let PersonAsk { person, reads_only, forces, doubts } = message(request).await?;
                let person = Person(person);
                let event = |caller| Event::PersonAsked { caller, person, reads_only, forces, doubts };
                written(self.token(turns.hear(event, Brings::Nothing).await))
            }
            FALLBACK => written(turns.turn(Event::FellBack, &Brings::Nothing).map(|()| Done {})),
            CREDENTIAL => written(turns.take(message(request).await?).await),
            STATUS => written(self.status()),
            LOGOUT => written(self.log_out()),
            TICKET => written(turns.ticket()),
            LOGIN => written(turns.begin_login(&message(request).await?)),
            CALLBACK => written(turns.finish_login(message(request).await?).await),
            NOTICE => written(turns.notice(message(request).await?).await.map(|()| Done {})),
            ANSWERED => written(self.call_answered(message(request).await?)),
            _ => Err(404),
        }
    }

    fn token(&self, said: Result<Said, Fault>) -> Result<TokenReply, Fault> {
        let Said::Answer(answer) = said? else { return Err(Fault::Storage) };
        self.turns.look(|loaded| match answer {
            Answer::Token { stamp, read_only, .. } => {
                // One that nobody can open any more is asked for again, and is found to be over.
                let token = loaded.token(stamp, read_only).ok_or(Fault::Storage)?;
                let expires_at = if read_only {
                    loaded.monitor.status(loaded.now()?).on_fallback
                } else {
                    loaded.monitor.token().and_then(|token| token.expires_at)
                };
                Ok(TokenReply::Token {
                    access_token: token.expose().clone(),
                    place: stamp.into(),
                    expires_at: expires_at.map(Timestamp::as_millis),
                    read_only,
                })
            }
            Answer::None { reason, retry_after } => {
                let status = loaded.monitor.status(loaded.now()?);
                Ok(TokenReply::None {
                    reason: reason.as_str().to_owned(),
                    wait: retry_after.as_millis(),
                    since: status.need.map(|need| need.since.as_millis()),
                    login_from: status.login_from.map(Timestamp::as_millis),
                })
            }
        })?
    }

    fn status(&self) -> Result<Value, Fault> {
        self.turns.look(|loaded| {
            let account = loaded.account()?;
            let now = loaded.now()?;
            let mut told = status::told(account.config, &loaded.monitor.status(now), now.moment.wall);
            if let Some(told) = told.as_object_mut()
                && account.config.protocol == Protocol::Upstox
            {
                let path = ["/service/", &loaded.service, "/notify/", loaded.notifier.expose()].concat();
                told.insert("notify_path".into(), path.into());
            }
            Ok(told)
        })?
    }

    /// Ends the session here. The provider hears of it by itself.
    fn log_out(&self) -> Result<Done, Fault> {
        self.turns.turn(Event::LoggedOut, &Brings::Nothing).map(|()| Done {})
    }

    fn call_answered(&self, said: CallAnswered) -> Result<Done, Fault> {
        let CallAnswered { place, read_only, class, until } = said;
        let Some(class) = Class::ALL.into_iter().find(|known| known.as_str() == class) else {
            return Ok(Done {});
        };
        let until = until.map(Timestamp::from_millis);
        let event = Event::CallAnswered { stamp: place.into(), read_only, class, until };
        self.turns.turn(event, &Brings::Nothing).map(|()| Done {})
    }
}

async fn message<T: DeserializeOwned>(request: &Request) -> Result<T, u16> {
    let bytes = body::read(request.body(), MAX_MESSAGE).await.map_err(|_| 413_u16)?;
    serde_json::from_slice(&bytes).map_err(|_| 400)
}

fn written(result: Result<impl Serialize, Fault>) -> Result<String, u16> {
    let reply = result.map_err(status_of)?;
    serde_json::to_string(&reply).map_err(|_| 500)
}

/// What the Worker is told of a turn that did not happen. It asks again.
const fn status_of(fault: Fault) -> u16 {
    match fault {
        Fault::Misconfigured => 500,
        Fault::Storage => 503,
    }
}
