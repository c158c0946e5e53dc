//! The order in which Java walks a hash map of strings.
//!
//! Apache Kafka decides the partition counts of repartition topics, and names missing topics, in
//! that order. Another order could give an application other counts than it had before it moved
//! here, and its topics would count as incorrectly partitioned.

/// Items in the order in which `java.util.HashMap` walks their keys, having taken them in the order
/// given. The keys are different.
pub(super) fn hash_map_order<T>(mut items: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let mut capacity: u32 = 16;
    while items.len() as u64 > u64::from(capacity) * 3 / 4 && capacity < 1 << 30 {
        capacity *= 2;
    }
    items.sort_by_key(|item| bucket(key(item), capacity));
    items
}

fn bucket(key: &str, capacity: u32) -> u32 {
    let hash =
        key.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    (hash ^ (hash >> 16)) & (capacity - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by `new HashSet<>(List.of(...))` and `new HashMap<>()` of Java 17.
    #[test]
    fn walks_as_java_does() {
        let order = |keys: &str| hash_map_order(keys.split(' ').collect(), |key| key).join(" ");
        assert_eq!(order("2 1 0"), "0 1 2");
        assert_eq!(order("0 1 2 3 4 5 6 7 8 9 10 11"), "0 11 1 2 3 4 5 6 7 8 9 10");
        assert_eq!(
            order("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14"),
            "11 12 13 14 0 1 2 3 4 5 6 7 8 9 10"
        );
    }
}
