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

/// How much is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A little of each server: some seconds.
    Quick,
    /// What two cores do in ten minutes.
    Usual,
    /// Three rotations with every server: twice as long.
    Deep,
}

/// All explorations, the longest first, so that none is left for one core at the end.
#[must_use]
pub fn legs(effort: Effort) -> Vec<Leg> {
    let views: &[(&str, Bound)] = match effort {
        Effort::Quick => &[
            ("crash", bound(1, 1, [1, 0, 0, 0])),
            ("fault", bound(1, 1, [0, 1, 0, 0])),
            ("ending", bound(1, 1, [0, 0, 1, 1])),
        ],
        Effort::Usual | Effort::Deep => &[
            ("crash and ending", bound(2, 3, [1, 0, 0, 1])),
            ("twice", bound(1, 1, [1, 0, 1, 0])),
            ("lost", bound(1, 1, [1, 1, 0, 0])),
        ],
    };
    let of = |(about, bound): &(&'static str, Bound)| {
        Kind::ALL.map(|kind| {
            let most = if effort == Effort::Usual { rotations_in_its_share(kind) } else { bound.rotations };
            Leg { kind, about, bound: Bound { rotations: bound.rotations.min(most), ..*bound } }
        })
    };
    views.iter().flat_map(of).collect()
}

/// The rotations that are explored in a server's share of ten minutes. Where a lost answer makes a session wait for long, or
/// many tokens work at once, three take three times as long as two.
const fn rotations_in_its_share(kind: Kind) -> u32 {
    match kind {
        Kind::Strict | Kind::ActiveToken | Kind::NeverRevokes | Kind::PreviousOnce | Kind::Refusing => 2,
        Kind::StrictUser | Kind::SamePair | Kind::SamePairUser | Kind::NewSibling | Kind::Reusable => 3,
    }
}
