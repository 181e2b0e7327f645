//! Many seeds of worlds full of storms, counted together.

use std::time::Instant;

use everlit_core::law::Law;
use everlit_sim::plan::{Kind, Plan};
use everlit_sim::report::{Breach, Report, Tally};
use everlit_sim::world::World;

use crate::time_on_core;

/// What many seeds were together.
#[derive(Debug, Default)]
pub struct Worlds {
    /// How many seeds were played.
    pub seeds: u64,
    /// What was counted.
    pub tally: Tally,
    /// Every law that was broken, one for each seed at most.
    pub breaches: Vec<Breach>,
    /// Real time, in seconds.
    pub wall_s: f64,
    /// Time on a core, in seconds: the same as real time on a machine that does nothing else.
    pub core_s: f64,
}

impl Worlds {
    /// Plays worlds of a kind with the seeds from `first` on.
    #[must_use]
    pub fn of_seeds(kind: Kind, first: u64, seeds: u64, tabs: usize) -> Self {
        let (began, core_began) = (Instant::now(), time_on_core());
        let mut worlds = Self::default();
        for seed in first..first.saturating_add(seeds) {
            worlds.add(World::run(Plan::of(kind, seed, tabs)));
        }
        worlds.wall_s = began.elapsed().as_secs_f64();
        worlds.core_s = core_began.zip(time_on_core()).map_or(worlds.wall_s, |(began, ended)| ended - began);
        worlds
    }

    fn add(&mut self, report: Report) {
        self.seeds = self.seeds.saturating_add(1);
        self.tally = self.tally.plus(&report.tally);
        self.breaches.extend(report.breach);
    }

    /// Session-days: a session-day is one day of one browser with its session, however many tabs it has.
    #[must_use]
    pub fn days(&self) -> f64 {
        // Far below the point where a double loses milliseconds.
        self.tally.time.as_millis() as f64 / 86_400_000.0
    }

    /// Session-days in a second of one core.
    #[must_use]
    pub fn days_per_s(&self) -> f64 {
        if self.core_s > 0.0 { self.days() / self.core_s } else { 0.0 }
    }

    /// One JSON object, on one line.
    #[must_use]
    pub fn json(&self, kind: Kind, first: u64, tabs: usize) -> String {
        let tally = &self.tally;
        let counts = [
            ("sessions", tally.sessions),
            ("rotations", tally.rotations),
            ("recovered_from_escrow", tally.recovered),
            ("replayed_within_grace", tally.replayed),
            ("resent_never_sent", tally.resent),
            ("token_requests", tally.token_requests),
            ("requests", tally.requests),
            ("calls", tally.calls),
            ("answers_lost", tally.answers_lost),
            ("lost", tally.lost),
            ("revoked", tally.revoked),
            ("logouts", tally.logouts),
            ("ended", tally.ended),
            ("limits", tally.limits),
            ("faults", tally.faults),
            ("restarts", tally.restarts),
            ("rotators_died", tally.deaths),
            ("laws", Law::ALL.len() as u64),
            ("steps", tally.steps),
            ("violations", self.breaches.len() as u64),
        ];
        let counts: String = counts.iter().map(|(name, count)| format!("\"{name}\":{count},")).collect();
        let (worlds, seeds, days) = (kind.as_str(), self.seeds, self.days());
        format!(
            "{{\"worlds\":\"{worlds}\",\"seeds\":{seeds},\"seed\":{first},\"tabs\":{tabs},\"days\":{days:.3},\
             {counts}\"wall_s\":{:.3},\"core_s\":{:.3},\"days_per_s\":{:.1}}}",
            self.wall_s,
            self.core_s,
            self.days_per_s(),
        )
    }

    /// A small table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let tally = &self.tally;
        let rows: [(&str, String); 16] = [
            ("worlds", self.seeds.to_string()),
            ("session-days", format!("{:.2}", self.days())),
            ("sessions", tally.sessions.to_string()),
            ("rotations told at once", tally.rotations.to_string()),
            ("  recovered from the escrow", tally.recovered.to_string()),
            ("  replayed within grace", tally.replayed.to_string()),
            ("  sent again, never served", tally.resent.to_string()),
            ("answers that nobody got", tally.answers_lost.to_string()),
            ("grants lost by that", tally.lost.to_string()),
            ("grants ended at the server", tally.revoked.to_string()),
            ("logouts, ended, limits", format!("{}, {}, {}", tally.logouts, tally.ended, tally.limits)),
            ("calls, token requests", format!("{}, {}", tally.calls, tally.token_requests)),
            ("faults, restarts, deaths", format!("{}, {}, {}", tally.faults, tally.restarts, tally.deaths)),
            ("laws, steps checked", format!("{}, {}", Law::ALL.len(), tally.steps)),
            ("laws broken", self.breaches.len().to_string()),
            ("session-days a core-second", format!("{:.1}", self.days_per_s())),
        ];
        rows.iter().map(|(name, value)| format!("{name:<29}{value:>26}\n")).collect()
    }
}
