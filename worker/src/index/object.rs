//! The Durable Object: internal routes, and the alarm, which erases and tells vaults again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use everlit_core::index::{Entry, Handle, Index, Kind, Reached, Stay};
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{CHECKUP, Revoker};
use everlit_edge::cookie::SessionId;
use everlit_edge::seal::{SealError, Sealer, associated_data};
use futures_util::future::join_all;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::message::{
    ADOPT, Adopt, Adopted, END, ENTER, End, Ended, Enter, Entered, FORBIDS, Forbids, LIST, LOGOUT, Line,
    Listed, Logout, LogoutReply, MAX_LISTED, Noted, Owner, PRUNE, Prune, kind, revoker_name, revoker_of,
};
use super::store::{self, Sealed};
use crate::alarm::Alarm;
use crate::environment::{Environment, SESSION_INDEX};
use crate::incoming::Incoming;
use crate::packed::Packed;
use crate::sql::{Storage, StorageError};
use crate::stub::ObjectStub;
use crate::vault::client::VaultClient;
use crate::vault::message::Meant;
use crate::vault::reply::VaultReply;
use crate::{clock, entropy, log, packed};

/// A part of what an index has is the longest that is said here: some 300 bytes for each session.
const MAX_MESSAGE: usize = 1_024 * 1_024;
/// How many sessions move at once.
const MOVED_AT_ONCE: usize = 500;
/// How many of the oldest sessions the alarm asks after that nobody has ended here: they may have ended by themselves.
const ASKED_AFTER: usize = 100;
/// How many vaults are told at once; the rest has its turn after them.
const AT_ONCE: usize = 50;

/// The index of a user's sessions, or of those of a session at the issuer. Its name is a MAC; it can be reached over the binding alone.
#[wasm_bindgen]
pub struct SessionIndex {
    state: DurableObjectState,
    env: Env,
    alarm: RefCell<Alarm>,
    /// How often vaults were told again in a row.
    told_again: Cell<u32>,
}

#[wasm_bindgen]
impl SessionIndex {
    /// The object behind this state.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        Self { state, env, alarm: RefCell::default(), told_again: Cell::new(0) }
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

impl SessionIndex {
    async fn rung(&self) {
        self.alarm.borrow_mut().rung();
        // Never an error: seven of them, and the runtime drops the alarm for good.
        self.told_again.set(self.told_again.get().saturating_add(1));
        let swept = self.change(|index, now| index.sweep(now));
        let told = self.tell().await;
        let asked = self.ask_after_the_oldest().await;
        let moved = self.move_on().await;
        if swept.is_err() || asked.is_err() || told.is_none() || moved.is_err() {
            self.try_again();
        }
    }

    async fn respond(&self, request: Incoming) -> Result<Response, JsValue> {
        match request.path.as_str() {
            ENTER => packed::answer(&self.enter(&request).await),
            FORBIDS => packed::answer(&self.forbids(&request).await),
            LOGOUT => packed::answer(&self.logout(&request).await),
            END => packed::answer(&self.end(&request).await),
            LIST => packed::answer(&self.list().await),
            PRUNE => packed::answer(&self.prune(&request).await),
            ADOPT => packed::answer(&self.adopt(&request).await),
            _ => packed::refused(404),
        }
    }

    async fn enter(&self, request: &Incoming) -> Result<Entered, u16> {
        let message: Enter = message(request).await?;
        self.learn_alarm().await;
        let session = SessionId::restored(&message.session).ok_or(400_u16)?;
        let handle = Handle(message.handle);
        let sealed = self.seal(handle, &session)?;
        let owner = message.owner.ok_or(400_u16)?;
        let entered = self.change(|index, now| {
            let stay = Stay {
                session: sealed,
                began_at: now,
                entered_at: now,
                issued_at: Timestamp::from_millis(message.issued_at),
                until: Timestamp::from_millis(message.until),
            };
            index.enter(kind(owner.sid), now, handle, stay)
        })?;
        self.own(&owner)?;
        Ok(entered.into())
    }

    async fn forbids(&self, request: &Incoming) -> Result<Entered, u16> {
        let Forbids { sid, issued_at } = message(request).await?;
        let index = lift(Storage::of(&self.state).and_then(|storage| store::load(&storage)))?;
        let forbids = index.forbids(kind(sid), clock::now(), Timestamp::from_millis(issued_at));
        Ok(if forbids { Entered::Forbidden } else { Entered::In })
    }

    /// Under a new session key this index is called otherwise, and found under its old name only as long as the old key is there.
    /// What it has moves to where it is looked for then.
    async fn move_on(&self) -> Result<(), u16> {
        let storage = lift(Storage::of(&self.state))?;
        let Some(owner) = self.owner()? else { return Ok(()) };
        let environment = Environment::of(&self.env).map_err(|_| 500_u16)?;
        let shelves = environment.index.shelves(kind(owner.sid), &owner.issuer, &owner.client, &owner.value);
        let Some(shelf) = shelves.first().filter(|shelf| shelf.name != owner.name) else { return Ok(()) };
        let had = lift(store::load(&storage))?;
        let entries = had.entries().iter().filter_map(|entry| {
            let session = match self.open(entry).transpose()? {
                Ok(session) => session,
                Err(status) => return Some(Err(status)),
            };
            let enter = Enter {
                owner: None,
                handle: shelf.handle(&session).0,
                session: session.as_str().to_owned(),
                issued_at: entry.stay.issued_at.as_millis(),
                until: entry.stay.until.as_millis(),
            };
            let ending = entry.ending.map(|by| revoker_name(by).to_owned());
            let (began_at, entered_at) = (entry.stay.began_at.as_millis(), entry.stay.entered_at.as_millis());
            Some(Ok(Adopted { enter, began_at, entered_at, ending }))
        });
        let mut entries = entries.collect::<Result<Vec<_>, u16>>()?.into_iter();
        let count = entries.len();
        let mut adopt = Adopt {
            entries: Vec::new(),
            notes: had.notes().iter().map(|note| Logout::new(shelf.kind, note)).collect(),
            owner: Owner { name: shelf.name.clone(), ..owner },
        };
        let stub = ObjectStub::new(&self.env, SESSION_INDEX, &shelf.name);
        // All of it may come twice: should this end in between, it begins again.
        loop {
            adopt.entries = entries.by_ref().take(MOVED_AT_ONCE).collect();
            let _: Noted = stub.tell(ADOPT, &adopt).await.map_err(|_| 503_u16)?;
            if entries.len() == 0 {
                break;
            }
        }
        log::line("index_moved", [("sessions", count.into())]);
        // What has changed meanwhile is to be moved, too: the alarm comes again.
        if lift(store::load(&storage))? != had {
            return Err(503);
        }
        lift(storage.erase())?;
        self.alarm.borrow_mut().erased();
        Ok(())
    }

    async fn adopt(&self, request: &Incoming) -> Result<Noted, u16> {
        let Adopt { owner, entries, notes } = message(request).await?;
        self.learn_alarm().await;
        let mut adopted = Vec::with_capacity(entries.len());
        for Adopted { enter, began_at, entered_at, ending } in entries {
            let (handle, session) = (Handle(enter.handle), SessionId::restored(&enter.session));
            let session = self.seal(handle, &session.ok_or(400_u16)?)?;
            let stay = Stay {
                session,
                began_at: Timestamp::from_millis(began_at),
                entered_at: Timestamp::from_millis(entered_at),
                issued_at: Timestamp::from_millis(enter.issued_at),
                until: Timestamp::from_millis(enter.until),
            };
            adopted.push(Entry { handle, stay, ending: ending.map(|name| revoker_of(&name)) });
        }
        let notes = notes.into_iter().map(|note| note.into_parts().1).collect();
        self.change(|index, _| index.adopt(kind(owner.sid), adopted, notes))?;
        self.own(&owner)?;
        Ok(Noted {})
    }

    /// What this index is of; nothing where nobody has said, or its key was retired.
    fn owner(&self) -> Result<Option<Owner>, u16> {
        let Some(sealed) = lift(Storage::of(&self.state).and_then(|storage| store::owner(&storage)))? else {
            return Ok(None);
        };
        let Some(opened) = self.unseal(b"owner", &sealed)? else { return Ok(None) };
        serde_json::from_slice(opened.expose()).map(Some).map_err(|_| 503)
    }

    /// Notes what this index is of, in the turn that made it: no await is in between. One with nothing in it has no owner.
    fn own(&self, owner: &Owner) -> Result<(), u16> {
        let storage = lift(Storage::of(&self.state))?;
        if !lift(storage.has_table("owner"))? || lift(store::owner(&storage))?.is_some() {
            return Ok(());
        }
        let json = serde_json::to_vec(owner).map_err(|_| 503_u16)?;
        let nonce = entropy::bytes().ok_or(503_u16)?;
        let sealed = self.sealer()?.seal(nonce, b"owner", &json).map_err(|_| 503_u16)?;
        lift(store::own(&storage, &sealed))
    }

    async fn logout(&self, request: &Incoming) -> Result<LogoutReply, u16> {
        let message: Logout = message(request).await?;
        self.learn_alarm().await;
        let (kind, note) = message.into_parts();
        // The note and its effect are one turn. What is left is to tell the vaults, now or by the alarm.
        self.told_again.set(0);
        let heard = self.change(|index, now| index.logout(kind, now, note))?;
        self.tell().await;
        Ok(heard.into())
    }

    async fn end(&self, request: &Incoming) -> Result<Ended, u16> {
        let message: End = message(request).await?;
        self.learn_alarm().await;
        self.told_again.set(0);
        let which = message.which();
        let ended = self.change(|index, _| index.end(which, Revoker::OtherDevice))?;
        let silent = self.tell().await.ok_or(503_u16)?;
        // One that has no login yet has nothing that could be used meanwhile.
        let waiting = silent.into_iter().filter(|handle| which.names(*handle)).count();
        Ok(Ended { ended, waiting })
    }

    async fn list(&self) -> Result<Listed, u16> {
        self.learn_alarm().await;
        // Nothing changes, but an alarm that was lost is armed again by whoever comes.
        self.change(|_, _| ())?;
        let index = lift(Storage::of(&self.state).and_then(|storage| store::load(&storage)))?;
        // A session that is being ended is over for whoever looks.
        let open = index.entries().iter().rev().filter(|entry| entry.ending.is_none());
        let line = |entry: &Entry<Sealed>| {
            let session = self.open(entry).transpose()?;
            Some(session.map(|session| Line::new(entry.handle, &session, entry.stay.began_at)))
        };
        let sessions: Result<_, u16> = open.take(MAX_LISTED).filter_map(line).collect();
        Ok(Listed { sessions: sessions? })
    }

    async fn prune(&self, request: &Incoming) -> Result<Noted, u16> {
        let Prune { handles, over } = message(request).await?;
        self.learn_alarm().await;
        let kind = self.kind()?;
        let reached = if over { Reached::Over } else { Reached::Vacant };
        self.change(|index, now| {
            for handle in handles {
                index.told(kind, Handle(handle), now, reached);
            }
        })?;
        Ok(Noted {})
    }

    /// One turn: read, changed, and what has changed written, with the alarm.
    fn change<T>(&self, change: impl FnOnce(&mut Index<Sealed>, Timestamp) -> T) -> Result<T, u16> {
        let now = clock::now();
        lift((|| {
            let storage = Storage::of(&self.state)?;
            let before = store::load(&storage)?;
            let mut after = before.clone();
            let changed = change(&mut after, now);
            store::save(&storage, &before, &after)?;
            let mut alarm = self.alarm.borrow_mut();
            if after.next_sweep().is_none() {
                alarm.erased();
            } else {
                // Whoever is being ended is looked after soon, whatever becomes of this object.
                let again = Millis::from_secs(1_u64.wrapping_shl(self.told_again.get().min(8)));
                let wanted = match after.ending().next() {
                    Some(_) => Some(now.after(again)),
                    // And where it is looked for is looked after as often as a vault's keys are.
                    None => after.next_sweep().map(|at| at.min(now.after(CHECKUP))),
                };
                alarm.see_to(&storage, wanted, now)?;
            }
            Ok(changed)
        })())
    }

    /// Drops sessions that ended by themselves: their vaults do not know of this index. While others are being told the alarm comes often,
    /// and leaves it for later.
    async fn ask_after_the_oldest(&self) -> Result<(), u16> {
        let index = lift(Storage::of(&self.state).and_then(|storage| store::load(&storage)))?;
        if index.ending().next().is_some() {
            return Ok(());
        }
        let kind = self.kind()?;
        let oldest = index.entries().get(..ASKED_AFTER).unwrap_or_else(|| index.entries());
        for some in oldest.chunks(AT_ONCE) {
            let seen = join_all(some.iter().map(|entry| self.is_over(entry))).await;
            self.change(|index, now| {
                for (entry, _) in some.iter().zip(seen).filter(|(_, over)| *over) {
                    index.told(kind, entry.handle, now, Reached::Vacant);
                }
            })?;
        }
        Ok(())
    }

    async fn is_over(&self, entry: &Entry<Sealed>) -> bool {
        match self.open(entry) {
            Ok(Some(session)) => {
                VaultClient::of(&self.env, &session).sight_of().await.is_ok_and(|sight| !sight.is_open)
            }
            // Its key was retired, and the session's with it.
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Tells every vault once whose session is being ended; who has not said yet that it is so is told again by the alarm. Which did not
    /// answer; nothing where the storage failed.
    async fn tell(&self) -> Option<Vec<Handle>> {
        let storage = Storage::of(&self.state).ok()?;
        let index = store::load(&storage).ok()?;
        let ending: Vec<&Entry<Sealed>> = index.ending().collect();
        if ending.is_empty() {
            return Some(Vec::new());
        }
        let owner = self.owner().ok()?;
        let sid = owner.filter(|owner| owner.sid).map(|owner| owner.value);
        let kind = if sid.is_some() { Kind::Sid } else { Kind::Subject };
        let sid = sid.as_deref();
        let mut silent = Vec::new();
        for some in ending.chunks(AT_ONCE) {
            let told = join_all(some.iter().map(|entry| self.tell_one(entry, &index, kind, sid))).await;
            let heard = some.iter().zip(&told).filter(|(_, reached)| **reached == Reached::Silence);
            silent.extend(heard.map(|(entry, _)| entry.handle));
            self.change(|index, now| {
                for (entry, reached) in some.iter().zip(told) {
                    index.told(kind, entry.handle, now, reached);
                }
            })
            .ok()?;
        }
        Some(silent)
    }

    /// A logout is about some logins: who ends a session on another device means the session.
    async fn tell_one(
        &self,
        entry: &Entry<Sealed>,
        index: &Index<Sealed>,
        kind: Kind,
        sid: Option<&str>,
    ) -> Reached {
        let session = match self.open(entry) {
            Ok(Some(session)) => session,
            // Its key was retired, and the session's with it.
            Ok(None) => return Reached::Over,
            Err(_) => return Reached::Silence,
        };
        let by = entry.ending.unwrap_or(Revoker::Admin);
        let until = index.until();
        let mut meant = Meant { others_go_on: index.others_go_on(kind, by), ..Meant::default() };
        match (by, sid) {
            (Revoker::Admin | Revoker::OtherDevice, _) => {}
            (Revoker::BackChannel, Some(sid)) => meant.sid = Some(sid.to_owned()),
            (Revoker::BackChannel, None) => meant.until = until.map(Timestamp::as_millis),
        }
        match VaultClient::of(&self.env, &session).revoke(by, &meant).await {
            Ok(VaultReply::Ended { .. }) => Reached::Over,
            Ok(VaultReply::LoggedOut) => Reached::Vacant,
            Ok(VaultReply::Current(_) | VaultReply::ReauthRequired { .. }) => Reached::Spared { until },
            Ok(VaultReply::RetryAfter { .. } | VaultReply::Unobtainable | VaultReply::Throttled { .. })
            | Err(_) => Reached::Silence,
        }
    }

    fn kind(&self) -> Result<Kind, u16> {
        Ok(kind(self.owner()?.is_some_and(|owner| owner.sid)))
    }

    fn try_again(&self) {
        let again = Storage::of(&self.state).and_then(|storage| self.alarm.borrow_mut().try_again(&storage));
        if again.is_err() {
            // The next touch of this object arms it.
            log::line("alarm_lost", [("object", "session_index".into())]);
        }
    }

    /// Before its first turn an object asks what its alarm is armed for.
    async fn learn_alarm(&self) {
        if self.alarm.borrow().is_known() {
            return;
        }
        let Ok(storage) = Storage::of(&self.state) else { return };
        let armed_at = storage.armed().await.unwrap_or_default();
        self.alarm.borrow_mut().learn(armed_at);
    }

    fn seal(&self, handle: Handle, session: &SessionId) -> Result<Sealed, u16> {
        let nonce = entropy::bytes().ok_or(503_u16)?;
        let sealed = self.sealer()?.seal(nonce, &place(handle), session.as_str().as_bytes());
        sealed.map_err(|_| 503)
    }

    /// The id of a session; nothing where it opens no more.
    fn open(&self, entry: &Entry<Sealed>) -> Result<Option<SessionId>, u16> {
        let opened = self.unseal(&place(entry.handle), &entry.stay.session)?;
        Ok(opened.and_then(|text| SessionId::restored(core::str::from_utf8(text.expose()).ok()?)))
    }

    /// What was sealed; nothing where its key was retired, or it is not ours. With a newer key than this isolate knows nothing is
    /// concluded from it.
    fn unseal(&self, place: &[u8], sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, u16> {
        match self.sealer()?.open(place, sealed) {
            Ok(opened) => Ok(Some(opened)),
            Err(SealError::KeyAhead) => Err(503),
            Err(SealError::TooShort | SealError::KeyRetired | SealError::Refused) => Ok(None),
        }
    }

    fn sealer(&self) -> Result<Sealer, u16> {
        let environment: Rc<Environment> = Environment::of(&self.env).map_err(|_| 500_u16)?;
        let id = self.state.id().and_then(|id| id.to_string()).map_err(|_| 503_u16)?;
        Ok(Sealer::new(&environment.keyring, "session index", &id))
    }
}

fn place(Handle(handle): Handle) -> Vec<u8> {
    associated_data(&[b"session", &handle])
}

async fn message<T: Packed>(request: &Incoming) -> Result<T, u16> {
    packed::told(request.raw(), MAX_MESSAGE).await
}

fn lift<T>(result: Result<T, StorageError>) -> Result<T, u16> {
    result.map_err(|StorageError(thrown)| {
        log::line("index_failed", [("reason", log::class_of(&thrown))]);
        503
    })
}
