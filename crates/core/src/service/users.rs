//! Who uses a service, and how often.

use alloc::string::String;
use alloc::vec::Vec;

use super::settings::Settings;
use crate::rate::Gcra;
use crate::time::{Millis, Timestamp};

/// Counts ride along with whatever row is written next, and a row of their own is written where the last was so long ago. What came since
/// is what an object that leaves memory costs of the figures, at most.
const TOKENS_WRITTEN_EVERY: Millis = Millis::from_secs(60);

/// What a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Its caller takes it away, and makes many calls with it.
    Token,
    /// One call is made with it, here. There are as many as its program makes, so they have a rate of their own; and as each check writes a
    /// row, one is written for them only where the last is older than that: by an object that had left memory in between.
    Call,
}

/// One caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct User {
    /// Its name; empty for all those that there was no place for.
    pub name: String,
    /// How often it was given a token.
    pub served: u64,
    /// How often it was told that there is none.
    pub unserved: u64,
    /// How often it asked too fast.
    pub limited: u64,
    /// When it asked last.
    pub last_at: Timestamp,
    /// How much of its rate is used up.
    pub rate: Gcra,
    /// How often a call of its was made.
    pub calls: u64,
    /// How much of its rate for calls is used up.
    pub call_rate: Gcra,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Users {
    all: Vec<Known>,
    /// Whether the counts are due to be written, whatever else is.
    due: bool,
}

/// One of them, and up to when its counts are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Known {
    user: User,
    written_at: Timestamp,
}

impl Users {
    pub(super) fn load(all: Vec<User>) -> Self {
        let known = |user: User| Known { written_at: user.last_at, user };
        Self { all: all.into_iter().map(known).collect(), due: false }
    }

    pub(super) fn all(&self) -> Vec<User> {
        self.all.iter().map(|known| known.user.clone()).collect()
    }

    /// Lets a question pass, or says after how long the next one may.
    pub(super) fn admit(
        &mut self,
        name: &str,
        purpose: Purpose,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<(), Millis> {
        let Some(Known { user, written_at }) = self.of(name, settings) else { return Ok(()) };
        user.last_at = now;
        let (used, rate, every) = match purpose {
            Purpose::Token => (&mut user.rate, settings.caller_rate, TOKENS_WRITTEN_EVERY),
            Purpose::Call => (&mut user.call_rate, settings.call_rate, settings.check_every()),
        };
        let admitted = used.admit(rate, now);
        user.limited = user.limited.saturating_add(admitted.is_err().into());
        // The clock may have been set back.
        *written_at = now.min(*written_at);
        let due = written_at.after(every) <= now;
        self.due |= due;
        admitted
    }

    pub(super) fn count(&mut self, name: &str, purpose: Purpose, served: bool, settings: &Settings) {
        if let Some(Known { user, .. }) = self.of(name, settings) {
            let count = match (served, purpose) {
                (true, Purpose::Token) => &mut user.served,
                (true, Purpose::Call) => &mut user.calls,
                (false, _) => &mut user.unserved,
            };
            *count = count.saturating_add(1);
        }
    }

    /// The place of a name: its own, or the one for all others.
    fn of(&mut self, name: &str, settings: &Settings) -> Option<&mut Known> {
        let known = |all: &[Known], name: &str| all.iter().position(|known| known.user.name == name);
        let named = self.all.iter().filter(|known| !known.user.name.is_empty()).count();
        let at = match known(&self.all, name) {
            Some(at) => at,
            None => {
                let name = if named < settings.most_callers { name } else { "" };
                match known(&self.all, name) {
                    Some(at) => at,
                    None => {
                        // Nothing is written of it yet, so that it is at once: that somebody came at all is not lost.
                        let user = User { name: name.into(), ..User::default() };
                        self.all.push(Known { user, written_at: Timestamp::default() });
                        self.all.len().saturating_sub(1)
                    }
                }
            }
        };
        self.all.get_mut(at)
    }

    /// Whether it is time to write the counts down, if nothing else is.
    pub(super) const fn is_worth_a_row(&self) -> bool {
        self.due
    }

    pub(super) fn written(&mut self, now: Timestamp) {
        self.due = false;
        for known in &mut self.all {
            known.written_at = now;
        }
    }
}
