//! What a run was: counted, and if a law was broken, told.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use everlit_core::law::Law;
use everlit_core::time::{Millis, Timestamp};

use crate::trace::clock_face;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Logins.
    pub sessions: u64,
    /// Rotations that reached their vault.
    pub rotations: u64,
    /// Token requests that reached the authorization server.
    pub token_requests: u64,
    /// Requests that reached the Worker.
    pub requests: u64,
    /// Calls of the app.
    pub calls: u64,
    /// Answers with new tokens that never reached their vault.
    pub answers_lost: u64,
    /// Grants given up because an answer was lost.
    pub lost: u64,
    /// Grants that were ended at the server.
    pub revoked: u64,
    /// Sessions that their user ended.
    pub logouts: u64,
    /// Sessions that a limit ended.
    pub limits: u64,
    /// Restarts of an object.
    pub restarts: u64,
    /// Steps of all machines, each checked against every law.
    pub steps: u64,
    /// Virtual time.
    pub time: Millis,
}

impl Tally {
    /// Adds another run.
    #[must_use]
    pub const fn plus(self, other: &Self) -> Self {
        Self {
            sessions: self.sessions.saturating_add(other.sessions),
            rotations: self.rotations.saturating_add(other.rotations),
            token_requests: self.token_requests.saturating_add(other.token_requests),
            requests: self.requests.saturating_add(other.requests),
            calls: self.calls.saturating_add(other.calls),
            answers_lost: self.answers_lost.saturating_add(other.answers_lost),
            lost: self.lost.saturating_add(other.lost),
            revoked: self.revoked.saturating_add(other.revoked),
            logouts: self.logouts.saturating_add(other.logouts),
            limits: self.limits.saturating_add(other.limits),
            restarts: self.restarts.saturating_add(other.restarts),
            steps: self.steps.saturating_add(other.steps),
            time: self.time.plus(other.time),
        }
    }
}

/// A law that was broken, with all that is needed to see it again.
#[derive(Clone, Debug)]
pub struct Breach {
    /// The law.
    pub law: Law,
    /// What was seen.
    pub what: &'static str,
    /// When, in virtual time.
    pub at: Timestamp,
    /// The seed of the world.
    pub seed: u64,
    /// The last things that happened, the breach at the end.
    pub tail: Vec<String>,
    /// The command that replays it.
    pub replay: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.tail {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "law `{}` broken: {}", self.law.as_str(), self.what)?;
        writeln!(f, "  seed={} at {}", self.seed, clock_face(self.at))?;
        write!(f, "  replay: {}", self.replay)
    }
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was counted.
    pub tally: Tally,
    /// The same number for the same run.
    pub hash: u64,
    /// The first law that was broken.
    pub breach: Option<Breach>,
}

/// The command that plays one seed again.
#[must_use]
pub fn replay(seed: u64, tabs: usize) -> String {
    format!("cargo run -p everlit-tests-sim -- --seed {seed} --seeds 1 --tabs {tabs}")
}
