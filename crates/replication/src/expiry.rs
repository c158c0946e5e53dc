//! Removing old segments from time to time (kafka-storage §5).

use std::sync::Arc;
use std::time::Duration;

use log::Expired;

use crate::partition::Partition;
use crate::replicas::Replicas;

/// When retention looks at the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryIntervals {
    /// `log.initial.task.delay.ms`: how long after the start for the first time.
    pub first: Duration,
    /// `log.retention.check.interval.ms`.
    pub every: Duration,
}

impl Replicas {
    /// Removes what retention lets go, until the task is dropped. Logs that are compacted are left
    /// to the [`Cleaner`](crate::Cleaner).
    pub async fn expire(self: Arc<Self>, intervals: ExpiryIntervals) {
        self.env().sleep(intervals.first).await;
        loop {
            let replicas = Arc::clone(&self);
            let pass = move || replicas.delete_old_segments(|partition| !partition.is_compacted());
            self.env().blocking(pass).await;
            // A period of nothing would leave the thread no rest.
            self.env().sleep(intervals.every.max(Duration::from_millis(1))).await;
        }
    }

    /// Removes what retention lets go of the logs that are `wanted`. Waits for the disk.
    pub(crate) fn delete_old_segments(&self, wanted: impl Fn(&Partition) -> bool) {
        for partition in self.online().iter().filter(|partition| wanted(partition)) {
            let now_ms = self.env().clock().wall_ms();
            match partition.delete_old_segments(now_ms) {
                // The log was closed meanwhile, or its directory has said that it failed.
                Ok(_) | Err(log::Error::Closed { .. } | log::Error::Offline { .. }) => {}
                Err(error) => {
                    tracing::error!("cannot delete old segments of {partition:?}: {error}")
                }
            }
        }
    }
}

impl Partition {
    /// Whether `cleanup.policy` has `compact`.
    pub(crate) fn is_compacted(&self) -> bool {
        self.settings().cleanup.compact
    }

    /// Removes the segments that retention lets go, none of them at or above the high watermark.
    pub(crate) fn delete_old_segments(&self, now_ms: i64) -> Result<Expired, log::Error> {
        let cleanup = self.settings().cleanup;
        self.with_reader(|reader| reader.prepare_expiry(&cleanup, now_ms))?;
        let mut guard = self.lock();
        let state = &mut *guard;
        let high_watermark = state.replica.high_watermark();
        let expired = state.log.delete_old_segments(&cleanup, high_watermark, now_ms)?;
        if expired.segments == 0 {
            return Ok(expired);
        }
        let offsets = state.offsets();
        state.replica.on_log_bounds(offsets);
        let published = self.publish(state);
        state.flushing.want_rolled();
        let wanted = self.flush_wanted(state, now_ms);
        drop(guard);
        self.start_flush(wanted);
        self.tell(published, 0);
        self.waiters.wake_all();
        Ok(expired)
    }
}
