//! A replica's stable storage: what is not flushed is gone after a crash.

use std::collections::BTreeMap;

use quorum::message::BatchSummary;
use quorum::{
    ControlRecord, ElectionState, EpochStart, LeaderEpoch, LogView, Membership, Offset, SnapshotId,
    Stored, VoterSet,
};

/// One batch of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) base_offset: Offset,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) content: Content,
}

/// What is in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Client records: how many, and a number that is in no other batch.
    Data {
        count: u32,
        value: u64,
    },
    Control(Vec<ControlRecord>),
}

impl Batch {
    pub(crate) fn next_offset(&self) -> Offset {
        let count = match &self.content {
            Content::Data { count, .. } => i64::from(*count),
            Content::Control(records) => records.len() as i64,
        };
        self.base_offset + count
    }

    pub(crate) fn control(&self) -> Vec<(Offset, ControlRecord)> {
        match &self.content {
            Content::Data { .. } => Vec::new(),
            Content::Control(records) => {
                (self.base_offset..).zip(records.iter().cloned()).collect()
            }
        }
    }

    pub(crate) fn summary(&self) -> BatchSummary {
        BatchSummary {
            base_offset: self.base_offset,
            last_offset: self.next_offset() - 1,
            epoch: self.epoch,
            control: self.control(),
        }
    }
}

/// What a snapshot says of the quorum itself.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) kraft_version: i16,
    pub(crate) voters: Option<VoterSet>,
}

/// The size of every snapshot, in bytes.
pub(crate) const SNAPSHOT_BYTES: u64 = 25;

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) election: ElectionState,
    pub(crate) start_offset: Offset,
    pub(crate) batches: Vec<Batch>,
    pub(crate) durable: Offset,
    pub(crate) snapshots: BTreeMap<SnapshotId, Snapshot>,
}

impl Disk {
    pub(crate) fn end_offset(&self) -> Offset {
        self.batches.last().map_or(self.start_offset, Batch::next_offset)
    }

    pub(crate) fn append(&mut self, batch: Batch) {
        assert_eq!(batch.base_offset, self.end_offset(), "the machine knows where its log ends");
        self.batches.push(batch);
    }

    pub(crate) fn truncate(&mut self, end_offset: Offset) {
        self.batches.retain(|batch| batch.base_offset < end_offset);
        assert!(self.end_offset() <= end_offset, "truncation falls between batches");
        self.durable = self.durable.min(self.end_offset());
    }

    pub(crate) fn install(&mut self, id: SnapshotId, snapshot: Snapshot) {
        self.batches.clear();
        self.snapshots.insert(id, snapshot);
        self.start_offset = id.offset;
        self.durable = id.offset;
    }

    pub(crate) fn move_start(&mut self, oldest: SnapshotId) {
        self.snapshots = self.snapshots.split_off(&oldest);
        self.batches.retain(|batch| batch.next_offset() > oldest.offset);
        let first = self.batches.first().map_or(oldest.offset, |batch| batch.base_offset);
        self.start_offset = first.max(oldest.offset);
    }

    /// The process dies; writes that were not flushed are lost.
    pub(crate) fn crash(&mut self) {
        let durable = self.durable;
        self.batches.retain(|batch| batch.next_offset() <= durable);
        self.durable = self.end_offset();
    }

    /// What a starting replica finds.
    pub(crate) fn load(&self, static_voters: VoterSet) -> Stored {
        let mut membership = Membership::new(static_voters);
        let mut covered = 0;
        if let Some((id, snapshot)) = self.snapshots.last_key_value() {
            covered = id.offset;
            membership.reset(id.offset, snapshot.kraft_version, snapshot.voters.clone());
        }
        let mut epochs: Vec<EpochStart> = Vec::new();
        for batch in &self.batches {
            if epochs.last().is_none_or(|last| last.epoch < batch.epoch) {
                let start_offset = batch.base_offset.max(self.start_offset);
                epochs.push(EpochStart { epoch: batch.epoch, start_offset });
            }
            for (offset, record) in batch.control() {
                if offset >= covered {
                    membership.apply(offset, &record);
                }
            }
        }
        let snapshots = self.snapshots.keys().map(|id| (*id, SNAPSHOT_BYTES));
        let log = LogView::new(self.start_offset, self.end_offset(), epochs, snapshots);
        Stored { election: self.election, log, membership }
    }
}
