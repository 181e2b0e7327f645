//! The Worker's side of a vault.

use everlit_core::id::Stamp;
use everlit_core::service::Class;
use everlit_core::time::{Millis, Timestamp};
use everlit_runtime::packed::Json;
use everlit_runtime::stub::ObjectStub;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use worker::Env;

use super::message::{
    ANSWERED, CALLBACK, CREDENTIAL, CallAnswered, CallbackAsk, CallbackReply, Done, FALLBACK, HandAsk,
    HandReply, LOGIN, LOGOUT, LoginAsk, LoginReply, NOTICE, NoticeAsk, PERSON, PersonAsk, Place, REFRESH,
    RefreshAsk, STATUS, TICKET, TOKEN, Ticket, TokenAsk, TokenReply,
};
use crate::environment::SERVICE_VAULT;
use crate::problem::Problem;

/// One account's vault.
pub(crate) struct ServiceClient {
    stub: ObjectStub,
    service: String,
}

impl ServiceClient {
    /// That of a service that is configured: nobody makes an object of another name.
    pub(crate) fn of(env: &Env, service: &str) -> Self {
        Self { stub: ObjectStub::new(env, SERVICE_VAULT, service), service: service.to_owned() }
    }

    /// The token for a caller, or why there is none.
    pub(crate) async fn token(&self, caller: &str, reads_only: bool) -> Result<TokenReply, Problem> {
        self.tell(TOKEN, &TokenAsk { caller: caller.to_owned(), reads_only, is_call: false }).await
    }

    /// The same for one call that is made here.
    pub(crate) async fn token_for_call(&self, caller: &str, reads_only: bool) -> Result<TokenReply, Problem> {
        self.tell(TOKEN, &TokenAsk { caller: caller.to_owned(), reads_only, is_call: true }).await
    }

    /// Another one than the caller has.
    pub(crate) async fn refresh(
        &self,
        caller: &str,
        holds: Option<Place>,
        operator: bool,
    ) -> Result<TokenReply, Problem> {
        self.tell(REFRESH, &RefreshAsk { caller: caller.to_owned(), holds, operator }).await
    }

    /// The token for one call of a user of the app; or another one, if it is an operator who has everything tried again.
    pub(crate) async fn person(&self, ask: &PersonAsk) -> Result<TokenReply, Problem> {
        self.tell(PERSON, ask).await
    }

    /// Says that the app lives on another source.
    pub(crate) async fn fell_back(&self) -> Result<(), Problem> {
        self.ask(FALLBACK).await.map(|Done {}| ())
    }

    /// Hands something in.
    pub(crate) async fn hand_in(&self, ask: &HandAsk) -> Result<HandReply, Problem> {
        self.tell(CREDENTIAL, ask).await
    }

    /// Where it stands.
    pub(crate) async fn status(&self) -> Result<Value, Problem> {
        self.ask(STATUS).await
    }

    /// Ends the session.
    pub(crate) async fn log_out(&self) -> Result<(), Problem> {
        self.ask(LOGOUT).await.map(|Done {}| ())
    }

    /// A ticket for a login.
    pub(crate) async fn ticket(&self) -> Result<Ticket, Problem> {
        self.ask(TICKET).await
    }

    /// Begins a login, of somebody with a ticket or of an operator with a session. Asked once: a ticket is good once.
    pub(crate) async fn begin_login(&self, ticket: Option<String>) -> Result<LoginReply, Problem> {
        self.once(LOGIN, &LoginAsk { ticket }).await
    }

    /// Finishes it. Asked once: the second time it would be over.
    pub(crate) async fn finish_login(&self, ask: &CallbackAsk) -> Result<CallbackReply, Problem> {
        self.once(CALLBACK, ask).await
    }

    /// Hands on what the provider says by itself.
    pub(crate) async fn notice(&self, ask: &NoticeAsk) -> Result<(), Problem> {
        self.tell(NOTICE, ask).await.map(|Done {}| ())
    }

    /// Says what the provider answered a call with the token.
    pub(crate) async fn answered(
        &self,
        stamp: Stamp,
        read_only: bool,
        class: Class,
        until: Option<Timestamp>,
    ) -> Result<(), Problem> {
        let until = until.map(Timestamp::as_millis);
        let said = CallAnswered { place: stamp.into(), read_only, class: class.as_str().to_owned(), until };
        self.tell(ANSWERED, &said).await.map(|Done {}| ())
    }

    async fn ask<T: Serialize + DeserializeOwned>(&self, question: &str) -> Result<T, Problem> {
        let heard = self.stub.ask(&self.target(question)).await;
        heard.ok().and_then(|Json(heard)| heard).ok_or_else(Problem::unavailable)
    }

    async fn tell<T: Serialize + DeserializeOwned>(
        &self,
        question: &str,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        let heard = self.stub.tell(&self.target(question), &Json::of(body)).await;
        heard.ok().and_then(|Json(heard)| heard).ok_or_else(Problem::unavailable)
    }

    async fn once<T: Serialize + DeserializeOwned>(
        &self,
        question: &str,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        let heard = self.stub.tell_within(&self.target(question), &Json::of(body), PATIENCE).await;
        heard.ok().and_then(|Json(heard)| heard).ok_or_else(Problem::unavailable)
    }

    fn target(&self, question: &str) -> String {
        ["/", &self.service, "/", question].concat()
    }
}

/// A little longer than an attempt takes.
const PATIENCE: Millis = Millis::from_secs(30);
