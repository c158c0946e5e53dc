//! TxnOffsetCommit: offsets that count once the transaction commits (kafka-semantics 153).

use std::collections::{BTreeSet, HashMap};

use coordination::InTransaction;
use group::{CommitOffsets, CommitPartition, CommitTopic, TxnCommitOffsets};
use replica::Verified;
use replication::TransactionalBatch;
use txn::{ProducerIdAndEpoch, TopicPartition};
use wire::messages::{
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
    txn_offset_commit_request::TxnOffsetCommitRequestTopic,
    txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic},
};
use wire::{ErrorCode, Str, Uuid};

use crate::error_map;
use crate::request::Request;
use crate::topic_name::CONSUMER_OFFSETS;
use crate::transactions::membership::{Question, Support};

/// The first version whose clients survive COORDINATOR_LOAD_IN_PROGRESS (kafka-apis 44).
const LOAD_IN_PROGRESS_FROM: i16 = 2;
/// A coordinator's batches carry no sequence numbers.
const NO_SEQUENCE: i32 = -1;

/// Commits what is there to commit to; what is not gets its own error.
pub(crate) async fn handle(
    request: Request,
    message: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let TxnOffsetCommitRequest { transactional_id, group_id, producer_id, producer_epoch, .. } =
        &message;
    let producer = ProducerIdAndEpoch { id: *producer_id, epoch: *producer_epoch };
    let (transactional_id, group_id) = (transactional_id.clone(), group_id.clone());
    let mut response = Response { version: request.version, ..Response::default() };
    let mut topics = Vec::new();
    for topic in message.topics {
        topics.extend(check_topic(&request, topic, &mut response));
    }
    if topics.is_empty() {
        return response.finish();
    }
    let asked: Vec<(Str, Vec<i32>)> = topics
        .iter()
        .map(|topic| (topic.name.clone(), topic.partitions.iter().map(|it| it.index).collect()))
        .collect();
    let commit = TxnCommitOffsets(CommitOffsets {
        group_id: group_id.clone(),
        member_id: message.member_id,
        group_instance_id: message.group_instance_id,
        generation_id: message.generation_id,
        knows_member_epochs: true,
        retention_ms: None,
        topics,
    });
    match commit_in(&request, transactional_id, producer, commit).await {
        Ok(committed) => {
            for (name, partitions) in committed {
                partitions.into_iter().for_each(|(index, code)| response.add(&name, index, code));
            }
        }
        Err(code) => {
            for (name, partitions) in asked {
                partitions.into_iter().for_each(|index| response.add(&name, index, code));
            }
        }
    }
    response.finish()
}

/// What became of each partition, by topic.
type Committed = Vec<(Str, Vec<(i32, ErrorCode)>)>;

/// Makes the group's partition part of the transaction, then commits there.
async fn commit_in(
    request: &Request,
    transactional_id: Str,
    producer: ProducerIdAndEpoch,
    commit: TxnCommitOffsets,
) -> Result<Committed, ErrorCode> {
    let broker = &request.broker;
    if commit.0.group_id.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let partition = broker.groups.partition_for(&commit.0.group_id);
    let verified = verify(request, transactional_id, producer, partition).await?;
    let transaction =
        InTransaction { producer_id: producer.id, producer_epoch: producer.epoch, verified };
    let committed = broker.groups.commit_in(transaction, partition, commit).await;
    let committed = committed.map_err(error_map::coordination)?;
    let topics = committed.map_err(|error| error_map::group(&error))?;
    let code = |result: Result<(), group::Error>| {
        result.as_ref().err().map_or(ErrorCode::None, error_map::group)
    };
    let of_topic = |topic: group::CommittedTopic| {
        let partitions = topic.partitions.into_iter();
        (topic.name, partitions.map(|(index, result)| (index, code(result))).collect())
    };
    Ok(topics.into_iter().map(of_topic).collect())
}

async fn verify(
    request: &Request,
    transactional_id: Str,
    producer: ProducerIdAndEpoch,
    index: i32,
) -> Result<Verified, ErrorCode> {
    let broker = &request.broker;
    let is_required = broker.config().transaction.partition_verification_enable;
    let support = Support::of_txn_offset_commit(request.version);
    if !(is_required || support.bumps_epoch()) {
        return Ok(Verified { guard: None, is_required });
    }
    let replica = broker.replicas.get(CONSUMER_OFFSETS, index);
    let replica = replica.map_err(|error| in_terms_of_groups(error_map::lookup(&error)))?;
    let batch = TransactionalBatch {
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        base_sequence: NO_SEQUENCE,
        bumps_epoch: support.bumps_epoch(),
    };
    let now_ms = broker.env.clock().wall_ms();
    let guard = replica.begin_verification(&batch, now_ms);
    let guard = guard.map_err(|error| in_terms_of_groups(error_map::append(&error)))?;
    if guard.is_some() {
        let partition =
            TopicPartition { topic: Str::from_static(CONSUMER_OFFSETS), partition: index };
        let partitions = BTreeSet::from([partition]);
        let question = Question { transactional_id, producer, partitions, support };
        if let Some((_, code)) = broker.ask_transaction(&question).await.into_iter().next() {
            return Err(in_terms_of_groups(code));
        }
    }
    Ok(Verified { guard, is_required })
}

/// What clients of a group coordinator are told (kafka-semantics 116).
fn in_terms_of_groups(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::NetworkException => ErrorCode::CoordinatorLoadInProgress,
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        code => code,
    }
}

/// The part of a topic that exists. Offsets of transactions are stored without the topic's id.
fn check_topic(
    request: &Request,
    asked: TxnOffsetCommitRequestTopic,
    response: &mut Response,
) -> Option<CommitTopic> {
    let topic = request.image.topics.by_name(&asked.name);
    let mut partitions = Vec::with_capacity(asked.partitions.len());
    for partition in asked.partitions {
        let index = partition.partition_index;
        if topic.is_none_or(|topic| topic.partition(index).is_none()) {
            response.add(&asked.name, index, ErrorCode::UnknownTopicOrPartition);
            continue;
        }
        partitions.push(CommitPartition {
            index,
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch,
            metadata: partition.committed_metadata.unwrap_or_default(),
        });
    }
    (!partitions.is_empty()).then_some(CommitTopic { name: asked.name, id: Uuid::ZERO, partitions })
}

/// The response, topics in the order they are first spoken of.
#[derive(Default)]
struct Response {
    version: i16,
    topics: Vec<TxnOffsetCommitResponseTopic>,
    places: HashMap<Str, usize>,
}

impl Response {
    fn add(&mut self, name: &Str, partition_index: i32, error: ErrorCode) {
        let error = match error {
            ErrorCode::CoordinatorLoadInProgress if self.version < LOAD_IN_PROGRESS_FROM => {
                ErrorCode::CoordinatorNotAvailable
            }
            error => error,
        };
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            let name = name.clone();
            self.topics.push(TxnOffsetCommitResponseTopic { name, ..Default::default() });
            self.topics.len() - 1
        });
        self.topics[place].partitions.push(TxnOffsetCommitResponsePartition {
            partition_index,
            error_code: error.code(),
            ..TxnOffsetCommitResponsePartition::default()
        });
    }

    fn finish(self) -> TxnOffsetCommitResponse {
        TxnOffsetCommitResponse { topics: self.topics, ..TxnOffsetCommitResponse::default() }
    }
}
