//! Rebuilding indexes that were seen to contradict their log.

use std::sync::Arc;

use crate::log::Log;
use crate::recovery::rebuild_indexes;
use crate::segment::Segment;
use crate::segments::Segments;
use crate::{Error, LogSettings};

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
