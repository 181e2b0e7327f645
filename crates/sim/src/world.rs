//! The world: it lets happen what is next, until a law is broken or its time is over.

use everlit_core::tab::{Event, State};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Login, Row, TokenAnswer};

use crate::authorization_server::{AuthorizationServer, Mood};
use crate::browser::Browser;
use crate::fault::{Fault, next_fault};
use crate::happening::{Happening, TokenRequest};
use crate::network::{Freight, Link, OfflineUntil, Rule};
use crate::plan::Plan;
use crate::report::{Breach, Report, Tally, replay};
use crate::stage::{Fate, Stage};
use crate::trace::Line;
use crate::user::{Act, next_act};
use crate::worker::{Armed, Worker, no_answer, successor_lost};

/// The longest cool-down that a vault accepts of a server.
const COOL_DOWN_MAX: Millis = everlit_core::retry::COOL_DOWN_MAX;

/// One world.
pub struct World {
    plan: Plan,
    stage: Stage,
    browser: Browser,
    worker: Worker,
    server: AuthorizationServer,
    /// The newest login that opened a session, and its object.
    last_login: Option<(usize, Login)>,
    storming: bool,
}

impl World {
    /// A world before its first login.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            stage: Stage::new(plan.seed),
            browser: Browser::new(&plan),
            worker: Worker::new(&plan),
            server: AuthorizationServer::new(plan.reuse, plan.access_lifetime),
            last_login: None,
            storming: false,
            plan,
        }
    }

    /// Plays a whole plan: a login, then storms, each with a calm after it in which everybody has to settle.
    #[must_use]
    pub fn run(plan: Plan) -> Report {
        let mut world = Self::new(plan);
        world.begin();
        for _ in 0..plan.storms {
            world.storm();
            world.run_for(plan.storm_lasts);
            world.calm();
            if world.stage.laws.broken().is_some() {
                break;
            }
        }
        world.report()
    }

    /// The user logs in and opens every tab.
    pub fn begin(&mut self) {
        self.log_in();
        for tab in 0..self.browser.tabs() {
            self.browser.open(&mut self.stage, tab);
        }
        if !self.plan.habits.pace.is_zero() {
            self.stage.plan(self.plan.habits.pace, Happening::User);
        }
    }

    /// Lets things break as planned.
    pub fn storm(&mut self) {
        self.storming = true;
        self.stage.laws.unsettled();
        self.worker.crashes = self.plan.storm.crashes;
        self.stage.network.add(self.plan.storm.weather);
        if !self.plan.storm.pace.is_zero() {
            self.stage.plan(self.plan.storm.pace, Happening::Fault);
        }
    }

    /// Ends every fault, and looks whether everybody settles.
    pub fn calm(&mut self) {
        if self.stage.laws.broken().is_some() {
            return;
        }
        self.heal();
        let settle_by = self.stage.laws.settle_by();
        self.run_until(settle_by);
        if self.stage.laws.broken().is_some() {
            return;
        }
        let now = self.stage.now;
        self.stage.laws.settled(self.browser.oldest_call(), |tab| self.browser.rests(now, tab));
        self.run_until(settle_by.after(self.plan.calm_lasts));
        self.stage.laws.orphans(self.stage.now, |grant| self.server.is_revoked(grant));
    }

    /// Ends every fault.
    pub fn heal(&mut self) {
        self.storming = false;
        self.stage.network.heal();
        self.server.mood = Mood::Well;
        self.worker.crashes = 0;
        self.stage.note(Line::Healed);
        self.wake();
        for tab in 0..self.browser.tabs() {
            self.browser.thaw(&mut self.stage, tab);
        }
        let open = (0..self.browser.tabs()).map(|tab| !self.browser.rests(self.stage.now, tab)).collect();
        self.stage.laws.healed(self.stage.now, open);
    }

    /// Lets so much time go by.
    pub fn run_for(&mut self, time: Millis) {
        self.run_until(self.stage.now.after(time));
    }

    fn run_until(&mut self, until: Timestamp) {
        while self.stage.laws.broken().is_none()
            && let Some(happening) = self.stage.next(until)
        {
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        let Self { stage, browser, worker, server, .. } = self;
        match happening {
            Happening::TabTimer { tab, arm } => browser.timer(stage, tab, arm),
            Happening::ToWorker(sender) => worker.receive(stage, server, sender),
            Happening::ToTab(sender, reply) => browser.reply(stage, sender, reply),
            Happening::Word { tab, document, message } => browser.word(stage, tab, document, message),
            Happening::ToServer(sent) => self.judge(sent),
            Happening::FromServer(sent, answer) => worker.token_answered(stage, server, &sent, answer),
            Happening::Revocation(refresh_token) => server.revoke(&refresh_token),
            Happening::VaultTimer { object, arm } => {
                worker.deadline(stage, server, object, Armed::Timer(arm));
            }
            Happening::VaultAlarm { object, arm } => {
                worker.deadline(stage, server, object, Armed::Alarm(arm));
            }
            Happening::LoginReturns { tab, logged_in } => self.login_returns(tab, logged_in),
            Happening::LoginRepeated { object, login } => worker.log_in_again(stage, server, object, login),
            Happening::Wake => self.wake(),
            Happening::Online { tab } => browser.online(stage, tab),
            Happening::Thaw { tab } => browser.thaw(stage, tab),
            Happening::User => self.user_acts(),
            Happening::Fault => self.something_breaks(),
        }
    }

    /// A token request reaches the authorization server.
    fn judge(&mut self, sent: TokenRequest) {
        let stage = &mut self.stage;
        let object = sent.object;
        stage.tally.token_requests = stage.tally.token_requests.saturating_add(1);
        stage.laws.request_arrives(object, sent.request);
        let (answer, granted) = self.server.refresh(stage.now, &sent.refresh_token);
        stage.note(Line::Judged { object, granted });
        if let TokenAnswer::Failed { retry_after: Some(wait), .. } = answer {
            stage.laws.cool_down(stage.now.after(wait.min(COOL_DOWN_MAX)));
        }
        let (request, says_so) = (sent.request, matches!(answer, TokenAnswer::Granted(_)));
        let unsent = Happening::FromServer(sent.clone(), no_answer());
        let arrives = Happening::FromServer(sent, answer);
        let fate = stage.send(Link::FromServer, Freight::Refresh, arrives, Some(unsent));
        if granted && (fate != Fate::OnItsWay || !says_so) {
            successor_lost(stage, object, request);
        }
    }

    fn log_in(&mut self) {
        let (number, grant) = self.server.log_in(self.stage.now);
        self.browser.input(&mut self.stage);
        let Self { stage, server, worker, browser, .. } = self;
        // A session that its user logs in to again is renewed; only one that is over makes way for another.
        if let Some(object) = browser.cookie
            && worker.renew(stage, server, object, number, grant.clone())
        {
            return;
        }
        let (object, login) = worker.log_in(stage, server, number, grant);
        browser.cookie = Some(object);
        self.last_login = Some((object, login));
        if self.storming && self.stage.chance.permille(200) {
            let wait = self.stage.chance.between(0, 120_000);
            self.repeat_login(wait);
        }
    }

    /// The callback of the newest login is delivered once more.
    pub fn repeat_login(&mut self, wait: Millis) {
        if let Some((object, login)) = self.last_login.clone() {
            self.stage.plan(wait, Happening::LoginRepeated { object, login });
        }
    }

    fn login_returns(&mut self, tab: usize, logged_in: bool) {
        if self.browser.clock.is_asleep() {
            self.stage.plan(Millis::from_secs(1), Happening::LoginReturns { tab, logged_in });
            return;
        }
        if logged_in && self.server.mood == Mood::Well {
            self.log_in();
        }
        self.browser.open(&mut self.stage, tab);
    }

    fn wake(&mut self) {
        if self.browser.clock.is_asleep() {
            self.browser.wake(&mut self.stage);
        }
    }

    fn user_acts(&mut self) {
        let wait = self.stage.chance.around(self.plan.habits.pace);
        self.stage.plan(wait, Happening::User);
        let tab = self.stage.chance.below(self.browser.tabs());
        if self.browser.is_alert(tab) {
            let act = next_act(&self.plan.habits, self.browser.state(tab), &mut self.stage.chance);
            self.act(tab, act);
        }
    }

    /// The user, or the app, does something in a tab.
    pub fn act(&mut self, tab: usize, act: Act) {
        let Self { stage, browser, .. } = self;
        stage.note(Line::User(act));
        if act.is_input() {
            browser.input(stage);
        }
        match act {
            Act::Input => {}
            Act::Call | Act::Poll => browser.call(stage, tab),
            Act::Look => browser.step(stage, tab, Event::Nudged),
            Act::Refresh => browser.step(stage, tab, Event::RefreshAsked),
            Act::Reload => browser.open(stage, tab),
            Act::Logout => browser.step(stage, tab, Event::LogoutAsked),
            Act::Login => browser.step(stage, tab, Event::LoginAsked),
        }
    }

    fn something_breaks(&mut self) {
        if !self.storming {
            return;
        }
        let wait = self.stage.chance.around(self.plan.storm.pace);
        self.stage.plan(wait, Happening::Fault);
        let fault = next_fault(&self.plan.storm, &mut self.stage.chance);
        self.break_it(fault);
    }

    /// Something breaks.
    pub fn break_it(&mut self, fault: Fault) {
        let stage = &mut self.stage;
        let now = stage.now;
        stage.note(Line::Fault(fault));
        match fault {
            Fault::Sleep(time) => {
                self.browser.clock.sleep(now);
                stage.plan(time, Happening::Wake);
            }
            Fault::Freeze(time) => {
                let tab = stage.chance.below(self.browser.tabs());
                if self.browser.is_alert(tab) && self.browser.freeze(tab) {
                    stage.plan(time, Happening::Thaw { tab });
                }
            }
            // Nobody sets the clock of a computer that sleeps.
            Fault::ClockStep(_) if self.browser.clock.is_asleep() => {}
            Fault::ClockStep(by) => self.browser.clock_set(now, by),
            Fault::Offline(time) => stage.network.add(OfflineUntil(now.after(time))),
            Fault::Restart => {
                if let Some(object) = self.worker.newest()
                    && !(self.plan.storm.spares_answers && self.worker.is_waiting(object))
                {
                    self.worker.restart(stage, object);
                }
            }
            Fault::Sick => self.server.mood = Mood::Sick,
            Fault::SickAfterwards => self.server.mood = Mood::SickAfterwards,
            Fault::Throttle(time) => {
                self.server.mood = Mood::Throttling { until: now.after(time), told: true };
            }
            Fault::ThrottleUntold => {
                self.server.mood = Mood::Throttling { until: now.after(Millis::from_days(1)), told: false };
            }
            Fault::Estranged => self.server.mood = Mood::Estranged,
            Fault::Well => self.server.mood = Mood::Well,
            Fault::Revoke => {
                if let Some(object) = self.worker.newest()
                    && let Some(grant) = stage.laws.grant_of(object)
                {
                    stage.laws.revoked_elsewhere(object);
                    self.server.revoke_family(grant);
                }
            }
        }
    }

    /// Ends a grant at the server without the world's laws knowing why.
    pub fn revoke_behind_the_scenes(&mut self, grant: usize) {
        self.server.revoke_family(grant);
    }

    /// Adds a fault of the network.
    pub fn rule(&mut self, rule: impl Rule + 'static) {
        self.stage.network.add(rule);
    }

    /// The state that the app in a tab sees.
    #[must_use]
    pub fn state(&self, tab: usize) -> State {
        self.browser.state(tab)
    }

    /// The browser.
    #[must_use]
    pub const fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The newest session's row.
    #[must_use]
    pub fn row(&self) -> Option<&Row> {
        self.worker.row(self.worker.newest()?)
    }

    /// What was counted so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally { time: Timestamp::default().until(self.stage.now), ..self.stage.tally }
    }

    /// What the run was.
    #[must_use]
    pub fn report(&self) -> Report {
        let breach = self.stage.laws.broken().map(|broken| Breach {
            law: broken.law,
            what: broken.what,
            at: self.stage.now,
            seed: self.plan.seed,
            tail: self.stage.trace.tail(),
            replay: replay(self.plan.seed, self.plan.tabs),
        });
        Report { tally: self.tally(), hash: self.stage.trace.hash(), breach }
    }
}
