//! A partition's log.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use env::OpenOptions;
use replica::{LeaderEpochs, ProducerStates};
use wire::Uuid;

use crate::active::Active;
use crate::home::Home;
use crate::log_dir::LogDir;
use crate::partition_metadata::PARTITION_METADATA_FILE;
use crate::read::{LogReader, Shared};
use crate::segment::Segment;
use crate::segments::Segments;
use crate::{Error, LogSettings, TopicPartition, partition_metadata};

/// The log of one partition, for its one writer. Readers use a [`LogReader`].
///
/// Methods that take `&mut self` are short and do not wait for a disk, apart from what page-cached
/// writes may cost; what can stall is handed out as a job ([`FlushJob`](crate::FlushJob)) to be run
/// elsewhere.
///
/// ```text
///   log_start_offset           recovery_point              log_end_offset
///   | readable                 | written, not flushed      | next append
///   [ segment ][ segment ][ active segment ............... ]
/// ```
#[derive(Debug)]
pub struct Log {
    pub(crate) shared: Arc<Shared>,
    pub(crate) topic_partition: TopicPartition,
    pub(crate) topic_id: Option<Uuid>,
    pub(crate) settings: Arc<LogSettings>,
    pub(crate) active: Active,
    /// Everything below this offset is on the disk, with its indexes.
    pub(crate) recovery_point: i64,
    /// The records below this offset are on the disk.
    pub(crate) synced_offset: i64,
    /// Bytes that recovery would have to look at after a crash, roughly.
    pub(crate) unflushed_bytes: u64,
    /// When everything was last known to be on the disk.
    pub(crate) flushed_ms: i64,
    /// Counts the leader epochs handed out to be written.
    pub(crate) epochs_number: u64,
    /// What the recovery point checkpoint had for this log at start-up: after a clean stop, or a
    /// truncation that was not checkpointed, more than is flushed.
    pub(crate) checkpointed: i64,
    /// Closed segments whose indexes have entries in memory.
    pub(crate) rolled: Vec<Arc<Segment>>,
    /// Whether `partition.metadata` was written since the last flush.
    pub(crate) metadata_changed: bool,
    /// Whether files came since the directory was last synced.
    pub(crate) directory_changed: bool,
    pub(crate) epochs: LeaderEpochs,
    /// Whether the leader epochs differ from their file.
    pub(crate) epochs_changed: bool,
    pub(crate) producers: ProducerStates,
    /// The first offset that no cleaning has covered, once there was one: what the cleaner offset
    /// checkpoint holds.
    pub(crate) cleaned_up_to: Option<i64>,
    /// Offsets of the producer snapshots on the disk or on their way to it, ascending.
    pub(crate) snapshots: Vec<i64>,
    pub(crate) pending_snapshots: Vec<(i64, Vec<u8>)>,
}

/// What a log is made from, after its files were looked at.
pub(crate) struct Parts {
    pub(crate) home: Arc<Home>,
    pub(crate) topic_partition: TopicPartition,
    pub(crate) topic_id: Option<Uuid>,
    pub(crate) settings: Arc<LogSettings>,
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) active: Active,
    pub(crate) log_start_offset: i64,
    pub(crate) log_end_offset: i64,
    pub(crate) recovery_point: i64,
    pub(crate) now_ms: i64,
}

impl Log {
    pub(crate) fn from_parts(parts: Parts) -> Self {
        let shared = Shared {
            home: parts.home,
            segments: ArcSwap::from_pointee(Segments::new(parts.segments)),
            log_start_offset: AtomicI64::new(parts.log_start_offset),
            log_end_offset: AtomicI64::new(parts.log_end_offset),
        };
        shared.home.count(true);
        let mut unflushed_bytes = 0;
        if parts.recovery_point < parts.log_end_offset {
            let segments = shared.segments.load();
            let unflushed = segments.starting_at(parts.recovery_point).iter();
            unflushed_bytes = unflushed.map(|segment| u64::from(segment.size())).sum();
        }
        Self {
            shared: Arc::new(shared),
            topic_partition: parts.topic_partition,
            topic_id: parts.topic_id,
            settings: parts.settings,
            active: parts.active,
            recovery_point: parts.recovery_point,
            synced_offset: parts.recovery_point,
            unflushed_bytes,
            flushed_ms: parts.now_ms,
            epochs_number: 0,
            metadata_changed: false,
            directory_changed: false,
            checkpointed: 0,
            rolled: Vec::new(),
            epochs: LeaderEpochs::default(),
            epochs_changed: false,
            producers: ProducerStates::new(parts.log_end_offset),
            cleaned_up_to: None,
            snapshots: Vec::new(),
            pending_snapshots: Vec::new(),
        }
    }

    /// Topic and partition.
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    /// Id of the topic, from `partition.metadata`; `None` for a replica directory without one.
    pub fn topic_id(&self) -> Option<Uuid> {
        self.topic_id
    }

    /// Records the id of the topic, for a replica directory that has none. It is on the disk after
    /// the next flush, before any record counts as flushed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn assign_topic_id(&mut self, topic_id: Uuid) -> Result<(), Error> {
        let path = self.path().join(PARTITION_METADATA_FILE);
        let written = self
            .dir()
            .files()
            .open(&path, OpenOptions::truncate())
            .and_then(|file| file.write_all_at(&partition_metadata::encode(topic_id), 0));
        self.home().checked(&path, written)?;
        self.metadata_changed = true;
        self.directory_changed = true;
        self.topic_id = Some(topic_id);
        Ok(())
    }

    /// The log directory it is in.
    pub fn dir(&self) -> &LogDir {
        &self.home().dir
    }

    /// Its replica directory.
    pub fn path(&self) -> PathBuf {
        self.home().path()
    }

    /// The settings in force.
    pub fn settings(&self) -> &Arc<LogSettings> {
        &self.settings
    }

    /// Puts other settings in force, from the next append on.
    pub fn set_settings(&mut self, settings: Arc<LogSettings>) {
        self.settings = settings;
    }

    /// A reader of this log.
    pub fn reader(&self) -> LogReader {
        LogReader(self.shared.clone())
    }

    /// The first offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.shared.log_start_offset.load(Ordering::Relaxed)
    }

    /// The offset the next record will get.
    pub fn log_end_offset(&self) -> i64 {
        self.shared.log_end_offset.load(Ordering::Relaxed)
    }

    /// Everything below this offset survives a power loss. This is what the recovery point
    /// checkpoint of the log directory is to hold.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// The records below this offset survive a power cut: at or above the recovery point, since
    /// indexes can be made anew from records.
    pub fn synced_offset(&self) -> i64 {
        self.synced_offset.max(self.recovery_point)
    }

    /// Bytes above the recovery point, roughly: what recovery would have to look at after a crash.
    pub fn unflushed_bytes(&self) -> u64 {
        self.unflushed_bytes
    }

    /// Whether its directory can be used.
    ///
    /// # Errors
    /// [`Error::Offline`] when it failed; [`Error::Closed`] when the log was closed.
    pub fn check_online(&self) -> Result<(), Error> {
        self.home().check_open()
    }

    /// The log start offset, if the checkpoint of the log directory is to hold it: when the
    /// segments alone do not tell.
    pub fn log_start_offset_to_checkpoint(&self) -> Option<i64> {
        let offset = self.log_start_offset();
        (offset > self.first_segment_base_offset()).then_some(offset)
    }

    /// Which leader epoch began where.
    pub fn leader_epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    /// Notes that a leader epoch begins at the log end, as a new leader does before it appends.
    pub fn begin_leader_epoch(&mut self, leader_epoch: i32) {
        self.epochs_changed |= self.epochs.assign(leader_epoch, self.log_end_offset());
    }

    /// What is known of the producers: whether one may append is asked here, before.
    pub fn producers(&self) -> &ProducerStates {
        &self.producers
    }

    /// The producers, for what does not come through the log: the high watermark, expiry.
    pub fn producers_mut(&mut self) -> &mut ProducerStates {
        &mut self.producers
    }

    /// Base offset of the first segment, which may lie below the log start offset.
    pub fn first_segment_base_offset(&self) -> i64 {
        self.shared.segments.load().first().base_offset
    }

    /// Base offset of the active segment.
    pub fn active_segment_base_offset(&self) -> i64 {
        self.active_segment().base_offset
    }

    /// Bytes in all segments.
    pub fn size(&self) -> u64 {
        self.reader().size()
    }

    pub(crate) fn close_files(&self) {
        self.shared.segments.load().all().iter().for_each(|segment| segment.close_files());
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.shared.home
    }

    pub(crate) fn active_segment(&self) -> Arc<Segment> {
        self.shared.segments.load().active().clone()
    }

    pub(crate) fn set_log_end_offset(&self, offset: i64) {
        self.shared.log_end_offset.store(offset, Ordering::Release);
    }

    pub(crate) fn set_log_start_offset(&self, offset: i64) {
        self.shared.log_start_offset.store(offset, Ordering::Release);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.home().count(false);
    }
}
