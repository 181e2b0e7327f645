//! Seeds of bugs that are fixed. Each of these worlds breaks a law again when its fix is undone.

#![allow(clippy::panic, reason = "a test says what is wrong by failing")]

use everlit_sim::plan::{Kind, Plan};
use everlit_sim::world::World;

/// Which worlds, seed, tabs, and what it found.
const SEEDS: [(Kind, u64, usize, &str); 9] = [
    (Kind::Storms, 7, 3, "a login delivered again after a rotation made the vault revoke its own grant"),
    (Kind::Storms, 12, 3, "a login delivered again after a rotation made the vault revoke its own grant"),
    (Kind::Storms, 4, 3, "a late answer to a live vault was revoked as an orphan, and the grant with it"),
    (Kind::Storms, 9, 3, "a late answer to a live vault was revoked as an orphan, and the grant with it"),
    (Kind::Storms, 2, 3, "a vault knew of an order that was not sent, and its row did not"),
    (Kind::Storms, 5, 3, "a vault knew of activity that began no rotation, and its row did not"),
    (Kind::Storms, 80, 3, "a refresh token that was given up unused lived on after the logout"),
    (Kind::Storms, 1816, 3, "a refresh token that was given up unused lived on after the logout"),
    (Kind::Storms, 5287, 3, "a late answer to a logout ended the login after it in that tab"),
];

#[test]
fn seeds_of_fixed_bugs_keep_every_law() {
    for (kind, seed, tabs, what) in SEEDS {
        if let Some(breach) = World::run(Plan::of(kind, seed, tabs)).breach {
            panic!("it was once so that {what}; now:\n{breach}");
        }
    }
}
