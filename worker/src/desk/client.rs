//! The Worker's side of a login desk.

use everlit_core::time::Millis;
use everlit_edge::base64url;
use everlit_edge::cookie::{BindingId, SessionId};
use everlit_edge::gate::Gate;
use everlit_edge::oauth::State;
use worker::Env;

use super::message::{
    ADMIT, BEGIN, BEGIN_COUNTED, CLAIM, Claim, Claimed, DEPART, Departed, Departure, FINISH, Finish, Noted,
    RETURN, TAKE, Take, Transaction,
};
use crate::entropy;
use crate::environment::LOGIN_DESK;
use crate::stub::{NoAnswer, ObjectStub};

/// One browser's login desk.
#[derive(Clone)]
pub(crate) struct DeskClient(ObjectStub);

impl DeskClient {
    /// The desk of this browser.
    pub(crate) fn of(env: &Env, binding: &BindingId) -> Self {
        Self(ObjectStub::new(env, LOGIN_DESK, binding.as_str()))
    }

    /// Counts a login that is about to begin in this browser; or says after how long it may.
    pub(crate) async fn admit(&self) -> Result<Option<Millis>, NoAnswer> {
        let target = [ADMIT, "browser"].concat();
        self.0.ask(&target).await.map(|Noted { throttled }| throttled.map(Millis::from_millis))
    }

    /// Keeps a transaction, and counts it unless it is counted; or says after how long it would.
    pub(crate) async fn begin(
        &self,
        transaction: &Transaction,
        is_counted: bool,
    ) -> Result<Option<Millis>, NoAnswer> {
        let target = if is_counted { BEGIN_COUNTED } else { BEGIN };
        self.0.tell(target, transaction).await.map(|Noted { throttled }| throttled.map(Millis::from_millis))
    }

    /// Claims the transaction of a callback.
    pub(crate) async fn claim(&self, state: &State) -> Result<Claimed, NoAnswer> {
        self.0.tell(CLAIM, &Claim { state: state.as_str().to_owned(), by: name()? }).await
    }

    /// Keeps what a logout needs that goes on at the authorization server.
    pub(crate) async fn depart(&self, departure: &Departure) -> Result<(), NoAnswer> {
        self.0.tell(DEPART, departure).await.map(|Noted { .. }| ())
    }

    /// Takes it, for the browser that goes there.
    pub(crate) async fn take(&self) -> Result<Departed, NoAnswer> {
        self.0.tell(TAKE, &Take { by: name()? }).await
    }

    /// Says that the browser is back, with this `state`.
    pub(crate) async fn back(&self, state: &State) -> Result<Departed, NoAnswer> {
        self.0.tell(RETURN, &Claim { state: state.as_str().to_owned(), by: name()? }).await
    }

    /// Says how a claimed transaction ended.
    pub(crate) async fn finish(&self, state: &State, session: Option<&SessionId>) -> Result<(), NoAnswer> {
        let session = session.map(|session| session.as_str().to_owned());
        let finish = Finish { state: state.as_str().to_owned(), session };
        self.0.tell(FINISH, &finish).await.map(|Noted { .. }| ())
    }
}

/// Names a request: what it says may be delivered twice.
fn name() -> Result<String, NoAnswer> {
    entropy::bytes::<16>().map(|bytes| base64url::encode(&bytes)).ok_or(NoAnswer)
}

/// What all logins pass that have something in common: an object that counts, and keeps nothing.
pub(crate) struct GateClient(ObjectStub);

impl GateClient {
    /// The gate of this name.
    pub(crate) fn of(env: &Env, name: &str) -> Self {
        Self(ObjectStub::new(env, LOGIN_DESK, name))
    }

    /// Passes; or says after how long it may.
    pub(crate) async fn admit(&self, gate: &Gate) -> Result<Option<Millis>, NoAnswer> {
        let kind = match gate {
            Gate::All | Gate::Known => "all",
            Gate::Site(_) => "site",
            Gate::Network(_) => "address",
            Gate::Session(_) => "session",
            Gate::Logouts(_) => "logouts",
        };
        let target = [ADMIT, kind].concat();
        self.0.ask(&target).await.map(|Noted { throttled }| throttled.map(Millis::from_millis))
    }
}
