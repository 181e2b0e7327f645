//! The machine in memory, with what its object keeps beside it.

use std::rc::Rc;

use everlit_core::id::{Epoch, OpId};
use everlit_core::secret::AccessToken;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{CHECKUP, Effect, Event, Phase, Policy, Vault};
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::message::{Holder, LinkText};
use super::row_store::{Kept, Person, ReadError, RowStore, WriteError};
use crate::alarm::Alarm;
use crate::environment::Environment;
use crate::sql::{Storage, StorageError};
use crate::{clock, log};

/// A link that no session has taken, as whoever made it died, ends after this.
const UNBOUND: Millis = Millis::from_secs(600);

/// Why a turn did not happen. Whoever asked may ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The configuration is wrong.
    Misconfigured,
    /// The storage failed, or what it holds is not what was expected.
    Storage,
    /// A later deployment than this one has been here. Nothing may be changed.
    Ahead,
}

/// Why an attempt at a turn came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// For good.
    Fault(Fault),
    /// The row is not the one that was read: it has to be read again.
    Superseded,
}

impl From<Fault> for Lost {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What comes with an event that the machine does not know of.
#[derive(Clone)]
pub(super) enum Arrival {
    /// Who came with a login. Their claims are taken if that login is.
    Login {
        /// The login.
        login: Epoch,
        /// Who.
        holder: Holder,
    },
    /// The access token of an answer is bound to no key. The session's key goes with the token that was.
    Unbound,
}

/// A vault, its row's store, and whose it is.
pub(super) struct Loaded {
    /// Configuration and keys.
    pub(super) environment: Rc<Environment>,
    /// The machine.
    pub(super) vault: Vault,
    /// The name of the provider that the grant comes from.
    pub(super) provider: Rc<str>,
    /// Whose session it is.
    pub(super) holder: Option<Holder>,
    /// The id of the object.
    pub(super) object: Rc<str>,
    store: RowStore,
}

impl Loaded {
    /// Reads the object's row.
    pub(super) fn read(state: &DurableObjectState, env: &Env) -> Result<Self, Fault> {
        let environment = Environment::of(env).map_err(|_| Fault::Misconfigured)?;
        let failed = |StorageError(thrown): StorageError| {
            log::line("load_failed", [("reason", log::class_of(&thrown))]);
            Fault::Storage
        };
        let object = state.id().and_then(|id| id.to_string()).map_err(|thrown| failed(thrown.into()))?;
        let storage = Storage::of(state).map_err(failed)?;
        let mut store = RowStore::new(storage, Rc::clone(&environment), object.clone());
        let kept = store.load().map_err(|error| match error {
            ReadError::Storage(error) => failed(error),
            ReadError::Ahead => {
                log::line("load_failed", [("reason", "written by a later version".into())]);
                Fault::Ahead
            }
        })?;
        let (vault, provider, holder) = match kept {
            Some(Kept { row, provider, person, dpop_key }) => {
                let holder = person.map(Person::into_parts).map(|(user, about)| Holder {
                    provider: provider.to_string(),
                    user,
                    about,
                    dpop_key,
                    links: Vec::new(),
                });
                (Vault::load(environment.policy(&provider), row), provider, holder)
            }
            None => (Vault::new(environment.policy("")), Rc::from(""), None),
        };
        Ok(Self { environment, vault, provider, holder, object: Rc::from(object), store })
    }

    /// Says whose session begins, if none has.
    pub(super) fn begin(&mut self, holder: Holder, is_link: bool) {
        if !self.store.holds_row() {
            let mut policy = self.environment.policy(&holder.provider);
            if is_link {
                policy = Policy { absolute_limit: policy.absolute_limit.min(UNBOUND), ..policy };
            }
            self.vault = Vault::new(policy);
            self.provider = Rc::from(holder.provider.as_str());
            self.holder = Some(holder);
        }
    }

    /// One step, with everything of it that is written: rows first, then the alarm, all one transaction.
    pub(super) fn step(
        &mut self,
        event: Event,
        arrival: Option<&Arrival>,
        alarm: &mut Alarm,
    ) -> Result<Vec<Effect>, Lost> {
        // The alarm is the time to look after the row's keys, and the only one if nobody comes.
        let is_alarm = event == Event::DeadlineReached;
        let moment = clock::moment();
        let before = self.access_token();
        let effects: Vec<Effect> = self.vault.step(moment, event).into_iter().collect();
        match arrival {
            // Names and addresses change; the person does not.
            Some(Arrival::Login { login, holder }) if matches!(self.vault.phase(), Phase::Live(live) if live.login == *login) =>
            {
                self.holder = Some(holder.clone());
            }
            // Where the answer was not taken, the token that is there is the bound one.
            Some(Arrival::Unbound) if self.access_token() != before => {
                if let Some(holder) = &mut self.holder {
                    holder.dpop_key = None;
                }
            }
            Some(Arrival::Login { .. } | Arrival::Unbound) | None => {}
        }
        let persist = effects.contains(&Effect::Persist) || is_alarm && self.store.is_stale();
        let written = if effects.contains(&Effect::Forget) {
            self.forget(alarm)
        } else {
            self.write(persist, alarm, moment.wall)
        };
        written.map_err(|error| {
            let (reason, lost) = match error {
                WriteError::Superseded => ("superseded".into(), Lost::Superseded),
                WriteError::Storage(StorageError(thrown)) => (log::class_of(&thrown), Fault::Storage.into()),
                WriteError::Unsealable => ("unsealable".into(), Fault::Storage.into()),
            };
            log::line("turn_lost", [("reason", reason)]);
            lost
        })?;
        Ok(effects)
    }

    fn access_token(&self) -> Option<AccessToken> {
        match self.vault.phase() {
            Phase::Live(live) => Some(live.access.token.clone()),
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => None,
        }
    }

    /// The question that the last token request was made for.
    pub(super) const fn op(&self) -> Option<OpId> {
        match self.vault.phase() {
            Phase::Live(live) => live.op,
            Phase::Vacant | Phase::ReauthRequired(_) | Phase::Ended(_) => None,
        }
    }

    fn write(&mut self, persist: bool, alarm: &mut Alarm, now: Timestamp) -> Result<(), WriteError> {
        if persist && self.is_blank() {
            // The last errand of a session that was forgotten is done.
            return self.forget(alarm);
        }
        if persist {
            self.write_row()?;
        }
        Ok(alarm.see_to(self.store.storage(), self.wanted_alarm(now), now)?)
    }

    /// Arms the alarm again if it was lost.
    pub(super) fn restore_alarm(&self, alarm: &mut Alarm) -> Result<(), StorageError> {
        let now = clock::now();
        alarm.restore(self.store.storage(), self.wanted_alarm(now), now)
    }

    fn wanted_alarm(&self, now: Timestamp) -> Option<Timestamp> {
        self.vault.next_alarm().map(|at| at.min(now.after(CHECKUP)))
    }

    fn write_row(&mut self) -> Result<(), WriteError> {
        let over = matches!(self.vault.phase(), Phase::Ended(_));
        // A session that is over keeps no claims and no key: only why it ended, and what is left to revoke.
        let holder = self.holder.as_ref().filter(|_| !over).cloned();
        let (person, dpop_key) = match holder {
            Some(Holder { user, about, dpop_key, .. }) => {
                let links = self.vault.links().iter().map(LinkText::from).collect();
                (Some(Person::new(user, about, links)), dpop_key)
            }
            None => (None, None),
        };
        self.store.write(&Kept {
            row: self.vault.row(),
            provider: Rc::clone(&self.provider),
            person,
            dpop_key,
        })
    }

    fn is_blank(&self) -> bool {
        *self.vault.phase() == Phase::Vacant
            && self.vault.orphan().is_none()
            && self.vault.outbox().errands().is_empty()
    }

    fn forget(&mut self, alarm: &mut Alarm) -> Result<(), WriteError> {
        self.store.erase()?;
        alarm.erased();
        self.holder = None;
        Ok(())
    }
}
