//! OAuth 2.0 as a confidential client speaks it (RFC 6749, RFC 7636, RFC 7009, RFC 7523, RFC 9126, RFC 9207, RFC 9449).
//!
//! Requests are built and answers are judged; sending is the Worker's. A login takes this course:
//!
//! 1. [`CodeVerifier`], [`State`] and [`crate::oidc::Nonce`] from entropy, kept in the login transaction.
//! 2. [`AuthorizationRequest::url`] is where the browser goes; or the request is pushed ([`ClientRequest::pushed`]), and
//!    [`AuthorizationRequest::pushed_url`] names what the server has already.
//! 3. [`AuthorizationResponse::parse`] reads what comes back, and only [`AuthorizationResponse::validate`] gives the
//!    [`AuthorizationCode`] that
//! 4. [`ClientRequest::authorization_code`] asks for. [`TokenAnswer::classify`] judges the answer.
//!
//! Whoever posts is known by its [`ClientCredentials`]: a secret, or a [`client_assertion`] that its [`ClientKey`] signed for this once.
//!
//! Where tokens are bound to a key ([`DpopKey`]), each of these requests carries a proof of it as well.
//!
//! A refresh is [`ClientRequest::refresh`] and the same judgement, which the escrow keeps as a [`KeptAnswer`]; a logout ends with [`ClientRequest::revocation`] and
//! [`RevocationAnswer::classify`].

mod answer;
mod authorization_request;
mod authorization_response;
mod client_assertion;
mod client_key;
mod client_request;
mod dpop;
pub mod expires_in;
mod kept_answer;
mod pushed;
mod retry_after;
mod revocation;
mod transaction;
mod wanted;

pub use answer::{
    Accepted, HttpAnswer, MAX_ACCESS_TOKEN, MAX_BODY, MAX_REFRESH_TOKEN, Scheme, TokenAnswer, TokenResponse,
};
pub use authorization_request::AuthorizationRequest;
pub use authorization_response::{
    AuthorizationCode, AuthorizationErrorCode, AuthorizationResponse, CallbackError, Expected, Outcome,
};
pub use client_assertion::client_assertion;
pub use client_key::ClientKey;
pub use client_request::{ClientCredentials, ClientProof, ClientRequest};
pub use dpop::{DpopKey, DpopNonce, Proof, wants_nonce};
pub use kept_answer::{JSON_ESCAPE, KeptAnswer, KeptError, MAX_KEPT_ANSWER};
pub use pushed::{NotPushed, RequestUri};
pub use retry_after::{MAX_RETRY_AFTER, parse_retry_after};
pub use revocation::RevocationAnswer;
pub use transaction::{CodeVerifier, State};
pub use wanted::{MAX_SCOPE, Wanted};
