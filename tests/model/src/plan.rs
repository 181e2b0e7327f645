//! How far each server is explored, and the mistakes that must be noticed.

use everlit_core::law::Law;

use crate::server::Kind;
use crate::world::Bound;

/// The laws that are checked; `no_secret_in_tab` is about tabs.
pub const LAWS: [Law; 8] = [
    Law::OneTokenRequestInFlight,
    Law::DurableBeforeVisible,
    Law::NewestWins,
    Law::LogoutIsFinal,
    Law::OnlyTerminalEnds,
    Law::DeadlineAlwaysAdvances,
    Law::ActivityIsNotRefresh,
    Law::EverySessionSettles,
];

/// One exploration.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// Of which server.
    pub kind: Kind,
    /// What it is about.
    pub about: &'static str,
    /// How far.
    pub bound: Bound,
}

const fn bound(tabs: usize, rotations: u32, [crashes, faults, twice, endings]: [u8; 4]) -> Bound {
    Bound { tabs, rotations, crashes, faults, twice, endings }
}

/// All explorations: in the quick form, a small one of each server.
#[must_use]
pub fn legs(quick: bool) -> Vec<Leg> {
    let views: &[(&str, Bound)] = if quick {
        &[
            ("crash", bound(1, 1, [1, 0, 0, 0])),
            ("fault", bound(1, 1, [0, 1, 0, 0])),
            ("ending", bound(1, 1, [0, 0, 1, 1])),
        ]
    } else {
        &[
            ("crash and ending", bound(2, 3, [1, 0, 0, 1])),
            ("twice", bound(1, 1, [1, 0, 1, 0])),
            ("lost", bound(1, 1, [1, 1, 0, 0])),
        ]
    };
    // The longest first, so that none is left for one core at the end.
    let of =
        |(about, bound): &(&'static str, Bound)| Kind::ALL.map(|kind| Leg { kind, about, bound: *bound });
    views.iter().flat_map(of).collect()
}
