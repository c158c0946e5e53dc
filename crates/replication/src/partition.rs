//! A partition replica: its log, its state, and those who wait for it.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use arc_swap::ArcSwap;
use env::Env;
use log::{Log, LogReader};
use records::{StampedBatch, ValidBatch};
use replica::{
    AppendOrigin, CommitStatus, LogOffsets, ProducerCheck, ReplicaState, Verifications, Verified,
};
use tokio::time::Instant;
use wire::{Str, Uuid};

use crate::error::AppendError;
use crate::flush::Flushing;
use crate::moves::FutureReplica;
use crate::settings::TopicSettings;
use crate::surroundings::Surroundings;
use crate::traffic::Traffic;
use crate::waiters::{Parked, Visibility, Waiters};

/// The `acks` of a produce request that wants every in-sync replica to have the batch.
pub(crate) const ALL: i16 = -1;

/// One replica of a partition on this broker.
///
/// Appends take a short lock around deciding, writing and indexing; nothing in it waits. Readers
/// look at atomics and at the log's immutable segment list, and take no lock.
pub struct Partition {
    topic: Str,
    topic_id: Uuid,
    index: i32,
    pub(crate) state: Mutex<State>,
    /// Replaced when the replica moves to another directory.
    reader: ArcSwap<LogReader>,
    pub(crate) future: FutureReplica,
    pub(crate) bounds: Bounds,
    pub(crate) waiters: Waiters,
    settings: ArcSwap<TopicSettings>,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) traffic: Traffic,
    /// Why its log is not compacted any more.
    pub(crate) uncleanable: OnceLock<String>,
    /// Itself, for work that goes on in the background.
    pub(crate) me: Weak<Partition>,
}

/// What changes under the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) log: Log,
    pub(crate) replica: ReplicaState,
    pub(crate) flushing: Flushing,
    pub(crate) verifications: Verifications,
}

impl State {
    pub(crate) fn new(log: Log, replica: ReplicaState) -> Self {
        let (flushing, verifications) = (Flushing::default(), Verifications::default());
        Self { log, replica, flushing, verifications }
    }

    /// Whether a leader may append, in `leader_epoch` if one is asked for.
    pub(crate) fn admit(&self, acks: i16, leader_epoch: Option<i32>) -> Result<(), AppendError> {
        self.replica.admit_append(acks)?;
        let current = self.replica.leader_epoch();
        match leader_epoch.filter(|requested| *requested != current) {
            Some(requested) => Err(AppendError::Fenced { requested, current }),
            None => Ok(()),
        }
    }

    /// What is told of a batch in the log, by its first and last offset.
    fn appended(
        &self,
        (base_offset, last_offset): (i64, i64),
        acks: i16,
        log_append_time_ms: i64,
        disk: bool,
    ) -> Appended {
        let replicas = acks == ALL && last_offset >= self.replica.high_watermark();
        Appended {
            base_offset,
            last_offset,
            log_append_time_ms,
            log_start_offset: self.log.log_start_offset(),
            leader_epoch: self.replica.leader_epoch(),
            awaits: Awaited { replicas, disk },
        }
    }

    pub(crate) fn offsets(&self) -> LogOffsets {
        LogOffsets {
            log_start_offset: self.log.log_start_offset(),
            log_end_offset: self.log.log_end_offset(),
            committable_offset: committable_offset(&self.log),
        }
    }
}

/// How far a replica's own log counts for the high watermark.
pub(crate) fn committable_offset(log: &Log) -> i64 {
    if log.settings().sync_appends { log.synced_offset() } else { log.log_end_offset() }
}

/// What readers may see, published after each change.
#[derive(Debug)]
pub(crate) struct Bounds {
    pub(crate) high_watermark: AtomicI64,
    pub(crate) last_stable_offset: AtomicI64,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// The append time where the topic uses that, else -1.
    pub log_append_time_ms: i64,
    /// First offset of the log.
    pub log_start_offset: i64,
    /// The epoch it was appended in.
    pub leader_epoch: i32,
    /// What its acknowledgement waits for.
    pub awaits: Awaited,
}

/// What an acknowledgement waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The other in-sync replicas (acks=all).
    pub replicas: bool,
    /// The disk (`flush.messages`).
    pub disk: bool,
}

impl Awaited {
    /// Whether there is anything to wait for.
    pub fn any(self) -> bool {
        self.replicas || self.disk
    }
}

/// Who appends, and what that asks for.
struct Appender {
    origin: AppendOrigin,
    acks: i16,
    leader_epoch: Option<i32>,
    verified: Verified,
}

impl Partition {
    /// A replica over a loaded log, not yet leader or follower.
    pub(crate) fn new(
        topic: Str,
        topic_id: Uuid,
        index: i32,
        state: State,
        settings: Arc<TopicSettings>,
        surroundings: Arc<Surroundings>,
    ) -> Arc<Self> {
        let reader = state.log.reader();
        let bounds = Bounds {
            high_watermark: AtomicI64::new(state.replica.high_watermark()),
            last_stable_offset: AtomicI64::new(state.replica.high_watermark()),
        };
        Arc::new_cyclic(|me| Self {
            topic,
            topic_id,
            index,
            state: Mutex::new(state),
            reader: ArcSwap::from_pointee(reader),
            future: FutureReplica::default(),
            bounds,
            waiters: Waiters::default(),
            settings: ArcSwap::new(settings),
            surroundings,
            traffic: Traffic::default(),
            uncleanable: OnceLock::new(),
            me: me.clone(),
        })
    }

    /// Name of the topic.
    pub fn topic(&self) -> &Str {
        &self.topic
    }

    /// Id of the topic.
    pub fn topic_id(&self) -> Uuid {
        self.topic_id
    }

    /// Index of the partition.
    pub fn index(&self) -> i32 {
        self.index
    }

    /// The topic's settings as they are now.
    pub fn settings(&self) -> Arc<TopicSettings> {
        self.settings.load_full()
    }

    /// Everything below this offset is on all in-sync replicas.
    pub fn high_watermark(&self) -> i64 {
        self.bounds.high_watermark.load(Ordering::Acquire)
    }

    /// Everything below this offset is decided: no transaction is open on it.
    pub fn last_stable_offset(&self) -> i64 {
        self.bounds.last_stable_offset.load(Ordering::Acquire)
    }

    /// The first offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.reader.load().log_start_offset()
    }

    /// The offset the next record will get.
    pub fn log_end_offset(&self) -> i64 {
        self.reader.load().log_end_offset()
    }

    /// Bytes and segments of the log, where it starts and ends.
    pub(crate) fn log_figures(&self) -> (u64, usize, i64, i64) {
        let reader = self.reader.load();
        let (size, segments) = reader.size_and_segments();
        (size, segments, reader.log_start_offset(), reader.log_end_offset())
    }

    /// Appends a client's batch as leader. The batch is visible to followers at once, to consumers
    /// when the high watermark passes it. `verified` matters to batches of transactions.
    pub fn append_produced(
        &self,
        batch: ValidBatch,
        acks: i16,
        verified: Verified,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let by = Appender { origin: AppendOrigin::Client, acks, leader_epoch: None, verified };
        self.append(batch, &by, now_ms)
    }

    /// Appends a coordinator's batch as leader of `leader_epoch`. It is acknowledged by
    /// [`Partition::acknowledged`], as with acks=all.
    pub fn append_coordinated(
        &self,
        batch: ValidBatch,
        leader_epoch: i32,
        verified: Verified,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let (origin, leader_epoch) = (AppendOrigin::Coordinator, Some(leader_epoch));
        self.append(batch, &Appender { origin, acks: ALL, leader_epoch, verified }, now_ms)
    }

    fn append(
        &self,
        valid: ValidBatch,
        by: &Appender,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let ValidBatch { batch, log_append_time } = valid;
        let mut state = self.lock();
        self.traffic.count_attempt();
        state.admit(by.acks, by.leader_epoch)?;
        let header = batch.header();
        if header.has_producer_id() {
            let State { log, verifications, .. } = &mut *state;
            let check = log.producers().check(&header, by.origin, verifications, by.verified)?;
            if let ProducerCheck::Duplicate(earlier) = check {
                let disk = log.is_flush_due() && earlier.last_offset >= log.synced_offset();
                let offsets = (earlier.base_offset(), earlier.last_offset);
                // Apache Kafka tells the batch's own timestamp here, whatever kind the topic uses.
                return Ok(state.appended(offsets, by.acks, earlier.timestamp, disk));
            }
        }
        if by.origin == AppendOrigin::Client {
            state.log.dir().admit(header.size())?;
        }
        self.write(state, batch, by.acks, log_append_time, now_ms)
    }

    /// Writes a batch that may be appended, and tells those who wait for it.
    pub(crate) fn write(
        &self,
        mut state: MutexGuard<'_, State>,
        mut batch: StampedBatch,
        acks: i16,
        log_append_time_ms: i64,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        batch.stamp(state.log.log_end_offset(), state.replica.leader_epoch());
        let info = state.log.append(&batch, now_ms)?;
        let records = u64::try_from(info.last_offset + 1 - info.base_offset).unwrap_or(0);
        self.traffic.count_append(records, info.size as u64);
        let awaits_disk = state.flush_after_append(info.rolled);
        let header = batch.header();
        if header.is_transactional() && !header.is_control() {
            state.verifications.on_appended(header.producer_id());
        }
        let offsets = state.offsets();
        let outcome = self.surroundings.with(|context| state.replica.on_appended(offsets, context));
        let offsets = (info.base_offset, info.last_offset);
        let appended = state.appended(offsets, acks, log_append_time_ms, awaits_disk);
        let published = self.publish(&mut state);
        let wanted = self.flush_wanted(&mut state, now_ms);
        drop(state);
        self.start_flush(wanted);
        self.waiters.data_visible(Visibility::LogEnd, info.size as u64);
        self.tell(published, info.size as u64);
        self.surroundings.propose(self, outcome.proposal);
        Ok(appended)
    }

    /// Waits for what the acknowledgement of an append awaits.
    ///
    /// # Errors
    /// [`AppendError::TimedOut`] at the deadline; [`AppendError::NotEnoughReplicasAfterAppend`];
    /// [`AppendError::Refused`] and [`AppendError::Fenced`] when this broker does not lead any
    /// more; [`AppendError::Log`] when the log directory failed meanwhile.
    pub async fn acknowledged(
        &self,
        env: &Env,
        appended: &Appended,
        deadline: Instant,
    ) -> Result<(), AppendError> {
        let wanted = appended.last_offset + 1;
        loop {
            let parked = self.waiters.park();
            if appended.awaits.disk {
                parked.for_sync(wanted);
            }
            parked.for_high_watermark(wanted);
            if let Some(outcome) = self.acknowledgement(appended) {
                return outcome;
            }
            tokio::select! {
                biased;
                () = parked.woken() => {}
                () = env.sleep_until(deadline) => {
                    return self.acknowledgement(appended).unwrap_or(Err(AppendError::TimedOut));
                }
            }
        }
    }

    fn acknowledgement(&self, appended: &Appended) -> Option<Result<(), AppendError>> {
        let state = self.lock();
        let Awaited { replicas, disk } = appended.awaits;
        if let Err(error) = state.log.check_online() {
            return Some(Err(error.into()));
        }
        let current = state.replica.leader_epoch();
        if current != appended.leader_epoch {
            let requested = appended.leader_epoch;
            return Some(Err(AppendError::Fenced { requested, current }));
        }
        if disk && appended.last_offset >= state.log.synced_offset() {
            return None;
        }
        if !replicas {
            return Some(Ok(()));
        }
        match state.replica.commit_status(appended.last_offset + 1) {
            Ok(CommitStatus::Pending) => None,
            Ok(CommitStatus::Committed) => Some(Ok(())),
            Ok(CommitStatus::NotEnoughReplicas) => {
                Some(Err(AppendError::NotEnoughReplicasAfterAppend))
            }
            Err(refusal) => Some(Err(refusal.into())),
        }
    }

    /// Wakes `parked` when data becomes visible to readers of `visibility`.
    pub fn await_data(&self, visibility: Visibility, parked: &Arc<Parked>) {
        self.waiters.await_data(visibility, parked);
    }

    /// Forgets a parked operation that is done.
    pub fn forget(&self, parked: &Arc<Parked>) {
        self.waiters.forget(parked);
    }

    /// Makes the state's bounds visible to readers; tells which of them moved.
    pub(crate) fn publish(&self, state: &mut State) -> Published {
        let high_watermark = state.replica.high_watermark();
        let before = self.bounds.high_watermark.swap(high_watermark, Ordering::AcqRel);
        if before != high_watermark {
            state.log.producers_mut().on_high_watermark(high_watermark);
        }
        let start = state.log.log_start_offset();
        let stable = state.log.producers().last_stable_offset(start, high_watermark);
        let stable_before = self.bounds.last_stable_offset.swap(stable, Ordering::AcqRel);
        Published {
            high_watermark: (before != high_watermark).then_some(high_watermark),
            last_stable_offset: stable_before != stable,
        }
    }

    /// Wakes those who wait for what was published; `bytes` is how much data that is, roughly.
    pub(crate) fn tell(&self, published: Published, bytes: u64) {
        if let Some(high_watermark) = published.high_watermark {
            self.waiters.high_watermark_moved(high_watermark);
            self.waiters.data_visible(Visibility::HighWatermark, bytes);
        }
        if published.last_stable_offset {
            self.waiters.data_visible(Visibility::LastStable, bytes);
        }
    }

    /// Reads from the log; once more if the replica has moved to another directory meanwhile,
    /// which shows as a log that is closed.
    pub(crate) fn with_reader<T>(
        &self,
        act: impl Fn(&LogReader) -> Result<T, log::Error>,
    ) -> Result<T, log::Error> {
        loop {
            let reader = self.reader.load();
            let result = act(&reader);
            let is_closed = matches!(result, Err(log::Error::Closed { .. }));
            if !is_closed || Arc::ptr_eq(&reader, &self.reader.load()) {
                return result;
            }
        }
    }

    pub(crate) fn set_reader(&self, reader: LogReader) {
        self.reader.store(Arc::new(reader));
    }

    pub(crate) fn set_settings(&self, settings: Arc<TopicSettings>) {
        self.settings.store(settings);
    }

    /// The state; a panic of another holder was inside the log, which keeps itself consistent.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What [`Partition::publish`] moved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Published {
    high_watermark: Option<i64>,
    last_stable_offset: bool,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.index)
    }
}
