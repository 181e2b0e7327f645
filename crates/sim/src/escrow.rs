//! The escrow objects: the rules of the core behind a connection that may break before or after it did its work.

use everlit_core::escrow::{Claim, Closed, Entry, Escrow};
use everlit_core::id::{RequestId, RotatorId};
use everlit_core::vault::{Event, TokenAnswer};

use crate::authorization_server::AuthorizationServer;
use crate::happening::Happening;
use crate::network::{Freight, Link};
use crate::plan::Flaw;
use crate::rotator::Kept;
use crate::stage::Stage;
use crate::trace::Line;
use crate::worker::Worker;

/// What an escrow is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// May this rotator send?
    Claim {
        /// Which rotator.
        job: u64,
    },
    /// Keep this answer.
    Keep {
        /// Which rotator got it.
        job: u64,
        /// The answer.
        kept: Kept,
    },
    /// What became of the request?
    Close {
        /// The life of the vault that asks.
        incarnation: u32,
    },
    /// Forget everything.
    Erase {
        /// The life of the vault that asks.
        incarnation: u32,
    },
}

/// What an escrow answers.
#[derive(Clone, Debug)]
pub enum Word {
    /// To a claim; nothing if it could not be reached, as far as the rotator knows.
    Claimed {
        /// Which rotator asked.
        job: u64,
        /// Who may send.
        claim: Option<Claim>,
    },
    /// An answer is kept, or nobody knows.
    Kept {
        /// Which rotator asked.
        job: u64,
        /// Whether the escrow said so.
        said: bool,
    },
    /// Where the request stands.
    Closed {
        /// The life of the vault that asked.
        incarnation: u32,
        /// Which request.
        request: RequestId,
        /// Where; nothing if the escrow could not be reached.
        closed: Option<Closed<Kept>>,
    },
    /// Everything is forgotten.
    Erased {
        /// The life of the vault that asked.
        incarnation: u32,
        /// Whether the escrow said so.
        said: bool,
    },
}

impl Question {
    const fn freight(&self) -> Freight {
        match self {
            Self::Claim { .. } => Freight::Claim,
            Self::Keep { .. } => Freight::Keep,
            Self::Close { .. } | Self::Erase { .. } => Freight::Close,
        }
    }

    /// What the asker knows if no answer comes.
    const fn unanswered(&self, request: RequestId) -> Word {
        match self {
            Self::Claim { job } => Word::Claimed { job: *job, claim: None },
            Self::Keep { job, .. } => Word::Kept { job: *job, said: false },
            Self::Close { incarnation } => Word::Closed { incarnation: *incarnation, request, closed: None },
            Self::Erase { incarnation } => Word::Erased { incarnation: *incarnation, said: false },
        }
    }
}

/// Asks the escrow of an object.
pub(crate) fn ask(stage: &mut Stage, object: usize, request: RequestId, question: Question) {
    let freight = question.freight();
    let unsent = Happening::FromEscrow { object, word: question.unanswered(request) };
    stage.send(Link::ToEscrow, freight, Happening::ToEscrow { object, request, question }, Some(unsent));
}

impl Worker {
    /// A question reaches an escrow. Its row survives whatever happens to the object.
    pub fn escrow_asked(&mut self, stage: &mut Stage, object: usize, request: RequestId, question: Question) {
        let now = stage.edge_wall(self.escrow_ahead);
        let crash = self.escrow_crashes > 0 && stage.chance.permille(self.escrow_crashes);
        let flaw = self.flaw;
        let unheard = Happening::FromEscrow { object, word: question.unanswered(request) };
        let freight = question.freight();
        let written = !crash || stage.chance.permille(500);
        let Some(escrow) = self.objects.get_mut(object).map(|object| &mut object.escrow).filter(|_| written)
        else {
            stage.plan_soon(unheard);
            return;
        };
        let word = match question {
            Question::Claim { job } => {
                let by = RotatorId(job);
                // Delivered twice, it is won twice, and sent once.
                let is_again = matches!(escrow.entry(), Some((newest, Entry::Claimed { by: holder, .. })) if *newest == request && *holder == by);
                let claim = match escrow.claim(request, by, now) {
                    Claim::Lost { .. } if flaw == Some(Flaw::EveryClaimWins) => Claim::Won,
                    claim @ (Claim::Won | Claim::Lost { .. }) => claim,
                };
                if claim == Claim::Won && !is_again {
                    let profile = self.policy.grace;
                    stage.laws.request_claimed(stage.now, object, request, &profile);
                }
                Word::Claimed { job, claim: Some(claim) }
            }
            Question::Keep { job, kept } => {
                let says = matches!(kept.answer, TokenAnswer::Granted(_));
                if (flaw == Some(Flaw::EscrowForgets) || escrow.answer(request, RotatorId(job), kept)) && says
                {
                    stage.laws.successor_kept(object, request);
                }
                Word::Kept { job, said: true }
            }
            Question::Close { incarnation } => {
                let closed = escrow.close(request);
                Word::Closed { incarnation, request, closed: Some(closed) }
            }
            Question::Erase { incarnation } => {
                *escrow = Escrow::default();
                Word::Erased { incarnation, said: true }
            }
        };
        stage.note(Line::Escrow { object, request, freight, written });
        if crash {
            stage.plan_soon(unheard);
        } else {
            let arrives = Happening::FromEscrow { object, word };
            stage.send(Link::FromEscrow, freight, arrives, Some(unheard));
        }
    }

    /// An escrow answered.
    pub fn escrow_answered(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        object: usize,
        word: Word,
    ) {
        match word {
            Word::Claimed { job, claim } => self.claimed(stage, job, claim),
            Word::Kept { job, said } => self.kept(stage, job, said),
            Word::Closed { incarnation, request, closed } => {
                let now = stage.now;
                let closed = closed.map(|closed| match closed {
                    Closed::Answered(kept) => Closed::Answered(kept.aged(now)),
                    Closed::NeverSent => Closed::NeverSent,
                    Closed::Claimed { at } => Closed::Claimed { at },
                    Closed::Outrun { newest } => Closed::Outrun { newest },
                });
                if self.lives(object, incarnation) {
                    self.turn(stage, server, object, Event::EscrowAnswered { request, closed });
                }
            }
            Word::Erased { incarnation, said } => {
                if said && self.lives(object, incarnation) {
                    self.turn(stage, server, object, Event::EscrowErased);
                }
            }
        }
    }
}
