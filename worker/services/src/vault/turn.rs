//! One turn: the machine takes one step, all of it that is written is written, and then the rest is carried out.
//!
//! The machine stays in memory between turns and is never ahead of its row: a step that is not written down is forgotten, and whoever
//! waited is told to come again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use everlit_core::id::CallerId;
use everlit_core::service::{AlertId, Answer, Class, Effect, Event, RevocationId, Verdict};
use everlit_runtime::alarm::Alarm;
use everlit_runtime::few::Few;
use everlit_runtime::sql::Storage;
use everlit_runtime::{clock, log};
use futures_channel::oneshot;
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::loaded::{Brings, Fault, Loaded};

/// What a turn says to somebody who waits.
pub(super) enum Said {
    /// To a caller.
    Answer(Answer),
    /// To whoever handed something in.
    Verdict(Verdict),
}

/// The object behind its routes.
pub(super) struct Turns {
    pub(super) state: DurableObjectState,
    pub(super) env: Env,
    pub(super) memory: RefCell<Memory>,
    next_caller: Cell<u64>,
}

/// What is lost with the object.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) loaded: Option<Loaded>,
    pub(super) waiting: Few<CallerId, oneshot::Sender<Said>>,
    pub(super) alarm: Alarm,
    /// Whether a timer runs for those who wait.
    pub(super) is_watched: bool,
    /// What was begun by an alarm, which stays for it.
    pub(super) rests: Option<Vec<oneshot::Receiver<()>>>,
    /// Which copy was made last, whether one is under way, and whether there is something newer.
    pub(super) copied: u64,
    pub(super) is_copying: bool,
    pub(super) is_ahead: bool,
    /// Alerts that are on their way.
    pub(super) telling: Vec<AlertId>,
    /// Revocations that are.
    pub(super) revoking: Vec<RevocationId>,
}

impl Turns {
    pub(super) fn new(state: DurableObjectState, env: Env) -> Self {
        Self { state, env, memory: RefCell::default(), next_caller: Cell::new(0) }
    }

    /// Sees to it that the machine is in memory, and the alarm known.
    pub(super) async fn ready(&self, service: Option<&str>) -> Result<(), Fault> {
        if !self.memory.borrow().alarm.is_known() {
            let storage = Storage::of(&self.state).map_err(|_| Fault::Storage)?;
            let armed = storage.armed().await.map_err(|_| Fault::Storage)?;
            self.memory.borrow_mut().alarm.learn(armed);
        }
        if self.memory.borrow().loaded.is_some() {
            return Ok(());
        }
        let loaded = Loaded::read(&self.state, &self.env, service).await?;
        let mut memory = self.memory.borrow_mut();
        // Somebody may have been quicker meanwhile, and taken a turn.
        if memory.loaded.is_none() {
            memory.loaded = Some(loaded);
        }
        Ok(())
    }

    /// Looks at what there is.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Loaded) -> T) -> Result<T, Fault> {
        self.memory.borrow_mut().loaded.as_mut().map(look).ok_or(Fault::Storage)
    }

    /// A turn for somebody who waits for what comes of it.
    pub(super) async fn hear(
        self: &Rc<Self>,
        event: impl FnOnce(CallerId) -> Event,
        brings: Brings,
    ) -> Result<Said, Fault> {
        let caller = CallerId(self.next_caller.get());
        self.next_caller.set(caller.0.wrapping_add(1));
        let (sender, mut receiver) = oneshot::channel();
        self.memory.borrow_mut().waiting.insert(caller, sender);
        if let Err(fault) = self.turn(event(caller), &brings) {
            self.memory.borrow_mut().waiting.remove(&caller);
            return Err(fault);
        }
        if let Ok(Some(said)) = receiver.try_recv() {
            return Ok(said);
        }
        self.watch();
        // Its sender is gone where a turn was lost that others waited for, too.
        receiver.await.map_err(|_| Fault::Storage)
    }

    /// One turn.
    pub(super) fn turn(self: &Rc<Self>, event: Event, brings: &Brings) -> Result<(), Fault> {
        let effects = self.step(event, brings)?;
        self.carry_out(effects);
        Ok(())
    }

    /// The step, and everything of it that is written. There is no await in it: what it writes is one transaction.
    fn step(&self, event: Event, brings: &Brings) -> Result<Vec<Effect>, Fault> {
        let mut memory = self.memory.borrow_mut();
        let Memory { loaded, alarm, .. } = &mut *memory;
        let stepped =
            loaded.as_mut().ok_or(Fault::Storage).and_then(|loaded| loaded.step(event, brings, alarm));
        if stepped.is_err() {
            // What is in memory may be ahead of the row now. The row is the truth.
            memory.loaded = None;
            memory.waiting.clear();
        }
        stepped
    }

    /// The alarm rang. It stays for what it has begun, and never fails: seven failures, and the runtime drops the alarm for good.
    pub(super) async fn rung(self: &Rc<Self>) {
        self.memory.borrow_mut().alarm.rung();
        self.memory.borrow_mut().rests = Some(Vec::new());
        let done = match self.ready(None).await {
            Ok(()) => self.turn(Event::DeadlineReached, &Brings::Nothing),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = done {
            log::line("service_alarm_failed", [("misconfigured", (fault == Fault::Misconfigured).into())]);
            let again = match fault {
                // What is no longer configured is not watched. Whoever configures it again is looked at by the next cron.
                Fault::Misconfigured => Ok(()),
                Fault::Storage => Storage::of(&self.state)
                    .and_then(|storage| self.memory.borrow_mut().alarm.try_again(&storage)),
            };
            if again.is_err() {
                // The next touch of this object arms it.
                log::line("service_alarm_lost", []);
            }
        } else {
            let rewrapped = self.look(|loaded| loaded.kept.rewrap());
            if let Ok(Ok(true)) = rewrapped {
                log::line("service_rewrapped", []);
            }
        }
        loop {
            let next = self.memory.borrow_mut().rests.as_mut().and_then(Vec::pop);
            let Some(work) = next else { break };
            work.await.ok();
        }
        self.memory.borrow_mut().rests = None;
    }

    /// Whoever comes arms an alarm that was lost, and has done what is due.
    pub(super) fn touch(self: &Rc<Self>) -> Result<(), Fault> {
        let now = clock::now();
        if let Some(stamp) = self.look(|loaded| loaded.unreadable())? {
            // Its key is retired, and nobody can use it: it is over.
            let (class, read_only, until) = (Class::ReauthRequired, false, None);
            self.turn(Event::CallAnswered { stamp, read_only, class, until }, &Brings::Nothing)?;
        }
        let is_due = {
            let mut memory = self.memory.borrow_mut();
            let Memory { loaded, alarm, .. } = &mut *memory;
            let loaded = loaded.as_ref().ok_or(Fault::Storage)?;
            if loaded.restore_alarm(alarm, now).is_err() {
                log::line("service_alarm_lost", []);
            }
            loaded.monitor.next_deadline().is_some_and(|at| at <= now)
        };
        if is_due { self.turn(Event::DeadlineReached, &Brings::Nothing) } else { Ok(()) }
    }
}
