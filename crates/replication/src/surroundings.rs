//! What the replicas of a broker know of the world around them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use env::Env;
use log::FlushJob;
use metadata::Image;
use metrics::{Distribution, Histogram};
use replica::{BrokerStanding, Brokers, Context, IsrProposal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use wire::Uuid;

use crate::flush;
use crate::partition::Partition;

/// A change of an ISR that the controller is to be asked for.
#[derive(Debug)]
pub struct Proposed {
    /// The topic.
    pub topic_id: Uuid,
    /// The partition.
    pub index: i32,
    /// The change.
    pub proposal: IsrProposal,
}

/// What the controller is to know of the directory of a replica (KIP-858).
#[derive(Debug)]
pub struct DirectoryAssignment {
    /// The topic.
    pub topic_id: Uuid,
    /// The partition.
    pub index: i32,
    /// The id of the directory that the replica is in, or will be in next.
    pub directory: Uuid,
    /// Told when the controller has written it down; dropped when it will not be.
    pub accepted: Option<oneshot::Sender<()>>,
}

/// The ways to the controller.
#[derive(Debug)]
pub(crate) struct ToController {
    pub(crate) proposals: mpsc::UnboundedSender<Proposed>,
    pub(crate) assignments: mpsc::UnboundedSender<DirectoryAssignment>,
}

/// Time, the cluster image, and the way to the controller.
#[derive(Debug)]
pub(crate) struct Surroundings {
    env: Env,
    began: Instant,
    image: Arc<ArcSwap<Image>>,
    broker_epoch: AtomicI64,
    to_controller: ToController,
    flushes: Mutex<Histogram>,
}

impl Surroundings {
    pub(crate) fn new(env: Env, image: Arc<ArcSwap<Image>>, to_controller: ToController) -> Self {
        let began = env.now();
        let (broker_epoch, flushes) = (AtomicI64::new(-1), Mutex::default());
        Self { env, began, image, broker_epoch, to_controller, flushes }
    }

    /// Runs `event` with the world as it is now.
    pub(crate) fn with<T>(&self, event: impl FnOnce(&Context<'_>) -> T) -> T {
        let elapsed = self.env.now().saturating_duration_since(self.began);
        event(&Context {
            now_ms: i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX),
            local_broker_epoch: self.broker_epoch.load(Ordering::Relaxed),
            brokers: self,
        })
    }

    /// A flush was begun at `began` and is over.
    pub(crate) fn count_flush(&self, began: Instant) {
        let took = self.now().saturating_duration_since(began).as_micros();
        let flushes = self.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        flushes.record(u64::try_from(took).unwrap_or(u64::MAX));
    }

    pub(crate) fn flush_times(&self) -> Distribution {
        let mut times = Distribution::default();
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner).add_to(&mut times);
        times
    }

    pub(crate) fn now(&self) -> Instant {
        self.env.now()
    }

    pub(crate) fn wall_ms(&self) -> i64 {
        self.env.clock().wall_ms()
    }

    pub(crate) fn set_broker_epoch(&self, epoch: i64) {
        self.broker_epoch.store(epoch, Ordering::Relaxed);
    }

    /// Brings part of a log onto the disk, off the request path.
    pub(crate) fn flush(&self, partition: Weak<Partition>, job: FlushJob) {
        let clock = self.env.clock().clone();
        let flushed = self.env.blocking(move || {
            // A log that is not used any more needs no flush.
            if let Some(partition) = partition.upgrade() {
                flush::run(&partition, job, clock.wall_ms());
            }
        });
        // Awaited, so that a panic in it is heard of: the partition would wait for it for ever.
        drop(self.env.spawn("flush", flushed));
    }

    /// Has a partition look after `delay` whether `flush.ms` is over.
    pub(crate) fn flush_later(&self, partition: Weak<Partition>, delay: Duration) {
        let env = self.env.clone();
        drop(self.env.spawn("flush.ms", async move {
            env.sleep(delay).await;
            if let Some(partition) = partition.upgrade() {
                partition.flush_overdue(env.clock().wall_ms());
            }
        }));
    }

    /// Passes on what a partition proposes. At most one proposal per partition is under way, so
    /// the queue is bounded by the number of partitions.
    pub(crate) fn propose(&self, partition: &Partition, proposal: Option<IsrProposal>) {
        if let Some(proposal) = proposal {
            let (topic_id, index) = (partition.topic_id(), partition.index());
            // Nobody listens while the node goes down; then nothing is to be changed any more.
            let _ = self.to_controller.proposals.send(Proposed { topic_id, index, proposal });
        }
    }
}

impl Surroundings {
    /// Passes on where a replica is. The receiver keeps the latest of each replica, so what waits
    /// is bounded by their number.
    pub(crate) fn assign_directory(&self, assignment: DirectoryAssignment) {
        // Nobody listens while the node goes down; the next start tells it again.
        let _ = self.to_controller.assignments.send(assignment);
    }
}

impl Brokers for Surroundings {
    fn standing(&self, broker_id: i32) -> Option<BrokerStanding> {
        let image = self.image.load();
        let broker = image.cluster.broker(broker_id)?;
        Some(BrokerStanding {
            epoch: broker.epoch,
            is_fenced: broker.fenced,
            is_shutting_down: broker.in_controlled_shutdown,
        })
    }
}
