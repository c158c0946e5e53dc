//! What a consumer gives out.

use bytes::Bytes;
use records::{Header, TimestampType};
use wire::Str;

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumedRecord {
    /// The topic.
    pub topic: Str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since the epoch, -1 for none.
    pub timestamp: i64,
    /// Who set the timestamp; `None` for records older than timestamps.
    pub timestamp_type: Option<TimestampType>,
    /// The epoch of the leader that took it, -1 if unknown.
    pub leader_epoch: i32,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Vec<Header>,
}
