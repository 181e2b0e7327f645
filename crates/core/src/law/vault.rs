use alloc::vec::Vec;

use super::{Broken, Law, holds};
use crate::id::{RequestId, Stamp};
use crate::retry::Failure;
use crate::time::{Moment, Timestamp};
use crate::vault::{Answer, Effect, Effects, Event, Limits, Phase, Policy, TokenAnswer, Vault};

/// Watches one vault for its whole life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VaultWatch {
    policy: Policy,
    /// Token requests that were sent and may still be under way.
    open: Vec<(RequestId, Timestamp)>,
    /// The newest token that was written down.
    durable: Option<Stamp>,
}

impl VaultWatch {
    /// Watches a vault that works by `policy`.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy, open: Vec::new(), durable: None }
    }

    /// Looks at one step.
    ///
    /// # Errors
    ///
    /// The first law that it broke.
    pub fn check(
        &mut self,
        now: Moment,
        before: &Vault,
        event: &Event,
        effects: &Effects,
        after: &Vault,
    ) -> Result<(), Broken> {
        self.in_order(now.wall, event, effects, after)?;
        newest_wins(effects, before, after)?;
        logout_is_final(event, effects, before, after)?;
        self.only_terminal_ends(now.wall, event, before, after)?;
        deadline_always_advances(now.wall, event, after)?;
        activity_is_not_refresh(event, before, after)
    }

    /// Durable first, then requests, then answers; and one request at a time.
    fn in_order(
        &mut self,
        now: Timestamp,
        event: &Event,
        effects: &Effects,
        after: &Vault,
    ) -> Result<(), Broken> {
        if let Event::TokenAnswered { request, .. } = event {
            self.open.retain(|(open, _)| open != request);
        }
        if let Event::RenewalCommitted { .. } = event
            && self.durable != after.stamp()
        {
            // What is under way from now on is of another family.
            self.open.clear();
        }
        let mut written = false;
        for effect in effects {
            match effect {
                Effect::Persist => {
                    written = true;
                    self.durable = after.stamp();
                }
                Effect::Forget => self.durable = None,
                Effect::RequestToken { request, .. } => {
                    holds(
                        written,
                        Law::DurableBeforeVisible,
                        "a token request left before its intent was written",
                    )?;
                    let limit = self.policy.request_limit;
                    self.open.retain(|(_, sent_at)| now < sent_at.after(limit));
                    holds(
                        self.open.is_empty(),
                        Law::OneTokenRequestInFlight,
                        "a token request left while another may still be under way",
                    )?;
                    self.open.push((*request, now));
                }
                Effect::Answer { answer: Answer::Current(current), .. } => holds(
                    Some(current.stamp) <= self.durable,
                    Law::DurableBeforeVisible,
                    "a caller was told of a token that is not written down",
                )?,
                Effect::Answer { .. } | Effect::Revoke { .. } | Effect::Report(_) => {}
            }
        }
        Ok(())
    }

    fn only_terminal_ends(
        &self,
        now: Timestamp,
        event: &Event,
        before: &Vault,
        after: &Vault,
    ) -> Result<(), Broken> {
        let limits: Limits = match before.phase() {
            Phase::Live(live) => live.limits,
            Phase::ReauthRequired(waiting) => waiting.limits,
            Phase::Vacant | Phase::Ended(_) => return Ok(()),
        };
        let limit_passed = limits.ended(&self.policy, now).is_some();
        match (before.phase(), after.phase()) {
            (_, Phase::Ended(_)) => holds(
                limit_passed || matches!(event, Event::LogoutAsked { .. }),
                Law::OnlyTerminalEnds,
                "a session ended without logout and before its limits",
            ),
            (Phase::Live(live), Phase::ReauthRequired(_)) => {
                let refused = matches!(
                    event,
                    Event::TokenAnswered { answer: TokenAnswer::Failed { failure: Failure::Reauth, .. }, .. }
                );
                let spent = live.refresh_token.is_none() && live.access.expires_at <= now;
                holds(
                    refused || spent,
                    Law::OnlyTerminalEnds,
                    "a grant was given up without a terminal answer",
                )
            }
            (_, Phase::Vacant) => {
                holds(false, Law::OnlyTerminalEnds, "a session was forgotten before it ended")
            }
            (_, Phase::Live(_) | Phase::ReauthRequired(_)) => Ok(()),
        }
    }
}

fn newest_wins(effects: &Effects, before: &Vault, after: &Vault) -> Result<(), Broken> {
    let forgotten = effects.iter().any(|effect| matches!(effect, Effect::Forget));
    holds(
        forgotten || before.stamp() <= after.stamp(),
        Law::NewestWins,
        "a vault went back in epoch or generation",
    )
}

fn logout_is_final(event: &Event, effects: &Effects, before: &Vault, after: &Vault) -> Result<(), Broken> {
    if let Phase::Ended(_) = before.phase() {
        holds(
            matches!(after.phase(), Phase::Ended(_) | Phase::Vacant),
            Law::LogoutIsFinal,
            "a session that was over came back",
        )?;
        if let Event::TokenAnswered { answer: TokenAnswer::Granted(grant), .. } = event
            && let Some(orphan) = &grant.refresh_token
        {
            let revoked = effects
                .iter()
                .any(|effect| matches!(effect, Effect::Revoke { refresh_token } if refresh_token == orphan));
            holds(revoked, Law::LogoutIsFinal, "a refresh token that came after the end was not revoked")?;
        }
    }
    if let (Phase::Live(live), Phase::Ended(_)) = (before.phase(), after.phase())
        && let Some(held) = &live.refresh_token
    {
        let revoked = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Revoke { refresh_token } if refresh_token == held));
        holds(revoked, Law::LogoutIsFinal, "the refresh token of an ended session was not revoked")?;
    }
    Ok(())
}

fn deadline_always_advances(now: Timestamp, event: &Event, after: &Vault) -> Result<(), Broken> {
    let handled = matches!(event, Event::DeadlineReached);
    holds(
        !handled || after.next_deadline().is_none_or(|next| now < next),
        Law::DeadlineAlwaysAdvances,
        "a vault's deadline was handled and is due again at once",
    )
}

fn activity_is_not_refresh(event: &Event, before: &Vault, after: &Vault) -> Result<(), Broken> {
    let (Phase::Live(live), Phase::Live(later)) = (before.phase(), after.phase()) else {
        return Ok(());
    };
    let reported = match event {
        Event::TokenAsked { ask, .. } => ask.active_ago.is_some(),
        Event::RenewalCommitted { .. } => true,
        Event::LoginCommitted(_)
        | Event::TokenAnswered { .. }
        | Event::LogoutAsked { .. }
        | Event::DeadlineReached => false,
    };
    holds(
        reported || live.limits == later.limits,
        Law::ActivityIsNotRefresh,
        "a session was prolonged though no activity was reported",
    )
}
