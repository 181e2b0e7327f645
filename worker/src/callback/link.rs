//! The end of a login for a further account: not a session of its own, but one more vault of the one that there is.

use everlit_core::vault::{Link, Login};
use everlit_edge::cookie::SessionId;
use everlit_edge::link;
use everlit_edge::return_to::ReturnTo;

use super::{Callback, Failure, Unbegun};
use crate::desk::message::Transaction;
use crate::http::Reply;
use crate::pages::{self, Failed};
use crate::vault::client::{VaultClient, until_answered};
use crate::vault::message::{Holder, LinkOrder};
use crate::vault::reply::VaultReply;
use crate::{entropy, links};

impl Callback {
    /// Gives the session a further account: in a vault of its own, which ends soon by itself, until the login's vault has taken it. That
    /// one decides, in one turn: from then on it ends the account with the session, and before it nobody gets at it. Whoever dies in
    /// between leaves a vault that revokes its grant after some minutes.
    pub(super) async fn link(
        &self,
        login: &Login,
        holder: Holder,
        transaction: &Transaction,
        sub: &str,
    ) -> Result<SessionId, Unbegun> {
        let unheard = |_| Failure(Failed::Ourselves, "the vault did not answer");
        let over = || Failure(Failed::Unknown, "the session to link to is over");
        let (Some(session), Some(previous)) = (transaction.previous(), &transaction.previous) else {
            return Err(over().into());
        };
        let owner = VaultClient::of(&self.env, &session);
        let known = until_answered(async || owner.session().await).await.map_err(unheard)?;
        let is_own = |known: &Holder| known.user.sub == sub;
        let Some(known) = known.holder().filter(|known| is_own(known)) else { return Err(over().into()) };
        // The same account again, perhaps because its grant had ended.
        if let Some(link) = known.links.iter().find(|link| link.provider == holder.provider) {
            let vault = VaultClient::of_link(&self.env, &Link::from(link.clone()));
            let reply = until_answered(async || vault.renew(login, holder.clone(), true).await).await;
            let unclear = |_| Unbegun::Unclear(Failure(Failed::Ourselves, "the vault did not answer"));
            if let VaultReply::Current(_) = reply.map_err(unclear)? {
                return Ok(session);
            }
        }
        let name = entropy::bytes().map(link::vault_name);
        let vault = name.ok_or(Failure(Failed::Ourselves, "no entropy"))?;
        let link = Link { provider: holder.provider.clone(), vault, made: login.epoch };
        let vault = VaultClient::of_link(&self.env, &link);
        until_answered(async || vault.establish_link(login, holder.clone()).await).await.map_err(unheard)?;
        // From here on that vault sees to the end of the tokens.
        let order = LinkOrder::Made { of: previous.epoch, sub: sub.to_owned(), link: (&link).into() };
        let mut taken = owner.link(&order).await;
        if taken.is_err() {
            taken = owner.link(&order).await;
        }
        let taken =
            taken.map_err(|_| Unbegun::Unclear(Failure(Failed::Ourselves, "the vault did not answer")))?;
        if links::open_link(&taken, &link.provider).as_ref() != Some(&link) {
            until_answered(async || vault.end(true).await).await.ok();
            return Err(Unbegun::Unclear(over()));
        }
        // Should it not hear it, it is told by whoever uses it first.
        let bounded = LinkOrder::Bounded { until: taken.absolute_at };
        if vault.link(&bounded).await.is_err() {
            vault.link(&bounded).await.ok();
        }
        Ok(session)
    }

    /// A later callback of an account that was linked.
    pub(super) async fn linked_again(&self, session: &str, return_to: &ReturnTo) -> Reply {
        let Some(session) = SessionId::restored(session) else {
            return self.failed(Failed::Ourselves, None, return_to);
        };
        match VaultClient::of(&self.env, &session).session().await {
            Ok(reply) if reply.is_open() => pages::landing(return_to),
            Ok(_) => self.failed(Failed::Unknown, None, return_to),
            Err(_) => self.failed(Failed::Ourselves, None, return_to),
        }
    }
}
