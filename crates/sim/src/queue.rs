//! What is still to come, by time; at the same time, in the order in which it was planned.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use everlit_core::time::Timestamp;

/// A queue. What is planned lies still in its place; only its key moves.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    keys: BinaryHeap<Reverse<Key>>,
    places: Vec<Option<T>>,
    free: Vec<u32>,
    planned: u64,
}

/// Time, number and place in one number: compared at once, in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u128);

impl Key {
    const fn new(at: Timestamp, planned: u64, place: u32) -> Self {
        // Half a millennium of milliseconds, and a trillion things planned.
        let (planned, place) = (planned as u128 & 0xFFFF_FFFF_FFFF, place as u128);
        Self((at.as_millis() as u128) << 80 | planned << 32 | place)
    }

    const fn at(self) -> Timestamp {
        Timestamp::from_millis((self.0 >> 80) as u64)
    }

    const fn place(self) -> u32 {
        self.0 as u32
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { keys: BinaryHeap::new(), places: Vec::new(), free: Vec::new(), planned: 0 }
    }
}

impl<T> Queue<T> {
    pub(crate) fn push(&mut self, at: Timestamp, happening: T) {
        self.planned = self.planned.wrapping_add(1);
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.places.push(None);
                u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(u32::MAX)
            }
        };
        if let Some(empty) = self.places.get_mut(place as usize) {
            *empty = Some(happening);
        }
        self.keys.push(Reverse(Key::new(at, self.planned, place)));
    }

    /// The next thing, unless that comes after `until`.
    pub(crate) fn pop(&mut self, until: Timestamp) -> Option<(Timestamp, T)> {
        let Reverse(next) = self.keys.peek().filter(|Reverse(next)| next.at() <= until).copied()?;
        self.keys.pop();
        self.free.push(next.place());
        let happening = self.places.get_mut(next.place() as usize)?.take()?;
        Some((next.at(), happening))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_earlier_comes_first_and_at_one_time_what_was_planned_first() {
        let mut queue = Queue::default();
        for _ in 0..2 {
            for (at, tab) in [(5, 0), (3, 1), (5, 2), (4, 3)] {
                queue.push(Timestamp::from_millis(at), tab);
            }
            let mut order = Vec::new();
            assert!(queue.pop(Timestamp::from_millis(2)).is_none());
            while let Some((_, tab)) = queue.pop(Timestamp::from_millis(9)) {
                order.push(tab);
            }
            assert_eq!(order, [1, 3, 0, 2]);
        }
        assert_eq!(queue.places.len(), 4, "places are used again");
    }
}
