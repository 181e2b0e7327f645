//! What a login comes to: the session that the browser has, or a new one.

use std::rc::Rc;

use everlit_core::id::Epoch;
use everlit_core::index::Kind;
use everlit_core::time::Timestamp;
use everlit_core::vault::{Granted, Login};
use everlit_edge::config::ProviderConfig;
use everlit_edge::cookie::SessionId;
use everlit_edge::end_session::MAX_HINT;
use everlit_edge::oauth::{Scheme, State, TokenResponse};
use everlit_edge::oidc::{IdTokenClaims, ProviderMetadata};
use everlit_edge::provider::supabase::login::Person;
use everlit_wire::User;
use futures_util::future::join_all;

use super::{Callback, Failure, Unbegun};
use crate::desk::message::Transaction;
use crate::index::client::{Arriving, IndexClient};
use crate::index::message::Entered;
use crate::pages::Failed;
use crate::vault::client::{VaultClient, until_answered};
use crate::vault::message::{About, Holder, REPLACED};
use crate::vault::reply::VaultReply;
use crate::{background, clock, entropy, log, logout};

impl Callback {
    pub(super) async fn establish(
        &self,
        state: &State,
        provider: &ProviderConfig,
        metadata: &ProviderMetadata,
        mut tokens: TokenResponse,
        transaction: &Transaction,
    ) -> Result<SessionId, Unbegun> {
        let began_at = transaction.began_at.map(Timestamp::from_millis);
        let (user, sid, issued_at, email_verified) = match tokens.user.take() {
            Some(Person { id, name, email }) => {
                let at = began_at.unwrap_or_else(clock::now).as_millis();
                (User { sub: id, name, email }, None, at, false)
            }
            None => {
                let claims = self.identify(provider, metadata, &tokens, transaction).await?;
                let at = claims.login_at(began_at).as_millis();
                let IdTokenClaims { sub, name, email, sid, email_verified, .. } = claims;
                (User { sub, name, email }, sid, at, email_verified)
            }
        };
        let floor = transaction.previous.as_ref().map_or(0, |previous| previous.epoch);
        let epoch = Epoch(clock::now().as_millis().max(floor.saturating_add(1)));
        let id_token = tokens.id_token.as_ref().map(|token| token.expose().clone());
        let id_token = id_token.filter(|token| token.len() <= MAX_HINT && provider.shows_hint(metadata));
        // A server that does not bind tokens for this client has no use for the key.
        let dpop_key = transaction.dpop_key.clone().filter(|_| tokens.scheme == Scheme::Dpop);
        let grant = Granted {
            target: None,
            access_token: tokens.access_token,
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
        };
        let login = Login { epoch, grant };
        let about = About { device: self.device.clone(), sid, issued_at, id_token, email_verified };
        let holder = Holder { provider: provider.name.clone(), user, about, dpop_key, links: Vec::new() };
        let session = match &transaction.link_of {
            Some(sub) => self.link(&login, holder, transaction, sub).await?,
            None => match self.renew(&login, &holder, transaction).await? {
                Some(renewed) => renewed,
                None => {
                    self.may_open(&holder, transaction).await?;
                    self.open(&login, holder, transaction).await?
                }
            },
        };
        // Whoever comes with the same `state` from now on gets the same session.
        let noted = self.desk.finish(state, Some(&session)).await;
        if noted.is_err() {
            log::line("login_not_noted", []);
        }
        Ok(session)
    }

    /// Goes on with the session that the browser has, if it is open and the same user's: its cookie stays.
    async fn renew(
        &self,
        login: &Login,
        holder: &Holder,
        transaction: &Transaction,
    ) -> Result<Option<SessionId>, Unbegun> {
        let Some(previous) = transaction.previous() else { return Ok(None) };
        let vault = VaultClient::of(&self.env, &previous);
        let unheard = |_| Failure(Failed::Ourselves, "the vault did not answer");
        let known = until_answered(async || vault.session().await).await.map_err(unheard)?;
        // Another user's session is not entered among this one's.
        if !known.holder().is_some_and(|known| known.is_same_person(holder)) {
            return Ok(None);
        }
        if !self.enter(&previous, holder, transaction).await? {
            return Ok(None);
        }
        let silent = transaction.silent.is_some();
        let reply = until_answered(async || vault.renew(login, holder.clone(), silent).await).await;
        let unanswered = |_| Unbegun::Unclear(Failure(Failed::Ourselves, "the vault did not answer"));
        match reply.map_err(unanswered)? {
            VaultReply::Current(_) => Ok(Some(previous)),
            VaultReply::RetryAfter { .. }
            | VaultReply::Unobtainable
            | VaultReply::Throttled { .. }
            | VaultReply::ReauthRequired { .. }
            | VaultReply::Ended { .. }
            | VaultReply::LoggedOut => Ok(None),
        }
    }

    /// Nobody has asked for a silent re-login but a page: it brings no session back that is over. Where somebody else is signed in
    /// at the provider by now, it is a change of user while there is a session to change.
    async fn may_open(&self, holder: &Holder, transaction: &Transaction) -> Result<(), Failure> {
        let Some(silent) = &transaction.silent else { return Ok(()) };
        let over = Failure(Failed::Unknown, "the session to renew is over");
        let Some(previous) = transaction.previous().filter(|_| holder.user.sub != silent.sub) else {
            return Err(over);
        };
        match VaultClient::of(&self.env, &previous).session().await {
            Ok(reply) if reply.is_open() => Ok(()),
            Ok(_) | Err(_) => Err(over),
        }
    }

    /// Begins a session, and ends the one that it replaces, as far as it is known: a login that another site's link began came
    /// without the session cookie (`Strict`), and what that cookie stood for lives on unseen until its limits.
    async fn open(
        &self,
        login: &Login,
        holder: Holder,
        transaction: &Transaction,
    ) -> Result<SessionId, Failure> {
        let session = entropy::bytes().map(SessionId::from_entropy);
        let session = session.ok_or(Failure(Failed::Ourselves, "no entropy"))?;
        if !self.enter(&session, &holder, transaction).await? {
            return Err(Failure(Failed::Denied, "a logout has come for this session"));
        }
        let vault = VaultClient::of(&self.env, &session);
        let reply = until_answered(async || vault.establish(login, holder.clone()).await).await;
        let reply = reply.map_err(|_| Failure(Failed::Ourselves, "the vault did not answer"))?;
        if reply.epoch() != Some(login.epoch.0) {
            return Err(Failure(Failed::Ourselves, "the vault holds another login"));
        }
        if let Some(previous) = transaction.previous() {
            let (env, environment) = (self.env.clone(), Rc::clone(&self.environment));
            let context = Rc::clone(&self.context);
            background::start((*self.context).as_ref(), async move {
                let keeper = (*context).as_ref();
                let left = logout::leave(&env, &environment, keeper, &previous, REPLACED).await;
                let ended = left.is_ok();
                log::line("session_replaced", [("ended", ended.into())]);
            });
        }
        Ok(session)
    }

    /// Enters a session in the indexes that a logout looks it up in, before its vault takes the login: there is none that a logout
    /// would miss, and one that a logout has overtaken does not begin. Not one that is being ended: whoever logs in there gets another.
    async fn enter(
        &self,
        session: &SessionId,
        holder: &Holder,
        transaction: &Transaction,
    ) -> Result<bool, Failure> {
        let Holder { user, about, .. } = holder;
        let until = clock::now().after(self.environment.config.limits.absolute);
        let issued_at = Timestamp::from_millis(about.issued_at);
        let client =
            self.environment.config.provider(&self.provider).map(|provider| provider.client_id.as_str());
        let of = (transaction.issuer.as_str(), client.unwrap_or_default());
        let values = [(Kind::Subject, Some(&user.sub)), (Kind::Sid, about.sid.as_ref())];
        let entered = values.into_iter().filter_map(|(kind, value)| {
            let index = IndexClient::of(&self.env, &self.environment, kind, of, value?);
            Some(async move { index.enter(Arriving { session, issued_at, until }).await })
        });
        let mut is_in = true;
        for entered in join_all(entered).await {
            match entered {
                Ok(Entered::In) => {}
                Ok(Entered::Ending) => is_in = false,
                Ok(Entered::Forbidden) => {
                    return Err(Failure(Failed::Denied, "a logout has come for this login"));
                }
                Err(_) => return Err(Failure(Failed::Ourselves, "the index did not answer")),
            }
        }
        Ok(is_in)
    }
}
