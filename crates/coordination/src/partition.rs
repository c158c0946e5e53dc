//! Which partition of an internal topic holds a key.

/// The partition of a group or a transactional id among `partitions` (above 0): Java's `String.hashCode`, its absolute
/// value (0 for the smallest), modulo (kafka-semantics 244).
pub fn partition_for(key: &str, partitions: i32) -> i32 {
    java_string_hash(key).checked_abs().unwrap_or(0) % partitions
}

fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kafka-semantics 244: the hashes are Java's.
    #[test]
    fn hashes_as_java_does() {
        for (text, hash, partition) in [
            ("", 0, 0),
            ("a", 97, 47),
            ("my-group", -1_906_497_762, 12),
            ("polygenelubricants", i32::MIN, 0),
            ("😀", 1_772_899, 49),
        ] {
            assert_eq!((java_string_hash(text), partition_for(text, 50)), (hash, partition));
        }
    }
}
