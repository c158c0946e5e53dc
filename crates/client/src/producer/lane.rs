//! One partition's way out: records wait here for their batch, batches leave one after the other,
//! so that order holds whatever is retried.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use env::Instant;
use records::{BatchBuilder, Producer as Stamp, Record, increment_sequence};
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use wire::messages::ProduceRequest;
use wire::messages::produce_request::{PartitionProduceData, TopicProduceData};
use wire::{ErrorCode, Records, Str};

use super::Shared;
use super::config::Acks;
use super::identity::Identity;
use super::record::{Delivered, Outcome};
use crate::error::{Error, check};

/// The most a record takes in a batch beyond its key, value and headers.
pub(super) const RECORD_OVERHEAD_MAX: usize = 21;

/// A batch being filled or waiting to leave.
struct Pending {
    builder: BatchBuilder,
    answers: Vec<oneshot::Sender<Outcome>>,
    since: Instant,
    /// What its records take of `buffer.memory`.
    memory: OwnedSemaphorePermit,
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Pending>,
    /// Nothing is waited for: somebody flushes, or the producer closes.
    hurry: bool,
}

/// One partition's way out.
pub(super) struct Lane {
    topic: Str,
    partition: i32,
    queue: Mutex<Queue>,
    wake: Notify,
}

impl Lane {
    pub(super) fn new(topic: Str, partition: i32) -> Self {
        Self { topic, partition, queue: Mutex::default(), wake: Notify::new() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits without lingering.
    pub(super) fn hurry(&self) {
        let mut queue = self.queue();
        if !queue.batches.is_empty() {
            queue.hurry = true;
            self.wake.notify_one();
        }
    }

    /// Adds a record of `size` bytes at most to the last batch, or begins one with it.
    pub(super) fn push(
        &self,
        shared: &Shared,
        record: &Record,
        (size, memory): (usize, OwnedSemaphorePermit),
    ) -> oneshot::Receiver<Outcome> {
        let (answer, delivery) = oneshot::channel();
        let batch_size = shared.config.batch_size;
        let mut queue = self.queue();
        match queue.batches.back_mut() {
            Some(last) if last.builder.size() + size <= batch_size => {
                last.builder.push(record);
                last.answers.push(answer);
                last.memory.merge(memory);
            }
            _ => {
                let mut builder = BatchBuilder::new(0).codec(shared.config.codec);
                builder.push(record);
                let since = shared.cluster.env().now();
                queue.batches.push_back(Pending { builder, answers: vec![answer], since, memory });
            }
        }
        let full = queue.batches.back().is_some_and(|last| last.builder.size() >= batch_size);
        if full || queue.batches.len() > 1 || queue.batches[0].answers.len() == 1 {
            self.wake.notify_one();
        }
        delivery
    }

    /// Waits for a batch that is due and takes it.
    async fn next(&self, shared: &Shared) -> Pending {
        loop {
            let env = shared.cluster.env();
            let due = {
                let mut queue = self.queue();
                let (waiting, hurry) = (queue.batches.len(), queue.hurry);
                let front = queue.batches.front();
                let due = front.map(|front| {
                    let full = front.builder.size() >= shared.config.batch_size;
                    if hurry || full || waiting > 1 {
                        front.since
                    } else {
                        front.since + shared.config.linger
                    }
                });
                if due.is_some_and(|due| due <= env.now()) {
                    if waiting == 1 {
                        queue.hurry = false;
                    }
                    if let Some(pending) = queue.batches.pop_front() {
                        return pending;
                    }
                }
                due
            };
            match due {
                None => self.wake.notified().await,
                Some(due) => tokio::select! {
                    biased;
                    () = self.wake.notified() => {}
                    () = env.sleep_until(due) => {}
                },
            }
        }
    }

    /// Delivers batches for as long as the producer lives.
    pub(super) async fn run(self: Arc<Self>, shared: Arc<Shared>) {
        let mut sequence = Sequence::default();
        loop {
            let pending = self.next(&shared).await;
            let count = pending.answers.len();
            let outcome = self.deliver(&shared, pending.builder, pending.since, &mut sequence);
            match outcome.await {
                Ok(base_offset) => {
                    for (at, answer) in pending.answers.into_iter().enumerate() {
                        let offset = (base_offset >= 0).then(|| base_offset + at as i64);
                        let topic = self.topic.clone();
                        // Whoever sent the record may not care.
                        let _ =
                            answer.send(Ok(Delivered { topic, partition: self.partition, offset }));
                    }
                }
                Err(error) => {
                    let error = Arc::new(error);
                    for answer in pending.answers {
                        let _ = answer.send(Err(Arc::clone(&error)));
                    }
                }
            }
            drop(pending.memory);
            shared.unsettled.send_modify(|unsettled| *unsettled -= count);
        }
    }

    /// Tries until a batch is delivered, refused for good, or its time is over. Gives the offset
    /// of its first record, -1 if unknown.
    async fn deliver(
        &self,
        shared: &Shared,
        builder: BatchBuilder,
        since: Instant,
        sequence: &mut Sequence,
    ) -> Result<i64, Error> {
        let (config, env) = (&shared.config, shared.cluster.env());
        let deadline = since + config.delivery_timeout;
        let count = builder.record_count();
        let mut unbuilt = Some(builder);
        let mut batch = bytes::Bytes::new();
        let mut tries = 0;
        loop {
            let attempt = async {
                if let Some(builder) = unbuilt.take() {
                    let stamp = match sequence.stamp(shared).await {
                        Ok(stamp) => stamp,
                        Err(error) => {
                            unbuilt = Some(builder);
                            return Err(error);
                        }
                    };
                    batch = builder.producer(stamp).build();
                }
                self.send(shared, batch.clone(), tries > 0).await
            };
            match Box::pin(attempt).await {
                Ok(offset) => {
                    sequence.advance(count);
                    return Ok(offset);
                }
                Err(error) if !error.may_pass() || tries >= config.retries_max => {
                    sequence.break_off();
                    return Err(error);
                }
                Err(error) if env.now() + config.retry_backoff >= deadline => {
                    sequence.break_off();
                    let timeout_ms = config.delivery_timeout.as_millis() as u64;
                    return Err(Error::Expired { timeout_ms, last: error.to_string() });
                }
                Err(error) => {
                    tracing::debug!(topic = %self.topic, self.partition, "trying again: {error}");
                    tries += 1;
                    env.sleep(config.retry_backoff).await;
                }
            }
        }
    }

    async fn send(&self, shared: &Shared, batch: bytes::Bytes, afresh: bool) -> Result<i64, Error> {
        let (config, cluster) = (&shared.config, &shared.cluster);
        let age_max = if afresh { std::time::Duration::ZERO } else { config.metadata_age_max };
        let topic = shared.topics.get(cluster, &self.topic, age_max).await?;
        let leader = topic.leaders.get(self.partition as usize).copied().unwrap_or(-1);
        if leader < 0 {
            return Err(Error::refused(ErrorCode::LeaderNotAvailable.code(), None));
        }
        let connection = cluster.broker(leader).await?;
        let request = ProduceRequest {
            transactional_id: None,
            acks: config.acks.code(),
            timeout_ms: i32::try_from(cluster.config().request_timeout.as_millis())
                .unwrap_or(i32::MAX),
            topic_data: vec![TopicProduceData {
                name: self.topic.clone(),
                topic_id: topic.id,
                partition_data: vec![PartitionProduceData {
                    index: self.partition,
                    records: Some(Records::Bytes(batch)),
                    ..PartitionProduceData::default()
                }],
                ..TopicProduceData::default()
            }],
            ..ProduceRequest::default()
        };
        if config.acks == Acks::None {
            connection.send(&request).await?;
            return Ok(-1);
        }
        let response = connection.call(&request).await?;
        let answer = response.responses.into_iter().next();
        let answer = answer.and_then(|topic| topic.partition_responses.into_iter().next());
        let answer =
            answer.ok_or_else(|| Error::refused(ErrorCode::UnknownServerError.code(), None))?;
        if answer.error_code == ErrorCode::DuplicateSequenceNumber.code() {
            // An earlier try arrived after all; its offset is no longer known.
            return Ok(-1);
        }
        let because = answer.record_errors.into_iter().next();
        let because = because.and_then(|error| error.batch_index_error_message);
        check(answer.error_code, because.or(answer.error_message).as_deref())?;
        Ok(answer.base_offset)
    }
}

/// The sequence numbers of a partition.
#[derive(Debug, Default)]
struct Sequence {
    identity: Option<Identity>,
    next: i32,
    broken: bool,
}

impl Sequence {
    /// Who sends the next batch, and its first number.
    async fn stamp(&mut self, shared: &Shared) -> Result<Stamp, Error> {
        if !shared.config.idempotent {
            return Ok(Stamp::NONE);
        }
        let broken = self.identity.filter(|_| self.broken);
        let identity = match self.identity {
            Some(identity) if broken.is_none() => identity,
            _ => shared.identities.get(&shared.cluster, broken).await?,
        };
        if self.identity != Some(identity) {
            *self = Self { identity: Some(identity), next: 0, broken: false };
        }
        Ok(Stamp { id: identity.id, epoch: identity.epoch, base_sequence: self.next })
    }

    fn advance(&mut self, count: i32) {
        self.next = increment_sequence(self.next, count);
    }

    fn break_off(&mut self) {
        self.broken = true;
    }
}
