//! OffsetCommit (kafka-semantics 111 to 116).

use std::collections::HashMap;

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
/// The first version of the consumer group protocol (KIP-848).
const MEMBER_EPOCHS_FROM: i16 = 9;
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
    let asked: Vec<Outcome> = topics.iter().map(unanswered).collect();
    let commit = CommitOffsets {
        group_id: message.group_id.clone(),
        member_id: message.member_id,
        group_instance_id: message.group_instance_id,
        generation_id: message.generation_id_or_member_epoch,
        knows_member_epochs: request.version >= MEMBER_EPOCHS_FROM,
        retention_ms: Some(message.retention_time_ms).filter(|ms| *ms != NO_RETENTION),
        topics,
    };
    let failed = match request.broker.groups.call(&message.group_id, commit).await {
        Ok(Ok(topics)) => {
            response.add_all(topics.into_iter().map(answered).collect());
            return response.finish();
        }
        Ok(Err(error)) => group_error(&error, request.version),
        Err(error) => error_map::coordination(error),
    };
    let fail = |(index, _)| (index, failed);
    let failed = asked.into_iter().map(|topic| Outcome {
        partitions: topic.partitions.into_iter().map(fail).collect(),
        ..topic
    });
    response.add_all(failed.collect());
    response.finish()
}

fn group_error(error: &Error, version: i16) -> ErrorCode {
    match error {
        Error::GroupIdNotFound(_) if version < GROUP_NOT_FOUND_FROM => ErrorCode::IllegalGeneration,
        error => error_map::group(error),
    }
}

/// What became of a topic that exists.
struct Outcome {
    name: Str,
    id: Uuid,
    partitions: Vec<(i32, ErrorCode)>,
}

fn unanswered(topic: &CommitTopic) -> Outcome {
    let partitions = topic.partitions.iter().map(|asked| (asked.index, ErrorCode::None));
    Outcome { name: topic.name.clone(), id: topic.id, partitions: partitions.collect() }
}

fn answered(topic: CommittedTopic) -> Outcome {
    let code =
        |result: Result<(), Error>| result.as_ref().err().map_or(ErrorCode::None, error_map::group);
    let partitions = topic.partitions.into_iter().map(|(index, result)| (index, code(result)));
    Outcome { name: topic.name, id: topic.id, partitions: partitions.collect() }
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

/// The response. Topics come in the order they are first spoken of, those with errors before the
/// others; without such errors the topics are as the request has them, also where one comes twice.
#[derive(Default)]
struct Response {
    topics: Vec<OffsetCommitResponseTopic>,
    places: HashMap<(Str, Uuid), usize>,
}

impl Response {
    fn add(&mut self, name: &Str, topic_id: Uuid, partition_index: i32, error: ErrorCode) {
        let place = *self.places.entry((name.clone(), topic_id)).or_insert_with(|| {
            self.topics.push(OffsetCommitResponseTopic {
                name: name.clone(),
                topic_id,
                ..OffsetCommitResponseTopic::default()
            });
            self.topics.len() - 1
        });
        self.topics[place].partitions.push(partition(partition_index, error));
    }

    /// Adds what became of the topics that exist.
    fn add_all(&mut self, topics: Vec<Outcome>) {
        let as_they_are = self.topics.is_empty();
        for Outcome { name, id, partitions } in topics {
            if as_they_are {
                let partitions = partitions.into_iter();
                self.topics.push(OffsetCommitResponseTopic {
                    name,
                    topic_id: id,
                    partitions: partitions.map(|(index, error)| partition(index, error)).collect(),
                    ..OffsetCommitResponseTopic::default()
                });
            } else {
                partitions.into_iter().for_each(|(index, error)| self.add(&name, id, index, error));
            }
        }
    }

    fn finish(self) -> OffsetCommitResponse {
        OffsetCommitResponse { topics: self.topics, ..OffsetCommitResponse::default() }
    }
}

fn partition(partition_index: i32, error: ErrorCode) -> OffsetCommitResponsePartition {
    OffsetCommitResponsePartition {
        partition_index,
        error_code: error.code(),
        ..OffsetCommitResponsePartition::default()
    }
}
