//! What a topic's configuration says about old records.

/// Which records may go, and when: topic settings of the same names. They may change at any time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CleanupSettings {
    /// Whether `cleanup.policy` has `compact`: of each key the last record stays.
    pub compact: bool,
    /// Whether `cleanup.policy` has `delete`: segments go by age and size.
    pub delete: bool,
    /// `retention.ms`; negative for no limit.
    pub retention_ms: i64,
    /// `retention.bytes`; negative for no limit.
    pub retention_bytes: i64,
    /// `delete.retention.ms`: how long tombstones and transaction markers stay after the first
    /// compaction that saw them.
    pub delete_retention_ms: i64,
    /// `min.compaction.lag.ms`: younger records are not compacted.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: older records are compacted however few they are.
    pub max_compaction_lag_ms: i64,
    /// `min.cleanable.dirty.ratio`: the share of bytes not yet compacted above which a log is
    /// compacted, 0 to 1.
    pub min_cleanable_dirty_ratio: f64,
}

impl Default for CleanupSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            compact: false,
            delete: true,
            retention_ms: 7 * 24 * 60 * 60 * 1000,
            retention_bytes: -1,
            delete_retention_ms: 24 * 60 * 60 * 1000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            min_cleanable_dirty_ratio: 0.5,
        }
    }
}
