//! From the files of a log to its state: quickly after a clean stop, and after any other by going
//! through everything that was not flushed (kafka-storage §4).

use std::sync::Arc;

use records::BatchView;
use replica::{AbortedTransaction, LeaderEpochs, ProducerStates};

use crate::active::Active;
use crate::append::marker_of;
use crate::home::Home;
use crate::index::IndexEntry;
use crate::largest::Largest;
use crate::load::Known;
use crate::offset_index::OffsetEntry;
use crate::scan::{SCAN_CHUNK, Scanner};
use crate::segment::Segment;
use crate::segments::Segments;
use crate::time_index::TimeEntry;
use crate::{Error, SegmentFile, listing, producer_snapshot, replay, txn_index};

/// The active segment's bookkeeping and the log end offset.
type End = (Active, i64);

/// State that is being recovered.
pub(crate) struct Recovery<'a> {
    home: &'a Arc<Home>,
    known: &'a Known,
    epochs: LeaderEpochs,
    epochs_changed: bool,
    snapshots: Vec<i64>,
    pending_snapshots: Vec<(i64, Vec<u8>)>,
    /// Producers at the point reached, once recovery goes through batches.
    producers: Option<ProducerStates>,
    /// Segments whose indexes were rebuilt and are not in their files yet.
    rolled: Vec<Arc<Segment>>,
    /// Whether bytes were found that are no batches.
    pub(crate) damaged: bool,
}

/// State that was recovered.
pub(crate) struct Recovered {
    pub(crate) epochs: LeaderEpochs,
    pub(crate) epochs_changed: bool,
    pub(crate) producers: ProducerStates,
    pub(crate) snapshots: Vec<i64>,
    pub(crate) pending_snapshots: Vec<(i64, Vec<u8>)>,
    pub(crate) rolled: Vec<Arc<Segment>>,
}

/// Where going through a segment begins.
struct Resume {
    position: u32,
    /// Entries of the indexes up to and including the one for the batch at `position`.
    offsets: u32,
    times: u32,
    largest: Largest,
}

impl<'a> Recovery<'a> {
    pub(crate) fn new(
        home: &'a Arc<Home>,
        known: &'a Known,
        epochs: LeaderEpochs,
        snapshots: Vec<i64>,
    ) -> Self {
        Self {
            home,
            known,
            epochs,
            epochs_changed: false,
            snapshots,
            pending_snapshots: Vec::new(),
            producers: None,
            rolled: Vec::new(),
            damaged: false,
        }
    }

    /// Opens the last segment after a clean stop: finds the log end behind its last index entry.
    /// A segment that was damaged all the same is gone through.
    pub(crate) fn reopen(
        &mut self,
        segments: &mut Vec<Arc<Segment>>,
        last: &Arc<Segment>,
    ) -> Result<Option<End>, Error> {
        match end_offset(last) {
            Ok(end_offset) => {
                let jitter = self.known.new_active(last.base_offset).jitter_ms;
                last.publish(end_offset, last.size());
                Ok(Some((Active::unread(self.known.now_ms, jitter), end_offset)))
            }
            Err(error @ Error::Corrupt { .. }) => {
                tracing::error!("{error}; the segment is recovered although the stop was clean");
                self.damaged = true;
                self.recover_from(segments, segments.len() - 1, last.base_offset)
            }
            Err(error) => Err(error),
        }
    }

    /// Goes through all that lies above the recovery point. What follows the first bad batch is
    /// removed.
    pub(crate) fn recover(
        &mut self,
        segments: &mut Vec<Arc<Segment>>,
    ) -> Result<Option<End>, Error> {
        let recovery_point = self.known.recovery_point;
        let after = segments.partition_point(|segment| segment.base_offset <= recovery_point);
        let first = after.saturating_sub(1);
        if let Some(before) = first.checked_sub(1).map(|index| &segments[index])
            && segments[first].base_offset == recovery_point
        {
            self.complete_time_index(before)?;
        }
        self.recover_from(segments, first, recovery_point)
    }

    /// A segment that was flushed before it was closed may lack the entry that closing adds.
    fn complete_time_index(&mut self, segment: &Arc<Segment>) -> Result<(), Error> {
        let mut active = self.known.new_active(segment.base_offset);
        let added = Largest::of_open(segment).and_then(|largest| {
            active.largest = Some(largest);
            segment.set_largest_timestamp(largest.timestamp);
            active.index_time(segment)
        });
        match added {
            Err(error @ Error::Corrupt { .. }) => {
                tracing::error!("{error}");
                segment.distrust();
                Ok(())
            }
            added => {
                if added? {
                    self.rolled.push(segment.clone());
                }
                Ok(())
            }
        }
    }

    fn recover_from(
        &mut self,
        segments: &mut Vec<Arc<Segment>>,
        first: usize,
        recovery_point: i64,
    ) -> Result<Option<End>, Error> {
        let mut end = None;
        let mut index = first;
        while let Some(segment) = segments.get(index).cloned() {
            let next = segments.get(index + 1).map(|next| next.base_offset);
            let before = Segments::of(&segments[..index]);
            let (recovered, active, end_offset, whole) =
                self.recover_segment(&segment, before.as_ref(), recovery_point)?;
            segments[index] = recovered.clone();
            // Where offsets follow each other, a segment that ends early lost its end; not so in a
            // log that is compacted, or once was.
            let compacted = self.known.settings.compact || self.known.cleaned_up_to.is_some();
            let gap = next.is_some_and(|next| end_offset < next) && !compacted;
            end = Some((active, end_offset));
            if !whole || gap {
                self.damaged = true;
                tracing::warn!(
                    log = %recovered.log().path().display(),
                    "the log is cut at offset {end_offset}; what follows is removed"
                );
                for segment in segments.drain(index + 1..) {
                    self.remove(&segment)?;
                }
                // What is appended next must not find it back after a power loss.
                recovered.log().sync()?;
                let path = self.home.path();
                self.home.checked(&path, self.home.dir.files().sync_dir(&path))?;
            } else if next.is_some() {
                self.close_segment(&recovered, active, end_offset)?;
            }
            index += 1;
        }
        Ok(end)
    }

    /// What a roll does.
    fn close_segment(
        &mut self,
        segment: &Arc<Segment>,
        mut active: Active,
        end_offset: i64,
    ) -> Result<(), Error> {
        active.index_time(segment)?;
        self.rolled.push(segment.clone());
        if let Some(producers) = &self.producers
            && self.snapshots.last().is_none_or(|last| *last < end_offset)
        {
            let bytes = producer_snapshot::encode(producers.snapshot());
            self.pending_snapshots.push((end_offset, bytes));
            self.snapshots.push(end_offset);
        }
        Ok(())
    }

    /// Goes through a segment from about `recovery_point`, rebuilding its indexes from there.
    /// Returns the segment anew, what the writer has to know of it, its end offset, and whether
    /// all of it was good.
    fn recover_segment(
        &mut self,
        segment: &Arc<Segment>,
        before: Option<&Segments>,
        recovery_point: i64,
    ) -> Result<(Arc<Segment>, Active, i64, bool), Error> {
        let resume = match recovery_point > segment.base_offset {
            true => find_resume(segment, recovery_point)?,
            false => None,
        };
        let start = match &resume {
            None => segment.base_offset,
            Some(resume) => match segment.batch_at(resume.position, segment.size())? {
                Some(batch) => batch.base_offset,
                None => segment.base_offset,
            },
        };
        self.load_state(segment, before, start)?;
        let epoch = self.epochs.latest().map_or(-1, |latest| latest.epoch);
        let mut pass = Pass::begin(segment, self.known, resume, start, epoch)?;
        let whole = pass.run(self)?;
        let (recovered, active, end_offset) = pass.finish(whole)?;
        Ok((recovered, active, end_offset, whole))
    }

    /// Knows of leader epochs and producers what the log up to `start` says, the first time.
    fn load_state(
        &mut self,
        segment: &Arc<Segment>,
        before: Option<&Segments>,
        start: i64,
    ) -> Result<(), Error> {
        if self.producers.is_some() {
            return Ok(());
        }
        // The batches from here on tell their epochs themselves; the file may be older than they.
        self.epochs_changed |= self.epochs.truncate_from_end(start);
        // A snapshot above was taken of records that were not flushed.
        let kept = self.snapshots.partition_point(|offset| *offset <= start);
        for offset in self.snapshots.split_off(kept) {
            producer_snapshot::remove(self.home, offset)?;
        }
        let from = self.known.log_start_offset;
        let mut producers = producer_snapshot::load_newest(self.home, &mut self.snapshots, from)?;
        self.expire(&mut producers);
        let log = match before {
            Some(before) => before.with(segment.clone()),
            None => Segments::new(vec![segment.clone()]),
        };
        replay::producers(&mut producers, &log, from, start)?;
        self.producers = Some(producers);
        Ok(())
    }

    fn expire(&self, producers: &mut ProducerStates) {
        let expiration_ms = self.known.settings.producer_id_expiration_ms;
        producers.remove_expired(self.known.now_ms, expiration_ms);
    }

    /// Removes all segments.
    pub(crate) fn clear(&mut self, segments: &mut Vec<Arc<Segment>>) -> Result<(), Error> {
        for segment in segments.drain(..) {
            self.remove(&segment)?;
        }
        for offset in std::mem::take(&mut self.snapshots) {
            producer_snapshot::remove(self.home, offset)?;
        }
        self.pending_snapshots.clear();
        self.producers = Some(ProducerStates::new(self.known.log_start_offset));
        self.epochs_changed |= !self.epochs.entries().is_empty();
        self.epochs.clear();
        self.damaged = true;
        Ok(())
    }

    fn remove(&self, segment: &Arc<Segment>) -> Result<(), Error> {
        segment.discard();
        for file in SegmentFile::OF_SEGMENT {
            listing::remove(self.home, &file.name(segment.base_offset))?;
        }
        Ok(())
    }

    /// Epochs and producers of the log as it is now.
    pub(crate) fn finish(
        mut self,
        segments: &[Arc<Segment>],
        log_start_offset: i64,
        end_offset: i64,
    ) -> Result<Recovered, Error> {
        self.epochs_changed |= self.epochs.truncate_from_end(end_offset);
        self.epochs_changed |= self.epochs.truncate_from_start(log_start_offset);
        self.remove_stray_snapshots(segments, end_offset)?;
        let producers = match self.producers.take() {
            Some(producers) => producers,
            // After a clean stop, no snapshot means no producers.
            None if self.snapshots.is_empty() => ProducerStates::new(end_offset),
            None => {
                let mut producers = producer_snapshot::load_newest(
                    self.home,
                    &mut self.snapshots,
                    log_start_offset,
                )?;
                self.expire(&mut producers);
                let segments = Segments::new(segments.to_vec());
                replay::producers(&mut producers, &segments, log_start_offset, end_offset)?;
                producers
            }
        };
        Ok(Recovered {
            epochs: self.epochs,
            epochs_changed: self.epochs_changed,
            producers,
            snapshots: self.snapshots,
            pending_snapshots: self.pending_snapshots,
            rolled: self.rolled,
        })
    }

    /// Removes snapshots that belong to no segment, except the newest, and those above the end.
    fn remove_stray_snapshots(
        &mut self,
        segments: &[Arc<Segment>],
        end_offset: i64,
    ) -> Result<(), Error> {
        let is_base =
            |offset: i64| segments.binary_search_by_key(&offset, |s| s.base_offset).is_ok();
        let newest = self.snapshots.iter().copied().rfind(|offset| *offset <= end_offset);
        let pending: Vec<i64> = self.pending_snapshots.iter().map(|(offset, _)| *offset).collect();
        let stray = |offset: &mut i64| {
            let stays = is_base(*offset) || Some(*offset) == newest || pending.contains(offset);
            *offset > end_offset || !stays
        };
        let strays: Vec<i64> = self.snapshots.extract_if(.., stray).collect();
        strays.into_iter().try_for_each(|offset| producer_snapshot::remove(self.home, offset))
    }
}

/// One walk over a segment.
struct Pass<'a> {
    old: &'a Arc<Segment>,
    segment: Arc<Segment>,
    index_interval_bytes: u32,
    active: Active,
    position: u32,
    next_offset: i64,
    /// Leader epoch of the last batch.
    epoch: i32,
    /// Whether the batch at the present position has its index entry.
    indexed: bool,
    aborted: Vec<AbortedTransaction>,
    aborted_changed: bool,
}

impl<'a> Pass<'a> {
    fn begin(
        old: &'a Arc<Segment>,
        known: &'a Known,
        resume: Option<Resume>,
        start: i64,
        epoch: i32,
    ) -> Result<Self, Error> {
        let (offsets, times) =
            resume.as_ref().map_or((0, 0), |resume| (resume.offsets, resume.times));
        cut_file(old, SegmentFile::OffsetIndex, u64::from(offsets) * OffsetEntry::SIZE as u64)?;
        cut_file(old, SegmentFile::TimeIndex, u64::from(times) * TimeEntry::SIZE as u64)?;
        let mut aborted = match txn_index::read(old) {
            Err(Error::Corrupt { .. }) => Vec::new(),
            aborted => aborted?,
        };
        let before = aborted.len();
        aborted.retain(|entry| entry.last_offset < start);
        let (home, base_offset) = (old.home.clone(), old.base_offset);
        let segment = Arc::new(Segment::with_entries(home, base_offset, offsets, times));
        let mut active = known.new_active(base_offset);
        if let Some(resume) = &resume {
            active.largest = Some(resume.largest);
            segment.set_largest_timestamp(resume.largest.timestamp);
        }
        Ok(Self {
            old,
            segment,
            index_interval_bytes: known.settings.index_interval_bytes,
            active,
            position: resume.as_ref().map_or(0, |resume| resume.position),
            next_offset: start,
            epoch,
            indexed: resume.is_some(),
            aborted_changed: aborted.len() != before,
            aborted,
        })
    }

    /// Takes in batch after batch; whether all bytes of the segment were batches.
    fn run(&mut self, state: &mut Recovery<'_>) -> Result<bool, Error> {
        let size = self.old.size();
        let mut scanner = Scanner::new(self.old.log(), self.position, size, SCAN_CHUNK);
        loop {
            let batch = match scanner.next_batch() {
                Ok(Some((_, batch))) => batch,
                Ok(None) => return Ok(true),
                Err(error @ Error::Corrupt { .. }) => {
                    tracing::warn!("{error}");
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            if let Err(reason) = self.check(&batch) {
                let path = self.old.log().path();
                tracing::warn!("{} is corrupt at byte {}: {reason}", path.display(), self.position);
                return Ok(false);
            }
            self.take_in(&batch, state)?;
        }
    }

    fn check(&self, batch: &BatchView<'_>) -> Result<(), String> {
        batch.verify_crc().map_err(|error| error.to_string())?;
        let (base_offset, last_offset) = (batch.base_offset(), batch.last_offset());
        if base_offset < self.next_offset
            || last_offset < base_offset
            || !self.old.can_hold(last_offset)
        {
            return Err(format!("offsets {base_offset} to {last_offset} do not belong here"));
        }
        // A lower epoch after a higher one is what a truncation removed and a power loss brought
        // back behind what was written in its place.
        let epoch = batch.partition_leader_epoch();
        if epoch < self.epoch {
            return Err(format!("leader epoch {epoch} comes after {}", self.epoch));
        }
        marker_of(batch).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn take_in(&mut self, batch: &BatchView<'_>, state: &mut Recovery<'_>) -> Result<(), Error> {
        let interval = match std::mem::take(&mut self.indexed) {
            // The entry is there, and counting begins with this batch.
            true => u32::MAX,
            false => self.index_interval_bytes,
        };
        self.active.appended(&self.segment, batch, self.position, interval)?;
        let epoch = batch.partition_leader_epoch();
        if state.epochs.latest().is_none_or(|latest| epoch > latest.epoch) {
            state.epochs_changed |= state.epochs.assign(epoch, batch.base_offset());
        }
        if let Some(producers) = &mut state.producers {
            match marker_of(batch) {
                Ok(Some(marker)) => {
                    let completed = producers.complete(batch, marker);
                    let aborted = completed.and_then(|completed| completed.aborted());
                    self.aborted_changed |= aborted.is_some();
                    self.aborted.extend(aborted);
                }
                _ => producers.append(batch),
            }
        }
        self.epoch = epoch;
        self.segment.note_recent(batch.base_offset(), self.position);
        self.position += batch.size() as u32;
        self.next_offset = batch.next_offset();
        Ok(())
    }

    fn finish(self, whole: bool) -> Result<(Arc<Segment>, Active, i64), Error> {
        if !whole {
            self.segment.log().set_len(self.position.into())?;
        }
        if self.aborted_changed {
            txn_index::rewrite(&self.segment, &self.aborted)?;
        }
        self.segment.set_has_aborted(!self.aborted.is_empty());
        self.segment.publish(self.next_offset, self.position);
        self.old.close_files();
        Ok((self.segment, self.active, self.next_offset))
    }
}

/// Cuts an index file that is longer than what counts of it.
pub(crate) fn cut_file(segment: &Arc<Segment>, file: SegmentFile, len: u64) -> Result<(), Error> {
    let io = segment.io(file);
    let path = io.path();
    match segment.home.dir.files().metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(metadata) if metadata.len <= len => Ok(()),
        Ok(_) => io.set_len(len),
        Err(error) => segment.home.checked(&path, Err(error)),
    }
}

/// The last index entry below the recovery point, if the batch it points to agrees: what lies
/// before it was flushed together with the indexes and need not be looked at.
fn find_resume(segment: &Arc<Segment>, recovery_point: i64) -> Result<Option<Resume>, Error> {
    let found = match resume_at(segment, recovery_point) {
        Err(Error::Corrupt { path, position, reason }) => {
            tracing::warn!("{} is corrupt at byte {position}: {reason}", path.display());
            None
        }
        found => found?,
    };
    if found.is_none() && segment.size() > 0 {
        tracing::info!(log = %segment.log().path().display(), "recovering the whole segment");
    }
    Ok(found)
}

fn resume_at(segment: &Arc<Segment>, recovery_point: i64) -> Result<Option<Resume>, Error> {
    let (offsets_io, times_io) =
        (segment.io(SegmentFile::OffsetIndex), segment.io(SegmentFile::TimeIndex));
    for io in [offsets_io, times_io] {
        let path = io.path();
        if !segment.home.checked(&path, segment.home.dir.files().exists(&path))? {
            return Ok(None);
        }
    }
    let relative = segment.relative(recovery_point);
    let (offsets, entry) = segment.offsets.search(offsets_io, |entry| entry.offset < relative)?;
    let Some(entry) = entry else { return Ok(None) };
    let mut scanner = Scanner::new(segment.log(), entry.position, segment.size(), 0);
    match scanner.next_batch()? {
        Some((_, batch))
            if batch.base_offset() >= segment.base_offset
                && batch.last_offset() <= segment.base_offset + i64::from(entry.offset)
                && batch.verify_crc().is_ok() => {}
        _ => return Ok(None),
    }
    let (times, time) = segment.times.search(times_io, |time| time.offset <= entry.offset)?;
    let largest = Largest::of_entry(segment, time);
    Ok(Some(Resume { position: entry.position, offsets, times, largest }))
}

/// The offset after the last batch of a segment, found behind its last index entry.
fn end_offset(segment: &Arc<Segment>) -> Result<i64, Error> {
    let size = segment.size();
    if size == 0 {
        return Ok(segment.base_offset);
    }
    let io = segment.io(SegmentFile::OffsetIndex);
    let last = segment.offsets.last(io)?;
    let from = last.map_or(0, |entry| entry.position);
    if from >= size {
        return Err(Error::corrupt(io.path(), 0, "the index points past the end of the log"));
    }
    let mut scanner = Scanner::new(segment.log(), from, size, SCAN_CHUNK);
    let mut end = segment.base_offset;
    let mut first = last;
    while let Some((position, batch)) = scanner.next_header()? {
        if let Some(entry) = first.take()
            && batch.base_offset() > segment.base_offset + i64::from(entry.offset)
        {
            return Err(Error::corrupt(
                segment.log().path(),
                position.into(),
                "the index points to another batch",
            ));
        }
        if batch.base_offset() < end || !segment.can_hold(batch.last_offset()) {
            let reason = "the offsets of a batch do not belong here";
            return Err(Error::corrupt(segment.log().path(), position.into(), reason));
        }
        end = batch.next_offset();
    }
    Ok(end)
}
