//! Attempts, in rounds: a few with growing pauses, and then none before the next check.

use super::settings::{Settings, WayKind};
use super::token::Fingerprint;
use crate::id::{RequestId, Stamp};
use crate::time::Timestamp;

/// A round of attempts at one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Round {
    /// How many were made.
    pub made: u32,
    /// When the next one is due; nothing while one is under way, and where none is to be made.
    pub next_at: Option<Timestamp>,
}

impl Round {
    /// A round that begins.
    pub(super) const fn at(at: Timestamp) -> Self {
        Self { made: 0, next_at: Some(at) }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.next_at.is_some_and(|next_at| next_at <= now)
    }

    /// One is made now.
    pub(super) const fn begin(&mut self) {
        self.made = self.made.saturating_add(1);
        self.next_at = None;
    }

    /// The last one came to nothing. True if there is another in this round.
    pub(super) fn again(&mut self, now: Timestamp, entropy: u32, settings: &Settings) -> bool {
        let more = self.made < settings.attempts;
        self.next_at = more.then(|| now.after(settings.pause(self.made, entropy)));
        more
    }
}

/// What an attempt is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Job {
    /// Exchange for a token what somebody handed in.
    Exchange(Fingerprint),
    /// Ask the provider about a token that somebody handed in.
    Prove(Fingerprint),
    /// Ask the provider about the token in use.
    Validate(Stamp),
    /// Renew, in this way.
    Renew(WayKind),
    /// Have the provider ask a person.
    AskPush,
}

/// An attempt that was begun, and of whose end nothing is known here. It is written down before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Its name, never given twice.
    pub request: RequestId,
    /// What it is at.
    pub job: Job,
    /// Which of its round.
    pub number: u32,
    /// The newest token there was then.
    pub of: Stamp,
    /// When it was begun.
    pub begun_at: Timestamp,
}
