//! What Java does and who compares outputs relies on: the order in which its hash maps give out
//! their entries, and how it writes numbers.

use std::hash::Hash;

/// Something with the hash code Java gives it.
pub(crate) trait HashCode {
    /// The hash code.
    fn hash_code(&self) -> i32;
}

impl HashCode for str {
    fn hash_code(&self) -> i32 {
        let units = self.encode_utf16();
        units.fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
    }
}

impl HashCode for i32 {
    fn hash_code(&self) -> i32 {
        *self
    }
}

impl HashCode for wire::Str {
    fn hash_code(&self) -> i32 {
        (**self).hash_code()
    }
}

impl HashCode for String {
    fn hash_code(&self) -> i32 {
        self.as_str().hash_code()
    }
}

/// A topic and a partition.
impl<T: HashCode + Hash> HashCode for (T, i32) {
    fn hash_code(&self) -> i32 {
        let hash = 31_i32.wrapping_add(self.1);
        hash.wrapping_mul(31).wrapping_add(self.0.hash_code())
    }
}

/// The entries as a `HashMap` gives them out to which they were added one by one.
pub(crate) fn hash_order<T, K: HashCode + ?Sized>(
    mut entries: Vec<T>,
    key: impl Fn(&T) -> &K,
) -> Vec<T> {
    // The table doubles when it is three quarters full.
    let mut buckets: u32 = 16;
    while entries.len() as u32 > buckets / 4 * 3 {
        buckets *= 2;
    }
    entries.sort_by_key(|entry| {
        let hash = key(entry).hash_code() as u32;
        (hash ^ (hash >> 16)) & (buckets - 1)
    });
    entries
}

/// A number with so many decimals, as Java's `%.nf` writes it.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_as_java_gives_them_out() {
        // What kafka-log-dirs of Apache Kafka 4.3.1 prints for these partitions.
        let topics = [("t", 0), ("t", 1), ("t", 2), ("u", 0), ("u", 1)];
        let keys: Vec<(String, i32)> = topics.map(|(t, p)| (t.to_owned(), p)).to_vec();
        let shown: Vec<String> =
            hash_order(keys, |key| key).iter().map(|(t, p)| format!("{t}-{p}")).collect();
        assert_eq!(shown, ["t-2", "t-1", "t-0", "u-1", "u-0"]);
    }
}
