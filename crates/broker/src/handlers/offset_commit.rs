//! OffsetCommit (kafka-semantics 111 to 116).

use group::{CommitOffsets, CommitPartition, CommitTopic, CommittedTopic, Error};
use metadata::Topic;
use wire::messages::{
    OffsetCommitRequest, OffsetCommitResponse,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
};
use wire::{ErrorCode, Str, Uuid};

use crate::error_map;
use crate::request::Request;

/// The first version whose clients understand GROUP_ID_NOT_FOUND (kafka-apis 44).
const GROUP_NOT_FOUND_FROM: i16 = 9;
/// The first version that names topics by id.
const TOPIC_IDS_FROM: i16 = 10;
/// The request's default: no explicit retention.
const NO_RETENTION: i64 = -1;

/// Commits what is there to commit to; what is not gets its own error.
pub(crate) async fn handle(request: Request, message: OffsetCommitRequest) -> OffsetCommitResponse {
    let mut response = Response::default();
    let mut topics = Vec::new();
    for topic in message.topics {
        topics.extend(check_topic(&request, topic, &mut response));
    }
    if topics.is_empty() {
        return response.finish();
    }
    let asked: Vec<(Str, Uuid, Vec<i32>)> = topics.iter().map(named).collect();
    let commit = CommitOffsets {
        group_id: message.group_id.clone(),
        member_id: message.member_id,
        group_instance_id: message.group_instance_id,
        generation_id: message.generation_id_or_member_epoch,
        retention_ms: Some(message.retention_time_ms).filter(|ms| *ms != NO_RETENTION),
        topics,
    };
    let failed = match request.broker.groups.call(&message.group_id, commit).await {
        Ok(Ok(topics)) => {
            topics.into_iter().for_each(|topic| response.add_committed(topic));
            return response.finish();
        }
        Ok(Err(error)) => group_error(&error, request.version),
        Err(error) => error_map::coordination(error),
    };
    for (name, id, partitions) in asked {
        for index in partitions {
            response.add(&name, id, index, failed);
        }
    }
    response.finish()
}

fn group_error(error: &Error, version: i16) -> ErrorCode {
    match error {
        Error::GroupIdNotFound(_) if version < GROUP_NOT_FOUND_FROM => ErrorCode::IllegalGeneration,
        error => error_map::group(error),
    }
}

fn named(topic: &CommitTopic) -> (Str, Uuid, Vec<i32>) {
    let partitions = topic.partitions.iter().map(|partition| partition.index);
    (topic.name.clone(), topic.id, partitions.collect())
}

/// The part of a topic that exists.
fn check_topic(
    request: &Request,
    asked: OffsetCommitRequestTopic,
    response: &mut Response,
) -> Option<CommitTopic> {
    let by_id = request.version >= TOPIC_IDS_FROM;
    let topics = &request.image.topics;
    let known = match by_id {
        true => topics.by_id(asked.topic_id),
        false => topics.by_name(&asked.name),
    };
    let Some(topic) = known else {
        let error = match by_id {
            true => ErrorCode::UnknownTopicId,
            false => ErrorCode::UnknownTopicOrPartition,
        };
        for partition in &asked.partitions {
            response.add(&asked.name, asked.topic_id, partition.partition_index, error);
        }
        return None;
    };
    let partitions = check_partitions(topic, asked.partitions, response);
    (!partitions.is_empty()).then(|| CommitTopic {
        name: topic.name.clone(),
        id: topic.id,
        partitions,
    })
}

fn check_partitions(
    topic: &Topic,
    asked: Vec<OffsetCommitRequestPartition>,
    response: &mut Response,
) -> Vec<CommitPartition> {
    let mut partitions = Vec::with_capacity(asked.len());
    for partition in asked {
        let index = partition.partition_index;
        if topic.partition(index).is_none() {
            response.add(&topic.name, topic.id, index, ErrorCode::UnknownTopicOrPartition);
            continue;
        }
        partitions.push(CommitPartition {
            index,
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch,
            metadata: partition.committed_metadata.unwrap_or_default(),
        });
    }
    partitions
}

/// The response, topics in the order they are first spoken of: those with errors come first.
#[derive(Default)]
struct Response {
    topics: Vec<OffsetCommitResponseTopic>,
}

impl Response {
    fn add(&mut self, name: &Str, topic_id: Uuid, partition_index: i32, error: ErrorCode) {
        let partition = OffsetCommitResponsePartition {
            partition_index,
            error_code: error.code(),
            ..OffsetCommitResponsePartition::default()
        };
        self.topic(name, topic_id).partitions.push(partition);
    }

    fn add_committed(&mut self, topic: CommittedTopic) {
        for (index, result) in topic.partitions {
            let error = result.as_ref().err().map_or(ErrorCode::None, error_map::group);
            self.add(&topic.name, topic.id, index, error);
        }
    }

    fn topic(&mut self, name: &Str, topic_id: Uuid) -> &mut OffsetCommitResponseTopic {
        let is_same =
            |topic: &OffsetCommitResponseTopic| topic.name == *name && topic.topic_id == topic_id;
        // Partitions of a topic come together, so it is mostly the last one.
        let known = self.topics.iter().rposition(is_same);
        let position = known.unwrap_or_else(|| {
            self.topics.push(OffsetCommitResponseTopic {
                name: name.clone(),
                topic_id,
                ..OffsetCommitResponseTopic::default()
            });
            self.topics.len() - 1
        });
        &mut self.topics[position]
    }

    fn finish(self) -> OffsetCommitResponse {
        OffsetCommitResponse { topics: self.topics, ..OffsetCommitResponse::default() }
    }
}
