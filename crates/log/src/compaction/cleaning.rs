//! One cleaning of a log, step by step.

use std::ops::Range;
use std::sync::Arc;

use records::{BatchHeader, BatchView, batches};
use replica::AbortedTransaction;

use super::chunk::Chunk;
use super::filter::{self, Filter, Kept, Rules};
use super::offset_map::OffsetMap;
use super::output::Output;
use super::plan::{self, Cleanable, Piece, SegmentLimits};
use super::swap::Replacement;
use super::transactions::Transactions;
use crate::home::Home;
use crate::index::IndexEntry;
use crate::log::Log;
use crate::offset_index::OffsetEntry;
use crate::retention::modified_ms;
use crate::segment::Segment;
use crate::time_index::TimeEntry;
use crate::timestamps::DECOMPRESSED_MAX;
use crate::{Error, LogSettings, SegmentFile, TopicPartition, txn_index};

/// How a cleaning is done.
#[derive(Debug, Clone, Copy)]
pub struct CleaningOptions {
    /// Bytes for the table of keys: the share of one thread of `log.cleaner.dedupe.buffer.size`.
    pub map_bytes: usize,
    /// `log.cleaner.io.buffer.load.factor`: how full the table may get.
    pub load_factor: f64,
    /// Bytes to read at a time, and to write: the share of one thread of
    /// `log.cleaner.io.buffer.size`, half for each.
    pub buffer_bytes: usize,
    /// `delete.retention.ms` of the topic.
    pub delete_retention_ms: i64,
    /// The time, ms since the epoch.
    pub now_ms: i64,
    /// Random bytes, which nobody who writes records can know.
    pub hash_key: [u8; 16],
}

/// Why a cleaning did not come to its end. The log is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The log was closed, truncated, or its front deleted. It may be cleaned another time.
    #[error("the log changed while it was cleaned")]
    Aborted,
    /// What is stored cannot be read, or the new segments cannot be written.
    #[error(transparent)]
    Failed(Error),
}

impl From<Error> for CleanError {
    fn from(error: Error) -> Self {
        match error {
            Error::Closed { .. } => Self::Aborted,
            error => Self::Failed(error),
        }
    }
}

/// What a step of a cleaning gives.
#[derive(Debug)]
pub enum Step {
    /// So many bytes were read and written; there is more to do.
    Worked(u64),
    /// A segment is ready: to be handed to [`Log::replace_segments`].
    Replace(Replacement),
    /// The cleaning is done.
    Done(CleaningSummary),
}

/// What a cleaning did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CleaningSummary {
    /// The log is clean up to here, exclusive.
    pub end_offset: i64,
    /// Bytes read for keys: of the dirty part of the log.
    pub dirty_bytes: u64,
    /// Bytes of the segments that were replaced, and of those that replaced them.
    pub bytes_before: u64,
    /// See `bytes_before`.
    pub bytes_after: u64,
    /// Records that were looked at, and those that stayed.
    pub records_before: u64,
    /// See `records_before`.
    pub records_after: u64,
    /// Keys in the table, and the share of it they took.
    pub keys: usize,
    /// See `keys`.
    pub table_utilization: f64,
}

/// A cleaning that is under way. Dropping it leaves the log as it is.
pub struct Cleaning {
    pub(super) home: Arc<Home>,
    pub(super) topic_partition: TopicPartition,
    pub(super) truncations: u64,
    /// The segments of the log when it began, with the active one last.
    segments: Arc<[Arc<Segment>]>,
    settings: Arc<LogSettings>,
    cleanable: Cleanable,
    options: CleaningOptions,
    map: OffsetMap,
    chunk: Chunk,
    filter: Filter,
    legacy_horizon_ms: i64,
    phase: Phase,
    summary: CleaningSummary,
}

/// Where a cleaning is.
enum Phase {
    /// Noting keys, at `position` of a segment.
    Mapping { segment: usize, position: u32, transactions: Transactions },
    /// Copying groups of segments, the first of which is under way.
    Copying { groups: Vec<Range<usize>>, copy: Option<Copy> },
}

/// A group that is being copied, at `position` of a segment.
struct Copy {
    segment: usize,
    position: u32,
    output: Output,
}

impl Log {
    /// Begins a cleaning of what was found [`Cleanable`]; `None` if the log changed since, so that
    /// it does not hold any more. Under the partition's lock, like all of the log's own methods;
    /// the steps are done elsewhere.
    ///
    /// From now on the log counts as one that was compacted. That has to be on the disk before the
    /// first segment is replaced ([`Cleaning::write_progress`]), since gaps between offsets would
    /// else be taken for a loss after a crash, should the topic not be compacted any more then.
    pub fn begin_cleaning(
        &mut self,
        cleanable: Cleanable,
        last_stable_offset: i64,
        options: CleaningOptions,
    ) -> Option<Cleaning> {
        if cleanable.first_uncleanable_offset > last_stable_offset {
            return None;
        }
        let segments = self.shared.segments.load_full();
        let is_base = segments
            .all()
            .binary_search_by_key(&cleanable.first_uncleanable_offset, |s| s.base_offset);
        is_base.ok()?;
        if cleanable.first_dirty_offset < self.log_start_offset() {
            return None;
        }
        self.cleaned_up_to = Some(cleanable.first_dirty_offset);
        let entries_max =
            cleanable.first_uncleanable_offset.saturating_sub(cleanable.first_dirty_offset);
        let map = OffsetMap::new(
            options.map_bytes,
            options.load_factor,
            u64::try_from(entries_max).unwrap_or(0),
            &options.hash_key,
        );
        let segments: Arc<[Arc<Segment>]> = segments.all().into();
        let after = segments.partition_point(|s| s.base_offset <= cleanable.first_dirty_offset);
        Some(Cleaning {
            home: self.home().clone(),
            topic_partition: self.topic_partition.clone(),
            truncations: self.home().written().truncations,
            phase: Phase::Mapping {
                segment: after.saturating_sub(1),
                position: u32::MAX,
                transactions: Transactions::default(),
            },
            segments,
            settings: self.settings.clone(),
            cleanable,
            options,
            map,
            chunk: Chunk::new(options.buffer_bytes),
            filter: Filter::new(filter::last_records(&self.producers)),
            legacy_horizon_ms: 0,
            summary: CleaningSummary::default(),
        })
    }
}

impl Cleaning {
    /// Does the next piece of work: reads and writes about as much as the buffers hold, or brings
    /// a segment onto the disk.
    ///
    /// # Errors
    /// The cleaning cannot go on; it must not be asked again.
    pub fn step(&mut self) -> Result<Step, CleanError> {
        self.home.check_open()?;
        if self.truncations != self.home.written().truncations {
            return Err(CleanError::Aborted);
        }
        match &self.phase {
            Phase::Mapping { .. } => self.map_step(),
            Phase::Copying { .. } => self.copy_step(),
        }
    }

    /// Segments before the first uncleanable one.
    fn cleanable_segments(&self) -> usize {
        let end = self.cleanable.first_uncleanable_offset;
        self.segments.partition_point(|segment| segment.base_offset < end)
    }

    fn map_step(&mut self) -> Result<Step, CleanError> {
        let count = self.cleanable_segments();
        let first_dirty_offset = self.cleanable.first_dirty_offset;
        let Phase::Mapping { segment: index, position, transactions } = &mut self.phase else {
            return Err(CleanError::Aborted);
        };
        if *index >= count {
            return self.begin_copying();
        }
        let segment = self.segments[*index].clone();
        if *position == u32::MAX {
            // The first step.
            let end = self.cleanable.first_uncleanable_offset;
            transactions.expect(aborted_between(&self.segments, first_dirty_offset, end)?);
            let indexed =
                if segment.is_suspect() { None } else { segment.indexed(first_dirty_offset)? };
            *position = indexed.map_or(0, |entry| entry.position);
        }
        let mut read = 0;
        let mut is_full = false;
        if *position < segment.size() {
            let bytes = self.chunk.read(&segment, *position)?;
            for batch in batches(bytes) {
                let at = u64::from(*position) + read as u64;
                let corrupt = |error| Error::corrupt(segment.path(SegmentFile::Log), at, error);
                let batch = batch.and_then(|batch| batch.verify_crc().map(|()| batch));
                let batch = batch.map_err(corrupt)?;
                let decompressor = &mut self.filter.decompressor;
                let noted =
                    note_keys(&mut self.map, transactions, &batch, first_dirty_offset, |batch| {
                        batch.records_with(decompressor, DECOMPRESSED_MAX)
                    });
                is_full = !noted.map_err(corrupt)?;
                if is_full {
                    break;
                }
                read += batch.size();
            }
            *position += read as u32;
        }
        self.summary.dirty_bytes += read as u64;
        if !is_full && *position >= segment.size() {
            let next = self.segments.get(*index + 1).map_or(i64::MAX, |next| next.base_offset);
            self.map.advance(next.min(self.cleanable.first_uncleanable_offset) - 1);
            *index += 1;
            *position = 0;
        }
        if is_full {
            return self.begin_copying();
        }
        Ok(Step::Worked(read as u64))
    }

    fn begin_copying(&mut self) -> Result<Step, CleanError> {
        let end_offset = self.map.latest_offset() + 1;
        self.summary.end_offset = end_offset;
        self.summary.keys = self.map.len();
        self.summary.table_utilization = self.map.utilization();
        let count = self.segments.partition_point(|segment| segment.base_offset < end_offset);
        let count = count.min(self.cleanable_segments());
        let pieces = self.segments[..count].iter().map(index_sizes);
        let pieces = pieces.collect::<Result<Vec<_>, Error>>()?;
        let limits = SegmentLimits {
            segment_bytes: self.settings.segment_bytes.into(),
            index_bytes: self.settings.segment_index_bytes.into(),
        };
        let sizes = plan::groups(&pieces, limits, self.cleanable.first_uncleanable_offset);
        let mut start = 0;
        let mut groups: Vec<Range<usize>> = sizes
            .into_iter()
            .map(|size| {
                start += size;
                start - size..start
            })
            .collect();
        groups.reverse();
        let first_dirty_offset = self.cleanable.first_dirty_offset;
        let mut clean = self.segments[..count].iter();
        if let Some(last) = clean.rfind(|segment| segment.base_offset < first_dirty_offset) {
            let retention_ms = self.options.delete_retention_ms;
            self.legacy_horizon_ms = modified_ms(last)?.saturating_sub(retention_ms);
        }
        self.phase = Phase::Copying { groups, copy: None };
        Ok(Step::Worked(0))
    }

    fn copy_step(&mut self) -> Result<Step, CleanError> {
        let Phase::Copying { groups, copy } = &mut self.phase else {
            return Err(CleanError::Aborted);
        };
        let Some(group) = groups.last().cloned() else {
            self.summary.records_before = self.filter.seen;
            self.summary.records_after = self.filter.kept;
            return Ok(Step::Done(self.summary));
        };
        let Some(mut current) = copy.take() else {
            let base_offset = self.segments[group.start].base_offset;
            let interval = self.settings.index_interval_bytes;
            let buffer = self.options.buffer_bytes;
            let output = Output::create(&self.home, base_offset, interval, buffer)?;
            *copy = Some(Copy { segment: group.start, position: 0, output });
            return Ok(Step::Worked(0));
        };
        if current.segment == group.end {
            groups.pop();
            let sources: Vec<_> = self.segments[group].to_vec();
            let modified = sources.last().map_or(Ok(0), modified_ms)?;
            self.summary.bytes_before += sources.iter().map(|s| u64::from(s.size())).sum::<u64>();
            self.summary.bytes_after += current.output.size();
            let cleaned = current.output.finish(modified)?;
            return Ok(Step::Replace(Replacement::new(cleaned, sources, self.truncations)));
        }
        let worked = self.copy_chunk(&mut current);
        if let Phase::Copying { copy, .. } = &mut self.phase {
            *copy = Some(current);
        }
        Ok(Step::Worked(worked?))
    }

    /// Copies what stays of the next piece of a segment; how many bytes were read and written.
    fn copy_chunk(&mut self, copy: &mut Copy) -> Result<u64, CleanError> {
        let segment = self.segments[copy.segment].clone();
        if copy.position == 0 {
            let next = self.segments.get(copy.segment + 1);
            let end = next.map_or(i64::MAX, |next| next.base_offset);
            let aborted = aborted_between(&self.segments, segment.base_offset, end)?;
            self.filter.transactions.expect(aborted);
            self.filter.retain_legacy_tombstones = modified_ms(&segment)? > self.legacy_horizon_ms;
        }
        let rules = Rules {
            now_ms: self.options.now_ms,
            delete_retention_ms: self.options.delete_retention_ms,
            upper_bound_offset: self.cleanable.first_uncleanable_offset,
        };
        let before = copy.output.size();
        let mut read = 0;
        if copy.position < segment.size() {
            let bytes = self.chunk.read(&segment, copy.position)?;
            for batch in batches(bytes) {
                let at = u64::from(copy.position) + read as u64;
                let corrupt = |error| Error::corrupt(segment.path(SegmentFile::Log), at, error);
                let batch = batch.and_then(|batch| batch.verify_crc().map(|()| batch));
                let batch = batch.map_err(corrupt)?;
                let kept = self.filter.filter(&batch, &self.map, &rules).map_err(corrupt)?;
                append(&mut copy.output, &batch, &kept)?;
                read += batch.size();
            }
            copy.position += read as u32;
        }
        copy.output.append_aborted(&self.filter.transactions.take_retained())?;
        if copy.position >= segment.size() {
            copy.segment += 1;
            copy.position = 0;
        }
        Ok(read as u64 + copy.output.size() - before)
    }
}

fn append(output: &mut Output, batch: &BatchView<'_>, kept: &Kept) -> Result<(), Error> {
    let bytes: &[u8] = match kept {
        Kept::Nothing => return Ok(()),
        Kept::Whole => batch.bytes(),
        Kept::Rebuilt(bytes) => bytes,
        Kept::Emptied(header) => header,
    };
    match BatchHeader::parse(bytes)? {
        Some(header) => output.append(bytes, &header),
        None => Ok(()),
    }
}

/// Notes the keys of a batch; whether there was room for all of them.
fn note_keys<'b>(
    map: &mut OffsetMap,
    transactions: &mut Transactions,
    batch: &BatchView<'b>,
    first_dirty_offset: i64,
    records: impl FnOnce(&BatchView<'b>) -> Result<records::Records<'b>, records::Error>,
) -> Result<bool, records::Error> {
    let is_obsolete = transactions.observe(batch)?;
    if !batch.is_control() && !is_obsolete {
        for record in &records(batch)? {
            let record = record?;
            if let Some(key) = record.key
                && record.offset >= first_dirty_offset
                && !map.put(key, record.offset)
            {
                return Ok(false);
            }
        }
    }
    if batch.last_offset() >= first_dirty_offset {
        map.advance(batch.last_offset());
    }
    Ok(true)
}

/// A segment with the sizes of its indexes, for grouping.
fn index_sizes(segment: &Arc<Segment>) -> Result<Piece, Error> {
    let offsets = segment.offsets.len(segment.io(SegmentFile::OffsetIndex))?;
    let times = segment.times.len(segment.io(SegmentFile::TimeIndex))?;
    Ok(Piece {
        offset_index: u64::from(offsets) * OffsetEntry::SIZE as u64,
        time_index: u64::from(times) * TimeEntry::SIZE as u64,
        ..Piece::new(segment.base_offset, segment.size().into())
    })
}

/// The aborted transactions that have records between two offsets.
fn aborted_between(
    segments: &[Arc<Segment>],
    start: i64,
    end: i64,
) -> Result<Vec<AbortedTransaction>, Error> {
    let after = segments.partition_point(|segment| segment.base_offset <= start);
    let mut aborted = Vec::new();
    for segment in &segments[after.saturating_sub(1)..] {
        for entry in txn_index::read(segment)? {
            if entry.last_offset >= start && entry.first_offset < end {
                aborted.push(entry);
            }
            if entry.last_stable_offset >= end {
                return Ok(aborted);
            }
        }
    }
    Ok(aborted)
}
