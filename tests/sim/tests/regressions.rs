//! Seeds of bugs that are fixed. Each of these worlds breaks a law again when its fix is undone.

#![allow(clippy::panic, reason = "a test says what is wrong by failing")]

use everlit_sim::plan::Plan;
use everlit_sim::world::World;

/// Seed, tabs, and what it found.
const SEEDS: [(u64, usize, &str); 4] = [
    (7, 3, "a login delivered again after a rotation made the vault revoke its own grant"),
    (12, 3, "a login delivered again after a rotation made the vault revoke its own grant"),
    (4, 3, "a late answer to a live vault was revoked as an orphan, and the grant with it"),
    (9, 3, "a late answer to a live vault was revoked as an orphan, and the grant with it"),
];

#[test]
fn seeds_of_fixed_bugs_keep_every_law() {
    for (seed, tabs, what) in SEEDS {
        if let Some(breach) = World::run(Plan::stormy(seed, tabs)).breach {
            panic!("it was once so that {what}; now:\n{breach}");
        }
    }
}
