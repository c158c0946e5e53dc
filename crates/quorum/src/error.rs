//! Why a request was refused.

use thiserror::Error;

/// Why a replica did not do what a request asked. Each stands for one of Kafka's error codes; the
/// door maps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The request's epoch is over.
    #[error("the request is of an epoch that is over")]
    FencedLeaderEpoch,
    /// The request's epoch is newer than the one known here.
    #[error("the request is of an epoch not known here yet")]
    UnknownLeaderEpoch,
    /// Only the leader can do this.
    #[error("this replica is not the leader")]
    NotLeaderOrFollower,
    /// The replica is about to stop.
    #[error("this replica is shutting down")]
    BrokerNotAvailable,
    /// A field has an impossible value, or contradicts what is known.
    #[error("the request contradicts itself or what is known")]
    InvalidRequest,
    /// The request is meant for another cluster.
    #[error("the request is meant for another cluster")]
    InconsistentClusterId,
    /// The request is meant for another replica.
    #[error("the request is meant for another replica")]
    InvalidVoterKey,
    /// There is no such snapshot (any more).
    #[error("there is no such snapshot")]
    SnapshotNotFound,
    /// The snapshot is shorter than that.
    #[error("the position is not within the snapshot")]
    PositionOutOfRange,
    /// The voter set has the node already.
    #[error("the node is a voter already")]
    DuplicateVoter,
    /// The voter set has no such replica.
    #[error("there is no such voter")]
    VoterNotFound,
    /// The current `kraft.version` or the peer's protocol cannot do this.
    #[error("the version in use does not support this")]
    UnsupportedVersion,
    /// It did not come about in time; it may be tried again.
    #[error("the request timed out")]
    RequestTimedOut,
    /// The feature cannot be set to that version.
    #[error("the feature cannot be set to that version")]
    InvalidUpdateVersion,
    /// The sender may not do this.
    #[error("the sender is not allowed to do this")]
    NotAuthorized,
    /// Any other error a peer answered, by Kafka's number.
    #[error("the peer answered error {0}")]
    Other(i16),
}

/// Why records could not be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendRefusal {
    /// This node does not lead, or leads in another epoch.
    #[error("this node is not the leader of that epoch")]
    NotLeader,
}

/// The log or a peer broke a rule that consensus rests on. The node has to stop: going on could
/// lose or fork committed metadata.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// The leader wants records cut that are committed.
    #[error(
        "leader {leader} of epoch {epoch} asks to truncate to offset {to}, \
         below the high watermark {high_watermark}"
    )]
    TruncationBelowHighWatermark {
        /// Who asks.
        leader: i32,
        /// In which epoch.
        epoch: i32,
        /// Where it wants the log to end.
        to: i64,
        /// What is committed here.
        high_watermark: i64,
    },
}
