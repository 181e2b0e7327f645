//! The laws, seen from the whole world.
//!
//! The checkers of the core look at one machine from outside; these look at what machines cannot see: requests that outlive
//! their sender, rows that a restart brings back, what a user really did, and whether everybody settles.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use everlit_core::id::RequestId;
use everlit_core::law::{Broken, Law};
use everlit_core::tab::{State, Tab};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Limits, Outcome, Policy, Row, Status};
use everlit_core::{Epoch, Stamp};

use crate::clock::true_wall;

/// Until when every session must have settled once faults stopped, or once a cool-down that a server announced is over.
pub const SETTLE_WITHIN: Millis = Millis::from_secs(120);
/// How much later than the truth a vault may believe its user to have been active: a question says how long ago that was
/// when it leaves, and may travel for a while.
const ACTIVITY_TRAVELS: Millis = Millis::from_secs(60);
/// How long a revocation may take on a good day.
const REVOKED_WITHIN: Millis = Millis::from_secs(60);

/// What the world knows of one session.
#[derive(Clone, Debug)]
struct Session {
    /// How long a token request counts as under way at the most.
    request_limit: Millis,
    /// The newest token that anybody was told of.
    told: Option<Stamp>,
    over: Option<Timestamp>,
    /// The number of its present grant at the server.
    grant: usize,
    /// Somebody ended the grant at the authorization server.
    revoked_elsewhere: bool,
    /// An answer with the successor of the present refresh token was lost.
    successor_lost: bool,
    /// An answer or a revocation was lost: the server may keep a grant alive that nobody holds.
    orphan_excused: bool,
    wire: Vec<Wire>,
}

/// A token request, as the wire saw it.
#[derive(Clone, Copy, Debug)]
struct Wire {
    request: RequestId,
    grant: usize,
    sent_at: Timestamp,
    /// It reached the server.
    arrived: bool,
    /// Its answer reached the vault.
    heard: bool,
    /// Nothing of it is under way any more.
    closed: bool,
}

/// Faults have stopped: who has not settled yet.
#[derive(Clone, Debug)]
struct Settling {
    healed_at: Timestamp,
    tabs: Vec<bool>,
}

/// The laws of one world.
#[derive(Clone, Debug, Default)]
pub struct Laws {
    sessions: Vec<Session>,
    by_epoch: BTreeMap<Epoch, usize>,
    /// The newest token that each tab ever held, over all its documents.
    held: Vec<Option<Stamp>>,
    /// When the user really was active last.
    input_at: Timestamp,
    /// The end of the last cool-down that a server announced.
    cool_down_until: Timestamp,
    settling: Option<Settling>,
    broken: Option<Broken>,
}

impl Laws {
    /// The first law that was broken.
    #[must_use]
    pub const fn broken(&self) -> Option<Broken> {
        self.broken
    }

    /// Takes note of what a checker of the core said.
    pub fn core(&mut self, verdict: Result<(), Broken>) {
        if let Err(broken) = verdict {
            self.broken.get_or_insert(broken);
        }
    }

    fn holds(&mut self, condition: bool, law: Law, what: &'static str) {
        if !condition {
            self.broken.get_or_insert(Broken { law, what });
        }
    }

    /// The user typed, clicked or logged in.
    pub fn user_active(&mut self, now: Timestamp) {
        self.input_at = now;
    }

    /// A session began, in the object that has its number.
    pub fn session_began(&mut self, epoch: Epoch, grant: usize, request_limit: Millis) {
        self.by_epoch.insert(epoch, self.sessions.len());
        self.sessions.push(Session {
            request_limit,
            told: None,
            over: None,
            grant,
            revoked_elsewhere: false,
            successor_lost: false,
            orphan_excused: false,
            wire: Vec::new(),
        });
    }

    /// A session was renewed by another login of its user. What became of its grant before does not matter any more.
    pub fn session_renewed(&mut self, object: usize, grant: usize) {
        if let Some(session) = self.session(object) {
            session.grant = grant;
            session.revoked_elsewhere = false;
            session.successor_lost = false;
            session.orphan_excused = false;
        }
    }

    /// The number of a session's present grant at the server.
    #[must_use]
    pub fn grant_of(&self, object: usize) -> Option<usize> {
        self.sessions.get(object).map(|session| session.grant)
    }

    fn session(&mut self, object: usize) -> Option<&mut Session> {
        self.sessions.get_mut(object)
    }

    // The token request and its answer.

    /// A token request leaves.
    pub fn request_leaves(&mut self, now: Timestamp, object: usize, request: RequestId) {
        let Some(session) = self.session(object) else { return };
        let limit = session.request_limit;
        session.wire.retain(|wire| now < wire.sent_at.after(limit).after(limit));
        let grant = session.grant;
        let alone = session
            .wire
            .iter()
            .all(|wire| wire.closed || wire.grant != grant || wire.sent_at.after(limit) <= now);
        session.wire.push(Wire { request, grant, sent_at: now, arrived: false, heard: false, closed: false });
        self.holds(alone, Law::OneTokenRequestInFlight, "a token request left while another was under way");
    }

    /// A token request reaches the server.
    pub fn request_arrives(&mut self, object: usize, request: RequestId) {
        let Some(wire) = self.wire(object, request) else { return };
        let again = core::mem::replace(&mut wire.arrived, true);
        self.holds(!again, Law::OneTokenRequestInFlight, "a token request reached the server twice");
    }

    /// Nothing of a token request is under way any more.
    pub fn request_closed(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.closed = true;
        }
    }

    /// New tokens reached the vault that asked for them, in a turn that was committed.
    pub fn successor_heard(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.heard = true;
        }
    }

    /// New tokens will not reach the vault that asked for them. True if no copy of them did.
    pub fn successor_lost(&mut self, object: usize, request: RequestId) -> bool {
        let Some(Wire { heard: false, grant, .. }) = self.wire(object, request).copied() else {
            return false;
        };
        if let Some(session) = self.session(object)
            && session.grant == grant
        {
            session.successor_lost = true;
            session.orphan_excused = true;
        }
        true
    }

    fn wire(&mut self, object: usize, request: RequestId) -> Option<&mut Wire> {
        self.session(object)?.wire.iter_mut().rev().find(|wire| wire.request == request)
    }

    /// A server announced a cool-down.
    pub fn cool_down(&mut self, until: Timestamp) {
        self.cool_down_until = self.cool_down_until.max(until);
    }

    /// A grant was ended at the server.
    pub fn revoked_elsewhere(&mut self, object: usize) {
        if let Some(session) = self.session(object) {
            session.revoked_elsewhere = true;
        }
    }

    /// A revocation request was lost.
    pub fn revocation_lost(&mut self, object: usize) {
        if let Some(session) = self.session(object) {
            session.orphan_excused = true;
        }
    }

    // The vault.

    /// A token request ended, as the vault counts it.
    pub fn outcome(&mut self, object: usize, outcome: Outcome) {
        let Some(session) = self.session(object) else { return };
        match outcome {
            Outcome::Success | Outcome::Recovered => session.successor_lost = false,
            Outcome::RotationLost => {
                let so = session.successor_lost || session.revoked_elsewhere;
                self.holds(so, Law::OnlyTerminalEnds, "a rotation was called lost though no answer was");
            }
            Outcome::Revoked => {
                let so = session.revoked_elsewhere;
                self.holds(so, Law::OnlyTerminalEnds, "a grant was refused that nobody had ended");
            }
            Outcome::Throttled | Outcome::Transient | Outcome::Misconfigured | Outcome::Late => {}
        }
    }

    /// A turn of a vault was committed: `known` is what the machine knows, `row` what its object wrote down.
    pub fn committed(&mut self, now: Timestamp, object: usize, known: &Row, row: &Row) {
        self.holds(known == row, Law::DurableBeforeVisible, "a vault knows what its row does not");
        // Never later than the user's last input, by the clock of the Worker.
        let believed = row.active_at;
        let input = true_wall(self.input_at).after(ACTIVITY_TRAVELS);
        self.holds(
            believed <= input,
            Law::ActivityIsNotRefresh,
            "a vault believes in activity that never was",
        );
        let over = matches!(row.status, Status::Ended(_) | Status::Vacant);
        let Some(session) = self.session(object) else { return };
        let back = session.over.is_some() && !over;
        if over {
            session.over.get_or_insert(now);
        }
        self.holds(!back, Law::LogoutIsFinal, "a session that was over came back");
    }

    /// A vault was loaded from its row.
    pub fn loaded(&mut self, object: usize, row: &Row) {
        let told = self.session(object).and_then(|session| session.told);
        let forgot = row.status != Status::Vacant && Some(row.stamp) < told;
        self.holds(!forgot, Law::DurableBeforeVisible, "a token was told of that the row forgot");
    }

    /// A caller is told of a token.
    pub fn told(&mut self, object: usize, stamp: Stamp, row: &Row) {
        let Some(session) = self.session(object) else { return };
        session.told = session.told.max(Some(stamp));
        let over = session.over.is_some();
        self.holds(!over, Law::LogoutIsFinal, "a session that is over still gives its token");
        let durable = row.status == Status::Live && row.stamp >= stamp;
        self.holds(
            durable,
            Law::DurableBeforeVisible,
            "a caller was told of a token that is not written down",
        );
    }

    /// A caller is told that the session is over: it must be, by its row or by a limit that has just passed.
    pub fn told_over(&mut self, now: Timestamp, object: usize, row: &Row, policy: &Policy) {
        let limits = Limits { active_at: row.active_at, absolute_at: row.absolute_at };
        let over = match row.status {
            Status::Ended(_) | Status::Vacant => true,
            Status::Live | Status::ReauthRequired(_) => limits.ended(policy, true_wall(now)).is_some(),
        };
        self.holds(over, Law::OnlyTerminalEnds, "a caller was told that a session is over that lives");
        if let Some(session) = self.session(object) {
            session.over.get_or_insert(now);
        }
    }

    // The tabs.

    /// A tab took a step.
    pub fn tab_stepped(&mut self, mono: Timestamp, slot: usize, before: Option<Stamp>, tab: &Tab) {
        if self.held.len() <= slot {
            self.held.resize(slot.saturating_add(1), None);
        }
        if let Some(held) = tab.stamp() {
            let newest = self.held.get(slot).copied().flatten();
            self.holds(Some(held) >= newest, Law::NewestWins, "a tab went back in epoch or generation");
            if let Some(newest) = self.held.get_mut(slot) {
                *newest = Some(held);
            }
        }
        self.gave_up(before, tab.state());
        if is_settled(mono, tab)
            && let Some(open) = self.settling.as_mut().and_then(|settling| settling.tabs.get_mut(slot))
        {
            *open = false;
        }
    }

    /// A tab says that its session is over: it must be, or a newer one must have taken its place.
    fn gave_up(&mut self, before: Option<Stamp>, state: State) {
        let (Some(held), State::LoggedOut | State::Ended) = (before, state) else { return };
        let over = self
            .by_epoch
            .get(&held.epoch)
            .and_then(|object| self.sessions.get(*object))
            .is_some_and(|session| session.over.is_some());
        let newest = self.by_epoch.last_key_value().is_none_or(|(epoch, _)| *epoch == held.epoch);
        self.holds(over || !newest, Law::OnlyTerminalEnds, "a tab gave up a session that lives");
    }

    // Settling.

    /// Faults stopped: everybody has to settle from now on.
    /// `open` says of each tab whether it does not rest where it is.
    pub fn healed(&mut self, now: Timestamp, open: Vec<bool>) {
        self.settling = Some(Settling { healed_at: now, tabs: open });
    }

    /// When everybody must have settled.
    #[must_use]
    pub fn settle_by(&self) -> Timestamp {
        let healed_at = self.settling.as_ref().map_or_else(Timestamp::default, |settling| settling.healed_at);
        healed_at.max(self.cool_down_until).after(SETTLE_WITHIN)
    }

    /// That time has come. `oldest_call` is when the oldest call that still waits was made; `rests` says of a tab that it
    /// rests where it is, for those that did nothing since.
    pub fn settled(&mut self, oldest_call: Option<Timestamp>, rests: impl Fn(usize) -> bool) {
        let Some(settling) = self.settling.take() else { return };
        let open = settling.tabs.iter().enumerate().any(|(tab, open)| *open && !rests(tab));
        self.holds(!open, Law::EverySessionSettles, "a tab did not settle after faults stopped");
        let waits = oldest_call.is_some_and(|at| at <= settling.healed_at);
        self.holds(!waits, Law::EverySessionSettles, "a call was never answered");
    }

    /// Faults begin again before everybody had to settle.
    pub fn unsettled(&mut self) {
        self.settling = None;
    }

    /// The end of a calm: what is over must be over at the server too.
    pub fn orphans(&mut self, now: Timestamp, is_revoked: impl Fn(usize) -> bool) {
        let orphan = self.sessions.iter().any(|session| {
            let over = session.over.is_some_and(|over| over.after(REVOKED_WITHIN) <= now);
            over && !session.orphan_excused && !is_revoked(session.grant)
        });
        self.holds(!orphan, Law::LogoutIsFinal, "the grant of an ended session lives on at the server");
    }
}

/// Whether a tab is where a session may rest: active with a token that lives, or in a state that asks the user.
pub fn is_settled(mono: Timestamp, tab: &Tab) -> bool {
    match tab.state() {
        State::Active => tab.phase().hold().is_some_and(|hold| mono < hold.expires_at),
        State::LoggedOut | State::ReauthRequired | State::Ended => true,
        State::LoggingIn | State::Refreshing | State::Resuming | State::Degraded => false,
    }
}
