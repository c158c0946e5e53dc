//! The controller's refusals as Kafka's error codes and texts.

use metadata::controller::{Error, Message, Reason};
use wire::{ErrorCode, Str};

/// The error code of a reason.
pub(crate) fn code(reason: Reason) -> ErrorCode {
    match reason {
        Reason::BrokerIdNotRegistered => ErrorCode::BrokerIdNotRegistered,
        Reason::DuplicateBrokerRegistration => ErrorCode::DuplicateBrokerRegistration,
        Reason::ElectionNotNeeded => ErrorCode::ElectionNotNeeded,
        Reason::EligibleLeadersNotAvailable => ErrorCode::EligibleLeadersNotAvailable,
        Reason::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        Reason::InconsistentClusterId => ErrorCode::InconsistentClusterId,
        Reason::IneligibleReplica => ErrorCode::IneligibleReplica,
        Reason::InvalidConfig => ErrorCode::InvalidConfig,
        Reason::InvalidPartitions => ErrorCode::InvalidPartitions,
        Reason::InvalidRegistration => ErrorCode::InvalidRegistration,
        Reason::InvalidReplicaAssignment => ErrorCode::InvalidReplicaAssignment,
        Reason::InvalidReplicationFactor => ErrorCode::InvalidReplicationFactor,
        Reason::InvalidRequest => ErrorCode::InvalidRequest,
        Reason::InvalidTopic => ErrorCode::InvalidTopicException,
        Reason::InvalidUpdateVersion => ErrorCode::InvalidUpdateVersion,
        Reason::NewLeaderElected => ErrorCode::NewLeaderElected,
        Reason::NoReassignmentInProgress => ErrorCode::NoReassignmentInProgress,
        Reason::NotController => ErrorCode::NotController,
        Reason::NotLeaderOrFollower => ErrorCode::NotLeaderOrFollower,
        Reason::PolicyViolation => ErrorCode::PolicyViolation,
        Reason::PreferredLeaderNotAvailable => ErrorCode::PreferredLeaderNotAvailable,
        Reason::RequestTimedOut => ErrorCode::RequestTimedOut,
        Reason::StaleBrokerEpoch => ErrorCode::StaleBrokerEpoch,
        Reason::TopicAlreadyExists => ErrorCode::TopicAlreadyExists,
        Reason::TopicDeletionDisabled => ErrorCode::TopicDeletionDisabled,
        Reason::UnknownServerError => ErrorCode::UnknownServerError,
        Reason::UnknownTopicId => ErrorCode::UnknownTopicId,
        Reason::UnknownTopicOrPartition => ErrorCode::UnknownTopicOrPartition,
        Reason::UnsupportedVersion => ErrorCode::UnsupportedVersion,
    }
}

/// Code and text of a refusal, as a response carries them.
///
/// As in Kafka an unknown error has no text, so that nothing of the inside leaks.
pub(crate) fn to_wire(error: &Error) -> (i16, Option<Str>) {
    let code = code(error.reason);
    let text = match &error.message {
        _ if code == ErrorCode::UnknownServerError => None,
        Message::Absent => None,
        Message::Standard => Some(Str::from(code.text())),
        Message::Text(text) => Some(Str::copy_from(text)),
    };
    (code.code(), text)
}

/// Code and text of something that went well or did not.
pub(crate) fn result_to_wire<T>(result: &Result<T, Error>) -> (i16, Option<Str>) {
    match result {
        Ok(_) => (ErrorCode::None.code(), None),
        Err(error) => to_wire(error),
    }
}
