//! Names of topics (kafka-semantics 85, kafka-storage §8).

/// The committed offsets and groups.
pub(crate) const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// The transactions.
pub(crate) const TRANSACTION_STATE: &str = "__transaction_state";
/// The state of share groups.
pub(crate) const SHARE_GROUP_STATE: &str = "__share_group_state";

/// Topics the broker itself writes; clients may read but not write them.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | TRANSACTION_STATE | SHARE_GROUP_STATE)
}

/// Whether a topic may have this name: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` and not `..`.
pub(crate) fn is_valid(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_kafka_does() {
        // kafka-semantics 85
        for name in ["a", "a.b_c-D9", &"x".repeat(249)] {
            assert!(is_valid(name), "{name}");
        }
        for name in ["", ".", "..", "a b", "ü", "a/b", &"x".repeat(250)] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
