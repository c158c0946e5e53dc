//! What the machine knows of the metadata log: its ends, the epochs of its records, its snapshots.
//!
//! ```text
//!   log_start_offset            high watermark        durable      log_end_offset
//!         |--- committed records ---|--- not committed ---|--- not on disk ---|
//!   snapshots end here and there up to the high watermark
//! ```

use std::collections::BTreeMap;

use crate::types::{BOOTSTRAP_SNAPSHOT, LeaderEpoch, Offset, OffsetAndEpoch, SnapshotId};

/// Whether a follower's position lies on this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// It does: everything below is equal.
    Valid,
    /// The logs part at or before this point: the follower has to cut back to it.
    Diverging(OffsetAndEpoch),
    /// The records it needs are gone: this snapshot has them.
    Snapshot(SnapshotId),
}

/// The log's shape. The driver keeps the real log in step by executing the commands.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    start_offset: Offset,
    end_offset: Offset,
    durable_end_offset: Offset,
    epochs: Vec<EpochStart>,
    snapshots: BTreeMap<SnapshotId, u64>,
}

/// The first offset of an epoch's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Offset of its first record.
    pub start_offset: Offset,
}

impl LogView {
    /// The log as found on disk; all of it is durable.
    ///
    /// `epochs` ascend in both fields and lie below `end_offset`; `snapshots` come with their size
    /// in bytes.
    pub fn new(
        start_offset: Offset,
        end_offset: Offset,
        epochs: Vec<EpochStart>,
        snapshots: impl IntoIterator<Item = (SnapshotId, u64)>,
    ) -> Self {
        let snapshots = snapshots.into_iter().collect();
        Self { start_offset, end_offset, durable_end_offset: end_offset, epochs, snapshots }
    }

    /// First offset in the log.
    pub fn start_offset(&self) -> Offset {
        self.start_offset
    }

    /// Offset of the next record.
    pub fn end_offset(&self) -> Offset {
        self.end_offset
    }

    /// Everything below is on stable storage.
    pub fn durable_end_offset(&self) -> Offset {
        self.durable_end_offset
    }

    /// The log's end with the epoch of its last record (or of the snapshot it starts from).
    pub fn end(&self) -> OffsetAndEpoch {
        OffsetAndEpoch::new(self.end_offset, self.last_epoch())
    }

    /// Epoch of the last record; of the latest snapshot in an empty log; else 0.
    pub fn last_epoch(&self) -> LeaderEpoch {
        let in_log = self.epochs.last().map(|e| e.epoch);
        in_log.or_else(|| self.latest_snapshot().map(|id| id.epoch)).unwrap_or(0)
    }

    /// The newest snapshot.
    pub fn latest_snapshot(&self) -> Option<SnapshotId> {
        self.snapshots.keys().next_back().copied()
    }

    /// The oldest snapshot.
    pub fn earliest_snapshot(&self) -> Option<SnapshotId> {
        self.snapshots.keys().next().copied()
    }

    /// All snapshots with their size in bytes, oldest first.
    pub fn snapshots(&self) -> impl Iterator<Item = (SnapshotId, u64)> + '_ {
        self.snapshots.iter().map(|(id, size)| (*id, *size))
    }

    /// Size in bytes of a snapshot that exists.
    pub fn snapshot_size(&self, id: SnapshotId) -> Option<u64> {
        self.snapshots.get(&id).copied()
    }

    /// The epoch of the record just before `offset`, if that record (or a snapshot ending there)
    /// is known: what a snapshot of everything below `offset` is named after.
    pub fn epoch_before(&self, offset: Offset) -> Option<LeaderEpoch> {
        if offset > self.end_offset || offset < self.start_offset {
            return None;
        }
        let in_log = self.epochs.iter().rev().find(|e| e.start_offset < offset).map(|e| e.epoch);
        in_log.or_else(|| self.snapshots.keys().find(|id| id.offset == offset).map(|id| id.epoch))
    }

    /// Judges the position of a follower that fetches from `offset`, after a record of `epoch`
    /// (KIP-595 log reconciliation, KIP-630 for snapshots).
    pub(crate) fn position(&self, offset: Offset, epoch: LeaderEpoch) -> Position {
        let latest = self.latest_snapshot().filter(|id| *id != BOOTSTRAP_SNAPSHOT);
        if offset == 0 && epoch == 0 && self.start_offset == 0 && latest.is_none() {
            return Position::Valid;
        }
        if let (Some(latest), Some(earliest)) = (latest, self.earliest_snapshot()) {
            // An empty replica is quicker served by a snapshot than by the log.
            let gone = offset == 0
                || offset < self.start_offset
                || epoch < earliest.epoch
                || (offset == self.start_offset
                    && self.start_offset == earliest.offset
                    && epoch != earliest.epoch);
            if gone {
                return Position::Snapshot(latest);
            }
        }
        let end = self.end_of_epoch(epoch);
        if end.epoch != epoch || end.offset < offset {
            Position::Diverging(end)
        } else {
            Position::Valid
        }
    }

    /// The end of the largest epoch that is not above `epoch`.
    fn end_of_epoch(&self, epoch: LeaderEpoch) -> OffsetAndEpoch {
        let next = self.epochs.partition_point(|e| e.epoch <= epoch);
        let end = self.epochs.get(next).map_or(self.end_offset, |e| e.start_offset);
        if next > 0 {
            return OffsetAndEpoch::new(end, self.epochs[next - 1].epoch);
        }
        // Nothing of that epoch or an older one is in the log; a snapshot may end with it.
        let at_start = self.snapshots.keys().rev().find(|id| id.offset == self.start_offset);
        let epoch = at_start.map_or(epoch, |id| id.epoch);
        OffsetAndEpoch::new(self.start_offset, epoch)
    }

    /// Where a replica told to cut back to the leader's `divergence` really has to cut: to the
    /// end of the same epoch here if that comes first.
    pub(crate) fn truncation_point(&self, divergence: OffsetAndEpoch) -> Offset {
        let own = self.end_of_epoch(divergence.epoch);
        if own.epoch == divergence.epoch { own.offset.min(divergence.offset) } else { own.offset }
    }

    pub(crate) fn append(&mut self, epoch: LeaderEpoch, next_offset: Offset) {
        if self.epochs.last().is_none_or(|last| last.epoch < epoch) {
            self.epochs.push(EpochStart { epoch, start_offset: self.end_offset });
        }
        self.end_offset = next_offset;
    }

    pub(crate) fn flushed(&mut self, end_offset: Offset) {
        self.durable_end_offset = self.durable_end_offset.max(end_offset.min(self.end_offset));
    }

    pub(crate) fn truncate(&mut self, end_offset: Offset) {
        self.epochs.retain(|e| e.start_offset < end_offset);
        self.end_offset = end_offset;
        self.durable_end_offset = self.durable_end_offset.min(end_offset);
    }

    pub(crate) fn add_snapshot(&mut self, id: SnapshotId, size: u64) {
        self.snapshots.insert(id, size);
    }

    /// Snapshots below `id` and records below `start_offset` are gone.
    pub(crate) fn move_start(&mut self, start_offset: Offset, oldest_snapshot: SnapshotId) {
        self.snapshots = self.snapshots.split_off(&oldest_snapshot);
        self.start_offset = self.start_offset.max(start_offset);
        let covering = self.epochs.partition_point(|e| e.start_offset <= self.start_offset);
        if self.start_offset >= self.end_offset {
            self.epochs.clear();
        } else if covering > 0 {
            self.epochs.drain(..covering - 1);
            self.epochs[0].start_offset = self.epochs[0].start_offset.max(self.start_offset);
        }
    }

    /// The log was replaced by a snapshot: it is empty and starts at the snapshot's end.
    pub(crate) fn install_snapshot(&mut self, id: SnapshotId, size: u64) {
        self.epochs.clear();
        self.snapshots.retain(|older, _| *older > id);
        self.snapshots.insert(id, size);
        self.start_offset = id.offset;
        self.end_offset = id.offset;
        self.durable_end_offset = id.offset;
    }
}
