//! Looking at a log for what a cleaning would cover.

use std::sync::Arc;

use super::plan::{self, Bounds, Cleanable, Piece};
use crate::Error;
use crate::cleanup::CleanupSettings;
use crate::log::Log;
use crate::scan::{LOOKUP_CHUNK, Scanner};
use crate::segment::Segment;
use crate::segments::Segments;

/// A log as it is now. Taken under the partition's lock; looked at elsewhere.
#[derive(Debug)]
pub struct Survey {
    segments: Arc<Segments>,
    bounds: Bounds,
}

impl Log {
    /// Looks at the log as it is now. Nothing at or above the last stable offset is cleaned.
    pub fn survey(&self, last_stable_offset: i64) -> Survey {
        Survey {
            segments: self.shared.segments.load_full(),
            bounds: Bounds {
                log_start_offset: self.log_start_offset(),
                log_end_offset: self.log_end_offset(),
                last_stable_offset,
                cleaned_up_to: self.cleaned_up_to,
            },
        }
    }
}

impl Survey {
    /// What a cleaning would cover now (kafka-storage 6.1, 6.2). Reads timestamps from the disk
    /// where the lags ask for them.
    ///
    /// # Errors
    /// A file cannot be read, or is corrupt.
    pub fn cleanable(&self, cleanup: &CleanupSettings, now_ms: i64) -> Result<Cleanable, Error> {
        let (first_dirty_offset, is_invalid) = plan::first_dirty_offset(&self.bounds);
        let Some((active, closed)) = self.segments.all().split_last() else {
            unreachable!("a log has at least one segment");
        };
        if is_invalid && !cleanup.delete {
            tracing::warn!(
                log = %active.home.path().display(),
                "cleaning begins at the log start, {first_dirty_offset}, since the log does not \
                 contain the offset it was cleaned up to ({:?})",
                self.bounds.cleaned_up_to
            );
        }
        let dirty = match first_dirty_offset <= active.base_offset {
            true => {
                let after =
                    closed.partition_point(|segment| segment.base_offset <= first_dirty_offset);
                let holds = first_dirty_offset < active.base_offset;
                &closed[if holds { after.saturating_sub(1) } else { after }..]
            }
            false => &[],
        };
        let pieces: Vec<Piece> = closed.iter().map(|segment| piece(segment)).collect();
        Ok(plan::cleanable(
            &pieces,
            active.base_offset,
            &self.bounds,
            first_too_young(dirty, cleanup, now_ms)?,
            is_overdue(dirty, cleanup, now_ms)?,
        ))
    }
}

fn piece(segment: &Segment) -> Piece {
    Piece::new(segment.base_offset, segment.size().into())
}

/// The first segment that has a timestamp `min.compaction.lag.ms` protects.
fn first_too_young(
    dirty: &[Arc<Segment>],
    cleanup: &CleanupSettings,
    now_ms: i64,
) -> Result<Option<i64>, Error> {
    if cleanup.min_compaction_lag_ms <= 0 {
        return Ok(None);
    }
    let protected = now_ms.saturating_sub(cleanup.min_compaction_lag_ms);
    for segment in dirty {
        let largest = segment.largest_timestamp()?;
        let latest = if largest >= 0 { largest } else { crate::retention::modified_ms(segment)? };
        if latest > protected {
            return Ok(Some(segment.base_offset));
        }
    }
    Ok(None)
}

/// Whether `max.compaction.lag.ms` has passed since the oldest of these segments began.
fn is_overdue(
    dirty: &[Arc<Segment>],
    cleanup: &CleanupSettings,
    now_ms: i64,
) -> Result<bool, Error> {
    if cleanup.max_compaction_lag_ms == i64::MAX {
        return Ok(false);
    }
    let limit = now_ms.saturating_sub(cleanup.max_compaction_lag_ms.max(0));
    for segment in dirty {
        let mut scanner = Scanner::new(segment.log(), 0, segment.size(), LOOKUP_CHUNK);
        let first = scanner.next_header()?.map(|(_, batch)| batch.max_timestamp());
        if first.is_some_and(|timestamp| timestamp > 0 && timestamp < limit) {
            return Ok(true);
        }
    }
    Ok(false)
}
