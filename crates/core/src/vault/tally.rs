//! How often each outcome came.

use super::effect::Outcome;

/// One counter for each outcome, over the life of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    counts: [u32; Outcome::ALL.len()],
}

impl Tally {
    /// The counters as they were stored.
    #[must_use]
    pub const fn load(counts: [u32; Outcome::ALL.len()]) -> Self {
        Self { counts }
    }

    /// Every outcome with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u32)> + '_ {
        Outcome::ALL.into_iter().zip(self.counts)
    }

    /// How often this one came.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u32 {
        self.iter().find(|(counted, _)| *counted == outcome).map_or(0, |(_, count)| count)
    }

    pub(super) fn count(&mut self, outcome: Outcome) {
        let counts = Outcome::ALL.into_iter().zip(&mut self.counts);
        for (_, count) in counts.filter(|(counted, _)| *counted == outcome) {
            *count = count.saturating_add(1);
        }
    }
}
