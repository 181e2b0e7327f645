//! When to listen to what the Worker tells of its own accord.
//!
//! Nothing hangs on it: without it a tab learns the same at its next question. So it costs nothing where nobody looks, and a
//! browser without SharedWorker has one tab that listens for all.

use super::due::STUCK;
use super::event::PeerMessage;
use super::{Effect, Effects, News, Tab};
use crate::id::Stamp;
use crate::retry;
use crate::time::{Millis, Moment, Timestamp};

/// How long a page that nobody looks at goes on listening.
const UNSEEN: Millis = Millis::from_secs(60);
/// For how long a tab says that it listens for the others. It says so again with every look at its clocks.
const TERM: Millis = Millis::from_secs(150);
/// A socket that was open for so long was no failure.
const GOOD: Millis = Millis::from_secs(60);

/// Where the socket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    /// Not wanted.
    Off,
    /// On its way; given up then.
    Opening { stuck_at: Timestamp },
    /// Open.
    Open { shared: bool, since: Timestamp },
    /// Broken; tried again then.
    Broken { again_at: Timestamp },
}

/// The socket of one tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Socket {
    standing: Standing,
    failures: u32,
    /// The name of this tab among those that listen.
    tab: u32,
    /// Until when another one listens for this tab.
    covered_until: Timestamp,
}

impl Socket {
    /// Not wanted yet.
    pub(super) const NONE: Self =
        Self { standing: Standing::Off, failures: 0, tab: 0, covered_until: Timestamp::from_millis(0) };

    /// When it has to be looked at.
    pub(super) fn deadline(&self, hidden_at: Timestamp) -> Timestamp {
        let unseen = hidden_at.after(UNSEEN);
        match self.standing {
            Standing::Off => Timestamp::NEVER,
            Standing::Broken { again_at } => again_at,
            Standing::Opening { stuck_at } => stuck_at.min(unseen),
            Standing::Open { .. } => unseen,
        }
    }

    /// Whether the Worker is heard.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Open { .. })
    }
}

impl Tab {
    /// Opens or closes the socket, as is right by now.
    pub(super) fn tend_socket(&mut self, now: Moment, effects: &mut Effects) {
        if let Standing::Opening { stuck_at } = self.socket.standing
            && stuck_at <= now.mono
        {
            effects.push(Effect::CloseSocket);
            self.socket_closed(now);
        }
        let unseen = self.hidden_at.after(UNSEEN) <= now.mono;
        let covered = now.mono < self.socket.covered_until;
        let wanted = self.settings.events && self.phase.has_session() && !unseen && !covered;
        match self.socket.standing {
            Standing::Off if wanted => self.open_socket(now, effects),
            Standing::Broken { again_at } if wanted && again_at <= now.mono => self.open_socket(now, effects),
            Standing::Opening { .. } | Standing::Open { .. } if !wanted => {
                effects.push(Effect::CloseSocket);
                if !covered && let Standing::Open { shared: false, .. } = self.socket.standing {
                    self.tell_listening(now.wall, effects);
                }
                self.socket.standing = Standing::Off;
            }
            Standing::Broken { .. } if !wanted => self.socket.standing = Standing::Off,
            Standing::Off | Standing::Opening { .. } | Standing::Open { .. } | Standing::Broken { .. } => {}
        }
    }

    /// What was open may be dead by now without having said so.
    pub(super) fn drop_socket(&mut self, effects: &mut Effects) {
        if let Standing::Opening { .. } | Standing::Open { .. } = self.socket.standing {
            effects.push(Effect::CloseSocket);
            self.socket.standing = Standing::Off;
        }
    }

    fn open_socket(&mut self, now: Moment, effects: &mut Effects) {
        self.socket.standing = Standing::Opening { stuck_at: now.mono.after(STUCK) };
        effects.push(Effect::OpenSocket);
    }

    fn tell_listening(&self, until: Timestamp, effects: &mut Effects) {
        effects.push(Effect::Tell(PeerMessage::Listening { tab: self.socket.tab, until }));
    }

    pub(super) fn socket_opened(&mut self, now: Moment, shared: bool, effects: &mut Effects) {
        if !matches!(self.socket.standing, Standing::Opening { .. }) {
            return;
        }
        self.socket.standing = Standing::Open { shared, since: now.mono };
        if self.socket.tab == 0 {
            self.socket.tab = now.entropy.max(1);
        }
        self.listen_on(now, effects);
    }

    /// Says again that this tab listens for the others, if it does.
    pub(super) fn listen_on(&self, now: Moment, effects: &mut Effects) {
        if let Standing::Open { shared: false, .. } = self.socket.standing {
            self.tell_listening(now.wall.after(TERM), effects);
        }
    }

    pub(super) fn socket_closed(&mut self, now: Moment) {
        match self.socket.standing {
            Standing::Open { since, .. } if since.until(now.mono) >= GOOD => self.socket.failures = 0,
            Standing::Opening { .. } | Standing::Open { .. } => {}
            Standing::Off | Standing::Broken { .. } => return,
        }
        self.socket.failures = self.socket.failures.saturating_add(1);
        let again_at = now.mono.after(retry::slow_wait(None, self.socket.failures, now.entropy));
        self.socket.standing = Standing::Broken { again_at };
    }

    /// Another tab listens, or does so no longer. Of two that do the one with the smaller number goes on.
    pub(super) fn peer_listens(&mut self, now: Moment, tab: u32, until: Timestamp, effects: &mut Effects) {
        let ours = self.socket.tab;
        if ours != 0
            && ours < tab
            && let Standing::Open { shared: false, .. } = self.socket.standing
        {
            // Unless it has just said that it stops.
            if now.wall < until {
                self.listen_on(now, effects);
            }
        } else if tab != ours {
            self.socket.covered_until = now.mono.after(now.wall.until(until).min(TERM));
        }
    }

    /// This tab listens for the others. To a rumour of a newer token belongs no time.
    fn pass_on(&self, now: Moment, news: News, stamp: Stamp, effects: &mut Effects) {
        effects.push(Effect::Tell(match news {
            News::Moved => PeerMessage::Moved { stamp, expires_at: now.wall, lifetime: Millis::ZERO },
            News::Ended | News::LoggedOut => PeerMessage::LoggedOut { epoch: stamp.epoch },
            News::ReauthRequired => return,
        }));
    }

    pub(super) fn socket_told(&mut self, now: Moment, news: News, stamp: Stamp, effects: &mut Effects) {
        if let Standing::Open { shared: false, .. } = self.socket.standing {
            self.pass_on(now, news, stamp, effects);
        }
        match news {
            News::Moved => self.rumoured(now, stamp, effects),
            // How it can go on is for the Worker to say.
            News::ReauthRequired => {
                if let Some(hold) = self.phase.hold().filter(|hold| hold.stamp <= stamp) {
                    self.cancel_open(effects);
                    self.ask_where_we_stand(now, hold, 0, effects);
                }
            }
            News::Ended | News::LoggedOut => {
                self.ended_elsewhere(now, stamp.epoch, news == News::Ended, effects)
            }
        }
    }
}
