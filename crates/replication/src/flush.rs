//! Bringing a partition's log onto the disk while it is served.
//!
//! A partition has one flush under way at most, off the request path. What is asked for meanwhile
//! is taken up when it is done, all at once: that is the group commit which lets many appends
//! share a sync.
//!
//! **Invariant:** what a flush says is on the disk is there with the names of its files, since no
//! other flush of the same log runs beside it.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use log::FlushJob;

use crate::partition::{Partition, State};

/// A log that has this many bytes above its recovery point is flushed whole in the background: it
/// bounds what a start after a crash has to look at, and what the system has to write at once.
pub(crate) const UNFLUSHED_BYTES_MAX: u64 = 256 << 20;

/// What is to be brought onto the disk, and whether that happens already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flushing {
    running: bool,
    /// A timer runs that will ask for `records` (`flush.ms`).
    timed: bool,
    /// All records.
    records: bool,
    /// Segments that were closed, with their indexes.
    rolled: bool,
    /// The whole log, so that recovery would have nothing to do.
    everything: bool,
}

impl Flushing {
    /// Segments were closed.
    pub(crate) fn want_rolled(&mut self) {
        self.rolled = true;
    }

    /// Somebody waits for the records.
    pub(crate) fn want_records(&mut self) {
        self.records = true;
    }

    /// The log is another one, of which little is known to be on the disk.
    pub(crate) fn want_all(&mut self) {
        self.records = true;
        self.everything = true;
    }
}

impl State {
    /// Notes what an append makes due; whether its acknowledgement waits for the disk
    /// (`flush.messages`, kafka-storage §3.6).
    pub(crate) fn flush_after_append(&mut self, rolled: bool) -> bool {
        let due = self.log.is_flush_due();
        if due || self.log.settings().sync_appends {
            self.flushing.want_records();
        }
        self.flushing.rolled |= rolled;
        self.flushing.everything |= self.log.unflushed_bytes() >= UNFLUSHED_BYTES_MAX;
        due
    }

    /// The next flush, if one is wanted and none runs.
    fn next_flush(&mut self, now_ms: i64) -> Option<FlushJob> {
        let Self { log, flushing, .. } = self;
        if flushing.running {
            return None;
        }
        let mut job = None;
        if std::mem::take(&mut flushing.records) {
            job = log.sync(now_ms);
        }
        if job.is_none() && std::mem::take(&mut flushing.rolled) {
            job = log.flush_rolled(now_ms);
        }
        if job.is_none() && std::mem::take(&mut flushing.everything) {
            job = log.checkpoint(now_ms);
        }
        flushing.running = job.is_some();
        job
    }

    /// How long until `flush.ms` asks for a flush, unless a timer runs already.
    fn next_timer(&mut self, now_ms: i64) -> Option<Duration> {
        // A flush that runs, or waits for one that does, is the one the timer would ask for; when it
        // is done the question comes again.
        if self.flushing.timed || self.flushing.running || self.flushing.records {
            return None;
        }
        let deadline_ms = self.log.flush_deadline_ms()?;
        self.flushing.timed = true;
        Some(Duration::from_millis(deadline_ms.saturating_sub(now_ms).try_into().unwrap_or(0)))
    }
}

impl Partition {
    /// Starts what `state` wants flushed, once the lock is released; to be called after each
    /// change of what is wanted, with the result given to [`Partition::start_flush`].
    pub(crate) fn flush_wanted(&self, state: &mut State, now_ms: i64) -> Wanted {
        Wanted { job: state.next_flush(now_ms), timer: state.next_timer(now_ms) }
    }

    /// Carries out what [`Partition::flush_wanted`] found.
    pub(crate) fn start_flush(&self, wanted: Wanted) {
        if let Some(job) = wanted.job {
            self.surroundings.flush(self.me.clone(), job);
        }
        if let Some(delay) = wanted.timer {
            self.surroundings.flush_later(self.me.clone(), delay);
        }
    }

    /// The time of `flush.ms` has come.
    pub(crate) fn flush_overdue(&self, now_ms: i64) {
        let mut state = self.lock();
        state.flushing.timed = false;
        if state.log.flush_deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms) {
            state.flushing.want_records();
        }
        let wanted = self.flush_wanted(&mut state, now_ms);
        drop(state);
        self.start_flush(wanted);
    }

    /// A flush is done: records on the disk may count for the high watermark now, and who waits
    /// for them goes on. The next one begins.
    pub(crate) fn flush_done(&self, job: FlushJob, result: Result<(), log::Error>, now_ms: i64) {
        let mut state = self.lock();
        state.flushing.running = false;
        // The log of a replica that has moved meanwhile does not count any more.
        if state.log.is_of_this_log(&job) {
            if let Err(error) = result {
                if error.is_for_want_of_space() {
                    // The next append tries again.
                    state.flushing.everything = true;
                    state.log.flush_postponed(job);
                }
                drop(state);
                tracing::error!("{self:?} cannot be flushed: {error}");
                // Whoever waits learns that the log directory is offline.
                self.waiters.wake_all();
                return;
            }
            state.log.flushed(&job);
        }
        self.on_disk(state, now_ms);
    }

    /// More may be on the disk than before, or another log has taken the place of the old one.
    pub(crate) fn on_disk(&self, mut guard: MutexGuard<'_, State>, now_ms: i64) {
        let state = &mut *guard;
        let offsets = state.offsets();
        let outcome = self.surroundings.with(|context| state.replica.on_appended(offsets, context));
        let published = self.publish(state);
        let synced = state.log.synced_offset();
        let wanted = self.flush_wanted(state, now_ms);
        drop(guard);
        self.tell(published, 0);
        self.waiters.synced(synced);
        self.start_flush(wanted);
        self.surroundings.propose(self, outcome.proposal);
    }
}

/// A flush to start and a timer to set, both after the lock is released.
#[derive(Debug)]
#[must_use]
pub(crate) struct Wanted {
    job: Option<FlushJob>,
    timer: Option<Duration>,
}

/// Runs a flush where waiting does no harm; for [`crate::surroundings::Surroundings::flush`].
pub(crate) fn run(partition: &Arc<Partition>, job: FlushJob, now_ms: i64) {
    let began = partition.surroundings.now();
    let result = job.run();
    partition.surroundings.count_flush(began);
    partition.flush_done(job, result, now_ms);
}
