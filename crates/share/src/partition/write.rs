//! Making changes durable.

use std::collections::BTreeMap;

use super::record::RecordState;
use super::window::SharePartition;
use crate::batch::StateBatch;

/// Names a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub(super) u64);

/// What is to be written to the share coordinator; [`SharePartition::written`] is told what became
/// of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateWrite {
    /// Its name.
    pub id: WriteId,
    /// How often the state began.
    pub state_epoch: i32,
    /// The epoch of the partition's leader.
    pub leader_epoch: i32,
    /// Everything below is done.
    pub start_offset: i64,
    /// Records in flight whose delivery is complete.
    pub delivery_complete_count: i32,
    /// What changed.
    pub batches: Vec<StateBatch>,
}

/// A stretch of offsets that a write speaks of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// The first offset of its batch.
    pub(super) batch: i64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) state: RecordState,
    pub(super) delivery_count: i16,
}

/// Writes under way.
#[derive(Debug, Default)]
pub(super) struct Writes {
    newest: u64,
    /// None for those whose changes count whatever becomes of them.
    under_way: BTreeMap<WriteId, Option<Vec<Stretch>>>,
}

impl Writes {
    /// The name of the next write.
    pub(super) fn next_id(&self) -> WriteId {
        WriteId(self.newest + 1)
    }
}

impl SharePartition {
    /// A write of stretches that wait for it, or that have changed for good. None without any.
    pub(super) fn write(&mut self, stretches: Vec<Stretch>, waits: bool) -> Option<StateWrite> {
        if stretches.is_empty() {
            return None;
        }
        let id = self.writes.next_id();
        self.writes.newest = id.0;
        let batches = stretches.iter().map(|stretch| StateBatch {
            first_offset: stretch.first,
            last_offset: stretch.last,
            delivery_state: stretch.state.id(),
            delivery_count: stretch.delivery_count,
        });
        let write = StateWrite {
            id,
            state_epoch: self.state_epoch,
            leader_epoch: self.leader_epoch,
            start_offset: self.start_offset,
            delivery_complete_count: i32::try_from(self.complete).unwrap_or(i32::MAX),
            batches: batches.collect(),
        };
        self.writes.under_way.insert(id, waits.then_some(stretches));
        Some(write)
    }

    /// Whether there are changes that are not written yet.
    pub fn has_writes(&self) -> bool {
        !self.writes.under_way.is_empty()
    }

    /// Takes stretches back that are not written.
    pub(super) fn roll_back(&mut self, stretches: &[Stretch], now_ms: i64) {
        for stretch in stretches {
            self.finish(stretch, false, now_ms);
        }
    }

    /// What became of a write (kafka-semantics 168). Whether those that wait for records are to
    /// look again.
    pub fn written(&mut self, id: WriteId, is_written: bool, now_ms: i64) -> bool {
        let Some(stretches) = self.writes.under_way.remove(&id) else { return false };
        match stretches {
            None => {
                self.advance_start();
                true
            }
            Some(stretches) => {
                for stretch in &stretches {
                    self.finish(stretch, is_written, now_ms);
                }
                let moved = is_written && self.advance_start();
                moved || self.looks_back
            }
        }
    }

    fn finish(&mut self, stretch: &Stretch, is_written: bool, now_ms: i64) {
        let (mut looks_back, mut taken_back) = (false, 0);
        let start_offset = self.start_offset;
        let Some(batch) = self.batches.get_mut(&stretch.batch) else { return };
        let mut first_lock_ms = self.first_lock_ms;
        batch.change(stretch.first, stretch.last, |run| {
            if is_written {
                run.held.commit();
            } else {
                run.held.roll_back(now_ms);
                first_lock_ms = first_lock_ms.min(run.held.lock_until_ms);
                if stretch.state.is_terminal() && !run.held.state.is_terminal() {
                    taken_back += (run.last - run.first.max(start_offset) + 1).max(0);
                }
            }
            looks_back |= run.held.state == RecordState::Available;
        });
        self.first_lock_ms = first_lock_ms;
        self.looks_back |= looks_back;
        self.complete -= taken_back;
    }
}
