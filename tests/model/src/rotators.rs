//! Rotators: what each of them does next, and what becomes of what it sent.

use everlit_core::escrow::{Claim, Closed, Entry, Escrow};
use everlit_core::id::{RequestId, RotatorId};
use everlit_core::law::{Broken, Law};
use everlit_core::retry::Failure;
use everlit_core::time::Timestamp;
use everlit_core::vault::{Blast, Verdict as MayRepeat};

use crate::flaw::Flaw;
use crate::moves::{Emit, Move, plain};
use crate::turn::broken;
use crate::world::{Place, Post, Reply, Setup, Step, TOLD_WITHIN, World, number};

impl World {
    /// What the rotator at this place does next.
    pub fn rotator(&self, setup: &Setup, at: usize, emit: Emit<'_>) {
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

    /// Whether a claim is won.
    pub fn claims(&mut self, setup: &Setup, request: RequestId, by: RotatorId) -> bool {
        let before = self.escrow.clone();
        let claim = self.escrow.claim(request, by, self.now);
        self.is_overwritten(&before);
        setup.is(Flaw::EveryClaimWins) || claim == Claim::Won
    }

    /// The vault closes a request.
    pub fn close(&mut self, setup: &Setup, request: RequestId) -> Place {
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
    pub fn tell(&mut self, heard: bool, request: RequestId, reply: Reply, claimed_at: Timestamp) {
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
        if verdict.ended_a_grant && !self.has_lost(self.server.family(rotator.token)) {
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
