//! When time cannot be relied on.

use core::mem;

use super::due::STUCK;
use super::{Effects, Hold, Phase, Reason, Tab};
use crate::retry;
use crate::time::{Instant, Millis, Moment, Timestamp};

/// How far the two clocks may drift apart between two steps before that counts as a wake.
const CLOCKS_AGREE: Millis = Millis::from_secs(2);
/// How late a deadline may be handled before that counts as a wake.
const LATE: Millis = Millis::from_secs(30);
/// How much later it may be where nobody looks: browsers let the timers of hidden pages run once a minute.
const THROTTLED: Millis = Millis::from_secs(60);

impl Tab {
    /// Whether time went by that this tab did not see, or a clock was set.
    #[inline(never)] // Smaller, compressed.
    pub(super) fn woke(&mut self, now: Moment) -> bool {
        let last = mem::replace(&mut self.last, now.instant());
        let by_wall = now.wall.as_millis().abs_diff(last.wall.as_millis());
        let by_mono = now.mono.since(last.mono).as_millis();
        // Both ways: a wall clock that was set back shows less than before.
        let set_back = now.wall < last.wall.before(CLOCKS_AGREE);
        let disagree = by_wall.abs_diff(by_mono) > CLOCKS_AGREE.as_millis() || set_back;
        let clocks_disagree = disagree && last != Instant::NONE;
        if clocks_disagree {
            // What was reckoned by a clock that stood still is not certain any more. Of a cool-down goes what the other one saw;
            // if that was set back, nobody knows how much that would be.
            self.anchor = None;
            let passed = if set_back { Millis::FOREVER } else { last.wall.until(now.wall) };
            let left = last.mono.until(self.cool_until).less(passed);
            self.cool_until = self.cool_until.min(now.mono.after(left));
        }
        let allowed = if self.is_hidden() { LATE.plus(THROTTLED) } else { LATE };
        clocks_disagree || self.next_deadline().is_some_and(|deadline| deadline.after(allowed) < now.mono)
    }

    /// The tab cannot rely on what it knows about time: it asks, and calls wait. Where nobody looks and nothing waits, it asks
    /// when they return.
    pub(super) fn resume(&mut self, now: Moment, woke: bool, restored: bool, effects: &mut Effects) {
        self.look_for_user(now, effects);
        self.drop_socket(effects);
        // While the clocks agree there is no hurry: a server that wants to be left alone is left alone.
        if now.mono < self.cool_until {
            self.wake_at = self.cool_until.after(retry::backoff(1, now.entropy));
            return;
        }
        self.wake_at = Timestamp::NEVER;
        if !self.may_hurry(now) && !restored {
            return;
        }
        match self.phase {
            // It is asked again when it is time.
            Phase::Degraded { retry_at: Some(_), .. } if !woke => {}
            Phase::Active { hold, .. } if self.is_unwatched() => {
                // Whether it lives on is not certain: nobody is to rely on it.
                let hold = Hold { expires_at: hold.expires_at.min(now.mono), ..hold };
                self.phase = Phase::Active { hold, refresh_at: Timestamp::NEVER };
            }
            Phase::Active { hold, .. } | Phase::Degraded { hold: Some(hold), .. } => {
                self.ask_where_we_stand(now, hold, 0, effects);
            }
            Phase::Refreshing { hold, request, failures, .. } => {
                // The open question brings the same news.
                let over = self.phase.over();
                let stuck_at = now.mono.after(STUCK);
                let resuming =
                    Phase::Resuming { hold: Some(hold), over, request: Some(request), failures, stuck_at };
                self.enter(resuming, Reason::Wake, effects);
            }
            Phase::Degraded { hold: None, .. } => self.check_session(now, 0, Reason::Wake, effects),
            // Without a token time does not matter; but a page that comes back may have been left for a login.
            Phase::LoggedOut { .. }
            | Phase::LoggingIn { .. }
            | Phase::Relogin { .. }
            | Phase::ReauthRequired { .. }
            | Phase::Ended { .. } => {
                if restored {
                    self.cancel_open(effects);
                    self.check_session(now, 0, Reason::Wake, effects);
                }
            }
            Phase::Resuming { .. } => {}
        }
    }
}
