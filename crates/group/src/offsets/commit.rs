//! OffsetCommit (kafka-semantics 111 to 115).

use wire::Uuid;

use super::CommittedOffset;
use super::request::{CommitOffsets, CommitPartition, CommitTopic, CommittedTopic};
use crate::error::Error;
use crate::journal::Record;
use crate::turn::Turn;

impl CommitOffsets {
    /// The records of the commit and the results per partition. Whether the member may commit is
    /// checked before.
    pub(crate) fn commit(self, turn: &mut Turn<'_>) -> Vec<CommittedTopic> {
        let expire_timestamp_ms =
            self.retention_ms.map(|retention_ms| turn.now_ms.saturating_add(retention_ms));
        let mut results = Vec::with_capacity(self.topics.len());
        for CommitTopic { name, id, partitions } in self.topics {
            let mut partition_results = Vec::with_capacity(partitions.len());
            for partition in partitions {
                let CommitPartition { index, offset, leader_epoch, metadata } = partition;
                if utf16_length(&metadata) > turn.settings.offset_metadata_max {
                    partition_results.push((index, Err(Error::OffsetMetadataTooLarge)));
                    continue;
                }
                partition_results.push((index, Ok(())));
                turn.out.records.push(Record::Offset {
                    group_id: self.group_id.clone(),
                    topic: name.clone(),
                    partition: index,
                    value: Some(CommittedOffset {
                        offset,
                        leader_epoch,
                        metadata,
                        commit_timestamp_ms: turn.now_ms,
                        expire_timestamp_ms,
                        // The one stored version with an expiry has no room for it.
                        topic_id: if expire_timestamp_ms.is_some() { Uuid::ZERO } else { id },
                    }),
                });
            }
            results.push(CommittedTopic { name, id, partitions: partition_results });
        }
        results
    }
}

/// Java's length of a string.
fn utf16_length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}
