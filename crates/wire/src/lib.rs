//! What tab and Worker say to each other.
//!
//! JSON over same-origin HTTP. Every request carries the header [`HEADER_VERSION`], which is also the custom header that a
//! page of another origin cannot send. Durations are seconds and points in time are Unix seconds (RFC 7519 `NumericDate`),
//! both with up to three decimals. The files in `golden/` are read by the tests of this crate and of the TypeScript side:
//! a change that only one of them notices is a break.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod need;
mod notice;
mod openapi;
mod problem;
mod reason;
mod reauth;
mod route;
mod seconds;
mod service_route;
mod session;
mod sessions;
mod token;
mod way;

pub use need::Need;
pub use notice::{Notice, NoticeKind};
pub use openapi::OPENAPI;
pub use problem::{Code, Problem};
pub use reason::TokenReason;
pub use reauth::Reauth;
pub use route::Route;
pub use seconds::{NumericDate, Seconds};
pub use service_route::ServiceRoute;
pub use session::{Mediated, Mode, Provider, ProviderState, Session, SessionResponse, Upstream, User};
pub use sessions::{Device, DeviceState, SessionsResponse};
pub use token::{
    HandedToken, LoggedOut, LogoutRequest, LogoutResponse, TabState, TokenRequest, TokenResponse,
};
pub use way::Way;

/// The version of everything in this crate.
pub const VERSION: u32 = 1;

/// The request header that carries [`VERSION`]. Its presence is half of the cross-site rule.
pub const HEADER_VERSION: &str = "everlit-version";

/// The request header of a call that names the login it is made under. A page that was opened for another one must not act
/// with the token of this one.
pub const HEADER_EPOCH: &str = "everlit-epoch";

/// The response header that tells the Worker's own answers under `/api` from a resource server's.
pub const HEADER_CODE: &str = "everlit-code";
