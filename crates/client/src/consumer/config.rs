//! How a consumer works.

use std::time::Duration;

use wire::Str;

/// Where to begin where no offset is committed, or the one there is gone (`auto.offset.reset`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OffsetReset {
    /// At the oldest record.
    Earliest,
    /// Behind the newest record.
    #[default]
    Latest,
    /// Nowhere: it is an error.
    None,
}

/// Which records of transactions are given out (`isolation.level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// All.
    #[default]
    ReadUncommitted,
    /// Those of committed transactions, once they are.
    ReadCommitted,
}

impl Isolation {
    /// The number in requests.
    pub(crate) fn code(self) -> i8 {
        self as i8
    }
}

/// Settings of a consumer, with the Java client's names and defaults.
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// `group.id`; needed to subscribe and to commit.
    pub group_id: Option<Str>,
    /// `group.instance.id`: makes the member a static one.
    pub group_instance_id: Option<Str>,
    /// `auto.offset.reset`.
    pub offset_reset: OffsetReset,
    /// `isolation.level`.
    pub isolation: Isolation,
    /// `auto.commit.interval.ms`, or `None` for `enable.auto.commit=false`.
    pub auto_commit_interval: Option<Duration>,
    /// `session.timeout.ms`.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`: a member that does not poll for so long leaves the group.
    pub poll_interval_max: Duration,
    /// `max.poll.records`.
    pub poll_records_max: usize,
    /// `fetch.max.wait.ms`.
    pub fetch_wait_max: Duration,
    /// `fetch.min.bytes`.
    pub fetch_bytes_min: i32,
    /// `fetch.max.bytes`, of one answer.
    pub fetch_bytes_max: i32,
    /// `max.partition.fetch.bytes`.
    pub partition_bytes_max: i32,
    /// The most one batch may take decompressed, in bytes. Ours: Java has no bound.
    pub decompressed_bytes_max: usize,
    /// `check.crcs`.
    pub check_crcs: bool,
    /// `allow.auto.create.topics`: brokers may create topics when asked for them.
    pub may_create_topics: bool,
    /// `metadata.max.age.ms`.
    pub metadata_age_max: Duration,
    /// `retry.backoff.ms`.
    pub retry_backoff: Duration,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            group_id: None,
            group_instance_id: None,
            offset_reset: OffsetReset::Latest,
            isolation: Isolation::ReadUncommitted,
            auto_commit_interval: Some(Duration::from_secs(5)),
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            poll_interval_max: Duration::from_secs(300),
            poll_records_max: 500,
            fetch_wait_max: Duration::from_millis(500),
            fetch_bytes_min: 1,
            fetch_bytes_max: 50 << 20,
            partition_bytes_max: 1 << 20,
            decompressed_bytes_max: 256 << 20,
            check_crcs: true,
            may_create_topics: true,
            metadata_age_max: Duration::from_secs(300),
            retry_backoff: Duration::from_millis(100),
        }
    }
}
