//! Removing old segments: by log start, by size, by age, in this order (kafka-storage §5).

use std::fmt;
use std::sync::Arc;

use crate::cleanup::CleanupSettings;
use crate::log::Log;
use crate::read::LogReader;
use crate::segment::Segment;
use crate::segments::Segments;
use crate::{Error, SegmentFile};

/// Segments that were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// How many.
    pub segments: usize,
    /// Bytes of records in them.
    pub bytes: u64,
}

/// Which rule removes a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// It lies below the log start, which DeleteRecords or the leader moved.
    LogStart,
    /// The log is larger than `retention.bytes`.
    Size,
    /// Its largest timestamp is older than `retention.ms`.
    Time,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogStart => "they lie below the log start",
            Self::Size => "the log is larger than retention.bytes",
            Self::Time => "they are older than retention.ms",
        })
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    size: u64,
    /// Base offset of the next segment; the log end for the last one.
    end_offset: i64,
    is_active: bool,
}

/// How many segments from the front may go: those for which `breaches` holds, as long as all of
/// it is below the high watermark. An empty active segment stays.
fn deletable(
    segments: impl IntoIterator<Item = Facts>,
    high_watermark: i64,
    mut breaches: impl FnMut(usize, &Facts) -> Result<bool, Error>,
) -> Result<usize, Error> {
    let mut count = 0;
    for (index, facts) in segments.into_iter().enumerate() {
        let is_empty_active = facts.is_active && facts.size == 0;
        if is_empty_active || high_watermark < facts.end_offset || !breaches(index, &facts)? {
            break;
        }
        count = index + 1;
    }
    Ok(count)
}

fn facts(segments: &Segments, log_end_offset: i64) -> impl Iterator<Item = Facts> {
    let all = segments.all();
    all.iter().enumerate().map(move |(index, segment)| Facts {
        size: segment.size().into(),
        end_offset: all.get(index + 1).map_or(log_end_offset, |next| next.base_offset),
        is_active: index + 1 == all.len(),
    })
}

/// The age a segment has by its largest timestamp, or by its file where no record has one.
/// Negative for timestamps in the future, which keep a segment until they have passed.
fn age_ms(segment: &Arc<Segment>, now_ms: i64) -> Result<i64, Error> {
    let largest = segment.largest_timestamp()?;
    let latest = if largest >= 0 { largest } else { modified_ms(segment)? };
    Ok(now_ms.saturating_sub(latest))
}

/// When the log file of a segment was last written.
pub(crate) fn modified_ms(segment: &Arc<Segment>) -> Result<i64, Error> {
    let path = segment.path(SegmentFile::Log);
    let metadata = segment.home.dir.files().metadata(&path);
    match metadata {
        // Its file comes with its first write.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(i64::MAX),
        metadata => Ok(segment.home.checked(&path, metadata)?.modified_ms),
    }
}

impl LogReader {
    /// Reads what [`Log::delete_old_segments`] will have to know, so that it need not wait for the
    /// disk.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn prepare_expiry(&self, cleanup: &CleanupSettings, now_ms: i64) -> Result<(), Error> {
        if !cleanup.delete || cleanup.retention_ms < 0 {
            return Ok(());
        }
        self.with_segments(|segments| {
            for segment in segments.all() {
                let age_ms = age_ms(segment, now_ms)?;
                if age_ms < 0 && segment.size() > 0 {
                    tracing::warn!(
                        log = %segment.log().path().display(),
                        "a segment has a timestamp {} ms in the future; it is not deleted before \
                         that has passed",
                        age_ms.saturating_neg()
                    );
                }
                if age_ms <= cleanup.retention_ms {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl Log {
    /// Removes the segments that the rules let go, whole and from the front; the log then starts
    /// at the first one that stays. When all of them may go a new one begins first. Files are
    /// renamed now and removed after `file.delete.delay.ms`.
    ///
    /// # Errors
    /// A file cannot be read or renamed.
    pub fn delete_old_segments(
        &mut self,
        cleanup: &CleanupSettings,
        high_watermark: i64,
        now_ms: i64,
    ) -> Result<Expired, Error> {
        self.home().check_open()?;
        let mut expired = Expired::default();
        let log_start_offset = self.log_start_offset();
        let (segments, end) = (self.shared.segments.load_full(), self.log_end_offset());
        let below = deletable(facts(&segments, end), high_watermark, |_, facts| {
            Ok(!facts.is_active && facts.end_offset <= log_start_offset)
        })?;
        self.delete_first(below, Rule::LogStart, &mut expired, now_ms)?;
        if !cleanup.delete {
            return Ok(expired);
        }
        if let Ok(retention) = u64::try_from(cleanup.retention_bytes) {
            let segments = self.shared.segments.load_full();
            let mut excess = self.size().saturating_sub(retention);
            let above = self.size() >= retention;
            let large = deletable(facts(&segments, end), high_watermark, |_, facts| {
                let goes = above && excess >= facts.size;
                excess = excess.saturating_sub(facts.size);
                Ok(goes)
            })?;
            self.delete_first(large, Rule::Size, &mut expired, now_ms)?;
        }
        if cleanup.retention_ms >= 0 {
            let segments = self.shared.segments.load_full();
            let old = deletable(facts(&segments, end), high_watermark, |index, _| {
                Ok(age_ms(&segments.all()[index], now_ms)? > cleanup.retention_ms)
            })?;
            self.delete_first(old, Rule::Time, &mut expired, now_ms)?;
        }
        Ok(expired)
    }

    fn delete_first(
        &mut self,
        count: usize,
        rule: Rule,
        expired: &mut Expired,
        now_ms: i64,
    ) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        if count == self.shared.segments.load().all().len() {
            self.roll(now_ms)?;
        }
        let active = self.active_segment();
        if active.size() == 0 {
            // Perhaps nothing but the name of its file will tell where the log ends.
            active.create_files()?;
            self.directory_changed = true;
        }
        let segments = self.shared.segments.load_full();
        let (gone, kept) = segments.all().split_at(count);
        let Some(kept) = Segments::of(kept) else { return Ok(()) };
        let bytes = gone.iter().map(|segment| u64::from(segment.size())).sum::<u64>();
        let start = kept.first().base_offset;
        self.advance_log_start_offset(start)?;
        self.shared.segments.store(Arc::new(kept));
        self.recovery_point = self.recovery_point.max(start);
        gone.iter().try_for_each(|segment| self.discard(segment, now_ms))?;
        self.rolled.retain(|segment| !segment.is_discarded());
        self.remove_old_snapshots();
        tracing::info!(
            log = %self.path().display(),
            "deleted {count} segments with {bytes} bytes because {rule}; the log now starts at {}",
            self.log_start_offset()
        );
        expired.segments += count;
        expired.bytes += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ends: &[(i64, u64)], high_watermark: i64, breaching: usize, expected: usize) {
        let last = ends.len() - 1;
        let facts = ends.iter().enumerate().map(|(index, &(end_offset, size))| Facts {
            size,
            end_offset,
            is_active: index == last,
        });
        let count = deletable(facts, high_watermark, |index, _| Ok(index < breaching)).unwrap();
        assert_eq!(count, expected);
    }

    #[test]
    fn kafka_storage_5_only_a_front_below_the_high_watermark_goes() {
        let log = [(10, 5), (20, 5), (30, 5), (35, 5)];
        check(&log, 35, 0, 0);
        check(&log, 35, 2, 2);
        check(&log, 35, 4, 4);
        check(&log, 34, 4, 3);
        check(&log, 19, 4, 1);
        check(&log, 9, 4, 0);
    }

    #[test]
    fn kafka_storage_5_an_empty_active_segment_stays() {
        check(&[(10, 5), (10, 0)], 10, 2, 1);
        check(&[(0, 0)], 0, 1, 0);
    }
}
