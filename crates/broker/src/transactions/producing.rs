//! What has to be settled before a Produce request with a transaction may be appended
//! (kafka-semantics 141 to 143).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use records::ProducedBatch;
use replica::{VerificationGuard, Verified};
use replication::{AppendError, Partition, TransactionalBatch};
use txn::{ProducerIdAndEpoch, TopicPartition};
use wire::messages::ProduceRequest;
use wire::{Bytes, ErrorCode, Records, Str};

use super::membership::{Question, Support};
use crate::error_map;
use crate::request::Request;

/// Where a batch stands in a request: the place of its topic, and its place in that topic.
pub(crate) type Place = (usize, usize);

/// Why a batch may not be appended, in code and in words where Apache Kafka has any.
#[derive(Clone, Debug)]
pub(crate) struct Denied {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<Str>,
}

/// What was found out about the batches of a request.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    is_required: bool,
    denied: BTreeMap<Place, Denied>,
    guards: BTreeMap<Place, VerificationGuard>,
}

impl Verdicts {
    /// What a batch may show for itself, or why it may not be appended.
    pub(crate) fn of(&self, place: Place) -> Result<Verified, Denied> {
        match self.denied.get(&place) {
            Some(denied) => Err(denied.clone()),
            None => {
                let guard = self.guards.get(&place).copied();
                Ok(Verified { guard, is_required: self.is_required })
            }
        }
    }
}

/// A batch of the transaction, with the partition it is for.
struct Candidate {
    place: Place,
    topic: Str,
    replica: Arc<Partition>,
    base_sequence: i32,
}

/// Whether a batch is part of a transaction, by one look at its attributes.
pub(crate) fn is_transactional(record_data: Option<&Records>) -> bool {
    const ATTRIBUTES: usize = 22;
    const TRANSACTIONAL: u8 = 0x10;
    match record_data {
        Some(Records::Bytes(bytes)) => {
            bytes.get(ATTRIBUTES).is_some_and(|attributes| attributes & TRANSACTIONAL != 0)
        }
        Some(Records::Pieces(_)) | None => false,
    }
}

/// Begins transactions in the partitions of a request, as far as they are not open there.
///
/// # Errors
/// What the whole request is answered with.
pub(crate) async fn verify(
    request: &Request,
    message: &ProduceRequest,
    transactional_id: &Str,
    resolve: impl Fn(usize) -> Option<Str>,
) -> Result<Verdicts, ErrorCode> {
    let broker = &request.broker;
    let is_required = broker.config().transaction.partition_verification_enable;
    let support = Support::of_produce(request.version);
    let mut verdicts = Verdicts { is_required, ..Verdicts::default() };
    let (producer, candidates) = candidates(request, message, resolve)?;
    if candidates.is_empty() || !(is_required || support.bumps_epoch()) {
        return Ok(verdicts);
    }
    let asked = begin(request, producer, support, &candidates, &mut verdicts);
    if asked.is_empty() {
        return Ok(verdicts);
    }
    let partitions: BTreeSet<_> = asked.keys().cloned().collect();
    let transactional_id = transactional_id.clone();
    let question = Question { transactional_id, producer, partitions, support };
    for (partition, code) in broker.ask_transaction(&question).await {
        if let Some(place) = asked.get(&partition) {
            verdicts.denied.insert(*place, denied(code, support));
        }
    }
    Ok(verdicts)
}

/// The batches of the request's transaction that have a partition here, and whose it is.
fn candidates(
    request: &Request,
    message: &ProduceRequest,
    resolve: impl Fn(usize) -> Option<Str>,
) -> Result<(ProducerIdAndEpoch, Vec<Candidate>), ErrorCode> {
    let mut producer = None;
    let mut candidates = Vec::new();
    for (topic_place, topic) in message.topic_data.iter().enumerate() {
        let Some(name) = resolve(topic_place) else { continue };
        for (place, data) in topic.partition_data.iter().enumerate() {
            let Some(Records::Bytes(bytes)) = &data.records else { continue };
            let Some((from, base_sequence)) = transactional(bytes) else { continue };
            // What cannot be appended anyway is told when that is tried.
            let Ok(replica) = request.broker.replicas.get(&name, data.index) else { continue };
            if *producer.get_or_insert(from) != from {
                return Err(ErrorCode::InvalidProducerIdMapping);
            }
            let place = (topic_place, place);
            candidates.push(Candidate { place, topic: name.clone(), replica, base_sequence });
        }
    }
    Ok((producer.unwrap_or(ProducerIdAndEpoch::NONE), candidates))
}

/// Producer and first sequence number of a batch that is part of a transaction.
fn transactional(bytes: &Bytes) -> Option<(ProducerIdAndEpoch, i32)> {
    let batch = ProducedBatch::new(bytes, true).ok()?;
    let header = batch.header();
    let producer = ProducerIdAndEpoch { id: header.producer_id(), epoch: header.producer_epoch() };
    let is_part = header.has_producer_id() && header.is_transactional();
    is_part.then(|| (producer, header.base_sequence()))
}

/// Begins to ask about the partitions where the transaction is not open.
fn begin(
    request: &Request,
    producer: ProducerIdAndEpoch,
    support: Support,
    candidates: &[Candidate],
    verdicts: &mut Verdicts,
) -> BTreeMap<TopicPartition, Place> {
    let now_ms = request.broker.env.clock().wall_ms();
    let mut asked = BTreeMap::new();
    for Candidate { place, topic, replica, base_sequence } in candidates {
        let batch = TransactionalBatch {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: *base_sequence,
            bumps_epoch: support.bumps_epoch(),
        };
        match replica.begin_verification(&batch, now_ms) {
            Ok(None) => {}
            Ok(Some(guard)) => {
                verdicts.guards.insert(*place, guard);
                let partition = TopicPartition { topic: topic.clone(), partition: replica.index() };
                asked.insert(partition, *place);
            }
            Err(error) => {
                verdicts.denied.insert(*place, not_begun(&error));
            }
        }
    }
    asked
}

fn not_begun(error: &AppendError) -> Denied {
    Denied { code: error_map::append(error), message: None }
}

/// What a producer is told about a partition that is not part of its transaction. Errors that old
/// clients would not try again become one that they do.
fn denied(code: ErrorCode, support: Support) -> Denied {
    let unable = || {
        let words = "Unable to verify the partition has been added to the transaction. \
                     Underlying error: ";
        Denied {
            code: ErrorCode::NotEnoughReplicas,
            message: Some(Str::from(format!("{words}{}", code.name()))),
        }
    };
    match code {
        ErrorCode::InvalidTxnState => {
            let message = Some(Str::from("Partition was not added to the transaction"));
            Denied { code, message }
        }
        ErrorCode::NetworkException
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator => unable(),
        ErrorCode::ConcurrentTransactions if !support.bumps_epoch() => unable(),
        code => Denied { code, message: None },
    }
}
