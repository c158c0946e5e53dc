//! Rebuilding indexes that were seen to contradict their log.

use std::sync::Arc;

use crate::active::Active;
use crate::log::Log;
use crate::recovery::cut_file;
use crate::scan::{SCAN_CHUNK, Scanner};
use crate::segment::Segment;
use crate::segments::Segments;
use crate::{Error, LogSettings, SegmentFile};

/// Work for the disk: [`run`](Self::run) it where waiting does no harm, then hand what it gives to
/// [`Log::repaired`].
#[derive(Debug)]
#[must_use]
pub struct RepairJob {
    segments: Vec<Arc<Segment>>,
    settings: Arc<LogSettings>,
}

/// Segments with new indexes, from a [`RepairJob`].
#[derive(Debug)]
#[must_use]
pub struct Repaired(Vec<(Arc<Segment>, Arc<Segment>)>);

impl RepairJob {
    /// Reads the segments and writes their indexes anew.
    ///
    /// # Errors
    /// [`Error::Io`]: the log directory is offline.
    pub fn run(self) -> Result<Repaired, Error> {
        let repair = |segment: Arc<Segment>| {
            let rebuilt = rebuild_indexes(&segment, &self.settings)?;
            Ok((segment, rebuilt))
        };
        self.segments.into_iter().map(repair).collect::<Result<_, Error>>().map(Repaired)
    }
}

impl Log {
    /// What is to be done about closed segments whose indexes contradict the log: reads go on
    /// without them meanwhile, slowly. `None` if all is well.
    pub fn repair(&self) -> Option<RepairJob> {
        let segments = self.shared.segments.load();
        let (_, closed) = segments.all().split_last()?;
        let suspect: Vec<_> = closed.iter().filter(|segment| segment.is_suspect()).collect();
        (!suspect.is_empty()).then(|| RepairJob {
            segments: suspect.into_iter().cloned().collect(),
            settings: self.settings.clone(),
        })
    }

    /// Puts repaired segments in the place of the old ones, as far as these are still there.
    pub fn repaired(&mut self, Repaired(repaired): Repaired) {
        let segments = self.shared.segments.load_full();
        let replaced = segments.all().iter().map(|segment| {
            let rebuilt = repaired.iter().find(|(old, _)| Arc::ptr_eq(old, segment));
            rebuilt.map_or(segment, |(_, rebuilt)| rebuilt).clone()
        });
        self.shared.segments.store(Arc::new(Segments::new(replaced.collect())));
    }
}

/// Makes the indexes of a closed segment anew from its batches. A segment that does not hold
/// together is indexed as far as it does.
pub(crate) fn rebuild_indexes(
    segment: &Arc<Segment>,
    settings: &LogSettings,
) -> Result<Arc<Segment>, Error> {
    cut_file(segment, SegmentFile::OffsetIndex, 0)?;
    cut_file(segment, SegmentFile::TimeIndex, 0)?;
    let rebuilt = Arc::new(segment.reindexed());
    let mut active = Active::new(0, 0);
    let mut scanner = Scanner::new(segment.log(), 0, segment.size(), SCAN_CHUNK);
    let mut next_offset = segment.base_offset;
    loop {
        match scanner.next_header() {
            Ok(Some((position, batch))) => {
                active.appended(&rebuilt, &batch, position, settings.index_interval_bytes)?;
                next_offset = batch.next_offset();
            }
            Ok(None) => break,
            Err(error @ Error::Corrupt { .. }) => {
                tracing::error!("{error}; records from offset {next_offset} on cannot be read");
                break;
            }
            Err(error) => return Err(error),
        }
    }
    active.index_time(&rebuilt)?;
    rebuilt.create_files()?;
    rebuilt.offsets.write_out(rebuilt.io(SegmentFile::OffsetIndex))?;
    rebuilt.times.write_out(rebuilt.io(SegmentFile::TimeIndex))?;
    rebuilt.offsets.release();
    rebuilt.times.release();
    rebuilt.publish(next_offset, segment.size());
    rebuilt.set_has_aborted(segment.has_aborted());
    segment.close_files();
    Ok(rebuilt)
}
