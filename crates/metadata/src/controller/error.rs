//! Why the controller refuses something.

use std::borrow::Cow;

/// The result of a decision.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal, in Apache Kafka's words where it has any.
///
/// Tools print the text, and some match on it, so it is part of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason:?}: {message:?}")]
pub struct Error {
    /// What is wrong; becomes the error code.
    pub reason: Reason,
    /// What to say about it.
    pub message: Message,
}

/// The text that goes with an error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// None: the field of the response is null.
    Absent,
    /// The standard text of the error code.
    Standard,
    /// This text.
    Text(Cow<'static, str>),
}

/// What is wrong with a request or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is an error code of the protocol, documented there")]
pub enum Reason {
    BrokerIdNotRegistered,
    DuplicateBrokerRegistration,
    ElectionNotNeeded,
    EligibleLeadersNotAvailable,
    FencedLeaderEpoch,
    InconsistentClusterId,
    IneligibleReplica,
    InvalidConfig,
    InvalidPartitions,
    InvalidRegistration,
    InvalidReplicaAssignment,
    InvalidReplicationFactor,
    InvalidRequest,
    InvalidTopic,
    InvalidUpdateVersion,
    NewLeaderElected,
    NoReassignmentInProgress,
    NotController,
    NotLeaderOrFollower,
    PolicyViolation,
    PreferredLeaderNotAvailable,
    RequestTimedOut,
    StaleBrokerEpoch,
    TopicAlreadyExists,
    TopicDeletionDisabled,
    UnknownServerError,
    UnknownTopicId,
    UnknownTopicOrPartition,
    UnsupportedVersion,
}

impl Error {
    /// A refusal with a text of its own.
    pub fn new(reason: Reason, text: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, message: Message::Text(text.into()) }
    }

    /// A refusal that says no more than its code.
    pub fn standard(reason: Reason) -> Self {
        Self { reason, message: Message::Standard }
    }

    /// A refusal whose text field is null.
    pub fn without_text(reason: Reason) -> Self {
        Self { reason, message: Message::Absent }
    }
}
