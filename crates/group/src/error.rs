//! Why a group coordinator refuses a request.

use wire::Str;

/// What went wrong with one request or one item of it. The broker's door maps every variant to one
/// of Kafka's error codes, with the codes older versions of a request understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The group id is empty (kafka-semantics 89).
    #[error("the group id is empty")]
    InvalidGroupId,
    /// The session timeout is outside `group.min.session.timeout.ms` and
    /// `group.max.session.timeout.ms` (kafka-semantics 90).
    #[error("the session timeout is outside what the broker allows")]
    InvalidSessionTimeout,
    /// The member shall join again with the id in the answer (kafka-semantics 91).
    #[error("the member must join again with the member id it was given")]
    MemberIdRequired,
    /// No such member, or no such group for a request of a member (kafka-semantics 92).
    #[error("the group does not know the member")]
    UnknownMemberId,
    /// Another member took over the group instance id (kafka-semantics 99).
    #[error("another member uses the group instance id")]
    FencedInstanceId,
    /// The generation is not the group's current one (kafka-semantics 102, 104, 112).
    #[error("the generation is not the group's current one")]
    IllegalGeneration,
    /// A rebalance is under way; the member shall join again (kafka-semantics 102, 104, 112).
    #[error("the group is rebalancing")]
    RebalanceInProgress,
    /// The protocol type or the protocols do not fit the group's (kafka-semantics 93).
    #[error("the member's protocols do not fit those of the group")]
    InconsistentGroupProtocol,
    /// `group.max.size` members are there already (kafka-semantics 101).
    #[error("the group has as many members as it may have")]
    GroupMaxSizeReached,
    /// No such group (kafka-semantics 112, 120). The text is Apache Kafka's: DescribeGroups
    /// carries it.
    #[error("Group {0} not found.")]
    GroupIdNotFound(Str),
    /// The group is of a type that the request does not speak of. The text is Apache Kafka's:
    /// DescribeGroups carries it.
    #[error("Group {0} is not a classic group.")]
    NotClassicGroup(Str),
    /// The group has members (kafka-semantics 120).
    #[error("the group has members")]
    NonEmptyGroup,
    /// A member is subscribed to the topic whose offsets shall go (kafka-semantics 120).
    #[error("the group is subscribed to the topic")]
    GroupSubscribedToTopic,
    /// The metadata of a commit is longer than `offset.metadata.max.bytes` (kafka-semantics 114).
    #[error("the offset's metadata is too long")]
    OffsetMetadataTooLarge,
    /// A transaction that is still open has a newer offset (kafka-semantics 117).
    #[error("an open transaction holds a newer offset")]
    UnstableOffsetCommit,
    /// No such consumer group (kafka-semantics 124). The texts from here on are Apache Kafka's:
    /// answers carry them.
    #[error("Consumer group {0} not found.")]
    ConsumerGroupNotFound(Str),
    /// The group is of another type (kafka-semantics 124).
    #[error("Group {0} is not a consumer group.")]
    NotConsumerGroup(Str),
    /// The classic group cannot become a consumer group while it has members (kafka-semantics 124).
    #[error("{0}")]
    CannotUpgrade(String),
    /// The group is of another type (kafka-semantics 171).
    #[error("Group {0} is not a streams group.")]
    NotStreamsGroup(Str),
    /// No such member (kafka-semantics 125).
    #[error("Member {member_id} is not a member of group {group_id}.")]
    NotAMember {
        /// The member.
        member_id: Str,
        /// The group.
        group_id: Str,
    },
    /// No member has the instance id (kafka-semantics 126).
    #[error("Instance id {0} is unknown.")]
    UnknownInstanceId(Str),
    /// The member's epoch is not the one that the group knows (kafka-semantics 125).
    #[error("{0}")]
    FencedMemberEpoch(String),
    /// Another member has the instance id (kafka-semantics 126).
    #[error("{0}")]
    FencedStaticMember(String),
    /// Another member has the instance id and did not leave (kafka-semantics 126).
    #[error("{0}")]
    UnreleasedInstanceId(String),
    /// The broker does not have the assignor (kafka-semantics 128).
    #[error("{0}")]
    UnsupportedAssignor(String),
    /// The pattern is none, or takes too much memory (kafka-semantics 132).
    #[error("{0}")]
    InvalidRegularExpression(String),
    /// The request contradicts itself (kafka-semantics 123).
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// `group.consumer.max.size` members are there (kafka-semantics 134).
    #[error("The consumer group has reached its maximum capacity of {0} members.")]
    ConsumerGroupFull(usize),
    /// No such share group (kafka-semantics 158).
    #[error("Share group {0} not found.")]
    ShareGroupNotFound(Str),
    /// The group is of another type (kafka-semantics 158).
    #[error("Group {0} is not a share group.")]
    NotShareGroup(Str),
    /// `group.share.max.size` members are there (kafka-semantics 158).
    #[error("The share group has reached its maximum capacity of {0} members.")]
    ShareGroupFull(usize),
    /// The epoch is not the member's (kafka-semantics 113).
    #[error("the member epoch is not the one that the group knows")]
    StaleMemberEpoch,
    /// A member of a consumer group needs a newer version of the request (kafka-semantics 113).
    #[error(
        "OffsetCommit version 9 or above must be used by members using the consumer group protocol"
    )]
    UnsupportedVersion,
    /// What the request had to write did not become durable.
    #[error("the group's state could not be written: {0}")]
    Write(#[from] WriteError),
}

/// Why records could not be made durable, in the terms the clients of a coordinator understand
/// (kafka-semantics 116).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too few replicas, or they did not follow in time; trying again later helps.
    #[error("the coordinator is not available")]
    CoordinatorNotAvailable,
    /// The partition is led elsewhere, or its log directory failed.
    #[error("this broker is not the coordinator")]
    NotCoordinator,
    /// The coordinator is loading its state.
    #[error("the coordinator is loading")]
    CoordinatorLoadInProgress,
    /// The log refuses these records, also when they are sent again.
    #[error("the log refuses the records")]
    UnknownServerError,
}

/// Bytes in a `__consumer_offsets` log that are no record of a group coordinator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The bytes end early or hold impossible values.
    #[error("not a group coordinator's record: {0}")]
    Malformed(#[from] wire::DecodeError),
    /// A record without key.
    #[error("a group coordinator's record has no key")]
    NoKey,
    /// A version of a value that is newer than this program, or negative.
    #[error("version {version} of record type {record_type} is not known")]
    UnknownVersion {
        /// Type, as the key tells.
        record_type: i16,
        /// Version, as the value tells.
        version: i16,
    },
    /// A record of ours does not fit its own format, such as a string above 32,767 bytes.
    #[error("the record cannot be encoded: {0}")]
    Unencodable(#[from] wire::EncodeError),
}
