//! Another checker, which knows nothing of ours, finds the same worlds.

use everlit_tests_model::search::{Until, explore};
use everlit_tests_model::server::Kind;
use everlit_tests_model::world::{Bound, Setup, World};
use stateright::{Checker as _, Model, Property};

#[derive(Clone, Copy)]
struct Checked(Setup);

impl Checked {
    fn next(&self, world: &World) -> Vec<World> {
        let mut worlds = Vec::new();
        world.successors(&self.0, &mut |_, outcome| worlds.extend(outcome.ok()));
        worlds
    }
}

impl Model for Checked {
    type State = World;
    type Action = usize;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(&self.0)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<usize>) {
        actions.extend(0..self.next(world).len());
    }

    fn next_state(&self, world: &World, action: usize) -> Option<World> {
        self.next(world).into_iter().nth(action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("lawful", |checked: &Self, world: &World| world.lawful(&checked.0).is_ok())]
    }
}

#[test]
fn stateright_counts_the_same_worlds() {
    for kind in [Kind::Strict, Kind::SamePair, Kind::PreviousOnce] {
        let bound = Bound { tabs: 1, rotations: 1, crashes: 0, faults: 0, twice: 0, endings: 0 };
        let setup = Setup { kind, bound, flaw: None };
        let ours = explore(&setup, Until::Seen(usize::MAX));
        let theirs = Checked(setup).checker().spawn_bfs().join();
        theirs.assert_properties();
        assert!(ours.complete && ours.breaches.is_empty(), "{kind:?}");
        assert_eq!(theirs.unique_state_count(), ours.states, "{kind:?}");
    }
}
