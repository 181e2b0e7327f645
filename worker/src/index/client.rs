//! The Worker's side of an index: under every key in force, the current one first.

use everlit_core::index::{Handle, Kind, LogoutNote, Which};
use everlit_core::time::Timestamp;
use everlit_core::vault::Revoker;
use everlit_edge::cookie::SessionId;
use everlit_edge::index::Shelf;
use futures_util::future::join_all;
use worker::Env;

use super::message::{
    END, ENTER, End, Ended, Enter, Entered, FORBIDS, Forbids, LIST, LOGOUT, Line, Listed, Logout,
    LogoutReply, Noted, Owner, PRUNE, Prune,
};
use crate::environment::{Environment, SESSION_INDEX};
use crate::stub::{NoAnswer, ObjectStub};
use crate::vault::client::VaultClient;
use crate::vault::message::Meant;

/// How many vaults are told at once.
const AT_ONCE: usize = 50;

/// The indexes of one user, or of one session at an issuer.
pub(crate) struct IndexClient {
    shelves: Vec<(ObjectStub, Shelf)>,
    issuer: String,
    client: String,
    value: String,
}

/// A login that a session is entered with.
#[derive(Clone, Copy)]
pub(crate) struct Arriving<'a> {
    /// The session.
    pub(crate) session: &'a SessionId,
    /// When its ID Token was issued.
    pub(crate) issued_at: Timestamp,
    /// When the session is over at the latest.
    pub(crate) until: Timestamp,
}

impl IndexClient {
    /// The indexes of this user, or of this session at the issuer, as far as they are this client's.
    pub(crate) fn of(
        env: &Env,
        environment: &Environment,
        kind: Kind,
        (issuer, client): (&str, &str),
        value: &str,
    ) -> Self {
        let stub = |shelf: Shelf| (ObjectStub::new(env, SESSION_INDEX, &shelf.name), shelf);
        let shelves = environment.index.shelves(kind, issuer, client, value).into_iter().map(stub).collect();
        Self { shelves, issuer: issuer.to_owned(), client: client.to_owned(), value: value.to_owned() }
    }

    /// Enters a session under the current key, if that may be.
    pub(crate) async fn enter(&self, arriving: Arriving<'_>) -> Result<Entered, NoAnswer> {
        let Arriving { session, issued_at, until } = arriving;
        let (stub, shelf) = self.shelves.first().ok_or(NoAnswer)?;
        let enter = Enter {
            owner: Some(Owner {
                sid: shelf.kind == Kind::Sid,
                issuer: self.issuer.clone(),
                client: self.client.clone(),
                value: self.value.clone(),
                name: shelf.name.clone(),
            }),
            handle: shelf.handle(session).0,
            session: session.as_str().to_owned(),
            issued_at: issued_at.as_millis(),
            until: until.as_millis(),
        };
        let entered = stub.tell(ENTER, &enter).await?;
        // A logout is noted under all keys that were known to who noted it, and the newest may not have been.
        let forbids = Forbids { sid: shelf.kind == Kind::Sid, issued_at: enter.issued_at };
        let asked = self.shelves.iter().skip(1).map(|(stub, _)| stub.tell::<Entered>(FORBIDS, &forbids));
        for older in join_all(asked).await {
            if older? == Entered::Forbidden {
                return Ok(Entered::Forbidden);
            }
        }
        Ok(entered)
    }

    /// Has a Logout Token take its effect. Whether it is not forged.
    pub(crate) async fn logout(&self, note: &LogoutNote) -> Result<LogoutReply, NoAnswer> {
        let told = self.shelves.iter().map(|(stub, shelf)| async move {
            stub.tell::<LogoutReply>(LOGOUT, &Logout::new(shelf.kind, note)).await
        });
        let mut whole = LogoutReply { forged: false, again: true };
        for reply in join_all(told).await {
            let LogoutReply { forged, again } = reply?;
            whole = LogoutReply { forged: whole.forged || forged, again: whole.again && again };
        }
        Ok(whole)
    }

    /// Ends this session, or all but this one.
    pub(crate) async fn end(&self, session: &SessionId, others: bool) -> Result<Ended, NoAnswer> {
        let told = self.shelves.iter().map(|(stub, shelf)| {
            let handle = shelf.handle(session);
            let which = if others { Which::Others(handle) } else { Which::One(handle) };
            async move { stub.tell::<Ended>(END, &End::new(which)).await }
        });
        let mut whole = Ended { ended: 0, waiting: 0 };
        for reply in join_all(told).await {
            let Ended { ended, waiting } = reply?;
            whole.ended = whole.ended.saturating_add(ended);
            whole.waiting = whole.waiting.saturating_add(waiting);
        }
        Ok(whole)
    }

    /// What a session is called under the current key.
    pub(crate) fn handle(&self, session: &SessionId) -> Option<Handle> {
        self.shelves.first().map(|(_, shelf)| shelf.handle(session))
    }

    /// The sessions there are, the newest first.
    pub(crate) async fn list(&self) -> Result<Vec<Line>, NoAnswer> {
        let asked = self.shelves.iter().map(|(stub, _)| stub.ask::<Listed>(LIST));
        let mut lines = Vec::new();
        for listed in join_all(asked).await {
            lines.extend(listed?.sessions);
        }
        Ok(lines)
    }

    /// Drops sessions that were found to be over. Where that fails, they are found again.
    pub(crate) async fn prune(&self, handles: Vec<[u8; 16]>) {
        let prune = Prune { handles, over: false };
        join_all(self.shelves.iter().map(|(stub, _)| stub.tell::<Noted>(PRUNE, &prune))).await;
    }

    /// Drops a session whose vault has said that it is over. Where that fails, it is found by the alarm.
    pub(crate) async fn drop(&self, session: &SessionId) {
        join_all(self.shelves.iter().map(|(stub, shelf)| async move {
            stub.tell::<Noted>(PRUNE, &Prune { handles: vec![shelf.handle(session).0], over: true }).await
        }))
        .await;
    }

    /// Tells the vaults of the newest sessions of a logout that is about some of them. Nothing of it is noted here.
    pub(crate) async fn tell(&self, env: &Env, meant: &Meant) -> Result<(), NoAnswer> {
        for some in self.list().await?.chunks(AT_ONCE) {
            let sessions = some.iter().filter_map(Line::session);
            let told = sessions.map(|session| async move {
                VaultClient::of(env, &session).revoke(Revoker::BackChannel, meant).await
            });
            for reply in join_all(told).await {
                reply?;
            }
        }
        Ok(())
    }
}
