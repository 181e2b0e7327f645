//! The Worker: it drives one vault per login, by the rules of an object whose rows survive and whose memory does not.
//!
//! A turn is one event: the vault steps, its row is written and its alarm armed, then requests leave, then callers are
//! answered. A crash before the rows undoes the turn; a crash after them loses everything else. Rotators and escrows are
//! processes of their own.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use everlit_core::escrow::Escrow;
use everlit_core::id::{CallerId, RequestId};
use everlit_core::law::VaultWatch;
use everlit_core::secret::RefreshToken;
use everlit_core::tab;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{
    Answer, CHECKUP, Effect, EndReason, ErrandId, Event, Granted, Login, News, Outcome, Policy,
    RevocationAnswer, Revoker, Row, Status,
};
use everlit_core::{Epoch, Stamp};

use crate::authorization_server::AuthorizationServer;
use crate::clock::true_wall;
use crate::front::{Caller, hang_up};
use crate::happening::{Happening, Revocation};
use crate::machine::VaultMachine;
use crate::network::{Freight, Link};
use crate::plan::{Flaw, Plan};
use crate::rotator::{Job, Kept, Order, unheard};
use crate::stage::Stage;
use crate::telling::{brings_tokens, count_end, count_outcome, kind_of};
use crate::trace::Line;

/// One object: a row, and the machine that was loaded from it; and the escrow that goes with it.
pub(crate) struct Object {
    pub(crate) row: Row,
    /// The row before the last write, for a storage that forgets.
    row_before: Row,
    pub(crate) machine: Box<dyn VaultMachine>,
    watch: VaultWatch,
    /// How often it was started.
    incarnation: u32,
    /// How far the clock of its host is ahead of the truth, in milliseconds.
    ahead: i64,
    pub(crate) callers: BTreeMap<CallerId, Caller>,
    /// Of which grants the tokens are that it had revoked.
    errands: BTreeMap<ErrandId, usize>,
    timer: Arming,
    alarm: Arming,
    pub(crate) escrow: Escrow<Kept>,
}

/// One of an object's two clocks.
#[derive(Clone, Copy, Debug, Default)]
struct Arming {
    /// Which arming this is: an older one is void.
    arm: u64,
    /// When it goes off, by the clock of the host.
    at: Option<Timestamp>,
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
    pub(crate) flaw: Option<Flaw>,
    /// Whether silent re-logins may go through a frame.
    pub(crate) frames: bool,
    pub(crate) objects: Vec<Object>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) next_job: u64,
    last_epoch: Epoch,
    pub(crate) next_caller: u64,
    /// How many turns of a vault in a thousand crash.
    pub crashes: u32,
    /// How many turns of an escrow in a thousand crash.
    pub escrow_crashes: u32,
    /// How many steps of a rotator in a thousand are its last.
    pub deaths: u32,
    /// How far the clock of rotators and escrows is ahead of the truth, in milliseconds.
    pub escrow_ahead: i64,
}

impl Worker {
    /// A Worker as planned, without a session.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            policy: plan.policy,
            load: plan.cast.vault,
            flaw: plan.flaw,
            frames: plan.frames,
            objects: Vec::new(),
            jobs: Vec::new(),
            next_job: 0,
            last_epoch: Epoch(0),
            next_caller: 0,
            crashes: 0,
            escrow_crashes: 0,
            deaths: 0,
            escrow_ahead: 0,
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

    /// Whether an object still has something to find out or to revoke.
    #[must_use]
    pub fn has_errands(&self, object: usize) -> bool {
        self.objects.get(object).is_some_and(|object| {
            let vault = object.machine.vault();
            vault.orphan().is_some() || !vault.outbox().errands().is_empty()
        })
    }

    /// Whether an object still lives the life in which it asked for something.
    pub(crate) fn lives(&self, object: usize, incarnation: u32) -> bool {
        self.objects.get(object).is_some_and(|object| object.incarnation == incarnation)
    }

    /// What the clock of an object shows.
    pub(crate) fn wall(&self, stage: &Stage, object: usize) -> Timestamp {
        stage.edge_wall(self.objects.get(object).map_or(0, |object| object.ahead))
    }

    /// The first word on a new event socket.
    pub(crate) fn missed(&self, stage: &Stage, object: usize) -> Option<(tab::News, Stamp)> {
        let vault = self.objects.get(object)?.machine.vault();
        vault.missed(self.wall(stage, object)).map(notice)
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
        let epoch = self.next_epoch(stage);
        let object = self.objects.len();
        self.objects.push(Object {
            row: Row::default(),
            row_before: Row::default(),
            machine: (self.load)(self.policy, Row::default()),
            watch: VaultWatch::new(self.policy),
            incarnation: 0,
            ahead: 0,
            callers: BTreeMap::new(),
            errands: BTreeMap::new(),
            timer: Arming::default(),
            alarm: Arming::default(),
            escrow: Escrow::default(),
        });
        stage.laws.session_began(epoch, number);
        stage.tally.sessions = stage.tally.sessions.saturating_add(1);
        let login = Login { epoch, grant };
        self.turn_without_crash(stage, server, object, Event::LoginCommitted(login.clone()));
        (object, login)
    }

    fn next_epoch(&mut self, stage: &Stage) -> Epoch {
        let wall = true_wall(stage.now).as_millis();
        self.last_epoch = Epoch(wall.max(self.last_epoch.0.saturating_add(1)));
        self.last_epoch
    }

    /// A callback brought tokens for the user of a session that there is already. False if that session is over.
    pub fn renew(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        number: usize,
        grant: Granted,
        silent: bool,
    ) -> bool {
        let wall = self.wall(stage, object);
        let before = self.objects.get(object).filter(|object| {
            matches!(object.machine.vault().peek(wall), Answer::Current(_) | Answer::ReauthRequired(_))
        });
        let Some(held) = before.map(|object| object.row.status == Status::Live) else { return false };
        let replaced = held && !self.policy.shared_grant;
        stage.laws.session_renewed(stage.now, object, number, replaced);
        // Nobody waits for the answer under this name: the page that follows asks for itself.
        let caller = CallerId(u64::MAX);
        let login = Login { epoch: self.next_epoch(stage), grant };
        self.turn_without_crash(stage, server, object, Event::RenewalCommitted { caller, login, silent });
        true
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

    /// Somebody ends a session from elsewhere, and asks until it is done.
    pub fn end(&mut self, stage: &mut Stage, server: &AuthorizationServer, object: usize, by: Revoker) {
        let others_go_on = by != Revoker::Admin;
        let wall = self.wall(stage, object);
        let is_open = self.objects.get(object).is_some_and(|object| {
            matches!(object.machine.vault().peek(wall), Answer::Current(_) | Answer::ReauthRequired(_))
        });
        if is_open && others_go_on && self.policy.shared_grant {
            stage.laws.revocation_abandoned(object, None);
        }
        let event = Event::RevokeAsked { caller: CallerId(u64::MAX), by, others_go_on };
        self.turn_without_crash(stage, server, object, event);
    }

    /// A callback brought the news that the authorization server wants to see the user.
    pub fn silent_refused(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        top_level: bool,
    ) {
        let event = Event::SilentRefused { caller: CallerId(u64::MAX), top_level };
        self.turn_without_crash(stage, server, object, event);
    }

    /// An answer to a revocation arrives.
    pub fn revoked(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        Revocation { object, incarnation, errand }: Revocation,
        answer: RevocationAnswer,
    ) {
        if self.lives(object, incarnation) {
            self.turn(stage, server, object, Event::RevocationAnswered { errand, answer });
        }
    }

    /// The timer or the alarm of an object goes off.
    pub fn deadline(&mut self, stage: &mut Stage, server: &AuthorizationServer, object: usize, armed: Armed) {
        let Some(acting) = self.objects.get_mut(object) else { return };
        let due = match armed {
            Armed::Timer(arm) => acting.timer.arm == arm,
            // At least once: the alarm that was just handled may come again.
            Armed::Alarm(arm) => acting.alarm.arm.wrapping_sub(arm) <= 1,
        };
        if !due {
            return;
        }
        match armed {
            Armed::Timer(_) => acting.timer.at = None,
            Armed::Alarm(_) => acting.alarm.at = None,
        }
        self.turn(stage, server, object, Event::DeadlineReached);
        self.arm_alarm(stage, object);
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
        restarted.timer = Arming { arm: restarted.timer.arm.wrapping_add(1), at: None };
        stage.tally.restarts = stage.tally.restarts.saturating_add(1);
        stage.note(Line::Restarted { object });
        stage.laws.loaded(object, &restarted.row);
        for (_, caller) in core::mem::take(&mut restarted.callers) {
            hang_up(stage, caller.sender);
        }
    }

    /// The clock of an object's host is set, or the object moves to another host.
    pub fn set_clock(&mut self, stage: &mut Stage, object: usize, ahead: i64) {
        if let Some(object) = self.objects.get_mut(object) {
            object.ahead = ahead;
            // What was armed keeps the time at which it was to go off, and that is another now.
            object.alarm.at = None;
        }
        self.arm_alarm(stage, object);
    }

    pub(crate) fn turn(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        event: Event,
    ) {
        let crashes = self.crashes > 0 && stage.chance.permille(self.crashes);
        let crash =
            crashes.then(|| if stage.chance.permille(500) { Crash::BeforeRows } else { Crash::AfterRows });
        let Some(acting) = self.objects.get_mut(object) else { return };
        let now = stage.edge_moment(acting.ahead);
        let watch_before = (crash == Some(Crash::BeforeRows)).then(|| acting.watch.clone());
        let before = acting.machine.vault().clone();
        let (kind, granted) = (kind_of(&event), brings_tokens(&event));
        let checked = event.clone();
        let effects = acting.machine.step(now, event);
        stage.tally.steps = stage.tally.steps.saturating_add(1);
        let verdict = acting.watch.check(now, &before, &checked, &effects, acting.machine.vault());
        stage.laws.core(verdict);
        if let Some(watch) = watch_before {
            acting.watch = watch;
            self.restart(stage, object);
            return;
        }
        // Rows first.
        let was = acting.row.status;
        let mut written = false;
        for effect in &effects {
            match effect {
                Effect::Persist if !written => {
                    let known = acting.machine.vault().row();
                    acting.row_before = core::mem::replace(&mut acting.row, known);
                    written = true;
                }
                Effect::Forget => {
                    acting.row = Row::default();
                    written = true;
                }
                Effect::Persist
                | Effect::RequestToken { .. }
                | Effect::CloseEscrow { .. }
                | Effect::EraseEscrow
                | Effect::Revoke { .. }
                | Effect::EndLink { .. }
                | Effect::AbandonRevocation { .. }
                | Effect::Answer { .. }
                | Effect::Report(_) => {}
            }
        }
        let (status, stamp) = (acting.row.status, acting.row.stamp);
        let told = acting.machine.vault().standing().news_since(before.standing()).map(notice);
        stage.note(Line::Vault { object, event: kind, status, stamp });
        let vault = acting.machine.vault();
        if written || *vault != before {
            stage.laws.committed(stage.now, object, vault.row() == acting.row, &acting.row);
        }
        let by_limit = matches!(status, Status::Ended(EndReason::IdleLimit | EndReason::AbsoluteLimit));
        if by_limit && self.policy.shared_grant {
            // It is left to those who may share it.
            stage.laws.revocation_abandoned(object, None);
        }
        if let (Status::Ended(_), false) = (status, matches!(was, Status::Ended(_))) {
            count_end(stage, &checked);
        }
        if let Some(request) = granted {
            stage.laws.successor_heard(object, request);
        }
        if written {
            self.arm_alarm(stage, object);
        }
        // What leaves comes after, and is lost if the object crashes now.
        if let (Some((news, stamp)), None) = (told, crash) {
            stage.send(Link::FromWorker, Freight::Socket, Happening::News { object, news, stamp }, None);
        }
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
        if let Effect::Revoke { errand, refresh_token } = &effect
            && let Some(object) = self.objects.get_mut(object)
            && let Some(grant) = server.grant_of(refresh_token)
        {
            object.errands.insert(*errand, grant);
        }
        match effect {
            // No session of this world has further accounts.
            Effect::Persist | Effect::Forget | Effect::EndLink { .. } => {}
            // These are log lines: told even by a turn that crashes, because they are counted in the row.
            Effect::Report(outcome) => {
                stage.note(Line::Outcome { object, outcome });
                count_outcome(stage, outcome);
                stage.laws.outcome(object, outcome, &self.policy.grace);
                if outcome == Outcome::AmbiguousRelogin && self.policy.shared_grant {
                    stage.laws.revocation_abandoned(object, None);
                }
            }
            Effect::AbandonRevocation { errand } => {
                let grant = self.objects.get(object).and_then(|object| object.errands.get(&errand));
                stage.laws.revocation_abandoned(object, grant.copied());
            }
            Effect::RequestToken { .. }
            | Effect::CloseEscrow { .. }
            | Effect::EraseEscrow
            | Effect::Revoke { .. }
            | Effect::Answer { .. }
                if crashed => {}
            Effect::RequestToken { request, refresh_token, send_by, abort_after, aim: _ } => {
                self.order(stage, object, request, refresh_token, send_by, abort_after);
            }
            Effect::CloseEscrow { request } => self.ask_escrow(stage, object, request, false),
            Effect::EraseEscrow => self.ask_escrow(stage, object, RequestId::default(), true),
            Effect::Revoke { errand, refresh_token } => {
                let Some(incarnation) = self.objects.get(object).map(|object| object.incarnation) else {
                    return;
                };
                let to = Revocation { object, incarnation, errand };
                if self.flaw == Some(Flaw::RevokesNothing) {
                    stage.plan_soon(Happening::Revoked(to, RevocationAnswer::Settled));
                    return;
                }
                let broken = Happening::Revoked(to, RevocationAnswer::Retry { retry_after: None });
                let arrives = Happening::Revocation(to, refresh_token);
                stage.send(Link::ToServer, Freight::Revoke, arrives, Some(broken));
            }
            Effect::Answer { caller, answer } => {
                if let Some(caller) =
                    self.objects.get_mut(object).and_then(|object| object.callers.remove(&caller))
                {
                    self.answer(stage, server, object, caller, answer);
                }
            }
        }
    }

    fn order(
        &self,
        stage: &mut Stage,
        object: usize,
        request: RequestId,
        refresh_token: RefreshToken,
        send_by: Timestamp,
        abort_after: Millis,
    ) {
        let Some(incarnation) = self.objects.get(object).map(|object| object.incarnation) else { return };
        let order = Order { object, incarnation, request, refresh_token, abort_after, send_by };
        let broken = unheard(stage.now, &order);
        stage.send(Link::ToRotator, Freight::Order, Happening::ToRotator(order), Some(broken));
    }

    fn ask_escrow(&self, stage: &mut Stage, object: usize, request: RequestId, erase: bool) {
        let Some(incarnation) = self.objects.get(object).map(|object| object.incarnation) else { return };
        let question = if erase {
            crate::escrow::Question::Erase { incarnation }
        } else {
            crate::escrow::Question::Close { incarnation }
        };
        crate::escrow::ask(stage, object, request, question);
    }

    /// Arms the alarm if it is due earlier than what is armed. One that rings early is armed anew.
    fn arm_alarm(&mut self, stage: &mut Stage, object: usize) {
        let Some(armed) = self.objects.get_mut(object) else { return };
        let wall = stage.edge_wall(armed.ahead);
        let Some(wanted) = armed.machine.vault().next_alarm() else { return };
        let at = wanted.min(wall.after(CHECKUP));
        if armed.alarm.at.is_some_and(|armed| armed <= at) {
            return;
        }
        armed.alarm = Arming { arm: armed.alarm.arm.wrapping_add(1), at: Some(at) };
        let happening = Happening::VaultAlarm { object, arm: armed.alarm.arm };
        let wait = wall.until(at).plus(stage.chance.between(0, 100));
        // Alarms go off at least once.
        if stage.chance.permille(20) {
            stage.plan(wait.plus(Millis::from_millis(700)), happening.clone());
        }
        stage.plan(wait, happening);
    }

    fn arm_timer(&mut self, stage: &mut Stage, object: usize) {
        let Some(armed) = self.objects.get_mut(object) else { return };
        let vault = armed.machine.vault();
        let alarm = vault.next_alarm();
        let wanted = vault.next_deadline().filter(|at| alarm.is_none_or(|alarm| *at < alarm));
        if armed.timer.at == wanted {
            return;
        }
        armed.timer = Arming { arm: armed.timer.arm.wrapping_add(1), at: wanted };
        if let Some(at) = wanted {
            let late = stage.chance.between(0, 100);
            let wait = stage.edge_wall(armed.ahead).until(at).plus(late);
            stage.plan(wait, Happening::VaultTimer { object, arm: armed.timer.arm });
        }
    }
}

/// What those are told who listen.
const fn notice(news: News) -> (tab::News, Stamp) {
    match news {
        News::Moved(stamp) => (tab::News::Moved, stamp),
        News::ReauthRequired(stamp) => (tab::News::ReauthRequired, stamp),
        News::Over(stamp, EndReason::Logout) => (tab::News::LoggedOut, stamp),
        News::Over(stamp, _) => (tab::News::Ended, stamp),
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
