//! The plan of a world: everything about it that its seed decides.

use everlit_core::time::Millis;
use everlit_core::vault::{GraceProfile, Policy};

use crate::authorization_server::{Manners, Reuse};
use crate::chance::Chance;
use crate::life::Person;
use crate::machine::Cast;
use crate::network::Weather;
use crate::timing::Timing;

/// Which worlds there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Told by hand.
    Quiet,
    /// A few hours, most of them storms.
    Storms,
    /// Whole days as people live them, each with a storm.
    Days,
    /// A month of one of many users, as the survey's table has it.
    Month,
}

impl Kind {
    /// Its name on a command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Storms => "storms",
            Self::Days => "days",
            Self::Month => "month",
        }
    }
}

/// A plan.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Which world it is.
    pub kind: Kind,
    /// Where chance begins.
    pub seed: u64,
    /// How many tabs the browser has.
    pub tabs: usize,
    /// What the authorization server does about reuse.
    pub reuse: Reuse,
    /// How long its access tokens live.
    pub access_lifetime: Millis,
    /// Whether a refresh kills the access token before it at once.
    pub kills_access: bool,
    /// Whether a revocation ends one refresh token alone.
    pub revokes_one: bool,
    /// The numbers of the vault.
    pub policy: Policy,
    /// Whether tabs hear each other.
    pub channel: bool,
    /// How far the user's wall clock is ahead, in milliseconds.
    pub clock_ahead: i64,
    /// Whether the user's monotonic clock stops in sleep.
    pub mono_stops: bool,
    /// How fast that clock drifts, in millionths.
    pub drift: i64,
    /// What the browser does with hidden tabs.
    pub timing: Timing,
    /// How long the authorization server knows its user after a form.
    pub server_login: Millis,
    /// Whether a silent re-login works in a frame.
    pub frames: bool,
    /// Whether the tabs share one event socket.
    pub shared_worker: bool,
    /// How the user lives.
    pub habits: Habits,
    /// What breaks while there is a storm.
    pub storm: Storm,
    /// How many storms there are.
    pub storms: u32,
    /// How long each is.
    pub storm_lasts: Millis,
    /// How long there is peace after each, at the least.
    pub calm_lasts: Millis,
    /// From one storm to the next at the least: each comes at some time of its day. Nothing, if storms follow each other.
    pub day: Millis,
    /// Who plays the machines.
    pub cast: Cast,
    /// What is wrong with the driver, for the test that a law notices.
    pub flaw: Option<Flaw>,
}

/// How the user lives.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// The mean time between two things the user does; never, if zero.
    pub pace: Millis,
    /// How many of a thousand things are a logout.
    pub logs_out: u32,
    /// How long of every 24 hours the user is there: always, if zero.
    pub workday: Millis,
    /// Whether the computer sleeps when its user is not there.
    pub sleeps: bool,
}

/// A day.
pub const DAY: Millis = Millis::from_days(1);

/// What breaks while there is a storm.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// The network.
    pub weather: Weather,
    /// The mean time between two other faults; never, if zero.
    pub pace: Millis,
    /// How many turns of a vault in a thousand crash.
    pub crashes: u32,
    /// How many turns of an escrow in a thousand crash.
    pub escrow_crashes: u32,
    /// How many steps of a rotator in a thousand are its last.
    pub deaths: u32,
    /// No answer with new tokens is lost between claim and keep: rotators live, connections to the server hold, and the server
    /// says what it does. Vaults and escrows crash all the same.
    pub spares_answers: bool,
    /// Grants are sometimes ended at the server, sessions from elsewhere.
    pub revokes: bool,
}

impl Storm {
    /// This storm, with every answer of the authorization server spared.
    #[must_use]
    pub const fn sparing(self) -> Self {
        let weather = Weather {
            lost_from_server: 0,
            lost_keeping: 0,
            slowest_answer: Millis::from_secs(15),
            ..self.weather
        };
        Self { weather, deaths: 0, spares_answers: true, ..self }
    }
}

/// A driver that is wrong in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The object's storage says that it wrote and keeps the row before.
    StoreForgets,
    /// Every refresh says that the user was active just now.
    RefreshCountsAsActivity,
    /// The escrow lets every claim win.
    EveryClaimWins,
    /// The escrow says that it keeps an answer and does not.
    EscrowForgets,
    /// The driver says of every revocation that it is done, and sends none.
    RevokesNothing,
}

const QUIET: Storm = Storm {
    weather: Weather::FAIR,
    pace: Millis::ZERO,
    crashes: 0,
    escrow_crashes: 0,
    deaths: 0,
    spares_answers: true,
    revokes: false,
};

impl Plan {
    /// A world in which nothing happens by itself: a strict server, tokens of a minute, right clocks, no faults, a user who
    /// does nothing. For scenarios.
    #[must_use]
    pub fn quiet(seed: u64) -> Self {
        Self {
            kind: Kind::Quiet,
            seed,
            tabs: 3,
            reuse: Reuse::RevokesFamily,
            access_lifetime: Millis::from_secs(60),
            kills_access: false,
            revokes_one: false,
            policy: Policy { shared_grant: false, ..Policy::default() },
            channel: true,
            clock_ahead: 0,
            mono_stops: false,
            drift: 0,
            timing: Timing::Exact,
            server_login: Millis::ZERO,
            frames: true,
            shared_worker: true,
            habits: Habits { pace: Millis::ZERO, logs_out: 0, workday: Millis::ZERO, sleeps: false },
            storm: QUIET,
            storms: 0,
            storm_lasts: Millis::ZERO,
            calm_lasts: Millis::ZERO,
            day: Millis::ZERO,
            cast: Cast::default(),
            flaw: None,
        }
    }

    /// A quiet world with another server, and a vault that knows it.
    #[must_use]
    pub fn quiet_with(seed: u64, reuse: Reuse) -> Self {
        let quiet = Self::quiet(seed);
        Self { reuse, policy: Policy { grace: reuse.profile(), ..quiet.policy }, ..quiet }
    }

    /// A few hours of storms, every part of them chosen by the seed.
    #[must_use]
    pub fn stormy(seed: u64, tabs: usize) -> Self {
        // Not the stream that the world itself draws from.
        let mut chance = Chance::new(seed ^ 0x5157_0A11);
        let mut rate = |most: usize| u32::try_from(chance.below(most)).unwrap_or_default();
        let weather = Weather {
            lost_at_tabs: rate(150),
            lost_to_server: rate(100),
            lost_from_server: rate(60),
            lost_inside: rate(60),
            lost_keeping: rate(60),
            slow: rate(120),
            // Longer than any request is waited for.
            slowest_answer: Millis::from_secs(37),
            doubled: rate(60),
        };
        let (crashes, deaths) = (rate(40), rate(25));
        let logs_out = rate(8);
        let storm = Storm {
            weather,
            pace: chance.between(15_000, 180_000),
            crashes,
            escrow_crashes: crashes,
            deaths,
            spares_answers: false,
            revokes: chance.permille(200),
        };
        let reuse = match chance.below(Reuse::ALL.len().saturating_add(2)) {
            // The strictest one most often.
            0..3 => Reuse::RevokesFamily,
            3 => Reuse::RevokesUser,
            4 => Reuse::Refused,
            5 => Reuse::SamePair(chance.between(5_000, 60_000)),
            6 => Reuse::NewSibling(chance.between(10_000, 300_000)),
            7 => Reuse::ActiveToken,
            8 => Reuse::Unnoticed,
            _ => Reuse::NotRotating,
        };
        // Some operators do not know what their server forgives.
        let knows = chance.permille(850);
        let mut policy = Policy {
            grace: if knows { reuse.profile() } else { GraceProfile::STRICT },
            shared_grant: chance.permille(200),
            ..Policy::default()
        };
        if chance.permille(300) {
            // Limits that are met within the run.
            policy.idle_limit = chance.between(300_000, 3_600_000);
            policy.absolute_limit = chance.between(1_800_000, 10_800_000);
        }
        let one = matches!(reuse, Reuse::RevokesFamily | Reuse::Refused);
        Self {
            kind: Kind::Storms,
            tabs,
            reuse,
            kills_access: chance.permille(250),
            // Where tokens have siblings, those of a late answer would live on.
            revokes_one: one && chance.permille(400),
            access_lifetime: match chance.below(5) {
                0 => Millis::from_secs(20),
                1 | 2 => Millis::from_secs(60),
                3 => Millis::from_secs(300),
                _ => Millis::from_secs(3_600),
            },
            policy,
            channel: chance.permille(750),
            clock_ahead: match chance.below(5) {
                0 => 3_600_000,
                1 => -3_600_000,
                2 => -86_400_000,
                _ => 0,
            },
            mono_stops: chance.permille(500),
            server_login: Millis::from_secs(if seed.is_multiple_of(2) { 8 * 3_600 } else { 0 }),
            frames: !seed.is_multiple_of(3),
            shared_worker: seed % 5 < 3,
            timing: match seed % 4 {
                0 => Timing::Exact,
                1 => Timing::Minutely,
                2 => Timing::Freezing,
                _ => Timing::Late,
            },
            habits: Habits {
                pace: chance.between(3_000, 40_000),
                logs_out,
                workday: Millis::ZERO,
                sleeps: false,
            },
            storm: if chance.permille(400) { storm.sparing() } else { storm },
            storms: 3,
            storm_lasts: chance.between(600_000, 2_400_000),
            calm_lasts: chance.between(300_000, 1_200_000),
            ..Self::quiet(seed)
        }
    }

    /// Three days as people live them: some eight hours of work with something to do every minute or two, tokens that live
    /// five minutes to an hour, a computer that mostly sleeps at night, and one storm of an hour or so every day, at any time
    /// but mostly while somebody works.
    #[must_use]
    pub fn days(seed: u64, tabs: usize) -> Self {
        let stormy = Self::stormy(seed, tabs);
        let mut chance = Chance::new(seed ^ 0x00DA_4500);
        let policy = if chance.permille(700) {
            Policy {
                idle_limit: Policy::default().idle_limit,
                absolute_limit: Policy::default().absolute_limit,
                ..stormy.policy
            }
        } else {
            Policy { idle_limit: chance.between(1_800_000, 43_200_000), absolute_limit: DAY, ..stormy.policy }
        };
        Self {
            kind: Kind::Days,
            access_lifetime: match chance.below(10) {
                0 => Millis::from_secs(300),
                1..4 => Millis::from_secs(900),
                _ => Millis::from_secs(3_600),
            },
            policy,
            habits: Habits {
                pace: chance.between(45_000, 120_000),
                logs_out: stormy.habits.logs_out.min(4),
                workday: chance.between(6 * 3_600_000, 10 * 3_600_000),
                sleeps: chance.permille(750),
            },
            storm: Storm { pace: chance.between(30_000, 120_000), ..stormy.storm },
            storms: 3,
            storm_lasts: chance.between(1_800_000, 5_400_000),
            calm_lasts: chance.between(300_000, 1_200_000),
            day: DAY,
            ..stormy
        }
    }

    /// A month of the user with this number, which is its seed too, with three tabs. What happens in it is [`Life`](crate::life::Life).
    #[must_use]
    pub fn month(seed: u64) -> Self {
        let Person { reuse, timing, mono_stops, clock_ahead, drift, channel, frames } = Person::of(seed);
        let quiet = Self::quiet_with(seed, reuse);
        Self {
            kind: Kind::Month,
            access_lifetime: Millis::from_secs(3_600),
            channel,
            clock_ahead,
            mono_stops,
            drift,
            timing,
            server_login: Millis::from_secs(8 * 3_600),
            frames,
            shared_worker: timing != Timing::Late,
            ..quiet
        }
    }

    /// The worlds of a kind.
    #[must_use]
    pub fn of(kind: Kind, seed: u64, tabs: usize) -> Self {
        match kind {
            Kind::Quiet => Self { tabs, ..Self::quiet(seed) },
            Kind::Storms => Self::stormy(seed, tabs),
            Kind::Days => Self::days(seed, tabs),
            Kind::Month => Self { tabs, ..Self::month(seed) },
        }
    }

    /// The habits of its authorization server.
    #[must_use]
    pub const fn manners(&self) -> Manners {
        Manners {
            reuse: self.reuse,
            access_lifetime: self.access_lifetime,
            kills_access: self.kills_access,
            revokes_one: self.revokes_one,
            login_lives: self.server_login,
        }
    }
}
