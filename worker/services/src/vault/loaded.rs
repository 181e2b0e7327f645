//! A vault in memory: the machine, and the tokens that it only knows by name.

use std::rc::Rc;

use everlit_core::id::Stamp;
use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::service::{
    Effect, Event, Fingerprint, Leftover, Monitor, Now, Origin, RevocationId, Settings,
};
use everlit_core::time::Timestamp;
use everlit_edge::base64url;
use everlit_edge::service::{Account, Given, Left, hand, row};
use everlit_runtime::alarm::Alarm;
use everlit_runtime::sql::{Storage, StorageError};
use everlit_runtime::{clock, entropy, log};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::kept::{Kept, KeptError, Writes};
use crate::backup::client::BackupClient;
use crate::environment::Environment;

/// Names of what is kept.
pub(super) mod name {
    /// Which service this is: the one thing that is not sealed, as what is sealed is sealed for it.
    pub(in crate::vault) const SERVICE: &str = "service";
    pub(in crate::vault) const ROW: &str = "row";
    pub(in crate::vault) const TOKEN: &str = "token";
    pub(in crate::vault) const FALLBACK: &str = "fallback";
    pub(in crate::vault) const REFRESH: &str = "refresh";
    pub(in crate::vault) const ACCOUNT: &str = "account";
    pub(in crate::vault) const INSTANCE: &str = "instance";
    pub(in crate::vault) const NOTIFIER: &str = "notifier";
    pub(in crate::vault) const TOLD: &str = "told";
    pub(in crate::vault) const TICKET: &str = "ticket";
    pub(in crate::vault) const LOGIN: &str = "login";
}

/// Why a turn did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The storage failed, or what is in it cannot be changed now. It is safe to ask again.
    Storage,
    /// There is no such service in the configuration, or the configuration is wrong.
    Misconfigured,
}

/// What comes with an event that the machine only knows by name.
pub(super) enum Brings {
    Nothing,
    /// What was handed in.
    Hand(Secret<String>),
    /// What an exchange brought.
    Given(Given),
    /// Whose token it is, by the provider's word.
    Owner(String),
}

/// The machine and what it looks after.
pub(crate) struct Loaded {
    pub(crate) environment: Rc<Environment>,
    pub(crate) service: Rc<str>,
    pub(super) monitor: Monitor,
    pub(super) kept: Kept,
    token: Option<(Stamp, AccessToken)>,
    fallback: Option<(Stamp, AccessToken)>,
    /// Whose account it is: that of the first token, where the configuration does not say.
    pub(super) account: Option<String>,
    /// Drawn when this was made: names of alerts begin with it.
    pub(crate) instance: String,
    /// The last part of the path that the provider tells us something at.
    pub(super) notifier: Secret<String>,
}

impl Loaded {
    /// Reads it. `service` is how it was called; after an alarm nobody calls it, and it knows by itself.
    pub(super) async fn read(
        state: &DurableObjectState,
        env: &Env,
        service: Option<&str>,
    ) -> Result<Self, Fault> {
        let environment = Environment::of(env).map_err(|_| Fault::Misconfigured)?;
        let storage = || Storage::of(state).map_err(failed);
        let known = service_of(&storage()?).map_err(failed)?;
        let service: Rc<str> = service.map(str::to_owned).or(known).ok_or(Fault::Misconfigured)?.into();
        let account = environment.account(&service).ok_or(Fault::Misconfigured)?;
        let kept = Kept::of(storage()?, &environment.keyring, &service);
        let is_there = kept.is_there().map_err(failed)?;
        let copy = if is_there {
            None
        } else {
            // Nothing is here: it is new, or it was lost. Only the other object knows, and without its word nothing may begin: what
            // begins anew would take the place of the copy.
            let copy = BackupClient::of(env, &service).copy().await.map_err(|_| Fault::Storage)?;
            // Others who came meanwhile waited for the same. What the quickest of them has begun stands.
            copy.filter(|_| !kept.is_there().unwrap_or(true))
        };
        kept.begin(copy.as_deref().unwrap_or_default()).map_err(failed)?;
        if copy.is_some() {
            log::line("service_restored", [("service", service.as_ref().into())]);
        }
        let version = environment.version(&account);
        let settings = account.config.settings(version);
        let is_alone = !environment.config.shares_app(account.config);
        let settings = Settings { revokes_foreign: settings.revokes_foreign && is_alone, ..settings };
        let read = readable(kept.text(name::ROW))?.map(|text| row::decode(text.expose().as_bytes()));
        let row = match read {
            None => None,
            Some(Ok(row)) => Some(row),
            // A later Worker's: this one must change nothing.
            Some(Err(row::RowError::Ahead)) => return Err(Fault::Storage),
            Some(Err(row::RowError::Broken)) => {
                log::line("service_unreadable", [("service", service.as_ref().into())]);
                None
            }
        };
        let monitor = match row {
            None => Monitor::new(settings),
            Some(row) if copy.is_some() => Monitor::restored(settings, row, clock::now()),
            Some(row) => Monitor::load(settings, row),
        };
        let mut loaded = Self {
            token: held(&kept, name::TOKEN)?,
            fallback: held(&kept, name::FALLBACK)?,
            account: readable(kept.text(name::ACCOUNT))?.map(|text| text.expose().clone()),
            instance: readable(kept.text(name::INSTANCE))?
                .map(|text| text.expose().clone())
                .unwrap_or_default(),
            notifier: readable(kept.text(name::NOTIFIER))?.unwrap_or_else(|| Secret::new(String::new())),
            environment: Rc::clone(&environment),
            service,
            monitor,
            kept,
        };
        if loaded.instance.is_empty() {
            loaded.make()?;
        }
        Ok(loaded)
    }

    /// The first turn of its life.
    fn make(&mut self) -> Result<(), Fault> {
        let draw = || entropy::bytes::<18>().map(|bytes| base64url::encode(&bytes)).ok_or(Fault::Storage);
        (self.instance, self.notifier) = (draw()?, Secret::new(draw()?));
        self.kept.plain(name::SERVICE, self.service.as_bytes()).map_err(failed)?;
        let mut writes = Writes::default();
        writes.put(name::INSTANCE, &self.instance);
        writes.put(name::NOTIFIER, self.notifier.expose());
        self.kept.write(&writes).map_err(refused)
    }

    /// The account, as it is configured.
    pub(crate) fn account(&self) -> Result<Account<'_>, Fault> {
        self.environment.account(&self.service).ok_or(Fault::Misconfigured)
    }

    /// Now, with what a token would be worth that was issued now.
    pub(super) fn now(&self) -> Result<Now, Fault> {
        let moment = clock::moment();
        Ok(Now { moment, fresh_ends_at: self.account()?.plan(moment.wall, None) })
    }

    /// One step, with everything of it that is written: one transaction.
    pub(super) fn step(
        &mut self,
        event: Event,
        brings: &Brings,
        alarm: &mut Alarm,
    ) -> Result<Vec<Effect>, Fault> {
        let now = self.now()?;
        let ends = event == Event::LoggedOut;
        let effects: Vec<Effect> = self.monitor.step(now, event).into_iter().collect();
        let mut writes = Writes::default();
        let mut tokens = Tokens::default();
        for effect in &effects {
            match *effect {
                Effect::Keep { hand } => {
                    let Brings::Hand(text) = brings else { continue };
                    writes.put(&of_hand(hand), text.expose());
                }
                Effect::SetAside { revocation, what } => {
                    let left = self.left(what, brings)?;
                    if !left.is_nothing() {
                        writes.put(&of_revocation(revocation), left.encode().expose());
                    }
                }
                Effect::Adopt { from, stamp } => {
                    tokens = self.adopted(from, stamp, brings)?;
                    tokens.write(&mut writes, self.account.is_none());
                }
                Effect::Drop { hand } => writes.remove(&of_hand(hand)),
                Effect::Forget { revocation } => writes.remove(&of_revocation(revocation)),
                Effect::Persist => writes.put(name::ROW, &row::encode(&self.monitor.row())),
                Effect::Attempt { .. }
                | Effect::Deliver { .. }
                | Effect::Revoke { .. }
                | Effect::Answer { .. }
                | Effect::Tell { .. }
                | Effect::Log(_) => {}
            }
        }
        if ends {
            // Of a session that was ended nothing is left, nor whose it was, and a login that was begun before brings no other.
            for name in [name::TOKEN, name::FALLBACK, name::REFRESH, name::ACCOUNT, name::TICKET, name::LOGIN]
            {
                writes.remove(name);
            }
        }
        self.kept.write(&writes).map_err(refused)?;
        if ends {
            (self.token, self.fallback, self.account) = (None, None, None);
        }
        self.take_up(tokens);
        alarm.see_to(self.kept.storage(), self.monitor.next_alarm(), now.moment.wall).map_err(failed)?;
        Ok(effects)
    }

    /// What is to be revoked, wherever it is.
    fn left(&self, what: Leftover, brings: &Brings) -> Result<Left, Fault> {
        let handed = |text: &Secret<String>| Ok(self.account()?.left_of(text.clone()));
        match (what, brings) {
            (Leftover::Held, _) => Ok(Left {
                access_token: self.token.as_ref().map(|(_, token)| token.clone()),
                refresh_token: self.refresh_token()?,
            }),
            (Leftover::Hand(_), Brings::Hand(text)) => handed(text),
            (Leftover::Hand(hand), _) => {
                self.hand(hand)?.as_ref().map_or_else(|| Ok(Left::default()), handed)
            }
            (Leftover::Brought(_), Brings::Given(given)) => Ok(given.clone().into()),
            (Leftover::Brought(_), _) => Ok(Left::default()),
        }
    }

    /// What was set aside under this name; nothing where no key opens it any more.
    pub(super) fn set_aside(&self, revocation: RevocationId) -> Result<Left, Fault> {
        let text = readable(self.kept.text(&of_revocation(revocation)))?;
        Ok(text.as_ref().map(Left::decode).unwrap_or_default())
    }

    /// What is taken up. What brought it is here, or was kept before.
    fn adopted(&self, from: Origin, stamp: Stamp, brings: &Brings) -> Result<Tokens, Fault> {
        match (from, brings) {
            (Origin::Hand(hand), brings) => {
                let token = readable(self.kept.text(&of_hand(hand)))?.ok_or(Fault::Storage)?;
                let owner = match brings {
                    Brings::Owner(owner) => Some(owner.clone()),
                    Brings::Nothing | Brings::Hand(_) | Brings::Given(_) => None,
                };
                Ok(Tokens { token: Some((stamp, token)), owner, ..Tokens::default() })
            }
            (Origin::Attempt(_), Brings::Given(given)) => Ok(Tokens {
                token: Some((stamp, given.access_token.clone())),
                fallback: given.fallback.clone().map(|fallback| (stamp, fallback)),
                refresh: given.refresh.clone(),
                owner: given.user_id.clone(),
            }),
            // No vault of another kind is in this object, and what an attempt brought is given with its answer.
            (Origin::Attempt(_) | Origin::Vault, _) => Err(Fault::Storage),
        }
    }

    /// What is written by now is in memory too.
    fn take_up(&mut self, tokens: Tokens) {
        let Tokens { token, fallback, owner, .. } = tokens;
        if token.is_some() {
            self.token = token;
        }
        if fallback.is_some() {
            self.fallback = fallback;
        }
        if self.account.is_none() {
            self.account = owner;
        }
    }

    /// The token of this name, or the one for less.
    pub(super) fn token(&self, stamp: Stamp, read_only: bool) -> Option<&AccessToken> {
        let held = if read_only { &self.fallback } else { &self.token };
        held.as_ref().filter(|(held, _)| *held == stamp).map(|(_, token)| token)
    }

    /// A token that lives by the row, and that no key opens any more.
    pub(super) fn unreadable(&self) -> Option<Stamp> {
        let stamp = self.monitor.token().filter(|token| !token.is_over())?.stamp;
        self.token(stamp, false).is_none().then_some(stamp)
    }

    /// What the next token is had for.
    pub(super) fn refresh_token(&self) -> Result<Option<Secret<String>>, Fault> {
        readable(self.kept.text(name::REFRESH))
    }

    /// What was handed in under this name.
    pub(super) fn hand(&self, hand: Fingerprint) -> Result<Option<Secret<String>>, Fault> {
        readable(self.kept.text(&of_hand(hand)))
    }

    /// How what is handed in is called. The key is this object's own, and stays: what is spent is known again after keys have changed.
    pub(super) fn names(&self, text: &Secret<String>) -> Fingerprint {
        let key = ["everlit service hand ", self.notifier.expose()].concat();
        hand::fingerprint(key.as_bytes(), text)
    }

    /// Who has taken an alert that not all have taken, by its number.
    pub(super) fn told(&self) -> Vec<(u32, Vec<String>)> {
        let text = readable(self.kept.text(name::TOLD)).ok().flatten();
        text.and_then(|text| serde_json::from_str(text.expose()).ok()).unwrap_or_default()
    }

    /// Keeps who has taken an alert: nobody is told twice, also after a restart. Of one that is settled nothing is kept.
    pub(super) fn keep_told(&self, alert: u32, taken: Option<Vec<String>>) -> Result<(), Fault> {
        let mut told = self.told();
        let known = told.iter().any(|(id, _)| *id == alert);
        if taken.as_ref().is_none_or(Vec::is_empty) && !known {
            return Ok(());
        }
        told.retain(|(id, _)| *id != alert);
        told.extend(taken.map(|taken| (alert, taken)));
        self.keep(name::TOLD, &serde_json::to_string(&told).unwrap_or_default())
    }

    /// Keeps a text beside the machine.
    pub(super) fn keep(&self, name: &str, text: &str) -> Result<(), Fault> {
        self.kept.put(name, text.as_bytes()).map_err(refused)
    }

    /// What was kept in that way.
    pub(super) fn kept_text(&self, name: &str) -> Result<Option<Secret<String>>, Fault> {
        readable(self.kept.text(name))
    }

    /// Forgets it.
    pub(super) fn forget(&self, name: &str) -> Result<(), Fault> {
        self.kept.remove(name).map_err(failed)
    }

    /// Arms the alarm again if it was lost.
    pub(super) fn restore_alarm(&self, alarm: &mut Alarm, now: Timestamp) -> Result<(), StorageError> {
        alarm.restore(self.kept.storage(), self.monitor.next_alarm(), now)
    }
}

/// What a step takes up.
#[derive(Default)]
struct Tokens {
    token: Option<(Stamp, AccessToken)>,
    fallback: Option<(Stamp, AccessToken)>,
    refresh: Option<RefreshToken>,
    owner: Option<String>,
}

impl Tokens {
    /// `is_first`: it was nobody's account before.
    fn write(&self, writes: &mut Writes, is_first: bool) {
        for (name, held) in [(name::TOKEN, &self.token), (name::FALLBACK, &self.fallback)] {
            if let Some((stamp, token)) = held {
                writes.put(name, &written(*stamp, token));
            }
        }
        // That of an older token is not kept beside one that came without any.
        match &self.refresh {
            Some(refresh) => writes.put(name::REFRESH, refresh.expose()),
            None => writes.remove(name::REFRESH),
        }
        if let Some(owner) = self.owner.as_ref().filter(|_| is_first) {
            writes.put(name::ACCOUNT, owner);
        }
    }
}

/// Which service an object belongs to.
fn service_of(storage: &Storage) -> Result<Option<String>, StorageError> {
    if !storage.has_table("kept")? {
        return Ok(None);
    }
    let rows = storage.query("SELECT value FROM kept WHERE name = ?", vec![name::SERVICE.into()])?;
    Ok(rows.first().and_then(|row| row.blob("value")).and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn of_hand(Fingerprint(hand): Fingerprint) -> String {
    format!("hand {hand:016x}")
}

fn of_revocation(RevocationId(revocation): RevocationId) -> String {
    format!("revoke {revocation}")
}

/// A token with its name in front.
fn written(stamp: Stamp, token: &AccessToken) -> String {
    format!("{} {} {}", stamp.epoch.0, stamp.generation.0, token.expose())
}

fn held(kept: &Kept, name: &str) -> Result<Option<(Stamp, AccessToken)>, Fault> {
    let Some(text) = readable(kept.text(name))? else { return Ok(None) };
    let mut parts = text.expose().splitn(3, ' ');
    let stamp = (parts.next(), parts.next());
    let (Some(epoch), Some(generation), Some(token)) = (stamp.0, stamp.1, parts.next()) else {
        return Ok(None);
    };
    let (Ok(epoch), Ok(generation)) = (epoch.parse(), generation.parse()) else { return Ok(None) };
    let stamp =
        Stamp { epoch: everlit_core::id::Epoch(epoch), generation: everlit_core::id::Generation(generation) };
    Ok(Some((stamp, Secret::new(token.to_owned()))))
}

/// What no key opens any more is as good as gone. What should open and does not was sealed by another key of the same version: nothing may
/// take its place, as the right key may come back.
fn readable<T>(read: Result<Option<T>, KeptError>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(read),
        Err(KeptError::Retired) => {
            log::line("service_unreadable", [("reason", "its key is retired".into())]);
            Ok(None)
        }
        Err(error) => Err(refused(error)),
    }
}

fn refused(error: KeptError) -> Fault {
    match error {
        KeptError::Storage(error) => failed(error),
        KeptError::Ahead => Fault::Storage,
        KeptError::Retired | KeptError::Sealed => {
            log::line("service_unsealable", []);
            Fault::Storage
        }
    }
}

fn failed(StorageError(thrown): StorageError) -> Fault {
    log::line("service_storage_failed", [("reason", log::class_of(&thrown))]);
    Fault::Storage
}
