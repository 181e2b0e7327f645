//! The record of a run: its last lines for people, a hash of all of it for the test that the same seed is the same run.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use everlit_core::Stamp;
use everlit_core::id::{CallId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::tab;
use everlit_core::time::Timestamp;
use everlit_core::vault::{Outcome, Revoker, Status};

use crate::fault::Fault;
use crate::network::{Freight, Link};
use crate::user::Act;

/// How many lines are kept.
const TAIL: usize = 50;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// A tab took an event.
    Tab {
        /// Which tab.
        tab: usize,
        /// What it took.
        event: tab::Event,
        /// Where it stands now.
        state: tab::State,
        /// What it holds now.
        stamp: Option<Stamp>,
    },
    /// A vault took an event.
    Vault {
        /// Which vault.
        object: usize,
        /// What it took.
        event: VaultEvent,
        /// Where it stands now.
        status: Status,
        /// The newest token it knows.
        stamp: Stamp,
    },
    /// A token request ended, as the vault counts it.
    Outcome {
        /// Which vault.
        object: usize,
        /// How.
        outcome: Outcome,
    },
    /// The authorization server judged a token request.
    Judged {
        /// Whose.
        object: usize,
        /// Which.
        request: RequestId,
        /// The refresh token that it gave, by its number.
        minted: Option<u32>,
    },
    /// A revocation reached the authorization server.
    Revoked {
        /// Whose.
        object: usize,
        /// Whether it was served.
        served: bool,
    },
    /// The network lost something.
    Lost(Link, Freight),
    /// The network doubled something.
    Doubled(Link, Freight),
    /// The user did something.
    User(Act),
    /// Something broke.
    Fault(Fault),
    /// An object of the Worker started anew from its row.
    Restarted {
        /// Which one.
        object: usize,
    },
    /// A rotator took an order.
    Ordered {
        /// Of which vault.
        object: usize,
        /// For which request.
        request: RequestId,
    },
    /// A rotator died.
    RotatorDied {
        /// Of which vault.
        object: usize,
        /// With which request.
        request: RequestId,
    },
    /// An escrow was asked.
    Escrow {
        /// Whose.
        object: usize,
        /// About which request.
        request: RequestId,
        /// What.
        freight: Freight,
        /// It did what it was asked; a crash before that undoes it.
        written: bool,
    },
    /// The app got an answer to a call, or a typed error.
    CallSettled(CallId),
    /// Faults stopped.
    Healed,
}

/// What a vault took: its events, without what they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VaultEvent {
    /// A login.
    LoginCommitted,
    /// Another login of the same user.
    RenewalCommitted,
    /// A question.
    TokenAsked,
    /// An answer of the rotator.
    TokenAnswered(Heard),
    /// An answer of the escrow.
    EscrowAnswered(Stands),
    /// The escrow is empty.
    EscrowErased,
    /// An answer to a revocation.
    RevocationAnswered,
    /// The session was ended from elsewhere.
    RevokeAsked(Revoker),
    /// A silent re-login was turned down.
    SilentRefused,
    /// A logout.
    LogoutAsked,
    /// A further account of the user.
    LinkChanged,
    /// Its deadline.
    DeadlineReached,
}

/// What a token request brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// Tokens.
    Granted,
    /// An error.
    Failed(Failure),
    /// It was not sent.
    Unsent,
    /// Nobody knows.
    Unheard,
}

/// Where a token request stands by the escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stands {
    /// It was never sent.
    NeverSent,
    /// It was sent.
    Claimed,
    /// It came to an end.
    Answered(Heard),
    /// There is a newer one.
    Outrun,
    /// The escrow could not be reached.
    Unknown,
}

/// The record.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    tail: VecDeque<(Timestamp, Line)>,
    /// The same without what tabs take, which is most of it: it reaches back for minutes.
    tale: VecDeque<(Timestamp, Line)>,
    hash: Mix,
}

impl Trace {
    /// Writes a line down.
    pub fn note(&mut self, now: Timestamp, line: Line) {
        (now, line).hash(&mut self.hash);
        keep(&mut self.tail, (now, line));
        if !matches!(line, Line::Tab { .. }) {
            keep(&mut self.tale, (now, line));
        }
    }

    /// A number that is the same for the same run.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// The last lines, for people.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        told(&self.tail)
    }

    /// The last lines but for what tabs took, for people.
    #[must_use]
    pub fn tale(&self) -> Vec<String> {
        told(&self.tale)
    }
}

fn keep(lines: &mut VecDeque<(Timestamp, Line)>, line: (Timestamp, Line)) {
    if lines.len() >= TAIL {
        lines.pop_front();
    }
    lines.push_back(line);
}

fn told(lines: &VecDeque<(Timestamp, Line)>) -> Vec<String> {
    lines.iter().map(|(at, line)| format!("{} {}", clock_face(*at), line.told())).collect()
}

impl Line {
    /// The line for people. What happens most is told most briefly.
    fn told(&self) -> String {
        match self {
            Self::Tab { tab, event, state, stamp } => {
                format!("tab {tab} {} {}: {event:?}", state.as_str(), brief(*stamp))
            }
            Self::Vault { object, event, status, stamp } => {
                format!("vault {object} {} {}: {event:?}", status.as_str(), brief(Some(*stamp)))
            }
            Self::Outcome { .. }
            | Self::Judged { .. }
            | Self::Revoked { .. }
            | Self::Lost(..)
            | Self::Doubled(..)
            | Self::User(_)
            | Self::Fault(_)
            | Self::Restarted { .. }
            | Self::Ordered { .. }
            | Self::RotatorDied { .. }
            | Self::Escrow { .. }
            | Self::CallSettled(_)
            | Self::Healed => format!("{self:?}"),
        }
    }
}

/// Epoch, by its last digits, and generation.
fn brief(stamp: Option<Stamp>) -> String {
    stamp.map_or_else(
        || String::from("-"),
        |stamp| format!("{}/{}", stamp.epoch.0 % 1_000_000_000, stamp.generation.0),
    )
}

/// A point of virtual time as days, hours, minutes and seconds.
#[must_use]
pub fn clock_face(at: Timestamp) -> String {
    let millis = at.as_millis();
    let seconds = millis / 1_000;
    format!(
        "{}d {:02}:{:02}:{:02}.{:03}",
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        millis % 1_000
    )
}

/// A word at a time, multiplied and turned: cheap, and the same number on every platform, which the standard library does not
/// promise. It tells runs apart; it protects nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    // Discriminants and lengths: the same width in a browser and on a server.
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_tells_runs_apart_and_the_tail_stays_short() {
        let mut runs = [Trace::default(), Trace::default(), Trace::default()];
        for (run, trace) in runs.iter_mut().enumerate() {
            for at in 0..200 {
                trace.note(Timestamp::from_millis(at), Line::Restarted { object: run / 2 });
            }
        }
        assert_eq!(runs[0].hash(), runs[1].hash());
        assert_ne!(runs[0].hash(), runs[2].hash());
        assert_eq!(runs[0].tail().len(), TAIL);
    }

    #[test]
    fn a_clock_face_counts_days() {
        assert_eq!(clock_face(Timestamp::from_millis(90_061_007)), "1d 01:01:01.007");
    }
}
