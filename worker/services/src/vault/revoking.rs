//! One try at a revocation: what is sent for it, and what its answers come to.

use std::rc::Rc;

use everlit_core::service::{RevocationAnswer, RevocationId};
use everlit_core::time::Millis;
use everlit_edge::oauth;
use everlit_edge::service::{Left, Revoked};
use everlit_runtime::{clock, log};

use super::loaded::{Fault, Loaded};
use crate::environment::Environment;
use crate::provider_call;

/// A request has this long: all of a try fits into the time that the machine gives it.
const LIMIT: Millis = Millis::from_secs(6);
/// At Supabase Auth a try takes three requests where the access token is over.
const MOST: usize = 3;

/// All that a try needs, so that nothing is held while it waits.
pub(super) struct Revoking {
    environment: Rc<Environment>,
    service: Rc<str>,
    left: Left,
}

impl Revoking {
    pub(super) fn of(loaded: &Loaded, revocation: RevocationId) -> Result<Self, Fault> {
        Ok(Self {
            environment: Rc::clone(&loaded.environment),
            service: Rc::clone(&loaded.service),
            left: loaded.set_aside(revocation)?,
        })
    }

    pub(super) async fn run(self) -> RevocationAnswer {
        let answer = self.ask().await;
        match answer {
            oauth::RevocationAnswer::Revoked => {}
            oauth::RevocationAnswer::Retry { reason, .. } | oauth::RevocationAnswer::Refused { reason } => {
                log::line("provider_said", [("reason", reason.into())]);
            }
        }
        answer.into()
    }

    async fn ask(self) -> oauth::RevocationAnswer {
        let Self { environment, service, mut left } = self;
        let refused = |reason| oauth::RevocationAnswer::Refused { reason };
        let Some(account) = environment.account(&service) else { return refused("no such service") };
        for _ in 0..MOST {
            // No key opens it any more, or the configuration has no such address any more.
            let Some(call) = account.revocation(&left) else { return refused("nothing to revoke") };
            let received = match provider_call::send(&call, LIMIT).await {
                Ok(received) => received,
                Err(unanswered) => {
                    let reason = unanswered.reason();
                    return oauth::RevocationAnswer::Retry { retry_after: None, reason };
                }
            };
            match account.revoked(&left, &received.judged_at(clock::now())) {
                Revoked::Ended(answer) => return answer,
                Revoked::Next(next) => left = next,
            }
        }
        oauth::RevocationAnswer::UNANSWERED
    }
}
