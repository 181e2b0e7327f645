//! People who call through the app: how often each of them may. They are not known by name, and there may be any number of them.

use alloc::vec::Vec;

use crate::rate::{Gcra, Rate};
use crate::time::{Millis, Timestamp};

/// Under this name all of them are counted together. No caller can have it: there are spaces in it.
pub(super) const TOGETHER: &str = "users of the app";

/// So many are told apart at once. Whoever comes on top of them takes the place of the one who has been quiet for longest.
const MOST: usize = 1_024;

/// Names one of them: a digest that the driver makes, so that no account of anybody's is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person(pub u64);

/// What each of them has used up. In memory alone: after a restart everybody begins anew, which is worth no row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct People(Vec<(Person, Gcra)>);

impl People {
    /// Lets a question of theirs pass, or says after how long the next one may.
    pub(super) fn admit(&mut self, person: Person, rate: Rate, now: Timestamp) -> Result<(), Millis> {
        let mut gcra = match self.0.iter().position(|(known, _)| *known == person) {
            Some(at) => self.0.remove(at).1,
            None => Gcra::new(),
        };
        let admitted = gcra.admit(rate, now);
        // Whoever came last stands last.
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push((person, gcra));
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::new(2, Millis::from_secs(60));
    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn each_has_a_rate_of_their_own() {
        let mut people = People::default();
        let mut asks = |person, now| people.admit(Person(person), RATE, now).is_ok();
        assert!(asks(1, NOW) && asks(1, NOW) && !asks(1, NOW));
        assert!(asks(2, NOW), "what one has used up is not another's");
        assert!(asks(1, NOW.after(Millis::from_secs(30))));
    }

    #[test]
    fn whoever_is_quiet_for_longest_makes_room() {
        let mut people = People::default();
        for person in 0..=MOST as u64 {
            // The first one comes back in between, and is not the quietest any more.
            let _admitted = people.admit(Person(person), RATE, NOW);
            let _admitted = people.admit(Person(0), RATE, NOW);
        }
        assert_eq!(people.0.len(), MOST);
        assert!(people.admit(Person(0), RATE, NOW).is_err());
        assert!(people.0.iter().all(|(person, _)| *person != Person(1)));
    }
}
