//! The front of a log: deleting records, and who is known to write (kafka-semantics 202).

use std::path::PathBuf;
use std::sync::Arc;

use env::Env;
use replica::{ActiveProducer, Refusal};
use tokio::time::Instant;

use crate::error::AppendError;
use crate::partition::Partition;
use crate::waiters::Parked;

/// Asks for deletion up to the high watermark.
const HIGH_WATERMARK: i64 = -1;

impl Partition {
    /// Moves the log start to `offset`, or to the high watermark for -1; returns where it is now.
    /// Never moves it back.
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`]; [`Refusal::OffsetOutOfRange`] above the high watermark.
    pub fn delete_records(&self, offset: i64) -> Result<i64, AppendError> {
        let mut state = self.lock();
        if !state.replica.is_leader() {
            return Err(Refusal::NotLeaderOrFollower.into());
        }
        let high_watermark = state.replica.high_watermark();
        let offset = if offset == HIGH_WATERMARK { high_watermark } else { offset };
        if offset < 0 || offset > high_watermark {
            return Err(Refusal::OffsetOutOfRange.into());
        }
        state.log.advance_log_start_offset(offset)?;
        let offsets = state.offsets();
        state.replica.on_log_bounds(offsets);
        let published = self.publish(&mut state);
        drop(state);
        self.tell(published, 0);
        self.waiters.wake_all();
        Ok(offset)
    }

    /// Puts the start of the log where a crash leaves it. Apache Kafka does that from time to time
    /// only, so that a crash brings back what a client was told is deleted.
    ///
    /// # Errors
    /// The log directory failed.
    pub async fn keep_log_start(self: &Arc<Self>, env: &Env) -> Result<(), AppendError> {
        let me = Arc::clone(self);
        let keep = move || {
            let (dir, name, offset) = {
                let state = me.lock();
                let log = &state.log;
                (log.dir().clone(), log.topic_partition().clone(), log.log_start_offset())
            };
            dir.keep_log_start(&name, offset)
        };
        Ok(env.blocking(keep).await?)
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
            let parked = Parked::new(i64::MAX);
            self.waiters.await_high_watermark(i64::MAX, &parked);
            let low = low_watermark();
            if low.as_ref().map_or(true, |low| *low >= offset) {
                self.waiters.forget(&parked);
                return low;
            }
            let in_time = tokio::select! {
                biased;
                () = parked.woken() => true,
                () = env.sleep_until(deadline) => false,
            };
            self.waiters.forget(&parked);
            if !in_time {
                return Err(AppendError::TimedOut);
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
