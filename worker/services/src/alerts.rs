//! One alert on its way to those who want to know.

use std::rc::Rc;

use everlit_core::secret::Secret;
use everlit_core::service::{AlertId, Kind};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::alert::{Alert, Answered, Receiver, judge};
use everlit_edge::provider::Zone;
use everlit_edge::proxy::Method;
use everlit_edge::signed_call::Outgoing;
use everlit_edge::url::HttpUrl;
use everlit_runtime::{clock, log};

use crate::environment::Environment;
use crate::provider_call;
use crate::vault::{Fault, Loaded};

/// A receiver has this long. The machine sends it again after a little more.
const LIMIT: Millis = Millis::from_secs(10);

/// What came of sending it.
pub(crate) struct Outcome {
    /// Whether it need not be sent again.
    pub(crate) settled: bool,
    /// Who need not be told any more.
    pub(crate) taken: Vec<String>,
    /// When to come again, if one of them said so.
    pub(crate) retry_after: Option<Millis>,
}

/// One alert, with all that it takes to tell it, so that nothing is held meanwhile.
pub(crate) struct Telling {
    environment: Rc<Environment>,
    service: Rc<str>,
    provider: &'static str,
    title: &'static str,
    zone: Zone,
    page: Option<HttpUrl>,
    instance: String,
    id: AlertId,
    kind: Kind,
    at: Timestamp,
    taken: Vec<String>,
}

impl Telling {
    /// `taken` are those who need not be told again.
    pub(crate) fn of(
        loaded: &Loaded,
        id: AlertId,
        kind: Kind,
        at: Timestamp,
        taken: Vec<String>,
    ) -> Result<Self, Fault> {
        let config = loaded.account()?.config;
        let description = config.description;
        Ok(Self {
            environment: Rc::clone(&loaded.environment),
            service: Rc::clone(&loaded.service),
            provider: description.name,
            title: description.title,
            zone: config.zone(),
            page: loaded.environment.config.page(config),
            instance: loaded.instance.clone(),
            id,
            kind,
            at,
            taken,
        })
    }

    /// Tells all who want to know and do not yet, one after the other: they are few, and nobody waits for it.
    pub(crate) async fn deliver(mut self) -> Outcome {
        let environment = Rc::clone(&self.environment);
        let kind = self.kind.as_str();
        let (mut settled, mut retry_after) = (true, None);
        for (config, receiver) in &environment.receivers {
            if !config.wants(&self.service, kind) || self.taken.contains(&receiver.name) {
                continue;
            }
            match self.tell(receiver).await {
                Ok(()) => self.taken.push(receiver.name.clone()),
                Err(wait) => {
                    settled = false;
                    retry_after = retry_after.max(wait);
                }
            }
        }
        Outcome { settled, taken: self.taken, retry_after }
    }

    /// One try. An error says when to come again, if the receiver said so.
    async fn tell(&self, receiver: &Receiver) -> Result<(), Option<Millis>> {
        let alert = Alert {
            service: &self.service,
            provider: self.provider,
            title: self.title,
            instance: &self.instance,
            id: self.id,
            kind: self.kind,
            at: self.at,
            zone: self.zone,
            link: self.page.as_ref(),
        };
        let post = receiver.post(&alert, clock::now());
        let url = receiver.url.expose();
        let query = url.query().map(|query| ["?", query].concat()).unwrap_or_default();
        let target = Secret::new([url.path(), &query].concat());
        let mut call = Outgoing::new(Method::Post, url.origin().clone(), target);
        for (name, value) in post.headers {
            call = call.with(name, value);
        }
        call.body = Some(Secret::new(post.body.into_bytes()));
        let answered = match provider_call::send(&call, LIMIT).await {
            Ok(received) => {
                let now = clock::now();
                judge(received.status, received.judged_at(now).retry_after, now)
            }
            Err(unanswered) => {
                self.log(receiver, unanswered.reason());
                return Err(None);
            }
        };
        self.log(
            receiver,
            match answered {
                Answered { taken: true, .. } => "taken",
                Answered { settled: true, .. } => "refused",
                Answered { .. } => "later",
            },
        );
        if answered.settled { Ok(()) } else { Err(answered.retry_after) }
    }

    fn log(&self, receiver: &Receiver, outcome: &'static str) {
        log::line(
            "alert",
            [
                ("service", self.service.as_ref().into()),
                ("kind", self.kind.as_str().into()),
                ("receiver", receiver.name.as_str().into()),
                ("outcome", outcome.into()),
            ],
        );
    }
}
