//! The index: which sessions a user has, or an authorization server's session led to, and which logins may join them no more.
//!
//! A session is entered *before* its vault takes the login, so that there is none that a logout would miss. Who ends sessions marks them
//! here first, in the turn that also notes the logout token, and tells the vaults then, for as long as it takes: a token that was noted
//! has had its effect, and may come again without another. A logout that comes before the login it is for leaves its note behind, and
//! that login is refused.
//!
//! A session outlives its logins: its user may log in again in it. Which login a vault has, it alone knows; so it is told which logins a
//! logout is about ([`Fence`]), and says whether that is its own.
//!
//! | the index is of | a logout token ends, and refuses later | for |
//! |---|---|---|
//! | a user (`sub`) | logins whose ID Token was not issued after it | [`KEPT`] |
//! | a session at the server (`sid`) | every login | [`KEPT`] |
//!
//! ```
//! use everlit_core::index::{Handle, Heard, Index, Kind, LogoutNote, Stay};
//! use everlit_core::time::{Millis, Timestamp};
//! use everlit_core::vault::Revoker;
//!
//! let now = Timestamp::from_millis(1_790_000_000_000);
//! let mut index = Index::default();
//! let stay = Stay { session: "first", began_at: now, entered_at: now, issued_at: now, until: now.after(Millis::from_days(90)) };
//! assert!(index.enter(Kind::Subject, now, Handle([1; 16]), stay).is_ok());
//!
//! let note = LogoutNote { jti: [7; 32], digest: [8; 32], issued_at: now, until: now.after(Millis::from_secs(120)) };
//! assert_eq!(index.logout(Kind::Subject, now, note), Heard::First);
//! assert_eq!(index.ending().map(|entry| (entry.stay.session, entry.ending)).next(), Some(("first", Some(Revoker::BackChannel))));
//! assert_eq!(index.logout(Kind::Subject, now, note), Heard::Again);
//!
//! let late = Stay { session: "second", ..stay };
//! assert!(index.enter(Kind::Subject, now, Handle([2; 16]), late).is_err());
//! ```

use alloc::vec::Vec;

use crate::time::{Millis, Timestamp};
use crate::vault::Revoker;

/// How long the note of a logout is kept at least: longer than a login can take that was begun before it.
pub const KEPT: Millis = Millis::from_secs(15 * 60);
/// How long after its entry a session may still get its login: until then a vault that knows of none is asked again.
pub const SETTLED: Millis = Millis::from_secs(120);

/// The most sessions that an index has. The oldest is ended for one more.
pub const MAX_SESSIONS: usize = 1_000;

/// What a session is called where its id must not be: in an index, in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub [u8; 16]);

/// What an index is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A user of an issuer.
    Subject,
    /// A session at an issuer.
    Sid,
}

/// A session that is entered. `S` is its id as it is kept: sealed, in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stay<S> {
    /// Its id.
    pub session: S,
    /// When it was entered first.
    pub began_at: Timestamp,
    /// When it was entered last: a login was on its way to its vault then.
    pub entered_at: Timestamp,
    /// When the first of its logins was issued: those that its vault has had are this old at the most.
    pub issued_at: Timestamp,
    /// When it is over at the latest.
    pub until: Timestamp,
}

/// One line of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry<S> {
    /// Its name.
    pub handle: Handle,
    /// What is known of it.
    pub stay: Stay<S>,
    /// In whose name it is being ended; its vault may not know yet.
    pub ending: Option<Revoker>,
}

/// What is kept of a logout token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogoutNote {
    /// A digest of its `jti`.
    pub jti: [u8; 32],
    /// A digest of what it says.
    pub digest: [u8; 32],
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it can no longer come again. It is kept for [`KEPT`] at least.
    pub until: Timestamp,
}

/// What a logout token is to an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// It had its effect.
    First,
    /// It had it before: the server did not hear our answer.
    Again,
    /// Another one of its name had an effect before.
    Forged,
}

/// Why a session is not entered with a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotEntered {
    /// A logout forbids this login.
    Forbidden,
    /// The session is being ended: the login is to begin another.
    Ending,
}

/// Which logins a logout is about. Its session may have another by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fence<'a> {
    /// Those of this session at the issuer.
    Sid(&'a str),
    /// Those that were not issued later.
    Until(Timestamp),
}

impl Fence<'_> {
    /// Whether it is not about a login of this `sid`, issued then. One of which nothing is known is not spared.
    #[must_use]
    pub fn spares(self, sid: Option<&str>, issued_at: Timestamp) -> bool {
        match self {
            Self::Sid(meant) => sid.is_some_and(|sid| sid != meant),
            Self::Until(last) => last < issued_at,
        }
    }
}

/// What a vault says that was told to end its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reached {
    /// It is over.
    Over,
    /// It knows of no session: it has forgotten it, or its login is under way.
    Vacant,
    /// It has a login that is not meant, as far as it was told: by logouts until then. One that is may be under way.
    Spared {
        /// The newest of those logouts.
        until: Option<Timestamp>,
    },
    /// It did not answer.
    Silence,
}

/// Which sessions of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// This one.
    One(Handle),
    /// All but this one.
    Others(Handle),
}

impl Which {
    /// Whether it is one of them.
    #[must_use]
    pub fn names(self, handle: Handle) -> bool {
        match self {
            Self::One(one) => handle == one,
            Self::Others(own) => handle != own,
        }
    }
}

/// Sessions, and notes of logouts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Index<S> {
    entries: Vec<Entry<S>>,
    notes: Vec<LogoutNote>,
}

impl<S> Default for Index<S> {
    fn default() -> Self {
        Self { entries: Vec::new(), notes: Vec::new() }
    }
}

impl<S> Index<S> {
    /// The index that these are all of.
    #[must_use]
    pub const fn load(entries: Vec<Entry<S>>, notes: Vec<LogoutNote>) -> Self {
        Self { entries, notes }
    }

    /// Its sessions, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry<S>] {
        &self.entries
    }

    /// Its notes, the oldest first.
    #[must_use]
    pub fn notes(&self) -> &[LogoutNote] {
        &self.notes
    }

    /// Enters a session whose login is about to be taken. One that is there already is kept; of too many the oldest is ended.
    ///
    /// # Errors
    ///
    /// [`NotEntered::Forbidden`] where a logout came that is for this login, and [`NotEntered::Ending`] where the session is over for all
    /// but its vault.
    pub fn enter(
        &mut self,
        kind: Kind,
        now: Timestamp,
        handle: Handle,
        stay: Stay<S>,
    ) -> Result<(), NotEntered> {
        if self.forbids(kind, now, stay.issued_at) {
            return Err(NotEntered::Forbidden);
        }
        match self.entries.iter_mut().find(|entry| entry.handle == handle) {
            Some(known) if known.ending.is_some() => return Err(NotEntered::Ending),
            Some(known) => {
                known.stay.until = known.stay.until.max(stay.until);
                known.stay.entered_at = known.stay.entered_at.max(stay.entered_at);
                // Whether its vault takes this login is not known here.
                known.stay.issued_at = known.stay.issued_at.min(stay.issued_at);
            }
            None => {
                self.entries.push(Entry { handle, stay, ending: None });
                if self.entries.iter().filter(|entry| entry.ending.is_none()).count() > MAX_SESSIONS
                    && let Some(oldest) = self.entries.iter_mut().find(|entry| entry.ending.is_none())
                {
                    oldest.ending = Some(Revoker::OtherDevice);
                }
            }
        }
        Ok(())
    }

    /// Whether a logout came that is for a login that was issued then.
    #[must_use]
    pub fn forbids(&self, kind: Kind, now: Timestamp, issued_at: Timestamp) -> bool {
        self.notes.iter().any(|note| now < note.until && note.is_for(kind, issued_at))
    }

    /// Takes a logout token.
    pub fn logout(&mut self, kind: Kind, now: Timestamp, note: LogoutNote) -> Heard {
        if let Some(known) = self.notes.iter().find(|known| known.jti == note.jti) {
            return if known.digest == note.digest { Heard::Again } else { Heard::Forged };
        }
        for entry in &mut self.entries {
            if note.is_for(kind, entry.stay.issued_at) {
                entry.ending.get_or_insert(Revoker::BackChannel);
            }
        }
        self.notes.push(LogoutNote { until: note.until.max(now.after(KEPT)), ..note });
        Heard::First
    }

    /// Takes over what another index has that was of the same: it is called otherwise from now on. A logout that either has heard is
    /// about all of them.
    pub fn adopt(&mut self, kind: Kind, entries: Vec<Entry<S>>, notes: Vec<LogoutNote>) {
        for entry in entries {
            match self.entries.iter_mut().find(|known| known.handle == entry.handle) {
                Some(known) => {
                    known.ending = known.ending.or(entry.ending);
                    known.stay.began_at = known.stay.began_at.min(entry.stay.began_at);
                    known.stay.entered_at = known.stay.entered_at.max(entry.stay.entered_at);
                    known.stay.issued_at = known.stay.issued_at.min(entry.stay.issued_at);
                }
                None => self.entries.push(entry),
            }
        }
        for note in notes {
            if self.notes.iter().all(|known| known.jti != note.jti) {
                self.notes.push(note);
            }
        }
        for entry in &mut self.entries {
            if self.notes.iter().any(|note| note.is_for(kind, entry.stay.issued_at)) {
                entry.ending.get_or_insert(Revoker::BackChannel);
            }
        }
    }

    /// Marks sessions as being ended, and says how many.
    pub fn end(&mut self, which: Which, by: Revoker) -> usize {
        let mut count = 0_usize;
        for entry in self.entries.iter_mut().filter(|entry| which.names(entry.handle)) {
            // Who is logged out by the server is spared if that is about another login; this is about the session.
            entry.ending = entry.ending.filter(|by| *by != Revoker::BackChannel).or(Some(by));
            count = count.saturating_add(1);
        }
        count
    }

    /// The sessions whose vaults are to be told that they are over.
    pub fn ending(&self) -> impl Iterator<Item = &Entry<S>> {
        self.entries.iter().filter(|entry| entry.ending.is_some())
    }

    /// Whether other logins of the user go on where a session is ended so. Who ends one on another device goes on, and what else a user
    /// has is not known of a session at the issuer.
    #[must_use]
    pub fn others_go_on(&self, kind: Kind, by: Revoker) -> bool {
        match (kind, by) {
            (Kind::Sid, _) | (Kind::Subject, Revoker::OtherDevice) => true,
            (Kind::Subject, Revoker::Admin | Revoker::BackChannel) => {
                self.entries.iter().any(|entry| entry.ending.is_none())
            }
        }
    }

    /// The newest login that the logouts of this index are about, of a user.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.notes.iter().map(|note| note.issued_at).max()
    }

    /// Takes a vault's word. A session that is being ended is over once its vault says so, and not because it has none yet: its login
    /// may be on its way.
    pub fn told(&mut self, kind: Kind, handle: Handle, now: Timestamp, reached: Reached) {
        let newest = self.until();
        let Some(at) = self.entries.iter().position(|entry| entry.handle == handle) else { return };
        let Some(entry) = self.entries.get_mut(at) else { return };
        let is_settled = entry.stay.entered_at.after(SETTLED) <= now;
        let gone = match reached {
            Reached::Over => true,
            Reached::Vacant => is_settled,
            Reached::Spared { until } => {
                let heard_all = entry.ending == Some(Revoker::BackChannel) && until == newest;
                let spared = is_settled && heard_all;
                if spared {
                    entry.ending = None;
                }
                // What has another `sid` by now is entered there.
                spared && kind == Kind::Sid
            }
            Reached::Silence => false,
        };
        if gone {
            self.entries.remove(at);
        }
    }

    /// Drops what no longer matters. What a vault has yet to be told stays.
    pub fn sweep(&mut self, now: Timestamp) {
        self.entries.retain(|entry| now < entry.stay.until);
        let is_told = self.ending().all(|entry| entry.ending != Some(Revoker::BackChannel));
        self.notes.retain(|note| now < note.until || !is_told);
    }

    /// When there is something to sweep; nothing while there is nothing at all.
    #[must_use]
    pub fn next_sweep(&self) -> Option<Timestamp> {
        let entries = self.entries.iter().map(|entry| entry.stay.until);
        entries.chain(self.notes.iter().map(|note| note.until)).min()
    }
}

impl LogoutNote {
    fn is_for(&self, kind: Kind, issued_at: Timestamp) -> bool {
        match kind {
            Kind::Subject => issued_at <= self.issued_at,
            Kind::Sid => true,
        }
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
