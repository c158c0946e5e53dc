//! Which leader epoch began at which offset (kafka-semantics E).

/// The start of a leader epoch in the log: one line of `leader-epoch-checkpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEntry {
    /// The epoch, 0 or more.
    pub epoch: i32,
    /// Offset of its first record.
    pub start_offset: i64,
}

/// An epoch and the offset after its last record, as `OffsetForLeaderEpoch` answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEndOffset {
    /// The epoch, -1 when unknown.
    pub epoch: i32,
    /// The offset after its last record, -1 when unknown.
    pub end_offset: i64,
}

impl EpochEndOffset {
    /// The answer for an epoch that the log knows nothing about.
    pub const UNDEFINED: Self = Self { epoch: -1, end_offset: -1 };
}

/// The leader epochs of one log, ascending in both epoch and start offset.
///
/// ```text
/// entries:   (0, 0)      (3, 120)        (4, 150)
/// log:       |--epoch 0--|----epoch 3----|--epoch 4--> log end offset
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochs {
    /// The epochs of a checkpoint. Entries that contradict a later one are dropped.
    pub fn from_entries(entries: impl IntoIterator<Item = EpochEntry>) -> Self {
        let mut epochs = Self::default();
        for entry in entries {
            epochs.assign(entry.epoch, entry.start_offset);
        }
        epochs
    }

    /// All entries, ascending: what the checkpoint holds.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// Notes that `epoch` begins at `start_offset`, unless it is the latest already; drops the
    /// entries that contradict this. Whether anything changed, so that the checkpoint is due.
    /// Negative epochs and offsets say nothing and change nothing.
    pub fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        let known = self
            .latest()
            .is_some_and(|last| last.epoch == epoch && start_offset >= last.start_offset);
        if known || epoch < 0 || start_offset < 0 {
            return false;
        }
        let contradicts =
            |entry: &EpochEntry| entry.epoch >= epoch || entry.start_offset >= start_offset;
        while self.entries.pop_if(|entry| contradicts(entry)).is_some() {}
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// The latest epoch that has records.
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// The earliest epoch that still has records.
    pub fn earliest(&self) -> Option<EpochEntry> {
        self.entries.first().copied()
    }

    /// The epoch before `epoch` that has records.
    pub fn previous(&self, epoch: i32) -> Option<EpochEntry> {
        let end = self.entries.partition_point(|entry| entry.epoch < epoch);
        self.entries[..end].last().copied()
    }

    /// The epoch of the record at `offset`.
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        let end = self.entries.partition_point(|entry| entry.start_offset <= offset);
        self.entries[..end].last().map(|entry| entry.epoch)
    }

    /// The largest epoch up to `epoch` and its end offset (kafka-semantics 63): the start of the
    /// next epoch, or the log end for the latest. For an epoch older than all known the start of
    /// the first known one, since what was before is gone; undefined for epochs of the future.
    pub fn end_offset_for(&self, epoch: i32, log_end_offset: i64) -> EpochEndOffset {
        if epoch < 0 {
            return EpochEndOffset::UNDEFINED;
        }
        if self.latest().is_some_and(|last| last.epoch == epoch) {
            return EpochEndOffset { epoch, end_offset: log_end_offset };
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(next) = self.entries.get(higher) else { return EpochEndOffset::UNDEFINED };
        let floor = self.entries[..higher].last();
        EpochEndOffset {
            epoch: floor.map_or(epoch, |entry| entry.epoch),
            end_offset: next.start_offset,
        }
    }

    /// How far a log with these epochs that ends at `log_end_offset` agrees with another one, of
    /// the same partition, that ends at `other_end_offset`: what lies at and above is to be
    /// truncated here (kafka-semantics 64). Records without an epoch count as agreeing.
    pub fn common_end(&self, log_end_offset: i64, other: &Self, other_end_offset: i64) -> i64 {
        let mut end = log_end_offset;
        // Each turn goes to an earlier epoch.
        while let Some(entry) =
            self.entries[..self.entries.partition_point(|e| e.start_offset < end)].last()
        {
            let others = other.end_offset_for(entry.epoch, other_end_offset);
            if others.epoch == entry.epoch {
                return end.min(others.end_offset);
            }
            end = match others {
                EpochEndOffset::UNDEFINED => entry.start_offset,
                earlier => entry.start_offset.min(earlier.end_offset),
            };
        }
        end.min(other_end_offset)
    }

    /// The log now ends at `end_offset`: drops the epochs that begin there or later. Whether
    /// anything changed.
    pub fn truncate_from_end(&mut self, end_offset: i64) -> bool {
        let kept = self.entries.partition_point(|entry| entry.start_offset < end_offset);
        let changed = end_offset >= 0 && kept < self.entries.len();
        if changed {
            self.entries.truncate(kept);
        }
        changed
    }

    /// The log now starts at `start_offset`: drops the epochs that end there or before, and lets
    /// the one that holds it begin there. Whether anything changed.
    pub fn truncate_from_start(&mut self, start_offset: i64) -> bool {
        let covered = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(last_covered) = covered.checked_sub(1) else { return false };
        let first = &mut self.entries[last_covered];
        let changed = last_covered > 0 || first.start_offset != start_offset;
        first.start_offset = start_offset;
        self.entries.drain(..last_covered);
        changed
    }

    /// Forgets everything, as when a log starts over.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        LeaderEpochs::from_entries(
            entries.iter().map(|&(epoch, start_offset)| EpochEntry { epoch, start_offset }),
        )
    }

    fn pairs(epochs: &LeaderEpochs) -> Vec<(i32, i64)> {
        epochs.entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
    }

    #[test]
    fn kafka_semantics_63_the_end_of_an_epoch() {
        let known = epochs(&[(2, 10), (3, 120), (5, 150)]);
        let end = |epoch| {
            let end = known.end_offset_for(epoch, 200);
            (end.epoch, end.end_offset)
        };
        assert_eq!(end(5), (5, 200), "the current epoch ends at the log end");
        assert_eq!(end(2), (2, 120));
        assert_eq!(end(3), (3, 150));
        assert_eq!(end(4), (3, 150), "the largest epoch below");
        assert_eq!(end(1), (1, 10), "what was before is gone");
        assert_eq!(end(6), (-1, -1), "unknown");
        assert_eq!(end(-1), (-1, -1));
        assert_eq!(LeaderEpochs::default().end_offset_for(0, 9), EpochEndOffset::UNDEFINED);
    }

    #[test]
    fn kafka_semantics_63_an_epoch_is_noted_once() {
        let mut known = LeaderEpochs::default();
        assert!(known.assign(1, 0));
        assert!(!known.assign(1, 5));
        assert!(known.assign(2, 5));
        assert!(!known.assign(-1, 7));
        assert_eq!(pairs(&known), [(1, 0), (2, 5)]);
    }

    #[test]
    fn contradicting_entries_go() {
        let mut known = epochs(&[(1, 0), (2, 5), (4, 9)]);
        assert!(known.assign(3, 7), "a lower epoch after a higher one");
        assert_eq!(pairs(&known), [(1, 0), (2, 5), (3, 7)]);
        assert!(known.assign(5, 5), "a start offset that another epoch has");
        assert_eq!(pairs(&known), [(1, 0), (5, 5)]);
        assert!(known.assign(5, 3), "an earlier start of the same epoch");
        assert_eq!(pairs(&known), [(1, 0), (5, 3)]);
    }

    #[test]
    fn kafka_semantics_64_how_far_two_logs_agree() {
        let one = epochs(&[(1, 0), (2, 50), (4, 80)]);
        let common = |other: &[(i32, i64)], end| one.common_end(100, &epochs(other), end);
        assert_eq!(common(&[(1, 0), (2, 50), (4, 80)], 100), 100, "the same");
        assert_eq!(common(&[(1, 0), (2, 50), (4, 80)], 90), 90, "shorter");
        assert_eq!(common(&[(1, 0), (2, 50), (4, 80), (5, 90)], 200), 90, "went on otherwise");
        assert_eq!(common(&[(1, 0), (2, 50), (3, 70)], 200), 70, "the epoch is not known");
        assert_eq!(common(&[(1, 0), (2, 50), (3, 70), (5, 90)], 200), 70, "an epoch between");
        assert_eq!(common(&[(1, 0), (2, 50)], 60), 60, "cut within an epoch");
        assert_eq!(common(&[(1, 0)], 40), 40, "cut within an earlier one");
        assert_eq!(common(&[(4, 90)], 200), 100, "what was before is gone");
        assert_eq!(common(&[(5, 120)], 200), 100, "all that was here is gone there");
        assert_eq!(common(&[], 0), 0);
        assert_eq!(LeaderEpochs::default().common_end(7, &one, 100), 7);
    }

    #[test]
    fn truncation_from_either_end() {
        let mut known = epochs(&[(1, 0), (2, 5), (4, 9)]);
        assert!(!known.truncate_from_end(10));
        assert!(known.truncate_from_end(9));
        assert_eq!(pairs(&known), [(1, 0), (2, 5)]);

        let mut known = epochs(&[(1, 0), (2, 5), (4, 9)]);
        assert!(!known.truncate_from_start(0));
        assert!(known.truncate_from_start(6));
        assert_eq!(pairs(&known), [(2, 6), (4, 9)]);
        assert!(known.truncate_from_start(9));
        assert_eq!(pairs(&known), [(4, 9)]);
        assert!(known.truncate_from_start(50), "the latest epoch stays, at the log start");
        assert_eq!(pairs(&known), [(4, 50)]);
    }

    #[test]
    fn the_epoch_of_an_offset() {
        let known = epochs(&[(1, 2), (2, 5), (4, 9)]);
        let of = |offset| known.epoch_for_offset(offset);
        assert_eq!(
            [of(1), of(2), of(4), of(5), of(100)],
            [None, Some(1), Some(1), Some(2), Some(4)]
        );
        assert_eq!(known.previous(4).map(|entry| entry.epoch), Some(2));
        assert_eq!(known.previous(1), None);
    }
}
