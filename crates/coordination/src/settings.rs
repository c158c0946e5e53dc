//! What can be set about running shards.

use std::time::Duration;

use records::Compression;

/// Settings of a coordinator, in the names that Kafka gives them for groups.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests of one shard that may wait for their turn; one more is refused. Kafka keeps any
    /// number.
    pub queue_max: usize,
    /// Requests of one shard that may be without answer: waiting for the high watermark, or parked
    /// by the shard. One more is refused. Kafka keeps any number.
    pub unanswered_max: usize,
    /// How long a write may take until it is committed (`offsets.commit.timeout.ms`).
    pub write_timeout: Duration,
    /// How long records wait for others to share their batch (`group.coordinator.append.linger.ms`).
    pub linger: Linger,
    /// Bytes to read at a time when loading (`offsets.load.buffer.size`).
    pub load_buffer_bytes: usize,
    /// Codec of batches (`offsets.topic.compression.codec`).
    pub compression: Compression,
}

/// When the records of several requests are appended as one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linger {
    /// As long as requests are waiting for their turn, but no longer than a few hundred of them take
    /// (-1).
    WhileBusy,
    /// For this long, or until the batch is full; at zero every request has its own batch.
    For(Duration),
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            queue_max: 4_096,
            unanswered_max: 200_000,
            write_timeout: Duration::from_secs(5),
            linger: Linger::WhileBusy,
            load_buffer_bytes: 5_242_880,
            compression: Compression::None,
        }
    }
}
