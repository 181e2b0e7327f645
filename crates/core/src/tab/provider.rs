//! Where the grants of the providers stand: the session's own stands where the session stands, and of the others the Worker
//! tells.

use super::event::ProviderId;
use super::{Effect, Effects, Phase, Reason, Tab};
use crate::time::Moment;

/// The state of a provider's grant as one tab knows it. Closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderState {
    /// A token can be had.
    Ready,
    /// There is a token, and it is about to end or was allowed to lapse.
    Expiring,
    /// A new token is being fetched.
    Renewing,
    /// Only the user can bring a new token.
    NeedsHuman,
    /// No token can be had: nobody is logged in there, or the provider cannot help just now.
    #[default]
    Unavailable,
}

impl ProviderState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Ready, Self::Expiring, Self::Renewing, Self::NeedsHuman, Self::Unavailable];

    /// The name that apps see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Expiring => "expiring",
            Self::Renewing => "renewing",
            Self::NeedsHuman => "needs-human",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How many providers are followed. A Worker with more of them is believed for these.
pub const FOLLOWED: usize = 8;

/// All that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Providers {
    known: [Option<ProviderState>; FOLLOWED],
    own: Option<ProviderId>,
}

impl Providers {
    /// Nobody has told of any.
    pub(super) const NONE: Self = Self { known: [None; FOLLOWED], own: None };

    /// Where a provider's grant stands; nothing of those that nobody told of.
    pub(super) fn state(&self, provider: ProviderId) -> Option<ProviderState> {
        self.known.get(usize::from(provider.0)).copied().flatten()
    }

    /// Whether its token is the session's own. So it is for every one until the Worker has told which is.
    pub(super) fn is_own(&self, provider: ProviderId) -> bool {
        self.own.is_none_or(|own| own == provider)
    }
}

impl Tab {
    pub(super) fn provider_told(
        &mut self,
        provider: ProviderId,
        own: bool,
        state: ProviderState,
        effects: &mut Effects,
    ) {
        if own {
            self.providers.own = Some(provider);
        } else {
            if self.providers.own == Some(provider) {
                self.providers.own = None;
            }
            self.move_provider(provider, state, Reason::Told, effects);
        }
    }

    /// The session's own provider follows the session.
    pub(super) fn follow(&mut self, now: Moment, effects: &mut Effects) {
        let Some(own) = self.providers.own else { return };
        let state = match self.phase {
            Phase::Active { refresh_at, .. } if refresh_at <= now.mono => ProviderState::Expiring,
            Phase::Active { .. } => ProviderState::Ready,
            Phase::Degraded { hold: Some(hold), .. } if now.mono < hold.expires_at => ProviderState::Expiring,
            Phase::Relogin { attempt: None, .. } | Phase::ReauthRequired { .. } => ProviderState::NeedsHuman,
            Phase::Refreshing { .. } | Phase::Resuming { .. } | Phase::Relogin { .. } => {
                ProviderState::Renewing
            }
            Phase::Degraded { .. }
            | Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Ended { .. } => ProviderState::Unavailable,
        };
        self.move_provider(own, state, self.why, effects);
    }

    fn move_provider(
        &mut self,
        provider: ProviderId,
        to: ProviderState,
        reason: Reason,
        effects: &mut Effects,
    ) {
        let Some(known) = self.providers.known.get_mut(usize::from(provider.0)) else { return };
        let from = known.replace(to).unwrap_or_default();
        if from != to {
            self.sequence = self.sequence.saturating_add(1);
            let sequence = self.sequence;
            effects.push(Effect::ProviderTransition { sequence, provider, from, to, reason });
        }
    }
}
