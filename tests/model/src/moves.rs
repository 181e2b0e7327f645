//! Everything that can happen next.

use everlit_core::escrow::{Claim, Closed, Entry, Escrow};
use everlit_core::id::{CallerId, RequestId, RotatorId};
use everlit_core::law::{Broken, Law};
use everlit_core::retry::Failure;
use everlit_core::time::Timestamp;
use everlit_core::vault::{Ask, AskReason, Blast, Event, RevocationAnswer, Revoker, Verdict as MayRepeat};

use crate::flaw::Flaw;
use crate::turn::{Cut, broken};
use crate::world::{Place, Post, Reply, Rotator, Setup, Step, TOLD_WITHIN, World, login, number, stamp};

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
                    let ask = Ask { op: None, stamp: Some(stamp(tab.holds)), reason, active_ago: None };
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
        let event = Event::RevokeAsked { caller: CallerId(0), by: Revoker::BackChannel };
        spent.clone().happens(setup, Move::BackChannel(false), &event, emit);
        ended.clone().happens(setup, Move::BackChannel(true), &event, emit);
        emit(plain(Move::ServerEnds), Ok(ended));
        let token = spent.server.log_in();
        let event = Event::RenewalCommitted { caller: CallerId(0), login: login(1, token) };
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

    fn rotator(&self, setup: &Setup, at: usize, emit: Emit<'_>) {
        let Some(rotator) = self.rotators.get(at).copied() else { return };
        let request = rotator.request;
        let faulty = self.budget.faults > 0;
        let fault = || {
            let mut world = self.clone();
            world.budget.faults = world.budget.faults.saturating_sub(1);
            world
        };
        if faulty && matches!(rotator.step, Step::Claiming | Step::Claimed) {
            let refrained = fault().moved(at, Step::Answered(Reply::Unsent));
            emit(plain(Move::Refrain(request)), Ok(refrained));
        }
        match rotator.step {
            Step::Claiming => {
                let mut again = self.moved(at, Step::Claimed);
                if !again.claims(setup, request, rotator.by) {
                    again = self.clone();
                    again.rotators.remove(at);
                    again.tell(rotator.heard, request, Reply::Unheard, rotator.claimed_at);
                }
                emit(plain(Move::ClaimAgain(request)), Ok(again));
            }
            Step::Claimed => {
                let sent = self.one_at_a_time(setup, at).map(|()| {
                    let mut sent = self.moved(at, Step::Sent);
                    if let Some(rotator) = sent.rotators.iter_mut().find(|rotator| rotator.request == request)
                    {
                        // It says nothing any more.
                        rotator.send_by = Timestamp::default();
                    }
                    sent.rotators.sort_unstable();
                    sent
                });
                emit(plain(Move::Depart(request)), sent);
            }
            Step::Sent => {
                emit(plain(Move::Serve(request)), self.serve(setup, at, Ending::Answer));
                if !rotator.alive {
                    let mut world = self.clone();
                    world.rotators.remove(at);
                    emit(plain(Move::Vanish(request)), Ok(world));
                } else if faulty {
                    for failure in [Failure::Transient, Failure::Throttled, Failure::Misconfigured] {
                        let failed = fault().moved(at, Step::Answered(Reply::Failed(failure)));
                        emit(plain(Move::Fail(request, failure, false)), Ok(failed));
                    }
                    // Whoever reads every 5xx as a lost answer asks the user at every 5xx: where a reuse ends other
                    // grants too, a server is taken to mean what it says.
                    if setup.kind.profile().blast != Blast::ClientAndUser {
                        let failed = fault().serve(setup, at, Ending::Fail);
                        emit(plain(Move::Fail(request, Failure::Transient, true)), failed);
                    }
                    emit(plain(Move::Garble(request)), fault().serve(setup, at, Ending::Garble));
                    emit(plain(Move::Sever(request, true)), fault().serve(setup, at, Ending::Sever));
                    let mut severed = fault();
                    severed.rotators.remove(at);
                    severed.tell(rotator.heard, request, Reply::Unheard, rotator.claimed_at);
                    emit(plain(Move::Sever(request, false)), Ok(severed));
                }
            }
            Step::Answered(reply) => {
                let mut kept = self.moved(at, Step::Kept(reply));
                // What the escrow keeps of an answer that nobody can read is that nobody can read it.
                let taken = setup.is(Flaw::EscrowForgets) || kept.escrow.answer(request, rotator.by, reply);
                if let Reply::Granted { token, sent_along: true } = reply
                    && !taken
                    && !rotator.heard
                {
                    kept.truth.lost.push(token);
                }
                if !rotator.heard {
                    kept.rotators.retain(|other| other.request != request || other.step != Step::Kept(reply));
                }
                emit(plain(Move::Keep(request)), Ok(kept));
                if faulty && rotator.heard {
                    let mut told = fault();
                    told.rotators.remove(at);
                    told.tell(true, request, reply, rotator.claimed_at);
                    if let Reply::Granted { token, sent_along: true } = reply {
                        // It is on its way still, and may be there too late.
                        told.truth.lost.push(token);
                    }
                    emit(plain(Move::KeepNot(request)), Ok(told));
                }
            }
            Step::Kept(reply) => {
                let mut told = self.clone();
                told.rotators.remove(at);
                told.tell(rotator.heard, request, reply, rotator.claimed_at);
                emit(plain(Move::Tell(request)), Ok(told));
            }
        }
        if rotator.alive && faulty {
            let mut dead = fault();
            dead.rotator_dies(at);
            emit(plain(Move::Die(request)), Ok(dead));
            if self.is_to_be_aborted(setup, &rotator) {
                let mut aborted = fault();
                aborted.rotator_dies(at);
                aborted.tell(rotator.heard, request, Reply::Unheard, rotator.claimed_at);
                emit(plain(Move::Abort(request)), Ok(aborted));
            }
        }
    }

    /// The rotator is gone; what it has sent is not.
    pub fn rotator_dies(&mut self, at: usize) {
        let Some(rotator) = self.rotators.get_mut(at) else { return };
        match rotator.step {
            Step::Sent => {
                rotator.alive = false;
                rotator.heard = false;
                self.rotators.sort_unstable();
                return;
            }
            Step::Answered(Reply::Granted { token, sent_along: true }) => self.truth.lost.push(token),
            Step::Claiming | Step::Claimed | Step::Answered(_) | Step::Kept(_) => {}
        }
        self.rotators.remove(at);
    }

    fn moved(&self, at: usize, step: Step) -> Self {
        let mut world = self.clone();
        if let Some(rotator) = world.rotators.get_mut(at) {
            rotator.step = step;
        }
        world.rotators.sort_unstable();
        world
    }

    fn claims(&mut self, setup: &Setup, request: RequestId, by: RotatorId) -> bool {
        let before = self.escrow.clone();
        let claim = self.escrow.claim(request, by, self.now);
        self.is_overwritten(&before);
        setup.is(Flaw::EveryClaimWins) || claim == Claim::Won
    }

    fn close(&mut self, setup: &Setup, request: RequestId) -> Place {
        let before = self.escrow.clone();
        let closed = self.escrow.close(request);
        // What is overwritten by a request that was never made is to be in other hands already.
        if request < self.row.next_request {
            self.is_overwritten(&before);
        }
        let voided = matches!(self.escrow.entry(), Some((_, Entry::Void)));
        if setup.is(Flaw::CloseDoesNotVoid) && voided && closed == Closed::NeverSent {
            self.escrow = before;
        }
        Place::of(&closed)
    }

    /// An answer that came too late for its vault is overwritten by the repetition.
    fn is_overwritten(&mut self, before: &Escrow<Reply>) {
        let Some((_, Entry::Answered { answer: Reply::Granted { token, sent_along: true }, .. })) =
            before.entry()
        else {
            return;
        };
        let written = self.row.refresh_token.as_ref().is_some_and(|held| number(held) >= *token);
        if self.escrow != *before && !written {
            self.truth.lost.push(*token);
        }
    }

    /// The rotator's last word, if there is anybody to hear it.
    fn tell(&mut self, heard: bool, request: RequestId, reply: Reply, claimed_at: Timestamp) {
        if heard {
            self.post(Post::Told { request, reply, by: claimed_at.after(TOLD_WITHIN) });
        }
    }

    /// The server carries a request out.
    fn serve(&self, setup: &Setup, at: usize, ending: Ending) -> Result<Self, Broken> {
        let mut world = self.clone();
        let Some(rotator) = self.rotators.get(at).copied() else { return Ok(world) };
        let verdict = world.server.present(setup.kind, rotator.token, self.now);
        if !world.server.other_lives() {
            return Err(broken(Law::OnlyTerminalEnds, "the user's other devices were logged out"));
        }
        if verdict.ended_a_grant && self.truth.lost.is_empty() {
            return Err(broken(
                Law::OnlyTerminalEnds,
                "a spent token was presented though no answer was lost",
            ));
        }
        let granted = verdict.granted.map(|token| (token, verdict.sent_along));
        let reply = granted.map_or(Reply::Failed(Failure::Reauth), |(token, sent_along)| Reply::Granted {
            token,
            sent_along,
        });
        let heard = match ending {
            Ending::Answer if rotator.alive => Some(reply),
            // To refuse is not to carry out: it can be told as well as not.
            Ending::Fail => Some(Reply::Failed(Failure::Transient)),
            Ending::Garble => Some(Reply::Unheard),
            Ending::Answer | Ending::Sever => None,
        };
        if heard != Some(reply)
            && let Some((token, true)) = granted
        {
            world.truth.lost.push(token);
        }
        if let Some(reply) = heard {
            return Ok(world.moved(at, Step::Answered(reply)));
        }
        world.rotators.remove(at);
        if rotator.alive {
            world.tell(rotator.heard, rotator.request, Reply::Unheard, rotator.claimed_at);
        }
        Ok(world)
    }

    /// No other request of the same grant is under way, unless the server forgives that and the other has had its time.
    fn one_at_a_time(&self, setup: &Setup, at: usize) -> Result<(), Broken> {
        let Some(rotator) = self.rotators.get(at) else { return Ok(()) };
        let grace = setup.kind.profile();
        let family = self.server.family(rotator.token);
        let clash = self.rotators.iter().enumerate().any(|(other_at, other)| {
            let passed = other.claimed_at.after(grace.settled_after()) <= self.now;
            let forgiven = grace.verdict(other.claimed_at.until(self.now)) != MayRepeat::Forbidden;
            other_at != at
                && other.step == Step::Sent
                && self.server.family(other.token) == family
                && !(passed && forgiven)
        });
        if clash {
            return Err(broken(
                Law::OneTokenRequestInFlight,
                "a token request left while another of the same grant was under way",
            ));
        }
        Ok(())
    }
}

/// How the carrying out of a request ends for its sender.
#[derive(Clone, Copy)]
enum Ending {
    Answer,
    Fail,
    Garble,
    Sever,
}

const fn plain(step: Move) -> Action {
    Action { step, cut: None }
}
