//! The rotator: a process without a state of its own that outlives the vault which asked for it, and may die at any step.
//!
//! It looks at the deadline of its order, claims the request at the escrow, sends it, keeps the answer in the escrow, and only
//! then tells the vault.

use everlit_core::escrow::Claim;
use everlit_core::id::RequestId;
use everlit_core::secret::RefreshToken;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Event, Granted, TokenAnswer};

use crate::authorization_server::AuthorizationServer;
use crate::escrow::{Question, ask};
use crate::happening::Happening;
use crate::network::{Freight, Link};
use crate::stage::{Fate, Stage};
use crate::trace::Line;
use crate::worker::Worker;

/// How long a rotator tries to keep an answer before it tells it all the same.
const KEEP_TRIES: u32 = 3;
/// The runtime ends background work after this.
const RUNTIME_LIMIT: Millis = Millis::from_secs(30);

/// An internal request: one token request, to be sent once.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose.
    pub object: usize,
    /// The life of that object in which it was given.
    pub incarnation: u32,
    /// Its name there.
    pub request: RequestId,
    /// What to present.
    pub refresh_token: RefreshToken,
    /// When to abort it.
    pub abort_after: Millis,
    /// When it is too late to send it, by the clock of who gave it.
    pub send_by: Timestamp,
}

/// An answer, and when it was received: `expires_in` counts from there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The answer.
    pub answer: TokenAnswer,
    /// When it came, in true time.
    pub received_at: Timestamp,
}

impl Kept {
    /// The answer as it is worth now.
    #[must_use]
    pub fn aged(self, now: Timestamp) -> TokenAnswer {
        let since = now.since(self.received_at);
        match self.answer {
            TokenAnswer::Granted(grant) => {
                TokenAnswer::Granted(Granted { expires_in: grant.expires_in.less(since), ..grant })
            }
            TokenAnswer::Failed { failure, retry_after } => {
                TokenAnswer::Failed { failure, retry_after: retry_after.map(|wait| wait.less(since)) }
            }
            same @ (TokenAnswer::Unusable { .. } | TokenAnswer::Unsent | TokenAnswer::Unheard) => same,
        }
    }
}

/// How far a rotator is.
#[derive(Clone, Debug)]
enum Stand {
    Claiming,
    Sending,
    Keeping { kept: Kept, tries: u32 },
}

/// One rotator at work.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    id: u64,
    order: Order,
    began_at: Timestamp,
    stand: Stand,
}

impl Worker {
    /// An internal request reaches a rotator.
    pub fn ordered(&mut self, stage: &mut Stage, server: &AuthorizationServer, order: Order) {
        stage.note(Line::Ordered { object: order.object, request: order.request });
        let late = order.send_by < stage.edge_wall(self.escrow_ahead);
        // Where to send it to is found out first, and a sick server may not say.
        let lost = server.is_sick() && stage.chance.permille(200);
        if late || lost {
            tell(stage, &order, Kept { answer: TokenAnswer::Unsent, received_at: stage.now });
            return;
        }
        let id = self.next_job;
        self.next_job = id.wrapping_add(1);
        let (object, request, limit) = (order.object, order.request, order.abort_after);
        self.jobs.push(Job { id, order, began_at: stage.now, stand: Stand::Claiming });
        // Counted from before the claim: whoever reads the claim may count from there.
        stage.plan(limit.min(RUNTIME_LIMIT), Happening::RotatorLimit { job: id });
        ask(stage, object, request, Question::Claim { job: id });
    }

    /// The escrow answered a claim.
    pub(crate) fn claimed(&mut self, stage: &mut Stage, job: u64, claim: Option<Claim>) {
        if self.dies(stage, job) {
            return;
        }
        let Some(job) = self.job(job).filter(|job| matches!(job.stand, Stand::Claiming)) else { return };
        if claim != Some(Claim::Won) {
            let id = job.id;
            self.finish(stage, id, None);
            return;
        }
        job.stand = Stand::Sending;
        let (id, object, request) = (job.id, job.order.object, job.order.request);
        let refresh_token = job.order.refresh_token.clone();
        stage.laws.request_leaves(object, request, job.began_at);
        let arrives = Happening::ToServer { job: id, object, request, refresh_token };
        let broken = Happening::FromServer { job: id, object, request, answer: None };
        if stage.send(Link::ToServer, Freight::Refresh, arrives, Some(broken)) != Fate::OnItsWay {
            stage.laws.request_dropped(object, request);
        }
    }

    /// The authorization server's answer arrives, or the connection broke.
    pub fn server_answered(
        &mut self,
        stage: &mut Stage,
        job: u64,
        (object, request): (usize, RequestId),
        answer: Option<TokenAnswer>,
    ) {
        if self.dies(stage, job) {
            return;
        }
        let now = stage.now;
        if !self.works(job)
            && stage.laws.began_at(object, request).is_some_and(|at| RUNTIME_LIMIT <= now.since(at))
        {
            stage.laws.cut_off(object, request);
        }
        let Some(job) = self.job(job).filter(|job| matches!(job.stand, Stand::Sending)) else { return };
        let id = job.id;
        stage.laws.request_ended(object, request);
        let Some(answer) = answer else {
            self.finish(stage, id, None);
            return;
        };
        let kept = Kept { answer, received_at: now };
        job.stand = Stand::Keeping { kept: kept.clone(), tries: 1 };
        ask(stage, object, request, Question::Keep { job: id, kept });
        // Nobody is kept waiting by an escrow that does not answer.
        stage.plan(Millis::from_secs(3), Happening::RotatorLimit { job: id });
    }

    /// The escrow has the answer, or nobody knows whether it does.
    pub(crate) fn kept(&mut self, stage: &mut Stage, job: u64, said: bool) {
        if self.dies(stage, job) {
            return;
        }
        let Some(Job { id, order, stand: Stand::Keeping { kept, tries }, .. }) = self.job(job) else {
            return;
        };
        if said || *tries >= KEEP_TRIES {
            let (id, kept) = (*id, kept.clone());
            self.finish(stage, id, Some(kept));
        } else {
            *tries = tries.saturating_add(1);
            ask(stage, order.object, order.request, Question::Keep { job: *id, kept: kept.clone() });
        }
    }

    /// The time of a rotator is over.
    pub fn rotator_limit(&mut self, stage: &mut Stage, job: u64) {
        let Some(job) = self.job(job) else { return };
        let (id, order) = (job.id, &job.order);
        let kept = match &job.stand {
            Stand::Claiming | Stand::Sending => {
                // What comes now would come too late, whether or not it is on its way.
                if RUNTIME_LIMIT <= job.began_at.until(stage.now) {
                    stage.laws.cut_off(order.object, order.request);
                }
                stage.laws.request_ended(order.object, order.request);
                stage.count_lost(order.object, order.request);
                None
            }
            Stand::Keeping { kept, .. } => Some(kept.clone()),
        };
        self.finish(stage, id, kept);
    }

    /// Every rotator dies where it stands.
    pub fn rotators_die(&mut self, stage: &mut Stage) {
        while let Some(id) = self.jobs.last().map(|job| job.id) {
            self.die(stage, id);
        }
    }

    /// The rotator's answer reaches the vault, if that still listens.
    pub fn rotator_answered(
        &mut self,
        stage: &mut Stage,
        server: &AuthorizationServer,
        (object, incarnation): (usize, u32),
        request: RequestId,
        kept: Kept,
    ) {
        if self.lives(object, incarnation) {
            let answer = kept.aged(stage.now);
            self.turn(stage, server, object, Event::TokenAnswered { request, answer });
        }
        stage.count_lost(object, request);
    }

    fn job(&mut self, id: u64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn dies(&mut self, stage: &mut Stage, job: u64) -> bool {
        let dies = self.deaths > 0 && stage.chance.permille(self.deaths);
        if dies {
            self.die(stage, job);
        }
        dies
    }

    fn die(&mut self, stage: &mut Stage, job: u64) {
        let Some(at) = self.jobs.iter().position(|other| other.id == job) else { return };
        let order = self.jobs.swap_remove(at).order;
        stage.note(Line::RotatorDied { object: order.object, request: order.request });
        stage.tally.deaths = stage.tally.deaths.saturating_add(1);
        stage.laws.request_ended(order.object, order.request);
        stage.laws.cut_off(order.object, order.request);
        stage.count_lost(order.object, order.request);
        // The connection to the vault breaks, or there is silence.
        if stage.chance.permille(600) {
            let wait = stage.chance.between(0, 1_000);
            stage.plan(wait, unheard(stage.now, &order));
        }
    }

    fn finish(&mut self, stage: &mut Stage, job: u64, kept: Option<Kept>) {
        if let Some(at) = self.jobs.iter().position(|other| other.id == job) {
            let order = self.jobs.swap_remove(at).order;
            let nothing = Kept { answer: TokenAnswer::Unheard, received_at: stage.now };
            tell(stage, &order, kept.unwrap_or(nothing));
        }
    }

    /// Whether a rotator is still at work.
    #[must_use]
    pub fn works(&self, job: u64) -> bool {
        self.jobs.iter().any(|other| other.id == job)
    }
}

/// Tells the vault that ordered.
fn tell(stage: &mut Stage, order: &Order, kept: Kept) {
    let Order { object, incarnation, request, .. } = *order;
    let told = Happening::FromRotator { object, incarnation, request, kept };
    let fate = stage.send(Link::FromRotator, Freight::Order, told, Some(unheard(stage.now, order)));
    if fate != Fate::OnItsWay {
        stage.count_lost(object, request);
    }
}

/// What a vault knows whose rotator is gone.
pub(crate) const fn unheard(now: Timestamp, order: &Order) -> Happening {
    let Order { object, incarnation, request, .. } = *order;
    let kept = Kept { answer: TokenAnswer::Unheard, received_at: now };
    Happening::FromRotator { object, incarnation, request, kept }
}
