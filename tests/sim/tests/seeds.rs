//! Hundreds of worlds, each from its seed.
#![allow(clippy::panic, reason = "a test says what is wrong by failing")]

use everlit_sim::plan::{Plan, Storm};
use everlit_sim::world::World;
use everlit_tests_sim::Survey;

/// Plays seeds and fails with everything that is needed to see a breach again.
fn keeps_every_law(first: u64, seeds: u64, tabs: usize) -> Survey {
    let survey = Survey::of_seeds(first, seeds, tabs);
    if let Some(breach) = survey.breaches.first() {
        panic!("{} of {seeds} seeds break a law, the first:\n{breach}", survey.breaches.len());
    }
    survey
}

#[test]
fn every_law_holds_with_three_tabs() {
    let survey = keeps_every_law(1, 400, 3);
    // And the worlds were eventful enough for that to mean something.
    let tally = survey.tally;
    assert!(survey.days() > 25.0, "{tally:?}");
    assert!(tally.rotations > 10_000, "{tally:?}");
    assert!(tally.restarts > 1_000 && tally.calls > 10_000, "{tally:?}");
    assert!(tally.answers_lost > 100 && tally.lost > 50, "{tally:?}");
    assert!(tally.revoked > 0 && tally.logouts > 50 && tally.limits > 20, "{tally:?}");
}

#[test]
fn every_law_holds_with_one_tab_and_with_ten() {
    keeps_every_law(10_001, 200, 1);
    keeps_every_law(20_001, 40, 10);
}

#[test]
fn no_grant_is_lost_where_no_answer_of_the_authorization_server_is() {
    for seed in 1..=150 {
        let plan = Plan::stormy(seed, 3);
        let mut storm = Storm { spares_answers: true, revokes: false, crashes: 0, ..plan.storm };
        storm.weather.lost_from_server = 0;
        let report = World::run(Plan { storm, ..plan });
        if let Some(breach) = report.breach {
            panic!("{breach}");
        }
        let tally = report.tally;
        assert_eq!((tally.answers_lost, tally.lost, tally.revoked), (0, 0, 0), "seed {seed}: {tally:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let hashes = |seeds: core::ops::Range<u64>| -> Vec<u64> {
        seeds.map(|seed| World::run(Plan::stormy(seed, 3)).hash).collect()
    };
    let first = hashes(1..20);
    assert_eq!(first, hashes(1..20));
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), first.len(), "two seeds were the same world");
}
