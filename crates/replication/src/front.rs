//! The front of a log: deleting records, and who is known to write (kafka-semantics 202).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use env::Env;
use log::{LogDir, TopicPartition};
use replica::{ActiveProducer, Refusal};
use tokio::time::Instant;

use crate::error::AppendError;
use crate::partition::Partition;

/// Asks for deletion up to the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// Moves the start of each log to an offset, or to the high watermark for -1, and tells where that
/// is; never moves it back. It is on the disk first: Apache Kafka writes it from time to time only,
/// so that a crash brings back what a client was told is deleted. All logs of a directory share one
/// write.
///
/// # Errors
/// By log: [`Refusal::NotLeaderOrFollower`]; [`Refusal::OffsetOutOfRange`] above the high watermark;
/// the log directory failed.
pub async fn delete_records(
    env: &Env,
    asked: Vec<(Arc<Partition>, i64)>,
) -> Vec<Result<i64, AppendError>> {
    let checked = asked.into_iter().map(|(partition, offset)| {
        let offset = partition.deletable_before(offset)?;
        Ok((partition, offset))
    });
    let checked: Vec<Result<(Arc<Partition>, i64), AppendError>> = checked.collect();
    let mut by_dir: BTreeMap<PathBuf, (LogDir, Vec<(TopicPartition, i64)>)> = BTreeMap::new();
    for (partition, offset) in checked.iter().flatten() {
        let state = partition.lock();
        let dir = state.log.dir();
        let (_, starts) =
            by_dir.entry(dir.path().to_owned()).or_insert_with(|| (dir.clone(), Vec::new()));
        starts.push((state.log.topic_partition().clone(), *offset));
    }
    let keep = move || {
        let failed = by_dir.into_iter().filter_map(|(path, (dir, starts))| {
            let error = dir.keep_log_starts(&starts).err()?;
            tracing::error!("records are not deleted: {error}");
            Some(path)
        });
        failed.collect::<BTreeSet<PathBuf>>()
    };
    let failed = env.blocking(keep).await;
    let advance = |checked: Result<(Arc<Partition>, i64), AppendError>| {
        let (partition, offset) = checked?;
        let dir = partition.place_and_size().0;
        match failed.contains(&dir) {
            true => Err(log::Error::Offline { dir }.into()),
            false => partition.advance_log_start(offset),
        }
    };
    checked.into_iter().map(advance).collect()
}

impl Partition {
    /// The offset before which records can be deleted on demand: `offset`, or the high watermark
    /// for -1.
    fn deletable_before(&self, offset: i64) -> Result<i64, AppendError> {
        let state = self.lock();
        if !state.replica.is_leader() {
            return Err(Refusal::NotLeaderOrFollower.into());
        }
        let high_watermark = state.replica.high_watermark();
        let offset = if offset == HIGH_WATERMARK { high_watermark } else { offset };
        if offset < 0 || offset > high_watermark {
            return Err(Refusal::OffsetOutOfRange.into());
        }
        state.log.check_online()?;
        Ok(offset)
    }

    fn advance_log_start(&self, offset: i64) -> Result<i64, AppendError> {
        let mut state = self.lock();
        state.log.advance_log_start_offset(offset)?;
        let offsets = state.offsets();
        state.replica.on_log_bounds(offsets);
        let published = self.publish(&mut state);
        drop(state);
        self.tell(published, 0);
        self.waiters.wake_all();
        Ok(offset)
    }

    /// Waits until every live replica's log starts at `offset` or later; returns the smallest log
    /// start among them.
    ///
    /// # Errors
    /// [`AppendError::TimedOut`], or the leadership is lost.
    pub async fn await_low_watermark(
        &self,
        env: &Env,
        offset: i64,
        deadline: Instant,
    ) -> Result<i64, AppendError> {
        let low_watermark = || -> Result<i64, AppendError> {
            let state = self.lock();
            let offsets = state.offsets();
            let low =
                self.surroundings.with(|context| state.replica.low_watermark(offsets, context))?;
            // A copy on its way to another directory counts as well.
            let copy = self.future.view().map(|view| view.reader.log_start_offset());
            Ok(copy.map_or(low, |copy| low.min(copy)))
        };
        loop {
            let parked = self.waiters.park();
            parked.for_news();
            let low = low_watermark();
            if low.as_ref().map_or(true, |low| *low >= offset) {
                return low;
            }
            tokio::select! {
                biased;
                () = parked.woken() => {}
                () = env.sleep_until(deadline) => return Err(AppendError::TimedOut),
            }
        }
    }

    /// The producers with something in this log; `None` unless this replica leads.
    pub fn active_producers(&self) -> Option<Vec<ActiveProducer>> {
        let state = self.lock();
        state.replica.is_leader().then(|| state.log.producers().active().collect())
    }

    /// The log directory it is in, and the bytes its segments take.
    pub fn place_and_size(&self) -> (PathBuf, u64) {
        let state = self.lock();
        (state.log.dir().path().to_owned(), state.log.size())
    }
}
