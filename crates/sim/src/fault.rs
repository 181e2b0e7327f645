//! What breaks besides the network: computers sleep, clocks are set, pages freeze, objects restart, servers fall ill.

use everlit_core::time::Millis;

use crate::chance::Chance;
use crate::plan::Storm;

/// Something that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The computer sleeps for so long.
    Sleep(Millis),
    /// A tab is frozen, or left in the back/forward cache, for so long.
    Freeze(Millis),
    /// The wall clock is set, by milliseconds.
    ClockStep(i64),
    /// No connection to the Worker for so long.
    Offline(Millis),
    /// An object of the Worker starts anew: a deploy, a move to another host.
    Restart,
    /// The authorization server falls ill.
    Sick,
    /// It does what it is asked and says that it did not.
    SickAfterwards,
    /// It asks for less, for so long.
    Throttle(Millis),
    /// It asks for less and does not say how long.
    ThrottleUntold,
    /// It does not know its client for a while.
    Estranged,
    /// It is well again.
    Well,
    /// The grant is ended at the server.
    Revoke,
}

/// What breaks next.
pub fn next_fault(storm: &Storm, chance: &mut Chance) -> Fault {
    match chance.below(100) {
        0..4 => Fault::Sleep(chance.between(60_000, 4 * 3_600_000)),
        4..8 => Fault::Sleep(chance.between(500, 40_000)),
        8..20 => Fault::Freeze(chance.between(1_000, 1_800_000)),
        20..24 => Fault::ClockStep(3_600_000),
        24..28 => Fault::ClockStep(-3_600_000),
        28..30 => Fault::ClockStep(-1_500),
        30..45 => Fault::Offline(chance.between(1_000, 300_000)),
        45..60 => Fault::Restart,
        60..68 => Fault::Sick,
        68..71 => {
            if storm.spares_answers {
                Fault::Sick
            } else {
                Fault::SickAfterwards
            }
        }
        71..75 => Fault::Throttle(chance.between(1_000, 900_000)),
        75..78 => Fault::ThrottleUntold,
        78..80 => Fault::Estranged,
        80..81 => {
            if storm.revokes {
                Fault::Revoke
            } else {
                Fault::Restart
            }
        }
        _ => Fault::Well,
    }
}
