//! A month in the life of one user: when the computer sleeps, when its user is at work, and what goes wrong on the way.
//!
//! All of it is drawn from the seed before anybody acts, so that every client that is played in this world meets the same. The
//! figures are those of the table in `tests/sim/README.md`.

use alloc::vec::Vec;
use core::cmp::Reverse;

use everlit_core::time::{Millis, Timestamp};

use crate::authorization_server::Reuse;
use crate::chance::Chance;
use crate::plan::DAY;
use crate::timing::Timing;

/// Something that life brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Incident {
    /// The computer sleeps for so long.
    Sleep(Millis),
    /// The user sits down to work.
    Sit,
    /// The user does something else.
    Leave {
        /// And covers the window.
        covers: bool,
    },
    /// The user types or clicks.
    Input,
    /// The user's work is saved: a call that must not be lost.
    Save,
    /// The user turns to another tab.
    Switch,
    /// The user reloads the page.
    Reload,
    /// The user follows a link out of the app and comes back by the back/forward cache after so long.
    Aside(Millis),
    /// A tab crashes and is opened again.
    Crash,
    /// The wall clock is set right.
    SetClock,
    /// No network for so long.
    Offline(Millis),
    /// The object of the vault is reset.
    Reset,
    /// The Worker is deployed.
    Deploy,
    /// The authorization server falls ill.
    Sick,
    /// It is well again.
    Well,
    /// It asks the next who comes for less, for so long.
    Throttle(Millis),
}

/// What stays as it is for one user.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// What the authorization server does about reuse.
    pub reuse: Reuse,
    /// What the browser does with hidden tabs.
    pub timing: Timing,
    /// Whether the monotonic clock stops in sleep.
    pub mono_stops: bool,
    /// How far the wall clock is ahead, in milliseconds.
    pub clock_ahead: i64,
    /// How fast it drifts, in millionths.
    pub drift: i64,
    /// Whether tabs hear each other.
    pub channel: bool,
    /// Whether a silent re-login works in a frame.
    pub frames: bool,
}

/// Stretches of a day in which the computer is awake.
const STRETCHES: u64 = 4;
const STRETCH: u64 = 150 * MINUTE;
const NAP: u64 = 80 * MINUTE;
const MOVED: u64 = 20 * MINUTE;
const BLOCK: u64 = 30 * MINUTE;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

impl Person {
    /// The user with this number. Kinds go round, so that the shares are exact.
    #[must_use]
    pub fn of(user: u64) -> Self {
        let mut chance = Chance::new(user ^ 0x0C10_C4ED);
        let ahead = match (user % 1_000, user % 100) {
            (11, _) => i64::try_from(chance.between(24 * HOUR, 400 * 24 * HOUR).as_millis()),
            (_, 7) => i64::try_from(chance.between(5 * MINUTE, 90 * MINUTE).as_millis()),
            _ => i64::try_from(chance.between(0, 2_000).as_millis()),
        };
        let ahead = ahead.unwrap_or_default();
        let drift = i64::try_from(chance.below(101)).unwrap_or_default().saturating_sub(50);
        Self {
            reuse: match user % 3 {
                0 => Reuse::RevokesFamily,
                1 => Reuse::NewSibling(Millis::from_secs(10)),
                _ => Reuse::Unnoticed,
            },
            timing: match chance.below(4) {
                0 | 1 => Timing::Minutely,
                2 => Timing::Freezing,
                _ => Timing::Late,
            },
            mono_stops: chance.permille(500),
            clock_ahead: if chance.permille(500) { ahead } else { ahead.saturating_neg() },
            drift,
            channel: chance.permille(950),
            frames: chance.permille(500),
        }
    }
}

/// What is still to come, the next at the end.
#[derive(Debug, Default)]
pub struct Life(Vec<(Timestamp, Incident)>);

impl Life {
    /// So many days from one seed.
    #[must_use]
    pub fn of(seed: u64, days: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x0011_FE00);
        let mut life = Self::default();
        let mut wakes_at = 0;
        for day in 0..days {
            wakes_at = life.day(day.saturating_mul(DAY.as_millis()), wakes_at, &mut chance);
        }
        for week in 0..days.div_ceil(7) {
            let from = week.saturating_mul(7 * 24 * HOUR);
            let at = chance.between(from, from.saturating_add(7 * 24 * HOUR - HOUR)).as_millis();
            life.add(at, Incident::Sick);
            life.add(at.saturating_add(HOUR), Incident::Well);
        }
        life.0.sort_by_key(|(at, _)| Reverse(*at));
        life
    }

    /// The next thing, and when.
    pub fn pop(&mut self) -> Option<(Timestamp, Incident)> {
        self.0.pop()
    }

    fn add(&mut self, at: u64, incident: Incident) {
        self.0.push((Timestamp::from_millis(at), incident));
    }

    /// One day that begins with a wake; when the next one does.
    fn day(&mut self, midnight: u64, mut wakes_at: u64, chance: &mut Chance) -> u64 {
        let (mut blocks, mut awake) = (Vec::new(), Vec::new());
        for stretch in 1..=STRETCHES {
            awake.push(wakes_at);
            let sleeps_at = wakes_at.saturating_add(STRETCH);
            let first = wakes_at.saturating_add(chance.between(0, 10 * MINUTE).as_millis());
            let second = wakes_at.saturating_add(chance.between(100 * MINUTE, 120 * MINUTE).as_millis());
            blocks.extend([first, second]);
            let next = if stretch < STRETCHES {
                midnight.saturating_add(stretch.saturating_mul(STRETCH + NAP))
            } else {
                midnight.saturating_add(DAY.as_millis())
            };
            wakes_at = next.saturating_add(chance.between(0, MOVED).as_millis());
            self.add(sleeps_at, Incident::Sleep(Millis::from_millis(wakes_at.saturating_sub(sleeps_at))));
        }
        for from in &blocks {
            self.block(*from, chance);
        }
        let mut somewhere = |all: &[u64], within: u64| {
            let from = all.get(chance.below(all.len())).copied().unwrap_or(midnight);
            (from.saturating_add(chance.between(1_000, within).as_millis()), chance.entropy())
        };
        let half_an_hour =
            |entropy| Millis::from_millis(MINUTE + Millis::from_millis(BLOCK).scaled_by(entropy).as_millis());
        let (at, _) = somewhere(&blocks, BLOCK);
        self.add(at, Incident::Reload);
        let (at, entropy) = somewhere(&blocks, BLOCK);
        self.add(at, Incident::Aside(half_an_hour(entropy)));
        let (at, entropy) = somewhere(&blocks, BLOCK);
        if entropy % 7 == 0 {
            self.add(at, Incident::Crash);
        }
        let (at, _) = somewhere(&awake, STRETCH);
        self.add(at, Incident::SetClock);
        let (at, entropy) = somewhere(&awake, STRETCH);
        self.add(
            at,
            Incident::Offline(Millis::from_millis(MINUTE).plus(Millis::from_secs(540).scaled_by(entropy))),
        );
        let all_day = [midnight];
        for second in [false, true] {
            let (at, entropy) = somewhere(&all_day, DAY.as_millis());
            if !second || entropy % 2 == 0 {
                self.add(at, Incident::Reset);
            }
            // In seconds, and as a date: a date, too, has whole seconds.
            let (at, entropy) = somewhere(&all_day, DAY.as_millis());
            self.add(at, Incident::Throttle(Millis::from_secs(u64::from(entropy % 116).saturating_add(5))));
        }
        let (at, _) = somewhere(&all_day, DAY.as_millis());
        self.add(at, Incident::Deploy);
        wakes_at
    }

    /// Half an hour of work.
    fn block(&mut self, from: u64, chance: &mut Chance) {
        self.add(from, Incident::Sit);
        for minute in 0..30 {
            let mut at = |from: u64| from.saturating_add(chance.between(500, 59_000).as_millis());
            let begins = from.saturating_add(minute * MINUTE);
            self.add(at(begins), Incident::Input);
            if minute % 5 == 2 {
                self.add(at(begins), Incident::Save);
            }
            if minute % 7 == 6 {
                self.add(at(begins), Incident::Switch);
            }
        }
        let covers = chance.permille(500);
        self.add(from.saturating_add(BLOCK), Incident::Leave { covers });
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_as_the_table_says() {
        let mut life = Life::of(7, 30);
        let (mut asleep, mut used, mut sick, mut throttled, mut resets) = (Millis::ZERO, 0, 0, 0, 0);
        let (mut last, mut sits) = (Timestamp::default(), Vec::new());
        while let Some((at, incident)) = life.pop() {
            assert!(last <= at);
            last = at;
            match incident {
                Incident::Sleep(time) => asleep = asleep.plus(time),
                Incident::Sit => sits.push(at),
                Incident::Leave { .. } => {
                    used += at.since(*sits.last().unwrap()).as_millis();
                }
                Incident::Sick => sick += 1,
                Incident::Throttle(_) => throttled += 1,
                Incident::Reset => resets += 1,
                _ => {}
            }
        }
        assert_eq!(used, 30 * 4 * HOUR);
        assert!(asleep.as_millis().abs_diff(30 * 14 * HOUR) < HOUR, "{asleep:?}");
        assert_eq!((sick, throttled), (5, 60));
        assert!((35..=55).contains(&resets), "{resets}");
    }

    #[test]
    fn a_third_of_the_users_have_each_server_and_few_have_a_wrong_clock() {
        let people: Vec<Person> = (0..3_000).map(Person::of).collect();
        let strict = people.iter().filter(|person| person.reuse == Reuse::RevokesFamily).count();
        let off = |by: u64| people.iter().filter(|person| person.clock_ahead.unsigned_abs() >= by).count();
        assert_eq!(strict, 1_000);
        assert_eq!((off(5 * MINUTE), off(24 * HOUR)), (33, 3));
    }
}
