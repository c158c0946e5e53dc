//! What a cleaning would cover, and how segments are put together: decisions without a file.

use std::cmp::Ordering;

use crate::cleanup::CleanupSettings;

/// A segment as planning sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) base_offset: i64,
    pub(crate) size: u64,
    /// Bytes of its offset index.
    pub(crate) offset_index: u64,
    /// Bytes of its time index.
    pub(crate) time_index: u64,
}

impl Piece {
    pub(crate) fn new(base_offset: i64, size: u64) -> Self {
        Self { base_offset, size, offset_index: 0, time_index: 0 }
    }
}

/// The offsets of a log that planning goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) log_start_offset: i64,
    pub(crate) log_end_offset: i64,
    pub(crate) last_stable_offset: i64,
    /// Up to where it was cleaned, if it ever was.
    pub(crate) cleaned_up_to: Option<i64>,
}

/// What a cleaning of a log would cover.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cleanable {
    /// The first offset whose key is not known to be the last of its kind.
    pub first_dirty_offset: i64,
    /// Base offset of the first segment that is left alone.
    pub first_uncleanable_offset: i64,
    /// Bytes of the segments between the two.
    pub cleanable_bytes: u64,
    /// Those, and the bytes of what was cleaned before.
    pub total_bytes: u64,
    /// Whether `max.compaction.lag.ms` asks for a cleaning now.
    pub overdue: bool,
}

impl Cleanable {
    /// Share of what would be cleaned that is dirty: 0 to 1.
    pub fn dirty_ratio(&self) -> f64 {
        match self.total_bytes {
            0 => 0.0,
            total => self.cleanable_bytes as f64 / total as f64,
        }
    }

    /// Whether the log is to be cleaned (kafka-storage 6.2).
    pub fn is_due(&self, cleanup: &CleanupSettings) -> bool {
        self.total_bytes > 0
            && (self.overdue && self.cleanable_bytes > 0
                || self.dirty_ratio() > cleanup.min_cleanable_dirty_ratio)
    }

    /// Orders by dirt: the greatest is cleaned first.
    pub fn cmp_dirt(&self, other: &Self) -> Ordering {
        self.dirty_ratio().total_cmp(&other.dirty_ratio())
    }
}

/// The segments from the one that holds `offset` on.
fn starting_at(pieces: &[Piece], offset: i64) -> &[Piece] {
    let after = pieces.partition_point(|piece| piece.base_offset <= offset);
    &pieces[after.saturating_sub(1)..]
}

/// Where a log is dirty from; also whether the checkpoint is of no use and to be replaced.
pub(crate) fn first_dirty_offset(bounds: &Bounds) -> (i64, bool) {
    let start = bounds.log_start_offset;
    match bounds.cleaned_up_to {
        None => (start, false),
        Some(offset) if offset < start || offset > bounds.log_end_offset => (start, true),
        Some(offset) => (offset, false),
    }
}

/// What a cleaning would cover (kafka-storage 6.1, 6.2). `closed` are the segments but for the
/// active one, which begins at `active_base_offset`. `too_young` tells the first of the dirty
/// closed segments that `min.compaction.lag.ms` protects.
pub(crate) fn cleanable(
    closed: &[Piece],
    active_base_offset: i64,
    bounds: &Bounds,
    too_young: Option<i64>,
    overdue: bool,
) -> Cleanable {
    let (first_dirty_offset, _) = first_dirty_offset(bounds);
    let limit = bounds.last_stable_offset.min(active_base_offset);
    let limit = too_young.map_or(limit, |offset| limit.min(offset)).max(first_dirty_offset);
    // The segment with the first offset that must stay is left alone as a whole.
    let first_uncleanable_offset = match limit > active_base_offset {
        true => active_base_offset,
        false => starting_at(closed, limit)
            .first()
            .filter(|piece| limit < active_base_offset || piece.base_offset > limit)
            .map_or(active_base_offset, |piece| piece.base_offset),
    };
    let bytes = |pieces: &[Piece]| pieces.iter().map(|piece| piece.size).sum::<u64>();
    let end = first_uncleanable_offset.max(first_dirty_offset);
    let dirty = match end > first_dirty_offset {
        true => starting_at(closed, first_dirty_offset),
        false => &[],
    };
    let dirty = &dirty[..dirty.partition_point(|piece| piece.base_offset < end)];
    let clean = &closed[..closed.partition_point(|piece| piece.base_offset < first_dirty_offset)];
    let cleanable_bytes = bytes(dirty);
    Cleanable {
        first_dirty_offset,
        first_uncleanable_offset,
        cleanable_bytes,
        total_bytes: bytes(clean) + cleanable_bytes,
        overdue,
    }
}

/// The limits of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentLimits {
    pub(crate) segment_bytes: u64,
    pub(crate) index_bytes: u64,
}

/// How many segments go into each new one, in order (kafka-storage 6.4): as many as fit into one
/// segment even if all of their records stay.
pub(crate) fn groups(
    pieces: &[Piece],
    limits: SegmentLimits,
    first_uncleanable_offset: i64,
) -> Vec<usize> {
    let mut groups = Vec::new();
    let mut rest = pieces;
    while let Some((first, following)) = rest.split_first() {
        let mut sum = *first;
        let mut count = 1;
        for (index, piece) in following.iter().enumerate() {
            let end = following.get(index + 1).map_or(first_uncleanable_offset, |p| p.base_offset);
            let fits = sum.size + piece.size <= limits.segment_bytes
                && sum.offset_index + piece.offset_index <= limits.index_bytes
                && sum.time_index + piece.time_index <= limits.index_bytes
                && (piece.size == 0 || end - 1 - first.base_offset <= i64::from(i32::MAX));
            if !fits {
                break;
            }
            sum.size += piece.size;
            sum.offset_index += piece.offset_index;
            sum.time_index += piece.time_index;
            count += 1;
        }
        groups.push(count);
        rest = &rest[count..];
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(start: i64, end: i64, stable: i64, cleaned: Option<i64>) -> Bounds {
        Bounds {
            log_start_offset: start,
            log_end_offset: end,
            last_stable_offset: stable,
            cleaned_up_to: cleaned,
        }
    }

    /// Closed segments at 0, 10, 20, 30 of 100 bytes each; the active one begins at 40.
    fn log() -> Vec<Piece> {
        (0..4).map(|index| Piece::new(index * 10, 100)).collect()
    }

    fn check(bounds: Bounds, too_young: Option<i64>, expected: (i64, i64, u64, u64)) {
        let found = cleanable(&log(), 40, &bounds, too_young, false);
        let found = (
            found.first_dirty_offset,
            found.first_uncleanable_offset,
            found.cleanable_bytes,
            found.total_bytes,
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn kafka_storage_6_1_dirty_from_the_checkpoint_or_the_log_start() {
        check(bounds(0, 50, 50, None), None, (0, 40, 400, 400));
        check(bounds(0, 50, 50, Some(20)), None, (20, 40, 200, 400));
        check(bounds(5, 50, 50, None), None, (5, 40, 400, 500));
        for invalid in [4, 51] {
            let bounds = bounds(5, 50, 50, Some(invalid));
            assert_eq!(first_dirty_offset(&bounds), (5, true));
            check(bounds, None, (5, 40, 400, 500));
        }
        assert_eq!(first_dirty_offset(&bounds(0, 50, 50, Some(50))), (50, false));
        check(bounds(0, 50, 50, Some(45)), None, (45, 40, 0, 400));
    }

    #[test]
    fn kafka_storage_6_1_uncleanable_from_the_first_segment_that_must_stay() {
        check(bounds(0, 50, 40, None), None, (0, 40, 400, 400));
        check(bounds(0, 50, 39, None), None, (0, 30, 300, 300));
        check(bounds(0, 50, 20, None), None, (0, 20, 200, 200));
        check(bounds(0, 50, 0, None), None, (0, 0, 0, 0));
        check(bounds(0, 50, 50, None), Some(10), (0, 10, 100, 100));
        check(bounds(0, 50, 15, Some(20)), Some(30), (20, 20, 0, 200));
        let none = cleanable(&[], 0, &bounds(0, 5, 5, None), None, false);
        assert_eq!((none.first_uncleanable_offset, none.total_bytes), (0, 0));
    }

    #[test]
    fn kafka_storage_6_2_due_above_the_ratio_or_when_overdue() {
        let cleanup = CleanupSettings { min_cleanable_dirty_ratio: 0.5, ..Default::default() };
        let found = |cleaned| cleanable(&log(), 40, &bounds(0, 50, 50, cleaned), None, false);
        assert!(!found(Some(20)).is_due(&cleanup), "half is not above half");
        assert!(found(Some(10)).is_due(&cleanup));
        let overdue = Cleanable { overdue: true, ..found(Some(30)) };
        assert!(overdue.is_due(&cleanup));
        assert!(!Cleanable { overdue: true, ..found(Some(40)) }.is_due(&cleanup));
        let none = CleanupSettings { min_cleanable_dirty_ratio: 0.0, ..cleanup };
        assert!(!cleanable(&[], 0, &bounds(0, 0, 0, None), None, true).is_due(&none));
        assert_eq!(found(Some(10)).cmp_dirt(&found(Some(20))), Ordering::Greater);
    }

    fn limits(segment_bytes: u64) -> SegmentLimits {
        SegmentLimits { segment_bytes, index_bytes: 1000 }
    }

    #[test]
    fn kafka_storage_6_4_groups_fit_into_one_segment() {
        assert_eq!(groups(&log(), limits(1000), 40), [4]);
        assert_eq!(groups(&log(), limits(250), 40), [2, 2]);
        assert_eq!(groups(&log(), limits(50), 40), [1, 1, 1, 1]);
        assert!(groups(&[], limits(50), 40).is_empty());
        let indexed: Vec<Piece> =
            log().into_iter().map(|piece| Piece { offset_index: 400, ..piece }).collect();
        assert_eq!(groups(&indexed, limits(1000), 40), [2, 2]);
        let timed: Vec<Piece> =
            log().into_iter().map(|piece| Piece { time_index: 900, ..piece }).collect();
        assert_eq!(groups(&timed, limits(1000), 40), [1, 1, 1, 1]);
    }

    #[test]
    fn kafka_storage_6_4_offsets_of_a_group_fit_its_indexes() {
        let far = i64::from(i32::MAX);
        let pieces = [Piece::new(0, 10), Piece::new(10, 10), Piece::new(20, 10)];
        assert_eq!(groups(&pieces, limits(1000), far + 1), [3]);
        assert_eq!(groups(&pieces, limits(1000), far + 2), [2, 1]);
        let empty = [pieces[0], Piece::new(far + 5, 0), Piece::new(far + 9, 10)];
        assert_eq!(groups(&empty, limits(1000), far + 99), [2, 1]);
    }
}
