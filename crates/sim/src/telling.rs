//! What a turn of a vault is called in the record and in the counts.

use everlit_core::escrow::Closed;
use everlit_core::id::RequestId;
use everlit_core::vault::{Event, Outcome, TokenAnswer};

use crate::stage::Stage;
use crate::trace::{Heard, Stands, VaultEvent};

/// The request whose new tokens this event brings.
pub(crate) const fn brings_tokens(event: &Event) -> Option<RequestId> {
    match event {
        Event::TokenAnswered { request, answer: TokenAnswer::Granted(_) }
        | Event::EscrowAnswered { request, closed: Some(Closed::Answered(TokenAnswer::Granted(_))) } => {
            Some(*request)
        }
        Event::TokenAnswered { .. }
        | Event::EscrowAnswered { .. }
        | Event::EscrowErased
        | Event::RevocationAnswered { .. }
        | Event::LoginCommitted(_)
        | Event::RenewalCommitted { .. }
        | Event::TokenAsked { .. }
        | Event::SilentRefused { .. }
        | Event::LogoutAsked { .. }
        | Event::RevokeAsked { .. }
        | Event::LinkChanged { .. }
        | Event::DeadlineReached => None,
    }
}

pub(crate) fn count_end(stage: &mut Stage, event: &Event) {
    let tally = &mut stage.tally;
    let count = match event {
        Event::LogoutAsked { .. } => &mut tally.logouts,
        Event::RevokeAsked { .. } => &mut tally.ended,
        Event::TokenAnswered { .. }
        | Event::EscrowAnswered { .. }
        | Event::EscrowErased
        | Event::RevocationAnswered { .. }
        | Event::LoginCommitted(_)
        | Event::RenewalCommitted { .. }
        | Event::TokenAsked { .. }
        | Event::SilentRefused { .. }
        | Event::LinkChanged { .. }
        | Event::DeadlineReached => &mut tally.limits,
    };
    *count = count.saturating_add(1);
}

pub(crate) const fn count_outcome(stage: &mut Stage, outcome: Outcome) {
    let tally = &mut stage.tally;
    let count = match outcome {
        Outcome::Success => &mut tally.rotations,
        Outcome::ReplayedWithinGrace => &mut tally.replayed,
        Outcome::RecoveredFromEscrow => &mut tally.recovered,
        Outcome::ResentNeverSent => &mut tally.resent,
        Outcome::AmbiguousRelogin => &mut tally.lost,
        Outcome::Revoked => &mut tally.revoked,
        Outcome::Throttled | Outcome::Transient | Outcome::Misconfigured => return,
    };
    *count = count.saturating_add(1);
}

pub(crate) const fn kind_of(event: &Event) -> VaultEvent {
    match event {
        Event::LoginCommitted(_) => VaultEvent::LoginCommitted,
        Event::RenewalCommitted { .. } => VaultEvent::RenewalCommitted,
        Event::TokenAsked { .. } => VaultEvent::TokenAsked,
        Event::TokenAnswered { answer, .. } => VaultEvent::TokenAnswered(heard(answer)),
        Event::EscrowAnswered { closed, .. } => VaultEvent::EscrowAnswered(match closed {
            None => Stands::Unknown,
            Some(Closed::NeverSent) => Stands::NeverSent,
            Some(Closed::Claimed { .. }) => Stands::Claimed,
            Some(Closed::Answered(answer)) => Stands::Answered(heard(answer)),
            Some(Closed::Outrun { .. }) => Stands::Outrun,
        }),
        Event::EscrowErased => VaultEvent::EscrowErased,
        Event::RevocationAnswered { .. } => VaultEvent::RevocationAnswered,
        Event::SilentRefused { .. } => VaultEvent::SilentRefused,
        Event::LogoutAsked { .. } => VaultEvent::LogoutAsked,
        Event::RevokeAsked { by, .. } => VaultEvent::RevokeAsked(*by),
        Event::LinkChanged { .. } => VaultEvent::LinkChanged,
        Event::DeadlineReached => VaultEvent::DeadlineReached,
    }
}

const fn heard(answer: &TokenAnswer) -> Heard {
    match answer {
        TokenAnswer::Granted(_) => Heard::Granted,
        TokenAnswer::Failed { failure, .. } => Heard::Failed(*failure),
        TokenAnswer::Unusable { .. } => Heard::Failed(everlit_core::retry::Failure::Misconfigured),
        TokenAnswer::Unsent => Heard::Unsent,
        TokenAnswer::Unheard => Heard::Unheard,
    }
}
