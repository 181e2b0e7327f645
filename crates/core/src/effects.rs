//! What a step wants done.

use alloc::vec::{IntoIter, Vec};
use core::slice::Iter;

/// The effects of one step, in the order in which they are to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "effects that are not carried out are decisions that never happened"]
pub struct Effects<E>(Vec<E>);

impl<E> Effects<E> {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn push(&mut self, effect: E) {
        push(&mut self.0, effect);
    }

    /// The effects, to look at.
    pub fn iter(&self) -> Iter<'_, E> {
        self.0.iter()
    }
}

/// Adds to a list, and does not panic where there is no memory: the words of that panic, and what writes their numbers, would
/// be a tenth of the tab's module. A machine without memory does nothing more.
pub fn push<T>(list: &mut Vec<T>, item: T) {
    // Said twice, so that a compiler sees that the second does not make room.
    if list.try_reserve(1).is_ok() && list.len() < list.capacity() {
        list.push(item);
    }
}

/// For machines that are wrong on purpose, with which a law is shown to notice.
impl<E> FromIterator<E> for Effects<E> {
    fn from_iter<I: IntoIterator<Item = E>>(effects: I) -> Self {
        Self(effects.into_iter().collect())
    }
}

impl<E> IntoIterator for Effects<E> {
    type Item = E;
    type IntoIter = IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a Effects<E> {
    type Item = &'a E;
    type IntoIter = Iter<'a, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
