//! What breaks besides the network: computers sleep, clocks are set, pages freeze, objects restart, servers fall ill.

use everlit_core::time::Millis;
use everlit_core::vault::Revoker;

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
    /// A vault object starts anew, alone: a move to another host. Its rotator lives on.
    Restart,
    /// An isolate dies: the vault object starts anew, and every rotator is gone.
    Crash,
    /// The clock of a vault's host is set, to so many milliseconds ahead of the truth.
    VaultClock(i64),
    /// The clock of rotators and escrows is set, to so many milliseconds ahead of the truth.
    EscrowClock(i64),
    /// The authorization server falls ill.
    Sick,
    /// It does what it is asked and says that it did not.
    SickAfterwards,
    /// It does what it is asked and its answer cannot be read.
    Garbled,
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
    /// The session is ended by somebody else than its user.
    End(Revoker),
}

/// How far the clocks of hosts at the edge are off, at the most.
pub const EDGE_AHEAD_MAX: u64 = 1_000;

/// What breaks next.
pub fn next_fault(storm: &Storm, chance: &mut Chance) -> Fault {
    match chance.below(100) {
        0..3 => Fault::Sleep(chance.between(60_000, 4 * 3_600_000)),
        3..7 => Fault::Sleep(chance.between(500, 40_000)),
        7..17 => Fault::Freeze(chance.between(1_000, 1_800_000)),
        17..20 => Fault::ClockStep(3_600_000),
        20..23 => Fault::ClockStep(-3_600_000),
        23..25 => Fault::ClockStep(-1_500),
        25..37 => Fault::Offline(chance.between(1_000, 300_000)),
        37..52 => Fault::Restart,
        52..55 => Fault::VaultClock(edge_clock(chance)),
        55..57 => Fault::EscrowClock(edge_clock(chance)),
        57..63 if !storm.spares_answers => Fault::Crash,
        57..68 => Fault::Sick,
        68..70 if !storm.spares_answers => Fault::SickAfterwards,
        70..71 if !storm.spares_answers => Fault::Garbled,
        68..74 => Fault::Throttle(chance.between(1_000, 900_000)),
        74..76 => Fault::ThrottleUntold,
        76..78 => Fault::Estranged,
        78..79 if storm.revokes => Fault::Revoke,
        79..80 if storm.revokes => Fault::End(match chance.below(3) {
            0 => Revoker::Admin,
            1 => Revoker::BackChannel,
            _ => Revoker::OtherDevice,
        }),
        78..80 => Fault::Restart,
        _ => Fault::Well,
    }
}

fn edge_clock(chance: &mut Chance) -> i64 {
    let ahead = chance.between(0, 2 * EDGE_AHEAD_MAX).as_millis();
    i64::try_from(ahead).unwrap_or_default().saturating_sub_unsigned(EDGE_AHEAD_MAX)
}
