//! The tab machine, as the exports drive it.

use alloc::vec::Vec;

use everlit_core::tab::{Settings, Tab};

use crate::codec::{self, Arguments, NOTHING, Pen};

/// The tab machine, what it is given for the next step and what it said in the last.
#[derive(Debug)]
pub struct Machine {
    tab: Tab,
    given: Arguments,
    said: Vec<f64>,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(Settings::DEFAULT)
    }
}

impl Machine {
    /// A machine that has not opened yet.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { tab: Tab::new(settings), given: NOTHING, said: Vec::new() }
    }

    /// One number of what comes next. What is not given is NaN, and no event takes that for a number which it needs.
    pub fn give(&mut self, index: usize, number: f64) {
        if let Some(given) = self.given.get_mut(index) {
            *given = number;
        }
    }

    /// One thing that the app chose, before the first step. See [`codec::choose`].
    pub fn choose(&mut self, place: u32, number: f64) {
        codec::choose(self.tab.settings_mut(), place, number);
    }

    /// Takes one event, whose numbers were given, and says where the machine stands after it, and then every effect in its
    /// order, a row each. The numbers are those of [`abi`](crate::abi). How many they are.
    ///
    /// Total: numbers that stand for no event, or a clock that shows none, change nothing and say nothing.
    pub fn step(&mut self, wall: f64, mono: f64, entropy: u32, kind: f64) -> usize {
        self.said.clear();
        let event = codec::event(kind, &self.given);
        self.given = NOTHING;
        if let (Some(now), Some(event)) = (codec::moment(wall, mono, entropy), event) {
            let effects = self.tab.step(now, event);
            let mut pen = Pen(&mut self.said);
            pen.standing(&self.tab, now.mono);
            for effect in effects {
                pen.effect(effect);
            }
        }
        self.said.len()
    }

    /// A number of what the last step said; NaN beyond its end.
    #[must_use]
    pub fn said(&self, index: usize) -> f64 {
        self.said.get(index).copied().unwrap_or(f64::NAN)
    }
}
