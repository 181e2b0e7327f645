//! The one timer of an object whose callers wait: it tells the machine when one of its deadlines comes first.

use std::rc::Rc;

use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::Event;
use futures_channel::oneshot;
use futures_util::future::{Either, select};

use super::turn::Turns;
use crate::{background, clock};

/// Clocks tick in whole milliseconds, and timers may be early.
const TICK: Millis = Millis::from_millis(5);
/// A machine that slept would find a longer timer late.
const LONGEST: Millis = Millis::from_secs(60);

/// A timer that runs. Dropped, it stops.
pub(super) struct Watch {
    pub(super) at: Timestamp,
    _stop: oneshot::Sender<()>,
}

impl Watch {
    /// A timer for this time, which stops with the other end of `stop`.
    pub(super) const fn new(at: Timestamp, stop: oneshot::Sender<()>) -> Self {
        Self { at, _stop: stop }
    }
}

impl Turns {
    /// Sees to the timer after a turn: none while nobody waits, and one for the next deadline while anybody does.
    pub(super) fn watch(self: &Rc<Self>) {
        let mut memory = self.memory.borrow_mut();
        let waited_for = memory.loaded.as_ref().filter(|loaded| loaded.vault.is_waited_for());
        let Some(at) = waited_for.and_then(|loaded| loaded.vault.next_deadline()) else {
            memory.watch = None;
            return;
        };
        if memory.watch.as_ref().is_some_and(|watch| watch.at <= at) {
            return;
        }
        let (stop, stopped) = oneshot::channel();
        memory.watch = Some(Watch::new(at, stop));
        // After a deadline was handled the next one is later; the floor is for clocks, which tick in whole milliseconds.
        let wait = clock::now().until(at).clamp(TICK, LONGEST);
        let turns = Rc::clone(self);
        background::start(&self.state, async move {
            match select(stopped, clock::pause(wait)).await {
                Either::Left(_) => {}
                Either::Right(((), _)) => {
                    turns.memory.borrow_mut().watch = None;
                    // A turn that fails has been logged, and those who waited have been told.
                    turns.turn(Event::DeadlineReached).ok();
                }
            }
        });
    }
}
