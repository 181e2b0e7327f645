//! Who uses a service, and how often.

use alloc::string::String;
use alloc::vec::Vec;

use super::settings::Settings;
use crate::rate::Gcra;
use crate::time::{Millis, Timestamp};

/// So many questions may be counted in memory alone: what a reset costs of the figures, at most.
const UNWRITTEN_MAX: u32 = 16;

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
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Users {
    all: Vec<User>,
    unwritten: u32,
}

impl Users {
    pub(super) const fn load(all: Vec<User>) -> Self {
        Self { all, unwritten: 0 }
    }

    pub(super) fn all(&self) -> &[User] {
        &self.all
    }

    /// Lets a question pass, or says after how long the next one may.
    pub(super) fn admit(&mut self, name: &str, now: Timestamp, settings: &Settings) -> Result<(), Millis> {
        let Some(user) = self.of(name, settings) else { return Ok(()) };
        user.last_at = now;
        let admitted = user.rate.admit(settings.caller_rate, now);
        user.limited = user.limited.saturating_add(admitted.is_err().into());
        self.unwritten = self.unwritten.saturating_add(1);
        admitted
    }

    pub(super) fn count(&mut self, name: &str, served: bool, settings: &Settings) {
        if let Some(user) = self.of(name, settings) {
            let count = if served { &mut user.served } else { &mut user.unserved };
            *count = count.saturating_add(1);
        }
    }

    /// The place of a name: its own, or the one for all others.
    fn of(&mut self, name: &str, settings: &Settings) -> Option<&mut User> {
        let known = |all: &[User], name: &str| all.iter().position(|user| user.name == name);
        let named = self.all.iter().filter(|user| !user.name.is_empty()).count();
        let at = match known(&self.all, name) {
            Some(at) => at,
            None => {
                let name = if named < settings.most_callers { name } else { "" };
                match known(&self.all, name) {
                    Some(at) => at,
                    None => {
                        self.all.push(User { name: name.into(), ..User::default() });
                        // That somebody came at all is not lost.
                        self.unwritten = UNWRITTEN_MAX;
                        self.all.len().saturating_sub(1)
                    }
                }
            }
        };
        self.all.get_mut(at)
    }

    /// Whether it is time to write the counts down, if nothing else is.
    pub(super) const fn is_worth_a_row(&self) -> bool {
        self.unwritten >= UNWRITTEN_MAX
    }

    pub(super) const fn written(&mut self) {
        self.unwritten = 0;
    }
}
