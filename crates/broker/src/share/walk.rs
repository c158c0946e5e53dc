//! Looks at the batches in a stretch of a log file, one header after the other.

use std::io;

use records::{BatchHeader, BatchView, ControlType, Error, layout};
use share::partition::FetchedBatch;
use wire::FileRange;

/// Bytes read at a time: the headers of many small batches, or of one large one.
const CHUNK: usize = 8 * 1024;
/// A marker of a transaction has a few dozen bytes.
const MARKER_BYTES_MAX: usize = 1_024;

/// Batches of a file range, and where each ends in it.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The batches.
    pub(super) batches: Vec<FetchedBatch>,
    /// Where the first batch begins and each ends, from the range's beginning on.
    ends: Vec<u64>,
}

/// Looks at batches until one ends behind `until`, or the range does. A batch that is cut off does not
/// count. Whether markers abort is looked at for readers of committed records only.
pub(super) fn walk(range: &FileRange, until: i64, reads_markers: bool) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let mut window = Window { range, from: 0, bytes: Vec::new() };
    let mut position = 0;
    while position + layout::UP_TO_MAGIC as u64 <= range.len {
        let bytes = window.at(position, layout::BATCH_OVERHEAD)?;
        let Some(header) = BatchHeader::parse(bytes).map_err(corrupt)? else { break };
        let size = header.size() as u64;
        if position + size > range.len {
            break;
        }
        let (base_offset, last_offset) = (header.base_offset(), header.last_offset());
        let (is_transactional, is_control) = (header.is_transactional(), header.is_control());
        let producer_id = header.has_producer_id().then(|| header.producer_id());
        let is_abort_marker = reads_markers
            && is_control
            && size as usize <= MARKER_BYTES_MAX
            && aborts(window.at(position, size as usize)?);
        walked.batches.push(FetchedBatch {
            base_offset,
            last_offset,
            producer_id,
            is_transactional,
            is_abort_marker,
        });
        position += size;
        walked.ends.push(position);
        if last_offset > until {
            break;
        }
    }
    Ok(walked)
}

impl Walked {
    /// The part of the range that holds offsets between two.
    pub(super) fn slice(&self, range: &FileRange, first: i64, last: i64) -> FileRange {
        let from = self.batches.partition_point(|batch| batch.last_offset < first);
        let to = self.batches.partition_point(|batch| batch.base_offset <= last);
        let end_of = |count: usize| match count.checked_sub(1) {
            Some(place) => self.ends.get(place).copied().unwrap_or(0),
            None => 0,
        };
        let (begin, end) = (end_of(from), end_of(to));
        FileRange {
            source: range.source.clone(),
            offset: range.offset + begin,
            len: end.saturating_sub(begin),
        }
    }
}

/// A part of the range in memory.
struct Window<'a> {
    range: &'a FileRange,
    from: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// `len` bytes from a position on, fewer at the end of the range.
    fn at(&mut self, position: u64, len: usize) -> io::Result<&[u8]> {
        let len = len.min((self.range.len - position) as usize);
        let end = self.from + self.bytes.len() as u64;
        if position < self.from || position + len as u64 > end {
            let wanted = len.max(CHUNK).min((self.range.len - position) as usize);
            self.bytes.resize(wanted, 0);
            self.range.source.read_range(self.range.offset + position, &mut self.bytes)?;
            self.from = position;
        }
        let begin = (position - self.from) as usize;
        Ok(&self.bytes[begin..begin + len])
    }
}

fn corrupt(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// Whether a control batch is the marker of an aborted transaction. What cannot be read is none: its
/// records go to consumers, who look at them themselves.
fn aborts(bytes: &[u8]) -> bool {
    let Ok(Some(batch)) = BatchView::first(bytes) else { return false };
    let Ok(records) = batch.records(MARKER_BYTES_MAX) else { return false };
    let Some(Ok(first)) = (&records).into_iter().next() else { return false };
    let key = first.key.map(ControlType::of_key);
    matches!(key, Some(Ok(Some(ControlType::Abort))))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use records::{BatchBuilder, EndTxnMarker};
    use wire::RangeSource;

    use super::*;

    #[derive(Debug)]
    struct Memory(Vec<u8>);

    impl RangeSource for Memory {
        fn read_range(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            let from = offset as usize;
            buffer.copy_from_slice(&self.0[from..from + buffer.len()]);
            Ok(())
        }
    }

    fn at_offset(batch: &[u8], base_offset: i64) -> Vec<u8> {
        let mut batch = batch.to_vec();
        batch[..8].copy_from_slice(&base_offset.to_be_bytes());
        batch
    }

    fn some_log() -> Vec<u8> {
        let mut log = vec![0xaa; 100];
        for (base_offset, value_len) in [(10, 5), (12, 20_000), (14, 5)] {
            let mut builder = BatchBuilder::new(base_offset);
            for _ in 0..2 {
                builder.push_key_value(1, None, Some(&vec![7; value_len]));
            }
            log.extend(builder.build());
        }
        let marker = EndTxnMarker { committed: false, coordinator_epoch: 0 };
        log.extend(at_offset(&marker.batch(9, 0, 1), 16));
        log
    }

    #[test]
    fn batches_are_found_and_sliced() {
        let log = some_log();
        let len = log.len() as u64 - 100;
        let range = FileRange { source: Arc::new(Memory(log.clone())), offset: 100, len };
        let walked = walk(&range, i64::MAX, true).expect("walked");
        let offsets: Vec<_> =
            walked.batches.iter().map(|b| (b.base_offset, b.last_offset)).collect();
        assert_eq!(offsets, [(10, 11), (12, 13), (14, 15), (16, 16)]);
        let markers: Vec<_> = walked.batches.iter().map(|b| b.is_abort_marker).collect();
        assert_eq!(markers, [false, false, false, true]);
        assert_eq!(walked.slice(&range, 10, 16), range);
        let middle = walked.slice(&range, 13, 13);
        let first = BatchHeader::parse(&log[middle.offset as usize..]).expect("valid");
        let first = first.expect("whole");
        assert_eq!((first.base_offset(), first.size() as u64), (12, middle.len));
        let until = walk(&range, 12, false).expect("walked");
        assert_eq!(until.batches.len(), 2);
        let cut = FileRange { len: len - 1, ..range };
        assert_eq!(walk(&cut, i64::MAX, true).expect("walked").batches.len(), 3);
    }
}
