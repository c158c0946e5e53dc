//! Reading: offsets become ranges of files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use bytes::{Bytes, BytesMut};
use replica::AbortedTransaction;
use wire::FileRange;

use crate::home::Home;
use crate::segment::{Located, Segment};
use crate::segments::Segments;
use crate::{Error, txn_index};

/// What the writer shares with the readers of a log.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) home: Arc<Home>,
    pub(crate) segments: ArcSwap<Segments>,
    pub(crate) log_start_offset: AtomicI64,
    pub(crate) log_end_offset: AtomicI64,
}

/// Reads a log while it is written to. Cheap to clone; takes no lock and holds up no writer.
///
/// Everything here looks at page-cached files and memory; on cold data it waits for the disk.
#[derive(Debug, Clone)]
pub struct LogReader(pub(crate) Arc<Shared>);

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// The first offset wanted.
    pub offset: i64,
    /// The offset to stop before: high watermark, last stable offset or log end offset. The start
    /// of a batch, or else the batch around it is left out.
    pub bound: i64,
    /// Bytes wanted at most.
    pub max_bytes: u32,
    /// Give the first batch whole even if it is larger than `max_bytes`.
    pub at_least_one_batch: bool,
}

/// What [`LogReader::read`] found.
#[derive(Debug, Clone)]
pub struct ReadResult {
    /// The file range with whole batches, the first of which may start before the offset asked for, and the last of
    /// which may be cut off (kafka-semantics 76, 77). `None` when there is nothing below the
    /// bound, or not even the first batch fits.
    pub range: Option<FileRange>,
    /// Whether the first batch exists but does not fit into the bytes allowed.
    pub first_batch_incomplete: bool,
    /// Base offset of the segment that was read.
    pub segment_base_offset: i64,
    /// Where in that segment the data starts or would start.
    pub position: u32,
    /// The segments it was read from, which compaction may have replaced since: which transactions
    /// were aborted among the records is looked up in the same ones.
    segments: Option<Arc<Segments>>,
}

impl ReadResult {
    /// Bytes found.
    pub fn len(&self) -> u64 {
        self.range.as_ref().map_or(0, |range| range.len)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.range.is_none()
    }

    /// The bytes themselves, read now: for those who look at records, not for sockets.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_bytes(&self) -> io::Result<Bytes> {
        let Some(range) = &self.range else { return Ok(Bytes::new()) };
        let len = usize::try_from(range.len).map_err(io::Error::other)?;
        let mut bytes = BytesMut::zeroed(len);
        range.source.read_range(range.offset, &mut bytes)?;
        Ok(bytes.freeze())
    }
}

impl LogReader {
    /// The first offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.0.log_start_offset.load(Ordering::Acquire)
    }

    /// The offset the next record will get.
    pub fn log_end_offset(&self) -> i64 {
        self.0.log_end_offset.load(Ordering::Acquire)
    }

    /// Bytes in all segments.
    pub fn size(&self) -> u64 {
        let segments = self.0.segments.load();
        segments.all().iter().map(|segment| u64::from(segment.size())).sum()
    }

    /// Bytes in all segments, and how many those are.
    pub fn size_and_segments(&self) -> (u64, usize) {
        let segments = self.0.segments.load();
        let all = segments.all();
        (all.iter().map(|segment| u64::from(segment.size())).sum(), all.len())
    }

    /// Finds the batches from an offset on, all in one segment.
    ///
    /// # Errors
    /// [`Error::OffsetOutOfRange`] for an offset below the log start or above the log end
    /// (kafka-semantics 74); [`Error::Corrupt`] when what is stored there is not a batch.
    pub fn read(&self, request: ReadRequest) -> Result<ReadResult, Error> {
        // The range first: segments seen after it hold all that is below its end.
        self.check_range(request.offset)?;
        self.with_segments(|segments| {
            Ok(ReadResult { segments: Some(Arc::clone(segments)), ..read(segments, &request)? })
        })
    }

    /// Does something with the segments as they are now; once more if they were cut or removed
    /// meanwhile, which shows as files that are gone or end too early.
    pub(crate) fn with_segments<T>(
        &self,
        act: impl Fn(&Arc<Segments>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.0.home.check_open()?;
        loop {
            let segments = self.0.segments.load();
            let result = act(&segments);
            let failed = matches!(result, Err(Error::Closed { .. } | Error::Corrupt { .. }));
            if !failed || Arc::ptr_eq(&segments, &self.0.segments.load()) {
                return result;
            }
        }
    }

    /// The transactions aborted among the records from `offset` on that `read` gave, and those
    /// that a reader of just these records must know of (kafka-semantics 78).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn aborted_transactions(
        &self,
        offset: i64,
        read: &ReadResult,
    ) -> Result<Vec<AbortedTransaction>, Error> {
        match &read.segments {
            Some(segments) => self.aborted_in(segments, offset, read),
            None => self.with_segments(|segments| self.aborted_in(segments, offset, read)),
        }
    }

    fn aborted_in(
        &self,
        segments: &Segments,
        offset: i64,
        read: &ReadResult,
    ) -> Result<Vec<AbortedTransaction>, Error> {
        self.0.home.check_open()?;
        let following = segments.starting_at(read.segment_base_offset);
        let next = || following.get(1).map_or_else(|| self.log_end_offset(), |s| s.base_offset);
        let upper_bound = match following.first() {
            Some(segment) => match segment.upper_bound_offset(read.position, read.len()) {
                // Compaction took its place; its index may be gone, what it told is not needed.
                Err(Error::Closed { .. }) => next(),
                bound => bound?.unwrap_or_else(next),
            },
            None => self.log_end_offset(),
        };
        let mut aborted = Vec::new();
        for segment in following {
            for entry in txn_index::read(segment)? {
                if entry.last_offset >= offset && entry.first_offset < upper_bound {
                    aborted.push(entry);
                }
                if entry.last_stable_offset >= upper_bound {
                    return Ok(aborted);
                }
            }
        }
        Ok(aborted)
    }

    fn check_range(&self, offset: i64) -> Result<(), Error> {
        let log_end_offset = self.log_end_offset();
        let log_start_offset = self.log_start_offset();
        if offset < log_start_offset || offset > log_end_offset {
            return Err(Error::OffsetOutOfRange { offset, log_start_offset, log_end_offset });
        }
        Ok(())
    }
}

fn read(segments: &Segments, request: &ReadRequest) -> Result<ReadResult, Error> {
    let following = segments.starting_at(request.offset);
    for (index, segment) in following.iter().enumerate() {
        if request.bound <= segment.base_offset.max(request.offset) {
            return Ok(nothing(segment, 0));
        }
        let end = segment.end();
        if end.0.is_some_and(|next_offset| next_offset <= request.offset) {
            continue;
        }
        let Some(start) = Start::find(segment, request.offset, end.1)? else { continue };
        let next = following.get(index + 1).map(|next| next.base_offset);
        let end = end_position(segment, end, next, request.bound)?;
        return start.range(segment, end, request);
    }
    let active = segments.active();
    Ok(nothing(active, active.size()))
}

/// Where a read starts in a segment.
enum Start {
    /// At a batch not looked at: its base offset is the one asked for.
    Recent(u32),
    /// At a batch whose header was read.
    Batch(Located),
}

impl Start {
    fn find(segment: &Arc<Segment>, offset: i64, size: u32) -> Result<Option<Self>, Error> {
        match segment.recent(offset) {
            Some(position) if position < size => Ok(Some(Self::Recent(position))),
            _ => Ok(segment.locate(offset, size)?.map(Self::Batch)),
        }
    }

    fn range(
        self,
        segment: &Arc<Segment>,
        end: u32,
        request: &ReadRequest,
    ) -> Result<ReadResult, Error> {
        let position = match &self {
            Self::Recent(position) => *position,
            Self::Batch(batch) => batch.position,
        };
        let available = end.saturating_sub(position);
        if available == 0 {
            return Ok(nothing(segment, position));
        }
        let mut len = available.min(request.max_bytes);
        if len < available {
            // The limit cuts: at least the first batch must be whole, or nothing is given.
            let first = match self {
                Self::Batch(batch) => batch.size,
                Self::Recent(_) => {
                    segment.batch_at(position, segment.size())?.map_or(u32::MAX, |batch| batch.size)
                }
            };
            if first > len && !request.at_least_one_batch {
                return Ok(ReadResult {
                    first_batch_incomplete: true,
                    ..nothing(segment, position)
                });
            }
            len = len.max(first).min(available);
        }
        let range = segment.log().shared()?.range(position.into(), len.into());
        Ok(ReadResult { range: Some(range), ..nothing(segment, position) })
    }
}

fn nothing(segment: &Segment, position: u32) -> ReadResult {
    ReadResult {
        range: None,
        first_batch_incomplete: false,
        segment_base_offset: segment.base_offset,
        position,
        segments: None,
    }
}

/// Where in `segment` the data below `bound` ends. `end` is one look at the end of the segment:
/// what is appended after it is not served, for it may lie above the bound.
fn end_position(
    segment: &Arc<Segment>,
    end: (Option<i64>, u32),
    next_base_offset: Option<i64>,
    bound: i64,
) -> Result<u32, Error> {
    let (end_offset, size) = end;
    if end_offset.or(next_base_offset).is_some_and(|end_offset| end_offset <= bound) {
        return Ok(size);
    }
    match segment.recent(bound) {
        Some(position) => Ok(position.min(size)),
        None => Ok(segment.locate(bound, size)?.map_or(size, |batch| batch.position)),
    }
}
