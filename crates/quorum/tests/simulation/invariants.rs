//! What must hold whatever happens.

use std::collections::BTreeMap;

use quorum::{LeaderEpoch, NodeId, Offset};

use crate::disk::{Batch, Disk};

/// Watches all replicas at once.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    leaders: BTreeMap<LeaderEpoch, NodeId>,
    /// Every batch ever written, by place and epoch.
    written: BTreeMap<(Offset, LeaderEpoch), Batch>,
    /// Every batch ever committed, by place, with the epoch whose leader committed it.
    committed: BTreeMap<Offset, (Batch, LeaderEpoch)>,
    /// What each replica said is committed, in its present life.
    high_watermarks: BTreeMap<NodeId, Offset>,
    committed_end: Offset,
}

impl Invariants {
    /// The highest high watermark anyone knew.
    pub(crate) fn committed_end(&self) -> Offset {
        self.committed_end
    }

    /// Single leader per epoch; and when it is elected, it has everything that leaders of epochs
    /// before committed. (A vote that comes late can still make a leader of an epoch that is over.)
    pub(crate) fn leads(&mut self, node: NodeId, epoch: LeaderEpoch, disk: &Disk) {
        if let Some(leader) = self.leaders.get(&epoch) {
            assert_eq!(*leader, node, "two leaders in epoch {epoch}");
            return;
        }
        self.leaders.insert(epoch, node);
        let own: BTreeMap<Offset, &Batch> =
            disk.batches.iter().map(|batch| (batch.base_offset, batch)).collect();
        let committed = self.committed.range(disk.start_offset..);
        for (offset, (batch, _)) in committed.filter(|(_, (_, before))| *before < epoch) {
            let own = own.get(offset).copied();
            assert_eq!(own, Some(batch), "leader {node} of epoch {epoch} misses a committed batch");
        }
    }

    /// Log matching: a place and an epoch name one batch.
    pub(crate) fn wrote(&mut self, batch: &Batch) {
        let key = (batch.base_offset, batch.epoch);
        let known = self.written.entry(key).or_insert_with(|| batch.clone());
        assert_eq!(known, batch, "two batches at {} in epoch {}", key.0, key.1);
    }

    /// The high watermark only rises, and what is below is the same everywhere forever.
    pub(crate) fn committed(
        &mut self,
        node: NodeId,
        epoch: LeaderEpoch,
        high_watermark: Offset,
        disk: &Disk,
    ) {
        let known = self.high_watermarks.insert(node, high_watermark).unwrap_or(0);
        assert!(known < high_watermark, "node {node} goes from {known} back to {high_watermark}");
        assert!(high_watermark <= disk.end_offset(), "node {node} commits what it does not have");
        for batch in &disk.batches {
            if batch.next_offset() > high_watermark {
                break;
            }
            if batch.base_offset >= known {
                // The first to know is the leader that commits.
                let first = self.committed.entry(batch.base_offset);
                let (first, _) = first.or_insert_with(|| (batch.clone(), epoch));
                assert_eq!(first, batch, "a commit was undone");
            }
        }
        self.committed_end = self.committed_end.max(high_watermark);
    }

    /// What is committed is not cut off.
    pub(crate) fn truncates(&self, node: NodeId, end_offset: Offset) {
        let known = self.high_watermarks.get(&node).copied().unwrap_or(0);
        assert!(end_offset >= known, "node {node} cuts committed records off");
    }

    /// A new life knows nothing of the old one's high watermark.
    pub(crate) fn restarts(&mut self, node: NodeId) {
        self.high_watermarks.remove(&node);
    }
}
