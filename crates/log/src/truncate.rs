//! Cutting a log at either end.

use std::sync::Arc;

use crate::active::Active;
use crate::index::IndexEntry;
use crate::largest::Largest;
use crate::log::Log;
use crate::offset_index::OffsetEntry;
use crate::segment::Segment;
use crate::segments::Segments;
use crate::time_index::TimeEntry;
use crate::{Error, SegmentFile, SegmentFileStage, producer_snapshot, replay, txn_index};

impl Log {
    /// Removes all records at and above `offset`, and what is known of them; nothing if the log
    /// ends before (but leader epochs that begin there go all the same). A batch that begins below
    /// `offset` and ends above goes as a whole, and the log then ends where it began: see
    /// [`Log::log_end_offset`].
    ///
    /// Waits for the disk.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn truncate_to(&mut self, offset: i64, now_ms: i64) -> Result<(), Error> {
        self.home().check_open()?;
        if offset >= self.log_end_offset() {
            self.epochs_changed |= self.epochs.truncate_from_end(offset);
            return Ok(());
        }
        let segments = self.shared.segments.load_full();
        if offset < segments.first().base_offset {
            return self.truncate_fully_and_start_at(offset, now_ms);
        }
        let split = segments.all().partition_point(|segment| segment.base_offset <= offset);
        let (kept, gone) = segments.all().split_at(split);
        let Some((last, kept)) = kept.split_last() else { return Ok(()) };
        let size = last.size();
        let (offset, position) = match last.locate(offset, size)? {
            Some(batch) => (batch.base_offset.min(offset), batch.position),
            None => (offset, size),
        };
        self.lower_checkpointed(offset)?;
        self.lower_cleaned_up_to(offset)?;
        self.home().written().truncations += 1;
        let cut = self.shortened(last, offset, position)?;
        self.active = Active::new(now_ms, self.jitter_ms(cut.base_offset));
        if position > 0 {
            let largest = Largest::of_open(&cut)?;
            cut.set_largest_timestamp(largest.timestamp);
            self.active.largest = Some(largest);
        }
        let remaining = kept.iter().cloned().chain([cut.clone()]).collect();
        // Readers first: who has the old list and finds a file too short looks at the new one.
        self.shared.segments.store(Arc::new(Segments::new(remaining)));
        self.set_log_end_offset(offset);
        self.set_log_start_offset(self.log_start_offset().min(offset));
        self.recovery_point = self.recovery_point.min(offset);
        self.synced_offset = self.synced_offset.min(offset);
        // What is removed first is gone for good before the rest is cut: a power loss must not
        // bring back a segment behind a gap.
        gone.iter().try_for_each(|segment| self.discard(segment, now_ms))?;
        self.sync_removal(gone)?;
        self.cut_files(last, &cut)?;
        self.epochs_changed |= self.epochs.truncate_from_end(offset);
        self.reload_producers(offset, now_ms)
    }

    /// Removes everything and starts over, empty, at `offset`. Waits for the disk.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn truncate_fully_and_start_at(&mut self, offset: i64, now_ms: i64) -> Result<(), Error> {
        self.home().check_open()?;
        self.lower_checkpointed(offset)?;
        self.lower_cleaned_up_to(offset)?;
        self.home().written().truncations += 1;
        let segments = self.shared.segments.load_full();
        let first = Arc::new(Segment::new(self.home().clone(), offset));
        self.shared.segments.store(Arc::new(Segments::new(vec![first.clone()])));
        segments.all().iter().try_for_each(|segment| self.discard(segment, now_ms))?;
        self.sync_removal(segments.all())?;
        first.create_files()?;
        self.active = Active::new(now_ms, self.jitter_ms(offset));
        self.set_log_start_offset(offset);
        self.set_log_end_offset(offset);
        self.recovery_point = offset;
        self.synced_offset = offset;
        self.directory_changed = true;
        self.epochs_changed |= !self.epochs.entries().is_empty();
        self.epochs.clear();
        self.pending_snapshots.clear();
        for snapshot in std::mem::take(&mut self.snapshots) {
            producer_snapshot::remove(self.home(), snapshot)?;
        }
        self.producers = replica::ProducerStates::new(offset);
        Ok(())
    }

    /// Makes the log start at `offset`, if that is further on; whether it is. Segments that lie
    /// below stay until retention removes them.
    ///
    /// # Errors
    /// [`Error::OffsetOutOfRange`] above the log end.
    pub fn advance_log_start_offset(&mut self, offset: i64) -> Result<bool, Error> {
        self.home().check_open()?;
        let (log_start_offset, log_end_offset) = (self.log_start_offset(), self.log_end_offset());
        if offset > log_end_offset {
            return Err(Error::OffsetOutOfRange { offset, log_start_offset, log_end_offset });
        }
        if offset <= log_start_offset {
            return Ok(false);
        }
        self.set_log_start_offset(offset);
        self.epochs_changed |= self.epochs.truncate_from_start(offset);
        self.producers.on_log_start_offset(offset);
        Ok(true)
    }

    /// A segment that ends at `offset`, which is at `position`, on the files of one that goes on.
    fn shortened(
        &self,
        segment: &Arc<Segment>,
        offset: i64,
        position: u32,
    ) -> Result<Arc<Segment>, Error> {
        let relative = segment.relative(offset);
        let (mut offsets, mut times) = (0, 0);
        // Of indexes that are no good nothing is kept: the log is gone through without.
        if !segment.is_suspect() {
            let (offsets_io, times_io) =
                (segment.io(SegmentFile::OffsetIndex), segment.io(SegmentFile::TimeIndex));
            segment.offsets.write_out(offsets_io)?;
            segment.times.write_out(times_io)?;
            offsets = segment.offsets.search(offsets_io, |entry| entry.offset < relative)?.0;
            times = segment.times.search(times_io, |entry| entry.offset < relative)?.0;
        }
        let (home, base_offset) = (self.home().clone(), segment.base_offset);
        let shortened = Segment::with_entries(home, base_offset, offsets, times);
        shortened.set_has_aborted(segment.has_aborted());
        shortened.publish(offset, position);
        Ok(Arc::new(shortened))
    }

    /// Cuts the files of `segment` to what `cut` has, and takes `segment` out of use.
    fn cut_files(&self, segment: &Arc<Segment>, cut: &Arc<Segment>) -> Result<(), Error> {
        let (end, position) = cut.end();
        let mut aborted = match txn_index::read(segment) {
            // Whoever reads it is told so; nothing is made of it here.
            Err(Error::Corrupt { .. }) => Vec::new(),
            aborted => aborted?,
        };
        if aborted.iter().any(|entry| Some(entry.last_offset) >= end) {
            aborted.retain(|entry| Some(entry.last_offset) < end);
            txn_index::rewrite(cut, &aborted)?;
        }
        let offsets = cut.offsets.len(cut.io(SegmentFile::OffsetIndex))?;
        let times = cut.times.len(cut.io(SegmentFile::TimeIndex))?;
        for (file, len) in [
            (SegmentFile::OffsetIndex, u64::from(offsets) * OffsetEntry::SIZE as u64),
            (SegmentFile::TimeIndex, u64::from(times) * TimeEntry::SIZE as u64),
            (SegmentFile::Log, position.into()),
        ] {
            // What a power loss brought back would lie between this and what is appended next.
            segment.io(file).set_len(len)?;
            segment.io(file).sync()?;
        }
        segment.discard();
        segment.close_files();
        Ok(())
    }

    /// Takes care that the checkpoint of the log directory does not vouch for what is cut: after a
    /// crash it would for what is appended there next.
    fn lower_checkpointed(&mut self, offset: i64) -> Result<(), Error> {
        if offset < self.checkpointed.max(self.recovery_point) {
            self.dir().lower_recovery_point(&self.topic_partition, offset)?;
            self.checkpointed = offset;
        }
        Ok(())
    }

    fn sync_removal(&self, removed: &[Arc<Segment>]) -> Result<(), Error> {
        if removed.is_empty() {
            return Ok(());
        }
        let path = self.path();
        self.home().checked(&path, self.dir().files().sync_dir(&path))
    }

    /// Takes a segment's files out of use; they are removed after `file.delete.delay.ms`.
    pub(crate) fn discard(&self, segment: &Arc<Segment>, now_ms: i64) -> Result<(), Error> {
        segment.discard();
        let home = self.home();
        let due_ms = now_ms.saturating_add(self.settings.file_delete_delay_ms);
        for file in SegmentFile::OF_SEGMENT {
            let path = home.segment_file(file, segment.base_offset);
            let mut deleted = path.clone().into_os_string();
            deleted.push(SegmentFileStage::Deleted.suffix());
            match home.dir.files().rename(&path, &deleted) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                renamed => {
                    home.checked(&path, renamed)?;
                    home.dir.remove_later(deleted.into(), due_ms);
                }
            }
        }
        Ok(())
    }

    /// Knows of producers what the log up to `offset` says.
    fn reload_producers(&mut self, offset: i64, now_ms: i64) -> Result<(), Error> {
        // Snapshots that were not written yet are good for what is left of the log.
        for (at, snapshot) in std::mem::take(&mut self.pending_snapshots) {
            if at <= offset {
                producer_snapshot::write(self.home(), at, &snapshot)?;
            }
        }
        let gone = self.snapshots.partition_point(|at| *at <= offset);
        for at in self.snapshots.split_off(gone) {
            producer_snapshot::remove(self.home(), at)?;
        }
        let home = self.home().clone();
        let log_start_offset = self.log_start_offset();
        let mut producers =
            producer_snapshot::load_newest(&home, &mut self.snapshots, log_start_offset)?;
        producers.remove_expired(now_ms, self.settings.producer_id_expiration_ms);
        replay::producers(&mut producers, &self.shared.segments.load(), log_start_offset, offset)?;
        self.producers = producers;
        Ok(())
    }
}
