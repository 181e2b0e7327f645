//! The other side of an escrow: the rotator's, and the vault's.
//!
//! What is kept is sealed by the rotator and opened by the vault; the object in between sees nothing of it.

use everlit_core::escrow::Closed;
use everlit_core::id::RequestId;
use everlit_core::time::Timestamp;
use everlit_core::vault::TokenAnswer;
use everlit_edge::base64url;
use everlit_edge::keys::Keyring;
use everlit_edge::oauth::KeptAnswer;
use everlit_edge::seal::{Sealer, associated_data};
use worker::Env;

use super::message::{ANSWER, Answered, ClaimReply, ClosedReply, Done, Kept, Question};
use crate::environment::ESCROW;
use crate::stub::{NoAnswer, ObjectStub};
use crate::{clock, entropy};

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

    /// Whether this request is ours to send.
    pub(crate) async fn claim(&self, request: RequestId) -> Result<bool, NoAnswer> {
        self.stub.ask(&Question::Claim(request).target()).await.map(|ClaimReply { won }| won)
    }

    /// Keeps how a request ended that was ours. False if nobody waits for it any more.
    pub(crate) async fn keep(&self, request: RequestId, answer: &KeptAnswer) -> Result<bool, NoAnswer> {
        let nonce = entropy::bytes().ok_or(NoAnswer)?;
        let sealed = self.sealer.seal(nonce, &place(request), answer.encode().expose());
        let sealed = base64url::encode(&sealed.map_err(|_| NoAnswer)?);
        let message = Answered { request: request.0, sealed };
        self.stub.tell(ANSWER, &message).await.map(|Kept { kept }| kept)
    }

    /// What became of a request; from now on nobody sends it who has not begun.
    pub(crate) async fn close(&self, request: RequestId) -> Result<Closed<TokenAnswer>, NoAnswer> {
        let reply = self.stub.ask(&Question::Close(request).target()).await?;
        Ok(match reply {
            ClosedReply::NeverSent => Closed::NeverSent,
            ClosedReply::Claimed { at } => Closed::Claimed { at: Timestamp::from_millis(at) },
            ClosedReply::Answered { at, sealed } => match self.open(request, &sealed) {
                Some(kept) => Closed::Answered(kept.at(clock::now())),
                // Its key was retired, or is newer than ours: all that is known is that it was sent.
                None => Closed::Claimed { at: Timestamp::from_millis(at) },
            },
            ClosedReply::Outrun { newest } => Closed::Outrun { newest: RequestId(newest) },
        })
    }

    /// Erases everything.
    pub(crate) async fn erase(&self) -> Result<(), NoAnswer> {
        self.stub.ask(&Question::Erase.target()).await.map(|Done {}| ())
    }

    fn open(&self, request: RequestId, sealed: &str) -> Option<KeptAnswer> {
        let opened = self.sealer.open(&place(request), &base64url::decode(sealed)?).ok()?;
        KeptAnswer::decode(opened.expose())
    }
}

/// Where a sealed answer belongs: to this request, and no other.
fn place(request: RequestId) -> Vec<u8> {
    associated_data(&[b"answer", &request.0.to_be_bytes()])
}
