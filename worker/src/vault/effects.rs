//! What a turn leaves to do, once everything is written: requests first, then answers, then those who have not asked.

use std::future::Future;
use std::rc::Rc;

use everlit_core::id::OpId;
use everlit_core::secret::RefreshToken;
use everlit_core::vault::{Effect, ErrandId, Event, Link, RevocationAnswer};

use super::client::VaultClient;
use super::loaded::Arrival;
use super::turn::{Due, Said, Turns};
use crate::escrow::client::EscrowClient;
use crate::rotator::client::{self as rotator, TokenRequest};
use crate::stub::NoAnswer;
use crate::{background, fault_point, log, revocation};

impl Turns {
    /// Carries out what is left of a turn.
    pub(super) fn carry_out(self: &Rc<Self>, mut due: Due) {
        let effects = std::mem::take(&mut due.effects);
        // What is done for a question goes under its name, whoever's turn this is; what nobody asked for goes under that of the turn.
        let trace = due.op.map_or_else(log::trace, |OpId(op)| op);
        for effect in effects {
            match effect {
                Effect::RequestToken { request, refresh_token, aim, send_by, abort_after } => {
                    let order = TokenRequest {
                        vault: due.object.to_string(),
                        provider: due.provider.to_string(),
                        request,
                        refresh_token,
                        aim,
                        dpop_key: due.dpop_key.clone(),
                        abort_after,
                        send_by,
                    };
                    log::under(trace, || self.rotate(&due, order));
                }
                Effect::CloseEscrow { request } => {
                    let (turns, escrow) = (Rc::clone(self), self.escrow(&due));
                    let work = async move {
                        let (closed, unbound) = escrow.close(request).await.ok().unzip();
                        let arrival = unbound.unwrap_or_default().then_some(Arrival::Unbound);
                        let event = Event::EscrowAnswered { request, closed };
                        if let Ok(due) = turns.step(event, arrival.as_ref()) {
                            turns.carry_out(due);
                        }
                    };
                    log::under(trace, || self.start(work));
                }
                Effect::EraseEscrow => {
                    let (turns, escrow) = (Rc::clone(self), self.escrow(&due));
                    self.start(async move {
                        if escrow.erase().await.is_ok() {
                            turns.turn(Event::EscrowErased).ok();
                        }
                    });
                }
                Effect::Revoke { errand, refresh_token } => self.run_errand(&due, errand, refresh_token),
                Effect::EndLink { errand, link, others_go_on } => self.end_link(errand, link, others_go_on),
                Effect::Answer { caller, answer } => {
                    let sender = self.memory.borrow_mut().waiting.remove(&caller);
                    // A caller that has hung up hears nothing.
                    drop(
                        sender.map(|sender| {
                            sender.send(Said { answer, stamp: due.stamp, refused: due.refused })
                        }),
                    );
                }
                Effect::Report(outcome) => {
                    log::under(trace, || log::line("outcome", [("outcome", outcome.as_str().into())]));
                }
                Effect::AbandonRevocation { errand } => {
                    log::line("revocation_given_up", [("errand", errand.0.into())]);
                }
                // Done, before anything else.
                Effect::Persist | Effect::Forget => {}
            }
        }
        if let Some(news) = due.news {
            self.tell(news);
        }
        self.watch();
        self.leave_for_alarm();
    }

    /// Makes the escrow of a session that begins. Where that fails, the first claim does it.
    pub(super) fn make_escrow(self: &Rc<Self>, due: &Due) {
        let escrow = self.escrow(due);
        self.start(async move {
            escrow.make().await.ok();
        });
    }

    fn rotate(self: &Rc<Self>, due: &Due, order: TokenRequest) {
        let (turns, environment) = (Rc::clone(self), Rc::clone(&due.environment));
        self.start(async move {
            fault_point::reach(&turns.env, "vault.intent_written").await;
            let request = order.request;
            let (answer, unbound) = rotator::send(&turns.env, &environment, order).await;
            let arrival = unbound.then_some(Arrival::Unbound);
            fault_point::reach(&turns.env, "vault.told").await;
            // A turn that fails has been logged; the open intent is found by the alarm.
            if let Ok(due) = turns.step(Event::TokenAnswered { request, answer }, arrival.as_ref()) {
                fault_point::reach(&turns.env, "vault.committed").await;
                turns.carry_out(due);
            }
        });
    }

    fn run_errand(self: &Rc<Self>, due: &Due, errand: ErrandId, refresh_token: RefreshToken) {
        let (turns, environment) = (Rc::clone(self), Rc::clone(&due.environment));
        let provider = Rc::clone(&due.provider);
        self.start(async move {
            let answer = revocation::attempt(&environment, &provider, &refresh_token).await.into();
            turns.turn(Event::RevocationAnswered { errand, answer }).ok();
        });
    }

    /// The link has been told, whether or not it was over.
    fn end_link(self: &Rc<Self>, errand: ErrandId, link: Link, others_go_on: bool) {
        let turns = Rc::clone(self);
        self.start(async move {
            let ended = VaultClient::of_link(&turns.env, &link).end(others_go_on).await;
            log::line("link_ended", [("told", ended.is_ok().into())]);
            let answer = match ended {
                Ok(_) => RevocationAnswer::Settled,
                Err(NoAnswer) => RevocationAnswer::Retry { retry_after: None },
            };
            turns.turn(Event::RevocationAnswered { errand, answer }).ok();
        });
    }

    fn escrow(&self, due: &Due) -> EscrowClient {
        EscrowClient::of(&self.env, &due.environment.keyring, &due.object)
    }

    fn start(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let turns = Rc::clone(self);
        turns.begun();
        background::start(&self.state, async move {
            work.await;
            turns.done();
        });
    }
}
