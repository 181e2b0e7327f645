//! Chance: everything that a world leaves open, drawn from one seed.

use everlit_core::time::Millis;

/// A seeded source of chance. The same seed brings the same world.
#[derive(Clone, Debug)]
pub struct Chance(fastrand::Rng);

impl Chance {
    /// Chance from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// 32 bits for a machine.
    pub fn entropy(&mut self) -> u32 {
        self.0.u32(..)
    }

    /// Whether something happens that happens so often in a thousand times.
    pub fn permille(&mut self, often: u32) -> bool {
        self.0.u32(0..1_000) < often
    }

    /// Whether something happens that happens so often in a million times.
    pub fn per_million(&mut self, often: u32) -> bool {
        self.0.u32(0..1_000_000) < often
    }

    /// A number below `end`, or zero if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.usize(0..end) }
    }

    /// A length of time between two, both in milliseconds.
    pub fn between(&mut self, least: u64, most: u64) -> Millis {
        Millis::from_millis(self.0.u64(least..=most.max(least)))
    }

    /// A length of time around `mean`, now and then much shorter or longer: the square of an even chance, three times the
    /// mean at most.
    pub fn around(&mut self, mean: Millis) -> Millis {
        let even = Millis::from_millis(3).plus(mean.scaled_by(self.entropy()));
        let again = self.entropy();
        even.scaled_by(again).plus(even.scaled_by(again)).plus(even.scaled_by(again)).plus(even.percent(25))
    }
}
