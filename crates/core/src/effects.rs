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
        self.0.push(effect);
    }

    /// The effects, to look at.
    pub fn iter(&self) -> Iter<'_, E> {
        self.0.iter()
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
