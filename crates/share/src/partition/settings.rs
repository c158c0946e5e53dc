//! What a group may have set.

/// Settings of a share group, in Kafka's names (kafka-configs, `share.*`). They may change at any
/// time and come with each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `share.partition.max.record.locks`.
    pub max_record_locks: i64,
    /// `share.delivery.count.limit`.
    pub delivery_count_limit: i16,
    /// `share.record.lock.duration.ms`.
    pub record_lock_duration_ms: i64,
    /// `share.renew.acknowledge.enable`.
    pub renew_enabled: bool,
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            max_record_locks: 2_000,
            delivery_count_limit: 5,
            record_lock_duration_ms: 30_000,
            renew_enabled: true,
        }
    }
}

impl Settings {
    /// From this many deliveries on a record comes in ever smaller company, so that one that breaks
    /// its consumers is found out (kafka-semantics 166).
    pub(super) fn throttle_from(&self) -> i16 {
        (self.delivery_count_limit.max(0) / 2 + self.delivery_count_limit.max(0) % 2).max(2)
    }

    /// Whether a record that was delivered so often comes alone: it is the last time.
    pub(super) fn is_last(&self, delivery_count: i16) -> bool {
        self.delivery_count_limit > 2 && delivery_count == self.delivery_count_limit
    }
}
