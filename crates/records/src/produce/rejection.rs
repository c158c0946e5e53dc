//! Why a produced batch is refused.

use std::fmt;

use crate::{Corruption, Error, layout};

/// Why a produced batch is refused. Each variant stands for one protocol error; one bad record
/// refuses its whole batch (kafka-semantics 16).
///
/// Apache Kafka answers a log start offset of -1 to `CORRUPT_MESSAGE` and `MESSAGE_TOO_LARGE`, and
/// to everything [`crate::ProducedBatch::new`] refuses; to the rest the real one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The batch does not hold together: `CORRUPT_MESSAGE` (kafka-semantics 5).
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// The front of the data cannot be a batch: `CORRUPT_MESSAGE`, too.
    #[error(transparent)]
    NoBatch(Corruption),
    /// A codec that this version of Produce does not know: `UNSUPPORTED_COMPRESSION_TYPE`
    /// (kafka-semantics 3).
    #[error("produce requests before version 7 may not use zstd compression")]
    UnsupportedCompression,
    /// Larger than `max.message.bytes`, as sent or as recompressed: `MESSAGE_TOO_LARGE`
    /// (kafka-semantics 9).
    #[error("the record batch size is {size} bytes, which exceeds the maximum of {limit}")]
    TooLarge {
        /// Bytes of the batch.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// What the batch says of itself is wrong: `INVALID_RECORD`.
    #[error(transparent)]
    InvalidBatch(#[from] InvalidBatch),
    /// The records cannot be read. A misshapen record ([`Error::Record`]) is `INVALID_RECORD`; to
    /// a broken stream and an unknown codec Apache Kafka answers `UNKNOWN_SERVER_ERROR`; too much
    /// once decompressed is a limit of ours.
    #[error(transparent)]
    Unreadable(Error),
    /// Records that may not be written: `INVALID_TIMESTAMP` or `INVALID_RECORD`
    /// (kafka-semantics 17).
    #[error(transparent)]
    InvalidRecords(RecordErrors),
}

impl Rejection {
    /// The error message of the answer for the partition, where Apache Kafka gives one.
    pub fn answered_message(&self, topic_partition: &dyn fmt::Display) -> Option<String> {
        match self {
            Self::InvalidRecords(errors) => Some(errors.summary(topic_partition)),
            Self::NoBatch(corruption) => Some(corruption.to_string()),
            _ => None,
        }
    }

    /// The rejection of data whose front could not be parsed as a batch.
    pub(super) fn unparsable(error: Error) -> Self {
        match error {
            // Kafka only finds out later that a batch of magic 2 is too small for its header.
            Error::Corrupt(
                corruption @ (Corruption::Magic(_)
                | Corruption::TooSmall { minimum: layout::LEGACY_MIN_SIZE_V0, .. }),
            ) => Self::NoBatch(corruption),
            error => error.into(),
        }
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        match error {
            Error::Corrupt(corruption) => Self::Corrupt(corruption),
            error => Self::Unreadable(error),
        }
    }
}

/// What a batch says of itself and must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBatch {
    /// Not exactly one batch of magic 2 (kafka-semantics 2).
    #[error("produce requests must have exactly one record batch of magic version 2 per partition")]
    NotOneBatch,
    /// Clients do not choose offsets (kafka-semantics 4).
    #[error("the base offset of the record batch should be 0, but it is {0}")]
    BaseOffset(i64),
    /// The offsets span something else than the records counted, or nothing (kafka-semantics 6).
    #[error("inconsistent last offset delta {last_offset_delta} and record count {record_count}")]
    Count {
        /// The last offset delta of the batch.
        last_offset_delta: i32,
        /// The record count of the batch.
        record_count: i32,
    },
    /// Clients do not write control records (kafka-semantics 7).
    #[error("clients are not allowed to write control records")]
    Control,
    /// An idempotent batch without sequence numbers (kafka-semantics 8).
    #[error("invalid sequence number {0} in a record batch with a producer id")]
    Sequence(i32),
}

/// The records of a batch that may not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{total} records of the batch are invalid")]
pub struct RecordErrors {
    /// The invalid records in order, up to a bound.
    pub errors: Vec<RecordError>,
    /// How many records are invalid.
    pub total: usize,
    /// Whether a timestamp is among the faults, which makes the error `INVALID_TIMESTAMP`
    /// instead of `INVALID_RECORD`.
    pub has_invalid_timestamp: bool,
}

impl RecordErrors {
    /// Errors that are listed one by one. The rest is only counted, so that a batch of a million
    /// bad records is not answered with as many texts.
    pub(super) const LISTED_MAX: usize = 10_000;
    /// Errors that the summary shows.
    const SHOWN_MAX: usize = 3;

    fn summary(&self, topic_partition: &dyn fmt::Display) -> String {
        if self.has_invalid_timestamp {
            return "One or more records have been rejected due to invalid timestamp".to_owned();
        }
        let shown: Vec<String> = self
            .errors
            .iter()
            .take(Self::SHOWN_MAX)
            .map(|error| {
                let message = error.fault.message(topic_partition);
                format!("RecordError(batchIndex={}, message='{message}')", error.batch_index)
            })
            .collect();
        format!(
            "One or more records have been rejected due to {} record errors in total, and only \
             showing the first three errors at most: [{}]",
            self.total,
            shown.join(", ")
        )
    }
}

/// A record that may not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordError {
    /// Place of the record in the batch, from 0.
    pub batch_index: i32,
    /// What is wrong with it.
    pub fault: RecordFault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFault {
    /// No key in a compacted topic (kafka-semantics 11).
    NoKey,
    /// Too far from now (kafka-semantics 12).
    Timestamp {
        /// The record's timestamp, ms since the epoch.
        timestamp: i64,
        /// Its offset in the batch.
        offset: i64,
        /// The earliest allowed.
        earliest: i64,
        /// The latest allowed.
        latest: i64,
    },
    /// Its producer set the log append time (kafka-semantics 13).
    LogAppendTime {
        /// The record's timestamp, ms since the epoch.
        timestamp: i64,
        /// Its offset in the batch.
        offset: i64,
        /// Bytes of its key, 0 for null.
        key_size: usize,
        /// Bytes of its value, 0 for null.
        value_size: usize,
    },
}

impl RecordFault {
    pub(super) fn is_timestamp(&self) -> bool {
        match self {
            Self::NoKey => false,
            Self::Timestamp { .. } | Self::LogAppendTime { .. } => true,
        }
    }

    /// The message for this record in the answer (Produce 8 and later).
    pub fn message(&self, topic_partition: &dyn fmt::Display) -> String {
        match self {
            Self::NoKey => format!(
                "Compacted topic cannot accept message without key in topic partition \
                 {topic_partition}"
            ),
            Self::Timestamp { timestamp, offset, earliest, latest } => format!(
                "Timestamp {timestamp} of message with offset {offset} is out of range. The \
                 timestamp should be within [{earliest}, {latest}]"
            ),
            Self::LogAppendTime { timestamp, offset, key_size, value_size } => format!(
                "Invalid timestamp type in message DefaultRecord(offset={offset}, \
                 timestamp={timestamp}, key={key_size} bytes, value={value_size} bytes). Producer \
                 should not set timestamp type to LogAppendTime."
            ),
        }
    }
}
