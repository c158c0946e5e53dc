//! Committed offsets (kafka-semantics I).

mod commit;
mod delete;
mod expire;
mod fetch;
pub(crate) mod request;
mod state;

use wire::{Str, Uuid};

pub(crate) use state::{Entry, Offsets, OffsetsByTopic};

/// An offset as it is committed.
#[derive(Clone, Debug, PartialEq)]
pub struct CommittedOffset {
    /// The offset.
    pub offset: i64,
    /// Leader epoch of the last consumed record, -1 if unknown.
    pub leader_epoch: i32,
    /// The client's own words.
    pub metadata: Str,
    /// When it was committed.
    pub commit_timestamp_ms: i64,
    /// When it expires, if the commit said so (kafka-semantics 119).
    pub expire_timestamp_ms: Option<i64>,
    /// The topic's id then, zero if unknown.
    pub topic_id: Uuid,
}
