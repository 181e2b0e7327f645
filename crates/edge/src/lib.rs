//! What the Worker reads from the network, and what it writes to it, without the network.
//!
//! Everything here is a pure function over text and bytes: no clock, no randomness, no I/O. Time and entropy are
//! arguments. The Worker fetches, stores and answers; what a request, an answer or a setting *means* is decided here, where
//! a native test can ask. The decisions about a session are not here either: those are `everlit-core`'s.
//!
//! | module | one noun |
//! |---|---|
//! | [`config`] | the variables of `wrangler.toml` |
//! | [`oauth`] | authorization request and response, token request and answer, revocation |
//! | [`oidc`] | provider metadata, keys, ID Token |
//! | [`provider`] | what is known of each provider, as data: how its tokens end and are renewed, what its answers mean |
//! | [`jws`] | a JWT of ours, before it is signed |
//! | [`cookie`] | the two cookies: id, MAC, header |
//! | [`cross_site`] | which requests may act in the name of the cookie |
//! | [`http1`] | a request and its answer over a socket, where no `fetch` sends it |
//! | [`alert`] | what somebody is told of a service, and the requests that carry it |
//! | [`words`] | lengths and points of time as people read them |
//! | [`proxy`] | path, method and headers of `/api/{upstream}/...` |
//! | [`signed_call`] | a call to a broker, with what the broker wants to see |
//! | [`end_session`] | the way to the provider to be logged out there, and back |
//! | [`html`] | the landing page, the error page, and the page at the end of a silent re-login |
//! | [`silent`] | logging in again without the user: the ways, and what is asked and told |
//! | [`return_to`], [`query`], [`url`] | paths, query strings, origins |
//! | [`index`], [`device`] | what an index of sessions is called, and a session in a list |
//! | [`people`] | whose call it is, as one Worker says it to the other |
//! | [`internal`] | the request of a vault to the rotator, and its proof |
//! | [`gate`] | the names of what counts logins |
//! | [`service`] | the operator's own accounts: what an attempt sends, how the row is kept, how the state is told |
//! | [`keys`], [`seal`] | keys derived from the one secret, and what they seal |
//!
//! Three habits hold throughout. Parsers are total and bounded: hostile input gives an error or nothing, never a panic and
//! never unbounded work. A check that matters returns a value that only the check can make (a [`cross_site::SameOrigin`],
//! an [`oauth::AuthorizationCode`], an [`oidc::VerifiedIdToken`]), and the next step asks for it. Errors never carry what
//! they refused.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::arithmetic_side_effects)]

extern crate alloc;

pub mod alert;
pub mod base64url;
pub mod config;
pub mod cookie;
pub mod cross_site;
pub mod date;
pub mod device;
pub mod end_session;
pub mod gate;
mod hex;
pub mod html;
pub mod http1;
pub mod index;
pub mod internal;
pub mod jws;
pub mod keys;
pub mod link;
pub mod oauth;
pub mod oidc;
pub mod people;
pub mod posted;
pub mod prefetch;
pub mod provider;
pub mod proxy;
pub mod query;
pub mod return_to;
pub mod seal;
pub mod service;
pub mod signed_call;
pub mod silent;
pub mod url;
pub mod words;
