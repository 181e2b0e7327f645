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

/// The user's activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Activity {
    /// When the page was opened. That is no activity, but nobody is idle who just came.
    opened: Option<Instant>,
    /// The last input in any tab.
    last: Option<Instant>,
    /// That was in this tab, which therefore is the one to report it.
    own: bool,
    /// The last that the vault knows of.
    known: Option<Instant>,
    /// How long the vault lets a session live without.
    limit: Option<Millis>,
    told_at: Option<Timestamp>,
    /// No report before.
    report_after: Timestamp,
    /// Whether the user is there.
    pub(super) presence: Presence,
    /// When that changes if nothing happens.
    pub(super) presence_at: Option<Timestamp>,
    /// When this tab reports what its user did.
    pub(super) report_at: Option<Timestamp>,
}

impl Activity {
    pub(super) fn opened(&mut self, now: Moment) {
        self.opened = Some(now.instant());
    }

    /// Input in this tab. Whether the others are to be told.
    pub(super) fn input(&mut self, now: Moment) -> bool {
        self.last = Some(now.instant());
        self.own = true;
        let news = self.presence != Presence::Present
            || self.told_at.is_none_or(|told| told.until(now.mono) >= TELL_EVERY);
        if news {
            self.told_at = Some(now.mono);
        }
        news
    }

    /// Another tab told of input there, and of what the vault knows.
    pub(super) fn peer(&mut self, now: Moment, at: Timestamp, known: Timestamp) {
        let instant = |wall: Timestamp| {
            let sane = wall != Timestamp::default() && wall <= now.wall.after(AHEAD);
            sane.then(|| now.before(wall.until(now.wall)))
        };
        let newer =
            |told: Instant, held: Option<Instant>| held.is_none_or(|held| now.ago(told) < now.ago(held));
        if let Some(at) = instant(at).filter(|at| newer(*at, self.last)) {
            self.last = Some(at);
            self.own = false;
        }
        if let Some(known) = instant(known).filter(|known| newer(*known, self.known)) {
            self.known = Some(known);
        }
    }

    /// The vault said how long the session lives without activity.
    pub(super) fn told(&mut self, now: Moment, token: TokenState) {
        let age = token.idle_limit.less(token.idle_left).plus(token.elapsed);
        self.limit = Some(token.idle_limit);
        self.known = Some(now.before(age));
    }

    /// How long ago the last input was, if there was one.
    pub(super) fn ago(&self, now: Moment) -> Option<Millis> {
        self.last.map(|last| now.ago(last))
    }

    /// The points in time that other tabs are told.
    pub(super) fn points(&self, now: Moment) -> (Timestamp, Timestamp) {
        // As the wall clock is now, whatever it was then; nothing is 1970.
        let wall = |instant: Option<Instant>| {
            instant.map_or_else(Timestamp::default, |instant| now.wall.before(now.ago(instant)))
        };
        (wall(self.last), wall(self.known))
    }

    /// How long ago the session's idle time began, for all that is known.
    fn idle_for(&self, now: Moment) -> Option<Millis> {
        [self.last, self.known].iter().flatten().map(|instant| now.ago(*instant)).min()
    }

    /// How long the session lives without activity from now on.
    pub(super) fn left(&self, now: Moment) -> Millis {
        self.limit.unwrap_or_default().less(self.idle_for(now).unwrap_or_default())
    }

    /// Looks whether the user is there. If that changed: what it is now.
    pub(super) fn look(&mut self, now: Moment, settings: &Settings) -> Option<Presence> {
        let opened_for = self.opened.map_or(Millis::ZERO, |opened| now.ago(opened));
        let alone = self.idle_for(now).map_or(opened_for, |idle| idle.min(opened_for));
        let lapse_in = settings.idle_lapse.less(alone);
        // Whoever wants to be asked all the time is asked half of it.
        let prompt = settings.idle_prompt.and_then(|prompt| Some(prompt.min(self.limit?.percent(50))));
        let prompt_in = prompt.map(|prompt| self.left(now).less(prompt));
        let over_in = prompt.map(|_| self.left(now));
        let presence = if prompt_in == Some(Millis::ZERO) {
            Presence::Prompted
        } else if lapse_in.is_zero() {
            Presence::Idle
        } else {
            Presence::Present
        };
        let next = match presence {
            Presence::Present => prompt_in.map_or(Some(lapse_in), |prompt_in| Some(prompt_in.min(lapse_in))),
            Presence::Idle => prompt_in,
            Presence::Prompted => over_in.filter(|over_in| !over_in.is_zero()),
        };
        self.presence_at = next.map(|next| now.mono.after(next));
        self.report_at = self.next_report(now);
        let changed = presence != self.presence;
        self.presence = presence;
        changed.then_some(presence)
    }

    /// Whether the idle limit has passed by our own count, while the user was asked.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.presence == Presence::Prompted && self.left(now).is_zero()
    }

    /// When this tab is to report what its user does: as soon as a quarter of the idle limit has passed since what the vault
    /// knows, if there was input in this tab since.
    fn next_report(&self, now: Moment) -> Option<Timestamp> {
        let (last, known) = (now.ago(self.last?), now.ago(self.known?));
        let quarter = self.limit?.percent(25);
        let news = last.plus(REPORT_AGAIN.min(quarter.percent(50))) < known;
        let due = now.mono.after(quarter.less(known)).max(self.report_after);
        (self.own && news).then_some(due)
    }

    /// A report leaves.
    pub(super) fn reported(&mut self, now: Timestamp) {
        self.report_after = now.after(REPORT_AGAIN);
    }
}
