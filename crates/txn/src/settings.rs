//! What an operator can set about transactions.

/// Settings of all transactions, in Kafka's names (kafka-configs, `transaction*`). All of them are
/// read-only while the broker runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `transaction.max.timeout.ms`.
    pub max_timeout_ms: i32,
    /// `transaction.two.phase.commit.enable`.
    pub two_phase_commit: bool,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
    pub abort_timed_out_interval_ms: i64,
    /// `transactional.id.expiration.ms`.
    pub expiration_ms: i64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`.
    pub remove_expired_interval_ms: i64,
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            max_timeout_ms: 900_000,
            two_phase_commit: false,
            abort_timed_out_interval_ms: 10_000,
            expiration_ms: 604_800_000,
            remove_expired_interval_ms: 3_600_000,
        }
    }
}
