//! Order in short lists.

use core::mem;

/// Puts a short list in order; what is equal stays as it is. The sorts of the standard library are made for long lists, and cost the
/// Worker's module five kilobytes for each type.
pub fn by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    for end in 1..items.len() {
        for at in (0..end).rev() {
            match items.get_mut(at..) {
                Some([left, right, ..]) if key(right) < key(left) => mem::swap(left, right),
                Some(_) | None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::by_key;
    use alloc::vec::Vec;

    #[test]
    fn every_short_list_is_put_in_order_and_equals_stay() {
        // Each list of up to five digits, with where each of them was.
        for length in 0..=5_u32 {
            for number in 0..4_u32.pow(length) {
                let digits = (0..length).map(|at| (number / 4_u32.pow(at) % 4, at));
                let mut items: Vec<_> = digits.collect();
                let mut expected = items.clone();
                expected.sort_by_key(|(digit, _)| *digit);
                by_key(&mut items, |(digit, _)| *digit);
                assert_eq!(items, expected);
            }
        }
    }
}
