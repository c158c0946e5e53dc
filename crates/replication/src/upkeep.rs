//! What is done for the replicas from time to time: checkpoints, files no longer used.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use log::{Log, LogDir, OffsetCheckpoint, TopicPartition};
use tokio::time::Instant;

use crate::partition::Partition;
use crate::replicas::Replicas;

/// How often what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepIntervals {
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermarks: Duration,
    /// `log.flush.offset.checkpoint.interval.ms`.
    pub recovery_points: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_start_offsets: Duration,
}

/// Files not used for about this long are closed.
const SWEEP: Duration = Duration::from_secs(30);
/// How late deleted files are removed at most.
const REMOVAL: Duration = Duration::from_secs(1);

type Offsets = Vec<(TopicPartition, i64)>;

/// What was last written, so that an idle broker writes nothing.
#[derive(Debug, Default)]
pub(crate) struct Written(HashMap<(PathBuf, OffsetCheckpoint), Offsets>);

impl Replicas {
    /// Does the upkeep until the task is dropped.
    pub async fn upkeep(self: Arc<Self>, intervals: UpkeepIntervals) {
        let now = self.env().now();
        let mut due = [
            (OffsetCheckpoint::HighWatermark, intervals.high_watermarks),
            (OffsetCheckpoint::RecoveryPoint, intervals.recovery_points),
            (OffsetCheckpoint::LogStartOffset, intervals.log_start_offsets),
        ]
        .map(|(checkpoint, every)| (checkpoint, every, now + every));
        let (mut sweep, mut removal) = (now + SWEEP, now + REMOVAL);
        loop {
            let next = due.iter().map(|(_, _, at)| *at).min().unwrap_or(sweep);
            let next = next.min(sweep).min(removal);
            self.env().sleep_until(next).await;
            let now = self.env().now();
            for (checkpoint, every, at) in &mut due {
                if *at <= now {
                    *at = now + *every;
                    self.write_in_background(*checkpoint).await;
                }
            }
            if sweep <= now {
                sweep = now + SWEEP;
                self.in_background(|replicas| replicas.dirs().close_unused_files()).await;
            }
            if removal <= now {
                removal = now + REMOVAL;
                self.remove_deleted().await;
            }
        }
    }

    async fn write_in_background(self: &Arc<Self>, checkpoint: OffsetCheckpoint) {
        let replicas = Arc::clone(self);
        self.env().blocking(move || replicas.write_checkpoint(checkpoint, |_| true)).await;
    }

    /// Removes deleted files whose time has come (`file.delete.delay.ms`).
    async fn remove_deleted(self: &Arc<Self>) {
        let now_ms = self.env().clock().wall_ms();
        if self.dirs().dirs().iter().any(|dir| dir.has_deleted(now_ms)) {
            self.in_background(move |replicas| {
                replicas.dirs().dirs().iter().for_each(|dir| dir.remove_deleted(now_ms));
            })
            .await;
        }
    }

    async fn in_background(self: &Arc<Self>, work: impl FnOnce(&Self) + Send + 'static) {
        let replicas = Arc::clone(self);
        self.env().blocking(move || work(&replicas)).await;
    }

    /// Writes all checkpoints of the directories that `of` picks by their paths. Waits for the
    /// disk.
    pub(crate) fn write_checkpoints(&self, of: impl Fn(&Path) -> bool) {
        for checkpoint in [
            OffsetCheckpoint::RecoveryPoint,
            OffsetCheckpoint::LogStartOffset,
            OffsetCheckpoint::HighWatermark,
        ] {
            self.write_checkpoint(checkpoint, &of);
        }
    }

    fn write_checkpoint(&self, checkpoint: OffsetCheckpoint, of: impl Fn(&Path) -> bool) {
        // Held while offsets are collected, too: of two writers the later one knows better.
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_dir: HashMap<PathBuf, Offsets> = HashMap::new();
        for partition in self.online() {
            for (dir, entry) in offsets_of(&partition, checkpoint) {
                by_dir.entry(dir).or_default().push(entry);
            }
        }
        for dir in self.dirs().dirs().iter().filter(|dir| !dir.is_offline() && of(dir.path())) {
            let mut offsets = by_dir.remove(dir.path()).unwrap_or_default();
            offsets.sort();
            written.write(dir, checkpoint, offsets);
        }
    }

    /// Brings all logs onto the disk and marks the directories clean (kafka-storage §4.10). The
    /// broker epoch is told to the controller at the next start; without one, since the metadata
    /// log beside them did not end well, the stop does not count as clean. Waits for the disk.
    pub fn close(&self, broker_epoch: Option<i64>) {
        let started = Instant::now();
        let mut failed: Vec<PathBuf> = Vec::new();
        let partitions = self.online();
        let mut close = |log: &mut Log| {
            if let Err(error) = log.close(self.env().clock().wall_ms()) {
                tracing::error!("cannot close {}: {error}", log.path().display());
                failed.push(log.dir().path().to_owned());
            }
        };
        for partition in &partitions {
            if let Some(copy) = partition.future.lock().as_mut() {
                close(&mut copy.log);
            }
            close(&mut partition.lock().log);
        }
        self.write_checkpoints(|_| true);
        let Some(broker_epoch) = broker_epoch else { return };
        for dir in self.dirs().dirs() {
            if failed.iter().any(|path| path == dir.path()) || dir.is_offline() {
                continue;
            }
            if let Err(error) = dir.mark_clean(broker_epoch) {
                tracing::error!("cannot mark {} clean: {error}", dir.path().display());
            }
        }
        tracing::debug!(logs = partitions.len(), took = ?started.elapsed(), "logs are closed");
    }
}

impl Written {
    fn write(&mut self, dir: &LogDir, checkpoint: OffsetCheckpoint, offsets: Offsets) {
        let key = (dir.path().to_owned(), checkpoint);
        if self.0.get(&key).is_some_and(|before| *before == offsets) {
            return;
        }
        let entries = offsets.iter().map(|(name, offset)| (name, *offset));
        match dir.write_offsets(checkpoint, entries) {
            Ok(()) => {
                self.0.insert(key, offsets);
            }
            Err(error) => report(dir.path(), checkpoint, &error),
        }
    }
}

fn report(dir: &Path, checkpoint: OffsetCheckpoint, error: &log::Error) {
    if error.is_for_want_of_space() {
        // The next one is written when there is room; a start after a crash looks at more until then.
        tracing::debug!(dir = %dir.display(), ?checkpoint, "no room for a checkpoint");
        return;
    }
    tracing::error!(dir = %dir.display(), ?checkpoint, "cannot write a checkpoint: {error}");
}

/// What the checkpoint says of a partition, and in which directory: of the log in use, and of a copy
/// on its way to another directory.
fn offsets_of(
    partition: &Partition,
    checkpoint: OffsetCheckpoint,
) -> impl Iterator<Item = (PathBuf, (TopicPartition, i64))> {
    // Both at once: a swap between the two would show one log twice, and the other not at all.
    let copy = partition.future.lock();
    let state = partition.lock();
    let high_watermark = state.replica.high_watermark();
    let logs = [Some(&state.log), copy.as_ref().map(|copy| &copy.log)];
    let entry = |log: &Log| {
        let offset = match checkpoint {
            OffsetCheckpoint::HighWatermark => high_watermark.min(log.log_end_offset()),
            OffsetCheckpoint::RecoveryPoint => log.recovery_point(),
            OffsetCheckpoint::LogStartOffset => log.log_start_offset_to_checkpoint()?,
            OffsetCheckpoint::CleanerOffset => return None,
        };
        Some((log.dir().path().to_owned(), (log.topic_partition().clone(), offset)))
    };
    let entries = logs.map(|log| log.and_then(entry));
    entries.into_iter().flatten()
}
