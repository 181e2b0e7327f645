//! `GET /auth/sessions`, `DELETE /auth/sessions/{id}`, `DELETE /auth/sessions`: a user's devices.

use everlit_core::index::Kind;
use everlit_core::sort;
use everlit_core::time::Timestamp;
use everlit_edge::cookie::{SessionId, clear_session};
use everlit_edge::cross_site::SameOrigin;
use everlit_edge::index::{handle_text, parse_handle};
use everlit_wire::{Code, Device, DeviceState, NumericDate, Problem, SessionsResponse, VERSION};
use futures_util::future::join_all;

use crate::environment::Environment;
use crate::http::Reply;
use crate::index::client::IndexClient;
use crate::routes::Call;
use crate::stub::NoAnswer;
use crate::vault::client::VaultClient;
use crate::vault::message::{BY_USER, Sight};
use crate::{clock, log, logout, session};

/// What stands before the name of one session.
pub(crate) const ONE: &str = "/auth/sessions/";

/// How many vaults are asked at once.
const AT_ONCE: usize = 50;

/// The session that asks, and the index of its user.
struct Asking {
    own: SessionId,
    index: IndexClient,
}

/// One session of a list.
struct Listed {
    session: SessionId,
    handle: [u8; 16],
    began_at: u64,
}

/// Shows all, or ends all but the one that asks.
pub(crate) async fn all(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Reply, Problem> {
    let asking = Asking::of(call, environment, proof).await?;
    if call.request.method == "DELETE" {
        call.request.body().await?;
        let ended = asking.index.end(&asking.own, true).await?;
        log::line("sessions_ended", [("count", ended.ended.into())]);
        return settled(ended.waiting);
    }
    let mut devices = Vec::new();
    let mut over = Vec::new();
    for some in asking.sessions().await?.chunks(AT_ONCE) {
        let seen = join_all(some.iter().map(|listed| VaultClient::of(&call.env, &listed.session).sight_of()));
        for (listed, seen) in some.iter().zip(seen.await) {
            match seen {
                Ok(sight) if !sight.is_open && listed.session != asking.own => over.push(listed.handle),
                seen => devices.push(asking.device(listed, seen.ok())),
            }
        }
    }
    if !over.is_empty() {
        asking.index.prune(over).await;
    }
    // The own first, then by activity; one that did not answer comes last.
    sort::by_key(&mut devices, |device| (!device.current, core::cmp::Reverse(device.active_at)));
    let server_time = NumericDate(clock::now());
    Ok(Reply::json(&SessionsResponse { v: VERSION, server_time, sessions: devices }))
}

/// Ends one.
pub(crate) async fn end_one(
    call: &Call,
    environment: &Environment,
    proof: SameOrigin,
) -> Result<Reply, Problem> {
    let unknown = || Problem::new(Code::NotFound);
    let name = call.request.path.strip_prefix(ONE).and_then(parse_handle);
    let name = name.ok_or_else(unknown)?;
    let asking = Asking::of(call, environment, proof).await?;
    call.request.body().await?;
    // Who looks is shown names under the current key; a list of a moment before may have others.
    let is_named =
        |listed: &Listed| listed.handle == name.0 || asking.index.handle(&listed.session) == Some(name);
    let sessions = asking.sessions().await?;
    let meant = sessions.iter().find(|listed| is_named(listed)).ok_or_else(unknown)?;
    log::line("session_ended", [("own", (meant.session == asking.own).into())]);
    if meant.session == asking.own {
        logout::leave(&call.env, environment, call.context.as_ref(), &asking.own, BY_USER).await?;
        return Ok(Reply::empty(204).with_cookie(clear_session()));
    }
    settled(asking.index.end(&meant.session, false).await?.waiting)
}

/// What was asked for is done, or will be: the index tells the vaults until they have heard it.
fn settled(waiting: usize) -> Result<Reply, Problem> {
    if waiting == 0 { Ok(Reply::empty(204)) } else { Err(NoAnswer.into()) }
}

impl Asking {
    async fn of(call: &Call, environment: &Environment, proof: SameOrigin) -> Result<Self, Problem> {
        let logged_out = || Problem::new(Code::LoggedOut);
        let own = session::named(call, environment, proof).ok_or_else(logged_out)?.id;
        let known = VaultClient::of(&call.env, &own).session().await?;
        let Some(holder) = known.holder() else {
            // Over, or about to answer.
            return known.current(environment).and_then(|_| Err(logged_out()));
        };
        let provider = environment.config.provider(&holder.provider).ok_or_else(logged_out)?;
        let (kind, sub) = (Kind::Subject, holder.user.sub.as_str());
        let index =
            IndexClient::of(&call.env, environment, kind, (&provider.issuer, &provider.client_id), sub);
        Ok(Self { own, index })
    }

    /// Each session once, the own among them: one of before there was an index is in none.
    async fn sessions(&self) -> Result<Vec<Listed>, Problem> {
        let mut sessions: Vec<Listed> = Vec::new();
        for line in self.index.list().await? {
            let Some(session) = line.session() else { continue };
            if !sessions.iter().any(|known| known.session == session) {
                sessions.push(Listed { session, handle: line.handle, began_at: line.began_at });
            }
        }
        if !sessions.iter().any(|known| known.session == self.own)
            && let Some(handle) = self.index.handle(&self.own)
        {
            sessions.push(Listed { session: self.own.clone(), handle: handle.0, began_at: 0 });
        }
        Ok(sessions)
    }

    fn device(&self, listed: &Listed, seen: Option<Sight>) -> Device {
        let date = |millis| NumericDate(Timestamp::from_millis(millis));
        let waits = seen.as_ref().is_some_and(|sight| sight.waits);
        Device {
            id: self.index.handle(&listed.session).map(handle_text).unwrap_or_default(),
            current: listed.session == self.own,
            state: if waits { DeviceState::ReauthRequired } else { DeviceState::Active },
            login_at: date(seen.as_ref().map_or(listed.began_at, |sight| sight.login_at)),
            active_at: seen.as_ref().map(|sight| date(sight.active_at)),
            device: seen.and_then(|sight| sight.device),
        }
    }
}
