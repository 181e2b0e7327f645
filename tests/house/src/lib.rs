//! Tests over the source: what the house promises and no compiler checks.
//!
//! Each rule is a pure function from what was found to a list of offences, and has two tests: one over the repository,
//! and one that feeds it a bad example, so that a checker that stopped looking is noticed.
#![forbid(unsafe_code)]

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod events;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod requirements;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod tree;
