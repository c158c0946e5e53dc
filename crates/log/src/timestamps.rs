//! Finding records by timestamp (kafka-semantics 79, 80).

use std::sync::Arc;

use crate::read::LogReader;
use crate::scan::{SCAN_CHUNK, Scanner};
use crate::segment::Segment;
use crate::{Error, SegmentFile};

/// A batch that is larger than this once decompressed cannot be searched.
pub(crate) const DECOMPRESSED_MAX: usize = 256 << 20;

/// A record found by its timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Timestamp of the record, ms since the epoch.
    pub timestamp: i64,
    /// Offset of the record.
    pub offset: i64,
    /// Epoch of the leader that appended it, -1 when the batch does not say.
    pub leader_epoch: i32,
}

impl LogReader {
    /// The first record at or above the log start whose timestamp is `timestamp` or later.
    ///
    /// # Errors
    /// A file cannot be read, or a batch is corrupt.
    pub fn offset_for_timestamp(&self, timestamp: i64) -> Result<Option<TimestampOffset>, Error> {
        let log_start_offset = self.log_start_offset();
        self.with_segments(|segments| {
            for segment in segments.starting_at(log_start_offset) {
                if segment.size() == 0 || segment.largest_timestamp()? < timestamp {
                    continue;
                }
                if let Some(found) = find(segment, timestamp, log_start_offset)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
    }

    /// The first record with the largest timestamp of the log; `None` when no record has a
    /// timestamp.
    ///
    /// # Errors
    /// As [`offset_for_timestamp`](Self::offset_for_timestamp).
    pub fn offset_of_max_timestamp(&self) -> Result<Option<TimestampOffset>, Error> {
        let log_start_offset = self.log_start_offset();
        self.with_segments(|segments| {
            let mut largest: Option<(i64, &Arc<Segment>)> = None;
            for segment in segments.starting_at(log_start_offset) {
                let mut timestamp = segment.largest_timestamp()?;
                if segment.base_offset < log_start_offset
                    && find(segment, timestamp, log_start_offset)?.is_none()
                {
                    // A record has it that is not in the log any more.
                    timestamp = largest_from(segment, log_start_offset)?;
                }
                if timestamp >= 0 && largest.is_none_or(|(known, _)| timestamp > known) {
                    largest = Some((timestamp, segment));
                }
            }
            match largest {
                Some((timestamp, segment)) => find(segment, timestamp, log_start_offset),
                None => Ok(None),
            }
        })
    }
}

/// The largest timestamp of the records from `offset` on in a segment, -1 if there is none.
fn largest_from(segment: &Arc<Segment>, offset: i64) -> Result<i64, Error> {
    let size = segment.size();
    let Some(first) = segment.locate(offset, size)? else { return Ok(-1) };
    let mut largest = -1;
    let mut scanner = Scanner::new(segment.log(), first.position, size, SCAN_CHUNK);
    while let Some((_, batch)) = scanner.next_header()? {
        if batch.base_offset() >= offset {
            largest = largest.max(batch.max_timestamp());
        }
    }
    if first.base_offset < offset {
        let mut scanner = Scanner::new(segment.log(), first.position, size, 0);
        if let Some((position, batch)) = scanner.next_batch()? {
            let corrupt = |error| Error::corrupt(segment.log().path(), position.into(), error);
            for record in &batch.records(DECOMPRESSED_MAX).map_err(corrupt)? {
                let record = record.map_err(corrupt)?;
                if record.offset >= offset {
                    largest = largest.max(record.timestamp);
                }
            }
        }
    }
    Ok(largest)
}

fn find(
    segment: &Arc<Segment>,
    timestamp: i64,
    log_start_offset: i64,
) -> Result<Option<TimestampOffset>, Error> {
    let size = segment.size();
    let below = match segment.is_suspect() {
        true => None,
        false => {
            let io = segment.io(SegmentFile::TimeIndex);
            let found = segment.times.search(io, |entry| entry.timestamp < timestamp);
            match found {
                Err(Error::Corrupt { .. }) => {
                    segment.distrust();
                    None
                }
                found => found?.1,
            }
        }
    };
    let below = below.map_or(0, |entry| segment.base_offset + i64::from(entry.offset));
    let Some(first) = segment.locate(below.max(log_start_offset), size)? else { return Ok(None) };
    let from = first.position;
    let mut scanner = Scanner::new(segment.log(), from, size, SCAN_CHUNK);
    loop {
        let Some((position, batch)) = scanner.next_header()? else { return Ok(None) };
        if batch.max_timestamp() < timestamp || batch.last_offset() < log_start_offset {
            continue;
        }
        if let Some(found) = find_in_batch(segment, position, timestamp, log_start_offset)? {
            return Ok(Some(found));
        }
    }
}

fn find_in_batch(
    segment: &Arc<Segment>,
    position: u32,
    timestamp: i64,
    log_start_offset: i64,
) -> Result<Option<TimestampOffset>, Error> {
    let mut scanner = Scanner::new(segment.log(), position, segment.size(), 0);
    let Some((_, batch)) = scanner.next_batch()? else { return Ok(None) };
    let corrupt = |error| Error::corrupt(segment.log().path(), position.into(), error);
    let records = batch.records(DECOMPRESSED_MAX).map_err(corrupt)?;
    for record in &records {
        let record = record.map_err(corrupt)?;
        if record.timestamp >= timestamp && record.offset >= log_start_offset {
            return Ok(Some(TimestampOffset {
                timestamp: record.timestamp,
                offset: record.offset,
                leader_epoch: batch.partition_leader_epoch(),
            }));
        }
    }
    Ok(None)
}
