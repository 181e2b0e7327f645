//! The tab machine, as the exports drive it.

use alloc::vec::Vec;

use everlit_core::tab::{Settings, Tab};

use crate::codec::{self, Arguments, Pen};

/// The tab machine and what it said last. Its one call is synchronous and calls nothing back.
#[derive(Default)]
pub struct Machine {
    tab: Tab,
    said: Vec<f64>,
}

impl Machine {
    /// A machine that has not opened yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { tab: Tab::new(settings), said: Vec::new() }
    }

    /// Takes one event and says where the machine stands after it, and then every effect in its order, a row each. The numbers
    /// are those of [`abi`](crate::abi).
    ///
    /// Total: numbers that stand for no event, or a clock that shows none, change nothing and say nothing.
    pub fn step(
        &mut self,
        [wall, mono]: [f64; 2],
        entropy: u32,
        kind: f64,
        numbers: Arguments,
    ) -> Option<&[f64]> {
        let now = codec::moment(wall, mono, entropy)?;
        let event = codec::event(kind, numbers)?;
        let effects = self.tab.step(now, event);
        self.said.clear();
        let mut pen = Pen(&mut self.said);
        pen.standing(&self.tab, now.mono);
        for effect in effects {
            pen.effect(effect);
        }
        Some(&self.said)
    }

    /// A number of what the last step said; NaN beyond its end.
    #[must_use]
    pub fn said(&self, index: usize) -> f64 {
        self.said.get(index).copied().unwrap_or(f64::NAN)
    }
}
