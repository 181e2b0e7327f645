//! Hundreds of worlds, each from its seed.
#![allow(clippy::panic, reason = "a test says what is wrong by failing")]

use everlit_core::time::Millis;
use everlit_core::vault::Policy;
use everlit_sim::authorization_server::Reuse;
use everlit_sim::plan::{Kind, Plan, Storm};
use everlit_sim::report::Tally;
use everlit_sim::world::World;
use everlit_tests_sim::Worlds;

/// Plays seeds and fails with everything that is needed to see a breach again.
fn keeps_every_law(kind: Kind, first: u64, seeds: u64, tabs: usize) -> Worlds {
    let worlds = Worlds::of_seeds(kind, first, seeds, tabs);
    if let Some(breach) = worlds.breaches.first() {
        panic!("{} of {seeds} seeds break a law, the first:\n{breach}", worlds.breaches.len());
    }
    worlds
}

#[test]
fn every_law_holds_with_three_tabs() {
    let worlds = keeps_every_law(Kind::Storms, 1, 400, 3);
    // And the worlds were eventful enough for that to mean something.
    let tally = worlds.tally;
    assert!(worlds.days() > 25.0, "{tally:?}");
    assert!(tally.rotations > 10_000, "{tally:?}");
    assert!(tally.recovered > 300 && tally.replayed > 300 && tally.resent > 300, "{tally:?}");
    assert!(tally.restarts > 1_000 && tally.deaths > 100 && tally.calls > 10_000, "{tally:?}");
    assert!(tally.answers_lost > 100 && tally.lost > 50, "{tally:?}");
    assert!(tally.revoked > 0 && tally.logouts > 50 && tally.ended > 10 && tally.limits > 20, "{tally:?}");
}

#[test]
fn every_law_holds_with_one_tab_with_ten_and_with_fifty() {
    keeps_every_law(Kind::Storms, 10_001, 200, 1);
    keeps_every_law(Kind::Storms, 20_001, 40, 10);
    keeps_every_law(Kind::Storms, 30_001, 4, 50);
}

#[test]
fn every_law_holds_over_days() {
    let worlds = keeps_every_law(Kind::Days, 1, 200, 3);
    let tally = worlds.tally;
    assert!(worlds.days() >= 600.0, "{tally:?}");
    // Faults come every half hour on average, and every day has its rotations and its restarts.
    assert!(tally.faults > 20_000 && tally.rotations > 20_000 && tally.restarts > 5_000, "{tally:?}");
}

/// Plays stormy worlds with another storm and fails if a law breaks; together what they were.
fn with_storm(seeds: core::ops::RangeInclusive<u64>, change: impl Fn(Plan) -> Plan) -> Tally {
    seeds.fold(Tally::default(), |sum, seed| {
        let report = World::run(change(Plan::stormy(seed, 3)));
        if let Some(breach) = report.breach {
            panic!("{breach}");
        }
        sum.plus(&report.tally)
    })
}

#[test]
fn an_object_that_is_reset_while_its_rotator_lives_loses_no_grant() {
    for reuse in Reuse::ALL {
        let tally = with_storm(1..=40, |plan| {
            let storm = plan.storm.sparing();
            let mut storm = Storm { revokes: false, crashes: 60, ..storm };
            if reuse == Reuse::RevokesUser {
                // A claim without an answer is the end of the grant there, whether or not anything was sent.
                storm.weather.lost_inside = 0;
                storm.weather.lost_to_server = 0;
                storm.escrow_crashes = 0;
            }
            if let Reuse::SamePair(_) | Reuse::NewSibling(_) = reuse {
                // Within a window a request is aborted after a third of it, so that there is time for another: a server that
                // always takes longer loses the grant there by our own doing.
                storm.weather.slowest_answer = Millis::from_secs(3);
            }
            let policy = Policy { grace: reuse.profile(), ..plan.policy };
            Plan { storm, reuse, policy, revokes_one: false, ..plan }
        });
        assert_eq!((tally.lost, tally.revoked), (0, 0), "{reuse:?}: {tally:?}");
        assert!(tally.restarts > 500 && tally.recovered > 20, "{reuse:?}: {tally:?}");
    }
}

#[test]
fn a_server_that_forgives_for_ever_loses_no_grant_whatever_dies() {
    for reuse in [Reuse::ActiveToken, Reuse::Unnoticed, Reuse::NotRotating] {
        let tally = with_storm(1..=30, |plan| {
            let policy = Policy { grace: reuse.profile(), ..plan.policy };
            let storm = Storm { revokes: false, ..plan.storm };
            Plan { storm, reuse, policy, revokes_one: false, ..plan }
        });
        assert_eq!((tally.lost, tally.revoked), (0, 0), "{reuse:?}: {tally:?}");
        assert!(tally.answers_lost > 20 && tally.replayed > 20, "{reuse:?}: {tally:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for kind in [Kind::Storms, Kind::Days] {
        let hashes = |seeds: core::ops::Range<u64>| -> Vec<u64> {
            seeds.map(|seed| World::run(Plan::of(kind, seed, 3)).hash).collect()
        };
        let first = hashes(1..12);
        assert_eq!(first, hashes(1..12));
        let mut distinct = first.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), first.len(), "two seeds were the same world");
    }
}
