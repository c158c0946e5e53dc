//! Bringing a log onto the disk, in two parts: what to write is put together under the partition's
//! lock, the waiting happens elsewhere.

use std::sync::Arc;

use env::OpenOptions;

use crate::checkpoint::{LEADER_EPOCH_CHECKPOINT, encode_leader_epochs};
use crate::home::Home;
use crate::log::Log;
use crate::partition_metadata::PARTITION_METADATA_FILE;
use crate::segment::Segment;
use crate::{Error, SegmentFile, producer_snapshot};

/// Work for the disk: [`run`](Self::run) it where waiting does no harm, then hand it to
/// [`Log::flushed`].
#[derive(Debug)]
#[must_use]
pub struct FlushJob {
    home: Arc<Home>,
    segments: Vec<Arc<Segment>>,
    leader_epochs: Option<(u64, Vec<u8>)>,
    snapshots: Vec<(i64, Vec<u8>)>,
    metadata_changed: bool,
    directory_changed: bool,
    active_base_offset: i64,
    up_to: i64,
    began_ms: i64,
    unflushed_bytes: u64,
    truncations: u64,
    extent: Extent,
}

/// How much of a log a flush brings onto the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Records, and the files' names: what cannot be made anew.
    Records,
    /// Records, indexes, leader epochs and snapshots: recovery has nothing to do.
    Everything,
}

impl FlushJob {
    /// All records below this offset are on the disk when the job is done.
    pub fn up_to(&self) -> i64 {
        self.up_to
    }

    /// Writes and syncs. Takes as long as the disk takes.
    ///
    /// # Errors
    /// [`Error::Io`]: the log directory is offline. What the disk holds is not known any more, so
    /// the flush must not be repeated. [`Error::NoSpace`]: give the job to
    /// [`Log::flush_postponed`].
    pub fn run(&self) -> Result<(), Error> {
        self.home.check_open()?;
        if self.metadata_changed {
            let path = self.home.path().join(PARTITION_METADATA_FILE);
            let opened = self.home.dir.files().open(&path, OpenOptions::write());
            self.home.checked(&path, opened.and_then(|file| file.sync_all()))?;
        }
        self.write_snapshots()?;
        for segment in &self.segments {
            match self.flush_segment(segment) {
                // It was truncated away meanwhile.
                Err(Error::Closed { .. }) if segment.is_discarded() => {}
                flushed => flushed?,
            }
        }
        self.write_leader_epochs()?;
        if self.directory_changed {
            let path = self.home.path();
            let files = self.home.dir.files();
            let synced = files.sync_dir(&path).and_then(|()| files.sync_dir(self.home.dir.path()));
            self.home.checked(&path, synced)?;
        }
        Ok(())
    }

    fn flush_segment(&self, segment: &Arc<Segment>) -> Result<(), Error> {
        let (offsets, times) =
            (segment.io(SegmentFile::OffsetIndex), segment.io(SegmentFile::TimeIndex));
        segment.log().sync()?;
        if self.extent == Extent::Records {
            return Ok(());
        }
        segment.offsets.sync(offsets)?;
        segment.times.sync(times)?;
        if segment.has_aborted() {
            segment.io(SegmentFile::TxnIndex).sync()?;
        }
        if segment.base_offset < self.active_base_offset {
            segment.create_files()?;
            segment.offsets.trim(offsets)?;
            segment.times.trim(times)?;
        }
        Ok(())
    }

    fn write_snapshots(&self) -> Result<(), Error> {
        for (offset, snapshot) in &self.snapshots {
            let written = self.home.written();
            // After a truncation they may tell of what is not in the log any more.
            if written.truncations != self.truncations {
                break;
            }
            producer_snapshot::write(&self.home, *offset, snapshot)?;
        }
        Ok(())
    }

    fn write_leader_epochs(&self) -> Result<(), Error> {
        let Some((number, leader_epochs)) = &self.leader_epochs else { return Ok(()) };
        let mut written = self.home.written();
        if *number <= written.epochs {
            return Ok(());
        }
        let path = self.home.path().join(LEADER_EPOCH_CHECKPOINT);
        let files = self.home.dir.files();
        self.home.written_to(&path, files.write_atomically(&path, leader_epochs))?;
        written.epochs = *number;
        Ok(())
    }
}

impl Log {
    /// Whether `flush.messages` asks for a flush now.
    pub fn is_flush_due(&self) -> bool {
        let unflushed = self.log_end_offset().saturating_sub(self.synced_offset());
        unflushed > 0 && unflushed >= self.settings.flush_messages
    }

    /// When `flush.ms` asks for a flush, in ms of the wall clock; `None` if nothing is unflushed
    /// or the setting does not ask.
    pub fn flush_deadline_ms(&self) -> Option<i64> {
        let unflushed = self.log_end_offset() > self.synced_offset();
        let asked = unflushed && self.settings.flush_ms != i64::MAX;
        asked.then(|| self.flushed_ms.saturating_add(self.settings.flush_ms))
    }

    /// What brings the records onto the disk that are not there; `None` if all are. It leaves the
    /// recovery point where it is, which saves the disk the indexes.
    pub fn sync(&mut self, now_ms: i64) -> Option<FlushJob> {
        let up_to = self.log_end_offset();
        if up_to <= self.synced_offset() {
            return None;
        }
        let all = self.shared.segments.load_full();
        let unsynced = all.starting_at(self.synced_offset()).iter();
        let segments = unsynced.filter(|segment| segment.size() > 0).cloned().collect();
        Some(self.job(segments, up_to, now_ms, Extent::Records))
    }

    /// What brings the whole log onto the disk; `None` if it is there.
    pub fn flush(&mut self, now_ms: i64) -> Option<FlushJob> {
        self.flush_up_to(self.log_end_offset(), now_ms)
    }

    /// What brings all but the active segment onto the disk, for after a roll; `None` if it is
    /// there.
    pub fn flush_rolled(&mut self, now_ms: i64) -> Option<FlushJob> {
        self.flush_up_to(self.active_segment().base_offset.min(self.log_end_offset()), now_ms)
    }

    /// As [`flush`](Self::flush), and takes a snapshot of the producers, so that a restart begins
    /// there, whatever the size of the segment.
    pub fn checkpoint(&mut self, now_ms: i64) -> Option<FlushJob> {
        if self.log_end_offset() > self.recovery_point {
            self.snapshot_producers();
        }
        self.flush(now_ms)
    }

    fn flush_up_to(&mut self, up_to: i64, now_ms: i64) -> Option<FlushJob> {
        let unfinished =
            self.epochs_changed || !self.pending_snapshots.is_empty() || !self.rolled.is_empty();
        if up_to <= self.recovery_point && !unfinished && !self.directory_changed {
            return None;
        }
        // Closed segments, flushed or not, and the active one if it is to be flushed.
        let mut segments = std::mem::take(&mut self.rolled);
        let unflushed = self.shared.segments.load_full();
        for segment in unflushed.starting_at(self.recovery_point) {
            let wanted = segment.base_offset < up_to && segment.size() > 0;
            if wanted && !segments.iter().any(|rolled| Arc::ptr_eq(rolled, segment)) {
                segments.push(segment.clone());
            }
        }
        segments.retain(|segment| !segment.is_discarded());
        let leader_epochs = std::mem::take(&mut self.epochs_changed).then(|| {
            self.epochs_number += 1;
            let entries = self.epochs.entries().iter();
            let entries = entries.map(|entry| (entry.epoch, entry.start_offset));
            (self.epochs_number, encode_leader_epochs(entries))
        });
        let active = unflushed.active();
        let left = if up_to <= active.base_offset { u64::from(active.size()) } else { 0 };
        Some(FlushJob {
            leader_epochs,
            unflushed_bytes: self.unflushed_bytes.saturating_sub(left),
            snapshots: std::mem::take(&mut self.pending_snapshots),
            active_base_offset: active.base_offset,
            ..self.job(segments, up_to, now_ms, Extent::Everything)
        })
    }

    /// A job for the records of `segments`, and the names of files that are new.
    fn job(
        &mut self,
        segments: Vec<Arc<Segment>>,
        up_to: i64,
        now_ms: i64,
        extent: Extent,
    ) -> FlushJob {
        FlushJob {
            home: self.home().clone(),
            segments,
            leader_epochs: None,
            snapshots: Vec::new(),
            metadata_changed: std::mem::take(&mut self.metadata_changed),
            directory_changed: std::mem::take(&mut self.directory_changed),
            active_base_offset: 0,
            up_to,
            began_ms: now_ms,
            unflushed_bytes: self.unflushed_bytes,
            truncations: self.home().written().truncations,
            extent,
        }
    }

    /// Whether it is this log that a job flushes, and not one that it took the place of
    /// ([`LogDirs::promote`](crate::LogDirs::promote)).
    pub fn is_of_this_log(&self, job: &FlushJob) -> bool {
        Arc::ptr_eq(&job.home, self.home())
    }

    /// Takes note of a job that succeeded: moves the recovery point, if indexes were flushed too,
    /// and gives back memory that only the unflushed part needed.
    pub fn flushed(&mut self, job: &FlushJob) {
        if !self.is_of_this_log(job) {
            return;
        }
        // What was truncated since and written again is not what the job synced.
        if job.truncations == self.home().written().truncations {
            self.synced_offset = self.synced_offset.max(job.up_to);
            if job.extent == Extent::Everything {
                self.recovery_point = self.recovery_point.max(job.up_to);
                self.unflushed_bytes -= self.unflushed_bytes.min(job.unflushed_bytes);
            }
            self.flushed_ms = self.flushed_ms.max(job.began_ms);
        }
        if job.extent == Extent::Records {
            return;
        }
        for segment in &job.segments {
            segment.offsets.release();
            segment.times.release();
        }
        self.remove_old_snapshots();
    }

    /// Takes note of a job that found no room on the disk: a later one does what it left undone.
    pub fn flush_postponed(&mut self, job: FlushJob) {
        self.metadata_changed |= job.metadata_changed;
        self.directory_changed |= job.directory_changed;
        self.epochs_changed |= job.leader_epochs.is_some();
        let closed = job.segments.into_iter();
        self.rolled.extend(closed.filter(|segment| segment.base_offset < job.active_base_offset));
        if job.truncations == self.home().written().truncations {
            self.pending_snapshots.splice(0..0, job.snapshots);
        }
    }

    /// Puts the log onto the disk and ends its use. Waits for the disk. Afterwards the recovery
    /// point is the log end, and the directory is as Kafka leaves it after a clean stop.
    ///
    /// # Errors
    /// [`Error::Io`]: the log directory is offline; its stop does not count as clean.
    pub fn close(&mut self, now_ms: i64) -> Result<(), Error> {
        self.home().check_open()?;
        let segment = self.active_segment();
        // A segment that was not written in this run has its last entry from before.
        let indexed = self.active.largest.is_some() && self.active.index_time(&segment)?;
        if indexed || self.log_end_offset() > self.recovery_point || self.directory_changed {
            segment.create_files()?;
            let (offsets, times) =
                (segment.io(SegmentFile::OffsetIndex), segment.io(SegmentFile::TimeIndex));
            segment.offsets.sync(offsets)?;
            segment.times.sync(times)?;
            segment.offsets.trim(offsets)?;
            segment.times.trim(times)?;
            self.directory_changed = true;
        }
        self.snapshot_producers();
        if let Some(job) = self.flush(now_ms) {
            job.run()?;
            self.flushed(&job);
        }
        self.home().close();
        Ok(())
    }
}
