//! What the user did last, in any tab, and what the vault knows of it.

use super::presence::Presence;
use super::{Settings, TokenState};
use crate::time::{Instant, Millis, Moment, Timestamp};

/// How often the other tabs are told that the user goes on.
const TELL_EVERY: Millis = Millis::from_secs(5);
/// Another tab's clock is the same clock: what it says of the future is no activity.
const AHEAD: Millis = Millis::from_secs(2);
/// How soon a report that failed, or changed nothing, is made again.
const REPORT_AGAIN: Millis = Millis::from_secs(60);

/// The user's activity. An instant that is the default one never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Activity {
    /// When the page was opened. That is no activity, but nobody is idle who just came.
    opened: Instant,
    /// The last input in any tab.
    last: Instant,
    /// The last that the vault knows of.
    known: Instant,
    /// How long the vault lets a session live without; no time at all if that is not known.
    limit: Millis,
    /// No word to the other tabs before.
    tell_after: Timestamp,
    /// No report before.
    report_after: Timestamp,
    /// Whether the user is there.
    pub(super) presence: Presence,
    /// When that changes if nothing happens.
    pub(super) presence_at: Timestamp,
    /// When this tab reports what its user did.
    pub(super) report_at: Timestamp,
}

impl Activity {
    /// Nobody was ever here.
    pub(super) const NONE: Self = Self {
        opened: Instant::NONE,
        last: Instant::NONE,
        known: Instant::NONE,
        limit: Millis::ZERO,
        tell_after: Timestamp::from_millis(0),
        report_after: Timestamp::from_millis(0),
        presence: Presence::Present,
        presence_at: Timestamp::NEVER,
        report_at: Timestamp::NEVER,
    };

    pub(super) const fn opened(&mut self, now: Moment) {
        self.opened = now.instant();
    }

    /// Input in this tab. Whether the others are to be told.
    pub(super) fn input(&mut self, now: Moment) -> bool {
        self.last = now.instant();
        let news = self.presence != Presence::Present || self.tell_after <= now.mono;
        if news {
            self.tell_after = now.mono.after(TELL_EVERY);
        }
        news
    }

    /// Another tab told of input there, and of what the vault knows.
    pub(super) fn peer(&mut self, now: Moment, at: Timestamp, known: Timestamp) {
        if newer(now, at, &mut self.last) {
            // The tab of the input reports it, unless it is gone by then.
            self.reported(now.mono);
        }
        newer(now, known, &mut self.known);
    }

    /// The vault said how long the session lives without activity.
    pub(super) const fn told(&mut self, now: Moment, token: &TokenState) {
        let age = token.idle_limit.less(token.idle_left).plus(token.elapsed);
        self.limit = token.idle_limit;
        self.known = now.before(age);
    }

    /// How long ago the last input was, if there was one.
    pub(super) fn ago(&self, now: Moment) -> Option<Millis> {
        (self.last != Instant::NONE).then(|| now.ago(self.last))
    }

    /// The points in time that other tabs are told: as the wall clock is now, whatever it was then.
    pub(super) fn points(&self, now: Moment) -> (Timestamp, Timestamp) {
        (now.wall.before(now.ago(self.last)), now.wall.before(now.ago(self.known)))
    }

    /// How long ago the session's idle time began, for all that is known.
    fn idle_for(&self, now: Moment) -> Millis {
        now.ago(self.last).min(now.ago(self.known))
    }

    /// How long the session lives without activity from now on.
    pub(super) fn left(&self, now: Moment) -> Millis {
        self.limit.less(self.idle_for(now))
    }

    /// Looks whether the user is there. Whether that changed.
    pub(super) fn look(&mut self, now: Moment, settings: &Settings) -> bool {
        let left = self.left(now);
        let lapse_in = settings.idle_lapse.less(self.idle_for(now).min(now.ago(self.opened)));
        // Whoever wants to be asked all the time is asked half of it.
        let prompt = settings.idle_prompt.unwrap_or_default().min(self.limit.percent(50));
        let prompt_in = if prompt.is_zero() { Millis::FOREVER } else { left.less(prompt) };
        let (presence, next) = if prompt_in.is_zero() {
            (Presence::Prompted, if left.is_zero() { Millis::FOREVER } else { left })
        } else if lapse_in.is_zero() {
            (Presence::Idle, prompt_in)
        } else {
            (Presence::Present, prompt_in.min(lapse_in))
        };
        self.presence_at = now.mono.after(next);
        self.report_at = self.next_report(now);
        let changed = presence != self.presence;
        self.presence = presence;
        changed
    }

    /// Whether the idle limit has passed by our own count, while the user was asked.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.presence == Presence::Prompted && self.left(now).is_zero()
    }

    /// When this tab is to report what its user does: as soon as a quarter of the idle limit has passed since what the vault
    /// knows, if there was input since.
    fn next_report(&self, now: Moment) -> Timestamp {
        let known = now.ago(self.known);
        let news = now.ago(self.last).plus(REPORT_AGAIN.min(self.limit.percent(12))) < known;
        if news && !self.limit.is_zero() {
            now.mono.after(self.limit.percent(25).less(known)).max(self.report_after)
        } else {
            Timestamp::NEVER
        }
    }

    /// A report leaves, or is another tab's to make.
    pub(super) const fn reported(&mut self, now: Timestamp) {
        self.report_after = now.after(REPORT_AGAIN);
    }
}

/// Takes over what another tab said, unless it is older, or of the future.
fn newer(now: Moment, told: Timestamp, held: &mut Instant) -> bool {
    let ago = told.until(now.wall);
    let newer = ago < now.ago(*held) && told <= now.wall.after(AHEAD);
    if newer {
        *held = now.before(ago);
    }
    newer
}
