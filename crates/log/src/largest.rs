//! The largest timestamp of a segment.

use std::sync::Arc;

use crate::scan::{LOOKUP_CHUNK, SCAN_CHUNK, Scanner};
use crate::segment::Segment;
use crate::time_index::TimeEntry;
use crate::{Error, SegmentFile};

/// A timestamp and the last offset of the batch it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Largest {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
}

impl Largest {
    /// Of no records, or none with a timestamp.
    pub(crate) const NONE: Self = Self { timestamp: -1, offset: -1 };

    /// What an entry of the time index says.
    pub(crate) fn of_entry(segment: &Segment, entry: Option<TimeEntry>) -> Self {
        entry.map_or(Self::NONE, |TimeEntry { timestamp, offset }| Self {
            timestamp,
            offset: segment.base_offset + i64::from(offset),
        })
    }

    /// Of a segment that was closed: the last entry of its time index, if the log agrees with it.
    /// An index that it contradicts is not used any more.
    pub(crate) fn of_closed(segment: &Arc<Segment>) -> Result<Self, Error> {
        if !segment.is_suspect() {
            match last_entry(segment) {
                Ok(Some(largest)) => return Ok(largest),
                Ok(None) | Err(Error::Corrupt { .. }) => segment.distrust(),
                Err(error) => return Err(error),
            }
        }
        Self::NONE.and_batches(segment, 0)
    }

    /// Of a segment that was written: its time index, and the batches after the last entry of the
    /// offset index, with every one of which the time index was brought up to date.
    pub(crate) fn of_open(segment: &Arc<Segment>) -> Result<Self, Error> {
        let last = segment.times.last(segment.io(SegmentFile::TimeIndex))?;
        let indexed = segment.offsets.last(segment.io(SegmentFile::OffsetIndex))?;
        let from = indexed.map_or(0, |entry| entry.position);
        Self::of_entry(segment, last).and_batches(segment, from)
    }

    /// This, or what the batches from `position` on have.
    fn and_batches(mut self, segment: &Arc<Segment>, position: u32) -> Result<Self, Error> {
        let mut scanner = Scanner::new(segment.log(), position, segment.size(), SCAN_CHUNK);
        while let Some((_, batch)) = scanner.next_header()? {
            if batch.max_timestamp() > self.timestamp {
                self = Self { timestamp: batch.max_timestamp(), offset: batch.last_offset() };
            }
        }
        Ok(self)
    }
}

/// The last entry of the time index; `None` when the log contradicts it.
fn last_entry(segment: &Arc<Segment>) -> Result<Option<Largest>, Error> {
    let last = segment.times.last(segment.io(SegmentFile::TimeIndex))?;
    let largest = Largest::of_entry(segment, last);
    let size = segment.size();
    let position = match last {
        None => 0,
        Some(_) => match segment.locate(largest.offset, size)? {
            Some(batch) => batch.position,
            None => return Ok(None),
        },
    };
    let mut scanner = Scanner::new(segment.log(), position, size, LOOKUP_CHUNK);
    let Some((_, batch)) = scanner.next_header()? else { return Ok(Some(largest)) };
    // Without entries no batch has a timestamp, so the first has none either.
    let agrees = batch.max_timestamp().max(-1) == largest.timestamp;
    Ok(agrees.then_some(largest))
}
