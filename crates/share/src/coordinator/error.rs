//! Why a share coordinator refuses a request.

/// What went wrong with a request. The broker's door maps every variant to one of Kafka's error
/// codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A partition below 0.
    #[error("The partition id cannot be a negative number.")]
    NegativePartition,
    /// State is to be written that was never initialized.
    #[error("Write operation on uninitialized share partition not allowed.")]
    WriteUninitialized,
    /// State is to be read that was never initialized.
    #[error("Read operation on uninitialized share partition not allowed.")]
    ReadUninitialized,
    /// The state would be in more pieces than a coordinator keeps.
    #[error("The state of the share partition is in too many pieces.")]
    TooManyBatches,
    /// A newer leader of the partition was here (kafka-semantics 168).
    #[error("a newer leader of the partition has the state")]
    FencedLeaderEpoch,
    /// The state was begun anew since (kafka-semantics 168).
    #[error("the state was initialized anew")]
    FencedStateEpoch,
    /// The cluster has no such partition.
    #[error("there is no such partition")]
    UnknownTopicOrPartition,
}

/// Bytes in a `__share_group_state` log that are no record of a share coordinator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The bytes end early or hold impossible values.
    #[error("not a share coordinator's record: {0}")]
    Malformed(#[from] wire::DecodeError),
    /// A record without key.
    #[error("a share coordinator's record has no key")]
    NoKey,
    /// A record of ours does not fit its own format.
    #[error("the record cannot be encoded: {0}")]
    Unencodable(#[from] wire::EncodeError),
}
