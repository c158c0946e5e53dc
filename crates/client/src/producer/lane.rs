//! One partition's way out: records wait here for their batch, batches leave in order, several of
//! them at a time, and order holds whatever is retried.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use env::Instant;
use records::{BatchBuilder, Record};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use wire::Str;

use super::Shared;
use super::flight::{Flight, Landing};
use super::record::{Delivery, Fate};
use super::sequence::Sequence;
use crate::error::Error;

/// The most a record takes in a batch beyond its key, value and headers.
pub(super) const RECORD_OVERHEAD_MAX: usize = 21;

/// A batch being filled or waiting to leave.
pub(super) struct Pending {
    pub(super) builder: BatchBuilder,
    pub(super) fate: Awaited,
    pub(super) since: Instant,
    /// What its records take of `buffer.memory`.
    pub(super) memory: OwnedSemaphorePermit,
}

/// A fate that is told in any case: what is dropped before was not delivered.
pub(super) struct Awaited {
    pub(super) fate: Arc<Fate>,
    since: Instant,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.fate.tell(self.since, Err(Arc::new(Error::Closed)));
    }
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Pending>,
    /// Nothing is waited for: somebody flushes, or the producer closes.
    hurry: bool,
}

/// One partition's way out.
pub(super) struct Lane {
    pub(super) topic: Str,
    pub(super) partition: i32,
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
    ) -> Delivery {
        let batch_size = shared.config.batch_size;
        let mut queue = self.queue();
        let (delivery, is_new) = match queue.batches.back_mut() {
            Some(last) if last.builder.size() + size <= batch_size => {
                let at = last.builder.record_count();
                last.builder.push(record);
                last.memory.merge(memory);
                (Delivery { fate: Arc::clone(&last.fate.fate), at }, false)
            }
            _ => {
                let mut builder = BatchBuilder::new(0).codec(shared.config.codec);
                // What is lingered for fills up a batch.
                if !queue.batches.is_empty() {
                    builder.reserve(batch_size);
                }
                builder.push(record);
                let since = shared.cluster.env().now();
                let fate = Arc::new(Fate::new(self.topic.clone(), self.partition));
                let delivery = Delivery { fate: Arc::clone(&fate), at: 0 };
                let fate = Awaited { fate, since };
                queue.batches.push_back(Pending { builder, fate, since, memory });
                (delivery, true)
            }
        };
        let full = queue.batches.back().is_some_and(|last| last.builder.size() >= batch_size);
        if full || is_new {
            self.wake.notify_one();
        }
        delivery
    }

    /// Waits for a batch that is due and takes it. To be dropped while it waits is fine.
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
        enum Event {
            Due(Pending),
            Landed(Result<i64, Error>),
        }
        let mut sequence = Sequence::default();
        let mut flights: VecDeque<Flight> = VecDeque::new();
        loop {
            let room = flights.len() < shared.config.in_flight_max.max(1);
            let event = match flights.front_mut() {
                None => Event::Due(self.next(&shared).await),
                Some(first) if !room => Event::Landed(first.land().await),
                Some(first) => tokio::select! {
                    biased;
                    landed = first.land() => Event::Landed(landed),
                    pending = self.next(&shared) => Event::Due(pending),
                },
            };
            match event {
                Event::Due(pending) => {
                    let mut flight = Flight::new(pending);
                    Box::pin(flight.take_off(&self, &shared, &mut sequence)).await;
                    flights.push_back(flight);
                }
                Event::Landed(Ok(base_offset)) => {
                    if let Some(flight) = flights.pop_front() {
                        flight.settle(&shared, Ok(base_offset));
                    }
                }
                Event::Landed(Err(error)) => {
                    let landing = Landing { lane: &self, shared: &shared, flights: &mut flights };
                    Box::pin(landing.in_order(error, &mut sequence)).await;
                }
            }
        }
    }
}
