//! When a segment is full, and what comes after it (kafka-storage 3.6).

use std::sync::Arc;

use crate::active::Active;
use crate::index::IndexEntry;
use crate::log::Log;
use crate::offset_index::OffsetEntry;
use crate::segment::Segment;
use crate::segments::Segments;
use crate::time_index::TimeEntry;
use crate::{Error, SegmentFile, TopicPartition};

/// What is about to be appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) size: usize,
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) max_timestamp: i64,
}

impl Log {
    /// Starts a new segment if the active one cannot or should not take what comes.
    pub(crate) fn roll_if_due(&mut self, incoming: &Incoming, now_ms: i64) -> Result<bool, Error> {
        let segment = self.active_segment();
        if !self.is_roll_due(&segment, incoming, now_ms)? {
            return Ok(false);
        }
        let lowest = incoming.last_offset.saturating_sub(i64::from(i32::MAX));
        self.roll_at(lowest.max(self.log_end_offset()), now_ms)?;
        Ok(true)
    }

    /// Starts a new segment at the log end, unless the active one is empty. The producer snapshot
    /// and what is left of the indexes are written with the next flush.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn roll(&mut self, now_ms: i64) -> Result<(), Error> {
        self.home().check_open()?;
        if self.active_segment().size() == 0 {
            return Ok(());
        }
        self.roll_at(self.log_end_offset(), now_ms)
    }

    fn is_roll_due(
        &mut self,
        segment: &Arc<Segment>,
        incoming: &Incoming,
        now_ms: i64,
    ) -> Result<bool, Error> {
        let size = segment.size() as usize;
        if !segment.can_hold(incoming.last_offset) {
            return Ok(true);
        }
        if size == 0 {
            return Ok(false);
        }
        let (settings, active) = (&self.settings, &mut self.active);
        let entries_max = |size: usize| settings.segment_index_bytes as usize / size;
        // The time index keeps room for the entry that closing the segment adds.
        let offsets = segment.offsets.len(segment.io(SegmentFile::OffsetIndex))? as usize;
        let times = segment.times.len(segment.io(SegmentFile::TimeIndex))? as usize;
        Ok(size + incoming.size > settings.segment_bytes as usize
            || offsets >= entries_max(OffsetEntry::SIZE)
            || times + 1 >= entries_max(TimeEntry::SIZE)
            || active.age_ms(segment, incoming.max_timestamp, now_ms)?
                > settings.segment_ms.saturating_sub(active.jitter_ms))
    }

    fn roll_at(&mut self, base_offset: i64, now_ms: i64) -> Result<(), Error> {
        let segments = self.shared.segments.load_full();
        let closed = segments.active();
        let next = Arc::new(Segment::new(self.home().clone(), base_offset));
        if closed.size() == 0 {
            // Nothing was written that could hold the place of a segment.
            return self.replace_active(next, now_ms);
        }
        self.active.index_time(closed)?;
        self.snapshot_producers();
        self.rolled.push(closed.clone());
        self.shared.segments.store(Arc::new(segments.with(next)));
        self.active = Active::new(now_ms, self.jitter_ms(base_offset));
        Ok(())
    }

    /// Puts an empty segment in the place of the active one, which holds no records.
    fn replace_active(&mut self, next: Arc<Segment>, now_ms: i64) -> Result<(), Error> {
        // The name of its file is all that tells where an empty log ends.
        next.create_files()?;
        self.directory_changed = true;
        let segments = self.shared.segments.load_full();
        let mut all = segments.all().to_vec();
        if let Some(empty) = all.pop() {
            self.discard(&empty, now_ms)?;
        }
        self.active = Active::new(now_ms, self.jitter_ms(next.base_offset));
        all.push(next);
        self.shared.segments.store(Arc::new(Segments::new(all)));
        Ok(())
    }

    /// What this segment rolls earlier than `segment.ms` says: the same for a segment whenever it
    /// is asked, and spread over partitions and segments.
    pub(crate) fn jitter_ms(&self, base_offset: i64) -> i64 {
        jitter_ms(&self.topic_partition, base_offset, self.settings.segment_jitter_ms)
    }
}

/// A number in `0..max`, from a hash of the other arguments: FNV-1a, and the last steps of
/// SplitMix64 so that the high bits, which decide, depend on all of it.
pub(crate) fn jitter_ms(topic_partition: &TopicPartition, base_offset: i64, max: i64) -> i64 {
    let Ok(max @ 1..) = u64::try_from(max) else { return 0 };
    let partition = topic_partition.partition.to_be_bytes();
    let offset = base_offset.to_be_bytes();
    let bytes = topic_partition.topic.bytes().chain(partition).chain(offset);
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    ((u128::from(hash) * u128::from(max)) >> 64) as i64
}
