//! One attempt: what is sent for it, and what its answer comes to.

use std::rc::Rc;

use everlit_core::secret::{AccessToken, Secret};
use everlit_core::service::{Class, Job, Reply, WayKind};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::oauth::HttpAnswer;
use everlit_edge::provider::Judgement;
use everlit_edge::service::{Account, Given, Unsendable, answer};
use everlit_edge::signed_call::Outgoing;
use everlit_runtime::clock;
use everlit_runtime::outgoing::Unanswered;

use super::loaded::{Brings, Loaded};
use crate::environment::Environment;
use crate::provider_call::{self, Received};

/// Every attempt comes to an end before the machine gives it up.
const LIMIT: Millis = Millis::from_secs(25);

/// All that an attempt needs, so that nothing is held while it waits.
pub(super) struct Errand {
    environment: Rc<Environment>,
    service: Rc<str>,
    job: Job,
    /// The token, or what was handed in; nothing where none is needed, or where it is gone.
    text: Option<Secret<String>>,
    /// Whose account it is known to be.
    known: Option<String>,
    planned: Option<Timestamp>,
}

/// How an attempt ended, and what it brought.
pub(super) type Ended = (Reply, Brings);

impl Errand {
    pub(super) fn of(loaded: &Loaded, job: Job) -> Self {
        let text = match job {
            Job::Exchange(hand) | Job::Prove(hand) => loaded.hand(hand).ok().flatten(),
            Job::Validate(stamp) => loaded.token(stamp, false).cloned(),
            Job::Renew(WayKind::Refresh) => loaded.refresh_token().ok().flatten(),
            Job::Renew(_) | Job::AskPush => None,
        };
        Self {
            environment: Rc::clone(&loaded.environment),
            service: Rc::clone(&loaded.service),
            job,
            text,
            known: loaded.account.clone(),
            planned: loaded.monitor.token().and_then(|token| token.expires_at),
        }
    }

    pub(super) async fn run(&self) -> Ended {
        let Some(account) = self.environment.account(&self.service) else {
            return (Reply::Unsent, Brings::Nothing);
        };
        match (self.job, &self.text) {
            (Job::Exchange(_), Some(code)) => {
                let own = account.config.takes_refresh_token().then(|| code.clone());
                self.exchange(&account, account.exchange(code), Account::exchanged, own).await
            }
            (Job::Renew(WayKind::Refresh), Some(token)) => {
                self.exchange(&account, account.refresh(token), Account::renewed, Some(token.clone())).await
            }
            (Job::Renew(WayKind::Credentials), _) => {
                self.exchange(&account, account.mint(), Account::renewed, None).await
            }
            (Job::Prove(_), Some(token)) => self.validate(&account, token, None).await,
            (Job::Validate(_), Some(token)) => self.validate(&account, token, self.planned).await,
            (Job::AskPush, _) => (ask_person(&account).await, Brings::Nothing),
            // No key opens it any more: it is over for good.
            (Job::Exchange(_) | Job::Prove(_) | Job::Validate(_) | Job::Renew(WayKind::Refresh), None) => {
                let reply = Reply::Failed { class: Class::ReauthRequired, until: None };
                (reply, Brings::Nothing)
            }
            (Job::Renew(WayKind::SelfExtension | WayKind::KeepAlive), _) => (Reply::Unsent, Brings::Nothing),
        }
    }

    /// Exchanges something for a token. `own` is the refresh token that was shown: where the answer brings no other, it stays.
    async fn exchange<'a>(
        &self,
        account: &Account<'a>,
        call: Result<Outgoing, Unsendable>,
        read: fn(&Account<'a>, &HttpAnswer<'_>) -> Result<Given, Judgement>,
        own: Option<Secret<String>>,
    ) -> Ended {
        let Ok(call) = call else { return unsendable() };
        // It was sent, and what came of it nobody knows.
        let lost = Reply::Failed { class: Class::OutcomeUnknown, until: None };
        let Some(received) = heard(send(&call).await) else { return (lost, Brings::Nothing) };
        let now = clock::now();
        match read(account, &received.judged_at(now)) {
            Ok(given)
                if given
                    .user_id
                    .as_ref()
                    .is_some_and(|user| !account.is_expected(user, self.known.as_deref())) =>
            {
                (Reply::Foreign, Brings::Given(given))
            }
            Ok(given) => {
                let given = Given { refresh: given.refresh.or(own), ..given };
                let brought = everlit_core::service::Brought {
                    stamp: None,
                    expires_at: given.expires_at,
                    fallback_until: given.fallback_until,
                    alone: given.refresh.is_none(),
                };
                (Reply::Renewed(brought), Brings::Given(given))
            }
            Err(judgement) => failed(judgement, now),
        }
    }

    async fn validate(
        &self,
        account: &Account<'_>,
        token: &AccessToken,
        planned: Option<Timestamp>,
    ) -> Ended {
        let known = self.known.as_deref();
        if account.owner(token).is_some_and(|owner| !account.is_expected(&owner, known)) {
            return (Reply::Foreign, Brings::Nothing);
        }
        let Ok(call) = account.validate(token, clock::now()) else { return unsendable() };
        let lost = Reply::Failed { class: Class::Transient, until: None };
        let Some(received) = heard(send(&call).await) else { return (lost, Brings::Nothing) };
        let now = clock::now();
        match account.validated(&received.judged_at(now), token, planned) {
            Ok(Some(owner)) if !account.is_expected(&owner, known) => (Reply::Foreign, Brings::Nothing),
            Ok(owner) => (Reply::Valid, owner.map_or(Brings::Nothing, Brings::Owner)),
            Err(judgement) => failed(judgement, now),
        }
    }
}

async fn ask_person(account: &Account<'_>) -> Reply {
    let Ok(call) = account.ask_person() else { return Reply::Unsent };
    // A person may have been asked.
    let lost = Reply::Failed { class: Class::OutcomeUnknown, until: None };
    let Some(received) = heard(send(&call).await) else { return lost };
    let now = clock::now();
    match account.person_asked(&received.judged_at(now)) {
        Ok(until) => Reply::PushSent { until: Some(until) },
        Err(judgement) => answer::failed(judgement, now),
    }
}

/// Sends a call, once.
async fn send(call: &Outgoing) -> Result<Received, Unanswered> {
    provider_call::send(call, LIMIT).await
}

fn heard(received: Result<Received, Unanswered>) -> Option<Received> {
    received
        .inspect_err(|unanswered| {
            everlit_runtime::log::line("provider_silent", [("reason", unanswered.reason().into())]);
        })
        .ok()
}

fn failed(judgement: Judgement, now: Timestamp) -> Ended {
    everlit_runtime::log::line("provider_said", [("reason", judgement.reason.into())]);
    (answer::failed(judgement, now), Brings::Nothing)
}

/// What does not go into a request was never a token or a code.
const fn unsendable() -> Ended {
    (Reply::Failed { class: Class::ReauthRequired, until: None }, Brings::Nothing)
}
