//! What a run was: counted, and if a law was broken, told.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use everlit_core::law::Law;
use everlit_core::time::{Millis, Timestamp};

use crate::plan::{Kind, Plan};
use crate::trace::clock_face;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Logins.
    pub sessions: u64,
    /// Rotations whose answer the rotator told its vault.
    pub rotations: u64,
    /// Rotations that came by way of the escrow.
    pub recovered: u64,
    /// Rotations that a server's window made good.
    pub replayed: u64,
    /// Rotations whose first request had never been served.
    pub resent: u64,
    /// Token requests that reached the authorization server.
    pub token_requests: u64,
    /// Requests that reached the Worker.
    pub requests: u64,
    /// Those of them that were made for the session's sake: all but calls of the app.
    pub asks: u64,
    /// Grants that tabs had renewed without a form.
    pub silent_relogins: u64,
    /// Login forms shown, or input lost, that nothing excuses (in the survey).
    pub lost_to_user: u64,
    /// Login forms shown that nobody could have helped (in the survey).
    pub unrecoverable: u64,
    /// Calls of the app.
    pub calls: u64,
    /// Calls that the Worker refused for the sake of the session.
    pub denied: u64,
    /// Changes of state that apps were told of.
    pub transitions: u64,
    /// Answers with new tokens that neither a vault nor an escrow ever had.
    pub answers_lost: u64,
    /// Grants given up because an answer was lost.
    pub lost: u64,
    /// Grants that were ended at the server.
    pub revoked: u64,
    /// Sessions that their user ended.
    pub logouts: u64,
    /// Sessions that were ended from elsewhere.
    pub ended: u64,
    /// Sessions that a limit ended.
    pub limits: u64,
    /// What broke, besides parcels.
    pub faults: u64,
    /// Restarts of an object.
    pub restarts: u64,
    /// Rotators that died at work.
    pub deaths: u64,
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
            recovered: self.recovered.saturating_add(other.recovered),
            replayed: self.replayed.saturating_add(other.replayed),
            resent: self.resent.saturating_add(other.resent),
            token_requests: self.token_requests.saturating_add(other.token_requests),
            requests: self.requests.saturating_add(other.requests),
            asks: self.asks.saturating_add(other.asks),
            silent_relogins: self.silent_relogins.saturating_add(other.silent_relogins),
            lost_to_user: self.lost_to_user.saturating_add(other.lost_to_user),
            unrecoverable: self.unrecoverable.saturating_add(other.unrecoverable),
            calls: self.calls.saturating_add(other.calls),
            denied: self.denied.saturating_add(other.denied),
            transitions: self.transitions.saturating_add(other.transitions),
            answers_lost: self.answers_lost.saturating_add(other.answers_lost),
            lost: self.lost.saturating_add(other.lost),
            revoked: self.revoked.saturating_add(other.revoked),
            logouts: self.logouts.saturating_add(other.logouts),
            ended: self.ended.saturating_add(other.ended),
            limits: self.limits.saturating_add(other.limits),
            faults: self.faults.saturating_add(other.faults),
            restarts: self.restarts.saturating_add(other.restarts),
            deaths: self.deaths.saturating_add(other.deaths),
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

/// What a user lost that nothing excuses (in the survey), with all that is needed to see it again.
#[derive(Clone, Debug)]
pub struct Loss {
    /// When, in virtual time.
    pub at: Timestamp,
    /// The seed of the user.
    pub seed: u64,
    /// What happened before, without what tabs took.
    pub tale: Vec<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.tale {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "a form was shown, or input was lost")?;
        writeln!(f, "  seed={} at {}", self.seed, clock_face(self.at))?;
        write!(f, "  replay: cargo xtask sim --users 1 --seed {}", self.seed)
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
    /// The first loss.
    pub loss: Option<Loss>,
}

/// The command that plays one seed again.
#[must_use]
pub fn replay(plan: &Plan) -> String {
    let Plan { kind, seed, tabs, .. } = plan;
    let kind = match kind {
        Kind::Month => return format!("cargo xtask sim --users 1 --seed {seed}"),
        Kind::Quiet | Kind::Storms | Kind::Days => kind.as_str(),
    };
    format!("cargo xtask sim --worlds {kind} --seed {seed} --seeds 1 --tabs {tabs}")
}
