//! The one timer of an object whose callers wait: it tells the machine when one of its deadlines comes.

use std::rc::Rc;

use everlit_core::service::Event;
use everlit_core::time::Millis;
use everlit_runtime::{background, clock};

use super::loaded::Brings;
use super::turn::Turns;

/// Clocks tick in whole milliseconds, and timers may be early.
const TICK: Millis = Millis::from_millis(5);
/// No caller waits for longer.
const LONGEST: Millis = Millis::from_secs(10);

impl Turns {
    /// Sees to the timer: one while anybody waits.
    pub(super) fn watch(self: &Rc<Self>) {
        let mut memory = self.memory.borrow_mut();
        if memory.is_watched {
            return;
        }
        memory.is_watched = true;
        drop(memory);
        let turns = Rc::clone(self);
        background::start(&self.state, async move {
            while let Some(wait) = turns.wait() {
                clock::pause(wait).await;
                if turns.turn(Event::DeadlineReached, &Brings::Nothing).is_err() {
                    break;
                }
            }
            turns.memory.borrow_mut().is_watched = false;
        });
    }

    /// How long until something is due, as long as anybody waits for it.
    fn wait(&self) -> Option<Millis> {
        let memory = self.memory.borrow();
        let monitor = &memory.loaded.as_ref()?.monitor;
        monitor.waited_for_until()?;
        Some(clock::now().until(monitor.next_deadline()?).clamp(TICK, LONGEST))
    }
}
