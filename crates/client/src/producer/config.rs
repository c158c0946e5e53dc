//! How a producer works.

use std::time::Duration;

use records::{Codec, Compression};
use wire::Str;

/// A broker remembers the last five batches of an idempotent producer in a partition.
pub(super) const IN_FLIGHT_MAX: usize = 5;

/// Who must have a batch before it counts as delivered (`acks`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acks {
    /// Nobody: the broker does not even answer, and no offset is known.
    None,
    /// The leader.
    Leader,
    /// All in-sync replicas.
    #[default]
    All,
}

impl Acks {
    /// The number in a Produce request.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// Settings of a producer, with the Java client's names and defaults.
#[derive(Debug, Clone)]
pub struct ProducerConfig {
    /// `acks`. Idempotence needs [`Acks::All`].
    pub acks: Acks,
    /// `compression.type` and its level.
    pub codec: Codec,
    /// `batch.size`: uncompressed bytes after which a batch is sent without waiting for more.
    pub batch_size: usize,
    /// `linger.ms`: how long a batch waits for more records.
    pub linger: Duration,
    /// `buffer.memory`: bytes of records that may wait for delivery.
    pub buffer_memory: usize,
    /// `max.request.size`: the largest record.
    pub request_size_max: usize,
    /// `max.block.ms`: how long a send waits for metadata and for memory.
    pub block_max: Duration,
    /// `delivery.timeout.ms`: how long a batch is tried.
    pub delivery_timeout: Duration,
    /// `retries`: how often a batch is tried again.
    pub retries_max: u32,
    /// `retry.backoff.ms`: the pause between tries.
    pub retry_backoff: Duration,
    /// `enable.idempotence`: each record once, in order, whatever is retried.
    pub idempotent: bool,
    /// `max.in.flight.requests.per.connection`, here of each partition: batches that may be on
    /// their way at a time. More than 5 are too many for an idempotent producer.
    pub in_flight_max: usize,
    /// `transactional.id`: records are sent in transactions.
    pub transactional_id: Option<Str>,
    /// `transaction.timeout.ms`: how long the coordinator lets a transaction be open.
    pub transaction_timeout: Duration,
    /// `metadata.max.age.ms`: when partitions and leaders are asked for again at the latest.
    pub metadata_age_max: Duration,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            codec: Compression::None.into(),
            batch_size: 16 << 10,
            linger: Duration::from_millis(5),
            buffer_memory: 32 << 20,
            request_size_max: 1 << 20,
            block_max: Duration::from_secs(60),
            delivery_timeout: Duration::from_secs(120),
            retries_max: u32::MAX,
            retry_backoff: Duration::from_millis(100),
            idempotent: true,
            in_flight_max: IN_FLIGHT_MAX,
            transactional_id: None,
            transaction_timeout: Duration::from_secs(60),
            metadata_age_max: Duration::from_secs(300),
        }
    }
}
