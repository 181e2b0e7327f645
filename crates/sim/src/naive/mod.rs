//! What libraries do today, in the same world: a public client with its refresh token in storage that tabs share, a timer in
//! every tab, and a logout on any error.
//!
//! It is as good as such a client can be without more machinery: a tab looks into storage before it asks, takes over what another
//! tab wrote, counts the lifetime from when the answer came and not from what its clock thinks of a server's time, and a call that
//! is refused is sent once more after a refresh.

mod lock;
mod pages;

use alloc::vec::Vec;

pub use lock::Lock;

use everlit_core::secret::{AccessToken, RefreshToken};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Granted, TokenAnswer};

use crate::authorization_server::{AuthorizationServer, Mood};
use crate::clock::{Clock, true_wall};
use crate::happening::Happening;
use crate::life::{Incident, Life};
use crate::network::{Freight, Link, Rule, Verdict};
use crate::plan::{DAY, Plan};
use crate::season::Season;
use crate::stage::{Fate, Stage};

/// After this a browser gives a request up that brought no sign of an answer.
const GIVES_UP: Millis = Millis::from_secs(30);

/// What such clients do differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// How long before expiry a tab refreshes, whatever the lifetime.
    pub lead: Millis,
    /// Whether the end of a token is what the server's clock said, compared with the computer's own.
    pub by_server_time: bool,
    /// Whether the page refreshes whenever it is looked at, and says "signed in" to the app.
    pub tells_on_focus: bool,
    /// Whether a call that is refused even after a refresh is worth another one.
    pub persists: bool,
    /// After how long without input every tab for itself ends the session; never, if nothing.
    pub idle: Option<Millis>,
    /// What it does about a lock.
    pub lock: Lock,
}

impl Manners {
    /// The usual: a minute before expiry.
    pub const USUAL: Self = Self {
        lead: Millis::from_secs(60),
        by_server_time: false,
        tells_on_focus: false,
        persists: false,
        idle: None,
        lock: Lock::None,
    };
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Login forms shown, or input lost.
    pub lost: u64,
    /// Refresh grants asked of the authorization server.
    pub grants: u64,
    /// Requests to it: refreshes and code exchanges.
    pub requests: u64,
    /// How often the session was given up.
    pub logouts: u64,
    /// Events that the app was told.
    pub told: u64,
    /// Calls that were refused for their token.
    pub refused: u64,
}

impl Counts {
    /// Adds another run.
    #[must_use]
    pub const fn plus(self, other: &Self) -> Self {
        Self {
            lost: self.lost.saturating_add(other.lost),
            grants: self.grants.saturating_add(other.grants),
            requests: self.requests.saturating_add(other.requests),
            logouts: self.logouts.saturating_add(other.logouts),
            told: self.told.saturating_add(other.told),
            refused: self.refused.saturating_add(other.refused),
        }
    }
}

/// What storage holds.
#[derive(Clone, Debug)]
struct Stored {
    refresh: RefreshToken,
    access: AccessToken,
    /// By the computer's wall clock, or by the server's.
    expires_at: Timestamp,
}

/// Something that happens to such a client.
#[derive(Clone, Debug)]
pub enum Deed {
    /// The timer of a tab goes off.
    Timer {
        /// Which tab.
        tab: usize,
        /// Which arming of it.
        arm: u64,
    },
    /// A token request is at the server's door.
    AtServer(Sent, RefreshToken),
    /// It is served.
    Served(Sent, RefreshToken),
    /// Its answer leaves the server.
    Answered(Sent, Option<TokenAnswer>),
    /// Its answer reaches the tab; nothing if there is none.
    Heard(Sent, Option<TokenAnswer>),
    /// The user comes back from the login page.
    LoggedIn,
    /// A tab has waited long enough for the lock.
    Impatient {
        /// Which one.
        tab: usize,
    },
    /// A tab has seen no input for long, unless there was some.
    Idle {
        /// Which one.
        tab: usize,
        /// Which arming of its idle timer.
        arm: u64,
    },
}

/// A token request of a tab.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    tab: usize,
    document: u32,
    number: u32,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    document: u32,
    arm: u64,
    hidden_since: Option<Timestamp>,
    frozen: bool,
    /// The request that is under way.
    asks: Option<u32>,
    /// How often its idle timer was armed.
    idle_arm: u64,
    /// A call waits for a refresh.
    calls: bool,
    inbox: Vec<(Sent, Option<TokenAnswer>)>,
}

/// One browser with such a client in its tabs.
pub struct Naive {
    /// What was counted.
    pub counts: Counts,
    /// The stage.
    pub stage: Stage,
    /// The authorization server.
    pub server: AuthorizationServer,
    manners: Manners,
    plan: Plan,
    clock: Clock,
    slots: Vec<Slot>,
    stored: Option<Stored>,
    in_front: usize,
    at_work: bool,
    /// The user is at the login page.
    logs_in: bool,
    next_number: u32,
    life: Life,
    held: lock::Held,
}

impl Naive {
    /// A browser as planned, whose user has just logged in.
    #[must_use]
    pub fn new(plan: Plan, manners: Manners) -> Self {
        let mut naive = Self {
            counts: Counts::default(),
            stage: Stage::new(plan.seed),
            server: AuthorizationServer::new(plan.manners()),
            manners,
            plan,
            clock: Clock::new(plan.clock_ahead, plan.mono_stops).drifting(plan.drift),
            slots: (0..plan.tabs).map(|_| Slot::default()).collect(),
            stored: None,
            in_front: 0,
            at_work: true,
            logs_in: false,
            next_number: 0,
            life: Life::default(),
            held: lock::Held::default(),
        };
        naive.server.form_filled(naive.stage.now);
        naive.log_in();
        naive.show(0);
        for tab in 0..plan.tabs {
            naive.arm_idle(tab);
        }
        naive
    }

    /// Plays so many days of a user.
    #[must_use]
    pub fn month(plan: Plan, days: u64) -> Counts {
        let mut naive = Self::new(plan, Manners::USUAL);
        naive.life = Life::of(plan.seed, days);
        naive.stage.network.add(Season);
        naive.plan_life();
        naive.run_for(Millis::from_millis(DAY.as_millis().saturating_mul(days)));
        naive.counts
    }

    /// Lets so much time go by.
    pub fn run_for(&mut self, time: Millis) {
        let until = self.stage.now.after(time);
        while let Some(happening) = self.stage.next(until) {
            // All else is for who has a Worker.
            if let Happening::Naive(deed) = happening {
                self.happen(deed);
            } else if let Happening::Life(incident) = happening {
                self.plan_life();
                self.live(incident);
            } else if let Happening::Wake = happening {
                self.wake();
            } else if let Happening::Thaw { tab } = happening {
                self.thaw(tab);
            } else if let Happening::HiddenLong { tab, document, since } = happening {
                self.hidden_long(tab, document, since);
            }
        }
    }

    /// Whether a tab has a request under way.
    #[must_use]
    pub fn asks(&self, tab: usize) -> bool {
        self.slots.get(tab).is_some_and(|slot| slot.asks.is_some())
    }

    /// Whether there is a session.
    #[must_use]
    pub const fn is_logged_in(&self) -> bool {
        self.stored.is_some()
    }

    fn plan_life(&mut self) {
        if let Some((at, incident)) = self.life.pop() {
            self.stage.plan(self.stage.now.until(at), Happening::Life(incident));
        }
    }

    /// Something happens that life brings.
    pub fn live(&mut self, incident: Incident) {
        let tab = self.in_front;
        match incident {
            Incident::Sleep(time) => {
                self.clock.sleep(self.stage.now);
                self.stage.plan(time, Happening::Wake);
            }
            Incident::Sit => {
                self.at_work = true;
                self.show(tab);
                self.go_to_login();
            }
            Incident::Leave { covers } => {
                self.at_work = false;
                if covers {
                    self.hide(tab);
                }
            }
            Incident::Switch => self.show(tab.saturating_add(1) % self.slots.len().max(1)),
            Incident::Input => self.input(tab),
            Incident::Save => self.call(tab),
            Incident::Reload => self.open(tab),
            Incident::Crash => {
                let crashed = self.stage.chance.below(self.slots.len());
                self.open(crashed);
            }
            Incident::Aside(time) => self.freeze(tab, time),
            Incident::SetClock => self.clock.set_right(self.stage.now),
            Incident::Offline(time) => self.stage.network.offline(self.stage.now.after(time)),
            Incident::Reset | Incident::Deploy => {}
            Incident::Sick => {
                self.server.mood = Mood::Overloaded;
                self.stage.network.sick = true;
            }
            Incident::Well => {
                self.server.mood = Mood::Well;
                self.stage.network.sick = false;
            }
            Incident::Throttle(wait) => self.server.throttles_next = Some(wait),
        }
    }

    /// Adds a fault of the network.
    pub fn rule(&mut self, rule: impl Rule + 'static) {
        self.stage.network.add(rule);
    }

    /// Somebody sets the wall clock.
    pub const fn set_clock(&mut self, by: i64) {
        self.clock.step(by);
    }

    /// A tab stops for so long.
    pub fn freeze(&mut self, tab: usize, time: Millis) {
        if let Some(slot) = self.slots.get_mut(tab).filter(|slot| !slot.frozen) {
            slot.frozen = true;
            self.stage.plan(time, Happening::Thaw { tab });
        }
    }

    fn happen(&mut self, deed: Deed) {
        match deed {
            Deed::Timer { tab, arm } => {
                if self.is_alert(tab) && self.slots.get(tab).is_some_and(|slot| slot.arm == arm) {
                    self.look(tab);
                }
            }
            Deed::AtServer(sent, refresh) => {
                let wait = if self.stage.network.sick {
                    self.stage.chance.between(4_500, 37_000)
                } else {
                    Millis::ZERO
                };
                self.stage.plan(wait, Happening::Naive(Deed::Served(sent, refresh)));
            }
            Deed::Served(sent, refresh) => self.served(sent, &refresh),
            Deed::Answered(sent, answer) => {
                let nothing = Happening::Naive(Deed::Heard(sent, None));
                let arrives = Happening::Naive(Deed::Heard(sent, answer));
                let fate = self.stage.send(Link::FromWorker, Freight::Token, arrives, Some(nothing.clone()));
                if fate == Fate::Silence {
                    self.stage.plan(GIVES_UP, nothing);
                }
            }
            Deed::Heard(sent, answer) => self.heard(sent, answer),
            Deed::Impatient { tab } => self.impatient(tab),
            Deed::Idle { tab, arm } => {
                if self.is_alert(tab) && self.slots.get(tab).is_some_and(|slot| slot.idle_arm == arm) {
                    self.give_up();
                }
            }
            Deed::LoggedIn => {
                self.logs_in = false;
                self.log_in();
            }
        }
    }

    fn is_alert(&self, tab: usize) -> bool {
        !self.clock.is_asleep() && self.slots.get(tab).is_some_and(|slot| !slot.frozen)
    }

    /// What the client takes for the time.
    fn wall(&self) -> Timestamp {
        self.clock.wall(self.stage.now)
    }

    /// The end of the stored token is near, or past.
    fn left(&self) -> Option<Millis> {
        self.stored.as_ref().map(|stored| self.wall().until(stored.expires_at).less(self.manners.lead))
    }

    /// A tab looks at storage, and refreshes if it is time.
    fn look(&mut self, tab: usize) {
        match self.left() {
            Some(left) if !left.is_zero() => self.arm(tab),
            Some(_) => self.refresh(tab),
            None => {}
        }
    }

    fn arm(&mut self, tab: usize) {
        let Some(left) = self.left() else { return };
        let (now, clock, timing) = (self.stage.now, self.clock, self.plan.timing);
        let Some(slot) = self.slots.get_mut(tab) else { return };
        slot.arm = slot.arm.wrapping_add(1);
        let since = slot.hidden_since.map(|since| clock.mono(since));
        let takes = timing.takes(clock.mono(now), since, left, &mut self.stage.chance);
        self.stage.plan(takes, Happening::Naive(Deed::Timer { tab, arm: slot.arm }));
    }

    /// A tab asks the authorization server for the next token.
    pub fn refresh(&mut self, tab: usize) {
        let idle = self.slots.get(tab).is_some_and(|slot| slot.asks.is_none());
        if idle && self.stored.is_some() && self.takes_lock(tab) {
            self.send(tab);
        }
    }

    fn send(&mut self, tab: usize) {
        let number = self.next_number;
        let Some(refresh) = self.stored.as_ref().map(|stored| stored.refresh.clone()) else { return };
        let Some(slot) = self.slots.get_mut(tab).filter(|slot| slot.asks.is_none()) else { return };
        self.next_number = number.wrapping_add(1);
        slot.asks = Some(number);
        let sent = Sent { tab, document: slot.document, number };
        let nothing = Happening::Naive(Deed::Heard(sent, None));
        let arrives = Happening::Naive(Deed::AtServer(sent, refresh));
        if self.stage.send(Link::ToWorker, Freight::Token, arrives, Some(nothing.clone())) == Fate::Silence {
            self.stage.plan(GIVES_UP, nothing);
        }
    }

    fn served(&mut self, sent: Sent, refresh: &RefreshToken) {
        self.counts.grants = self.counts.grants.saturating_add(1);
        self.counts.requests = self.counts.requests.saturating_add(1);
        let refused = self.server.mood == Mood::Overloaded && self.stage.chance.permille(500);
        let answer = Some(self.server.refresh(self.stage.now, refresh, refused).answer);
        // How long the server takes, and whether the answer leaves it at all.
        let Stage { network, chance, now, .. } = &mut self.stage;
        let (wait, answer) = match network.judge(*now, Link::FromServer, Freight::Refresh, chance) {
            Verdict::Deliver(wait) | Verdict::Twice(wait, _) => (wait, answer),
            Verdict::Drop { noticed } => (noticed.unwrap_or(GIVES_UP), None),
            Verdict::Pass => (Millis::ZERO, answer),
        };
        self.stage.plan(wait, Happening::Naive(Deed::Answered(sent, answer)));
    }

    fn heard(&mut self, sent: Sent, answer: Option<TokenAnswer>) {
        let Sent { tab, document, number } = sent;
        let asleep = self.clock.is_asleep();
        let Some(slot) = self.slots.get_mut(tab) else { return };
        if slot.document != document || slot.asks != Some(number) {
            return;
        }
        if slot.frozen || asleep {
            slot.inbox.push((sent, answer));
            return;
        }
        slot.asks = None;
        let calls = core::mem::take(&mut slot.calls);
        match answer {
            Some(TokenAnswer::Granted(grant)) => {
                self.store(grant);
                self.arm(tab);
                self.releases_lock(tab);
                if calls {
                    self.call_again(tab);
                }
            }
            Some(
                TokenAnswer::Unusable { .. }
                | TokenAnswer::Failed { .. }
                | TokenAnswer::Unsent
                | TokenAnswer::Unheard,
            )
            | None => self.give_up(),
        }
    }

    fn store(&mut self, grant: Granted) {
        let by = if self.manners.by_server_time { true_wall(self.stage.now) } else { self.wall() };
        let before = self.stored.take().map(|stored| stored.refresh);
        if let Some(refresh) = grant.refresh_token.or(before) {
            let expires_at = by.after(grant.expires_in);
            self.stored = Some(Stored { refresh, access: grant.access_token, expires_at });
        }
    }

    /// The session is given up, in every tab.
    fn give_up(&mut self) {
        if self.stored.take().is_none() {
            return;
        }
        self.counts.logouts = self.counts.logouts.saturating_add(1);
        self.forgets_lock();
        for slot in &mut self.slots {
            slot.asks = None;
            slot.arm = slot.arm.wrapping_add(1);
        }
        // The page leaves for the login while its user is at work. A form that is shown there is the same event.
        if self.at_work && !self.clock.is_asleep() {
            if self.server.knows_user(self.stage.now) {
                self.counts.lost = self.counts.lost.saturating_add(1);
            }
            self.go_to_login();
        }
    }

    /// The user is taken to the login page, if there is no session.
    fn go_to_login(&mut self) {
        if self.stored.is_some() || self.logs_in || self.clock.is_asleep() {
            return;
        }
        self.logs_in = true;
        let wait = if self.server.knows_user(self.stage.now) {
            self.stage.chance.between(500, 3_000)
        } else {
            self.counts.lost = self.counts.lost.saturating_add(1);
            let wait = self.stage.chance.between(5_000, 20_000);
            self.server.form_filled(self.stage.now.after(wait));
            wait
        };
        self.stage.plan(wait, Happening::Naive(Deed::LoggedIn));
    }

    fn log_in(&mut self) {
        let (_, grant) = self.server.log_in(self.stage.now);
        self.counts.requests = self.counts.requests.saturating_add(1);
        self.store(grant);
        for tab in 0..self.slots.len() {
            self.arm(tab);
        }
    }

    /// The app makes a call. A refused one is worth a refresh.
    pub fn call(&mut self, tab: usize) {
        let Some(stored) = self.stored.as_ref().filter(|_| self.is_alert(tab)) else { return };
        if !self.server.takes(self.stage.now, &stored.access) {
            self.counts.refused = self.counts.refused.saturating_add(1);
            if let Some(slot) = self.slots.get_mut(tab) {
                slot.calls = true;
            }
            self.refresh(tab);
        }
    }

    /// A call goes out again after a refresh.
    fn call_again(&mut self, tab: usize) {
        let refused =
            self.stored.as_ref().is_some_and(|stored| !self.server.takes(self.stage.now, &stored.access));
        if refused {
            self.counts.refused = self.counts.refused.saturating_add(1);
            if self.manners.persists {
                self.call(tab);
            }
        }
    }

    /// The user types or clicks in a tab, whose idle timer begins anew.
    pub fn input(&mut self, tab: usize) {
        self.arm_idle(tab);
        self.go_to_login();
    }

    fn arm_idle(&mut self, tab: usize) {
        let Some(idle) = self.manners.idle else { return };
        let Some(slot) = self.slots.get_mut(tab) else { return };
        slot.idle_arm = slot.idle_arm.wrapping_add(1);
        self.stage.plan(idle, Happening::Naive(Deed::Idle { tab, arm: slot.idle_arm }));
    }

    /// The user logs out in a tab: storage is emptied, and this tab stops.
    pub fn log_out(&mut self, tab: usize) {
        self.stored = None;
        if let Some(slot) = self.slots.get_mut(tab) {
            slot.asks = None;
            slot.arm = slot.arm.wrapping_add(1);
        }
    }
}
