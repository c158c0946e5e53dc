//! The one table from what the engines refuse to Kafka's error codes. No arm is a wildcard, so the
//! compiler points here at every new refusal.

use records::Rejection;
use replica::{ProducerError, Refusal};
use replication::{AlterError, AppendError, LookupError, ReadError};
use telemetry::Refusal as TelemetryRefusal;
use wire::ErrorCode;

/// Why a produced batch is refused before it reaches the log (kafka-semantics A).
pub(crate) fn rejection(rejection: &Rejection) -> ErrorCode {
    match rejection {
        Rejection::Corrupt(_) | Rejection::NoBatch(_) => ErrorCode::CorruptMessage,
        Rejection::UnsupportedCompression => ErrorCode::UnsupportedCompressionType,
        Rejection::TooLarge { .. } => ErrorCode::MessageTooLarge,
        Rejection::InvalidBatch(_) => ErrorCode::InvalidRecord,
        Rejection::Unreadable(error) => unreadable(error),
        Rejection::InvalidRecords(errors) if errors.has_invalid_timestamp => {
            ErrorCode::InvalidTimestamp
        }
        Rejection::InvalidRecords(_) => ErrorCode::InvalidRecord,
    }
}

/// Why a partition is not served here.
pub(crate) fn lookup(error: &LookupError) -> ErrorCode {
    match error {
        LookupError::UnknownTopicOrPartition => ErrorCode::UnknownTopicOrPartition,
        LookupError::NotLeaderOrFollower => ErrorCode::NotLeaderOrFollower,
        LookupError::Offline => ErrorCode::KafkaStorageError,
    }
}

/// Why a replica does not move to another directory. That it is not here has a code of its own
/// (kafka-semantics 206).
pub(crate) fn alter_log_dir(error: &AlterError) -> ErrorCode {
    match error {
        AlterError::TopicNameTooLong => ErrorCode::InvalidTopicException,
        AlterError::NoSuchDirectory => ErrorCode::LogDirNotFound,
        AlterError::DirectoryOffline => ErrorCode::KafkaStorageError,
        AlterError::DirectoryCordoned => ErrorCode::InvalidReplicaAssignment,
        AlterError::Lookup(LookupError::NotLeaderOrFollower) => ErrorCode::ReplicaNotAvailable,
        AlterError::Lookup(error) => lookup(error),
        AlterError::Log(error) => log(error),
    }
}

/// Why a batch is not in the log, or not on enough replicas.
pub(crate) fn append(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::Lookup(error) => lookup(error),
        AppendError::Fenced { .. } => ErrorCode::NotLeaderOrFollower,
        AppendError::Refused(refusal) => refused(*refusal),
        AppendError::NotEnoughReplicasAfterAppend => ErrorCode::NotEnoughReplicasAfterAppend,
        AppendError::TimedOut => ErrorCode::RequestTimedOut,
        AppendError::Producer(error) => producer(error),
        AppendError::Log(error) => log(error),
    }
}

/// Why a partition was not read.
pub(crate) fn read(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::Lookup(error) => lookup(error),
        ReadError::Refused(refusal) => refused(*refusal),
        ReadError::Log(error) => log(error),
    }
}

/// Why a replica refuses.
pub(crate) fn refused(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::NotLeaderOrFollower => ErrorCode::NotLeaderOrFollower,
        Refusal::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        Refusal::UnknownLeaderEpoch => ErrorCode::UnknownLeaderEpoch,
        Refusal::NotEnoughReplicas { .. } => ErrorCode::NotEnoughReplicas,
        Refusal::OffsetOutOfRange => ErrorCode::OffsetOutOfRange,
        Refusal::OffsetNotAvailable => ErrorCode::OffsetNotAvailable,
    }
}

/// Why a producer's batch is refused.
pub(crate) fn producer(error: &ProducerError) -> ErrorCode {
    match error {
        ProducerError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        ProducerError::InvalidEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        ProducerError::NotTransactional { .. } | ProducerError::NotInTransaction { .. } => {
            ErrorCode::InvalidTxnState
        }
        ProducerError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
    }
}

/// Records that cannot be read although they were checked. For too much decompressed data the
/// code is one that makes producers split the batch.
fn unreadable(error: &records::Error) -> ErrorCode {
    match error {
        records::Error::Corrupt(_) => ErrorCode::CorruptMessage,
        records::Error::DecompressedTooLarge { .. } => ErrorCode::MessageTooLarge,
        records::Error::Record(_)
        | records::Error::UnknownCompression(_)
        | records::Error::Decompression { .. } => ErrorCode::InvalidRecord,
    }
}

/// What went wrong in a log.
pub(crate) fn log(error: &log::Error) -> ErrorCode {
    match error {
        log::Error::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        log::Error::AppendTooLarge { .. } => ErrorCode::RecordListTooLarge,
        log::Error::Corrupt { .. } | log::Error::InvalidBatch(_) => ErrorCode::CorruptMessage,
        log::Error::Io { .. }
        | log::Error::LowSpace { .. }
        | log::Error::NoSpace { .. }
        | log::Error::Offline { .. }
        | log::Error::Malformed { .. }
        | log::Error::Locked(_)
        | log::Error::Identity { .. }
        | log::Error::NoIdentity { .. }
        | log::Error::Exists { .. } => ErrorCode::KafkaStorageError,
        log::Error::Closed { .. } => ErrorCode::NotLeaderOrFollower,
        log::Error::UnexpectedOffset { .. } => ErrorCode::UnknownServerError,
    }
}

/// What a group coordinator refuses. OffsetCommit tells older versions something else of a group
/// that does not exist (kafka-apis 44).
pub(crate) fn group(error: &group::Error) -> ErrorCode {
    match error {
        group::Error::InvalidGroupId => ErrorCode::InvalidGroupId,
        group::Error::InvalidSessionTimeout => ErrorCode::InvalidSessionTimeout,
        group::Error::MemberIdRequired => ErrorCode::MemberIdRequired,
        group::Error::UnknownMemberId => ErrorCode::UnknownMemberId,
        group::Error::FencedInstanceId => ErrorCode::FencedInstanceId,
        group::Error::IllegalGeneration => ErrorCode::IllegalGeneration,
        group::Error::RebalanceInProgress => ErrorCode::RebalanceInProgress,
        group::Error::InconsistentGroupProtocol => ErrorCode::InconsistentGroupProtocol,
        group::Error::GroupMaxSizeReached => ErrorCode::GroupMaxSizeReached,
        group::Error::GroupIdNotFound(_)
        | group::Error::NotClassicGroup(_)
        | group::Error::NotStreamsGroup(_) => ErrorCode::GroupIdNotFound,
        group::Error::NonEmptyGroup => ErrorCode::NonEmptyGroup,
        group::Error::GroupSubscribedToTopic => ErrorCode::GroupSubscribedToTopic,
        group::Error::OffsetMetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
        group::Error::UnstableOffsetCommit => ErrorCode::UnstableOffsetCommit,
        group::Error::ConsumerGroupNotFound(_)
        | group::Error::NotConsumerGroup(_)
        | group::Error::CannotUpgrade(_)
        | group::Error::ShareGroupNotFound(_)
        | group::Error::NotShareGroup(_) => ErrorCode::GroupIdNotFound,
        group::Error::NotAMember { .. } | group::Error::UnknownInstanceId(_) => {
            ErrorCode::UnknownMemberId
        }
        group::Error::FencedMemberEpoch(_) => ErrorCode::FencedMemberEpoch,
        group::Error::FencedStaticMember(_) => ErrorCode::FencedInstanceId,
        group::Error::UnreleasedInstanceId(_) => ErrorCode::UnreleasedInstanceId,
        group::Error::UnsupportedAssignor(_) => ErrorCode::UnsupportedAssignor,
        group::Error::InvalidRegularExpression(_) => ErrorCode::InvalidRegularExpression,
        group::Error::InvalidRequest(_) => ErrorCode::InvalidRequest,
        group::Error::ConsumerGroupFull(_) | group::Error::ShareGroupFull(_) => {
            ErrorCode::GroupMaxSizeReached
        }
        group::Error::StaleMemberEpoch => ErrorCode::StaleMemberEpoch,
        group::Error::UnsupportedVersion => ErrorCode::UnsupportedVersion,
        group::Error::Write(error) => match error {
            group::WriteError::CoordinatorNotAvailable => ErrorCode::CoordinatorNotAvailable,
            group::WriteError::NotCoordinator => ErrorCode::NotCoordinator,
            group::WriteError::CoordinatorLoadInProgress => ErrorCode::CoordinatorLoadInProgress,
            group::WriteError::UnknownServerError => ErrorCode::UnknownServerError,
        },
    }
}

/// Why a streams group refuses a heartbeat (kafka-semantics 171, 172).
pub(crate) fn streams(refused: &group::StreamsRefused) -> ErrorCode {
    match refused {
        group::StreamsRefused::InvalidRequest(_) => ErrorCode::InvalidRequest,
        group::StreamsRefused::InvalidTopology(_) => ErrorCode::StreamsInvalidTopology,
        group::StreamsRefused::GroupIdNotFound(_) => ErrorCode::GroupIdNotFound,
        group::StreamsRefused::UnknownMemberId { .. } => ErrorCode::UnknownMemberId,
        group::StreamsRefused::FencedMemberEpoch(_) => ErrorCode::FencedMemberEpoch,
        group::StreamsRefused::GroupMaxSizeReached(_) => ErrorCode::GroupMaxSizeReached,
    }
}

/// What a transaction coordinator refuses. Older versions of requests are told
/// INVALID_PRODUCER_EPOCH where PRODUCER_FENCED is meant (kafka-apis 44).
pub(crate) fn txn(error: &txn::Error) -> ErrorCode {
    match error {
        txn::Error::InvalidRequest => ErrorCode::InvalidRequest,
        txn::Error::TwoPhaseCommitDisabled => ErrorCode::TransactionalIdAuthorizationFailed,
        txn::Error::KeepPreparedUnsupported => ErrorCode::UnsupportedVersion,
        txn::Error::InvalidTransactionTimeout => ErrorCode::InvalidTransactionTimeout,
        txn::Error::ConcurrentTransactions => ErrorCode::ConcurrentTransactions,
        txn::Error::ProducerFenced => ErrorCode::ProducerFenced,
        txn::Error::InvalidProducerIdMapping => ErrorCode::InvalidProducerIdMapping,
        txn::Error::InvalidTxnState => ErrorCode::InvalidTxnState,
        txn::Error::TransactionalIdNotFound => ErrorCode::TransactionalIdNotFound,
        // Handlers bring the producer id themselves.
        txn::Error::ProducerIdNeeded | txn::Error::EpochExhausted => ErrorCode::UnknownServerError,
    }
}

/// What a share coordinator refuses.
pub(crate) fn share_state(error: share::coordinator::Error) -> ErrorCode {
    use share::coordinator::Error;

    match error {
        Error::NegativePartition
        | Error::WriteUninitialized
        | Error::ReadUninitialized
        | Error::TooManyBatches => ErrorCode::InvalidRequest,
        Error::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        Error::FencedStateEpoch => ErrorCode::FencedStateEpoch,
        Error::UnknownTopicOrPartition => ErrorCode::UnknownTopicOrPartition,
    }
}

/// Why a coordinator gives no answer.
pub(crate) fn coordination(error: coordination::Error) -> ErrorCode {
    match error {
        coordination::Error::NotCoordinator => ErrorCode::NotCoordinator,
        coordination::Error::CoordinatorLoadInProgress => ErrorCode::CoordinatorLoadInProgress,
        coordination::Error::CoordinatorNotAvailable => ErrorCode::CoordinatorNotAvailable,
        coordination::Error::InvalidProducerEpoch => ErrorCode::InvalidProducerEpoch,
        coordination::Error::TransactionCoordinatorFenced => {
            ErrorCode::TransactionCoordinatorFenced
        }
        coordination::Error::InvalidTxnState => ErrorCode::InvalidTxnState,
        coordination::Error::UnknownServerError => ErrorCode::UnknownServerError,
    }
}
/// Why a client gets no subscription to metrics, or may not push them (kafka-semantics 236, 237).
pub(crate) fn telemetry(refusal: &TelemetryRefusal) -> ErrorCode {
    match refusal {
        TelemetryRefusal::InvalidInstanceId | TelemetryRefusal::Terminated => {
            ErrorCode::InvalidRequest
        }
        TelemetryRefusal::TooEarly => ErrorCode::ThrottlingQuotaExceeded,
        TelemetryRefusal::UnknownSubscriptionId => ErrorCode::UnknownSubscriptionId,
        TelemetryRefusal::UnsupportedCompressionType(_) => ErrorCode::UnsupportedCompressionType,
        TelemetryRefusal::TooLarge { .. } => ErrorCode::TelemetryTooLarge,
    }
}
