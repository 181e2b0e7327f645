//! The world: it lets happen what is next, until a law is broken or its time is over.

use everlit_core::id::RequestId;
use everlit_core::secret::RefreshToken;
use everlit_core::tab::{Event, State};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Login, RevocationAnswer, Revoker, Row, TokenAnswer};

use crate::authorization_server::{AuthorizationServer, Mood};
use crate::browser::Browser;
use crate::fault::{Fault, next_fault};
use crate::happening::{Asked, Happening};
use crate::life::Life;
use crate::network::{Freight, Link, Rule};
use crate::plan::{DAY, Kind, Plan, Storm};
use crate::report::{Breach, Loss, Report, Tally, replay};
use crate::stage::{Fate, Stage};
use crate::timing::Timing;
use crate::trace::Line;
use crate::user::{Act, next_act};
use crate::worker::{Armed, Worker};

mod login;

/// The longest cool-down that a vault accepts of a server.
const COOL_DOWN_MAX: Millis = everlit_core::retry::COOL_DOWN_MAX;

/// One world.
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) stage: Stage,
    pub(crate) browser: Browser,
    pub(crate) worker: Worker,
    pub(crate) server: AuthorizationServer,
    /// The newest login that opened a session, and its object.
    pub(crate) last_login: Option<(usize, Login)>,
    storming: bool,
    pub(crate) life: Life,
    /// Whether the user is at work just now.
    pub(crate) at_work: bool,
}

impl World {
    /// A world before its first login.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            stage: Stage::new(plan.seed),
            browser: Browser::new(&plan),
            worker: Worker::new(&plan),
            server: AuthorizationServer::new(plan.manners()),
            last_login: None,
            storming: false,
            life: Life::default(),
            at_work: false,
            plan,
        }
    }

    /// Plays a whole plan: a login, then storms, each with a calm after it in which everybody has to settle.
    #[must_use]
    pub fn run(plan: Plan) -> Report {
        let mut world = Self::new(plan);
        world.begin();
        for _ in 0..plan.storms {
            let day_ends = world.stage.now.after(plan.day);
            if !plan.day.is_zero() {
                // Mostly while somebody works.
                let latest =
                    if world.stage.chance.permille(700) { plan.habits.workday } else { DAY.percent(90) };
                let wait = world.stage.chance.between(0, latest.as_millis());
                world.run_for(wait);
            }
            world.storm();
            world.run_for(plan.storm_lasts);
            world.calm();
            world.run_until(day_ends);
            if world.stage.laws.broken().is_some() {
                break;
            }
        }
        world.report()
    }

    /// The user logs in and opens every tab.
    pub fn begin(&mut self) {
        self.server.form_filled(self.stage.now);
        self.log_in();
        for tab in 0..self.browser.tabs() {
            self.browser.open(&mut self.stage, tab);
        }
        self.browser.timing = self.plan.timing;
        for tab in 1..self.browser.tabs() {
            self.browser.hide(&mut self.stage, tab);
        }
        if !self.plan.habits.pace.is_zero() {
            self.stage.plan(self.plan.habits.pace, Happening::User);
        }
    }

    /// Lets things break as planned.
    pub fn storm(&mut self) {
        self.storming = true;
        self.stage.laws.unsettled();
        self.browser.timing = self.plan.timing;
        let Storm { crashes, escrow_crashes, deaths, .. } = self.plan.storm;
        self.worker.crashes = crashes;
        self.worker.escrow_crashes = escrow_crashes;
        self.worker.deaths = deaths;
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
        let Self { stage, worker, server, .. } = self;
        stage.laws.orphans(stage.now, |object| worker.has_errands(object), |grant| server.live_tokens(grant));
    }

    /// Ends every fault.
    pub fn heal(&mut self) {
        self.storming = false;
        self.stage.network.heal();
        (self.server.mood, self.server.throttles_next) = (Mood::Well, None);
        self.browser.timing = Timing::Exact;
        self.worker.crashes = 0;
        self.worker.escrow_crashes = 0;
        self.worker.deaths = 0;
        self.stage.note(Line::Healed);
        self.wake();
        for tab in 0..self.browser.tabs() {
            self.browser.thaw(&mut self.stage, tab);
            self.browser.rearm(&mut self.stage, tab);
        }
        let open = (0..self.browser.tabs()).map(|tab| !self.browser.rests(self.stage.now, tab)).collect();
        self.stage.laws.healed(self.stage.now, open);
    }

    /// Lets so much time go by.
    pub fn run_for(&mut self, time: Millis) {
        self.run_until(self.stage.now.after(time));
    }

    pub(crate) fn run_until(&mut self, until: Timestamp) {
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
            Happening::ToWorker(sender) => {
                if let Asked::Relogin { way, .. } = sender.asked {
                    return self.relogin_asked(sender, way);
                }
                worker.receive(stage, server, sender);
            }
            Happening::Redirected { tab } => self.redirected(tab),
            Happening::Socket { tab, document, open } => {
                let at = browser.socket(stage, tab, document, open);
                if let Some((news, stamp)) = at.and_then(|object| worker.missed(stage, object)) {
                    let heard = Happening::Heard { tab, document, news, stamp };
                    stage.send(Link::FromWorker, Freight::Socket, heard, None);
                }
            }
            Happening::News { object, news, stamp } => browser.told(stage, object, news, stamp),
            Happening::Heard { tab, document, news, stamp } => {
                browser.hear(stage, tab, document, news, stamp)
            }
            Happening::ToTab(sender, reply) => browser.reply(stage, sender, reply),
            Happening::Word { tab, document, message } => browser.word(stage, tab, document, message),
            Happening::ToRotator(order) => worker.ordered(stage, server, order),
            Happening::FromRotator { object, incarnation, request, kept } => {
                worker.rotator_answered(stage, server, (object, incarnation), request, kept);
            }
            Happening::RotatorLimit { job } => worker.rotator_limit(stage, job),
            Happening::ToEscrow { object, request, question } => {
                worker.escrow_asked(stage, object, request, question);
            }
            Happening::FromEscrow { object, word } => worker.escrow_answered(stage, server, object, word),
            Happening::ToServer { job, object, request, refresh_token } => {
                self.judge(job, object, request, &refresh_token);
            }
            Happening::FromServer { job, object, request, answer } => {
                worker.server_answered(stage, job, (object, request), answer);
            }
            Happening::Revocation(sent, refresh_token) => {
                let served = server.revoke(stage.now, &refresh_token);
                stage.note(Line::Revoked { object: sent.object, served });
                let answer = if served {
                    RevocationAnswer::Settled
                } else {
                    RevocationAnswer::Retry { retry_after: None }
                };
                let lost = Happening::Revoked(sent, RevocationAnswer::Retry { retry_after: None });
                stage.send(Link::FromServer, Freight::Revoke, Happening::Revoked(sent, answer), Some(lost));
            }
            Happening::Revoked(sent, answer) => worker.revoked(stage, server, sent, answer),
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
            Happening::HiddenLong { tab, document, since } => browser.hidden_long(tab, document, since),
            Happening::Life(incident) => self.live(incident),
            // That is for its own world.
            Happening::Naive(_) => {}
            Happening::User => self.user_acts(),
            Happening::Fault => self.something_breaks(),
        }
    }

    /// A token request reaches the authorization server.
    fn judge(&mut self, job: u64, object: usize, request: RequestId, refresh_token: &RefreshToken) {
        let Self { stage, worker, server, plan, .. } = self;
        stage.tally.token_requests = stage.tally.token_requests.saturating_add(1);
        let refused = server.mood == Mood::Overloaded && stage.chance.permille(500);
        if plan.kind == Kind::Month && !worker.works(job) {
            // It waited in a queue, and whoever sent it hung up.
            stage.laws.request_dropped(object, request);
            return;
        }
        let judged = server.refresh(stage.now, refresh_token, refused);
        let says_so = matches!(judged.answer, TokenAnswer::Granted(_));
        stage.note(Line::Judged { object, request, minted: judged.minted });
        stage.laws.request_judged(object, request, &judged);
        if judged.blast {
            stage.laws.blast(object, &plan.policy.grace);
        }
        if let TokenAnswer::Failed { retry_after: Some(wait), .. } = judged.answer {
            stage.laws.cool_down(stage.now.after(wait.min(COOL_DOWN_MAX)));
        }
        let arrives = Happening::FromServer { job, object, request, answer: Some(judged.answer) };
        let broken = Happening::FromServer { job, object, request, answer: None };
        let fate = stage.send(Link::FromServer, Freight::Refresh, arrives, Some(broken));
        if fate != Fate::OnItsWay {
            stage.laws.cut_off(object, request);
        }
        if fate != Fate::OnItsWay || !says_so || !worker.works(job) {
            stage.count_lost(object, request);
        }
    }

    fn wake(&mut self) {
        if self.browser.clock.is_asleep() {
            self.browser.wake(&mut self.stage);
        }
    }

    fn user_acts(&mut self) {
        let (habits, since_midnight) = (self.plan.habits, self.stage.now.as_millis() % DAY.as_millis());
        let until_tomorrow = DAY.less(Millis::from_millis(since_midnight));
        if !habits.workday.is_zero() && habits.workday.as_millis() < since_midnight {
            if self.stage.laws.is_settling() {
                // Nobody could settle in a computer that sleeps.
                self.stage.plan(Millis::from_secs(60), Happening::User);
                return;
            }
            self.stage.plan(until_tomorrow, Happening::User);
            if habits.sleeps {
                self.break_it(Fault::Sleep(until_tomorrow));
            }
            return;
        }
        let wait = self.stage.chance.around(habits.pace);
        self.stage.plan(wait, Happening::User);
        let tab = self.stage.chance.below(self.browser.tabs());
        if self.browser.is_alert(tab) {
            let act = next_act(&habits, self.browser.state(tab), &mut self.stage.chance);
            self.act(tab, act);
        }
    }

    /// The user, or the app, does something in a tab.
    pub fn act(&mut self, tab: usize, act: Act) {
        let Self { stage, browser, .. } = self;
        stage.note(Line::User(act));
        if act.is_input() {
            browser.input(stage, tab);
        }
        match act {
            Act::Input => {}
            Act::Call | Act::Poll => browser.call(stage, tab, false),
            Act::Look => browser.show(stage, tab),
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
        stage.tally.faults = stage.tally.faults.saturating_add(1);
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
            Fault::ClockStep(by) => {
                if by < 0 {
                    stage.laws.clock_set_back(Millis::from_millis(by.unsigned_abs()));
                }
                self.browser.clock_set(by);
            }
            Fault::Offline(time) => stage.network.offline(now.after(time)),
            Fault::Restart => {
                if let Some(object) = self.worker.newest() {
                    self.worker.restart(stage, object);
                }
            }
            Fault::Crash => {
                if let Some(object) = self.worker.newest() {
                    self.worker.restart(stage, object);
                }
                self.worker.rotators_die(stage);
            }
            Fault::VaultClock(ahead) => {
                if let Some(object) = self.worker.newest() {
                    self.worker.set_clock(stage, object, ahead);
                }
            }
            Fault::EscrowClock(ahead) => self.worker.escrow_ahead = ahead,
            Fault::Sick => self.server.mood = Mood::Sick,
            Fault::SickAfterwards => self.server.mood = Mood::SickAfterwards,
            Fault::Garbled => self.server.mood = Mood::Garbled,
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
            Fault::End(by) => self.end_elsewhere(by),
        }
    }

    /// Somebody ends the newest session from elsewhere.
    fn end_elsewhere(&mut self, by: Revoker) {
        if let Some(object) = self.worker.newest() {
            self.worker.end(&mut self.stage, &self.server, object, by);
        }
    }

    /// The grant of another device of the same user, which nobody touches here: its number.
    pub fn other_device(&mut self) -> usize {
        self.server.log_in(self.stage.now).0
    }

    /// Whether a grant was ended at the server.
    #[must_use]
    pub fn is_revoked(&self, grant: usize) -> bool {
        self.server.is_revoked(grant)
    }

    /// How many refresh tokens of a grant somebody could still use.
    #[must_use]
    pub fn live_tokens(&self, grant: usize) -> usize {
        self.server.live_tokens(grant).count()
    }

    /// Ends a grant at the server without the world's laws knowing why.
    pub fn revoke_behind_the_scenes(&mut self, grant: usize) {
        self.server.revoke_family(grant);
    }

    /// The user does something else, and no tab is to be seen.
    pub fn cover(&mut self) {
        for tab in 0..self.browser.tabs() {
            self.browser.hide(&mut self.stage, tab);
        }
    }

    /// A tab is frozen and never comes back.
    pub fn freeze_for_good(&mut self, tab: usize) {
        self.browser.freeze(tab);
    }

    /// The authorization server, and the resource server that takes its tokens.
    pub const fn server(&mut self) -> &mut AuthorizationServer {
        &mut self.server
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

    /// The last things that happened.
    #[must_use]
    pub fn tail(&self) -> alloc::vec::Vec<alloc::string::String> {
        self.stage.trace.tail()
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
            replay: replay(&self.plan),
        });
        let tally = self.tally();
        let loss = self.stage.loss.clone().filter(|_| tally.lost_to_user > 0);
        let loss = loss.map(|(at, tale)| Loss { at, seed: self.plan.seed, tale });
        Report { tally, hash: self.stage.trace.hash(), breach, loss }
    }
}
