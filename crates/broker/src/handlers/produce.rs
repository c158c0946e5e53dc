//! Produce: appends one batch per partition (kafka-semantics A, C).

use std::sync::Arc;
use std::time::Duration;

use records::{ProducedBatch, Rejection};
use replication::{AppendError, Appended, Partition};
use wire::messages::{
    ProduceRequest, ProduceResponse,
    produce_request::{PartitionProduceData, TopicProduceData},
    produce_response::{
        BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse,
    },
};
use wire::{Bytes, ErrorCode, Records, Str};

use crate::error_map;
use crate::leader_hint::LeaderHints;
use crate::reply::Reply;
use crate::request::Request;
use crate::topic_name;
use crate::transactions::producing::{self, Denied, Verdicts};

/// The client does not want an answer.
const NONE: i16 = 0;
/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 13;
/// From this version on lengths are variable.
const FLEXIBLE: i16 = 9;
/// From this version on zstd may be used (kafka-semantics 3).
const ZSTD: i16 = 7;
/// From this version on errors of single records are told.
const RECORD_ERRORS: i16 = 8;
/// From this version on the response names the leader the client should go to (KIP-951).
const LEADER_HINTS: i16 = 10;
/// The one client name that may write to internal topics (kafka-semantics 22).
const ADMIN_CLIENT: &str = "__admin_client";

/// Appends what the request holds, in its order, before it first waits; only transactions wait for
/// their coordinator first.
pub(crate) async fn handle(request: Request, message: ProduceRequest) -> Reply<ProduceResponse> {
    let acks = message.acks;
    let verdicts = match transaction(&request, &message) {
        Transaction::None => Verdicts::default(),
        Transaction::Of(id) => match Box::pin(verify(&request, &message, id)).await {
            Ok(verdicts) => verdicts,
            Err(error) => return refuse(message, error),
        },
        // Without an id nobody can say that the producer may write in its name.
        Transaction::Nameless => {
            return refuse(message, ErrorCode::TransactionalIdAuthorizationFailed);
        }
    };
    let mut produce = Produce::new(&request, &message, verdicts);
    let responses = message.topic_data.into_iter().map(|topic| produce.topic(topic)).collect();
    let Produce { waiting, hints, failed, .. } = produce;
    let mut response = ProduceResponse { responses, ..ProduceResponse::default() };
    if acks == NONE {
        // The client learns of a failure by the closed connection (kafka-apis 13).
        return if failed {
            Reply::Close("a produce request with acks=0 failed")
        } else {
            Reply::Silence
        };
    }
    if !waiting.is_empty() {
        let timeout = Duration::from_millis(u64::try_from(message.timeout_ms).unwrap_or(0));
        wait_for_acknowledgements(&request, waiting, timeout, &mut response).await;
    }
    response.node_endpoints = hints.produce_endpoints(&request);
    Reply::Send(response)
}

/// Whether the request names a transactional id, seen from the first bytes of its body.
pub(crate) fn names_transaction(version: i16, body: &[u8]) -> bool {
    match (version >= FLEXIBLE, body) {
        // A length of 0 stands for null.
        (true, [first, ..]) => *first != 0,
        // A negative length stands for null.
        (false, [first, ..]) => first & 0x80 == 0,
        (_, []) => false,
    }
}

/// The transaction of a request.
enum Transaction<'a> {
    None,
    Of(&'a Str),
    Nameless,
}

fn transaction<'a>(request: &Request, message: &'a ProduceRequest) -> Transaction<'a> {
    let mut data = message.topic_data.iter().flat_map(|topic| &topic.partition_data);
    let is_part = data.any(|data| producing::is_transactional(data.records.as_ref()));
    match &message.transactional_id {
        _ if !is_part => Transaction::None,
        Some(transactional_id) => Transaction::Of(transactional_id),
        None => {
            tracing::debug!(client = &*request.client_id, "a transaction without an id");
            Transaction::Nameless
        }
    }
}

async fn verify(
    request: &Request,
    message: &ProduceRequest,
    transactional_id: &Str,
) -> Result<Verdicts, ErrorCode> {
    let name = |place: usize| resolve(request, message.topic_data.get(place)?).ok();
    producing::verify(request, message, transactional_id, name).await
}

/// Answers everything with one error.
fn refuse(message: ProduceRequest, error: ErrorCode) -> Reply<ProduceResponse> {
    if message.acks == NONE {
        return Reply::Close("a produce request with acks=0 was refused");
    }
    let responses = message.topic_data.into_iter().map(|topic| TopicProduceResponse {
        name: topic.name,
        topic_id: topic.topic_id,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|data| failed_partition(data.index, error))
            .collect(),
        ..TopicProduceResponse::default()
    });
    let responses = responses.collect();
    Reply::Send(ProduceResponse { responses, ..ProduceResponse::default() })
}

/// An appended batch that waits for other replicas or for the disk.
struct Waiting {
    topic: usize,
    partition: usize,
    replica: Arc<Partition>,
    appended: Appended,
}

/// A Produce request on its way through the partitions.
struct Produce<'a> {
    request: &'a Request,
    acks: i16,
    verdicts: Verdicts,
    topics: usize,
    waiting: Vec<Waiting>,
    hints: LeaderHints,
    failed: bool,
    now_ms: i64,
}

impl<'a> Produce<'a> {
    fn new(request: &'a Request, message: &ProduceRequest, verdicts: Verdicts) -> Self {
        Self {
            request,
            acks: message.acks,
            verdicts,
            topics: 0,
            waiting: Vec::new(),
            hints: LeaderHints::default(),
            failed: false,
            now_ms: request.broker.env.clock().wall_ms(),
        }
    }

    fn topic(&mut self, topic: TopicProduceData) -> TopicProduceResponse {
        let name = resolve(self.request, &topic);
        let mut responses = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let place = responses.len();
            responses.push(match &name {
                Ok(name) => self.partition(name, data, place),
                Err(error) => self.fail(data.index, *error),
            });
        }
        self.topics += 1;
        TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partition_responses: responses,
            ..TopicProduceResponse::default()
        }
    }

    fn partition(
        &mut self,
        topic: &Str,
        data: PartitionProduceData,
        place: usize,
    ) -> PartitionProduceResponse {
        let index = data.index;
        if !(-1..=1).contains(&self.acks) {
            return self.fail(index, ErrorCode::InvalidRequiredAcks);
        }
        if topic_name::is_internal(topic) && *self.request.client_id != *ADMIN_CLIENT {
            return self.fail(index, ErrorCode::InvalidTopicException);
        }
        let record_data = match data.records {
            Some(Records::Bytes(bytes)) => bytes,
            Some(Records::Pieces(_)) | None => Bytes::new(),
        };
        match self.append(topic, index, &record_data, place) {
            Ok((replica, appended)) => {
                let response = PartitionProduceResponse {
                    index,
                    base_offset: appended.base_offset,
                    log_append_time_ms: appended.log_append_time_ms,
                    log_start_offset: appended.log_start_offset,
                    ..PartitionProduceResponse::default()
                };
                if appended.awaits.any() {
                    let topic = self.topics;
                    self.waiting.push(Waiting { topic, partition: place, replica, appended });
                }
                response
            }
            Err(Failure::Rejected(rejection, log_start_offset)) => {
                let mut response = self.reject(topic, index, &rejection);
                response.log_start_offset = log_start_offset.unwrap_or(-1);
                response
            }
            Err(Failure::NotAppended(Denied { code, message })) => {
                let mut response = self.fail(index, code);
                response.error_message = message;
                if self.request.version >= LEADER_HINTS
                    && let Some(leader) = self.hints.leader_for(self.request, topic, index, code)
                {
                    response.current_leader = LeaderIdAndEpoch {
                        leader_id: leader.id,
                        leader_epoch: leader.epoch,
                        ..LeaderIdAndEpoch::default()
                    };
                }
                response
            }
        }
    }

    fn append(
        &self,
        topic: &Str,
        index: i32,
        record_data: &Bytes,
        place: usize,
    ) -> Result<(Arc<Partition>, Appended), Failure> {
        let batch = ProducedBatch::new(record_data, self.request.version >= ZSTD)
            .map_err(|rejection| Failure::Rejected(rejection, None))?;
        let verified = self.verdicts.of((self.topics, place)).map_err(Failure::NotAppended)?;
        let broker = &self.request.broker;
        let replica = broker.replicas.get(topic, index).map_err(|error| {
            broker.failures.produce.add(1);
            Failure::from(AppendError::from(error))
        })?;
        let rules = replica.settings();
        let valid =
            broker.codecs.with(|codecs| batch.validate(&rules.produce, self.now_ms, codecs));
        let appended = match valid {
            Ok(valid) => replica
                .append_produced(valid, self.acks, verified, self.now_ms)
                .map_err(Failure::from),
            Err(rejection) => Err(Failure::of_batch(rejection, &replica)),
        };
        match appended {
            Ok(appended) => Ok((replica, appended)),
            Err(failure) => {
                failure.count(&replica, record_data.len());
                Err(failure)
            }
        }
    }

    fn reject(
        &mut self,
        topic: &Str,
        index: i32,
        rejection: &Rejection,
    ) -> PartitionProduceResponse {
        let mut response = self.fail(index, error_map::rejection(rejection));
        let topic_partition = format_args!("{topic}-{index}").to_string();
        response.error_message = rejection.answered_message(&topic_partition).map(Str::from);
        if let (Rejection::InvalidRecords(errors), true) =
            (rejection, self.request.version >= RECORD_ERRORS)
        {
            let told = errors.errors.iter().map(|error| BatchIndexAndErrorMessage {
                batch_index: error.batch_index,
                batch_index_error_message: Some(Str::from(error.fault.message(&topic_partition))),
                ..BatchIndexAndErrorMessage::default()
            });
            response.record_errors = told.collect();
        }
        response
    }

    fn fail(&mut self, index: i32, error: ErrorCode) -> PartitionProduceResponse {
        self.failed = true;
        failed_partition(index, error)
    }
}

fn failed_partition(index: i32, error: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        error_code: error.code(),
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        ..PartitionProduceResponse::default()
    }
}

fn resolve(request: &Request, topic: &TopicProduceData) -> Result<Str, ErrorCode> {
    if request.version < TOPIC_IDS {
        return Ok(topic.name.clone());
    }
    let known = request.image.topics.by_id(topic.topic_id);
    known.map(|topic| topic.name.clone()).ok_or(ErrorCode::UnknownTopicId)
}

/// Why one partition's data was not appended.
enum Failure {
    /// The batch is refused; with the log start offset where the answer tells it.
    Rejected(Rejection, Option<i64>),
    NotAppended(Denied),
}

impl Failure {
    /// A batch is refused that was looked into: Apache Kafka tells the log start then, except for
    /// what is too large or broken.
    fn of_batch(rejection: Rejection, replica: &Partition) -> Self {
        let told = match rejection {
            Rejection::Corrupt(_) | Rejection::NoBatch(_) | Rejection::TooLarge { .. } => None,
            _ => Some(replica.log_start_offset()),
        };
        Self::Rejected(rejection, told)
    }
}

impl Failure {
    /// Counts it. Who comes to the wrong place or sends what is too large or broken has itself to
    /// blame (Kafka's `failedProduceRequestRate`).
    fn count(&self, replica: &Partition, bytes: usize) {
        let code = match self {
            Self::Rejected(rejection, _) => error_map::rejection(rejection),
            Self::NotAppended(denied) => denied.code,
        };
        match code {
            ErrorCode::MessageTooLarge => replica.count_rejected(bytes as u64),
            ErrorCode::NotLeaderOrFollower
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::CorruptMessage
            | ErrorCode::KafkaStorageError => {}
            _ => replica.count_failed_produce(),
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let message = error.answered_message().map(Str::from);
        Self::NotAppended(Denied { code: error_map::append(&error), message })
    }
}

/// Waits until every batch is where its acknowledgement says it is; what is not by the deadline is
/// told to have timed out, although it may still be committed (kafka-semantics 39, 40).
async fn wait_for_acknowledgements(
    request: &Request,
    waiting: Vec<Waiting>,
    timeout: Duration,
    response: &mut ProduceResponse,
) {
    let deadline = request.broker.env.now() + timeout;
    let _waiting = request.broker.waiting_produces.enter();
    for wait in waiting {
        let outcome =
            wait.replica.acknowledged(&request.broker.env, &wait.appended, deadline).await;
        if let Err(error) = outcome {
            let answer = &mut response.responses[wait.topic].partition_responses[wait.partition];
            answer.error_code = error_map::append(&error).code();
            answer.base_offset = wait.appended.base_offset;
        }
    }
}
