//! When a token ends, as far as that can be planned before its provider says so.
//!
//! A planned expiry only *hides* a token: nobody is given one that is taken to be dead. What kills a session is an answer that was
//! judged ([`super::Class`]), which may come earlier or later.

use core::fmt;

use everlit_core::time::{Millis, Timestamp};

use super::Stated;

const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;
/// The most cutoffs that one policy has.
pub const CUTOFFS_MAX: usize = 4;

/// The clock of a market: a fixed distance from UTC. India has no summer time; a zone that has one is written as two cutoffs, of
/// which the earlier counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone {
    minutes: i16,
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self::east(0);
    /// India: UTC+05:30.
    pub const INDIA: Self = Self::east(330);

    /// So many minutes ahead of UTC, behind it if negative. No zone is further off than 14 hours, and none is taken to be.
    #[must_use]
    pub const fn east(minutes: i16) -> Self {
        const FURTHEST: i16 = 14 * 60;
        let minutes = if minutes > FURTHEST { FURTHEST } else { minutes };
        Self { minutes: if minutes < -FURTHEST { -FURTHEST } else { minutes } }
    }

    /// The time that a clock there shows as `local`, which is counted as if it were UTC.
    #[must_use]
    pub const fn utc(self, local: Timestamp) -> Timestamp {
        let off = Millis::from_secs((self.minutes.unsigned_abs() as u64).saturating_mul(60));
        if self.minutes < 0 { local.after(off) } else { local.before(off) }
    }

    /// What a clock there shows at a time, counted as if it were UTC.
    #[must_use]
    pub const fn local(self, at: Timestamp) -> Timestamp {
        let off = Millis::from_secs((self.minutes.unsigned_abs() as u64).saturating_mul(60));
        if self.minutes < 0 { at.before(off) } else { at.after(off) }
    }

    /// Hour and minute that a clock there shows.
    #[must_use]
    pub const fn shows(self, at: Timestamp) -> (u64, u64) {
        let minutes = ((at.as_millis() % DAY).saturating_add(self.ahead()) % DAY) / MINUTE;
        (minutes / 60, minutes % 60)
    }

    /// How far its midnight comes before that of UTC, within a day.
    const fn ahead(self) -> u64 {
        (self.minutes.rem_euclid(24 * 60) as u64).saturating_mul(MINUTE)
    }
}

/// As people there write it where they do, and by its distance from UTC elsewhere: "EST" would be wrong for half of the year.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UTC => f.write_str("UTC"),
            Self::INDIA => f.write_str("IST"),
            Self { minutes } => {
                let (sign, off) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
                write!(f, "UTC{sign}{:02}:{:02}", off / 60, off % 60)
            }
        }
    }
}

/// A time of day at which tokens die, wherever they were issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cutoff {
    minute: u16,
    zone: Zone,
}

impl Cutoff {
    /// At this hour and minute of a zone's clock. 24:00 is 00:00.
    #[must_use]
    pub const fn at(hour: u8, minute: u8, zone: Zone) -> Self {
        let minutes = (hour as u16).saturating_mul(60).saturating_add(minute as u16);
        Self { minute: minutes % (24 * 60), zone }
    }

    /// Whose clock it goes by.
    #[must_use]
    pub const fn zone(self) -> Zone {
        self.zone
    }

    /// The first time strictly after this one: what is issued at a cutoff lives until the next.
    #[must_use]
    pub const fn after(self, at: Timestamp) -> Timestamp {
        let today = self.on_day_of(at);
        if today > at.as_millis() {
            Timestamp::from_millis(today)
        } else {
            Timestamp::from_millis(today.saturating_add(DAY))
        }
    }

    /// The last time at or before this one.
    #[must_use]
    pub const fn last(self, at: Timestamp) -> Timestamp {
        let today = self.on_day_of(at);
        let last = if today > at.as_millis() { today.saturating_sub(DAY) } else { today };
        Timestamp::from_millis(last)
    }

    /// When it is on the day, of UTC, that a time is on.
    const fn on_day_of(self, at: Timestamp) -> u64 {
        let of_day =
            (self.minute as u64).saturating_mul(MINUTE).saturating_add(DAY).saturating_sub(self.zone.ahead())
                % DAY;
        let at = at.as_millis();
        at.saturating_sub(at % DAY).saturating_add(of_day)
    }
}

/// Expiry by the clock on the wall: whichever end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WallClock {
    /// The times of day. An array, so that a configuration can make one as well.
    pub cutoffs: [Option<Cutoff>; CUTOFFS_MAX],
    /// The longest life, where there is one besides.
    pub cap: Option<Millis>,
}

impl WallClock {
    /// By one time of day.
    #[must_use]
    pub const fn daily(cutoff: Cutoff, cap: Option<Millis>) -> Self {
        Self { cutoffs: [Some(cutoff), None, None, None], cap }
    }

    fn plan(&self, issued: Timestamp) -> Option<Timestamp> {
        let ends = self.cutoffs.iter().flatten().map(|cutoff| cutoff.after(issued));
        ends.chain(self.cap.map(|cap| issued.after(cap))).min()
    }

    /// From when on a new token outlives one that ends at `present`. It does so if none of its ends lies at or before that: of a
    /// cutoff, once the last one up to then has passed.
    fn outlives(&self, present: Timestamp) -> Option<Timestamp> {
        let passed = self.cutoffs.iter().flatten().map(|cutoff| cutoff.last(present));
        let young = self.cap.map(|cap| present.before(cap).after(Millis::from_millis(1)));
        passed.chain(young).max()
    }
}

/// How a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expiry {
    /// The provider says it.
    Stated(Stated),
    /// So long after its issue.
    Fixed(Millis),
    /// At a time of day.
    WallClock(WallClock),
    /// When it was not used for a while.
    Idle {
        /// For so long.
        idle: Millis,
        /// The longest life, however much it is used.
        cap: Option<Millis>,
    },
    /// Nobody knows: only an answer tells.
    Unknown,
}

/// What is known of one token beyond the moment of its issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The end that its provider stated ([`Stated::read`]).
    pub stated: Option<Timestamp>,
    /// When it was last used.
    pub last_use: Option<Timestamp>,
}

/// Whether a new login is worth it: a warning offers it only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NewLogin {
    /// A token that is issued now lives longer than the present one.
    Now,
    /// It would die with the present one; from this time on it does not.
    From(Timestamp),
}

impl Expiry {
    /// Whose clock it goes by: that of the first cutoff, and UTC where there is none.
    #[must_use]
    pub fn zone(&self) -> Zone {
        match self {
            Self::WallClock(clock) => {
                clock.cutoffs.iter().flatten().next().map_or(Zone::UTC, |first| first.zone())
            }
            Self::Stated(_) | Self::Fixed(_) | Self::Idle { .. } | Self::Unknown => Zone::UTC,
        }
    }

    /// When a token is planned to end; nothing where that is not known. It is always after its issue. What the provider states
    /// counts also where there is another rule: whichever is first.
    #[must_use]
    pub fn plan(&self, issued: Timestamp, told: Told) -> Option<Timestamp> {
        let by_rule = match self {
            Self::Stated(_) | Self::Unknown => None,
            Self::Fixed(life) => Some(issued.after(*life)),
            Self::WallClock(clock) => clock.plan(issued),
            Self::Idle { idle, cap } => {
                let unused = told.last_use.unwrap_or(issued).max(issued).after(*idle);
                Some(cap.map_or(unused, |cap| unused.min(issued.after(cap))))
            }
        };
        // A statement that lies before the issue is a mistake in the statement.
        let stated = told.stated.filter(|end| *end > issued);
        by_rule.into_iter().chain(stated).min().filter(|end| *end > issued)
    }

    /// Whether to log in anew now is worth it while a token lives until `present`, or from when on. Where only the provider knows
    /// how long a new one lives, it is.
    #[must_use]
    pub fn new_login(&self, present: Option<Timestamp>, now: Timestamp) -> NewLogin {
        let Some(present) = present.filter(|present| now < *present) else { return NewLogin::Now };
        let from = match self {
            Self::WallClock(clock) => clock.outlives(present),
            Self::Fixed(life) => Some(present.before(*life).after(Millis::from_millis(1))),
            Self::Stated(_) | Self::Idle { .. } | Self::Unknown => None,
        };
        from.filter(|from| now < *from).map_or(NewLogin::Now, NewLogin::From)
    }
}

#[cfg(test)]
#[path = "expiry_tests.rs"]
mod tests;
