//! What a follower does about answers that do not continue its log (kafka-semantics E).

use crate::{EpochEndOffset, LeaderEpochs, LogOffsets};

/// Where to cut a follower's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// The log is to end here. Not above its present end.
    pub offset: i64,
    /// Whether the logs agree up to there; else the next fetch tells more.
    pub is_complete: bool,
}

/// How a follower goes on after `OFFSET_OUT_OF_RANGE` (kafka-semantics 67).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfRange {
    /// The leader's log ends before ours, after an unclean election: truncate to its end.
    TruncateTo(i64),
    /// The leader still has what comes next: fetch from there.
    FetchFrom(i64),
    /// The leader's log starts behind our end: drop everything and start there.
    StartOverAt(i64),
}

impl LogOffsets {
    /// Where a follower with this log truncates when its leader says that the epoch in `leader`
    /// ends there (kafka-semantics 64, 65).
    pub fn truncation(
        &self,
        leader: EpochEndOffset,
        own_epochs: &LeaderEpochs,
        high_watermark: i64,
    ) -> Truncation {
        let cut = |offset: i64, is_complete| Truncation {
            offset: offset.min(self.log_end_offset),
            is_complete,
        };
        if leader.end_offset < 0 {
            // The leader knows nothing of our epochs: all that is certain is what is committed.
            return cut(high_watermark, true);
        }
        let own = own_epochs.end_offset_for(leader.epoch, self.log_end_offset);
        if own == EpochEndOffset::UNDEFINED {
            cut(leader.end_offset, true)
        } else if own.epoch != leader.epoch {
            cut(own.end_offset, false)
        } else {
            cut(own.end_offset.min(leader.end_offset), true)
        }
    }

    /// How a follower with this log goes on when what it asked for is out of the leader's range.
    pub fn out_of_range(&self, leader: LogOffsets) -> OutOfRange {
        if leader.log_end_offset < self.log_end_offset {
            OutOfRange::TruncateTo(leader.log_end_offset)
        } else if leader.log_start_offset > self.log_end_offset {
            OutOfRange::StartOverAt(leader.log_start_offset)
        } else {
            OutOfRange::FetchFrom(self.log_end_offset)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EpochEntry;

    fn log(log_start_offset: i64, log_end_offset: i64) -> LogOffsets {
        LogOffsets { log_start_offset, log_end_offset, committable_offset: log_end_offset }
    }

    #[test]
    fn kafka_semantics_64_65_truncation() {
        let own = LeaderEpochs::from_entries(
            [(1, 0), (3, 100), (4, 150)]
                .map(|(epoch, start_offset)| EpochEntry { epoch, start_offset }),
        );
        let truncation = |epoch, end_offset| {
            let cut = log(0, 180).truncation(EpochEndOffset { epoch, end_offset }, &own, 90);
            (cut.offset, cut.is_complete)
        };
        assert_eq!(truncation(3, 120), (120, true), "the leader's epoch ended earlier");
        assert_eq!(truncation(3, 170), (150, true), "our epoch ended earlier");
        assert_eq!(truncation(2, 90), (100, false), "an epoch we lack: where its elders end");
        assert_eq!(truncation(-1, -1), (90, true), "the high watermark");
        assert_eq!(truncation(9, 500), (180, true), "not beyond the end");
    }

    #[test]
    fn kafka_semantics_67_out_of_range() {
        assert_eq!(log(0, 180).out_of_range(log(0, 120)), OutOfRange::TruncateTo(120));
        assert_eq!(log(0, 180).out_of_range(log(100, 200)), OutOfRange::FetchFrom(180));
        assert_eq!(log(0, 180).out_of_range(log(190, 200)), OutOfRange::StartOverAt(190));
    }
}
