//! One step, from its event to its effects.

use alloc::vec::Vec;

use super::effect::{Effect, Effects, Line};
use crate::effects;
use crate::sort;
use crate::time::{Moment, Timestamp};

/// What a driver brings to every step of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Now {
    /// Both clocks, and entropy.
    pub moment: Moment,
    /// When a token that was issued now would be planned to end, by the provider's description; nothing where that says nothing.
    pub fresh_ends_at: Option<Timestamp>,
}

/// A step that is under way.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) now: Timestamp,
    pub(super) entropy: u32,
    pub(super) fresh_ends_at: Option<Timestamp>,
    effects: Vec<Effect>,
}

impl Turn {
    /// An object has no clock but the wall's.
    pub(super) const fn begin(now: Now) -> Self {
        let Now { moment, fresh_ends_at } = now;
        Self { now: moment.wall, entropy: moment.entropy, fresh_ends_at, effects: Vec::new() }
    }

    pub(super) fn push(&mut self, effect: Effect) {
        effects::push(&mut self.effects, effect);
    }

    pub(super) fn log(&mut self, line: Line) {
        self.push(Effect::Log(line));
    }

    /// Stored first, then sent, then answered: nobody may see what is not durable.
    pub(super) fn end(mut self) -> Effects {
        sort::by_key(&mut self.effects, Effect::rank);
        self.effects.into_iter().collect()
    }

    /// Whether a token that was issued now would live longer than until `expires_at`.
    pub(super) fn login_helps(&self, expires_at: Timestamp) -> bool {
        self.fresh_ends_at.is_none_or(|fresh| expires_at < fresh)
    }
}
