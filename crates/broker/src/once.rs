//! What a request names more than once.

use std::collections::HashSet;
use std::hash::Hash;

/// Leaves the first of those with the same key.
///
/// A request of a hundred megabytes can name one group or topic millions of times; an answer that
/// tells all about it each time would take more memory than there is.
pub(crate) fn each_once<T, K: Eq + Hash>(things: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let mut seen = HashSet::with_capacity(things.len());
    things.retain(|thing| seen.insert(key(thing)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_stays_in_its_place() {
        let mut things = vec![("b", 1), ("a", 2), ("b", 3), ("c", 4), ("a", 5)];
        each_once(&mut things, |(name, _)| *name);
        assert_eq!(things, [("b", 1), ("a", 2), ("c", 4)]);
    }
}
