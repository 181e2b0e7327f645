//! Who plays the tabs and the vaults: the machines of the core, or a flawed copy of one that a law must notice.

use alloc::boxed::Box;

use everlit_core::tab::{self, Tab};
use everlit_core::time::Moment;
use everlit_core::vault::{self, Policy, Row, Vault};

/// Plays a tab.
pub trait TabMachine {
    /// Takes one event and says what to do.
    fn step(&mut self, now: Moment, event: tab::Event) -> tab::Effects;
    /// What it knows.
    fn tab(&self) -> &Tab;
}

/// Plays a vault.
pub trait VaultMachine {
    /// Takes one event and says what to do.
    fn step(&mut self, now: Moment, event: vault::Event) -> vault::Effects;
    /// What it knows.
    fn vault(&self) -> &Vault;
}

impl TabMachine for Tab {
    fn step(&mut self, now: Moment, event: tab::Event) -> tab::Effects {
        Self::step(self, now, event)
    }

    fn tab(&self) -> &Tab {
        self
    }
}

impl VaultMachine for Vault {
    fn step(&mut self, now: Moment, event: vault::Event) -> vault::Effects {
        Self::step(self, now, event)
    }

    fn vault(&self) -> &Vault {
        self
    }
}

/// Who plays what.
#[derive(Clone, Copy)]
pub struct Cast {
    /// Opens a tab.
    pub tab: fn() -> Box<dyn TabMachine>,
    /// Loads a vault from its row.
    pub vault: fn(Policy, Row) -> Box<dyn VaultMachine>,
}

impl Default for Cast {
    fn default() -> Self {
        Self { tab: || Box::new(Tab::default()), vault: |policy, row| Box::new(Vault::load(policy, row)) }
    }
}
