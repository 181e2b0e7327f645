//! What becomes of a naive client's pages: shown, hidden, frozen, asleep, opened again.

use everlit_core::time::Timestamp;

use super::{Deed, Naive, Slot};
use crate::happening::Happening;
use crate::timing::{FROZEN_AFTER, Timing};

impl Naive {
    /// The user looks at a tab, and by that no longer at any other.
    pub fn show(&mut self, tab: usize) {
        self.in_front = tab;
        for other in 0..self.slots.len() {
            if other != tab {
                self.hide(other);
            }
        }
        let Some(slot) = self.slots.get_mut(tab) else { return };
        if slot.hidden_since.take().is_some() {
            self.thaw(tab);
        }
        if self.is_alert(tab) {
            if self.manners.tells_on_focus {
                self.counts.told = self.counts.told.saturating_add(1);
            }
            self.arm(tab);
        }
    }

    pub(super) fn hide(&mut self, tab: usize) {
        let now = self.stage.now;
        let Some(slot) = self.slots.get_mut(tab).filter(|slot| slot.hidden_since.is_none()) else { return };
        slot.hidden_since = Some(now);
        if self.plan.timing == Timing::Freezing {
            let document = slot.document;
            self.stage.plan(FROZEN_AFTER, Happening::HiddenLong { tab, document, since: now });
        }
        self.arm(tab);
    }

    pub(super) fn hidden_long(&mut self, tab: usize, document: u32, since: Timestamp) {
        let still = |slot: &&mut Slot| slot.hidden_since == Some(since) && slot.document == document;
        if let Some(slot) = self.slots.get_mut(tab).filter(still) {
            slot.frozen = true;
        }
    }

    pub(super) fn thaw(&mut self, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab) else { return };
        if core::mem::take(&mut slot.frozen) {
            self.empty_inbox(tab);
            self.arm(tab);
        }
    }

    fn empty_inbox(&mut self, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab) else { return };
        for (sent, answer) in core::mem::take(&mut slot.inbox) {
            let wait = self.stage.chance.between(0, 50);
            self.stage.plan(wait, Happening::Naive(Deed::Heard(sent, answer)));
        }
    }

    pub(super) fn wake(&mut self) {
        if !self.clock.is_asleep() {
            return;
        }
        self.clock.wake(self.stage.now);
        self.stage.network.woke_at = Some(self.stage.now);
        for tab in 0..self.slots.len() {
            if let Some(slot) = self.slots.get_mut(tab) {
                for (_, answer) in &mut slot.inbox {
                    if self.stage.chance.permille(700) {
                        *answer = None;
                    }
                }
            }
            if self.is_alert(tab) {
                self.empty_inbox(tab);
                self.arm(tab);
            }
        }
    }

    /// A page is opened: it takes what is in storage.
    pub(super) fn open(&mut self, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab) else { return };
        slot.document = slot.document.wrapping_add(1);
        (slot.asks, slot.frozen) = (None, false);
        slot.inbox.clear();
        if self.is_alert(tab) {
            self.look(tab);
        }
    }
}
