//! The Durable Object: internal routes, and the alarm that erases.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use everlit_core::rate::{Gcra, Rate};
use everlit_core::time::Millis;
use futures_channel::oneshot;
use futures_util::future::select;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::message::{
    BEGIN, BEGIN_COUNTED, CLAIM, Claim, Claimed, DEPART, Departed, Departure, FINISH, Finish, Noted, RETURN,
    Return, TAKE, Take, Transaction,
};
use super::store::{self, DeskError, LoginStore};
use crate::alarm::Alarm;
use crate::environment::Environment;
use crate::few::Few;
use crate::incoming::Incoming;
use crate::packed::Packed;
use crate::sql::{Storage, StorageError};
use crate::{clock, log, packed};

/// A transaction is a few hundred bytes.
const MAX_MESSAGE: usize = 64 * 1_024;
/// How long a callback waits for another one with the same `state`.
const PATIENCE: Millis = Millis::from_secs(20);

/// The pending logins of one browser. Its name is the id in the binding cookie; it can be reached over the binding alone.
#[wasm_bindgen]
pub struct LoginDesk {
    state: DurableObjectState,
    env: Env,
    /// Callbacks that wait for another one, by `state`.
    waiting: RefCell<Few<String, Vec<oneshot::Sender<()>>>>,
    /// As far as its handler needs to know.
    alarm: RefCell<Alarm>,
    /// Logins that began here, or passed here if this is a gate.
    begun: Cell<Gcra>,
    /// Callbacks that came.
    called: Cell<Gcra>,
}

#[wasm_bindgen]
impl LoginDesk {
    /// The object behind this state.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        Self {
            state,
            env,
            waiting: RefCell::default(),
            alarm: RefCell::default(),
            begun: Cell::default(),
            called: Cell::default(),
        }
    }

    /// Answers the Worker.
    pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
        let request = Incoming::new(request);
        if !log::is_understood(&request.host) {
            return packed::refused(503);
        }
        let trace = log::handed(&request.host);
        log::Traced::new(trace, Box::pin(self.respond(request))).await
    }

    /// The alarm rings.
    pub async fn alarm(&self) {
        log::Traced::new(0, Box::pin(self.rung())).await;
    }
}

impl LoginDesk {
    async fn rung(&self) {
        self.alarm.borrow_mut().rung();
        // Never an error: seven of them, and the runtime drops the alarm for good.
        if let Err(StorageError(thrown)) = self.sweep() {
            log::line("alarm_failed", [("object", "login_desk".into()), ("reason", log::class_of(&thrown))]);
            let again =
                Storage::of(&self.state).and_then(|storage| self.alarm.borrow_mut().try_again(&storage));
            if again.is_err() {
                // The next login of this browser arms it.
                log::line("alarm_lost", [("object", "login_desk".into())]);
            }
        }
    }

    async fn respond(&self, request: Incoming) -> Result<Response, JsValue> {
        match request.path.as_str() {
            BEGIN => packed::answer(&self.begin(&request, false).await),
            BEGIN_COUNTED => packed::answer(&self.begin(&request, true).await),
            CLAIM => packed::answer(&self.claim(&request).await),
            FINISH => packed::answer(&self.finish(&request).await),
            DEPART => packed::answer(&self.depart(&request).await),
            TAKE => packed::answer(&self.take(&request).await),
            RETURN => packed::answer(&self.back(&request).await),
            "/admit" => packed::answer(&self.admit(request.query.as_deref())),
            _ => packed::refused(404),
        }
    }

    async fn begin(&self, request: &Incoming, is_counted: bool) -> Result<Noted, u16> {
        let transaction: Transaction = message(request).await?;
        let limits = self.environment()?.config.limits;
        if !is_counted && let Err(wait) = count(&self.begun, limits.logins_per_browser) {
            return Ok(Noted { throttled: Some(wait.as_millis()) });
        }
        lift(self.store()?.begin(&transaction, clock::now()))?;
        Ok(Noted::default())
    }

    async fn claim(&self, request: &Incoming) -> Result<Claimed, u16> {
        let claim: Claim = message(request).await?;
        let limits = self.environment()?.config.limits;
        if let Err(wait) = count(&self.called, limits.callbacks_per_browser) {
            return Ok(Claimed::Throttled { millis: wait.as_millis() });
        }
        let found = lift(self.store()?.claim(&claim, clock::now()))?;
        if !matches!(found, Claimed::Pending) {
            return Ok(found);
        }
        let (sender, receiver) = oneshot::channel();
        self.wait(claim.state.clone(), sender);
        // Whichever comes first, the row says how things stand.
        select(receiver, clock::pause(PATIENCE)).await;
        self.forget_the_late(&claim.state);
        lift(self.store()?.claim(&claim, clock::now()))
    }

    async fn finish(&self, request: &Incoming) -> Result<Noted, u16> {
        let Finish { state, session } = message(request).await?;
        lift(self.store()?.finish(&state, session.as_deref()))?;
        let waiting = self.waiting.borrow_mut().remove(&state);
        for sender in waiting.into_iter().flatten() {
            // One that has hung up hears nothing.
            sender.send(()).ok();
        }
        Ok(Noted::default())
    }

    async fn depart(&self, request: &Incoming) -> Result<Noted, u16> {
        let departure: Departure = message(request).await?;
        lift(self.store()?.depart(&departure, clock::now()))?;
        Ok(Noted::default())
    }

    async fn take(&self, request: &Incoming) -> Result<Departed, u16> {
        let Take { by } = message(request).await?;
        self.departed(|store| store.take(&by, clock::now()))
    }

    async fn back(&self, request: &Incoming) -> Result<Departed, u16> {
        let back: Return = message(request).await?;
        self.departed(|store| store.back(&back, clock::now()))
    }

    /// Counted with the callbacks: whoever has the cookie may come as often as they like.
    fn departed(
        &self,
        look: impl FnOnce(&LoginStore) -> Result<Option<Departure>, DeskError>,
    ) -> Result<Departed, u16> {
        let limits = self.environment()?.config.limits;
        if let Err(wait) = count(&self.called, limits.callbacks_per_browser) {
            return Ok(Departed::Throttled { millis: wait.as_millis() });
        }
        let found = lift(look(&self.store()?))?;
        Ok(found.map_or(Departed::Unknown, |departure| Departed::First(Box::new(departure))))
    }

    /// Lets a login pass. Of that no row is written: an object that was put out of memory had nothing to do for a while.
    fn admit(&self, kind: Option<&str>) -> Result<Noted, u16> {
        let limits = self.environment()?.config.limits;
        let rate = match kind {
            Some("all") => limits.logins,
            Some("site") => limits.logins_per_site,
            Some("address") => limits.logins_per_address,
            Some("session" | "browser") => limits.logins_per_browser,
            Some("logouts") => limits.logouts_per_address,
            Some(_) | None => return Err(404),
        };
        Ok(Noted { throttled: count(&self.begun, rate).err().map(Millis::as_millis) })
    }

    fn wait(&self, state: String, sender: oneshot::Sender<()>) {
        let mut waiting = self.waiting.borrow_mut();
        let mut senders = waiting.remove(&state).unwrap_or_default();
        senders.push(sender);
        waiting.insert(state, senders);
    }

    /// Forgets callbacks of this `state` that wait no longer.
    fn forget_the_late(&self, state: &str) {
        let mut waiting = self.waiting.borrow_mut();
        let senders = waiting.remove(state).unwrap_or_default();
        let left: Vec<_> = senders.into_iter().filter(|sender| !sender.is_canceled()).collect();
        if !left.is_empty() {
            waiting.insert(state.to_owned(), left);
        }
    }

    /// Erases what is over. It needs no configuration: a wrong one keeps nothing alive.
    fn sweep(&self) -> Result<(), StorageError> {
        let (storage, now) = (Storage::of(&self.state)?, clock::now());
        let next = store::sweep(&storage, now)?;
        self.alarm.borrow_mut().see_to(&storage, next, now)
    }

    fn environment(&self) -> Result<Rc<Environment>, u16> {
        Environment::of(&self.env).map_err(|_| 500)
    }

    fn store(&self) -> Result<LoginStore, u16> {
        let environment = self.environment()?;
        let id = self.state.id().and_then(|id| id.to_string()).map_err(|_| 503_u16)?;
        let storage = Storage::of(&self.state).map_err(|_| 503_u16)?;
        Ok(LoginStore::new(storage, &environment.keyring, &id))
    }
}

/// Counts one more, or says how long it has to wait.
fn count(kept: &Cell<Gcra>, rate: Rate) -> Result<(), Millis> {
    let mut gcra = kept.get();
    let admitted = gcra.admit(rate, clock::now());
    kept.set(gcra);
    admitted
}

async fn message<T: Packed>(request: &Incoming) -> Result<T, u16> {
    packed::told(request.raw(), MAX_MESSAGE).await
}

fn lift<T>(result: Result<T, DeskError>) -> Result<T, u16> {
    result.map_err(|error| {
        let reason = match error {
            DeskError::Storage(StorageError(thrown)) => log::class_of(&thrown),
            DeskError::Unreadable => "unreadable".into(),
        };
        log::line("desk_failed", [("reason", reason)]);
        503
    })
}
