//! The plan of a world: everything about it that its seed decides.

use everlit_core::time::Millis;
use everlit_core::vault::Policy;

use crate::authorization_server::Reuse;
use crate::chance::Chance;
use crate::machine::Cast;
use crate::network::Weather;

/// A plan.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Where chance begins.
    pub seed: u64,
    /// How many tabs the browser has.
    pub tabs: usize,
    /// What the authorization server does about reuse.
    pub reuse: Reuse,
    /// How long its access tokens live.
    pub access_lifetime: Millis,
    /// The numbers of the vault.
    pub policy: Policy,
    /// Whether tabs hear each other.
    pub channel: bool,
    /// How far the user's wall clock is ahead, in milliseconds.
    pub clock_ahead: i64,
    /// Whether the user's monotonic clock stops in sleep.
    pub mono_stops: bool,
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
}

/// What breaks while there is a storm.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// The network.
    pub weather: Weather,
    /// The mean time between two other faults; never, if zero.
    pub pace: Millis,
    /// How many turns of a vault in a thousand crash.
    pub crashes: u32,
    /// No answer with new tokens is lost: restarts spare token requests, and no answer comes in vain.
    pub spares_answers: bool,
    /// Grants are sometimes ended at the server.
    pub revokes: bool,
}

/// A driver that is wrong in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The object's storage says that it wrote and keeps the row before.
    StoreForgets,
    /// Every refresh says that the user was active just now.
    RefreshCountsAsActivity,
}

const QUIET: Storm = Storm {
    weather: Weather { lost_at_tabs: 0, lost_to_server: 0, lost_from_server: 0, slow: 0, doubled: 0 },
    pace: Millis::ZERO,
    crashes: 0,
    spares_answers: true,
    revokes: false,
};

impl Plan {
    /// A world in which nothing happens by itself: a strict server, tokens of a minute, right clocks, no faults, a user who
    /// does nothing. For scenarios.
    #[must_use]
    pub fn quiet(seed: u64) -> Self {
        Self {
            seed,
            tabs: 3,
            reuse: Reuse::RevokesFamily,
            access_lifetime: Millis::from_secs(60),
            policy: Policy::default(),
            channel: true,
            clock_ahead: 0,
            mono_stops: false,
            habits: Habits { pace: Millis::ZERO, logs_out: 0 },
            storm: QUIET,
            storms: 0,
            storm_lasts: Millis::ZERO,
            calm_lasts: Millis::ZERO,
            cast: Cast::default(),
            flaw: None,
        }
    }

    /// A world of storms, every part of it chosen by the seed.
    #[must_use]
    pub fn stormy(seed: u64, tabs: usize) -> Self {
        // Not the stream that the world itself draws from.
        let mut chance = Chance::new(seed ^ 0x5157_0A11);
        let mut rate = |most: usize| u32::try_from(chance.below(most)).unwrap_or_default();
        let weather = Weather {
            lost_at_tabs: rate(150),
            lost_to_server: rate(100),
            lost_from_server: rate(60),
            slow: rate(120),
            doubled: rate(60),
        };
        let crashes = rate(40);
        let logs_out = rate(8);
        let spares_answers = chance.permille(500);
        let policy = if chance.permille(300) {
            // Limits that are met within the run.
            Policy {
                idle_limit: chance.between(300_000, 3_600_000),
                absolute_limit: chance.between(1_800_000, 10_800_000),
                ..Policy::default()
            }
        } else {
            Policy::default()
        };
        Self {
            tabs,
            reuse: match chance.below(3) {
                0 => Reuse::Unnoticed,
                1 => Reuse::Refused,
                _ => Reuse::RevokesFamily,
            },
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
            habits: Habits { pace: chance.between(3_000, 40_000), logs_out },
            storm: Storm {
                weather: if spares_answers { Weather { lost_from_server: 0, ..weather } } else { weather },
                pace: chance.between(15_000, 180_000),
                crashes: if spares_answers { 0 } else { crashes },
                spares_answers,
                revokes: chance.permille(200),
            },
            storms: 3,
            storm_lasts: chance.between(600_000, 2_400_000),
            calm_lasts: chance.between(300_000, 1_200_000),
            ..Self::quiet(seed)
        }
    }
}
