//! Further accounts of a user who is logged in: whose token their upstreams get, and `DELETE /auth/links/{provider}`.
//!
//! The login's vault is asked first, each time: it says whether the session goes on, and which vault is the account's. So nobody gets
//! at one whose session is over, also where that has not heard it yet.

use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::Link;
use everlit_edge::cookie::SessionId;
use everlit_edge::cross_site::SameOrigin;
use everlit_wire::{Code, Problem};

use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::vault::message::{LinkOrder, Owner};
use crate::vault::reply::{CurrentToken, VaultReply};
use crate::{background, clock, log, session};

/// What stands before the name of a provider.
const ONE: &str = "/auth/links/";

/// By how much the end of an account may differ from that of its session: to say it anew costs a row.
const SLACK: Millis = Millis::from_secs(60);

/// A further account of the user, at the moment of a question.
pub(crate) struct Account {
    provider: String,
    /// Its vault.
    pub(crate) vault: VaultClient,
    /// What its session's vault says.
    pub(crate) owner: Owner,
}

impl Account {
    /// The account at this provider, if the session is open and has one.
    pub(crate) async fn of(
        call: &Call,
        environment: &Environment,
        session: &SessionId,
        provider: &str,
        active_ago: Option<Millis>,
    ) -> Result<Self, Problem> {
        let owner = VaultClient::of(&call.env, session).owner(active_ago).await?;
        let Some(link) = open_link(&owner, provider) else {
            return Err(match owner.reply {
                VaultReply::Current(_) | VaultReply::ReauthRequired { .. } => required(provider, None),
                other @ (VaultReply::RetryAfter { .. }
                | VaultReply::Unobtainable
                | VaultReply::Throttled { .. }
                | VaultReply::Ended { .. }
                | VaultReply::LoggedOut) => {
                    other.current(environment).err().unwrap_or_else(|| required(provider, None))
                }
            });
        };
        Ok(Self { provider: provider.to_owned(), vault: VaultClient::of_link(&call.env, &link), owner })
    }

    /// The token in this answer of its vault, or what to tell the tab instead. That the account has to be linked again says nothing of
    /// the session.
    pub(crate) fn token(
        &self,
        call: &Call,
        reply: VaultReply,
        environment: &Environment,
    ) -> Result<CurrentToken, Problem> {
        match reply {
            VaultReply::ReauthRequired { reason, .. } | VaultReply::Ended { reason, .. } => {
                Err(required(&self.provider, Some(reason)))
            }
            VaultReply::LoggedOut => Err(required(&self.provider, None)),
            reply @ (VaultReply::Current(_)
            | VaultReply::RetryAfter { .. }
            | VaultReply::Unobtainable
            | VaultReply::Throttled { .. }) => {
                let current = reply.current(environment)?;
                self.bound(call, &current);
                Ok(current)
            }
        }
    }

    /// The account ends with its session, which another login has prolonged, or which nobody has told it yet.
    fn bound(&self, call: &Call, current: &CurrentToken) {
        let ends_at = clock::now().after(Millis::from_millis(current.absolute_left));
        let until = self.owner.absolute_at;
        if ends_at.after(SLACK) < Timestamp::from_millis(until) {
            let vault = self.vault.clone();
            background::start(call.context.as_ref(), async move {
                vault.link(&LinkOrder::Bounded { until }).await.ok();
            });
        }
    }
}

/// The link of this provider, if the session goes on.
pub(crate) fn open_link(owner: &Owner, provider: &str) -> Option<Link> {
    let is_open = matches!(owner.reply, VaultReply::Current(_) | VaultReply::ReauthRequired { .. });
    owner.link(provider).filter(|_| is_open).cloned().map(Link::from)
}

fn required(provider: &str, reason: Option<String>) -> Problem {
    Problem { reason, ..Problem::new(Code::LinkRequired).asking(provider, true) }
}

/// Ends one. Its grant is revoked by its own vault, which is told until it has heard it.
pub(crate) async fn end_one(
    call: &Call,
    environment: &Environment,
    proof: SameOrigin,
) -> Result<Reply, Problem> {
    let name = call.request.path.strip_prefix(ONE).unwrap_or_default();
    let provider = environment.config.linked_provider_named(name);
    let provider = provider.ok_or_else(|| Problem::new(Code::NotFound))?.name.clone();
    call.request.body().await?;
    let cookie = session::named(call, environment, proof).ok_or_else(|| Problem::new(Code::LoggedOut))?;
    let vault = VaultClient::of(&call.env, &cookie.id);
    match vault.link(&LinkOrder::Undone { provider }).await?.reply {
        VaultReply::Current(_) | VaultReply::ReauthRequired { .. } => {
            log::line("unlinked", []);
            Ok(Reply::empty(204))
        }
        other @ (VaultReply::RetryAfter { .. }
        | VaultReply::Unobtainable
        | VaultReply::Throttled { .. }
        | VaultReply::Ended { .. }
        | VaultReply::LoggedOut) => {
            other.current(environment).and_then(|_| Err(Problem::new(Code::LoggedOut)))
        }
    }
}
