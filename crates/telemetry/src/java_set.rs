//! The order of Java's sets. A client that turns to another broker of a cluster keeps its
//! subscription only if both compute the same id, and Apache Kafka computes it from the text of a
//! `HashSet`.

use wire::Str;

/// Buckets of a set without elements.
const BUCKETS: usize = 16;

/// Different texts in the order in which a `HashSet<String>` that they are added to lists them.
///
/// Texts of one bucket keep the order in which they come; Java's order is the same unless eight or
/// more of them share it.
pub(crate) fn in_java_order(texts: impl IntoIterator<Item = Str>) -> Vec<Str> {
    let mut different: Vec<Str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for text in texts {
        if seen.insert(text.clone()) {
            different.push(text);
        }
    }
    let mut buckets = BUCKETS;
    // A set doubles when it is more than three quarters full.
    while different.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    different.sort_by_key(|text| {
        let hash = hash_code(text);
        (hash ^ (hash >> 16)) as usize & (buckets - 1)
    });
    different
}

/// `String.hashCode`.
fn hash_code(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_java() {
        assert_eq!(hash_code("hello"), 99_162_322);
    }
}
