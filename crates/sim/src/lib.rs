//! The simulated world: the real machines in a world of models.
//!
//! A [`world::World`] is one browser with its tabs, the Worker with a vault and an escrow for every login and rotators that
//! may die, an authorization server of one of the kinds there are, a network between them, a user, and whatever breaks. Tabs and vaults are the machines of
//! `everlit-core`, driven as their drivers drive them; all else is a model. Time is virtual, everything that a world leaves
//! open is drawn from one seed, and the same seed is the same run.
//!
//! After every step the [`laws`] are checked: by the checkers of the core, which look at one machine, and by those of this
//! crate, which see what a machine cannot. A world plays storms, in which things break, each followed by a calm in which
//! everybody has to settle.
//!
//! ```
//! use everlit_core::tab::State;
//! use everlit_core::time::Millis;
//! use everlit_sim::plan::Plan;
//! use everlit_sim::world::World;
//!
//! let mut world = World::new(Plan::quiet(1));
//! world.begin();
//! world.run_for(Millis::from_secs(600));
//! assert_eq!(world.state(0), State::Active);
//! assert_eq!(world.tally().token_requests, world.tally().rotations);
//! assert!(world.report().breach.is_none());
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod answers;
pub mod authorization_server;
pub mod browser;
pub mod chance;
pub mod clock;
pub mod escrow;
pub mod fault;
mod front;
pub mod happening;
pub mod laws;
pub mod life;
pub mod machine;
mod month;
pub mod naive;
pub mod network;
pub mod plan;
mod queue;
pub mod report;
pub mod rotator;
mod season;
mod silent;
pub mod stage;
mod telling;
pub mod timing;
pub mod trace;
pub mod user;
pub mod worker;
pub mod world;
