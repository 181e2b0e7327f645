//! The alarm's handler stays while there is something under way. What it has begun would else hang on the patience of a runtime
//! that sees an object with no event.

use std::rc::Rc;

use everlit_core::time::Millis;
use futures_channel::oneshot;
use futures_util::future::select;

use super::turn::Turns;
use super::watch::Watch;
use crate::clock;

/// The longest stay. A token request is over by then.
const LONGEST: Millis = Millis::from_secs(30);

impl Turns {
    /// Something was begun.
    pub(super) fn begun(&self) {
        let mut memory = self.memory.borrow_mut();
        memory.under_way = memory.under_way.saturating_add(1);
    }

    /// It is done, and with the last of it the handler.
    pub(super) fn done(&self) {
        let mut memory = self.memory.borrow_mut();
        memory.under_way = memory.under_way.saturating_sub(1);
        if memory.under_way == 0 {
            memory.rest = None;
        }
    }

    /// An alarm is armed: the handler stays no longer than until then.
    pub(super) fn leave_for_alarm(&self) {
        let mut memory = self.memory.borrow_mut();
        let next = memory.alarm.armed_at();
        if memory.rest.as_ref().is_some_and(|rest| next.is_some_and(|next| next < rest.at)) {
            memory.rest = None;
        }
    }

    /// Stays until all is done, but not past the next alarm, which would have to wait for it.
    pub(super) async fn rest(self: &Rc<Self>) {
        let (stop, stopped) = oneshot::channel();
        let wait = {
            let mut memory = self.memory.borrow_mut();
            let now = clock::now();
            let end = now.after(LONGEST);
            let until = memory.alarm.armed_at().map_or(end, |next| next.min(end));
            if memory.under_way == 0 || until <= now {
                return;
            }
            memory.rest = Some(Watch::new(until, stop));
            now.until(until)
        };
        select(stopped, clock::pause(wait)).await;
        self.memory.borrow_mut().rest = None;
    }
}
