//! The browser: one cookie, one computer's clocks, and tabs that each drive their machine.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use everlit_core::id::{CallId, OpId, RequestId};
use everlit_core::law::TabWatch;
use everlit_core::retry::Failure;
use everlit_core::tab::{Effect, Event, PeerMessage, ProviderId, ReloginAnswer, State};
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::Ask;

use crate::answers::{session_answer, token_answer};
use crate::clock::Clock;
use crate::happening::{Asked, Happening, Reply, Sender};
use crate::laws::{is_settled, waits_for_gesture};
use crate::machine::TabMachine;
use crate::network::{Freight, Link};
use crate::plan::{Flaw, Plan};
use crate::stage::{Fate, Stage};
use crate::timing::{FROZEN_AFTER, Timing};
use crate::trace::Line;

/// One tab and the document in it.
pub(crate) struct Slot {
    machine: Box<dyn TabMachine>,
    watch: TabWatch,
    pub(crate) document: u32,
    /// What the computer's monotonic clock showed when the document began.
    origin: Timestamp,
    arm: u64,
    /// What the armed timer was armed for.
    armed_for: Option<Timestamp>,
    frozen: bool,
    /// Since when nobody looks at it.
    hidden_since: Option<Timestamp>,
    /// The page is on its way through a login.
    pub(crate) away: bool,
    /// What arrived while nothing could be handled.
    pub(crate) inbox: Vec<Happening>,
    /// Both clocks when a question left.
    asked_at: BTreeMap<RequestId, (Timestamp, Timestamp)>,
    /// The object at which its event socket is.
    pub(crate) socket: Option<usize>,
}

/// A call of the app that has not been answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) tab: usize,
    at: Timestamp,
    sent: u32,
    /// It saves what its user did.
    pub(crate) is_work: bool,
}

/// The one provider that there is.
const LOGIN: ProviderId = ProviderId(0);

/// The browser.
pub struct Browser {
    /// The computer's clocks.
    pub clock: Clock,
    /// The session that the cookie names.
    pub cookie: Option<usize>,
    pub(crate) slots: Vec<Slot>,
    channel: bool,
    /// What it does with hidden tabs just now.
    pub timing: Timing,
    pub(crate) shared_worker: bool,
    /// The tab that its user looks at, or looked at last.
    in_front: usize,
    flaw: Option<Flaw>,
    open_tab: fn() -> Box<dyn TabMachine>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    next_call: u32,
    next_op: OpId,
}

impl Browser {
    /// A browser as planned, with nothing open.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let open_tab = plan.cast.tab;
        let slots = (0..plan.tabs)
            .map(|_| Slot {
                machine: open_tab(),
                watch: TabWatch::new(),
                document: 0,
                origin: Timestamp::default(),
                arm: 0,
                armed_for: None,
                frozen: false,
                hidden_since: None,
                away: false,
                inbox: Vec::new(),
                asked_at: BTreeMap::new(),
                socket: None,
            })
            .collect();
        Self {
            clock: Clock::new(plan.clock_ahead, plan.mono_stops).drifting(plan.drift),
            cookie: None,
            slots,
            channel: plan.channel,
            timing: plan.timing,
            shared_worker: plan.shared_worker,
            in_front: 0,
            flaw: plan.flaw,
            open_tab,
            calls: BTreeMap::new(),
            next_call: 0,
            next_op: OpId(0),
        }
    }

    /// How many tabs there are.
    #[must_use]
    pub fn tabs(&self) -> usize {
        self.slots.len()
    }

    /// The state that the app in a tab sees.
    #[must_use]
    pub fn state(&self, tab: usize) -> State {
        self.slots.get(tab).map_or(State::LoggedOut, |slot| slot.machine.tab().state())
    }

    /// The machine of a tab.
    #[must_use]
    pub fn machine(&self, tab: usize) -> Option<&dyn TabMachine> {
        self.slots.get(tab).map(|slot| slot.machine.as_ref())
    }

    /// Whether something can happen in a tab just now.
    #[must_use]
    pub fn is_alert(&self, tab: usize) -> bool {
        !self.clock.is_asleep() && self.slots.get(tab).is_some_and(|slot| !slot.frozen && !slot.away)
    }

    /// Whether a tab rests where it is: its session has settled, or its user logs in just now.
    #[must_use]
    pub fn rests(&self, now: Timestamp, tab: usize) -> bool {
        self.slots.get(tab).is_none_or(|slot| {
            let mono = Timestamp::default().after(self.clock.mono(now).since(slot.origin));
            slot.away || is_settled(mono, slot.machine.tab(), slot.hidden_since.is_none())
        })
    }

    /// When the oldest call was made that still waits in a page that is there, and not for its user.
    #[must_use]
    pub fn oldest_call(&self) -> Option<Timestamp> {
        let waits = |call: &&Call| {
            self.slots.get(call.tab).is_some_and(|slot| !waits_for_gesture(slot.machine.tab()))
        };
        self.calls.values().filter(waits).map(|call| call.at).min()
    }

    /// Opens a new document in a tab; whatever the old one waited for is gone with it.
    pub fn open(&mut self, stage: &mut Stage, tab: usize) {
        let origin = self.clock.mono(stage.now);
        let Some(slot) = self.slots.get_mut(tab) else { return };
        slot.machine = (self.open_tab)();
        slot.watch = TabWatch::new();
        slot.document = slot.document.wrapping_add(1);
        slot.origin = origin;
        slot.away = false;
        slot.asked_at.clear();
        slot.socket = None;
        slot.inbox.clear();
        slot.armed_for = None;
        self.calls.retain(|_, call| call.tab != tab);
        let hidden = self.slots.get(tab).is_some_and(|slot| slot.hidden_since.is_some());
        self.step(stage, tab, Event::Opened { hidden });
    }

    /// The page in a tab crashes, and is opened again.
    pub fn crash(&mut self, stage: &mut Stage, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab).filter(|slot| !slot.away) else { return };
        slot.frozen = false;
        if !self.clock.is_asleep() {
            self.open(stage, tab);
        }
    }

    /// The app in a tab makes a call. `is_work` says that it saves what its user did.
    pub fn call(&mut self, stage: &mut Stage, tab: usize, is_work: bool) {
        let call = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        self.calls.insert(call, Call { tab, at: stage.now, sent: 0, is_work });
        stage.tally.calls = stage.tally.calls.saturating_add(1);
        self.step(stage, tab, Event::CallAsked { call, provider: LOGIN });
    }

    /// The user types or clicks in a tab.
    pub fn input(&mut self, stage: &mut Stage, tab: usize) {
        stage.laws.user_active(stage.now);
        if self.is_alert(tab) {
            self.step(stage, tab, Event::UserActive { gesture: true });
        }
    }

    /// The tab that its user looks at, or looked at last.
    #[must_use]
    pub const fn in_front(&self) -> usize {
        self.in_front
    }

    /// Whether somebody looks at a tab.
    #[must_use]
    pub fn is_seen(&self, tab: usize) -> bool {
        self.slots.get(tab).is_some_and(|slot| slot.hidden_since.is_none())
    }

    /// The user looks at a tab, and by that no longer at any other.
    pub fn show(&mut self, stage: &mut Stage, tab: usize) {
        self.in_front = tab;
        for other in 0..self.slots.len() {
            if other != tab {
                self.hide(stage, other);
            }
        }
        let Some(slot) = self.slots.get_mut(tab) else { return };
        let was_hidden = slot.hidden_since.take().is_some();
        // A page that was frozen goes on when it is seen.
        if was_hidden {
            self.thaw(stage, tab);
        }
        if self.is_alert(tab) {
            self.rearm(stage, tab);
            self.step(stage, tab, Event::Shown);
        }
    }

    /// Nobody looks at a tab any more.
    pub fn hide(&mut self, stage: &mut Stage, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab).filter(|slot| slot.hidden_since.is_none()) else { return };
        slot.hidden_since = Some(stage.now);
        if self.timing == Timing::Freezing {
            let document = slot.document;
            stage.plan(FROZEN_AFTER, Happening::HiddenLong { tab, document, since: stage.now });
        }
        if self.is_alert(tab) {
            self.step(stage, tab, Event::Hidden);
            self.rearm(stage, tab);
        }
    }

    /// A tab was hidden for long, if it still is.
    pub fn hidden_long(&mut self, tab: usize, document: u32, since: Timestamp) {
        let still = |slot: &&mut Slot| slot.hidden_since == Some(since) && slot.document == document;
        let freezes = self.timing == Timing::Freezing;
        if let Some(slot) = self.slots.get_mut(tab).filter(still).filter(|_| freezes) {
            slot.frozen = true;
        }
    }

    /// Arms the timer of a tab anew, which may be slowed down less than before.
    pub fn rearm(&mut self, stage: &mut Stage, tab: usize) {
        if let Some(slot) = self.slots.get_mut(tab) {
            slot.armed_for = None;
        }
        self.arm(stage, tab);
    }

    /// The wall clock is set. A page that runs may notice or not.
    pub const fn clock_set(&mut self, by: i64) {
        self.clock.step(by);
    }

    /// A tab stops: frozen, or put aside in the back/forward cache.
    pub fn freeze(&mut self, tab: usize) -> bool {
        match self.slots.get_mut(tab) {
            Some(slot) if !slot.frozen => {
                slot.frozen = true;
                true
            }
            Some(_) | None => false,
        }
    }

    /// A tab goes on, and what arrived meanwhile is handled: before the page hears that it was away, or after.
    pub fn thaw(&mut self, stage: &mut Stage, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab) else { return };
        if !core::mem::take(&mut slot.frozen) {
            return;
        }
        if stage.chance.permille(500) {
            self.step(stage, tab, Event::Restored);
        }
        self.empty_inbox(stage, tab);
        self.step(stage, tab, Event::Restored);
    }

    /// The computer wakes. Answers that came in its sleep are mostly gone with their connections; timers fire, and
    /// soon after, at the latest when the network is back, every page that runs is told so.
    pub fn wake(&mut self, stage: &mut Stage) {
        self.clock.wake(stage.now);
        stage.network.woke_at = Some(stage.now);
        for tab in 0..self.slots.len() {
            if let Some(slot) = self.slots.get_mut(tab) {
                for waiting in &mut slot.inbox {
                    if let Happening::ToTab(_, reply) = waiting
                        && stage.chance.permille(700)
                    {
                        *reply = Reply::Nothing(Failure::Transient);
                    }
                }
            }
            if self.is_alert(tab) {
                self.empty_inbox(stage, tab);
                self.rearm(stage, tab);
                let wait =
                    if stage.chance.permille(500) { Millis::ZERO } else { stage.chance.between(100, 30_000) };
                stage.plan(wait, Happening::Online { tab });
            }
        }
    }

    /// A tab hears that the network is back.
    pub fn online(&mut self, stage: &mut Stage, tab: usize) {
        if self.is_alert(tab) {
            self.step(stage, tab, Event::Online);
        }
    }

    fn empty_inbox(&mut self, stage: &mut Stage, tab: usize) {
        let Some(slot) = self.slots.get_mut(tab) else { return };
        for happening in core::mem::take(&mut slot.inbox) {
            let wait = stage.chance.between(0, 50);
            stage.plan(wait, happening);
        }
    }

    /// The armed timer of a tab went off.
    pub fn timer(&mut self, stage: &mut Stage, tab: usize, arm: u64) {
        let Some(slot) = self.slots.get_mut(tab).filter(|slot| slot.arm == arm) else { return };
        slot.armed_for = None;
        if self.is_alert(tab) {
            self.step(stage, tab, Event::DeadlineReached);
        }
    }

    /// Another tab's word arrives.
    pub fn word(&mut self, stage: &mut Stage, tab: usize, document: u32, message: PeerMessage) {
        if self.here(tab, document, || Happening::Word { tab, document, message }) {
            self.step(stage, tab, Event::PeerTold(message));
        }
    }

    /// The Worker's answer arrives, or the news that there will be none.
    pub fn reply(&mut self, stage: &mut Stage, sender: Sender, reply: Reply) {
        // A cookie is the browser's: it is gone even if the page that asked for it is.
        if let (Asked::Logout(_), Reply::LoggedOut) = (sender.asked, reply)
            && self.cookie == sender.session
        {
            self.cookie = None;
        }
        if !self.here(sender.tab, sender.document, || Happening::ToTab(sender, reply)) {
            return;
        }
        match sender.asked {
            Asked::Session(request) => {
                let answer = session_answer(reply, self.since(stage, sender.tab, request));
                self.step(stage, sender.tab, Event::SessionAnswered { request, answer });
            }
            Asked::Token(request, _) => {
                let answer = token_answer(reply, self.since(stage, sender.tab, request));
                self.step(stage, sender.tab, Event::TokenAnswered { request, answer });
            }
            Asked::Relogin { request, .. } => {
                let answer = if let Reply::Relogin(answer) = reply { answer } else { ReloginAnswer::Failed };
                self.step(stage, sender.tab, Event::ReloginAnswered { request, answer });
            }
            Asked::Logout(request) => {
                let done = matches!(reply, Reply::LoggedOut);
                self.step(stage, sender.tab, Event::LogoutAnswered { request, done });
            }
            Asked::Call { call, stamp, repeated } => match reply {
                Reply::Denied(denial) if self.calls.contains_key(&call) => {
                    self.step(
                        stage,
                        sender.tab,
                        Event::CallDenied { call, provider: LOGIN, stamp, repeated, denial },
                    );
                }
                Reply::Active(_)
                | Reply::ReauthRequired { .. }
                | Reply::Relogin(_)
                | Reply::Ended
                | Reply::LoggedOut
                | Reply::NotNow(_)
                | Reply::Called
                | Reply::Denied(_)
                | Reply::Nothing(_) => self.settle_call(stage, call),
            },
        }
    }

    /// Whether a document is there to take something. If it only stands still, it takes it later.
    pub(crate) fn here(&mut self, tab: usize, document: u32, later: impl FnOnce() -> Happening) -> bool {
        let asleep = self.clock.is_asleep();
        let Some(slot) = self.slots.get_mut(tab) else { return false };
        if slot.document != document || slot.away {
            return false;
        }
        if slot.frozen || asleep {
            slot.inbox.push(later());
            return false;
        }
        true
    }

    /// How long ago a question left, by the clock that says more: the other may have slept.
    fn since(&self, stage: &Stage, tab: usize, request: RequestId) -> Millis {
        let (wall, mono) = (self.clock.wall(stage.now), self.clock.mono(stage.now));
        self.slots
            .get(tab)
            .and_then(|slot| slot.asked_at.get(&request))
            .map_or(Millis::ZERO, |(wall_then, mono_then)| wall.since(*wall_then).max(mono.since(*mono_then)))
    }

    /// Steps the machine of a tab, does what it wants, and looks at the laws.
    pub fn step(&mut self, stage: &mut Stage, tab: usize, event: Event) {
        let (wall, mono) = (self.clock.wall(stage.now), self.clock.mono(stage.now));
        let Some(slot) = self.slots.get_mut(tab) else { return };
        if slot.away {
            return;
        }
        let mono = Timestamp::default().after(mono.since(slot.origin));
        let now = Moment { wall, mono, entropy: stage.chance.entropy() };
        let before = slot.machine.tab().clone();
        let effects = slot.machine.step(now, event);
        let after = slot.machine.tab();
        stage.tally.steps = stage.tally.steps.saturating_add(1);
        stage.note(Line::Tab { tab, event, state: after.state(), stamp: after.stamp() });
        stage.laws.core(slot.watch.check(now, &before, &event, &effects, after));
        let is_seen = slot.hidden_since.is_none();
        stage.laws.tab_stepped(mono, tab, before.stamp(), after, is_seen);
        for effect in effects {
            self.carry_out(stage, tab, effect);
        }
        self.arm(stage, tab);
    }

    fn carry_out(&mut self, stage: &mut Stage, tab: usize, effect: Effect) {
        match effect {
            Effect::CheckSession { request } => {
                self.ask(stage, tab, Freight::Session, Asked::Session(request));
            }
            Effect::RequestToken { request, stamp, reason, active_ago } => {
                let active_ago = match self.flaw {
                    Some(Flaw::RefreshCountsAsActivity) => Some(Millis::ZERO),
                    Some(
                        Flaw::StoreForgets
                        | Flaw::EveryClaimWins
                        | Flaw::EscrowForgets
                        | Flaw::RevokesNothing,
                    )
                    | None => active_ago,
                };
                let op = self.name_op();
                let ask = Ask { op, stamp: Some(stamp), reason, aim: None, active_ago };
                self.ask(stage, tab, Freight::Token, Asked::Token(request, ask));
            }
            Effect::Relogin { request, way } => self.relogin(stage, tab, request, way),
            Effect::OpenSocket => self.open_socket(stage, tab),
            Effect::CloseSocket => {
                if let Some(slot) = self.slots.get_mut(tab) {
                    slot.socket = None;
                }
            }
            Effect::PostLogout { request } => self.ask(stage, tab, Freight::Logout, Asked::Logout(request)),
            // The answer is delivered all the same: an abort may come too late, and the machine must not care.
            Effect::Cancel { .. } => {}
            Effect::Navigate => self.navigate(stage, tab),
            Effect::Tell(message) => self.tell(stage, tab, message),
            Effect::SendCall { call, stamp } => {
                let repeated = self.calls.get_mut(&call).is_some_and(|call| {
                    call.sent = call.sent.saturating_add(1);
                    call.sent > 1
                });
                self.ask(stage, tab, Freight::Call, Asked::Call { call, stamp, repeated });
            }
            Effect::DeliverCall { call } | Effect::RefuseCall { call, .. } => {
                if self.calls.get(&call).is_some_and(|call| call.is_work) {
                    stage.lose_input(1);
                }
                self.settle_call(stage, call);
            }
            // What the app is told changes nothing in this world.
            Effect::SettleLogout { .. }
            | Effect::Presence { .. }
            | Effect::ProviderTransition { .. }
            | Effect::Health(_) => {}
            Effect::Transition { .. } => {
                stage.tally.transitions = stage.tally.transitions.saturating_add(1);
            }
        }
    }

    const fn name_op(&mut self) -> Option<OpId> {
        self.next_op = OpId(self.next_op.0.wrapping_add(1));
        Some(self.next_op)
    }

    pub(crate) fn ask(&mut self, stage: &mut Stage, tab: usize, freight: Freight, asked: Asked) {
        let clocks = (self.clock.wall(stage.now), self.clock.mono(stage.now));
        let session = self.cookie;
        let Some(slot) = self.slots.get_mut(tab) else { return };
        if let Asked::Session(request) | Asked::Token(request, _) = asked {
            slot.asked_at.insert(request, clocks);
            if slot.asked_at.len() > 16 {
                slot.asked_at.pop_first();
            }
        }
        let sender = Sender { tab, document: slot.document, session, asked };
        // The request may have been sent or not: a browser does not say.
        let unsent = Happening::ToTab(sender, Reply::Nothing(Failure::Transient));
        let fate = stage.send(Link::ToWorker, freight, Happening::ToWorker(sender), Some(unsent));
        // The app gives up a logout that brings no answer.
        if fate == Fate::Silence && freight == Freight::Logout {
            let nothing = Happening::ToTab(sender, Reply::Nothing(Failure::Ambiguous));
            stage.plan(Millis::from_secs(30), nothing);
        }
    }

    fn navigate(&mut self, stage: &mut Stage, tab: usize) {
        if stage.chance.permille(30) {
            // Something kept the page from leaving.
            return;
        }
        let logged_in = stage.chance.permille(900);
        let Some(slot) = self.slots.get_mut(tab) else { return };
        slot.away = true;
        slot.document = slot.document.wrapping_add(1);
        self.calls.retain(|_, call| call.tab != tab);
        let wait = stage.chance.between(1_500, 20_000);
        stage.plan(wait, Happening::LoginReturns { tab, logged_in });
    }

    fn tell(&mut self, stage: &mut Stage, from: usize, message: PeerMessage) {
        if !self.channel {
            return;
        }
        for (tab, slot) in self.slots.iter().enumerate() {
            if tab != from && !slot.away {
                let word = Happening::Word { tab, document: slot.document, message };
                stage.send(Link::Channel, Freight::Word, word, None);
            }
        }
    }

    fn settle_call(&mut self, stage: &mut Stage, call: CallId) {
        if self.calls.remove(&call).is_some() {
            stage.note(Line::CallSettled(call));
        }
    }

    /// Arms the one timer of a tab for its next deadline.
    fn arm(&mut self, stage: &mut Stage, tab: usize) {
        let clock = self.clock;
        let Some(slot) = self.slots.get_mut(tab) else { return };
        let wanted = slot.machine.tab().next_deadline();
        if wanted.is_some() && wanted == slot.armed_for {
            return;
        }
        slot.arm = slot.arm.wrapping_add(1);
        slot.armed_for = wanted;
        if let Some(deadline) = wanted {
            let by_computer = slot.origin.after(Timestamp::default().until(deadline));
            let wait = clock.until(stage.now, by_computer);
            let since = slot.hidden_since.map(|since| clock.mono(since));
            let takes = self.timing.takes(clock.mono(stage.now), since, wait, &mut stage.chance);
            stage.plan(takes, Happening::TabTimer { tab, arm: slot.arm });
        }
    }
}
