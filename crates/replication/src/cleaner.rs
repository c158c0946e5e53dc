//! Compacting logs on threads of their own (kafka-storage §6).

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use env::{Env, Worker, panic_message};
use log::{CleanError, Cleanable, Cleaning, CleaningOptions, CleaningSummary, Pace, Step};
use metrics::Tally;
use tokio::sync::Notify;
use tokio::time::Instant;
use wire::Str;

use crate::partition::Partition;
use crate::replicas::Replicas;

/// How compaction is done: the broker's settings, which may change at any time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CleanerSettings {
    /// `log.cleaner.threads`; none without `log.cleaner.enable`.
    pub threads: usize,
    /// `log.cleaner.dedupe.buffer.size`: bytes for keys, over all threads.
    pub dedupe_buffer_bytes: usize,
    /// `log.cleaner.io.buffer.load.factor`.
    pub load_factor: f64,
    /// `log.cleaner.io.buffer.size`: bytes for reading and writing, over all threads.
    pub io_buffer_bytes: usize,
    /// `log.cleaner.io.max.bytes.per.second`, over all threads.
    pub bytes_per_second: f64,
    /// `log.cleaner.backoff.ms`.
    pub backoff: Duration,
}

/// Compacts the logs of a broker, the filthiest first, each by one thread at a time.
pub struct Cleaner {
    env: Env,
    began: Instant,
    replicas: Arc<Replicas>,
    state: Mutex<State>,
    /// Wakes threads that rest, when settings change.
    changed: Notify,
    done: Done,
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    cleanings: Tally,
    bytes_before: Tally,
    bytes_after: Tally,
}

/// What compaction has done since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanerFigures {
    /// Threads that compact.
    pub threads: usize,
    /// Logs that were compacted, each time they were.
    pub cleanings: u64,
    /// Bytes of their segments before.
    pub bytes_before: u64,
    /// Bytes of their segments after.
    pub bytes_after: u64,
}

struct State {
    settings: CleanerSettings,
    pace: Pace,
    threads: Vec<Worker>,
    in_progress: HashSet<(Str, i32)>,
}

/// A partition as long as a thread has it.
struct Claim<'a> {
    cleaner: &'a Cleaner,
    partition: Arc<Partition>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.cleaner.state().in_progress.remove(&key(&self.partition));
    }
}

fn key(partition: &Partition) -> (Str, i32) {
    (partition.topic().clone(), partition.index())
}

impl Cleaner {
    /// Starts compacting the logs of `replicas`. Ends with [`stop`](Self::stop).
    pub fn start(env: &Env, replicas: Arc<Replicas>, settings: CleanerSettings) -> Arc<Self> {
        let state = State {
            settings,
            pace: Pace::new(settings.bytes_per_second),
            threads: Vec::new(),
            in_progress: HashSet::new(),
        };
        let cleaner = Arc::new(Self {
            env: env.clone(),
            began: env.now(),
            replicas,
            state: Mutex::new(state),
            changed: Notify::new(),
            done: Done::default(),
        });
        cleaner.reconfigure(settings);
        cleaner
    }

    /// Puts other settings in force: threads and pace at once, buffers with the next log.
    pub fn reconfigure(self: &Arc<Self>, settings: CleanerSettings) {
        let mut state = self.state();
        state.settings = settings;
        state.pace.set(settings.bytes_per_second);
        state.threads.truncate(settings.threads);
        for number in state.threads.len()..settings.threads {
            match self.env.worker(&format!("cleaner-{number}")) {
                Ok(thread) => {
                    let cleaner = Arc::clone(self);
                    drop(thread.spawn("log cleaner", cleaner.run()));
                    state.threads.push(thread);
                }
                Err(error) => {
                    tracing::error!("cannot start a thread of the log cleaner: {error}");
                    break;
                }
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Ends the threads. Logs that are being compacted stay as they are.
    pub fn stop(&self) {
        let threads = std::mem::take(&mut self.state().threads);
        drop(threads);
    }

    /// What was done since the start.
    pub fn figures(&self) -> CleanerFigures {
        CleanerFigures {
            threads: self.state().threads.len(),
            cleanings: self.done.cleanings.get(),
            bytes_before: self.done.bytes_before.get(),
            bytes_after: self.done.bytes_after.get(),
        }
    }

    async fn run(self: Arc<Self>) {
        loop {
            let changed = self.changed.notified();
            let cleaned = self.clean_filthiest().await;
            self.replicas.delete_old_segments(Partition::is_compacted);
            if !cleaned {
                let backoff = self.state().settings.backoff.max(Duration::from_millis(1));
                tokio::select! {
                    biased;
                    () = changed => {}
                    () = self.env.sleep(backoff) => {}
                }
            }
        }
    }

    /// Compacts one log, if one is due; whether it did.
    async fn clean_filthiest(&self) -> bool {
        let now_ms = self.env.clock().wall_ms();
        let Some((claim, cleanable)) = self.claim_filthiest(now_ms) else { return false };
        let partition = &claim.partition;
        match self.clean(partition, cleanable, now_ms).await {
            Ok(Some(summary)) => {
                self.done.cleanings.add(1);
                self.done.bytes_before.add(summary.bytes_before);
                self.done.bytes_after.add(summary.bytes_after);
                report(partition, &cleanable, &summary);
                true
            }
            Ok(None) | Err(Failure::Aborted) => {
                tracing::debug!(
                    "{partition:?} changed while it was compacted; it is left for later"
                );
                false
            }
            Err(Failure::Log(error)) if error.is_offline() => false,
            Err(Failure::Log(error)) if error.is_for_want_of_space() => {
                tracing::warn!(
                    "{partition:?} is not compacted until there is room for it: {error}"
                );
                false
            }
            Err(failure) => {
                partition.mark_uncleanable(failure.to_string());
                false
            }
        }
    }

    /// Takes the log with the most dirt of those that are due and that nobody compacts.
    fn claim_filthiest(&self, now_ms: i64) -> Option<(Claim<'_>, Cleanable)> {
        let mut due = Vec::new();
        for partition in self.replicas.online() {
            let cleanup = partition.settings().cleanup;
            if !cleanup.compact || partition.uncleanable().is_some() {
                continue;
            }
            let survey = partition.lock().log.survey(partition.last_stable_offset());
            match survey.cleanable(&cleanup, now_ms) {
                Ok(cleanable) if cleanable.is_due(&cleanup) => due.push((partition, cleanable)),
                Ok(_) | Err(log::Error::Closed { .. }) => {}
                Err(error) if error.is_offline() => {}
                Err(error) => partition.mark_uncleanable(error.to_string()),
            }
        }
        due.sort_by(|(_, a), (_, b)| b.cmp_dirt(a));
        let mut state = self.state();
        let mut due = due.into_iter();
        let (partition, cleanable) =
            due.find(|(partition, _)| state.in_progress.insert(key(partition)))?;
        Some((Claim { cleaner: self, partition }, cleanable))
    }

    async fn clean(
        &self,
        partition: &Arc<Partition>,
        cleanable: Cleanable,
        now_ms: i64,
    ) -> Result<Option<CleaningSummary>, Failure> {
        let options = self.options(partition, now_ms);
        let stable = partition.last_stable_offset();
        let begun = partition.lock().log.begin_cleaning(cleanable, stable, options);
        let Some(mut cleaning) = begun else { return Ok(None) };
        cleaning.write_progress(cleanable.first_dirty_offset)?;
        loop {
            if !partition.is_compacted() {
                return Ok(None);
            }
            match step(&mut cleaning) {
                Ok(Step::Worked(bytes)) => self.rest(bytes).await,
                Ok(Step::Replace(mut replacement)) => {
                    if !partition.lock().log.replace_segments(&mut replacement, now_ms)? {
                        return Ok(None);
                    }
                    replacement.sync()?;
                }
                Ok(Step::Done(summary)) => {
                    if !partition.lock().log.cleaned(&cleaning, summary.end_offset) {
                        return Ok(None);
                    }
                    cleaning.write_progress(summary.end_offset)?;
                    return Ok(Some(summary));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    fn options(&self, partition: &Partition, now_ms: i64) -> CleaningOptions {
        let settings = self.state().settings;
        let threads = settings.threads.max(1);
        CleaningOptions {
            map_bytes: (settings.dedupe_buffer_bytes / threads).min(i32::MAX as usize),
            load_factor: settings.load_factor,
            buffer_bytes: settings.io_buffer_bytes / threads / 2,
            delete_retention_ms: partition.settings().cleanup.delete_retention_ms,
            now_ms,
            hash_key: self.env.random().uuid(),
        }
    }

    /// Rests for as long as the bound on reading and writing asks for.
    async fn rest(&self, bytes: u64) {
        let now = self.env.now().saturating_duration_since(self.began);
        let rest = self.state().pace.work(bytes, now);
        match rest.is_zero() {
            // The thread may be told to end.
            true => tokio::task::yield_now().await,
            false => self.env.sleep(rest).await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a log could not be compacted.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it changed meanwhile")]
    Aborted,
    #[error(transparent)]
    Log(log::Error),
    #[error("compaction panicked: {0}")]
    Panic(String),
}

impl From<log::Error> for Failure {
    fn from(error: log::Error) -> Self {
        match error {
            log::Error::Closed { .. } => Self::Aborted,
            error => Self::Log(error),
        }
    }
}

/// One step, whose panic is the end of this cleaning and not of the thread.
fn step(cleaning: &mut Cleaning) -> Result<Step, Failure> {
    match catch_unwind(AssertUnwindSafe(|| cleaning.step())) {
        Ok(Ok(step)) => Ok(step),
        Ok(Err(CleanError::Aborted)) => Err(Failure::Aborted),
        Ok(Err(CleanError::Failed(error))) => Err(Failure::Log(error)),
        Err(panic) => Err(Failure::Panic(panic_message(&*panic))),
    }
}

fn report(partition: &Partition, cleanable: &Cleanable, summary: &CleaningSummary) {
    tracing::info!(
        keys = summary.keys,
        table_utilization = summary.table_utilization,
        dirty_bytes = summary.dirty_bytes,
        records_before = summary.records_before,
        records_after = summary.records_after,
        "compacted {partition:?}, dirty from offset {} up to {}: {} bytes became {}",
        cleanable.first_dirty_offset,
        summary.end_offset,
        summary.bytes_before,
        summary.bytes_after,
    );
}

impl Partition {
    /// Why this log is not compacted any more, if that failed; it stays so until a restart.
    pub fn uncleanable(&self) -> Option<&str> {
        self.uncleanable.get().map(String::as_str)
    }

    fn mark_uncleanable(&self, reason: String) {
        tracing::warn!(
            "{self:?} cannot be compacted, and is left as it is until the next start: {reason}"
        );
        // Whoever was first has said why.
        let _ = self.uncleanable.set(reason);
    }
}

impl Replicas {
    /// The logs that cannot be compacted, and why.
    pub fn uncleanable(&self) -> Vec<(Arc<Partition>, String)> {
        let online = self.online().into_iter();
        online
            .filter_map(|partition| {
                let reason = partition.uncleanable()?.to_owned();
                Some((partition, reason))
            })
            .collect()
    }
}

impl fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleaner").field("settings", &self.state().settings).finish_non_exhaustive()
    }
}
