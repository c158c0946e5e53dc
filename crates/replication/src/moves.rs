//! Moving replicas between the log directories of this broker (KIP-113, KIP-858).
//!
//! A move makes a *future* log in the other directory, copies into it what the log in use has, tells
//! the controller the new directory once it has caught up, and then lets the copy take the place of
//! the log, all while records are appended and read.
//!
//! - `request`: what AlterReplicaLogDirs asks for. What is found when the broker starts is in
//!   `crate::start`.
//! - `future_replica`: the copy, as it hangs on its partition. `copy`: the steps of a move.
//! - `phase`: which step is next. `throttle`: how fast.
//! - `carry_out`: the driver; as many of it run as replicas move at a time.
//!
//! **Invariant:** a lock of a future replica is taken before that of its partition's state.
//! **Invariant:** until the copy has everything, the log in use stays what it is.

mod carry_out;
mod copy;
mod future_replica;
mod phase;
mod request;
#[cfg(test)]
mod tests;
mod throttle;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::LogDir;
use tokio::sync::Notify;
use tokio::time::Instant;
use wire::Str;

pub use future_replica::FuturePlace;
pub(crate) use future_replica::FutureReplica;
pub use request::AlterError;

use crate::partition::Partition;
use throttle::Throttle;

/// Settings of log directories and of moves between them, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectorySettings {
    /// `cordoned.log.dirs`: directories that get no new replicas.
    pub cordoned: Cordoned,
    /// `replica.alter.log.dirs.io.max.bytes.per.second`: of all moves together.
    pub move_bytes_per_second_max: u64,
    /// `alter.log.dirs.replication.quota.window.num` samples of
    /// `alter.log.dirs.replication.quota.window.size.seconds`: what the rate is measured over.
    pub rate_samples: u32,
    /// The length of a sample, ms.
    pub rate_sample_ms: u64,
    /// `replica.fetch.max.bytes`: how much is copied at a time.
    pub copy_bytes_max: u32,
}

/// Which directories get no new replicas (KIP-1066).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cordoned {
    /// None of them does.
    All,
    /// Those at these paths do not.
    These(Vec<Box<Path>>),
}

impl Cordoned {
    /// Whether `dir` gets no new replicas.
    pub fn contains(&self, dir: &LogDir) -> bool {
        match self {
            Self::All => true,
            Self::These(paths) => paths.iter().any(|path| &**path == dir.path()),
        }
    }
}

/// One replica on its way to another directory.
#[derive(Debug)]
pub(crate) struct Move {
    partition: Arc<Partition>,
    /// Tells this move of the partition from earlier and later ones.
    number: u64,
    target: LogDir,
}

/// The moves that nobody carries out yet, and how fast all of them may go.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// By topic and partition, as Apache Kafka takes them up. At most one of a partition is of use,
    /// the others are gone by the time they are looked at.
    waiting: Mutex<BTreeMap<(Str, i32, u64), Move>>,
    came: Notify,
    numbers: AtomicU64,
    throttle: Mutex<Throttle>,
    began: Mutex<Option<Instant>>,
}

impl Moves {
    /// A number for another move.
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn add(&self, next: Move) {
        let key = (next.partition.topic().clone(), next.partition.index(), next.number);
        self.waiting().insert(key, next);
        self.came.notify_one();
    }

    /// The first of those that wait.
    async fn next(&self) -> Move {
        loop {
            if let Some((_, next)) = self.waiting().pop_first() {
                // There may be others for others.
                self.came.notify_one();
                return next;
            }
            self.came.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<(Str, i32, u64), Move>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the first time somebody asked.
    fn elapsed_ms(&self, now: Instant) -> u64 {
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let began = *began.get_or_insert(now);
        u64::try_from(now.saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX)
    }
}
