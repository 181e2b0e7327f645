//! One turn: the machine is loaded, takes one step, and its effects are carried out in their order.
//!
//! The machine stays in memory between turns, together with those who wait for it. It is never ahead of its row: a step that
//! is not written down is forgotten, and whoever waited is told to come again. So the row is the truth, also after a restart.

use std::cell::RefCell;
use std::rc::Rc;

use everlit_core::id::{CallerId, OpId, Stamp};
use everlit_core::rate::Gcra;
use everlit_core::retry::BACKOFF_MIN;
use everlit_core::secret::Secret;
use everlit_core::time::Millis;
use everlit_core::vault::{Answer, Ask, Current, Effect, Event, Login, News, Refused, Revoker, Vault};
use futures_channel::oneshot;
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::loaded::{Arrival, Fault, Loaded, Lost};
use super::message::{Holder, LinkOrder, Meant};
use super::watch::Watch;
use crate::alarm::Alarm;
use crate::environment::Environment;
use crate::few::Few;
use crate::sql::Storage;
use crate::{background, clock, log};

/// The object behind its routes.
pub(super) struct Turns {
    pub(super) state: DurableObjectState,
    pub(super) env: Env,
    pub(super) memory: RefCell<Memory>,
}

/// What is lost with the object.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) loaded: Option<Loaded>,
    pub(super) waiting: Few<CallerId, oneshot::Sender<Said>>,
    /// The one timer, while anybody waits.
    pub(super) watch: Option<Watch>,
    /// The alarm's handler, while it stays for what was begun.
    pub(super) rest: Option<Watch>,
    /// How much is under way that was begun by turns.
    pub(super) under_way: usize,
    pub(super) alarm: Alarm,
    pub(super) rotations: Gcra,
    pub(super) refusals: Gcra,
    next_caller: u64,
}

/// What a turn says to a caller. Who waits hears it later, and then the vault may stand elsewhere.
pub(super) struct Said {
    pub(super) answer: Answer,
    /// The newest token there was.
    pub(super) stamp: Option<Stamp>,
    /// What was turned down of silent re-logins.
    pub(super) refused: Refused,
}

/// What is left to do once everything is written.
pub(super) struct Due {
    pub(super) environment: Rc<Environment>,
    /// The id of the object.
    pub(super) object: Rc<str>,
    /// The name of the provider.
    pub(super) provider: Rc<str>,
    /// The key that the tokens are bound to, if they are.
    pub(super) dpop_key: Option<Secret<String>>,
    /// The question that the last token request was made for.
    pub(super) op: Option<OpId>,
    /// The newest token as of this turn.
    pub(super) stamp: Option<Stamp>,
    /// What was turned down of silent re-logins, as of this turn.
    pub(super) refused: Refused,
    /// What those are told of it who have not asked.
    pub(super) news: Option<News>,
    pub(super) effects: Vec<Effect>,
}

impl Turns {
    pub(super) fn new(state: DurableObjectState, env: Env) -> Self {
        Self { state, env, memory: RefCell::default() }
    }

    /// Takes a finished login; of a link, it ends soon unless a session takes it.
    pub(super) async fn establish(
        self: &Rc<Self>,
        login: Login,
        holder: Holder,
        is_link: bool,
    ) -> Result<Said, Fault> {
        self.learn_alarm().await;
        self.with_loaded(|loaded| loaded.begin(holder, is_link))?;
        let due = self.step(Event::LoginCommitted(login), None)?;
        self.make_escrow(&due);
        self.carry_out(due);
        self.peek()
    }

    /// Takes a login of the user whose session this is. Another user's is not taken: this session is not theirs.
    pub(super) async fn renew(
        self: &Rc<Self>,
        login: Login,
        holder: Holder,
        silent: bool,
    ) -> Result<Said, Fault> {
        self.learn_alarm().await;
        let is_same =
            |loaded: &mut Loaded| loaded.holder.as_ref().is_some_and(|known| known.is_same_person(&holder));
        if !self.with_loaded(is_same)? {
            return Ok(Said { answer: Answer::LoggedOut, stamp: None, refused: Refused::default() });
        }
        let caller = self.next_caller();
        let arrival = Arrival::Login { login: login.epoch, holder };
        let due = self.step(Event::RenewalCommitted { caller, login, silent }, Some(&arrival))?;
        self.hear(caller, due, None).await
    }

    /// What a caller would be told that asks for nothing but news.
    fn peek(&self) -> Result<Said, Fault> {
        self.with_loaded(|loaded| Said::of(&loaded.vault))
    }

    /// Looks at what there is, for somebody who came: an alarm that was lost is armed again by whoever comes.
    pub(super) async fn look<T>(&self, look: impl FnOnce(&mut Loaded) -> T) -> Result<T, Fault> {
        self.learn_alarm().await;
        let mut memory = self.memory.borrow_mut();
        let Memory { loaded, alarm, .. } = &mut *memory;
        let loaded = self.loaded(loaded)?;
        if loaded.restore_alarm(alarm).is_err() {
            log::line("alarm_lost", []);
        }
        Ok(look(loaded))
    }

    /// Looks at what there is.
    pub(super) fn with_loaded<T>(&self, look: impl FnOnce(&mut Loaded) -> T) -> Result<T, Fault> {
        let mut memory = self.memory.borrow_mut();
        self.loaded(&mut memory.loaded).map(look)
    }

    /// Asks for the token, and waits for the answer: for as long as the machine has anybody wait, or for what a caller has left
    /// that has waited before.
    pub(super) async fn ask(self: &Rc<Self>, ask: Ask, patience: Option<Millis>) -> Result<Said, Fault> {
        let said = self.answer(|caller| Event::TokenAsked { caller, ask }, patience).await?;
        // Nobody is told of another token than they asked for, also where they had no more time to wait for it.
        let is_other = matches!(&said.answer, Answer::Current(Current { target, .. })
            if target.as_ref().map(|target| target.aim) != ask.aim);
        Ok(if is_other { Said { answer: Answer::RetryAfter(BACKOFF_MIN), ..said } } else { said })
    }

    /// Notes that a silent re-login was turned down.
    pub(super) async fn silent_refused(self: &Rc<Self>, top_level: bool) -> Result<Said, Fault> {
        self.answer(|caller| Event::SilentRefused { caller, top_level }, None).await
    }

    /// Does with a link what is said, unless it was begun by another than the user of this session.
    pub(super) async fn link(self: &Rc<Self>, order: LinkOrder) -> Result<Said, Fault> {
        self.learn_alarm().await;
        if let LinkOrder::Made { sub, .. } = &order {
            let is_own =
                |loaded: &mut Loaded| loaded.holder.as_ref().is_some_and(|holder| holder.user.sub == *sub);
            if !self.with_loaded(is_own)? {
                return self.peek();
            }
        }
        let change = order.into();
        self.answer(|caller| Event::LinkChanged { caller, change }, None).await
    }

    /// Ends the session.
    pub(super) async fn end(self: &Rc<Self>) -> Result<Said, Fault> {
        self.answer(|caller| Event::LogoutAsked { caller }, None).await
    }

    /// Ends the session in somebody else's name, unless it has another login than is meant.
    pub(super) async fn revoke(self: &Rc<Self>, by: Revoker, meant: &Meant) -> Result<Said, Fault> {
        self.learn_alarm().await;
        let spares = |loaded: &mut Loaded| loaded.holder.as_ref().is_some_and(|holder| meant.spares(holder));
        if self.with_loaded(spares)? {
            return self.peek();
        }
        let others_go_on = meant.others_go_on;
        self.answer(|caller| Event::RevokeAsked { caller, by, others_go_on }, None).await
    }

    /// The alarm rang. It stays for what it has begun, and never fails: seven failures, and the runtime drops the alarm for good.
    pub(super) async fn rung(self: &Rc<Self>) {
        self.ring();
        self.rest().await;
    }

    fn ring(self: &Rc<Self>) {
        self.memory.borrow_mut().alarm.rung();
        let Err(fault) = self.turn(Event::DeadlineReached) else { return };
        log::line("alarm_failed", [("misconfigured", (fault == Fault::Misconfigured).into())]);
        let again =
            Storage::of(&self.state).and_then(|storage| self.memory.borrow_mut().alarm.try_again(&storage));
        if again.is_err() {
            // The next touch of this object arms it.
            log::line("alarm_lost", []);
        }
    }

    /// The newest token there is.
    pub(super) fn stamp(&self) -> Result<Option<Stamp>, Fault> {
        self.with_loaded(|loaded| loaded.vault.stamp())
    }

    /// One turn for a caller.
    async fn answer(
        self: &Rc<Self>,
        event: impl FnOnce(CallerId) -> Event,
        patience: Option<Millis>,
    ) -> Result<Said, Fault> {
        self.learn_alarm().await;
        let caller = self.next_caller();
        let due = self.step(event(caller), None)?;
        self.hear(caller, due, patience).await
    }

    /// What a turn says to its caller. Where the answer is there at once, nothing is made to wait for it.
    async fn hear(
        self: &Rc<Self>,
        caller: CallerId,
        mut due: Due,
        patience: Option<Millis>,
    ) -> Result<Said, Fault> {
        let own = due.take_answer(caller);
        let (stamp, refused) = (due.stamp, due.refused);
        let waits = own.is_none().then(|| {
            let (sender, receiver) = oneshot::channel();
            self.memory.borrow_mut().waiting.insert(caller, sender);
            receiver
        });
        self.carry_out(due);
        let receiver = match (own, waits) {
            (Some(answer), _) => return Ok(Said { answer, stamp, refused }),
            (None, Some(receiver)) => receiver,
            (None, None) => return Err(Fault::Storage),
        };
        if let Some(patience) = patience {
            self.bound(caller, patience);
        }
        // Its sender is gone where a turn was lost that others waited for, too.
        receiver.await.map_err(|_| Fault::Storage)
    }

    /// Bounds the wait of a caller that has waited before. It is then told what there is, unless that has ended.
    fn bound(self: &Rc<Self>, caller: CallerId, patience: Millis) {
        let turns = Rc::clone(self);
        background::start(&self.state, async move {
            clock::pause(patience).await;
            let sender = turns.memory.borrow_mut().waiting.remove(&caller);
            let Some(sender) = sender else { return };
            turns.watch();
            if let Ok(Said { answer, stamp, refused }) = turns.peek() {
                let has_ended =
                    matches!(&answer, Answer::Current(current) if current.expires_in == Millis::ZERO);
                let answer = if has_ended { Answer::RetryAfter(BACKOFF_MIN) } else { answer };
                drop(sender.send(Said { answer, stamp, refused }));
            }
        });
    }

    /// One turn that nobody waits for.
    pub(super) fn turn(self: &Rc<Self>, event: Event) -> Result<(), Fault> {
        let due = self.step(event, None)?;
        self.carry_out(due);
        Ok(())
    }

    /// The step, and everything of it that is written. There is no await in it: what it writes is one transaction.
    pub(super) fn step(&self, event: Event, arrival: Option<&Arrival>) -> Result<Due, Fault> {
        let stepped = self.attempt(event.clone(), arrival);
        let again = stepped.or_else(|lost| {
            self.drop_memory();
            match lost {
                Lost::Superseded => self.attempt(event, arrival),
                Lost::Fault(_) => Err(lost),
            }
        });
        again.map_err(|lost| {
            self.drop_memory();
            match lost {
                Lost::Superseded => Fault::Storage,
                Lost::Fault(fault) => fault,
            }
        })
    }

    fn attempt(&self, event: Event, arrival: Option<&Arrival>) -> Result<Due, Lost> {
        let mut memory = self.memory.borrow_mut();
        let Memory { loaded, alarm, .. } = &mut *memory;
        let loaded = self.loaded(loaded)?;
        let (before, stood) = (loaded.op(), loaded.vault.standing());
        let effects = loaded.step(event, arrival, alarm)?;
        Ok(Due {
            environment: Rc::clone(&loaded.environment),
            object: Rc::clone(&loaded.object),
            provider: Rc::clone(&loaded.provider),
            dpop_key: loaded.holder.as_ref().and_then(|holder| holder.dpop_key.clone()).map(Secret::new),
            op: loaded.op().or(before),
            stamp: loaded.vault.stamp(),
            refused: loaded.vault.refused(),
            news: loaded.vault.standing().news_since(stood),
            effects,
        })
    }

    /// What is in memory may be ahead of the row now, or behind it. The row is the truth.
    fn drop_memory(&self) {
        let mut memory = self.memory.borrow_mut();
        memory.loaded = None;
        memory.watch = None;
        memory.waiting.clear();
    }

    fn loaded<'a>(&self, loaded: &'a mut Option<Loaded>) -> Result<&'a mut Loaded, Fault> {
        if loaded.is_none() {
            *loaded = Some(Loaded::read(&self.state, &self.env)?);
        }
        // It is there by now.
        loaded.as_mut().ok_or(Fault::Storage)
    }

    /// Before its first turn an object asks what its alarm is armed for.
    async fn learn_alarm(&self) {
        if self.memory.borrow().alarm.is_known() {
            return;
        }
        let Ok(storage) = Storage::of(&self.state) else { return };
        // Where that cannot be said, it is armed anew.
        let armed_at = storage.armed().await.unwrap_or_default();
        self.memory.borrow_mut().alarm.learn(armed_at);
    }

    fn next_caller(&self) -> CallerId {
        let mut memory = self.memory.borrow_mut();
        let caller = CallerId(memory.next_caller);
        memory.next_caller = memory.next_caller.wrapping_add(1);
        caller
    }
}

impl Said {
    /// What a caller would be told now that asks for nothing but news.
    pub(super) fn of(vault: &Vault) -> Self {
        Self { answer: vault.peek(clock::now()), stamp: vault.stamp(), refused: vault.refused() }
    }
}

impl Due {
    /// The answer for this caller, if there is one.
    fn take_answer(&mut self, caller: CallerId) -> Option<Answer> {
        let is_own =
            |effect: &Effect| matches!(effect, Effect::Answer { caller: whom, .. } if *whom == caller);
        match self.effects.remove(self.effects.iter().position(is_own)?) {
            Effect::Answer { answer, .. } => Some(answer),
            Effect::Persist
            | Effect::Forget
            | Effect::RequestToken { .. }
            | Effect::CloseEscrow { .. }
            | Effect::EraseEscrow
            | Effect::Revoke { .. }
            | Effect::EndLink { .. }
            | Effect::Report(_)
            | Effect::AbandonRevocation { .. } => None,
        }
    }
}
