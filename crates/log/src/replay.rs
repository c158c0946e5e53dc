//! Rebuilding what is known of producers from the log.

use std::sync::Arc;

use records::BatchHeader;
use replica::ProducerStates;

use crate::Error;
use crate::append::marker_of;
use crate::scan::{SCAN_CHUNK, Scanner};
use crate::segment::Segment;
use crate::segments::Segments;

/// Takes the batches from where `producers` ends (but not below `from`) up to `to` into it. Where a
/// segment is corrupt, the rest of it is left out.
pub(crate) fn producers(
    producers: &mut ProducerStates,
    segments: &Segments,
    from: i64,
    to: i64,
) -> Result<(), Error> {
    let from = from.max(producers.end_offset());
    if from >= to {
        return Ok(());
    }
    for segment in segments.starting_at(from) {
        let size = segment.size();
        if segment.base_offset >= to || size == 0 {
            continue;
        }
        let start = match segment.base_offset < from {
            true => match segment.locate(from, size) {
                Err(Error::Corrupt { .. }) => 0,
                found => found?.map_or(size, |batch| batch.position),
            },
            false => 0,
        };
        match of_segment(producers, segment, start, size, to) {
            Err(error @ Error::Corrupt { .. }) => {
                tracing::error!("{error}; what it told of producers is not known any more");
            }
            result => result?,
        }
    }
    Ok(())
}

fn of_segment(
    producers: &mut ProducerStates,
    segment: &Arc<Segment>,
    start: u32,
    size: u32,
    to: i64,
) -> Result<(), Error> {
    let mut scanner = Scanner::new(segment.log(), start, size, SCAN_CHUNK);
    while let Some((position, header)) = scanner.next_header()? {
        if header.base_offset() >= to {
            return Ok(());
        }
        if !is_marker(&header) {
            producers.append(&header);
            continue;
        }
        let mut whole = Scanner::new(segment.log(), position, size, 0);
        if let Some((_, batch)) = whole.next_batch()? {
            let marker = marker_of(&batch)
                .map_err(|error| Error::corrupt(segment.log().path(), position.into(), error))?;
            match marker {
                Some(marker) => _ = producers.complete(&batch, marker),
                None => producers.append(&batch),
            }
        }
    }
    Ok(())
}

fn is_marker(batch: &BatchHeader<'_>) -> bool {
    batch.is_control() && batch.has_producer_id()
}
