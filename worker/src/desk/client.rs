//! The Worker's side of a login desk.

use everlit_edge::base64url;
use everlit_edge::cookie::{BindingId, SessionId};
use everlit_edge::oauth::State;
use worker::Env;

use super::message::{BEGIN, CLAIM, Claim, Claimed, FINISH, Finish, Noted, Transaction};
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

    /// Keeps a transaction.
    pub(crate) async fn begin(&self, transaction: &Transaction) -> Result<(), NoAnswer> {
        self.0.tell(BEGIN, transaction).await.map(|Noted {}| ())
    }

    /// Claims the transaction of a callback.
    pub(crate) async fn claim(&self, state: &State) -> Result<Claimed, NoAnswer> {
        let by = entropy::bytes::<16>().map(|bytes| base64url::encode(&bytes)).ok_or(NoAnswer)?;
        self.0.tell(CLAIM, &Claim { state: state.as_str().to_owned(), by }).await
    }

    /// Says how a claimed transaction ended.
    pub(crate) async fn finish(&self, state: &State, session: Option<&SessionId>) -> Result<(), NoAnswer> {
        let session = session.map(|session| session.as_str().to_owned());
        let finish = Finish { state: state.as_str().to_owned(), session };
        self.0.tell(FINISH, &finish).await.map(|Noted {}| ())
    }
}
