//! Why a record of the metadata log cannot be applied.

use wire::Uuid;

/// The result of applying a record.
pub(crate) type Result<T, E = ReplayError> = std::result::Result<T, E>;

/// A record that contradicts the records before it.
///
/// The metadata log is written by controllers after they checked every change, so this is a broken
/// invariant (or a record of a release not known here): the caller stops and names the offset, it
/// does not go on with half an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The record speaks of a topic that does not exist.
    #[error("no topic with id {0}")]
    UnknownTopicId(Uuid),
    /// The record speaks of a topic that does not exist.
    #[error("no topic named {0}")]
    UnknownTopicName(String),
    /// The topic exists already, under this or another id.
    #[error("topic {name} exists already with id {id}")]
    DuplicateTopic {
        /// The name of the topic.
        name: String,
        /// The id it has.
        id: Uuid,
    },
    /// The record changes a partition that does not exist.
    #[error("no partition {index} of the topic with id {topic_id}")]
    UnknownPartition {
        /// The topic.
        topic_id: Uuid,
        /// The partition index.
        index: i32,
    },
    /// Partitions are numbered from 0 without gaps.
    #[error(
        "partition {index} of the topic with id {topic_id} would leave a gap after {count} partitions"
    )]
    PartitionGap {
        /// The topic.
        topic_id: Uuid,
        /// The partition index.
        index: i32,
        /// How many partitions the topic has.
        count: usize,
    },
    /// Replicas and directories of a partition do not pair up.
    #[error("{directories} directories for {replicas} replicas")]
    DirectoryCount {
        /// The number of replicas.
        replicas: usize,
        /// The number of directories.
        directories: usize,
    },
    /// The record changes a broker that is not registered with that epoch.
    #[error("broker {id} is not registered with epoch {epoch}")]
    UnknownBroker {
        /// The broker.
        id: i32,
        /// The broker epoch the record gives.
        epoch: i64,
    },
    /// The record removes an ACL that does not exist.
    #[error("no access control entry with id {0}")]
    UnknownAcl(Uuid),
    /// A field holds a value that has no meaning here.
    #[error("unknown {field} {value}")]
    UnknownValue {
        /// What the field says.
        field: &'static str,
        /// The value found.
        value: i64,
    },
    /// A transaction record that does not fit the state of the transaction.
    #[error("{0}")]
    Transaction(&'static str),
}

impl ReplayError {
    pub(crate) fn unknown(field: &'static str, value: impl Into<i64>) -> Self {
        Self::UnknownValue { field, value: value.into() }
    }
}
