//! What an operator can set about groups.

use crate::consumer::Assignor;
use crate::streams::StreamsSettings;

/// Settings of all groups, in Kafka's names (kafka-configs, broker settings `group.*` and
/// `offset*`). All of them are read-only while the broker runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay_ms: i32,
    /// `group.min.session.timeout.ms`.
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub max_session_timeout_ms: i32,
    /// `group.max.size`.
    pub max_size: usize,
    /// `offset.metadata.max.bytes`. Kafka counts UTF-16 units, whatever the name says.
    pub offset_metadata_max: usize,
    /// `offsets.retention.minutes`, in milliseconds.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check_interval_ms: i64,
    /// Those of consumer groups.
    pub consumer: ConsumerSettings,
    /// Those of streams groups.
    pub streams: StreamsSettings,
    /// Those of share groups.
    pub share: ShareSettings,
}

/// Settings of consumer groups, `group.consumer.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSettings {
    /// `assignors`, at least one; the first is taken where members do not say.
    pub assignors: Vec<Assignor>,
    /// `max.size`.
    pub max_size: usize,
    /// `session.timeout.ms`; a group may have its own.
    pub session_timeout_ms: i32,
    /// `heartbeat.interval.ms`; a group may have its own.
    pub heartbeat_interval_ms: i32,
    /// `assignment.interval.ms`; a group may have its own.
    pub assignment_interval_ms: i32,
    /// Whether a classic group with members may become a consumer group (`migration.policy`).
    pub can_upgrade: bool,
    /// Whether a consumer group whose members all speak the classic protocol becomes classic.
    pub can_downgrade: bool,
    /// `regex.refresh.interval.ms`.
    pub regex_refresh_interval_ms: i32,
}

impl ConsumerSettings {
    /// The assignor of a group whose members do not say.
    pub fn default_assignor(&self) -> Assignor {
        self.assignors.first().copied().unwrap_or(Assignor::Uniform)
    }
}

/// Settings of share groups, `group.share.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSettings {
    /// `max.size`.
    pub max_size: usize,
    /// `session.timeout.ms`; a group may have its own.
    pub session_timeout_ms: i32,
    /// `heartbeat.interval.ms`; a group may have its own.
    pub heartbeat_interval_ms: i32,
    /// `assignment.interval.ms`; a group may have its own.
    pub assignment_interval_ms: i32,
    /// `initialize.retry.interval.ms`.
    pub initialize_retry_interval_ms: i32,
}

impl Default for ShareSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            max_size: 200,
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
            initialize_retry_interval_ms: 30_000,
        }
    }
}

impl Default for ConsumerSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            assignors: vec![Assignor::Uniform, Assignor::Range],
            max_size: i32::MAX as usize,
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
            can_upgrade: true,
            can_downgrade: true,
            regex_refresh_interval_ms: 600_000,
        }
    }
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            initial_rebalance_delay_ms: 3_000,
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            max_size: i32::MAX as usize,
            offset_metadata_max: 4_096,
            offsets_retention_ms: 10_080 * 60_000,
            offsets_retention_check_interval_ms: 600_000,
            consumer: ConsumerSettings::default(),
            streams: StreamsSettings::default(),
            share: ShareSettings::default(),
        }
    }
}
