//! What an operator can set about share coordinators.

/// Settings of all share coordinators, in Kafka's names (kafka-configs, `share.coordinator.*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `share.coordinator.snapshot.update.records.per.snapshot`.
    pub updates_per_snapshot: u32,
    /// `share.coordinator.state.topic.prune.interval.ms`.
    pub prune_interval_ms: i64,
    /// `share.coordinator.cold.partition.snapshot.interval.ms`.
    pub cold_snapshot_interval_ms: i64,
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            updates_per_snapshot: 500,
            prune_interval_ms: 300_000,
            cold_snapshot_interval_ms: 300_000,
        }
    }
}
