//! Further accounts of the user of a session: each a vault of its own, which lives and dies with this one.
//!
//! The list of the login's vault is the one truth of which vault is in use for a provider. Whoever is not in it is asked by nobody, and
//! what leaves it, or is in it when the session ends, is an errand: it is told until it has ended, and its grant is revoked by it.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Effect, Effects, Limits, Phase, Vault};
use crate::id::{CallerId, Epoch};
use crate::secret::Secret;
use crate::time::Timestamp;

/// The most further accounts of one session.
const MOST: usize = 8;

/// A further account of the user: the vault of its grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// The provider, of which a session has one account.
    pub provider: String,
    /// The name of its vault. Who knows it can ask for its token.
    pub vault: Secret<String>,
    /// When it was made: a later one takes the place of an earlier one.
    pub made: Epoch,
}

/// What is to become of a link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LinkChange {
    /// To the login's vault: this one is new. It takes the place of an earlier one of its provider, unless the session is over or has
    /// another epoch: then it is not taken.
    Made {
        /// The epoch of the session that it was begun in.
        of: Epoch,
        /// The link.
        link: Link,
    },
    /// To the login's vault: the one of this provider is no longer wanted.
    Undone {
        /// The provider.
        provider: String,
    },
    /// To the vault of a link: the session that it belongs to ends then. Whose user is active there is not known here, so nothing else
    /// ends it but that session's word.
    Bounded {
        /// When.
        until: Timestamp,
    },
}

impl Vault {
    /// The further accounts of this session.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    pub(super) fn link_changed(
        &mut self,
        now: Timestamp,
        caller: CallerId,
        change: LinkChange,
        effects: &mut Effects,
    ) {
        match change {
            LinkChange::Made { of, link } => self.link_made(now, of, link, effects),
            LinkChange::Undone { provider } => self.unlink(now, &provider, effects),
            LinkChange::Bounded { until } => self.bound(until, effects),
        }
        effects.push(Effect::Answer { caller, answer: self.peek(now) });
    }

    fn link_made(&mut self, now: Timestamp, of: Epoch, link: Link, effects: &mut Effects) {
        let is_open = matches!(self.phase, Phase::Live(_) | Phase::ReauthRequired(_))
            && self.stamp().is_some_and(|stamp| stamp.epoch == of);
        let known = self.links.iter().find(|known| known.provider == link.provider);
        // A repetition, or a late loser; or one too many.
        let is_taken = known.map_or(self.links.len() < MOST, |known| known.made < link.made);
        if is_open && is_taken {
            self.unlink(now, &link.provider, effects);
            self.links.push(link);
            effects.push(Effect::Persist);
        }
    }

    fn unlink(&mut self, now: Timestamp, provider: &str, effects: &mut Effects) {
        let (gone, kept): (Vec<_>, Vec<_>) =
            self.links.drain(..).partition(|known| known.provider == provider);
        self.links = kept;
        for link in gone {
            // Its user wants it gone, or has taken another.
            self.outbox.end_link(now, link, false, effects);
        }
    }

    /// The end of the session ends them all.
    pub(super) fn end_links(&mut self, now: Timestamp, others_go_on: bool, effects: &mut Effects) {
        for link in core::mem::take(&mut self.links) {
            self.outbox.end_link(now, link, others_go_on, effects);
        }
    }

    fn bound(&mut self, until: Timestamp, effects: &mut Effects) {
        let limits = match &mut self.phase {
            Phase::Live(live) => &mut live.limits,
            Phase::ReauthRequired(waiting) => &mut waiting.limits,
            Phase::Vacant | Phase::Ended(_) => return,
        };
        // As if its user were active until then.
        let bounded = Limits { active_at: until, absolute_at: until };
        if *limits != bounded {
            *limits = bounded;
            effects.push(Effect::Persist);
        }
    }
}
