//! What the replicas of a broker refuse, and why.

use replica::{ProducerError, Refusal};

/// Why a partition is not served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No such topic or partition.
    #[error("no such partition")]
    UnknownTopicOrPartition,
    /// It exists, but this broker has no replica of it, or does not lead it.
    #[error("this broker does not lead the partition")]
    NotLeaderOrFollower,
    /// Its log directory failed.
    #[error("the log directory of the partition is offline")]
    Offline,
}

/// Why a batch was not appended, or not (yet) replicated.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The partition is not served here.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The replica refuses: it does not lead, or too few replicas are in sync.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The caller leads by an epoch that has been replaced.
    #[error("leader epoch {requested} was replaced by {current}")]
    Fenced {
        /// The epoch of the caller.
        requested: i32,
        /// The epoch of the replica.
        current: i32,
    },
    /// Too few replicas are in sync, found out after the batch was written.
    #[error("the batch was written, but to fewer in-sync replicas than required")]
    NotEnoughReplicasAfterAppend,
    /// Not all in-sync replicas had the batch by the deadline; it may still be committed.
    #[error("the in-sync replicas did not acknowledge in time")]
    TimedOut,
    /// The producer's epoch or sequence numbers do not fit.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] log::Error),
}

impl AppendError {
    /// What the client is told in words, where it is told anything.
    pub fn answered_message(&self) -> Option<String> {
        match self {
            Self::Log(error) if error.is_for_want_of_space() => Some(error.to_string()),
            _ => None,
        }
    }
}

/// Why a partition was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The partition is not served here.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The replica refuses: leadership, epochs, or the range of the log.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The offset is outside the log, or the log cannot be read.
    #[error(transparent)]
    Log(#[from] log::Error),
}
