//! Sending records: batched by partition, compressed, retried, in order.

mod config;
mod flight;
mod identity;
mod lane;
mod partitioner;
mod record;
mod sequence;
mod stats;
mod topics;
mod transaction;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use env::Task;
use records::{Record, layout};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wire::Str;

pub use config::{Acks, ProducerConfig};
pub use record::{Delivered, Delivery, ProducerRecord};
pub use stats::ProducerStats;

use crate::cluster::Cluster;
use crate::connection::within;
use crate::error::Error;
use identity::Identities;
use lane::{Lane, RECORD_OVERHEAD_MAX};
use partitioner::{Sticky, partition_of_key};
use stats::Stats;
use topics::{Topic, Topics};
use transaction::Transaction;

/// What the lanes of a producer share.
struct Shared {
    cluster: Cluster,
    config: ProducerConfig,
    topics: Topics,
    identities: Identities,
    transaction: Option<Transaction>,
    stats: Stats,
    /// Records sent and neither delivered nor given up.
    unsettled: AtomicUsize,
    /// Told when some of them are.
    settled: Notify,
}

impl Shared {
    /// `count` records are delivered or given up.
    fn settled(&self, count: i32) {
        let count = usize::try_from(count).unwrap_or_default();
        self.unsettled.fetch_sub(count, Ordering::AcqRel);
        self.settled.notify_waiters();
    }
}

/// Lanes by topic and partition, each with the task that runs it.
type Lanes = HashMap<(Str, i32), (Arc<Lane>, Task<()>)>;

/// A producer. Records sent to a partition arrive there in the order of [`Producer::send`].
pub struct Producer {
    shared: Arc<Shared>,
    lanes: Mutex<Lanes>,
    sticky: Mutex<Sticky>,
    memory: Arc<Semaphore>,
}

impl Producer {
    /// A producer. Nothing is asked of the cluster yet.
    pub fn new(cluster: &Cluster, config: ProducerConfig) -> Self {
        let memory = config.buffer_memory.min(u32::MAX as usize).min(Semaphore::MAX_PERMITS);
        let transaction = config.transactional_id.clone().map(Transaction::new);
        let idempotent = (config.idempotent || transaction.is_some()) && config.acks == Acks::All;
        let most = if idempotent { config::IN_FLIGHT_MAX } else { usize::MAX };
        let in_flight_max = config.in_flight_max.clamp(1, most);
        let shared = Shared {
            cluster: cluster.clone(),
            config: ProducerConfig { idempotent, in_flight_max, buffer_memory: memory, ..config },
            topics: Topics::default(),
            identities: Identities::default(),
            transaction,
            stats: Stats::default(),
            unsettled: AtomicUsize::new(0),
            settled: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
            lanes: Mutex::default(),
            sticky: Mutex::default(),
            memory: Arc::new(Semaphore::new(memory)),
        }
    }

    /// Takes a record; waits at most `max.block.ms` for metadata and for room. What becomes of
    /// the record is told by the [`Delivery`].
    ///
    /// # Errors
    /// The record is too large, its topic or partition is not there, or there is no room in time.
    pub async fn send(&self, record: ProducerRecord) -> Result<Delivery, Error> {
        let size = size_of(&record);
        let config = &self.shared.config;
        let bounds = [
            ("max.request.size", config.request_size_max),
            ("buffer.memory", config.buffer_memory),
        ];
        let whole = size + layout::BATCH_OVERHEAD;
        if let Some((setting, allowed)) = bounds.into_iter().find(|(_, allowed)| whole > *allowed) {
            return Err(Error::RecordTooLarge { size: whole, allowed, setting });
        }
        let env = self.shared.cluster.env();
        let now = env.now();
        let known = self.shared.topics.known(&record.topic, config.metadata_age_max, now);
        let topic = match known {
            Some(topic) => topic,
            None => Box::pin(self.topic(&record.topic)).await?,
        };
        let memory = match Arc::clone(&self.memory).try_acquire_many_owned(size as u32) {
            Ok(memory) => memory,
            Err(_) => {
                let waited = env.now().duration_since(now);
                Box::pin(self.room(size, config.block_max.saturating_sub(waited))).await?
            }
        };
        let partition = self.partition(&topic, &record, size)?;
        let lane = self.lane(&topic.name, partition);
        let timestamp = record.timestamp.unwrap_or_else(|| env.clock().wall_ms());
        let ProducerRecord { key, value, headers, .. } = record;
        let record = Record { offset: 0, timestamp, key, value, headers };
        self.shared.unsettled.fetch_add(1, Ordering::AcqRel);
        Ok(lane.push(&self.shared, &record, (size, memory)))
    }

    async fn room(&self, size: usize, patience: Duration) -> Result<OwnedSemaphorePermit, Error> {
        let asked = Arc::clone(&self.memory).acquire_many_owned(size as u32);
        match within(self.shared.cluster.env(), patience, asked).await {
            Some(Ok(permit)) => Ok(permit),
            Some(Err(_)) => Err(Error::Closed),
            None => Err(Error::NoRoom {
                size,
                timeout_ms: self.shared.config.block_max.as_millis() as u64,
            }),
        }
    }

    async fn topic(&self, name: &Str) -> Result<Arc<Topic>, Error> {
        let Shared { cluster, config, topics, .. } = &*self.shared;
        let env = cluster.env();
        let deadline = env.now() + config.block_max;
        loop {
            let patience = deadline.saturating_duration_since(env.now());
            let asked = topics.get(cluster, name, config.metadata_age_max);
            let missing = || Error::NotInMetadata {
                topic: name.to_string(),
                timeout_ms: config.block_max.as_millis() as u64,
            };
            match within(env, patience, asked).await {
                None => return Err(missing()),
                Some(Err(error)) if error.may_pass() => {
                    if env.now() + config.retry_backoff >= deadline {
                        return Err(missing());
                    }
                    tracing::warn!("the metadata of topic {name} is not there yet: {error}");
                    env.sleep(config.retry_backoff).await;
                }
                Some(result) => return result,
            }
        }
    }

    fn partition(&self, topic: &Topic, record: &ProducerRecord, size: usize) -> Result<i32, Error> {
        let count = topic.leaders.len();
        match (record.partition, &record.key) {
            (Some(partition), _) if partition < 0 || partition as usize >= count => {
                Err(Error::NoSuchPartition { topic: topic.name.to_string(), partition })
            }
            (Some(partition), _) => Ok(partition),
            (None, Some(key)) => Ok(partition_of_key(key, count)),
            (None, None) => {
                let batch_size = self.shared.config.batch_size;
                let random = self.shared.cluster.env().random();
                let mut sticky = self.sticky.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(sticky.choose(topic, (size, batch_size), random))
            }
        }
    }

    fn lane(&self, topic: &Str, partition: i32) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let (lane, _) = lanes.entry((topic.clone(), partition)).or_insert_with(|| {
            let lane = Arc::new(Lane::new(topic.clone(), partition));
            let run = Arc::clone(&lane).run(Arc::clone(&self.shared));
            let task = self.shared.cluster.env().spawn("producer", Box::pin(run));
            (lane, task)
        });
        Arc::clone(lane)
    }

    /// Sends everything without lingering and waits until all of it, and what is sent meanwhile,
    /// is delivered or given up.
    pub async fn flush(&self) {
        loop {
            let mut settled = pin!(self.shared.settled.notified());
            settled.as_mut().enable();
            for (lane, _) in self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values() {
                lane.hurry();
            }
            if self.shared.unsettled.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }

    /// What it has done so far.
    pub fn stats(&self) -> ProducerStats {
        self.shared.stats.now()
    }

    /// As [`flush`](Self::flush), and ends the producer.
    pub async fn close(self) {
        self.flush().await;
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let lanes = self.lanes.get_mut().unwrap_or_else(PoisonError::into_inner);
        lanes.values().for_each(|(_, task)| task.abort());
    }
}

/// What a record takes in a batch, at most.
fn size_of(record: &ProducerRecord) -> usize {
    // A number in zigzag and groups of seven bits; lengths double for their sign.
    let number =
        |value: usize| (usize::BITS - (value << 1 | 1).leading_zeros()).div_ceil(7) as usize;
    let part = |bytes: &Option<bytes::Bytes>| match bytes {
        Some(bytes) => number(bytes.len()) + bytes.len(),
        None => 1,
    };
    let header = |header: &records::Header| {
        number(header.key.len()) + header.key.len() + part(&header.value)
    };
    let headers: usize = record.headers.iter().map(header).sum();
    let parts = part(&record.key) + part(&record.value);
    RECORD_OVERHEAD_MAX + parts + number(record.headers.len()) + headers
}
