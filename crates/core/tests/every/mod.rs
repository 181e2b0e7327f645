//! Everything there is of a kind.
#![allow(clippy::indexing_slicing, missing_docs)]

/// Calls `visit` with every sequence of `length` numbers below `choices`.
pub(crate) fn sequence(choices: usize, length: u32, mut visit: impl FnMut(&[usize])) {
    let mut sequence = vec![0; length as usize];
    for mut number in 0..choices.pow(length) {
        for place in &mut sequence {
            *place = number % choices;
            number /= choices;
        }
        visit(&sequence);
    }
}
