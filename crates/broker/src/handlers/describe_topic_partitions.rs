//! DescribeTopicPartitions: topics page by page, with eligible leader replicas (KIP-966,
//! kafka-apis 46).

use ::metadata::{Image, Partition, Topic};
use wire::messages::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    describe_topic_partitions_response::{
        Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
    },
};
use wire::{ErrorCode, Str};

use crate::operations::{self, authorized_operations};
use crate::request::Request;
use crate::topic_name;

/// Describes partitions in order of topic name until the page is full.
pub(crate) async fn handle(
    request: Request,
    message: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    if is_cursor_invalid(&message) {
        return refused(message);
    }
    let server_max = request.broker.config().node.max_request_partition_size_limit;
    let mut left = message.response_partition_limit.min(server_max).max(1) as usize;
    let (from_topic, from_partition) = match &message.cursor {
        Some(cursor) => (cursor.topic_name.clone(), cursor.partition_index),
        None => (Str::new(), 0),
    };
    let image = &request.image;
    let mut names: Vec<Str> = if message.topics.is_empty() {
        image.topics.sorted_by_name().into_iter().map(|topic| topic.name.clone()).collect()
    } else {
        message.topics.into_iter().map(|topic| topic.name).collect()
    };
    names.sort();
    names.dedup();
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.into_iter().filter(|name| *name >= from_topic) {
        let first = if name == from_topic { from_partition } else { 0 };
        let Some(topic) = image.topics.by_name(&name) else {
            response.topics.push(unknown(name));
            continue;
        };
        if left == 0 {
            response.next_cursor = Some(cursor(name, 0));
            break;
        }
        let described = describe(image, topic, first, left);
        left -= described.partitions.len();
        let next = first + described.partitions.len() as i32;
        let is_whole = topic.partition(next).is_none();
        response.topics.push(described);
        if !is_whole {
            response.next_cursor = Some(cursor(name, next));
            break;
        }
    }
    response
}

/// A page begins at a partition, and in one of the topics asked for if any are named.
fn is_cursor_invalid(message: &DescribeTopicPartitionsRequest) -> bool {
    let is_asked = |name: &Str| {
        message.topics.is_empty() || message.topics.iter().any(|topic| topic.name == *name)
    };
    let cursor = message.cursor.as_ref();
    cursor.is_some_and(|cursor| cursor.partition_index < 0 || !is_asked(&cursor.topic_name))
}

fn refused(message: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let topics = message.topics.into_iter().map(|topic| DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name),
        ..DescribeTopicPartitionsResponseTopic::default()
    });
    DescribeTopicPartitionsResponse {
        topics: topics.collect(),
        ..DescribeTopicPartitionsResponse::default()
    }
}

fn cursor(topic_name: Str, partition_index: i32) -> Cursor {
    Cursor { topic_name, partition_index, ..Cursor::default() }
}

/// What one may do to it is told of a topic that does not exist too.
fn unknown(name: Str) -> DescribeTopicPartitionsResponseTopic {
    let error = if topic_name::is_valid(&name) {
        ErrorCode::UnknownTopicOrPartition
    } else {
        ErrorCode::InvalidTopicException
    };
    DescribeTopicPartitionsResponseTopic {
        error_code: error.code(),
        is_internal: topic_name::is_internal(&name),
        name: Some(name),
        topic_authorized_operations: authorized_operations(operations::TOPIC),
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn describe(
    image: &Image,
    topic: &Topic,
    first: i32,
    most: usize,
) -> DescribeTopicPartitionsResponseTopic {
    let partitions = topic.partitions().filter(|(index, _)| *index >= first).take(most);
    DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::None.code(),
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        is_internal: topic_name::is_internal(&topic.name),
        partitions: partitions
            .map(|(index, partition)| describe_partition(image, index, partition))
            .collect(),
        topic_authorized_operations: authorized_operations(operations::TOPIC),
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn describe_partition(
    image: &Image,
    index: i32,
    partition: &Partition,
) -> DescribeTopicPartitionsResponsePartition {
    let is_online = |id: &i32| image.cluster.broker(*id).is_some_and(|broker| !broker.fenced);
    let leader_online = partition.has_leader() && is_online(&partition.leader);
    let error = if leader_online { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    DescribeTopicPartitionsResponsePartition {
        error_code: error.code(),
        partition_index: index,
        leader_id: if leader_online { partition.leader } else { -1 },
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.to_vec(),
        isr_nodes: partition.isr.to_vec(),
        eligible_leader_replicas: Some(partition.eligible_leader_replicas.to_vec()),
        last_known_elr: Some(partition.last_known_elr.to_vec()),
        offline_replicas: partition.replicas.iter().copied().filter(|id| !is_online(id)).collect(),
        ..DescribeTopicPartitionsResponsePartition::default()
    }
}
