//! The decisions of Everlit: two state machines, what stands beside them, and the laws they keep.
//!
//! A [`tab::Tab`] runs in every browser tab and decides what the session needs. A [`vault::Vault`] runs at the edge, one
//! per grant, holds the tokens and decides when the refresh token is spent; beside it an [`escrow`] keeps the answer to its request,
//! and an [`index::Index`] which sessions a user has. A [`service::Monitor`] looks after a token of the operator's own. None does anything
//! by itself: there is no clock, no randomness and no I/O in this crate. A *driver* tells a machine what happened and does what it is told:
//!
//! 1. Call `step(now, event)` with both clocks and fresh entropy in a [`time::Moment`].
//! 2. Do every effect of the returned list, in its order. An effect that wants an answer carries an id; the answer comes
//!    back as an event with that id. An answer that nobody waits for any more changes nothing.
//! 3. Ask `next_deadline()` and arm the one timer for it. When it fires, step with `DeadlineReached`.
//!
//! `step` is total: every event is accepted in every state, nothing fails and nothing panics; failures are data. After a
//! deadline was handled the next one is later, so a driver that follows the three steps cannot spin.
//!
//! ```
//! use everlit_core::tab::{Effect, Event, SessionAnswer, Settings, State, Tab, TokenState};
//! use everlit_core::time::{Millis, Moment, Timestamp};
//! use everlit_core::{Epoch, Generation, Stamp};
//!
//! let at = |seconds: u64| Moment {
//!     wall: Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000),
//!     mono: Timestamp::from_millis(seconds * 1_000),
//!     entropy: 7,
//! };
//! let mut tab = Tab::new(Settings { events: false, ..Settings::DEFAULT });
//!
//! // A page opens: the tab asks the Worker what there is.
//! let request = tab.step(at(0), Event::Opened { hidden: false }).into_iter().find_map(|effect| match effect {
//!     Effect::CheckSession { request } => Some(request),
//!     _ => None,
//! });
//!
//! // There is a session, with a token of a minute.
//! let found = SessionAnswer::Active(TokenState {
//!     stamp: Stamp { epoch: Epoch(1_790_000_000_000), generation: Generation(1) },
//!     expires_in: Millis::from_secs(60),
//!     lifetime: Millis::from_secs(60),
//!     server_time: Timestamp::from_millis(1_790_000_000_000),
//!     elapsed: Millis::ZERO,
//!     idle_left: Millis::from_days(14),
//!     idle_limit: Millis::from_days(14),
//! });
//! let _ = tab.step(at(0), Event::SessionAnswered { request: request.unwrap(), answer: found });
//! assert_eq!(tab.state(), State::Active);
//!
//! // The driver sleeps until the deadline: a fifth of the lifetime before the end, less a little jitter.
//! let deadline = tab.next_deadline().unwrap();
//! assert!(deadline >= at(48).mono && deadline <= at(50).mono);
//! let effects = tab.step(at(50), Event::DeadlineReached);
//! assert!(effects.iter().any(|effect| matches!(effect, Effect::RequestToken { .. })));
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::arithmetic_side_effects)]

extern crate alloc;

pub mod effects;
pub mod escrow;
pub mod id;
pub mod index;
pub mod law;
pub mod rate;
pub mod retry;
pub mod schedule;
pub mod secret;
pub mod service;
pub mod sort;
pub mod tab;
pub mod time;
pub mod vault;

pub use id::{Epoch, Generation, Stamp};
