//! One turn: the machine is loaded, takes one step, and its effects are carried out in their order.
//!
//! The machine stays in memory between turns, together with those who wait for it. It is never ahead of its row: a step that
//! is not written down is forgotten, and whoever waited is told to come again. So the row is the truth, also after a restart.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use everlit_core::id::{CallerId, Stamp};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Answer, Ask, Effect, Event, Login, Outcome, Phase, Vault};
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use worker::worker_sys::DurableObjectState;
use worker::{Delay, Env};

use super::message::Holder;
use super::row_store::{Kept, RowStore, WriteError};
use super::{revocation, token_request};
use crate::environment::Environment;
use crate::sql::{Storage, StorageError};
use crate::{background, clock, log};

/// An alarm that is so late was lost, and is armed again.
const ALARM_LOST: Millis = Millis::from_secs(60);

/// Why a turn did not happen. Whoever asked may ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The configuration is wrong.
    Misconfigured,
    /// The storage failed, or what it holds is not what was expected.
    Storage,
}

/// The object behind its routes.
pub(super) struct Turns {
    state: DurableObjectState,
    env: Env,
    memory: RefCell<Memory>,
}

#[derive(Default)]
struct Memory {
    loaded: Option<Loaded>,
    waiting: BTreeMap<CallerId, oneshot::Sender<Answer>>,
    next_caller: u64,
}

struct Loaded {
    environment: Rc<Environment>,
    store: RowStore,
    vault: Vault,
    provider: String,
    holder: Option<Holder>,
    /// The stamp of the row as it was last read or written; nothing where there is no row.
    written: Option<Stamp>,
    alarm_at: Option<Timestamp>,
}

/// What is left to do once everything is written.
struct Due {
    environment: Rc<Environment>,
    provider: String,
    effects: Vec<Effect>,
}

impl Turns {
    pub(super) fn new(state: DurableObjectState, env: Env) -> Self {
        Self { state, env, memory: RefCell::default() }
    }

    /// Takes a finished login.
    pub(super) fn establish(self: &Rc<Self>, login: Login, holder: Holder) -> Result<Answer, Fault> {
        self.with_loaded(|loaded| {
            if loaded.written.is_none() {
                loaded.provider.clone_from(&holder.provider);
                loaded.holder = Some(holder);
            }
        })?;
        self.turn(Event::LoginCommitted(login))?;
        self.peek()
    }

    /// Takes a login of the user whose session this is. Another user's is not taken: this session is not theirs.
    pub(super) async fn renew(self: &Rc<Self>, login: Login, holder: Holder) -> Result<Answer, Fault> {
        let same = self.with_loaded(|loaded| {
            let same = loaded.holder.as_ref().is_some_and(|known| known.is_same_person(&holder));
            if same {
                // Names and addresses change; the person does not.
                loaded.holder = Some(holder);
            }
            same
        })?;
        if !same {
            return Ok(Answer::LoggedOut);
        }
        let (caller, receiver) = self.enlist();
        self.turn(Event::RenewalCommitted { caller, login })?;
        self.answered(receiver).await
    }

    /// What a caller would be told that asks for nothing but news.
    pub(super) fn peek(&self) -> Result<Answer, Fault> {
        self.with_loaded(|loaded| loaded.vault.peek(clock::now()))
    }

    /// The newest token there is, and whose session it is.
    pub(super) fn known(&self) -> Result<(Option<Stamp>, Option<Holder>), Fault> {
        self.with_loaded(|loaded| (loaded.vault.stamp(), loaded.holder.clone()))
    }

    /// Asks for the token, and waits for the answer.
    pub(super) async fn ask(self: &Rc<Self>, ask: Ask) -> Result<Answer, Fault> {
        let (caller, receiver) = self.enlist();
        self.turn(Event::TokenAsked { caller, ask })?;
        self.answered(receiver).await
    }

    /// Ends the session.
    pub(super) async fn end(self: &Rc<Self>) -> Result<Answer, Fault> {
        let (caller, receiver) = self.enlist();
        self.turn(Event::LogoutAsked { caller })?;
        self.answered(receiver).await
    }

    /// The alarm rang: there is none armed any more.
    pub(super) fn rung(self: &Rc<Self>) -> Result<(), Fault> {
        self.with_loaded(|loaded| loaded.alarm_at = None)?;
        self.turn(Event::DeadlineReached)
    }

    fn enlist(&self) -> (CallerId, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        let mut memory = self.memory.borrow_mut();
        let caller = CallerId(memory.next_caller);
        memory.next_caller = memory.next_caller.wrapping_add(1);
        memory.waiting.insert(caller, sender);
        (caller, receiver)
    }

    /// Waits for an answer, and tells the machine when one of its deadlines comes first.
    async fn answered(self: &Rc<Self>, mut receiver: oneshot::Receiver<Answer>) -> Result<Answer, Fault> {
        loop {
            match receiver.try_recv() {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                // Its sender is gone: the turn that it waited for was not written.
                Err(_) => return Err(Fault::Storage),
            }
            let deadline = self.with_loaded(|loaded| loaded.vault.next_deadline())?;
            // After a deadline was handled the next one is later; the floor is for clocks, which tick in whole milliseconds.
            let wait = deadline
                .map_or(Millis::from_secs(1), |at| clock::now().until(at))
                .as_millis()
                .clamp(5, 60_000);
            match select(receiver, Delay::from(Duration::from_millis(wait))).await {
                Either::Left((answer, _)) => return answer.map_err(|_| Fault::Storage),
                Either::Right(((), pending)) => {
                    receiver = pending;
                    self.turn(Event::DeadlineReached)?;
                }
            }
        }
    }

    /// One turn. There is no await in it: what it writes is one transaction.
    fn turn(self: &Rc<Self>, event: Event) -> Result<(), Fault> {
        let due = self.step(event).inspect_err(|_| {
            // What is in memory may be ahead of the row now. The row is the truth.
            let mut memory = self.memory.borrow_mut();
            memory.loaded = None;
            memory.waiting.clear();
        })?;
        let Due { environment, provider, effects } = due;
        for effect in effects {
            match effect {
                Effect::RequestToken { request, refresh_token } => {
                    let (turns, environment) = (Rc::clone(self), Rc::clone(&environment));
                    let provider = provider.clone();
                    background::start(&self.state, async move {
                        let answer = token_request::refresh(&environment, &provider, &refresh_token).await;
                        // A turn that fails has been logged; the open intent is found by the alarm.
                        turns.turn(Event::TokenAnswered { request, answer }).ok();
                    });
                }
                Effect::Revoke { refresh_token } => {
                    let (environment, provider) = (Rc::clone(&environment), provider.clone());
                    background::start(&self.state, async move {
                        revocation::revoke(&environment, &provider, &refresh_token).await;
                    });
                }
                Effect::Answer { caller, answer } => {
                    let sender = self.memory.borrow_mut().waiting.remove(&caller);
                    // A caller that has hung up hears nothing.
                    drop(sender.map(|sender| sender.send(answer)));
                }
                Effect::Report(outcome) => log::line("outcome", [("outcome", outcome_name(outcome).into())]),
                // Done, before anything else.
                Effect::Persist | Effect::Forget => {}
            }
        }
        Ok(())
    }

    /// The step, and everything of it that is written.
    fn step(&self, event: Event) -> Result<Due, Fault> {
        let mut memory = self.memory.borrow_mut();
        let loaded = self.loaded(&mut memory)?;
        let effects: Vec<Effect> = loaded.vault.step(clock::moment(), event).into_iter().collect();
        let written = if effects.contains(&Effect::Forget) {
            loaded.forget()
        } else {
            loaded.write(effects.contains(&Effect::Persist))
        };
        written.map_err(|error| {
            let reason = match error {
                WriteError::Storage(StorageError(thrown)) => log::class_of(&thrown),
                WriteError::Superseded => "superseded".into(),
                WriteError::Unsealable => "unsealable".into(),
            };
            log::line("turn_lost", [("reason", reason)]);
            Fault::Storage
        })?;
        Ok(Due { environment: Rc::clone(&loaded.environment), provider: loaded.provider.clone(), effects })
    }

    fn with_loaded<T>(&self, look: impl FnOnce(&mut Loaded) -> T) -> Result<T, Fault> {
        let mut memory = self.memory.borrow_mut();
        self.loaded(&mut memory).map(look)
    }

    fn loaded<'a>(&self, memory: &'a mut Memory) -> Result<&'a mut Loaded, Fault> {
        let loaded = match memory.loaded.take() {
            Some(loaded) => loaded,
            None => self.load()?,
        };
        Ok(memory.loaded.insert(loaded))
    }

    fn load(&self) -> Result<Loaded, Fault> {
        let environment = Environment::of(&self.env).map_err(|_| Fault::Misconfigured)?;
        let lost = |StorageError(thrown): StorageError| {
            log::line("load_failed", [("reason", log::class_of(&thrown))]);
            Fault::Storage
        };
        let id = self.state.id().and_then(|id| id.to_string()).map_err(|thrown| lost(thrown.into()))?;
        let storage = Storage::of(&self.state).map_err(lost)?;
        let store = RowStore::new(storage, &environment.keyring, &id);
        let policy = environment.policy();
        let loaded = match store.load().map_err(lost)? {
            Some(Kept { row, provider, user, alarm_at }) => {
                let written = Some(row.stamp);
                let holder = user.map(|user| Holder { provider: provider.clone(), user });
                Loaded {
                    environment,
                    store,
                    vault: Vault::load(policy, row),
                    provider,
                    holder,
                    written,
                    alarm_at,
                }
            }
            None => {
                let (vault, provider) = (Vault::new(policy), String::new());
                Loaded { environment, store, vault, provider, holder: None, written: None, alarm_at: None }
            }
        };
        Ok(loaded)
    }
}

impl Loaded {
    /// Writes the row where the machine says so, and sees to the alarm in the same transaction.
    ///
    /// An alarm that is armed for an earlier time is left as it is: it rings for nothing, and is armed anew then. To move it
    /// with every refresh would cost a row each time.
    fn write(&mut self, persist: bool) -> Result<(), WriteError> {
        let armed = self.alarm_at.filter(|at| clock::now().since(*at) < ALARM_LOST);
        let rearmed = self.vault.next_alarm().filter(|next| armed.is_none_or(|armed| *next < armed));
        if let Some(at) = rearmed {
            self.store.arm(at)?;
            self.alarm_at = Some(at);
        }
        if !persist {
            return if rearmed.is_some() { Ok(self.store.note_alarm(self.alarm_at)?) } else { Ok(()) };
        }
        let over = matches!(self.vault.phase(), Phase::Ended(_));
        // A session that is over keeps no claims: only why it ended, and where a late answer would have to be revoked.
        let user = self.holder.as_ref().filter(|_| !over).map(|holder| holder.user.clone());
        let kept =
            Kept { row: self.vault.row(), provider: self.provider.clone(), user, alarm_at: self.alarm_at };
        match self.written {
            Some(stamp) => self.store.update(&kept, stamp)?,
            None => self.store.insert(&kept)?,
        }
        self.written = Some(kept.row.stamp);
        Ok(())
    }

    fn forget(&mut self) -> Result<(), WriteError> {
        self.store.erase()?;
        (self.written, self.alarm_at, self.holder) = (None, None, None);
        Ok(())
    }
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Recovered => "recovered",
        Outcome::Revoked => "revoked",
        Outcome::RotationLost => "rotation_lost",
        Outcome::Throttled => "throttled",
        Outcome::Transient => "transient",
        Outcome::Misconfigured => "misconfigured",
        Outcome::Late => "late",
    }
}
