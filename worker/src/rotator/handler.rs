//! The rotator's side: `POST /internal/rotate`.

use std::pin::pin;
use std::rc::Rc;

use everlit_core::escrow::{self, TELL_AFTER};
use everlit_core::id::{Aim, RequestId, RotatorId};
use everlit_core::retry::Failure;
use everlit_core::secret::RefreshToken;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::TokenAnswer;
use everlit_edge::internal::{HEADER, Internal, InternalError, ROTATE};
use everlit_edge::oauth::{
    Accepted, ClientCredentials, ClientRequest, DpopKey, JSON_ESCAPE, KeptAnswer, MAX_REFRESH_TOKEN, Wanted,
};
use everlit_edge::oidc::ProviderMetadata;
use everlit_edge::provider::Asked;
use everlit_wire::{Code, Problem};
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use worker::Env;

use super::message::Order;
use crate::environment::Environment;
use crate::escrow::client::EscrowClient;
use crate::http::Reply;
use crate::outgoing::Unanswered;
use crate::registration::{Registration, Unsigned};
use crate::routes::Call;
use crate::stub::NoAnswer;
use crate::token_request::TokenRequest;
use crate::{background, clock, discovery, entropy, fault_point, gate, log, revocation};

/// The longest refresh token, however JSON writes it, and a few words around it.
const MAX_ORDER: usize = MAX_REFRESH_TOKEN * JSON_ESCAPE + 1_024;

/// Carries out a vault's order. Who cannot prove to be one of our vaults is told what any unknown path says.
pub(crate) async fn rotate(call: Call, environment: Rc<Environment>) -> Result<Reply, Problem> {
    let refused = || Problem::new(Code::NotFound);
    let proof = call.request.header(HEADER).filter(|_| call.request.method == "POST").ok_or_else(refused)?;
    let body = call.request.read(MAX_ORDER).await.map_err(|_| {
        gate::line("internal_refused", [("reason", "unreadable".into())]);
        refused()
    })?;
    let internal = match environment.internal.verify(ROTATE, &proof, &body, clock::now()) {
        Ok(internal) => internal,
        Err(InternalError::Late) => return Ok(told_at_once(TokenAnswer::Unsent)),
        Err(error @ (InternalError::Malformed | InternalError::Forged | InternalError::Early)) => {
            gate::line("internal_refused", [("reason", reason(error).into())]);
            return Err(refused());
        }
    };
    let order: Order = serde_json::from_slice(&body).map_err(|_| refused())?;
    log::follow(order.trace);
    let Internal { request, deadline } = internal;
    // As many bits as a number of JavaScript holds.
    let by = entropy::bytes().map(|bytes| RotatorId(u64::from_le_bytes(bytes) >> 12));
    let Some(by) = by else { return Ok(told_at_once(TokenAnswer::Unsent)) };
    let rotation = Rotation {
        escrow: EscrowClient::of(&call.env, &environment.keyring, &order.vault),
        env: call.env,
        environment,
        request,
        by,
        send_by: deadline,
        order,
    };
    let (sender, told) = oneshot::channel();
    // To its end also if the vault's object is reset and hangs up, and for as long as it takes to keep the answer.
    background::start(call.context.as_ref(), async move { rotation.carry_out(sender).await });
    Ok(told.await.unwrap_or_else(|_| told_at_once(TokenAnswer::Unheard)))
}

/// One order of a vault that proved itself.
struct Rotation {
    env: Env,
    environment: Rc<Environment>,
    escrow: EscrowClient,
    request: RequestId,
    by: RotatorId,
    send_by: Timestamp,
    order: Order,
}

/// How an order ended.
struct End {
    answer: TokenAnswer,
    /// Whether the escrow is to know: of what may be under way still it does not.
    is_over: bool,
    /// Whether the server binds its tokens no more.
    unbound: bool,
}

impl Rotation {
    async fn carry_out(&self, vault: oneshot::Sender<Reply>) {
        let End { answer, is_over, unbound } = self.run().await;
        let kept = KeptAnswer { answer, received_at: clock::now(), unbound };
        let tell = || drop(vault.send(written(&kept)));
        if !is_over {
            return tell();
        }
        match select(pin!(self.keep(&kept)), clock::pause(TELL_AFTER)).await {
            Either::Left(_) => {
                fault_point::reach(&self.env, "rotator.kept").await;
                tell();
            }
            // It is in hand, and the vault commits it as well as it can.
            Either::Right((_, keeping)) => {
                tell();
                keeping.await;
            }
        }
    }

    async fn run(&self) -> End {
        fault_point::reach(&self.env, "rotator.received").await;
        let Some(registration) = Registration::of(&self.environment, &self.order.provider) else {
            return End::unsent("the provider is no longer configured");
        };
        let Ok(metadata) = discovery::metadata(registration.provider).await else {
            return End::unsent("no metadata");
        };
        let wanted = match self.order.aim.map(|aim| self.environment.config.wanted(Aim(aim))) {
            // It was asked for before the configuration was another.
            Some(None) => {
                log::line("token_unsent", [("reason", "no upstream is configured for it".into())]);
                return End::of(TokenAnswer::Failed { failure: Failure::Misconfigured, retry_after: None });
            }
            wanted => wanted.flatten(),
        };
        match registration.provider.accepted(&metadata) {
            // A login from before that was required: a new one is bound.
            Ok(Accepted::Dpop) if self.order.dpop_key.is_none() => return self.unbound().await,
            Err(reason) if self.order.dpop_key.is_none() => return End::unsent(reason),
            Ok(_) | Err(_) => {}
        }
        let Ok(client) = registration.client(&metadata).await else {
            return End::unsent(Unsigned::REASON);
        };
        if self.send_by < clock::now() {
            return End::unsent("too late");
        }
        let since = clock::now();
        match self.claim(since).await {
            Some(true) => {}
            // Somebody else has it: the vault asks the escrow.
            Some(false) => return End::unheard("claimed before"),
            // It may have been claimed all the same.
            None => return End { is_over: true, ..End::unsent("no escrow") },
        }
        fault_point::reach(&self.env, "rotator.claimed").await;
        if !self.may_leave(since) {
            return End { is_over: true, ..End::unsent("too late, and claimed") };
        }
        let end = self.send(&registration, &metadata, client, wanted, since).await;
        fault_point::reach(&self.env, "rotator.answered").await;
        end
    }

    /// What becomes of a grant that is bound to no key where it must be. It has been presented to nobody, and is not: what it would bring
    /// must not be used, and is of no use to anybody else either.
    async fn unbound(&self) -> End {
        log::line("token_unsent", [("reason", "the session is from before DPoP was required".into())]);
        if !self.environment.policy(&self.order.provider).shared_grant {
            let token = RefreshToken::new(self.order.refresh_token.clone());
            revocation::attempt(&self.environment, &self.order.provider, &token).await;
        }
        End::of(TokenAnswer::Failed { failure: Failure::Reauth, retry_after: None })
    }

    /// Whether the request is ours to send; nothing where the escrow does not say.
    async fn claim(&self, since: Timestamp) -> Option<bool> {
        for tries in 1.. {
            if let Ok(won) = self.escrow.claim(self.request, self.by).await {
                return Some(won);
            }
            clock::pause(escrow::claim_again(tries).filter(|_| self.may_leave(since))?).await;
        }
        None
    }

    fn may_leave(&self, since: Timestamp) -> bool {
        escrow::may_leave(since, clock::now(), self.send_by, Millis::from_millis(self.order.abort_after))
    }

    /// Leaves the answer at the escrow: with a vault that is reset now, it is the only copy of a refresh token.
    async fn keep(&self, kept: &KeptAnswer) {
        let since = clock::now();
        for tries in 1.. {
            match self.escrow.keep(self.request, self.by, kept).await {
                Ok(true) => return,
                Ok(false) => return log::line("answer_not_kept", [("reason", "nobody waits for it".into())]),
                Err(NoAnswer) => {}
            }
            let Some(wait) = escrow::keep_again(tries, since.until(clock::now())) else {
                return log::line("answer_not_kept", [("reason", "no escrow".into())]);
            };
            clock::pause(wait).await;
        }
    }

    async fn send(
        &self,
        registration: &Registration<'_>,
        metadata: &ProviderMetadata,
        client: ClientCredentials<'_>,
        wanted: Option<&Wanted>,
        since: Timestamp,
    ) -> End {
        let token = RefreshToken::new(self.order.refresh_token.clone());
        // A token that a browser is handed is bound to no key: none that it could prove to have leaves the edge. The refresh token of a
        // client that authenticates is not bound either (RFC 9449, section 5).
        let key = self.order.dpop_key.as_deref().filter(|_| wanted.is_none()).and_then(DpopKey::parse);
        // The grant goes on with whatever the server makes of it, as its refresh token is spent; `required` is about what is used.
        let accepted = registration.provider.dpop.accepts(key.is_some());
        let request =
            TokenRequest { registration, metadata, key: key.as_ref(), accepted, asked: Asked::Renewal };
        // It counts from the claim: so does whoever finds the claim and no answer.
        let left = || Millis::from_millis(self.order.abort_after).less(since.until(clock::now()));
        let build = |client: ClientCredentials<'_>| match wanted {
            None => ClientRequest::refresh(client, &token),
            Some(wanted) => ClientRequest::downscoped(client, &token, wanted),
        };
        let (end, class, reason) = match request.send(client, build, left, || self.may_leave(since)).await {
            Ok(answer) => {
                let (class, reason) = (answer.class(), answer.reason());
                let unbound = key.is_some() && answer.is_bearer();
                let answer = match wanted {
                    None => answer.into(),
                    Some(wanted) => wanted.judged(answer),
                };
                let exceeds = class == "granted" && matches!(answer, TokenAnswer::Unusable { .. });
                let (class, reason) =
                    if exceeds { ("unusable", "more scope than was asked for") } else { (class, reason) };
                (End { answer, is_over: true, unbound }, class, reason)
            }
            Err(unanswered) => {
                let is_over = match unanswered {
                    Unanswered::TooLarge => true,
                    Unanswered::Broken | Unanswered::TooSlow => false,
                };
                (End { is_over, ..End::of(TokenAnswer::Unheard) }, "unheard", unanswered.reason())
            }
        };
        log::line("token_answered", [("class", class.into()), ("reason", reason.into())]);
        end
    }
}

impl End {
    fn unsent(reason: &'static str) -> Self {
        log::line("token_unsent", [("reason", reason.into())]);
        Self::of(TokenAnswer::Unsent)
    }

    fn unheard(reason: &'static str) -> Self {
        log::line("token_unheard", [("reason", reason.into())]);
        Self::of(TokenAnswer::Unheard)
    }

    const fn of(answer: TokenAnswer) -> Self {
        Self { answer, is_over: false, unbound: false }
    }
}

fn told_at_once(answer: TokenAnswer) -> Reply {
    written(&KeptAnswer { answer, received_at: clock::now(), unbound: false })
}

fn written(kept: &KeptAnswer) -> Reply {
    // What was encoded is JSON.
    let text = String::from_utf8(kept.encode().expose().clone()).unwrap_or_default();
    Reply::text(200, "application/json", text)
}

const fn reason(error: InternalError) -> &'static str {
    match error {
        InternalError::Malformed => "malformed",
        InternalError::Forged => "forged",
        InternalError::Late => "late",
        InternalError::Early => "early",
    }
}
