//! The survey: many users for a month, each with Everlit and with a naive client in the same world.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use everlit_sim::naive::{Counts, Naive};
use everlit_sim::plan::Plan;
use everlit_sim::report::{Breach, Loss, Tally};
use everlit_sim::world::World;

use crate::time_on_core;

/// How many tabs each user has.
pub const TABS: usize = 3;
/// How many days are played.
pub const DAYS: u64 = 30;
/// How many users there are.
pub const USERS: u64 = 10_000;
/// How many there are in a quick one.
pub const QUICK: u64 = 300;
/// How many users are played before the clock is looked at.
const BATCH: u64 = 25;

/// What all of it was.
#[derive(Debug, Default)]
pub struct Survey {
    /// How many users.
    pub users: u64,
    /// The seed of the first.
    pub first: u64,
    /// With Everlit.
    pub everlit: Tally,
    /// With a naive client.
    pub naive: Counts,
    /// Every law that was broken, one for each user at most.
    pub breaches: Vec<Breach>,
    /// What was lost with Everlit, one for each user at most.
    pub losses: Vec<Loss>,
    /// Time on a core with Everlit alone, in seconds.
    pub core_s: f64,
    /// Real time of all of it, in seconds.
    pub wall_s: f64,
}

impl Survey {
    /// Plays so many users, the first of whom has this seed, on as many threads as there are cores.
    #[must_use]
    pub fn of(users: u64, first: u64) -> Self {
        let began = Instant::now();
        let next = AtomicU64::new(0);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut survey = thread::scope(|scope| {
            let played: Vec<_> =
                (0..threads).map(|_| scope.spawn(|| Self::share(&next, users, first))).collect();
            // A thread that panics takes the survey with it when the scope ends.
            played.into_iter().filter_map(|share| share.join().ok()).fold(Self::default(), Self::plus)
        });
        (survey.users, survey.first, survey.wall_s) = (users, first, began.elapsed().as_secs_f64());
        survey.breaches.sort_by_key(|breach| breach.seed);
        survey.losses.sort_by_key(|loss| loss.seed);
        survey
    }

    /// What one thread plays: batch after batch, as long as there are any.
    fn share(next: &AtomicU64, users: u64, first: u64) -> Self {
        let mut share = Self::default();
        loop {
            let from = next.fetch_add(BATCH, Ordering::Relaxed);
            if users <= from {
                return share;
            }
            let seeds =
                first.saturating_add(from)..first.saturating_add(users.min(from.saturating_add(BATCH)));
            share.play(seeds);
        }
    }

    fn play(&mut self, seeds: Range<u64>) {
        let (began, core_began) = (Instant::now(), time_on_core());
        for seed in seeds.clone() {
            let report = World::month(Plan::month(seed), DAYS);
            self.everlit = self.everlit.plus(&report.tally);
            self.breaches.extend(report.breach);
            self.losses.extend(report.loss);
        }
        let real = began.elapsed().as_secs_f64();
        self.core_s += core_began.zip(time_on_core()).map_or(real, |(began, ended)| ended - began);
        for seed in seeds {
            self.naive = self.naive.plus(&Naive::month(Plan::month(seed), DAYS));
        }
    }

    fn plus(mut self, other: Self) -> Self {
        self.everlit = self.everlit.plus(&other.everlit);
        self.naive = self.naive.plus(&other.naive);
        self.breaches.extend(other.breaches);
        self.losses.extend(other.losses);
        self.core_s += other.core_s;
        self
    }

    /// Days of tabs in a second of one core, with Everlit.
    #[must_use]
    pub fn tab_days_per_s(&self) -> f64 {
        let days = (self.users * DAYS * TABS as u64) as f64;
        if self.core_s > 0.0 { days / self.core_s } else { 0.0 }
    }

    /// What is wrong with it, for people; nothing if all is well.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.breaches.is_empty() {
            problems.push(format!("{} users saw a law broken", self.breaches.len()));
        }
        let Tally { lost_to_user, unrecoverable, .. } = self.everlit;
        if lost_to_user > 0 {
            let some: Vec<String> = self.losses.iter().take(10).map(|loss| loss.seed.to_string()).collect();
            problems.push(format!(
                "Everlit lost {lost_to_user}, among others with the seeds {}",
                some.join(", ")
            ));
        }
        if unrecoverable.saturating_mul(100) >= self.naive.lost {
            problems.push(format!(
                "{unrecoverable} unrecoverable is not below a hundredth of the {} that the naive client lost",
                self.naive.lost
            ));
        }
        problems
    }

    /// One JSON object, on one line.
    #[must_use]
    pub fn json(&self) -> String {
        let (Self { users, first, .. }, everlit, naive) = (self, &self.everlit, &self.naive);
        format!(
            "{{\"users\":{users},\"tabs\":{TABS},\"days\":{DAYS},\"seed\":{first},\
             \"everlit\":{{\"lost\":{},\"unrecoverable\":{},\"silent_relogins\":{},\"grants\":{},\"requests\":{}}},\
             \"naive\":{{\"lost\":{},\"grants\":{},\"requests\":{}}},\"tab_days_per_s\":{:.0}}}",
            everlit.lost_to_user,
            everlit.unrecoverable,
            everlit.silent_relogins,
            everlit.token_requests,
            everlit.asks,
            naive.lost,
            naive.grants,
            naive.requests,
            self.tab_days_per_s(),
        )
    }

    /// A small table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let (everlit, naive) = (&self.everlit, &self.naive);
        let rows: [(&str, u64, String); 6] = [
            ("lost", everlit.lost_to_user, naive.lost.to_string()),
            ("unrecoverable", everlit.unrecoverable, String::new()),
            ("silent re-logins", everlit.silent_relogins, String::new()),
            ("refresh grants", everlit.token_requests, naive.grants.to_string()),
            ("requests", everlit.asks, naive.requests.to_string()),
            ("steps, all laws checked", everlit.steps, String::new()),
        ];
        let head =
            format!("{:<29}{:>13}{:>13}\n", format!("{} users, {DAYS} days", self.users), "everlit", "naive");
        let rows = rows.iter().map(|(name, everlit, naive)| format!("{name:<29}{everlit:>13}{naive:>13}\n"));
        let speed = format!("{:<29}{:>13.0}\n", "tab-days a core-second", self.tab_days_per_s());
        [head].into_iter().chain(rows).chain([speed]).collect()
    }
}
