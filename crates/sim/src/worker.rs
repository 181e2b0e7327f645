//! The Worker: it drives one vault per login, by the rules of an object whose rows survive and whose memory does not.
//!
//! A turn is one event: the vault steps, its row is written and its alarm armed, then requests leave, then callers are
//! answered. A crash before the rows undoes the turn; a crash after them loses everything else.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use everlit_core::Epoch;
use everlit_core::id::{CallerId, RequestId};
use everlit_core::law::VaultWatch;
use everlit_core::retry::Failure;
use everlit_core::secret::RefreshToken;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Answer, Effect, Event, Granted, Login, Outcome, Policy, Row, Status, TokenAnswer};

use crate::authorization_server::AuthorizationServer;
use crate::clock::true_wall;
use crate::front::{Caller, hang_up};
use crate::happening::{Happening, TokenRequest};
use crate::machine::VaultMachine;
use crate::network::{Freight, Link};
use crate::plan::{Flaw, Plan};
use crate::stage::{Fate, Stage};
use crate::trace::{Line, VaultEvent};

/// One object: a row, and the machine that was loaded from it.
pub(crate) struct Object {
    pub(crate) row: Row,
    /// The row before the last write, for a storage that forgets.
    row_before: Row,
    pub(crate) machine: Box<dyn VaultMachine>,
    watch: VaultWatch,
    /// How often it was started.
    incarnation: u32,
    pub(crate) callers: BTreeMap<CallerId, Caller>,
    timer: u64,
    alarm: u64,
}

/// When a turn crashes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Crash {
    BeforeRows,
    AfterRows,
}

/// The Worker.
pub struct Worker {
    pub(crate) policy: Policy,
    load: fn(Policy, Row) -> Box<dyn VaultMachine>,
    flaw: Option<Flaw>,
    pub(crate) objects: Vec<Object>,
    last_epoch: Epoch,
    pub(crate) next_caller: u64,
    /// How many turns in a thousand crash.
    pub crashes: u32,
}

impl Worker {
    /// A Worker as planned, without a session.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            policy: plan.policy,
            load: plan.cast.vault,
            flaw: plan.flaw,
            objects: Vec::new(),
            last_epoch: Epoch(0),
            next_caller: 0,
            crashes: 0,
        }
    }

    /// The row of an object.
    #[must_use]
    pub fn row(&self, object: usize) -> Option<&Row> {
        self.objects.get(object).map(|object| &object.row)
    }

    /// The newest object.
    #[must_use]
    pub fn newest(&self) -> Option<usize> {
        self.objects.len().checked_sub(1)
    }

    /// A callback brought tokens: a new session in an object of its own, newer than any before it.
    ///
    /// `number` is that of the grant at the server.
    pub fn log_in(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        number: usize,
        grant: Granted,
    ) -> (usize, Login) {
        let wall = true_wall(stage.now).as_millis();
        let epoch = Epoch(wall.max(self.last_epoch.0.saturating_add(1)));
        self.last_epoch = epoch;
        let object = self.objects.len();
        self.objects.push(Object {
            row: Row::default(),
            row_before: Row::default(),
            machine: (self.load)(self.policy, Row::default()),
            watch: VaultWatch::new(self.policy),
            incarnation: 0,
            callers: BTreeMap::new(),
            timer: 0,
            alarm: 0,
        });
        stage.laws.session_began(epoch, number, self.policy.request_limit);
        stage.tally.sessions = stage.tally.sessions.saturating_add(1);
        let login = Login { epoch, grant };
        self.turn_without_crash(stage, server, object, Event::LoginCommitted(login.clone()));
        (object, login)
    }

    /// A callback brought tokens for the user of a session that there is already. False if that session is over.
    pub fn renew(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        number: usize,
        grant: Granted,
    ) -> bool {
        let lives = self.objects.get(object).is_some_and(|object| {
            let answer = object.machine.vault().peek(true_wall(stage.now));
            matches!(answer, Answer::Current(_) | Answer::ReauthRequired(_))
        });
        if lives {
            stage.laws.session_renewed(object, number);
            // Nobody waits for the answer under this name: the page that follows asks for itself.
            let caller = CallerId(u64::MAX);
            let login = Login { epoch: Epoch(true_wall(stage.now).as_millis()), grant };
            self.turn_without_crash(stage, server, object, Event::RenewalCommitted { caller, login });
        }
        lives
    }

    /// The callback answers when the login is committed, and is repeated until it is.
    fn turn_without_crash(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        event: Event,
    ) {
        let crashes = core::mem::take(&mut self.crashes);
        self.turn(stage, server, object, event);
        self.crashes = crashes;
    }

    /// A login is committed a second time.
    pub fn log_in_again(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        login: Login,
    ) {
        self.turn(stage, server, object, Event::LoginCommitted(login));
    }

    /// An answer of the authorization server arrives, or the news that there will be none.
    pub fn token_answered(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        sent: &TokenRequest,
        answer: TokenAnswer,
    ) {
        stage.laws.request_closed(sent.object, sent.request);
        let alive =
            self.objects.get(sent.object).is_some_and(|object| object.incarnation == sent.incarnation);
        if alive {
            self.turn(stage, server, sent.object, Event::TokenAnswered { request: sent.request, answer });
        } else if let TokenAnswer::Granted(_) = answer {
            // Nobody is there any more who would know what it belongs to.
            successor_lost(stage, sent.object, sent.request);
        }
    }

    /// The timer or the alarm of an object goes off.
    pub fn deadline(&mut self, stage: &mut Stage, server: &AuthorizationServer, object: usize, armed: Armed) {
        let due = self.objects.get(object).is_some_and(|object| match armed {
            Armed::Timer(arm) => object.timer == arm,
            // At least once: the alarm that was just handled may come again.
            Armed::Alarm(arm) => object.alarm.wrapping_sub(arm) <= 1,
        });
        if due {
            self.turn(stage, server, object, Event::DeadlineReached);
            if let Armed::Alarm(_) = armed {
                self.arm_alarm(stage, object);
            }
        }
    }

    /// An object starts anew from its row: callers and requests are gone, the row and the alarm are not.
    pub fn restart(&mut self, stage: &mut Stage, object: usize) {
        let (load, policy, flaw) = (self.load, self.policy, self.flaw);
        let Some(restarted) = self.objects.get_mut(object) else { return };
        if flaw == Some(Flaw::StoreForgets) {
            restarted.row = restarted.row_before.clone();
        }
        restarted.machine = load(policy, restarted.row.clone());
        restarted.incarnation = restarted.incarnation.wrapping_add(1);
        restarted.timer = restarted.timer.wrapping_add(1);
        stage.tally.restarts = stage.tally.restarts.saturating_add(1);
        stage.note(Line::Restarted { object });
        stage.laws.loaded(object, &restarted.row);
        for (_, caller) in core::mem::take(&mut restarted.callers) {
            hang_up(stage, caller.sender);
        }
    }

    /// Whether an object waits for an answer of the authorization server.
    #[must_use]
    pub fn is_waiting(&self, object: usize) -> bool {
        self.row(object).is_some_and(|row| row.intent.is_some())
    }

    pub(crate) fn turn(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        event: Event,
    ) {
        let now = stage.edge_moment();
        let crash = stage
            .chance
            .permille(self.crashes)
            .then(|| if stage.chance.permille(500) { Crash::BeforeRows } else { Crash::AfterRows });
        let Some(acting) = self.objects.get_mut(object) else { return };
        let watch_before = acting.watch.clone();
        let before = acting.machine.vault().clone();
        let effects = acting.machine.step(now, event.clone());
        stage.tally.steps = stage.tally.steps.saturating_add(1);
        let verdict = acting.watch.check(now, &before, &event, &effects, acting.machine.vault());
        stage.laws.core(verdict);
        let granted = match &event {
            Event::TokenAnswered { request, answer: TokenAnswer::Granted(_) } => Some(*request),
            Event::TokenAnswered { .. }
            | Event::LoginCommitted(_)
            | Event::RenewalCommitted { .. }
            | Event::TokenAsked { .. }
            | Event::LogoutAsked { .. }
            | Event::DeadlineReached => None,
        };
        if crash == Some(Crash::BeforeRows) {
            acting.watch = watch_before;
            if let Some(request) = granted {
                successor_lost(stage, object, request);
            }
            self.restart(stage, object);
            return;
        }
        // Rows first.
        let known = acting.machine.vault().row();
        let mut written = false;
        for effect in &effects {
            match effect {
                Effect::Persist => {
                    acting.row_before = core::mem::replace(&mut acting.row, known.clone());
                    written = true;
                }
                Effect::Forget => {
                    acting.row = Row::default();
                    written = true;
                }
                Effect::RequestToken { .. }
                | Effect::Revoke { .. }
                | Effect::Answer { .. }
                | Effect::Report(_) => {}
            }
        }
        let (status, stamp) = (acting.row.status, acting.row.stamp);
        stage.note(Line::Vault { object, event: kind_of(&event), status, stamp });
        stage.laws.committed(stage.now, object, &known, &acting.row);
        if let (Status::Ended(_), false) = (status, matches!(before.row().status, Status::Ended(_))) {
            count_end(stage, &event);
        }
        if let Some(request) = granted {
            stage.laws.successor_heard(object, request);
        }
        if written {
            self.arm_alarm(stage, object);
        }
        // What leaves comes after, and is lost if the object crashes now.
        for effect in effects {
            self.carry_out(stage, server, object, effect, crash.is_some());
        }
        if crash.is_some() {
            self.restart(stage, object);
        } else {
            self.arm_timer(stage, object);
        }
    }

    fn carry_out(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        effect: Effect,
        crashed: bool,
    ) {
        match effect {
            Effect::Persist | Effect::Forget => {}
            Effect::RequestToken { request, refresh_token } => {
                if !crashed {
                    self.request_token(stage, object, request, refresh_token);
                }
            }
            Effect::Revoke { refresh_token } => {
                let arrives = Happening::Revocation(refresh_token);
                if crashed || stage.send(Link::ToServer, Freight::Revoke, arrives, None) != Fate::OnItsWay {
                    stage.laws.revocation_lost(object);
                }
            }
            Effect::Answer { caller, answer } => {
                if !crashed
                    && let Some(caller) =
                        self.objects.get_mut(object).and_then(|object| object.callers.remove(&caller))
                {
                    self.answer(stage, server, object, caller, answer);
                }
            }
            Effect::Report(outcome) => {
                stage.note(Line::Outcome { object, outcome });
                count_outcome(stage, outcome);
                stage.laws.outcome(object, outcome);
            }
        }
    }

    fn request_token(
        &self,
        stage: &mut Stage,
        object: usize,
        request: RequestId,
        refresh_token: RefreshToken,
    ) {
        let Some(sender) = self.objects.get(object) else { return };
        stage.laws.request_leaves(stage.now, object, request);
        let sent = TokenRequest { object, incarnation: sender.incarnation, request, refresh_token };
        let unsent = Happening::FromServer(sent.clone(), no_answer());
        stage.send(Link::ToServer, Freight::Refresh, Happening::ToServer(sent), Some(unsent));
    }

    fn arm_alarm(&mut self, stage: &mut Stage, object: usize) {
        let Some(armed) = self.objects.get_mut(object) else { return };
        armed.alarm = armed.alarm.wrapping_add(1);
        if let Some(at) = armed.machine.vault().next_alarm() {
            let happening = Happening::VaultAlarm { object, arm: armed.alarm };
            plan_at(stage, at, happening.clone());
            // Alarms go off at least once.
            if stage.chance.permille(20) {
                plan_at(stage, at.after(Millis::from_millis(700)), happening);
            }
        }
    }

    fn arm_timer(&mut self, stage: &mut Stage, object: usize) {
        let Some(armed) = self.objects.get_mut(object) else { return };
        armed.timer = armed.timer.wrapping_add(1);
        let vault = armed.machine.vault();
        if let Some(at) = vault.next_deadline()
            && vault.next_alarm().is_none_or(|alarm| at < alarm)
        {
            plan_at(stage, at, Happening::VaultTimer { object, arm: armed.timer });
        }
    }
}

/// Which of an object's two clocks went off, and in which arming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armed {
    /// The timer in memory.
    Timer(u64),
    /// The alarm.
    Alarm(u64),
}

fn plan_at(stage: &mut Stage, at: Timestamp, happening: Happening) {
    let late = stage.chance.between(0, 100);
    let wait = true_wall(stage.now).until(at).plus(late);
    stage.plan(wait, happening);
}

/// An answer with new tokens is lost for good.
pub fn successor_lost(stage: &mut Stage, object: usize, request: RequestId) {
    if stage.laws.successor_lost(object, request) {
        stage.tally.answers_lost = stage.tally.answers_lost.saturating_add(1);
    }
}

/// What a Worker knows of a token request whose connection broke.
#[must_use]
pub const fn no_answer() -> TokenAnswer {
    TokenAnswer::Failed { failure: Failure::Ambiguous, retry_after: None }
}

fn count_end(stage: &mut Stage, event: &Event) {
    let count = if matches!(event, Event::LogoutAsked { .. }) {
        &mut stage.tally.logouts
    } else {
        &mut stage.tally.limits
    };
    *count = count.saturating_add(1);
}

fn count_outcome(stage: &mut Stage, outcome: Outcome) {
    let count = match outcome {
        Outcome::Success | Outcome::Recovered => &mut stage.tally.rotations,
        Outcome::RotationLost => &mut stage.tally.lost,
        Outcome::Revoked => &mut stage.tally.revoked,
        Outcome::Throttled | Outcome::Transient | Outcome::Misconfigured | Outcome::Late => return,
    };
    *count = count.saturating_add(1);
}

const fn kind_of(event: &Event) -> VaultEvent {
    match event {
        Event::LoginCommitted(_) => VaultEvent::LoginCommitted,
        Event::RenewalCommitted { .. } => VaultEvent::RenewalCommitted,
        Event::TokenAsked { .. } => VaultEvent::TokenAsked,
        Event::TokenAnswered { .. } => VaultEvent::TokenAnswered,
        Event::LogoutAsked { .. } => VaultEvent::LogoutAsked,
        Event::DeadlineReached => VaultEvent::DeadlineReached,
    }
}
