//! What the writer knows of the active segment and readers need not.

use std::sync::Arc;

use records::BatchHeader;

use crate::largest::Largest;
use crate::offset_index::OffsetEntry;
use crate::scan::{LOOKUP_CHUNK, Scanner};
use crate::segment::Segment;
use crate::time_index::TimeEntry;
use crate::{Error, SegmentFile};

/// Bookkeeping for indexes and for the time of the next roll.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Active {
    /// Bytes from the batch with the last index entry on.
    pub(crate) bytes_since_index_entry: u32,
    /// The largest timestamp so far and the last offset of the batch that has it.
    pub(crate) largest: Option<Largest>,
    /// Largest timestamp of the first batch: what `segment.ms` counts from.
    pub(crate) first_timestamp: Option<i64>,
    /// When this process made or opened the segment.
    pub(crate) created_ms: i64,
    /// What is taken off `segment.ms` for this segment.
    pub(crate) jitter_ms: i64,
}

impl Active {
    /// Of a segment without records.
    pub(crate) fn new(created_ms: i64, jitter_ms: i64) -> Self {
        Self {
            bytes_since_index_entry: 0,
            largest: Some(Largest::NONE),
            first_timestamp: None,
            created_ms,
            jitter_ms,
        }
    }

    /// Of a segment with records that were not looked at.
    pub(crate) fn unread(created_ms: i64, jitter_ms: i64) -> Self {
        Self { largest: None, ..Self::new(created_ms, jitter_ms) }
    }

    /// Takes note of a batch at `position` and adds what is due to the indexes (kafka-storage 3.3,
    /// 3.4). An entry is due once the batches since the last one have more than
    /// `index_interval_bytes`.
    pub(crate) fn appended(
        &mut self,
        segment: &Arc<Segment>,
        batch: &BatchHeader<'_>,
        position: u32,
        index_interval_bytes: u32,
    ) -> Result<(), Error> {
        let (timestamp, last_offset) = (batch.max_timestamp(), batch.last_offset());
        if position == 0 {
            self.first_timestamp = Some(timestamp);
        }
        let mut largest = self.largest(segment)?;
        if timestamp > largest.timestamp {
            largest = Largest { timestamp, offset: last_offset };
            self.largest = Some(largest);
            segment.set_largest_timestamp(timestamp);
        }
        if self.bytes_since_index_entry > index_interval_bytes {
            let entry = OffsetEntry { offset: segment.relative(last_offset), position };
            segment.offsets.append(segment.io(SegmentFile::OffsetIndex), entry)?;
            self.index_time(segment)?;
            self.bytes_since_index_entry = 0;
        }
        let size = u32::try_from(batch.size()).unwrap_or(u32::MAX);
        self.bytes_since_index_entry = self.bytes_since_index_entry.saturating_add(size);
        Ok(())
    }

    /// Adds the largest timestamp to the time index if it grew since the last entry; whether it
    /// did.
    pub(crate) fn index_time(&mut self, segment: &Arc<Segment>) -> Result<bool, Error> {
        let largest = self.largest(segment)?;
        let io = segment.io(SegmentFile::TimeIndex);
        let last = segment.times.last(io)?.map_or(-1, |entry| entry.timestamp);
        if largest.timestamp <= last {
            return Ok(false);
        }
        let offset = segment.relative(largest.offset);
        segment.times.append(io, TimeEntry { timestamp: largest.timestamp, offset })?;
        Ok(true)
    }

    /// The largest timestamp so far, from the time index if this segment was not written in this
    /// run.
    pub(crate) fn largest(&mut self, segment: &Arc<Segment>) -> Result<Largest, Error> {
        if let Some(largest) = self.largest {
            return Ok(largest);
        }
        let largest = Largest::of_closed(segment)?;
        self.largest = Some(largest);
        Ok(largest)
    }

    /// How long the segment has been collecting records, seen from a batch with this timestamp.
    pub(crate) fn age_ms(
        &mut self,
        segment: &Arc<Segment>,
        timestamp: i64,
        now_ms: i64,
    ) -> Result<i64, Error> {
        if self.first_timestamp.is_none() && segment.size() > 0 {
            let mut scanner = Scanner::new(segment.log(), 0, segment.size(), LOOKUP_CHUNK);
            let first = scanner.next_header()?;
            self.first_timestamp = first.map(|(_, header)| header.max_timestamp());
        }
        Ok(match self.first_timestamp {
            Some(first) if first >= 0 => timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(self.created_ms),
        })
    }
}
