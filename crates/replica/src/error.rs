//! What a replica refuses, and why.

/// Why a replica refuses a request. Each variant is the protocol error of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This replica does not lead, or does not know the follower that asks.
    #[error("this broker is not the leader, or not a follower, of the partition")]
    NotLeaderOrFollower,
    /// The client knows an older leader (kafka-apis 39).
    #[error("the leader epoch in the request is older than the current one")]
    FencedLeaderEpoch,
    /// The client knows a newer leader (kafka-apis 39).
    #[error("the leader epoch in the request is newer than the current one")]
    UnknownLeaderEpoch,
    /// Too few replicas are in sync for acks=-1 (kafka-semantics 38).
    #[error("{isr} replicas are in sync, and at least {minimum} have to be")]
    NotEnoughReplicas {
        /// Members of the ISR.
        isr: usize,
        /// The effective minimum.
        minimum: usize,
    },
    /// The offset is not in the log (kafka-semantics 74).
    #[error("the offset is not within the range of the log")]
    OffsetOutOfRange,
    /// The new leader does not know yet what is committed (kafka-semantics 46).
    #[error("the high watermark is behind the start of the leader's epoch")]
    OffsetNotAvailable,
}

/// Why a producer's batch is refused (kafka-semantics B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProducerError {
    /// Sequence numbers are missing, or too old to be known as a duplicate:
    /// `OUT_OF_ORDER_SEQUENCE_NUMBER` (kafka-semantics 28 to 30).
    #[error(
        "out of order sequence number for producer {producer_id}: {base_sequence} (incoming seq. \
         number), {last_sequence} (current end sequence number)"
    )]
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// First sequence number of the batch.
        base_sequence: i32,
        /// Last sequence number seen, -1 for none in this epoch.
        last_sequence: i32,
    },
    /// The producer has been replaced by one with a higher epoch: `INVALID_PRODUCER_EPOCH`
    /// (kafka-semantics 31).
    #[error(
        "epoch of producer {producer_id} is {epoch}, which is smaller than the last seen epoch \
         {current}"
    )]
    InvalidEpoch {
        /// The producer.
        producer_id: i64,
        /// Epoch of the batch.
        epoch: i16,
        /// Epoch last seen.
        current: i16,
    },
    /// A batch outside the producer's open transaction: `INVALID_TXN_STATE`.
    #[error("expected transactional write from producer {producer_id}")]
    NotTransactional {
        /// The producer.
        producer_id: i64,
    },
    /// A batch of a transaction that its coordinator was not asked about: `INVALID_TXN_STATE`
    /// (kafka-semantics 142, 143).
    #[error("record of producer {producer_id} was not part of an ongoing transaction")]
    NotInTransaction {
        /// The producer.
        producer_id: i64,
    },
    /// A marker from a coordinator that has been replaced: `TRANSACTION_COORDINATOR_FENCED`.
    #[error(
        "invalid coordinator epoch for producer {producer_id}: {epoch} (zombie), {current} \
         (current)"
    )]
    CoordinatorFenced {
        /// The producer.
        producer_id: i64,
        /// Coordinator epoch of the marker.
        epoch: i32,
        /// Coordinator epoch last seen.
        current: i32,
    },
}
