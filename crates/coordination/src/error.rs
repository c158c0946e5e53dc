//! Why a coordinator gives no answer.

/// What the caller of a coordinator learns instead of an answer. Each variant stands for the error
/// code of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The shard is not here, or no longer: the client has to look for its coordinator.
    #[error("this broker is not the coordinator")]
    NotCoordinator,
    /// The shard is being loaded.
    #[error("the coordinator is loading")]
    CoordinatorLoadInProgress,
    /// Too many requests wait already, or the write was not replicated (in time).
    #[error("the coordinator is not available")]
    CoordinatorNotAvailable,
    /// A newer producer writes in the transaction.
    #[error("a newer producer writes in the transaction")]
    InvalidProducerEpoch,
    /// A newer transaction coordinator wrote already.
    #[error("a newer transaction coordinator wrote already")]
    TransactionCoordinatorFenced,
    /// The transaction is not open here.
    #[error("the records are not part of an open transaction")]
    InvalidTxnState,
    /// The log refuses what the request leads to, also when it is sent again.
    #[error("the log refuses the records")]
    UnknownServerError,
}

/// Why the log of a shard did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// This broker does not lead the partition, or not in that leader epoch.
    #[error("the partition is led elsewhere or in another epoch")]
    NotLeader,
    /// The partition does not exist here.
    #[error("no such partition")]
    UnknownPartition,
    /// Fewer replicas are in sync than `min.insync.replicas` asks for.
    #[error("too few replicas are in sync")]
    NotEnoughReplicas,
    /// The records were not replicated in time.
    #[error("the records were not replicated in time")]
    TimedOut,
    /// The batch is larger than the log takes.
    #[error("the batch is larger than the log takes")]
    TooLarge,
    /// A newer producer writes in the transaction.
    #[error("a newer producer writes in the transaction")]
    InvalidProducerEpoch,
    /// A newer transaction coordinator wrote already.
    #[error("a newer transaction coordinator wrote already")]
    TransactionCoordinatorFenced,
    /// The records are not part of an open transaction.
    #[error("the records are not part of an open transaction")]
    InvalidTxnState,
    /// The log directory failed.
    #[error("the log directory failed: {0}")]
    Storage(String),
    /// The log holds what it must not hold, or refuses a batch for another reason.
    #[error("{0}")]
    Invalid(String),
}

impl From<&LogError> for Error {
    /// What clients of a coordinator are told (kafka-semantics 116).
    fn from(error: &LogError) -> Self {
        match error {
            LogError::UnknownPartition | LogError::NotEnoughReplicas | LogError::TimedOut => {
                Self::CoordinatorNotAvailable
            }
            LogError::NotLeader | LogError::Storage(_) => Self::NotCoordinator,
            LogError::InvalidProducerEpoch => Self::InvalidProducerEpoch,
            LogError::TransactionCoordinatorFenced => Self::TransactionCoordinatorFenced,
            LogError::InvalidTxnState => Self::InvalidTxnState,
            LogError::TooLarge | LogError::Invalid(_) => Self::UnknownServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kafka-semantics 116.
    #[test]
    fn log_errors_are_told_in_terms_of_coordinators() {
        for (error, told) in [
            (LogError::UnknownPartition, Error::CoordinatorNotAvailable),
            (LogError::NotEnoughReplicas, Error::CoordinatorNotAvailable),
            (LogError::TimedOut, Error::CoordinatorNotAvailable),
            (LogError::NotLeader, Error::NotCoordinator),
            (LogError::Storage(String::new()), Error::NotCoordinator),
            (LogError::InvalidProducerEpoch, Error::InvalidProducerEpoch),
            (LogError::TransactionCoordinatorFenced, Error::TransactionCoordinatorFenced),
            (LogError::InvalidTxnState, Error::InvalidTxnState),
            (LogError::TooLarge, Error::UnknownServerError),
            (LogError::Invalid(String::new()), Error::UnknownServerError),
        ] {
            assert_eq!(Error::from(&error), told, "{error}");
        }
    }
}
