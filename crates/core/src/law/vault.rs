use alloc::vec::Vec;

use super::{Broken, Law, holds};
use crate::escrow::Closed;
use crate::id::{CallerId, RequestId, Stamp};
use crate::retry::Failure;
use crate::secret::RefreshToken;
use crate::time::{Moment, Timestamp};
use crate::vault::{
    Answer, Blast, Current, Effect, Effects, EndReason, Event, Limits, LinkChange, Live, Phase, Policy,
    ReauthReason, RevocationAnswer, TokenAnswer, Vault, Verdict,
};

/// A token request that was sent, as far as anybody outside can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Open {
    request: RequestId,
    /// When it was claimed, once the escrow has said so.
    claimed_at: Option<Timestamp>,
}

/// Watches one vault for its whole life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VaultWatch {
    policy: Policy,
    /// Token requests that may still be under way.
    open: Vec<Open>,
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
        every_session_settles(event, before, after)?;
        logout_is_final(&self.policy, event, effects, before, after)?;
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
        self.hear(event);
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
                    holds(
                        self.open.iter().all(|open| self.may_be_repeated(now, *open)),
                        Law::OneTokenRequestInFlight,
                        "a token request left while another may still be under way",
                    )?;
                    self.open.clear();
                    self.open.push(Open { request: *request, claimed_at: None });
                }
                Effect::Answer { caller, answer: Answer::Current(current) } => {
                    Self::is_what_was_asked_for(*caller, event, current, after)?;
                    holds(
                        Some(current.stamp) <= self.durable,
                        Law::DurableBeforeVisible,
                        "a caller was told of a token that is not written down",
                    )?;
                    holds(
                        self.durable <= Some(current.stamp),
                        Law::NewestWins,
                        "a caller was told of an older token than the one that is written down",
                    )?;
                }
                Effect::Answer { .. }
                | Effect::CloseEscrow { .. }
                | Effect::EraseEscrow
                | Effect::Revoke { .. }
                | Effect::EndLink { .. }
                | Effect::AbandonRevocation { .. }
                | Effect::Report(_) => {}
            }
        }
        Ok(())
    }

    /// A token goes to who asked for it, and to nobody who asked for less or for something else.
    fn is_what_was_asked_for(
        caller: CallerId,
        event: &Event,
        current: &Current,
        after: &Vault,
    ) -> Result<(), Broken> {
        let aim = current.target.as_ref().map(|target| target.aim);
        let mut asked = true;
        if let Event::TokenAsked { caller: asked_by, ask } = event {
            asked = *asked_by != caller || ask.aim == aim;
        }
        let Phase::Live(live) = after.phase() else { return Ok(()) };
        let kept = match aim {
            None => Some(&live.access),
            Some(aim) => live
                .aimed
                .iter()
                .find(|aimed| aimed.target.aim == aim)
                .and_then(|aimed| aimed.access.as_ref()),
        };
        let is_kept = kept.is_some_and(|access| access.token == current.access_token);
        holds(asked && is_kept, Law::NoSecretInTab, "a caller got a token that is for something else")
    }

    /// What the rotator and the escrow say of requests that were sent.
    fn hear(&mut self, event: &Event) {
        match event {
            Event::TokenAnswered { request, answer } => match answer {
                // Only the escrow can say that nobody else sends it.
                TokenAnswer::Unsent
                | TokenAnswer::Unheard
                | TokenAnswer::Failed { failure: Failure::Ambiguous, .. } => {}
                TokenAnswer::Granted(_) | TokenAnswer::Unusable { .. } | TokenAnswer::Failed { .. } => {
                    self.open.retain(|open| open.request != *request);
                }
            },
            Event::EscrowAnswered { request, closed: Some(closed) } => match closed {
                Closed::NeverSent | Closed::Answered(_) => self.open.retain(|open| open.request != *request),
                Closed::Claimed { at } => {
                    for open in self.open.iter_mut().filter(|open| open.request == *request) {
                        open.claimed_at = Some(*at);
                    }
                }
                // The storage went back in time. What was sent meanwhile was answered, or the escrow would not have moved on.
                Closed::Outrun { .. } => self.open.clear(),
            },
            Event::LoginCommitted(_)
            | Event::RenewalCommitted { .. }
            | Event::TokenAsked { .. }
            | Event::EscrowAnswered { closed: None, .. }
            | Event::EscrowErased
            | Event::RevocationAnswered { .. }
            | Event::SilentRefused { .. }
            | Event::LogoutAsked { .. }
            | Event::RevokeAsked { .. }
            | Event::LinkChanged { .. }
            | Event::DeadlineReached => {}
        }
    }

    /// Whether a request that may have been carried out may be followed by another with the same refresh token.
    fn may_be_repeated(&self, now: Timestamp, open: Open) -> bool {
        let grace = self.policy.grace;
        open.claimed_at.is_some_and(|claimed_at| {
            let is_under_way = now < claimed_at.after(grace.settled_after());
            !is_under_way && grace.verdict(now.since(claimed_at)) != Verdict::Forbidden
        })
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
                limit_passed || matches!(event, Event::LogoutAsked { .. } | Event::RevokeAsked { .. }),
                Law::OnlyTerminalEnds,
                "a session ended without logout or revocation and before its limits",
            ),
            (Phase::Live(live), Phase::ReauthRequired(later)) => {
                let spent = live.refresh_token.is_none() && live.access.expires_at <= now;
                // To find out could log the user out on other devices.
                let lost = later.reason == ReauthReason::Ambiguous
                    && (live.ambiguous.is_some() || is_ambiguous(event))
                    && self.policy.grace.blast == Blast::ClientAndUser;
                holds(
                    is_refused(event, live) || spent || lost,
                    Law::OnlyTerminalEnds,
                    "a grant was given up without a terminal answer",
                )?;
                let first = live.presented == 0 && live.ambiguous.is_none();
                holds(
                    later.reason != ReauthReason::Revoked || first,
                    Law::OnlyTerminalEnds,
                    "the refusal of a repetition was taken for a revocation",
                )
            }
            (Phase::ReauthRequired(_), Phase::Live(_)) => holds(
                matches!(event, Event::RenewalCommitted { .. }),
                Law::OnlyTerminalEnds,
                "a grant that was given up came back without a login",
            ),
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

/// A server that wants to see the user is not asked the same again, or pages would go back and forth for ever.
fn every_session_settles(event: &Event, before: &Vault, after: &Vault) -> Result<(), Broken> {
    let (Phase::ReauthRequired(waiting), Phase::ReauthRequired(later)) = (before.phase(), after.phase())
    else {
        return Ok(());
    };
    let told = matches!(event, Event::SilentRefused { .. });
    holds(
        later.refused.holds(waiting.refused) && (told || later.refused == waiting.refused),
        Law::EverySessionSettles,
        "what a silent re-login was refused for was forgotten, or made up",
    )
}

/// The answer that an event brings of the authorization server.
const fn brought(event: &Event) -> Option<&TokenAnswer> {
    match event {
        Event::TokenAnswered { answer, .. }
        | Event::EscrowAnswered { closed: Some(Closed::Answered(answer)), .. } => Some(answer),
        Event::LoginCommitted(_)
        | Event::RenewalCommitted { .. }
        | Event::TokenAsked { .. }
        | Event::EscrowAnswered { .. }
        | Event::EscrowErased
        | Event::RevocationAnswered { .. }
        | Event::SilentRefused { .. }
        | Event::LogoutAsked { .. }
        | Event::RevokeAsked { .. }
        | Event::LinkChanged { .. }
        | Event::DeadlineReached => None,
    }
}

/// The event brings a terminal answer to the request that was open.
fn is_refused(event: &Event, live: &Live) -> bool {
    let of = match event {
        Event::TokenAnswered { request, .. } | Event::EscrowAnswered { request, .. } => Some(*request),
        Event::LoginCommitted(_)
        | Event::RenewalCommitted { .. }
        | Event::TokenAsked { .. }
        | Event::EscrowErased
        | Event::RevocationAnswered { .. }
        | Event::SilentRefused { .. }
        | Event::LogoutAsked { .. }
        | Event::RevokeAsked { .. }
        | Event::LinkChanged { .. }
        | Event::DeadlineReached => None,
    };
    of.is_some()
        && of == live.intent.map(|intent| intent.request)
        && matches!(brought(event), Some(TokenAnswer::Failed { failure: Failure::Reauth, .. }))
}

/// The event says that nobody knows what came of a request.
const fn is_ambiguous(event: &Event) -> bool {
    let unreadable = matches!(
        brought(event),
        Some(TokenAnswer::Unheard | TokenAnswer::Failed { failure: Failure::Ambiguous, .. })
    );
    unreadable
        || matches!(
            event,
            Event::EscrowAnswered { closed: Some(Closed::Claimed { .. } | Closed::Outrun { .. }), .. }
        )
}

/// What was shared is left to those who go on, and what is of nobody else is revoked.
fn logout_is_final(
    policy: &Policy,
    event: &Event,
    effects: &Effects,
    before: &Vault,
    after: &Vault,
) -> Result<(), Broken> {
    let shared = policy.shared_grant;
    let is_revoked = |orphan: &RefreshToken| {
        let leaves = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Revoke { refresh_token, .. } if refresh_token == orphan));
        leaves || after.outbox().holds(orphan)
    };
    if let Phase::Ended(ended) = before.phase() {
        holds(
            matches!(after.phase(), Phase::Ended(_) | Phase::Vacant),
            Law::LogoutIsFinal,
            "a session that was over came back",
        )?;
        if let Some(TokenAnswer::Granted(grant)) = brought(event)
            && let Some(orphan) = &grant.refresh_token
        {
            let lapses = shared && ended.reason.may_leave_others();
            holds(
                lapses || is_revoked(orphan),
                Law::LogoutIsFinal,
                "a refresh token that came after the end was not revoked",
            )?;
        }
    }
    if let (Phase::Live(live), Phase::Ended(ended)) = (before.phase(), after.phase()) {
        let by_limit = matches!(ended.reason, EndReason::IdleLimit | EndReason::AbsoluteLimit);
        let lapses = shared && (by_limit || matches!(event, Event::RevokeAsked { others_go_on: true, .. }));
        let kept = lapses || live.refresh_token.as_ref().is_none_or(is_revoked);
        let spared = !lapses || !live.refresh_token.as_ref().is_some_and(is_revoked);
        holds(spared, Law::OnlyTerminalEnds, "a grant was revoked that the user's other sessions live by")?;
        holds(kept, Law::LogoutIsFinal, "the refresh token of an ended session was not revoked")?;
        let answered = brought(event).is_some();
        let pursued = live.intent.is_none() || answered || after.orphan().is_some();
        holds(pursued, Law::LogoutIsFinal, "a token request under way was forgotten with its session")?;
    }
    if let Phase::Ended(_) = after.phase() {
        let told = |link| {
            effects.iter().any(|effect| matches!(effect, Effect::EndLink { link: told, .. } if told == link))
        };
        let all = after.links().is_empty() && before.links().iter().all(told);
        holds(all, Law::LogoutIsFinal, "a further account of an ended session lives on")?;
    }
    let (errands, left) = (before.outbox().errands(), after.outbox().errands());
    let excused = effects.iter().any(|effect| matches!(effect, Effect::AbandonRevocation { .. }));
    let settled = matches!(event, Event::RevocationAnswered { answer: RevocationAnswer::Settled, .. });
    holds(
        settled || excused || errands.len() <= left.len(),
        Law::LogoutIsFinal,
        "a revocation was dropped that nobody had settled",
    )
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
        Event::RenewalCommitted { silent, .. } => !*silent,
        // The vault of a link hears when its session ends.
        Event::LinkChanged { change, .. } => matches!(change, LinkChange::Bounded { .. }),
        Event::LoginCommitted(_)
        | Event::TokenAnswered { .. }
        | Event::EscrowAnswered { .. }
        | Event::EscrowErased
        | Event::RevocationAnswered { .. }
        | Event::SilentRefused { .. }
        | Event::LogoutAsked { .. }
        | Event::RevokeAsked { .. }
        | Event::DeadlineReached => false,
    };
    holds(
        reported || live.limits == later.limits,
        Law::ActivityIsNotRefresh,
        "a session was prolonged though no activity was reported",
    )
}
