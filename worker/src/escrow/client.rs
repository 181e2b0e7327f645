//! The other side of an escrow: the rotator's, and the vault's.
//!
//! What is kept is sealed by the rotator and opened by the vault; the object in between sees nothing of it.

use everlit_core::escrow::Closed;
use everlit_core::id::{RequestId, RotatorId};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::TokenAnswer;
use everlit_edge::keys::Keyring;
use everlit_edge::oauth::{KeptAnswer, KeptError};
use everlit_edge::seal::{Sealer, associated_data};
use worker::Env;

use super::message::{ANSWER, Answered, ClaimReply, ClosedReply, Done, Kept, Question};
use crate::environment::ESCROW;
use crate::stub::{NoAnswer, ObjectStub};
use crate::{clock, entropy, log};

/// A rotator waits no longer for one answer of the escrow: it asks again.
const TRY_LIMIT: Millis = Millis::from_secs(3);

/// One session's escrow.
#[derive(Clone)]
pub(crate) struct EscrowClient {
    stub: ObjectStub,
    sealer: Sealer,
}

impl EscrowClient {
    /// The escrow beside the vault whose object has this id.
    pub(crate) fn of(env: &Env, keyring: &Keyring, vault: &str) -> Self {
        Self { stub: ObjectStub::new(env, ESCROW, vault), sealer: Sealer::new(keyring, "escrow", vault) }
    }

    /// Makes its table.
    pub(crate) async fn make(&self) -> Result<(), NoAnswer> {
        self.stub.ask(&Question::Make.target()).await.map(|Done {}| ())
    }

    /// One try to find out whether this request is this rotator's to send.
    pub(crate) async fn claim(&self, request: RequestId, by: RotatorId) -> Result<bool, NoAnswer> {
        let target = Question::Claim(request, by).target();
        self.stub.ask_within(&target, TRY_LIMIT).await.map(|ClaimReply { won }| won)
    }

    /// One try to keep how a request ended that was this rotator's. False if nobody waits for it any more.
    pub(crate) async fn keep(
        &self,
        request: RequestId,
        by: RotatorId,
        answer: &KeptAnswer,
    ) -> Result<bool, NoAnswer> {
        let nonce = entropy::bytes().ok_or(NoAnswer)?;
        let sealed = self.sealer.seal(nonce, &place(request), answer.encode().expose());
        let message = Answered { request: request.0, by: by.0, sealed: sealed.map_err(|_| NoAnswer)? };
        self.stub.tell_within(ANSWER, &message, TRY_LIMIT).await.map(|Kept { kept }| kept)
    }

    /// What became of a request, and whether its token is bound no more; from now on nobody sends it who has not begun.
    pub(crate) async fn close(&self, request: RequestId) -> Result<(Closed<TokenAnswer>, bool), NoAnswer> {
        let reply = self.stub.ask(&Question::Close(request).target()).await?;
        let mut unbound = false;
        let closed = match reply {
            ClosedReply::NeverSent => Closed::NeverSent,
            ClosedReply::Claimed { at } => Closed::Claimed { at: Timestamp::from_millis(at) },
            ClosedReply::Answered { at, sealed } => match self.open(request, &sealed) {
                Ok(kept) => {
                    unbound = kept.unbound;
                    Closed::Answered(kept.at(clock::now()))
                }
                // Its key was retired: all that is known is that it was sent.
                Err(KeptError::Malformed) => Closed::Claimed { at: Timestamp::from_millis(at) },
                Err(KeptError::Ahead) => {
                    log::line("kept_answer_ahead", []);
                    return Err(NoAnswer);
                }
            },
            ClosedReply::Outrun { newest } => Closed::Outrun { newest: RequestId(newest) },
        };
        Ok((closed, unbound))
    }

    /// Erases everything.
    pub(crate) async fn erase(&self) -> Result<(), NoAnswer> {
        self.stub.ask(&Question::Erase.target()).await.map(|Done {}| ())
    }

    fn open(&self, request: RequestId, sealed: &[u8]) -> Result<KeptAnswer, KeptError> {
        KeptAnswer::open(&self.sealer, &place(request), sealed)
    }
}

/// Where a sealed answer belongs: to this request, and no other.
fn place(request: RequestId) -> Vec<u8> {
    associated_data(&[b"answer", &request.0.to_be_bytes()])
}
