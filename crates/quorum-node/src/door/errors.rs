//! Refusals as Kafka's error codes.

use quorum::Refusal;
use wire::ErrorCode;

/// The code of a refusal.
pub(super) fn code(refusal: Refusal) -> i16 {
    let code = match refusal {
        Refusal::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        Refusal::UnknownLeaderEpoch => ErrorCode::UnknownLeaderEpoch,
        Refusal::NotLeaderOrFollower => ErrorCode::NotLeaderOrFollower,
        Refusal::BrokerNotAvailable => ErrorCode::BrokerNotAvailable,
        Refusal::InvalidRequest => ErrorCode::InvalidRequest,
        Refusal::InconsistentClusterId => ErrorCode::InconsistentClusterId,
        Refusal::InvalidVoterKey => ErrorCode::InvalidVoterKey,
        Refusal::SnapshotNotFound => ErrorCode::SnapshotNotFound,
        Refusal::PositionOutOfRange => ErrorCode::PositionOutOfRange,
        Refusal::DuplicateVoter => ErrorCode::DuplicateVoter,
        Refusal::VoterNotFound => ErrorCode::VoterNotFound,
        Refusal::UnsupportedVersion => ErrorCode::UnsupportedVersion,
        Refusal::RequestTimedOut => ErrorCode::RequestTimedOut,
        Refusal::InvalidUpdateVersion => ErrorCode::InvalidUpdateVersion,
        Refusal::NotAuthorized => ErrorCode::ClusterAuthorizationFailed,
        Refusal::Other(code) => return code,
    };
    code.code()
}

/// What a code stands for: nothing, or a refusal.
pub(super) fn result(code: i16) -> Result<(), Refusal> {
    Err(match ErrorCode::from_code(code) {
        Some(ErrorCode::None) => return Ok(()),
        Some(ErrorCode::FencedLeaderEpoch) => Refusal::FencedLeaderEpoch,
        Some(ErrorCode::UnknownLeaderEpoch) => Refusal::UnknownLeaderEpoch,
        Some(ErrorCode::NotLeaderOrFollower) => Refusal::NotLeaderOrFollower,
        Some(ErrorCode::BrokerNotAvailable) => Refusal::BrokerNotAvailable,
        Some(ErrorCode::InvalidRequest) => Refusal::InvalidRequest,
        Some(ErrorCode::InconsistentClusterId) => Refusal::InconsistentClusterId,
        Some(ErrorCode::InvalidVoterKey) => Refusal::InvalidVoterKey,
        Some(ErrorCode::SnapshotNotFound) => Refusal::SnapshotNotFound,
        Some(ErrorCode::PositionOutOfRange) => Refusal::PositionOutOfRange,
        Some(ErrorCode::DuplicateVoter) => Refusal::DuplicateVoter,
        Some(ErrorCode::VoterNotFound) => Refusal::VoterNotFound,
        Some(ErrorCode::UnsupportedVersion) => Refusal::UnsupportedVersion,
        Some(ErrorCode::RequestTimedOut) => Refusal::RequestTimedOut,
        Some(ErrorCode::InvalidUpdateVersion) => Refusal::InvalidUpdateVersion,
        Some(ErrorCode::ClusterAuthorizationFailed) => Refusal::NotAuthorized,
        Some(_) | None => Refusal::Other(code),
    })
}
