//! One turn of the vault object: one step, then its effects in order, with a crash between any two of them.

use crate::shared::Shared;

use everlit_core::id::{CallerId, RequestId};
use everlit_core::law::{Broken, Law, VaultWatch};
use everlit_core::vault::{
    Answer, Blast, Effect, Effects, Event, Live, Outbox, Phase, ReauthReason, Row, TokenAnswer, Vault,
};

use crate::flaw::Flaw;
use crate::moves::Crash;
use crate::server::Token;
use crate::world::{Post, Setup, Step, World, number};

/// What a turn does after the step, in its order.
#[derive(Clone, Copy, Debug)]
enum Stage<'a> {
    /// Rows and alarm: one transaction.
    Rows,
    /// A request leaves.
    Send(&'a Effect),
    /// A caller is answered.
    Answer(CallerId, &'a Answer),
}

/// A turn that was cut short: after how many of its stages, and how.
pub type Cut = Option<(usize, Crash)>;

/// A law that is broken.
pub const fn broken(law: Law, what: &'static str) -> Broken {
    Broken { law, what }
}

impl World {
    /// The vault takes an event. Every way in which that can end goes to `emit`.
    pub fn turn(self, setup: &Setup, event: &Event, emit: &mut dyn FnMut(Cut, Result<Self, Broken>)) {
        let before = self.stepping(event);
        let mut after = Vault::clone(&before);
        let mut effects = if setup.is(Flaw::DeadlineIgnored) && *event == Event::DeadlineReached {
            [].into_iter().collect()
        } else {
            after.step(self.moment(), event.clone())
        };
        if let Some(flaw) = setup.flaw {
            spoil(flaw, setup, &self, event, &before, &mut after, &mut effects);
        }
        let mut watch = VaultWatch::clone(&self.watch);
        let lawful = watch
            .check(self.moment(), &before, event, &effects, &after)
            .and_then(|()| self.nothing_good_is_given_up(setup, &before, &after));
        if let Err(broken) = lawful {
            return emit(None, Err(broken));
        }
        let stages = stages(setup, &before, &after, &effects);
        let (after, watch) = (Shared::new(after), Shared::new(watch));
        let mut world = self;
        for (done, stage) in stages.iter().enumerate() {
            if world.budget.crashes > 0 {
                for crash in Crash::ALL {
                    emit(Some((done, crash)), Ok(world.crashed(setup, crash)));
                }
            }
            world.watch = watch.clone();
            if let Err(broken) = world.stage(setup, &after, *stage) {
                return emit(None, Err(broken));
            }
        }
        world.watch = watch;
        world.alarm = after.next_alarm().filter(|_| !setup.is(Flaw::NoAlarm));
        world.vault = after;
        emit(None, Ok(world));
    }

    /// Object or process go down; rows and what has left stay.
    #[must_use]
    pub fn crashed(&self, setup: &Setup, crash: Crash) -> Self {
        let mut world = self.clone();
        world.budget.crashes = world.budget.crashes.saturating_sub(1);
        world.vault = Shared::new(Vault::load(setup.policy(), Row::clone(&world.row)));
        for tab in &mut world.tabs {
            // Its request fails, and it may ask again.
            tab.waits_for = None;
        }
        for post in &self.posts {
            world.is_lost(*post);
        }
        // Nobody is there any more for whom an answer could be meant.
        world.posts.retain(|post| match post {
            Post::Rotate { .. } | Post::Close { .. } | Post::Revoke { .. } => crash == Crash::Object,
            Post::Told { .. } | Post::Closed { .. } | Post::Revoked { .. } => false,
        });
        for post in &mut world.posts {
            if let Post::Rotate { heard, .. } = post {
                *heard = false;
            }
        }
        for at in (0..world.rotators.len()).rev() {
            if crash == Crash::Process {
                world.rotator_dies(at);
            }
        }
        world.rotators.retain(|rotator| !matches!(rotator.step, Step::Kept(_)));
        for rotator in &mut world.rotators {
            rotator.heard = false;
        }
        world.posts.sort_unstable();
        world.rotators.sort_unstable();
        world
    }

    /// The instance that takes an event: the one there is, or, where that is the mistake, one that was left behind.
    fn stepping(&self, event: &Event) -> Shared<Vault> {
        let stale = self.stale.as_ref().filter(|stale| match (event, stale.phase()) {
            (Event::TokenAnswered { request, .. }, Phase::Live(live)) => {
                live.intent.is_some_and(|intent| intent.request == *request)
            }
            _ => false,
        });
        stale.unwrap_or(&self.vault).clone()
    }

    fn stage(&mut self, setup: &Setup, after: &Shared<Vault>, stage: Stage<'_>) -> Result<(), Broken> {
        match stage {
            Stage::Rows => self.write(setup, after),
            Stage::Send(effect) => self.send(setup, after, effect),
            Stage::Answer(caller, answer) => self.answer(caller, answer),
        }
    }

    fn write(&mut self, setup: &Setup, after: &Vault) -> Result<(), Broken> {
        let row = after.row();
        let is_over = |row: &Row| matches!(row.status, everlit_core::vault::Status::Ended(_));
        if is_over(&self.row) && !is_over(&row) {
            return Err(broken(Law::LogoutIsFinal, "a row of a session that was over was written over"));
        }
        if row.stamp < self.row.stamp {
            return Err(broken(Law::NewestWins, "a row was written over a newer one"));
        }
        if let (Some(old), Some(new)) = (&self.row.refresh_token, &row.refresh_token) {
            if number(new) < number(old) {
                return Err(broken(
                    Law::NewestWins,
                    "a refresh token was written over one that was issued later",
                ));
            }
            // What was lost of this grant was found again, unless a repetition is under way because of it.
            let same = self.server.family(number(new)) == self.server.family(number(old));
            if same && number(new) > number(old) && row.orphan.is_none() {
                let family = self.server.family(number(new));
                let other = |lost: &Token| self.server.family(*lost).is_some_and(|of| Some(of) != family);
                self.truth.lost.retain(other);
            }
        }
        self.row = Shared::new(row);
        self.alarm = after.next_alarm().filter(|_| !setup.is(Flaw::NoAlarm));
        Ok(())
    }

    fn send(&mut self, setup: &Setup, after: &Shared<Vault>, effect: &Effect) -> Result<(), Broken> {
        match effect {
            Effect::RequestToken { request, refresh_token, send_by, .. } => {
                if !self.knows_of(*request) {
                    return Err(broken(
                        Law::DurableBeforeVisible,
                        "a token request left whose intent is not written",
                    ));
                }
                let token = number(refresh_token);
                self.post(Post::Rotate { request: *request, token, send_by: *send_by, heard: true });
                if setup.flaw.is_some_and(Flaw::leaves_an_instance_behind) && self.stale.is_none() {
                    self.stale = Some(after.clone());
                }
            }
            Effect::CloseEscrow { request } => self.post(Post::Close { request: *request }),
            Effect::Revoke { errand, refresh_token } => {
                self.post(Post::Revoke { errand: *errand, token: number(refresh_token) });
            }
            Effect::Persist
            | Effect::Forget
            | Effect::EraseEscrow
            | Effect::EndLink { .. }
            | Effect::Answer { .. }
            | Effect::Report(_)
            | Effect::AbandonRevocation { .. } => {}
        }
        Ok(())
    }

    /// Whether the row knows of this token request.
    fn knows_of(&self, request: RequestId) -> bool {
        self.row.next_request > request
    }

    fn answer(&mut self, caller: CallerId, answer: &Answer) -> Result<(), Broken> {
        let is_over = self.is_over();
        let Some(tab) = self.tabs.iter_mut().find(|tab| tab.waits_for == Some(caller)) else { return Ok(()) };
        match answer {
            Answer::Current(current) => {
                if is_over {
                    return Err(broken(
                        Law::LogoutIsFinal,
                        "a token was given out after the end was written",
                    ));
                }
                let row = &self.row;
                let paired = row.access_token.as_ref() == Some(&current.access_token);
                if current.stamp > row.stamp || current.stamp == row.stamp && !paired {
                    return Err(broken(
                        Law::DurableBeforeVisible,
                        "a caller was told of a token that is not in the row",
                    ));
                }
                if current.stamp.generation < tab.holds {
                    return Err(broken(
                        Law::NewestWins,
                        "a caller was given an older token than the one it holds",
                    ));
                }
                tab.holds = current.stamp.generation;
            }
            Answer::Ended(_) | Answer::LoggedOut if !is_over => {
                return Err(broken(
                    Law::DurableBeforeVisible,
                    "a caller was told of an end that is not written",
                ));
            }
            Answer::Ended(_)
            | Answer::LoggedOut
            | Answer::RetryAfter(_)
            | Answer::Unobtainable
            | Answer::ReauthRequired(_) => {}
        }
        tab.waits_for = None;
        Ok(())
    }

    /// A grant is not given up while the server would still take the refresh token, unless to find out could cost others.
    fn nothing_good_is_given_up(&self, setup: &Setup, before: &Vault, after: &Vault) -> Result<(), Broken> {
        let (Phase::Live(live), Phase::ReauthRequired(waiting)) = (before.phase(), after.phase()) else {
            return Ok(());
        };
        let careful =
            waiting.reason == ReauthReason::Ambiguous && setup.kind.profile().blast == Blast::ClientAndUser;
        let good = live.refresh_token.as_ref().map(number);
        let good = good
            .is_some_and(|held| self.server.clone().present(setup.kind, held, self.now).granted.is_some());
        if good && !careful {
            return Err(broken(Law::OnlyTerminalEnds, "a grant was given up that the server still knows"));
        }
        Ok(())
    }
}

fn stages<'a>(setup: &Setup, before: &Vault, after: &Vault, effects: &'a Effects) -> Vec<Stage<'a>> {
    let unwritten = setup.is(Flaw::CommitNotWritten) && before.stamp() < after.stamp();
    let (mut rows, mut sends, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::Persist | Effect::Forget => {
                if rows.is_empty() && !unwritten {
                    rows.push(Stage::Rows);
                }
            }
            Effect::RequestToken { .. }
            | Effect::CloseEscrow { .. }
            | Effect::Revoke { .. }
            | Effect::EndLink { .. }
            | Effect::EraseEscrow => sends.push(Stage::Send(effect)),
            Effect::Answer { caller, answer } => answers.push(Stage::Answer(*caller, answer)),
            Effect::Report(_) | Effect::AbandonRevocation { .. } => {}
        }
    }
    match setup.flaw {
        Some(Flaw::SentBeforeWritten) => [sends, rows, answers].concat(),
        Some(Flaw::AnsweredBeforeWritten) => [answers, rows, sends].concat(),
        _ => [rows, sends, answers].concat(),
    }
}

/// A vault that is wrong: what it decided is changed.
fn spoil(
    flaw: Flaw,
    setup: &Setup,
    world: &World,
    event: &Event,
    before: &Vault,
    after: &mut Vault,
    effects: &mut Effects,
) {
    let reload = |row: Row| Vault::load(setup.policy(), row);
    let ends = matches!((before.phase(), after.phase()), (Phase::Live(_), Phase::Ended(_)));
    let rotates = before.stamp() < after.stamp();
    if flaw == Flaw::OrphanForgotten && ends {
        *after = reload(Row { orphan: None, ..after.row() });
    }
    if flaw == Flaw::NothingRevoked && ends {
        *after = reload(Row { outbox: Outbox::default(), ..after.row() });
        *effects =
            effects.iter().filter(|effect| !matches!(effect, Effect::Revoke { .. })).cloned().collect();
    }
    if flaw == Flaw::RevokedOnce && !after.outbox().errands().is_empty() {
        *after = reload(Row { outbox: Outbox::load(Vec::new(), after.outbox().next()), ..after.row() });
    }
    if flaw == Flaw::RotationIsActivity && rotates {
        *after = reload(Row { active_at: world.now, ..after.row() });
    }
    let Event::TokenAnswered { request, answer: TokenAnswer::Granted(grant) } = event else { return };
    let Phase::Live(live) = before.phase() else { return };
    if flaw == Flaw::AnswerDropped && rotates {
        *after = reload(Row { intent: None, ..before.row() });
        *effects = [Effect::Persist].into_iter().collect();
    }
    if flaw == Flaw::LateTakesOver && *request < live.first_request {
        let Live { stamp, .. } = live;
        let access_token = Some(grant.access_token.clone());
        let refresh_token = grant.refresh_token.clone();
        *after = reload(Row { stamp: stamp.rotated(), access_token, refresh_token, ..before.row() });
        *effects = [Effect::Persist].into_iter().collect();
    }
}
