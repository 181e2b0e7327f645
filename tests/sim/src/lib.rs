//! The simulated world, run natively: many seeds, counted together.
//!
//! What the world is, and how to read and replay a failure, is in `README.md`.

use std::time::Instant;

use everlit_core::law::Law;
use everlit_sim::plan::Plan;
use everlit_sim::report::{Breach, Report, Tally};
use everlit_sim::world::World;

/// What many seeds were together.
#[derive(Debug, Default)]
pub struct Survey {
    /// How many seeds were played.
    pub seeds: u64,
    /// What was counted.
    pub tally: Tally,
    /// Every law that was broken, one for each seed at most.
    pub breaches: Vec<Breach>,
    /// Real time, in seconds.
    pub wall_s: f64,
}

impl Survey {
    /// Plays stormy worlds with the seeds from `first` on.
    #[must_use]
    pub fn of_seeds(first: u64, seeds: u64, tabs: usize) -> Self {
        let began = Instant::now();
        let mut survey = Self::default();
        for seed in first..first.saturating_add(seeds) {
            survey.add(World::run(Plan::stormy(seed, tabs)));
        }
        survey.wall_s = began.elapsed().as_secs_f64();
        survey
    }

    fn add(&mut self, report: Report) {
        self.seeds = self.seeds.saturating_add(1);
        self.tally = self.tally.plus(&report.tally);
        self.breaches.extend(report.breach);
    }

    /// Simulated days, of one browser each.
    #[must_use]
    pub fn days(&self) -> f64 {
        // Far below the point where a double loses milliseconds.
        self.tally.time.as_millis() as f64 / 86_400_000.0
    }

    /// Simulated days in a second of real time.
    #[must_use]
    pub fn days_per_s(&self) -> f64 {
        if self.wall_s > 0.0 { self.days() / self.wall_s } else { 0.0 }
    }

    /// One JSON object, on one line.
    #[must_use]
    pub fn json(&self, first: u64, tabs: usize) -> String {
        let tally = &self.tally;
        format!(
            "{{\"seeds\":{},\"seed\":{first},\"tabs\":{tabs},\"days\":{:.3},\"sessions\":{},\"rotations\":{},\
             \"token_requests\":{},\"requests\":{},\"calls\":{},\"answers_lost\":{},\"lost\":{},\"revoked\":{},\
             \"logouts\":{},\"limits\":{},\"restarts\":{},\"laws\":{},\"steps\":{},\"violations\":{},\
             \"days_per_s\":{:.1}}}",
            self.seeds,
            self.days(),
            tally.sessions,
            tally.rotations,
            tally.token_requests,
            tally.requests,
            tally.calls,
            tally.answers_lost,
            tally.lost,
            tally.revoked,
            tally.logouts,
            tally.limits,
            tally.restarts,
            Law::ALL.len(),
            tally.steps,
            self.breaches.len(),
            self.days_per_s(),
        )
    }

    /// A small table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let tally = &self.tally;
        let rows: [(&str, String); 14] = [
            ("seeds", self.seeds.to_string()),
            ("days simulated", format!("{:.2}", self.days())),
            ("sessions", tally.sessions.to_string()),
            ("rotations", tally.rotations.to_string()),
            ("token requests", tally.token_requests.to_string()),
            ("calls", tally.calls.to_string()),
            ("answers lost on the way", tally.answers_lost.to_string()),
            ("grants lost by that", tally.lost.to_string()),
            ("grants ended at the server", tally.revoked.to_string()),
            ("logouts, limits", format!("{}, {}", tally.logouts, tally.limits)),
            ("restarts", tally.restarts.to_string()),
            ("laws, steps checked", format!("{}, {}", Law::ALL.len(), tally.steps)),
            ("laws broken", self.breaches.len().to_string()),
            ("days a second", format!("{:.1}", self.days_per_s())),
        ];
        rows.iter().map(|(name, value)| format!("{name:<28}{value:>16}\n")).collect()
    }
}
