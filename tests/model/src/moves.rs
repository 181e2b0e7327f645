//! Everything that can happen next.

use everlit_core::escrow::Entry;
use everlit_core::id::{CallerId, RequestId, RotatorId};
use everlit_core::law::Broken;
use everlit_core::retry::Failure;
use everlit_core::time::Timestamp;
use everlit_core::vault::{Ask, AskReason, Event, RevocationAnswer, Revoker};

use crate::flaw::Flaw;
use crate::names::USELESS;
use crate::turn::Cut;
use crate::world::{Place, Post, Reply, Rotator, Setup, Step, World, login, number, stamp};

/// What goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Crash {
    /// The vault object alone: rotators and messages go on.
    Object,
    /// Its whole process: rotators too. What has left it is under way still.
    Process,
}

impl Crash {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Object, Self::Process];
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A tab asks for the token, with what it holds.
    Ask(usize, AskReason),
    /// A tab logs out.
    Logout(usize),
    /// Back-channel logout; the server has ended the grant before, or has not.
    BackChannel(bool),
    /// The server ends the grant and says nothing.
    ServerEnds,
    /// The user logs in again.
    LogIn,
    /// Nothing, until then.
    Wait(Timestamp),
    /// Alarm or timer.
    Deadline,
    /// A message arrives.
    Deliver(Post),
    /// A message arrives, and will once more.
    DeliverTwice(Post),
    /// A message is lost.
    Lose(Post),
    /// A message is lost, and its sender is told at once.
    Break(Post),
    /// An internal request comes after its time, and is not sent.
    Expire(Post),
    /// The answer of the escrow to a claim is lost.
    LoseClaim(Post),
    /// The rotator that did not hear it claims again.
    ClaimAgain(RequestId),
    /// A rotator that claimed knows that it will not send, and says so.
    Refrain(RequestId),
    /// A claimed request leaves.
    Depart(RequestId),
    /// The server carries a request out.
    Serve(RequestId),
    /// The server fails; in the second case after it has carried the request out.
    Fail(RequestId, Failure, bool),
    /// The server carries it out, and the answer cannot be read.
    Garble(RequestId),
    /// The connection breaks; in the second case after the server has carried the request out.
    Sever(RequestId, bool),
    /// The request waited long enough.
    Abort(RequestId),
    /// A rotator dies.
    Die(RequestId),
    /// The answer is put into the escrow.
    Keep(RequestId),
    /// The escrow cannot be reached, and the vault is told all the same.
    KeepNot(RequestId),
    /// The vault is told.
    Tell(RequestId),
    /// A request whose sender is gone never arrives.
    Vanish(RequestId),
    /// Object or process go down between two turns.
    Crash(Crash),
}

/// What happened, and where its turn was cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What.
    pub step: Move,
    /// After so many of its stages.
    pub cut: Cut,
}

/// Where every next world goes.
pub type Emit<'a> = &'a mut dyn FnMut(Action, Result<World, Broken>);

impl World {
    /// Every next world, with what led to it.
    pub fn successors(&self, setup: &Setup, emit: Emit<'_>) {
        let mut settled = |action: Action, outcome: Result<Self, Broken>| {
            let outcome = outcome.and_then(|mut world| {
                world.settle_down(setup);
                world.lawful(setup).map(|()| world)
            });
            emit(action, outcome);
        };
        self.clock(setup, &mut settled);
        self.people(setup, &mut settled);
        for (at, post) in self.posts.iter().enumerate() {
            // Two that are the same lead to the same.
            if at == 0 || self.posts.get(at - 1) != Some(post) {
                self.message(setup, *post, &mut settled);
            }
        }
        for at in 0..self.rotators.len() {
            self.rotator(setup, at, &mut settled);
        }
        if self.budget.crashes > 0 {
            for crash in Crash::ALL {
                settled(plain(Move::Crash(crash)), Ok(self.crashed(setup, crash)));
            }
        }
    }

    fn clock(&self, setup: &Setup, emit: Emit<'_>) {
        if self.deadline_is_due() {
            self.clone().happens(setup, Move::Deadline, &Event::DeadlineReached, emit);
        }
        if let Some(later) = self.next_tick(setup) {
            let mut world = self.clone();
            world.now = later;
            emit(plain(Move::Wait(later)), Ok(world));
        }
    }

    fn people(&self, setup: &Setup, emit: Emit<'_>) {
        let rotates = self.row.stamp.generation.0 <= setup.bound.rotations;
        for (at, tab) in self.tabs.iter().enumerate() {
            if rotates && tab.waits_for.is_none() && !self.has_twin(at) {
                for reason in [AskReason::Deadline, AskReason::Unauthorized, AskReason::Forced] {
                    let mut world = self.clone();
                    let caller = world.call(at);
                    let ask =
                        Ask { op: None, stamp: Some(stamp(tab.holds)), reason, aim: None, active_ago: None };
                    let event = Event::TokenAsked { caller, ask };
                    world.happens(setup, Move::Ask(at, reason), &event, emit);
                }
            }
        }
        if self.budget.endings == 0 || self.is_over() {
            return;
        }
        let mut spent = self.clone();
        spent.budget.endings -= 1;
        for at in (0..self.tabs.len()).filter(|at| !self.has_twin(*at)) {
            let mut world = spent.clone();
            let event = Event::LogoutAsked { caller: world.call(at) };
            world.happens(setup, Move::Logout(at), &event, emit);
        }
        let mut ended = spent.clone();
        let newest = self.server.newest_family();
        ended.server.end(newest);
        ended.truth.revoked = true;
        // No grant is shared here: it is revoked whether or not others go on.
        let event =
            |others_go_on| Event::RevokeAsked { caller: CallerId(0), by: Revoker::BackChannel, others_go_on };
        spent.clone().happens(setup, Move::BackChannel(false), &event(true), emit);
        ended.clone().happens(setup, Move::BackChannel(true), &event(false), emit);
        emit(plain(Move::ServerEnds), Ok(ended));
        let token = spent.server.log_in();
        // From here on the newest grant is another.
        spent.truth.lost.retain(|lost| *lost != USELESS);
        let event = Event::RenewalCommitted { caller: CallerId(0), login: login(1, token), silent: false };
        spent.turn(setup, &event, &mut |cut, outcome| {
            // A login that came to nothing is no login: its callback is repeated, or it lapses.
            if cut.is_none_or(|(done, _)| done != 0) {
                emit(Action { step: Move::LogIn, cut }, outcome);
            }
        });
    }

    /// Tabs are in order: whatever the one before can do, this one can.
    fn has_twin(&self, at: usize) -> bool {
        at > 0 && self.tabs.get(at - 1) == self.tabs.get(at)
    }

    /// The vault is stepped.
    fn happens(self, setup: &Setup, step: Move, event: &Event, emit: Emit<'_>) {
        self.turn(setup, event, &mut |cut, outcome| emit(Action { step, cut }, outcome));
    }

    fn message(&self, setup: &Setup, post: Post, emit: Emit<'_>) {
        let mut without = self.clone();
        without.take(post);
        without.clone().deliver(setup, Move::Deliver(post), post, emit);
        if self.budget.twice > 0 {
            let mut again = self.clone();
            again.budget.twice -= 1;
            again.deliver(setup, Move::DeliverTwice(post), post, emit);
        }
        if self.budget.faults > 0 {
            without.budget.faults -= 1;
            without.is_lost(post);
            without.clone().breaks(setup, post, emit);
            emit(plain(Move::Lose(post)), Ok(without));
        }
    }

    /// A message arrives.
    fn deliver(mut self, setup: &Setup, step: Move, post: Post, emit: Emit<'_>) {
        let event = match post {
            Post::Rotate { .. } => {
                self.begins(setup, step, post, Step::Claimed);
                return emit(plain(step), Ok(self));
            }
            Post::Close { request } => {
                let place = self.close(setup, request);
                self.post(Post::Closed { request, place });
                return emit(plain(step), Ok(self));
            }
            Post::Revoke { errand, token } => {
                self.server.revoke(setup.kind, token);
                self.post(Post::Revoked { errand, settled: true });
                return emit(plain(step), Ok(self));
            }
            Post::Told { request, reply, .. } => Event::TokenAnswered { request, answer: reply.told(setup) },
            Post::Closed { request, place } => Event::EscrowAnswered { request, closed: place.told(setup) },
            Post::Revoked { errand, settled: true } => {
                Event::RevocationAnswered { errand, answer: RevocationAnswer::Settled }
            }
            Post::Revoked { errand, settled: false } => {
                Event::RevocationAnswered { errand, answer: RevocationAnswer::Retry { retry_after: None } }
            }
        };
        self.turn(setup, &event, &mut |cut, outcome| {
            let outcome = outcome.map(|mut world| {
                if cut.is_some() {
                    world.is_lost(post);
                }
                world
            });
            emit(Action { step, cut }, outcome);
        });
    }

    /// A rotator claims what it is to send. True if it may.
    fn begins(&mut self, setup: &Setup, step: Move, post: Post, won: Step) -> bool {
        let Post::Rotate { request, token, send_by, heard } = post else { return false };
        // Of two deliveries each has a rotator of its own.
        let is_first = u64::from(matches!(step, Move::DeliverTwice(_)));
        let by = RotatorId(u64::from(self.budget.twice).saturating_add(is_first));
        let may = setup.is(Flaw::NoClaim) || self.claims(setup, request, by);
        if may {
            let claimed_at = self.now;
            let rotator = Rotator { request, by, token, claimed_at, send_by, step: won, alive: true, heard };
            self.rotators.push(rotator);
            self.rotators.sort_unstable();
        } else {
            self.tell(heard, request, Reply::Unheard, self.now);
        }
        may
    }

    /// A message is lost, and its sender knows.
    fn breaks(mut self, setup: &Setup, post: Post, emit: Emit<'_>) {
        match post {
            Post::Rotate { request, heard, .. } => {
                let mut claimed = self.clone();
                let lost = Move::LoseClaim(post);
                if !setup.is(Flaw::NoClaim) && claimed.begins(setup, lost, post, Step::Claiming) {
                    emit(plain(lost), Ok(claimed));
                }
                let mut late = self.clone();
                late.tell(heard, request, Reply::Unsent, self.now);
                emit(plain(Move::Expire(post)), Ok(late));
                self.tell(heard, request, Reply::Unheard, self.now);
            }
            Post::Told { reply: Reply::Unheard, .. } => return,
            Post::Told { request, .. } => self.tell(true, request, Reply::Unheard, self.now),
            Post::Close { request } => self.post(Post::Closed { request, place: Place::Unknown }),
            Post::Revoke { errand, .. } => self.post(Post::Revoked { errand, settled: false }),
            Post::Closed { .. } | Post::Revoked { .. } => return,
        }
        emit(plain(Move::Break(post)), Ok(self));
    }

    /// With a message goes the token it carries, unless somebody else has it.
    pub fn is_lost(&mut self, post: Post) {
        let Post::Told { reply: Reply::Granted { token, sent_along: true }, .. } = post else { return };
        let kept = matches!(self.escrow.entry(), Some((_, Entry::Answered { answer: Reply::Granted { token: kept, .. }, .. })) if *kept == token);
        let written = self.row.refresh_token.as_ref().is_some_and(|held| number(held) >= token);
        if !kept && !written {
            self.truth.lost.push(token);
        }
    }
}

/// What happened in one piece.
pub const fn plain(step: Move) -> Action {
    Action { step, cut: None }
}
