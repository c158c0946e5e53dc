//! Requests about committed offsets in the machine's terms.

use wire::{Str, Uuid};

use super::CommittedOffset;
use crate::error::Error;

/// Offsets are committed.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitOffsets {
    /// The group; empty for old simple consumers (kafka-semantics 89).
    pub group_id: Str,
    /// Empty without group membership.
    pub member_id: Str,
    /// Set for static members.
    pub group_instance_id: Option<Str>,
    /// The generation, or the member's epoch in a consumer group; -1 without group membership.
    pub generation_id: i32,
    /// Whether the request is of a version that knows member epochs (version 9).
    pub knows_member_epochs: bool,
    /// Explicit retention (versions 2 to 4, kafka-semantics 119).
    pub retention_ms: Option<i64>,
    /// What to commit.
    pub topics: Vec<CommitTopic>,
}

/// Offsets are committed in a transaction: they count once its marker is written
/// (kafka-semantics 153). There is no retention to it.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnCommitOffsets(pub CommitOffsets);

/// Offsets of one topic to commit.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitTopic {
    /// Name.
    pub name: Str,
    /// Id of the topic that has the name now; zero if unknown.
    pub id: Uuid,
    /// Its partitions.
    pub partitions: Vec<CommitPartition>,
}

/// An offset to commit.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitPartition {
    /// Partition.
    pub index: i32,
    /// The offset; any value is accepted (kafka-semantics 115).
    pub offset: i64,
    /// Leader epoch of the last consumed record, -1 if unknown.
    pub leader_epoch: i32,
    /// The client's own words.
    pub metadata: Str,
}

/// What became of a topic's commits.
#[derive(Clone, Debug, PartialEq)]
pub struct CommittedTopic {
    /// Name.
    pub name: Str,
    /// Id as the request gave it.
    pub id: Uuid,
    /// Partitions and results, in the order of the request.
    pub partitions: Vec<(i32, Result<(), Error>)>,
}

/// Committed offsets are fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchOffsets {
    /// The group.
    pub group_id: Str,
    /// None asks for everything.
    pub topics: Option<Vec<FetchTopic>>,
    /// The member that asks and its epoch (version 9); none and -1 for anybody.
    pub member: (Option<Str>, i32),
    /// See all writes and wait for them, refuse partitions with open transactions
    /// (kafka-semantics 117).
    pub require_stable: bool,
}

/// Partitions whose offsets are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchTopic {
    /// Name.
    pub name: Str,
    /// Id the client asks for; zero if it asks by name.
    pub id: Uuid,
    /// Partitions.
    pub partitions: Vec<i32>,
}

/// Committed offsets of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedTopic {
    /// Name.
    pub name: Str,
    /// Id as the request gave it; zero when everything was asked for.
    pub id: Uuid,
    /// Partitions and their offsets, none where nothing is committed.
    pub partitions: Vec<(i32, Result<Option<CommittedOffset>, Error>)>,
}

/// Committed offsets are deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteOffsets {
    /// The group.
    pub group_id: Str,
    /// Topics and partitions.
    pub topics: Vec<(Str, Vec<i32>)>,
}

/// What became of a topic's offsets.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletedTopic {
    /// Name.
    pub name: Str,
    /// The partitions of the request.
    pub partitions: Vec<i32>,
    /// One result for all of them.
    pub result: Result<(), Error>,
}

/// Topics are gone (kafka-semantics 121).
#[derive(Clone, Debug, PartialEq)]
pub struct TopicsDeleted {
    /// Names and ids.
    pub topics: Vec<(Str, Uuid)>,
}
