//! OffsetFetch (kafka-semantics 117, 118).

use std::collections::HashSet;

use coordination::Error;
use group::{CommittedOffset, FetchOffsets, FetchTopic, FetchedTopic};
use wire::messages::{
    OffsetFetchRequest, OffsetFetchResponse,
    offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics},
    offset_fetch_response::{
        OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
        OffsetFetchResponseTopic, OffsetFetchResponseTopics,
    },
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::once::each_once;
use crate::request::Request;

/// The first version with an error code for the whole group.
const GROUP_ERROR_FROM: i16 = 2;
/// The first version that asks for several groups.
const BATCHED_FROM: i16 = 8;
/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;

/// Fetches the offsets of one group or, from version 8 on, of several.
pub(crate) async fn handle(
    request: Request,
    mut message: OffsetFetchRequest,
) -> OffsetFetchResponse {
    let require_stable = message.require_stable;
    if request.version >= BATCHED_FROM {
        each_once(&mut message.groups, |group| group.group_id.clone());
        // All are asked before one is awaited.
        let groups: Vec<_> = message
            .groups
            .into_iter()
            .map(|group| fetch(&request, group, require_stable))
            .collect();
        let mut answered = Vec::with_capacity(groups.len());
        for group in groups {
            answered.push(group.await);
        }
        return OffsetFetchResponse { groups: answered, ..OffsetFetchResponse::default() };
    }
    let topics = message.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..OffsetFetchRequestTopics::default()
        });
        topics.collect::<Vec<_>>()
    });
    let asked = topics.clone().unwrap_or_default();
    let group = OffsetFetchRequestGroup {
        group_id: message.group_id,
        topics,
        ..OffsetFetchRequestGroup::default()
    };
    single(request.version, fetch(&request, group, require_stable).await, asked)
}

fn fetch(
    request: &Request,
    group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> impl Future<Output = OffsetFetchResponseGroup> + Send + use<> {
    let OffsetFetchRequestGroup { group_id, topics, member_id, member_epoch, .. } = group;
    let (mut unknown, mut seen) = (Vec::new(), HashSet::new());
    let topics = topics.map(|topics| {
        let mut known = Vec::with_capacity(topics.len());
        for mut topic in topics {
            // The metadata of one offset may be a thousand times as long as its question.
            let key = |index: &i32| (topic.name.clone(), topic.topic_id, *index);
            topic.partition_indexes.retain(|index| seen.insert(key(index)));
            match named(request, topic) {
                Ok(topic) => known.push(topic),
                Err(topic) => unknown.push(topic),
            }
        }
        known
    });
    let asks_all = topics.is_none();
    let member = (member_id, member_epoch);
    let fetch = FetchOffsets { group_id: group_id.clone(), topics, member, require_stable };
    let answer = request.broker.groups.call(&group_id, fetch);
    let (version, image) = (request.version, request.image.clone());
    async move {
        let fetched = match answer.await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(error)) => return group_failed(group_id, error_map::group(&error)),
            Err(error) => return group_failed(group_id, coordination(error)),
        };
        let mut topics: Vec<_> = fetched.into_iter().map(topic_to_wire).collect();
        if asks_all && version >= TOPIC_IDS_FROM {
            // Topics that are gone meanwhile have no id to tell them by.
            topics.retain_mut(|topic| {
                let id = image.topics.id(&topic.name);
                topic.topic_id = id.unwrap_or_default();
                id.is_some()
            });
        }
        topics.extend(unknown);
        OffsetFetchResponseGroup { group_id, topics, ..OffsetFetchResponseGroup::default() }
    }
}

/// A topic by its name; an unknown id is answered for each partition.
fn named(
    request: &Request,
    topic: OffsetFetchRequestTopics,
) -> Result<FetchTopic, OffsetFetchResponseTopics> {
    let OffsetFetchRequestTopics { name, topic_id, partition_indexes, .. } = topic;
    if request.version < TOPIC_IDS_FROM {
        return Ok(FetchTopic { name, id: topic_id, partitions: partition_indexes });
    }
    match request.image.topics.by_id(topic_id) {
        Some(topic) => {
            let name = topic.name.clone();
            Ok(FetchTopic { name, id: topic_id, partitions: partition_indexes })
        }
        None => Err(OffsetFetchResponseTopics {
            topic_id,
            partitions: failed(&partition_indexes, ErrorCode::UnknownTopicId),
            ..OffsetFetchResponseTopics::default()
        }),
    }
}

/// Consumers before 3.9 know of the coordinator's errors only these two as retriable.
fn coordination(error: Error) -> ErrorCode {
    match error {
        Error::CoordinatorNotAvailable => ErrorCode::NotCoordinator,
        error => error_map::coordination(error),
    }
}

fn group_failed(group_id: Str, error: ErrorCode) -> OffsetFetchResponseGroup {
    OffsetFetchResponseGroup {
        group_id,
        error_code: error.code(),
        ..OffsetFetchResponseGroup::default()
    }
}

fn failed(indexes: &[i32], error: ErrorCode) -> Vec<OffsetFetchResponsePartitions> {
    indexes.iter().map(|index| to_wire(*index, error, None)).collect()
}

fn topic_to_wire(topic: FetchedTopic) -> OffsetFetchResponseTopics {
    let partitions = topic.partitions.into_iter().map(|(index, offset)| match offset {
        Ok(offset) => to_wire(index, ErrorCode::None, offset),
        Err(error) => to_wire(index, error_map::group(&error), None),
    });
    OffsetFetchResponseTopics {
        name: topic.name,
        topic_id: topic.id,
        partitions: partitions.collect(),
        ..OffsetFetchResponseTopics::default()
    }
}

fn to_wire(
    partition_index: i32,
    error: ErrorCode,
    offset: Option<CommittedOffset>,
) -> OffsetFetchResponsePartitions {
    let (committed_offset, committed_leader_epoch, metadata) = match offset {
        Some(offset) => (offset.offset, offset.leader_epoch, offset.metadata),
        None => (-1, -1, Str::new()),
    };
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset,
        committed_leader_epoch,
        metadata: Some(metadata),
        error_code: error.code(),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// The response of versions before 8. Version 1 has no error code of its own, so each partition
/// that was asked for tells it.
fn single(
    version: i16,
    mut group: OffsetFetchResponseGroup,
    asked: Vec<OffsetFetchRequestTopics>,
) -> OffsetFetchResponse {
    let error = group.error_code;
    if version < GROUP_ERROR_FROM && error != ErrorCode::None.code() {
        let error = ErrorCode::from_code(error).unwrap_or(ErrorCode::UnknownServerError);
        group.topics = asked
            .into_iter()
            .map(|topic| OffsetFetchResponseTopics {
                partitions: failed(&topic.partition_indexes, error),
                name: topic.name,
                ..OffsetFetchResponseTopics::default()
            })
            .collect();
    }
    let topics = group.topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(single_partition).collect(),
        ..OffsetFetchResponseTopic::default()
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: error,
        ..OffsetFetchResponse::default()
    }
}

fn single_partition(partition: OffsetFetchResponsePartitions) -> OffsetFetchResponsePartition {
    OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
        ..OffsetFetchResponsePartition::default()
    }
}
