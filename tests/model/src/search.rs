//! Breadth first through every world, each once: so a trace that breaks a law is a shortest one.
//!
//! What is kept of a world that was seen is 64 bits of its hash, where it came from and which of its parent's next worlds it
//! was. A trace is played again from the beginning.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault};
use std::mem;
use std::time::{Duration, Instant};

use everlit_core::law::{Broken, Law};

use crate::hash::{Fast, Same};
use crate::moves::Action;
use crate::world::{Setup, World};

/// What was found.
#[derive(Debug)]
pub struct Survey {
    /// How many different worlds there are.
    pub states: usize,
    /// How often one led to another.
    pub steps: usize,
    /// How many steps the furthest is away.
    pub depth: usize,
    /// Whether there is nothing else within the bound.
    pub complete: bool,
    /// The first world that broke each law, in the order in which they were found.
    pub breaches: Vec<Breach>,
    /// How long it took.
    pub took: Duration,
}

/// A law that is broken, and the shortest way there.
#[derive(Debug)]
pub struct Breach {
    /// Which law, and how.
    pub broken: Broken,
    /// What happened, from the beginning, with the world after each step; the last one is the one that breaks it.
    pub trace: Vec<(Action, Option<World>)>,
}

/// When to stop before all is seen.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// Only when this law is broken: others are passed over.
    Broken(Law),
    /// When a law is broken, or so many worlds were seen.
    Seen(usize),
}

/// Where a world came from.
#[derive(Clone, Copy)]
struct From {
    parent: u32,
    nth: u16,
}

/// The hash that names a world.
#[must_use]
pub fn fingerprint(world: &World) -> u64 {
    BuildHasherDefault::<Fast>::default().hash_one(world)
}

/// Explores.
#[must_use]
pub fn explore(setup: &Setup, until: Until) -> Survey {
    let started = Instant::now();
    let first = World::begin(setup);
    let mut seen: HashSet<u64, BuildHasherDefault<Same>> = HashSet::default();
    let mut origins = vec![From { parent: 0, nth: 0 }];
    seen.insert(fingerprint(&first));
    let mut frontier = vec![(0_u32, first)];
    let (mut steps, mut depth, mut found) = (0, 0, Vec::new());
    let mut complete = true;
    let mut breaches: HashMap<Law, ()> = HashMap::new();
    while !frontier.is_empty() && complete {
        let mut next = Vec::new();
        for (number, world) in mem::take(&mut frontier) {
            let mut nth = 0;
            world.successors(setup, &mut |_, outcome| {
                let from = From { parent: number, nth };
                nth += 1;
                steps += 1;
                match outcome {
                    Ok(world) => {
                        if seen.insert(fingerprint(&world)) {
                            next.push((u32::try_from(origins.len()).unwrap_or(u32::MAX), world));
                            origins.push(from);
                        }
                    }
                    Err(broken) => {
                        if breaches.insert(broken.law, ()).is_none() {
                            found.push((broken, from));
                        }
                    }
                }
            });
        }
        let enough = match until {
            Until::Broken(law) => breaches.contains_key(&law),
            Until::Seen(most) => !breaches.is_empty() || origins.len() >= most,
        };
        complete = !enough || next.is_empty();
        depth += usize::from(!next.is_empty());
        frontier = next;
    }
    let breaches = found
        .into_iter()
        .map(|(broken, from)| Breach { broken, trace: replay(setup, &origins, from) })
        .collect();
    Survey { states: origins.len(), steps, depth, complete, breaches, took: started.elapsed() }
}

/// Plays the way to a world again.
fn replay(setup: &Setup, origins: &[From], last: From) -> Vec<(Action, Option<World>)> {
    let mut way = vec![last.nth];
    let mut at = last.parent;
    while at != 0 {
        let Some(from) = usize::try_from(at).ok().and_then(|at| origins.get(at)) else { break };
        way.push(from.nth);
        at = from.parent;
    }
    let (mut world, mut trace) = (World::begin(setup), Vec::new());
    for nth in way.into_iter().rev() {
        let (mut count, mut taken) = (0, None);
        world.successors(setup, &mut |action, outcome| {
            if count == nth {
                taken = Some((action, outcome.ok()));
            }
            count += 1;
        });
        let Some((action, next)) = taken else { break };
        if let Some(next) = &next {
            world = next.clone();
        }
        trace.push((action, next));
    }
    trace
}
