//! The laws, seen from the whole world.
//!
//! The checkers of the core look at one machine from outside; these look at what machines cannot see: requests that outlive
//! their sender, rows that a restart brings back, what a user really did, and whether everybody settles.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use everlit_core::id::RequestId;
use everlit_core::law::{Broken, Law};
use everlit_core::tab::{Phase, Presence, State, Tab, Way};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Blast, GraceProfile, Limits, Outcome, Policy, Row, Status, TokenAnswer};
use everlit_core::{Epoch, Stamp};

use crate::authorization_server::Judgement;
use crate::clock::true_wall;
use crate::fault::EDGE_AHEAD_MAX;

/// Until when every session must have settled once faults stopped, or once a cool-down that a server announced is over.
pub const SETTLE_WITHIN: Millis = Millis::from_secs(120);
/// How much later than the truth a vault may believe its user to have been active: a question says how long ago that was
/// when it leaves, and may travel for a while.
const ACTIVITY_TRAVELS: Millis = Millis::from_secs(60);
/// How long a revocation may take on a good day.
const REVOKED_WITHIN: Millis = Millis::from_secs(60);
/// How far two clocks at the edge may be apart.
const EDGE_CLOCKS: Millis = Millis::from_millis(2 * EDGE_AHEAD_MAX);

/// What the world knows of one session.
#[derive(Clone, Debug)]
struct Session {
    /// The newest token that anybody was told of.
    told: Option<Stamp>,
    over: Option<Timestamp>,
    /// The number of its present grant at the server.
    grant: usize,
    /// Grants that a renewal replaced and that are to be revoked, and since when.
    replaced: Vec<(usize, Timestamp)>,
    /// Somebody ended the grant at the authorization server.
    revoked_elsewhere: bool,
    /// A revocation was given up, which is said in a log, or the grant left to lapse.
    revocation_abandoned: bool,
    wire: Vec<Wire>,
}

/// A token request, as the world saw it.
#[derive(Clone, Copy, Debug)]
struct Wire {
    request: RequestId,
    grant: usize,
    claimed_at: Timestamp,
    /// When its rotator began, from which the runtime counts.
    began_at: Timestamp,
    /// It left.
    left: bool,
    /// It reached the server.
    arrived: bool,
    /// It was lost on the way there.
    dropped: bool,
    /// Its rotator does not wait for the answer any more.
    ended: bool,
    /// The refresh token that the server gave, by its number.
    minted: Option<u32>,
    /// The server's answer brings it.
    says_so: bool,
    /// The server gave it and said that it had failed: whoever believes that tries again.
    misled: bool,
    /// The escrow has the answer.
    kept: bool,
    /// A turn of the vault was committed with it.
    heard: bool,
    /// It was counted as lost.
    counted: bool,
    /// Its answer came to nothing by no doing of ours: it was lost, came later than any limit, or its rotator died.
    by_the_world: bool,
}

impl Wire {
    /// The server gave tokens, and neither vault nor escrow has them.
    const fn is_lost(&self) -> bool {
        self.minted.is_some() && !(self.says_so && (self.kept || self.heard))
    }

    /// Something of it may still be on its way.
    const fn is_under_way(&self) -> bool {
        self.left && !(self.ended && (self.arrived || self.dropped))
    }
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
    /// How far the user's clock was set back, in all: what tabs told each other before may look as much younger to one that slept.
    set_back: Millis,
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

    /// The user's clock was set back.
    pub fn clock_set_back(&mut self, by: Millis) {
        self.set_back = self.set_back.plus(by);
    }

    /// A session began, in the object that has its number.
    pub fn session_began(&mut self, epoch: Epoch, grant: usize) {
        self.by_epoch.insert(epoch, self.sessions.len());
        self.sessions.push(Session {
            told: None,
            over: None,
            grant,
            replaced: Vec::new(),
            revoked_elsewhere: false,
            revocation_abandoned: false,
            wire: Vec::new(),
        });
    }

    /// A session was renewed by another login of its user. `replaced` says that it held a grant that is to be revoked.
    pub fn session_renewed(&mut self, now: Timestamp, object: usize, grant: usize, replaced: bool) {
        if let Some(session) = self.session(object) {
            let before = core::mem::replace(&mut session.grant, grant);
            if replaced {
                session.replaced.push((before, now));
            }
            session.revoked_elsewhere = false;
            session.revocation_abandoned = false;
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

    /// A rotator may send a token request: no other of this family is under way, or all that are have passed their limit and
    /// `profile` allows a replay.
    pub fn request_claimed(
        &mut self,
        now: Timestamp,
        object: usize,
        request: RequestId,
        profile: &GraceProfile,
    ) {
        let Some(session) = self.session(object) else { return };
        let grant = session.grant;
        let limit = profile.settled_after().less(EDGE_CLOCKS);
        let alone = session
            .wire
            .iter()
            .all(|wire| !wire.is_under_way() || wire.grant != grant || wire.claimed_at.after(limit) <= now);
        session.wire.push(Wire {
            request,
            grant,
            claimed_at: now,
            began_at: now,
            left: false,
            arrived: false,
            dropped: false,
            ended: false,
            minted: None,
            says_so: false,
            misled: false,
            kept: false,
            heard: false,
            counted: false,
            by_the_world: false,
        });
        self.holds(alone, Law::OneTokenRequestInFlight, "a token request left while another was under way");
    }

    /// A token request leaves, once, by a rotator that began then.
    pub fn request_leaves(&mut self, object: usize, request: RequestId, began_at: Timestamp) {
        let Some(wire) = self.wire(object, request) else { return };
        wire.began_at = began_at;
        let again = core::mem::replace(&mut wire.left, true);
        self.holds(!again, Law::OneTokenRequestInFlight, "a token request was sent twice");
    }

    /// A token request reaches the server, which gives tokens, and says so, or not.
    pub fn request_judged(&mut self, object: usize, request: RequestId, judged: &Judgement) {
        let Some(wire) = self.wire(object, request) else { return };
        let again = core::mem::replace(&mut wire.arrived, true);
        wire.minted = judged.minted;
        wire.says_so = matches!(judged.answer, TokenAnswer::Granted(_));
        wire.misled = judged.minted.is_some() && matches!(judged.answer, TokenAnswer::Failed { .. });
        self.holds(!again, Law::OneTokenRequestInFlight, "a token request reached the server twice");
    }

    /// The world cut the answer to a token request off, whoever waited for it.
    pub fn cut_off(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.by_the_world = true;
        }
    }

    /// Whether the present grant of a session is lost because the world cut off every answer with new tokens that nobody has.
    #[must_use]
    pub fn is_lost_by_the_world(&self, object: usize) -> bool {
        self.sessions.get(object).is_some_and(|session| {
            let mut lost =
                session.wire.iter().filter(|wire| wire.grant == session.grant && wire.is_lost()).peekable();
            lost.peek().is_some() && lost.all(|wire| wire.by_the_world)
        })
    }

    /// When the rotator of a token request began.
    #[must_use]
    pub fn began_at(&self, object: usize, request: RequestId) -> Option<Timestamp> {
        let session = self.sessions.get(object)?;
        session.wire.iter().rev().find(|wire| wire.request == request).map(|wire| wire.began_at)
    }

    /// A token request is lost on its way.
    pub fn request_dropped(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.dropped = true;
        }
    }

    /// Nobody waits for the answer to a token request any more.
    pub fn request_ended(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.ended = true;
        }
    }

    /// The escrow keeps the answer to a token request.
    pub fn successor_kept(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.kept = true;
        }
    }

    /// New tokens reached the vault that asked for them, in a turn that was committed.
    pub fn successor_heard(&mut self, object: usize, request: RequestId) {
        if let Some(wire) = self.wire(object, request) {
            wire.heard = true;
        }
    }

    /// Nobody will bring the answer to a token request any more. True if new tokens are lost by that, the first time.
    pub fn successor_lost(&mut self, object: usize, request: RequestId) -> bool {
        let Some(wire) = self.wire(object, request) else { return false };
        wire.is_lost() && !core::mem::replace(&mut wire.counted, true)
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

    /// A server took a request for theft, and ended every grant of the user. That is the price of a profile that does not
    /// know the server, or of a server that rotates and says that it failed. Otherwise nobody may ever pay it.
    pub fn blast(&mut self, object: usize, profile: &GraceProfile) {
        for session in &mut self.sessions {
            session.revoked_elsewhere = true;
        }
        let known = profile.blast == Blast::ClientAndUser;
        let misled = self.session(object).is_some_and(|session| session.wire.iter().any(|wire| wire.misled));
        self.holds(!known || misled, Law::OnlyTerminalEnds, "other devices of the user were logged out");
    }

    /// A vault gave a revocation up, and said so; or it left a grant to lapse because others may share it. A grant that was
    /// replaced is excused alone; of any other it is the session's own.
    pub fn revocation_abandoned(&mut self, object: usize, grant: Option<usize>) {
        if let Some(session) = self.session(object) {
            let replaced = session.replaced.len();
            session.replaced.retain(|(replaced, _)| Some(*replaced) != grant);
            session.revocation_abandoned |= session.replaced.len() == replaced;
        }
    }

    // The vault.

    /// A token request ended, as the vault counts it.
    ///
    /// A grant may be lost only by an answer with new tokens that was lost after the claim and before it was kept, on a server
    /// that does not forgive that, or where it cannot be found out whether one was without risking other devices.
    pub fn outcome(&mut self, object: usize, outcome: Outcome, profile: &GraceProfile) {
        let Some(session) = self.session(object) else { return };
        let grant = session.grant;
        // What is remembered beyond a success: what may still come, and what nobody can revoke.
        let matters = |wire: &Wire| wire.is_under_way() || wire.grant != grant && wire.is_lost();
        match outcome {
            Outcome::Success | Outcome::ReplayedWithinGrace | Outcome::ResentNeverSent => {
                session.wire.retain(matters);
            }
            Outcome::RecoveredFromEscrow => {
                let kept = session.wire.iter().any(|wire| wire.kept);
                session.wire.retain(matters);
                self.holds(kept, Law::OnlyTerminalEnds, "tokens came from an escrow that had none");
            }
            Outcome::AmbiguousRelogin => {
                let unknown = |wire: &Wire| {
                    profile.blast == Blast::ClientAndUser && !wire.kept && !wire.heard || wire.is_lost()
                };
                let so = session.revoked_elsewhere
                    || session.wire.iter().any(|wire| wire.grant == grant && unknown(wire));
                self.holds(so, Law::OnlyTerminalEnds, "a rotation was called lost though no answer was");
            }
            Outcome::Revoked => {
                let so = session.revoked_elsewhere;
                self.holds(so, Law::OnlyTerminalEnds, "a grant was refused that nobody had ended");
            }
            Outcome::Throttled | Outcome::Transient | Outcome::Misconfigured => {}
        }
    }

    /// A turn of a vault was committed: `known` says whether the machine knows what its object wrote down.
    pub fn committed(&mut self, now: Timestamp, object: usize, known: bool, row: &Row) {
        self.holds(known, Law::DurableBeforeVisible, "a vault knows what its row does not");
        // Never later than the user's last input, by the clock of the Worker.
        let believed = row.active_at;
        let input = true_wall(self.input_at).after(ACTIVITY_TRAVELS).after(self.set_back);
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
    /// `wall` is what the clock of its object shows.
    pub fn told_over(&mut self, now: Timestamp, object: usize, row: &Row, wall: Timestamp, policy: &Policy) {
        let limits = Limits { active_at: row.active_at, absolute_at: row.absolute_at };
        let over = match row.status {
            Status::Ended(_) | Status::Vacant => true,
            Status::Live | Status::ReauthRequired(_) => limits.ended(policy, wall).is_some(),
        };
        self.holds(over, Law::OnlyTerminalEnds, "a caller was told that a session is over that lives");
        if let Some(session) = self.session(object) {
            session.over.get_or_insert(now);
        }
    }

    // The tabs.

    /// A tab took a step.
    pub fn tab_stepped(
        &mut self,
        mono: Timestamp,
        slot: usize,
        before: Option<Stamp>,
        tab: &Tab,
        is_seen: bool,
    ) {
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
        if is_settled(mono, tab, is_seen)
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

    /// Whether everybody is to settle just now.
    #[must_use]
    pub const fn is_settling(&self) -> bool {
        self.settling.is_some()
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

    /// The end of a calm: what is over must be over at the server too, or be an errand of its vault still. `has_errands` says
    /// that of a session, `lives` which refresh tokens of a grant somebody could use.
    pub fn orphans<T: IntoIterator<Item = u32>>(
        &mut self,
        now: Timestamp,
        has_errands: impl Fn(usize) -> bool,
        lives: impl Fn(usize) -> T,
    ) {
        let passed = |since: Timestamp| since.after(REVOKED_WITHIN) <= now;
        let orphan = self.sessions.iter().enumerate().any(|(object, session)| {
            if session.revocation_abandoned || has_errands(object) {
                return false;
            }
            // Nobody can revoke what nobody has. All else was in the hands of vault or escrow once.
            let is_lost =
                |token: u32| session.wire.iter().any(|wire| wire.minted == Some(token) && wire.is_lost());
            let over = session.over.is_some_and(passed).then_some(session.grant);
            let replaced = session.replaced.iter().filter(|(_, at)| passed(*at)).map(|(grant, _)| *grant);
            over.into_iter()
                .chain(replaced)
                .any(|grant| lives(grant).into_iter().any(|token| !is_lost(token)))
        });
        for session in &mut self.sessions {
            session.replaced.retain(|(_, at)| !passed(*at));
        }
        self.holds(!orphan, Law::LogoutIsFinal, "the grant of an ended session lives on at the server");
    }
}

/// Whether the next gesture of its user opens a popup, by which the session goes on, or has just opened it.
pub fn waits_for_gesture(tab: &Tab) -> bool {
    matches!(tab.phase(), Phase::Relogin { attempt, .. } if attempt.is_none_or(|attempt| attempt.way == Way::Popup))
}

/// Whether a tab is where a session may rest: active with a token that lives, or in a state that asks the user.
pub fn is_settled(mono: Timestamp, tab: &Tab, is_seen: bool) -> bool {
    match tab.state() {
        // Whoever is not there, or does not look, needs no token.
        State::Active => {
            !is_seen
                || tab.presence() != Presence::Present
                || tab.phase().hold().is_some_and(|hold| mono < hold.expires_at)
        }
        State::LoggedOut | State::ReauthRequired | State::Ended => true,
        State::LoggingIn | State::Refreshing | State::Resuming | State::Degraded => {
            waits_for_gesture(tab)
                || !is_seen && matches!(tab.phase(), Phase::Degraded { retry_at: None, .. })
        }
    }
}
