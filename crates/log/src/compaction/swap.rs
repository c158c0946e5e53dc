//! Putting a cleaned segment in the place of its sources (kafka-storage 3.6).

use std::sync::Arc;

use super::output::remove_files;
use crate::log::Log;
use crate::segment::Segment;
use crate::segments::Segments;
use crate::{Error, SegmentFileStage};

/// A cleaned segment that is on the disk, and the segments it stands for.
#[derive(Debug)]
#[must_use]
pub struct Replacement {
    pub(crate) cleaned: Arc<Segment>,
    pub(crate) sources: Vec<Arc<Segment>>,
    /// How often the log was truncated when it was begun.
    pub(crate) truncations: u64,
    is_done: bool,
}

impl Replacement {
    pub(crate) fn new(cleaned: Arc<Segment>, sources: Vec<Arc<Segment>>, truncations: u64) -> Self {
        Self { cleaned, sources, truncations, is_done: false }
    }

    /// Makes the new names durable. Waits for the disk.
    ///
    /// # Errors
    /// [`Error::Io`]: the log directory is offline.
    pub fn sync(&self) -> Result<(), Error> {
        let home = &self.cleaned.home;
        let path = home.path();
        home.checked(&path, home.dir.files().sync_dir(&path))
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_done {
            remove_files(&self.cleaned);
        }
    }
}

impl Log {
    /// Lets a cleaned segment take the place of its sources; whether it did, which it does not when
    /// the log was truncated, or its front deleted, since the cleaning began.
    ///
    /// File systems keep the order of renames within a directory, so a crash leaves one of these:
    /// the sources; the cleaned segment as `.swap` beside some of its sources, which the next start
    /// removes; the cleaned segment.
    ///
    /// # Errors
    /// A file cannot be renamed.
    pub fn replace_segments(
        &mut self,
        replacement: &mut Replacement,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.home().check_open()?;
        let segments = self.shared.segments.load_full();
        let Some(range) = find(&segments, &replacement.sources) else { return Ok(false) };
        if replacement.truncations != self.home().written().truncations {
            return Ok(false);
        }
        let cleaned = replacement.cleaned.clone();
        let (before, after) = (&segments.all()[..range.start], &segments.all()[range.end..]);
        let all = before.iter().chain([&cleaned]).chain(after).cloned().collect();
        cleaned.rename(SegmentFileStage::Swap)?;
        replacement.is_done = true;
        // Readers first: who finds a source gone looks at the new list.
        self.shared.segments.store(Arc::new(Segments::new(all)));
        for source in &replacement.sources {
            self.discard(source, now_ms)?;
        }
        cleaned.rename(SegmentFileStage::Live)?;
        self.rolled.retain(|segment| !segment.is_discarded());
        self.remove_old_snapshots();
        Ok(true)
    }
}

/// Where the sources are in the log, if they all still are, one after the other.
fn find(segments: &Segments, sources: &[Arc<Segment>]) -> Option<std::ops::Range<usize>> {
    let first = sources.first()?;
    let all = segments.all();
    let start = all.iter().position(|segment| Arc::ptr_eq(segment, first))?;
    let range = start..start + sources.len();
    let found = all.get(range.clone())?;
    let same = found.iter().zip(sources).all(|(found, source)| Arc::ptr_eq(found, source));
    // The active segment is never a source.
    (same && range.end < all.len()).then_some(range)
}
