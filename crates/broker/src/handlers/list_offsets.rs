//! ListOffsets: an offset by time, or one with a name (kafka-semantics 79–82).

use std::collections::HashMap;
use std::sync::Arc;

use replication::{ListAsk, OffsetSpec, Partition, Visibility};
use wire::messages::{
    ListOffsetsRequest, ListOffsetsResponse,
    list_offsets_request::ListOffsetsPartition,
    list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;

/// Consumers.
const CONSUMER: i32 = -1;
/// Tools that may also read from followers.
const DEBUGGING: i32 = -2;
/// From this version on the epoch of the record found is told.
const LEADER_EPOCHS: i16 = 4;
/// From this version on clients know OFFSET_NOT_AVAILABLE.
const OFFSET_NOT_AVAILABLE: i16 = 5;

/// Asks each partition's replica here.
pub(crate) async fn handle(request: Request, message: ListOffsetsRequest) -> ListOffsetsResponse {
    let visibility = match (message.replica_id, message.isolation_level) {
        (CONSUMER, 1) => Visibility::LastStable,
        (CONSUMER, _) => Visibility::HighWatermark,
        _ => Visibility::LogEnd,
    };
    let lister = Lister { request: &request, visibility, replica_id: message.replica_id };
    let duplicates = duplicates(&message);
    let topics = message.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let key = (topic.name.clone(), partition.partition_index);
            if duplicates.get(&key).is_some_and(|count| *count > 1) {
                return failed(partition.partition_index, ErrorCode::InvalidRequest);
            }
            lister.list(&topic.name, &partition)
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse {
            name: topic.name,
            partitions,
            ..ListOffsetsTopicResponse::default()
        }
    });
    ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
}

/// How often each partition is named; more than once is refused (kafka-semantics 81).
fn duplicates(message: &ListOffsetsRequest) -> HashMap<(Str, i32), usize> {
    let mut counts = HashMap::new();
    for topic in &message.topics {
        for partition in &topic.partitions {
            *counts.entry((topic.name.clone(), partition.partition_index)).or_default() += 1;
        }
    }
    counts
}

struct Lister<'a> {
    request: &'a Request,
    visibility: Visibility,
    replica_id: i32,
}

impl Lister<'_> {
    fn list(&self, topic: &Str, asked: &ListOffsetsPartition) -> ListOffsetsPartitionResponse {
        let index = asked.partition_index;
        let Some(spec) = spec(asked.timestamp, self.request.version) else {
            return failed(index, ErrorCode::UnsupportedVersion);
        };
        let replica = match self.request.broker.replicas.get(topic, index) {
            Ok(replica) => replica,
            Err(error) => return failed(index, error_map::lookup(&error)),
        };
        self.look_up(&replica, asked, spec)
    }

    fn look_up(
        &self,
        replica: &Arc<Partition>,
        asked: &ListOffsetsPartition,
        spec: OffsetSpec,
    ) -> ListOffsetsPartitionResponse {
        let epoch = asked.current_leader_epoch;
        let ask = ListAsk {
            spec,
            visibility: self.visibility,
            current_leader_epoch: (epoch >= 0).then_some(epoch),
            leader_only: self.replica_id != DEBUGGING,
        };
        let index = asked.partition_index;
        match replica.list_offset(&ask) {
            Ok(Some(found)) => ListOffsetsPartitionResponse {
                partition_index: index,
                offset: found.offset,
                timestamp: found.timestamp,
                leader_epoch: if self.request.version >= LEADER_EPOCHS {
                    found.leader_epoch
                } else {
                    -1
                },
                ..ListOffsetsPartitionResponse::default()
            },
            Ok(None) => failed(index, ErrorCode::None),
            Err(error) => failed(index, self.old_code(error_map::read(&error))),
        }
    }

    fn old_code(&self, error: ErrorCode) -> ErrorCode {
        match error {
            ErrorCode::OffsetNotAvailable if self.request.version < OFFSET_NOT_AVAILABLE => {
                ErrorCode::LeaderNotAvailable
            }
            error => error,
        }
    }
}

/// What a negative timestamp stands for; `None` if the version has no such meaning.
fn spec(timestamp: i64, version: i16) -> Option<OffsetSpec> {
    let (spec, since) = match timestamp {
        -1 => (OffsetSpec::Latest, 1),
        -2 => (OffsetSpec::Earliest, 1),
        -3 => (OffsetSpec::MaxTimestamp, 7),
        -4 => (OffsetSpec::EarliestLocal, 8),
        -5 => (OffsetSpec::LatestTiered, 9),
        -6 => (OffsetSpec::EarliestPendingUpload, 11),
        timestamp => (OffsetSpec::Timestamp(timestamp), 1),
    };
    (version >= since).then_some(spec)
}

fn failed(index: i32, error: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse {
        partition_index: index,
        error_code: error.code(),
        offset: -1,
        timestamp: -1,
        leader_epoch: -1,
        ..ListOffsetsPartitionResponse::default()
    }
}
