//! The front of the Worker: its routes, and the proxy for calls.

use everlit_core::id::CallerId;
use everlit_core::retry::Failure;
use everlit_core::tab::{Denial, ReloginAnswer, TokenState, Way, Ways};
use everlit_core::time::Millis;
use everlit_core::vault::{Answer, Ask, AskReason, Event};

use crate::authorization_server::AuthorizationServer;
use crate::happening::{Asked, Happening, Reply, Sender};
use crate::network::{Freight, Link};
use crate::stage::{Fate, Stage};
use crate::worker::Worker;

/// Somebody who waits for an answer. Lives in memory only.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) sender: Sender,
    /// A call that already came back from the resource server with a 401.
    refused: bool,
}

/// A frame alone.
const FRAME: Ways = Ways::of(Way::Frame);

impl Worker {
    /// A request of a tab arrives.
    pub fn receive(&mut self, stage: &mut Stage, server: &AuthorizationServer, sender: Sender) {
        stage.tally.requests = stage.tally.requests.saturating_add(1);
        if !matches!(sender.asked, Asked::Call { .. }) {
            stage.tally.asks = stage.tally.asks.saturating_add(1);
        }
        let vault =
            sender.session.and_then(|object| Some((object, self.objects.get(object)?.machine.vault())));
        let Some((object, vault)) = vault else {
            let reply = match sender.asked {
                Asked::Session(_) | Asked::Token(..) | Asked::Logout(_) => Reply::LoggedOut,
                Asked::Relogin { .. } => Reply::Relogin(ReloginAnswer::Failed),
                Asked::Call { .. } => Reply::Denied(Denial::LoggedOut),
            };
            reply_to(stage, sender, reply);
            return;
        };
        let now = self.wall(stage, object);
        match sender.asked {
            Asked::Session(_) => {
                let answer = vault.peek(now);
                self.answer(stage, server, object, Caller { sender, refused: false }, answer);
            }
            Asked::Token(_, ask) => self.ask(stage, server, object, Caller { sender, refused: false }, ask),
            // The world sees to that: it takes a login at the server.
            Asked::Relogin { .. } => {}
            Asked::Logout(_) => {
                let caller = self.name_caller(object, Caller { sender, refused: false });
                self.turn(stage, server, object, Event::LogoutAsked { caller });
            }
            Asked::Call { .. } => {
                // The proxy takes what there is, and has its successor fetched when that is due.
                let ask = Ask {
                    op: None,
                    stamp: vault.stamp(),
                    reason: AskReason::Call,
                    aim: None,
                    active_ago: None,
                };
                self.ask(stage, server, object, Caller { sender, refused: false }, ask);
            }
        }
    }

    fn ask(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        caller: Caller,
        ask: Ask,
    ) {
        let caller = self.name_caller(object, caller);
        self.turn(stage, server, object, Event::TokenAsked { caller, ask });
    }

    /// The ways of silent re-login that are still worth a try.
    fn silent(&self, object: usize) -> Ways {
        let Some(object) = self.objects.get(object) else { return Ways::NONE };
        let refused = object.machine.vault().refused();
        let all = if self.frames { Ways::ALL } else { Ways::ALL.without(FRAME) };
        let framed = if refused.frame { all.without(FRAME) } else { all };
        if refused.top_level { framed.and(FRAME) } else { framed }
    }

    pub(crate) fn name_caller(&mut self, object: usize, caller: Caller) -> CallerId {
        let id = CallerId(self.next_caller);
        self.next_caller = self.next_caller.wrapping_add(1);
        if let Some(object) = self.objects.get_mut(object) {
            object.callers.insert(id, caller);
        }
        id
    }

    /// Answers a caller. A call goes on to the resource server first.
    pub(crate) fn answer(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        caller: Caller,
        answer: Answer,
    ) {
        let Caller { sender, refused } = caller;
        let is_call = matches!(sender.asked, Asked::Call { .. });
        let now = self.wall(stage, object);
        let Some(row) = self.objects.get(object).map(|object| &object.row) else { return };
        let stamp = row.stamp;
        if let Answer::Ended(_) = answer {
            stage.laws.told_over(stage.now, object, row, now, &self.policy);
        }
        let reply = match answer {
            Answer::Current(current) => {
                stage.laws.told(object, current.stamp, row);
                if !is_call {
                    Reply::Active(TokenState {
                        stamp: current.stamp,
                        expires_in: current.expires_in,
                        lifetime: current.lifetime,
                        server_time: now,
                        elapsed: Millis::ZERO,
                        idle_left: current.idle_left,
                        idle_limit: self.policy.idle_limit,
                    })
                } else if server.takes(stage.now, &current.access_token) {
                    Reply::Called
                } else if refused || stage.chance.permille(400) {
                    // It has a body, which the Worker does not keep, or was already repeated.
                    Reply::Denied(Denial::AccessExpired)
                } else {
                    let ask = Ask {
                        op: None,
                        stamp: Some(current.stamp),
                        reason: AskReason::Unauthorized,
                        aim: None,
                        active_ago: None,
                    };
                    self.ask(stage, server, object, Caller { sender, refused: true }, ask);
                    return;
                }
            }
            Answer::RetryAfter(wait) => Reply::NotNow(wait),
            Answer::Unobtainable => unreachable!("nobody asks for less than the whole grant"),
            Answer::ReauthRequired(_) if is_call => Reply::Denied(Denial::ReauthRequired),
            Answer::ReauthRequired(_) => Reply::ReauthRequired { stamp, silent: self.silent(object) },
            Answer::Ended(_) if is_call => Reply::Denied(Denial::Ended),
            Answer::LoggedOut if is_call => Reply::Denied(Denial::LoggedOut),
            // Whatever it was before: as asked, there is no session now.
            Answer::Ended(_) if matches!(sender.asked, Asked::Logout(_)) => Reply::LoggedOut,
            Answer::Ended(_) => Reply::Ended,
            Answer::LoggedOut => Reply::LoggedOut,
        };
        reply_to(stage, sender, reply);
    }
}

pub(crate) fn reply_to(stage: &mut Stage, sender: Sender, reply: Reply) {
    if matches!(reply, Reply::Denied(_)) {
        stage.tally.denied = stage.tally.denied.saturating_add(1);
    }
    let freight = match sender.asked {
        Asked::Session(_) => Freight::Session,
        Asked::Token(..) => Freight::Token,
        Asked::Logout(_) => Freight::Logout,
        Asked::Call { .. } => Freight::Call,
        Asked::Relogin { .. } => Freight::Relogin,
    };
    let nothing = Happening::ToTab(sender, Reply::Nothing(Failure::Ambiguous));
    let fate = stage.send(Link::FromWorker, freight, Happening::ToTab(sender, reply), Some(nothing.clone()));
    if fate == Fate::Silence && freight == Freight::Logout {
        stage.plan(Millis::from_secs(30), nothing);
    }
}

/// The connection of a caller ends without an answer.
pub(crate) fn hang_up(stage: &mut Stage, sender: Sender) {
    let wait = stage.chance.between(10, 2_000);
    stage.plan(wait, Happening::ToTab(sender, Reply::Nothing(Failure::Transient)));
}
