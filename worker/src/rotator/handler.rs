//! The rotator's side: `POST /internal/rotate`.

use std::rc::Rc;
use std::time::Duration;

use everlit_core::id::RequestId;
use everlit_core::secret::RefreshToken;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::TokenAnswer;
use everlit_edge::internal::{HEADER, Internal, InternalError, ROTATE};
use everlit_edge::oauth::{self, ClientRequest, JSON_ESCAPE, KeptAnswer, MAX_REFRESH_TOKEN};
use everlit_wire::{Code, Problem};
use worker::Env;

use super::message::Order;
use crate::environment::Environment;
use crate::escrow::client::EscrowClient;
use crate::http::Reply;
use crate::outgoing::Unanswered;
use crate::registration::Registration;
use crate::routes::Call;
use crate::{background, body, clock, discovery, fault_point, log, outgoing};

/// The longest refresh token, however JSON writes it, and a few words around it.
const MAX_ORDER: usize = MAX_REFRESH_TOKEN * JSON_ESCAPE + 1_024;

/// Carries out a vault's order. Who cannot prove to be one of our vaults is told what any unknown path says.
pub(crate) async fn rotate(call: Call, environment: Rc<Environment>) -> Result<Reply, Problem> {
    let refused = || Problem::new(Code::NotFound);
    let proof = call.request.header(HEADER).filter(|_| call.request.method == "POST").ok_or_else(refused)?;
    let body = body::read(call.request.raw().body(), MAX_ORDER).await.map_err(|_| refused())?;
    let internal = match environment.internal.verify(ROTATE, &proof, &body, clock::now()) {
        Ok(internal) => internal,
        Err(InternalError::Late) => return Ok(told(TokenAnswer::Unsent)),
        Err(error @ (InternalError::Malformed | InternalError::Forged | InternalError::Early)) => {
            log::line("internal_refused", [("reason", reason(error).into())]);
            return Err(refused());
        }
    };
    let order: Order = serde_json::from_slice(&body).map_err(|_| refused())?;
    let Internal { request, deadline } = internal;
    let rotation = Rotation {
        escrow: EscrowClient::of(&call.env, &environment.keyring, &order.vault),
        env: call.env,
        environment,
        request,
        send_by: deadline,
        order,
    };
    // To its end also if the vault's object is reset and hangs up.
    let done = background::finish(call.context.as_ref(), async move { rotation.carry_out().await });
    Ok(done.await.unwrap_or_else(|| told(TokenAnswer::Unheard)))
}

/// One order of a vault that proved itself.
struct Rotation {
    env: Env,
    environment: Rc<Environment>,
    escrow: EscrowClient,
    request: RequestId,
    send_by: Timestamp,
    order: Order,
}

/// How a token request ended, for vault and escrow, and why, for the log.
struct End {
    answer: TokenAnswer,
    class: &'static str,
    reason: &'static str,
    /// Whether the server came to an end with it, as far as that can be known.
    is_heard: bool,
}

impl Rotation {
    async fn carry_out(&self) -> Reply {
        fault_point::reach(&self.env, "rotator.received").await;
        let Some(registration) = Registration::of(&self.environment, &self.order.provider) else {
            return unsent("the provider is no longer configured");
        };
        let Ok(metadata) = discovery::metadata(&registration.provider.issuer).await else {
            return unsent("no metadata");
        };
        if self.send_by < clock::now() {
            return unsent("too late");
        }
        let claimed_at = clock::now();
        match self.escrow.claim(self.request).await {
            Ok(true) => {}
            // Somebody else has it, or nobody can know: the vault asks the escrow.
            Ok(false) => return unheard("claimed before"),
            Err(_) => return unheard("no escrow"),
        }
        fault_point::reach(&self.env, "rotator.claimed").await;
        let since_claim = claimed_at.until(clock::now());
        if self.send_by < clock::now() {
            // Nobody knows that but us: to the escrow it is one that may be under way.
            return unheard("too late");
        }
        let End { answer, class, reason, is_heard } =
            self.send(&registration, &metadata.token_endpoint.to_string(), since_claim).await;
        log::line("token_answered", [("class", class.into()), ("reason", reason.into())]);
        fault_point::reach(&self.env, "rotator.answered").await;
        let kept = KeptAnswer { answer, received_at: clock::now() };
        if is_heard && self.escrow.keep(self.request, &kept).await.is_err() {
            // The vault is told all the same.
            log::line("answer_not_kept", []);
        }
        fault_point::reach(&self.env, "rotator.kept").await;
        written(&kept)
    }

    async fn send(&self, registration: &Registration<'_>, endpoint: &str, since_claim: Millis) -> End {
        let token = RefreshToken::new(self.order.refresh_token.clone());
        let request = ClientRequest::refresh(&registration.client(), &token);
        // It counts from the claim: so does whoever finds the claim and no answer.
        let limit = Duration::from_millis(self.order.abort_after.saturating_sub(since_claim.as_millis()));
        match outgoing::post(endpoint, &request, limit).await {
            Ok(received) => {
                let answer = oauth::TokenAnswer::classify(&received.judged_at(clock::now()));
                let (class, reason) = (answer.class(), answer.reason());
                End { answer: answer.into(), class, reason, is_heard: true }
            }
            Err(unanswered) => End {
                answer: TokenAnswer::Unheard,
                class: "unheard",
                reason: unanswered.reason(),
                is_heard: match unanswered {
                    Unanswered::TooLarge => true,
                    Unanswered::Broken | Unanswered::TooSlow => false,
                },
            },
        }
    }
}

fn unsent(reason: &'static str) -> Reply {
    log::line("token_unsent", [("reason", reason.into())]);
    told(TokenAnswer::Unsent)
}

fn unheard(reason: &'static str) -> Reply {
    log::line("token_unheard", [("reason", reason.into())]);
    told(TokenAnswer::Unheard)
}

fn told(answer: TokenAnswer) -> Reply {
    written(&KeptAnswer { answer, received_at: clock::now() })
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
