//! A batch on its way to the leader, and what is done when it does not arrive.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use env::Instant;
use records::{BatchBuilder, Producer as Stamp, StampedBatch};
use tokio::sync::OwnedSemaphorePermit;
use wire::messages::produce_request::{PartitionProduceData, TopicProduceData};
use wire::messages::{ProduceRequest, ProduceResponse};
use wire::{ErrorCode, Records};

use super::Shared;
use super::config::Acks;
use super::lane::{Awaited, Lane, Pending};
use super::sequence::Sequence;
use super::transaction;
use crate::connection::Answer;
use crate::error::{Error, check};

/// A batch on its way.
pub(super) struct Flight {
    /// The batch until it is built, which takes the identity of the producer.
    builder: Option<BatchBuilder>,
    stamp: Stamp,
    /// What is sent.
    batch: Bytes,
    /// Records in it.
    count: i32,
    fate: Awaited,
    since: Instant,
    memory: OwnedSemaphorePermit,
    state: State,
}

enum State {
    Answer(Box<Answer<ProduceRequest>>),
    Landed(Result<i64, Error>),
    /// What became of it was asked for.
    Over,
}

impl Flight {
    pub(super) fn new(pending: Pending) -> Self {
        let Pending { builder, fate, since, memory } = pending;
        Self {
            count: builder.record_count(),
            builder: Some(builder),
            stamp: Stamp::NONE,
            batch: Bytes::new(),
            fate,
            since,
            memory,
            state: State::Over,
        }
    }

    /// Sends the batch; what fails is told by [`Flight::land`].
    pub(super) async fn take_off(&mut self, lane: &Lane, shared: &Shared, sequence: &mut Sequence) {
        self.state = match self.try_to_take_off((lane, shared, sequence), false).await {
            Ok(state) => state,
            Err(error) => State::Landed(Err(error)),
        };
    }

    async fn try_to_take_off(
        &mut self,
        (lane, shared, sequence): (&Lane, &Shared, &mut Sequence),
        afresh: bool,
    ) -> Result<State, Error> {
        if self.builder.is_some() {
            self.stamp = sequence.stamp(shared).await?;
        }
        if let Some(mut builder) = self.builder.take() {
            sequence.advance(self.count);
            if shared.transaction.is_some() {
                builder = builder.transactional();
            }
            self.batch = builder.producer(self.stamp).build();
        }
        send(lane, shared, self.batch.clone(), afresh).await
    }

    /// Waits until it is known what became of it. To be dropped while it waits is fine.
    pub(super) async fn land(&mut self) -> Result<i64, Error> {
        if let State::Answer(answer) = &mut self.state {
            let result = answer.wait().await.and_then(read);
            self.state = State::Landed(result);
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Landed(result) => result,
            State::Answer(_) | State::Over => Err(Error::Closed),
        }
    }

    /// Tells all who wait for a record of it.
    pub(super) fn settle(self, shared: &Shared, result: Result<i64, Error>) {
        let Self { count, batch, fate, memory, .. } = self;
        shared.stats.settled(result.is_ok(), count, batch.len());
        fate.fate.tell(shared.cluster.env().now(), result.map_err(Arc::new));
        drop(memory);
        shared.settled(count);
    }
}

/// What follows when a batch did not arrive: those behind it are waited for, and whatever is not
/// there is sent again, one after the other.
pub(super) struct Landing<'a> {
    pub(super) lane: &'a Lane,
    pub(super) shared: &'a Shared,
    pub(super) flights: &'a mut VecDeque<Flight>,
}

impl Landing<'_> {
    /// `error` is what the first one failed with.
    pub(super) async fn in_order(self, error: Error, sequence: &mut Sequence) {
        let mut results = VecDeque::from([Err(error)]);
        for flight in self.flights.iter_mut().skip(1) {
            results.push_back(flight.land().await);
        }
        let mut is_behind = false;
        while let (Some(mut flight), Some(result)) = (self.flights.pop_front(), results.pop_front())
        {
            let result = match result {
                Ok(base_offset) => Ok(base_offset),
                Err(error) => {
                    let way = (self.lane, self.shared);
                    let result = flight.persist(way, sequence, (error, is_behind)).await;
                    is_behind = true;
                    result
                }
            };
            flight.settle(self.shared, result);
        }
    }
}

impl Flight {
    /// Tries until the batch is delivered, refused for good, or its time is over. Gives the offset
    /// of its first record, -1 if unknown.
    async fn persist(
        &mut self,
        (lane, shared): (&Lane, &Shared),
        sequence: &mut Sequence,
        (mut error, mut is_behind): (Error, bool),
    ) -> Result<i64, Error> {
        let (config, env) = (&shared.config, shared.cluster.env());
        let deadline = self.since + config.delivery_timeout;
        let mut tries = 0;
        loop {
            let overtook =
                matches!(&error, Error::Refused { code: ErrorCode::OutOfOrderSequenceNumber, .. });
            if overtook && is_behind && config.idempotent {
                // The one before was missing, so nothing of this one was taken. Where that one was
                // given up, this one goes into a new sequence.
                is_behind = false;
                if sequence.has_left(self.stamp) {
                    match sequence.stamp(shared).await {
                        Ok(stamp) => self.stamp = stamp,
                        Err(error) => {
                            sequence.break_off(shared, &error);
                            return Err(error);
                        }
                    }
                    sequence.advance(self.count);
                    if let Ok(Some(mut batch)) = StampedBatch::new(&self.batch) {
                        batch.stamp_producer(self.stamp);
                        self.batch = batch.to_bytes();
                    }
                }
            } else if !error.may_pass() || tries >= config.retries_max {
                sequence.break_off(shared, &error);
                return Err(error);
            } else if env.now() + config.retry_backoff >= deadline {
                sequence.break_off(shared, &error);
                let timeout_ms = config.delivery_timeout.as_millis() as u64;
                return Err(Error::Expired { timeout_ms, last: error.to_string() });
            } else {
                tracing::debug!(topic = %lane.topic, lane.partition, "trying again: {error}");
                tries += 1;
                shared.stats.retried();
                env.sleep(config.retry_backoff).await;
            }
            let sent = self.try_to_take_off((lane, shared, sequence), tries > 0).await;
            self.state = match sent {
                Ok(state) => state,
                Err(error) => State::Landed(Err(error)),
            };
            match self.land().await {
                Ok(base_offset) => return Ok(base_offset),
                Err(again) => error = again,
            }
        }
    }
}

async fn send(lane: &Lane, shared: &Shared, batch: Bytes, afresh: bool) -> Result<State, Error> {
    let (config, cluster) = (&shared.config, &shared.cluster);
    let age_max = if afresh { std::time::Duration::ZERO } else { config.metadata_age_max };
    let topic = shared.topics.get(cluster, &lane.topic, age_max).await?;
    let leader = topic.leaders.get(lane.partition as usize).copied().unwrap_or(-1);
    if leader < 0 {
        return Err(Error::refused(ErrorCode::LeaderNotAvailable.code(), None));
    }
    let connection = cluster.broker(leader).await?;
    let mut at_most = i16::MAX;
    if let Some(transaction) = &shared.transaction {
        transaction.enlist(shared, (&lane.topic, lane.partition), &connection).await?;
        if !transaction::by_producing(&connection) {
            at_most = transaction::PRODUCE_BEFORE;
        }
    }
    let request = ProduceRequest {
        transactional_id: config.transactional_id.clone(),
        acks: config.acks.code(),
        timeout_ms: i32::try_from(cluster.config().request_timeout.as_millis()).unwrap_or(i32::MAX),
        topic_data: vec![TopicProduceData {
            name: lane.topic.clone(),
            topic_id: topic.id,
            partition_data: vec![PartitionProduceData {
                index: lane.partition,
                records: Some(Records::Bytes(batch)),
                ..PartitionProduceData::default()
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    };
    shared.stats.requested();
    if config.acks == Acks::None {
        connection.send(&request).await?;
        return Ok(State::Landed(Ok(-1)));
    }
    Ok(State::Answer(Box::new(connection.begin(&request, at_most).await?)))
}

/// The offset of the first record, -1 if unknown.
fn read(response: ProduceResponse) -> Result<i64, Error> {
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
