//! The states of share partitions, and how records change them: the same way when they are written
//! and when they are loaded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::journal::{Record, Snapshot, Stored, Update};
use crate::batch::{NO_OFFSET, combine};
use crate::key::ShareKey;

/// The state of one share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartitionState {
    /// As a snapshot of now would say it.
    pub(super) snapshot: Snapshot,
    /// No leader of a lower epoch may write.
    pub(super) leader_epoch_max: i32,
    /// No write of a lower state epoch counts.
    pub(super) state_epoch_max: i32,
    /// Updates since the last snapshot.
    pub(super) updates: u32,
    /// Where that snapshot is.
    pub(super) snapshot_offset: i64,
}

/// A share partition, as it is and as it is committed.
#[derive(Debug, Default)]
struct Entry {
    current: Option<Arc<PartitionState>>,
    committed: Option<Arc<PartitionState>>,
    /// Records of it above the high watermark.
    uncommitted: usize,
}

/// Everything one partition of `__share_group_state` says.
#[derive(Debug, Default)]
pub(super) struct State {
    entries: BTreeMap<ShareKey, Entry>,
    /// Records above the high watermark, oldest first.
    in_flight: VecDeque<(i64, Record)>,
    /// Where the last committed tombstone is.
    tombstone_offset: Option<i64>,
}

impl State {
    /// A share partition with everything written so far.
    pub(super) fn get(&self, key: &ShareKey) -> Option<&Arc<PartitionState>> {
        self.entries.get(key)?.current.as_ref()
    }

    /// All share partitions with everything written so far.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ShareKey, &Arc<PartitionState>)> {
        self.entries.iter().filter_map(|(key, entry)| Some((key, entry.current.as_ref()?)))
    }

    pub(super) fn replay(&mut self, record_offset: i64, record: Record) {
        let entry = self.entries.entry(record.key.clone()).or_default();
        entry.current = apply(entry.current.take(), record_offset, &record.stored);
        entry.uncommitted += 1;
        self.in_flight.push_back((record_offset, record));
    }

    /// Records below the high watermark are there to stay.
    pub(super) fn commit(&mut self, high_watermark: i64) {
        while let Some((offset, record)) =
            self.in_flight.pop_front_if(|(offset, _)| *offset < high_watermark)
        {
            if record.stored == Stored::Tombstone {
                self.tombstone_offset = Some(offset);
            }
            let Some(entry) = self.entries.get_mut(&record.key) else { continue };
            entry.uncommitted -= 1;
            entry.committed = match entry.uncommitted {
                0 => entry.current.clone(),
                _ => apply(entry.committed.take(), offset, &record.stored),
            };
            if entry.uncommitted == 0 && entry.current.is_none() {
                self.entries.remove(&record.key);
            }
        }
    }

    /// Takes back records from `offset` on.
    pub(super) fn revert(&mut self, offset: i64) {
        let stays = self.in_flight.partition_point(|(at, _)| *at < offset);
        let gone = self.in_flight.split_off(stays);
        for (_, record) in gone {
            let Some(entry) = self.entries.get_mut(&record.key) else { continue };
            entry.uncommitted -= 1;
            let of_key = self.in_flight.iter().filter(|(_, other)| other.key == record.key);
            entry.current = of_key.fold(entry.committed.clone(), |state, (at, record)| {
                apply(state, *at, &record.stored)
            });
            if entry.uncommitted == 0 && entry.current.is_none() {
                self.entries.remove(&record.key);
            }
        }
    }

    /// The first offset of a record that somebody needs, if there is anything below it.
    pub(super) fn first_needed_offset(&self) -> Option<i64> {
        let committed = self.entries.values().filter_map(|entry| entry.committed.as_ref());
        let first = committed.map(|state| state.snapshot_offset).min();
        first.or(self.tombstone_offset).filter(|offset| *offset > 0)
    }
}

/// The state after a record.
fn apply(
    state: Option<Arc<PartitionState>>,
    record_offset: i64,
    stored: &Stored,
) -> Option<Arc<PartitionState>> {
    match stored {
        Stored::Tombstone => None,
        Stored::Snapshot(snapshot) => {
            let (leader_epoch, state_epoch) = (snapshot.leader_epoch, snapshot.state_epoch);
            let before = |max: fn(&PartitionState) -> i32| state.as_deref().map_or(i32::MIN, max);
            Some(Arc::new(PartitionState {
                snapshot: (**snapshot).clone(),
                leader_epoch_max: before(|state| state.leader_epoch_max).max(leader_epoch),
                state_epoch_max: before(|state| state.state_epoch_max).max(state_epoch),
                updates: 0,
                snapshot_offset: record_offset,
            }))
        }
        Stored::Update(update) => Some(Arc::new(match state.as_deref() {
            Some(state) => merge(state, update),
            None => without_snapshot(update, record_offset),
        })),
    }
}

fn merge(state: &PartitionState, update: &Update) -> PartitionState {
    let before = &state.snapshot;
    let or = |new: i64, old: i64| if new == NO_OFFSET { old } else { new };
    let start_offset = or(update.start_offset, before.start_offset);
    let leader_epoch = match update.leader_epoch {
        -1 => before.leader_epoch,
        epoch => epoch,
    };
    let batches = before.batches.iter().chain(&update.batches).copied();
    PartitionState {
        snapshot: Snapshot {
            start_offset,
            leader_epoch,
            delivery_complete_count: update.delivery_complete_count,
            batches: combine(batches, start_offset),
            ..*before
        },
        leader_epoch_max: state.leader_epoch_max.max(update.leader_epoch),
        updates: state.updates.saturating_add(1),
        ..*state
    }
}

/// An update whose snapshot is not there: something has deleted it too early.
fn without_snapshot(update: &Update, record_offset: i64) -> PartitionState {
    PartitionState {
        snapshot: Snapshot {
            snapshot_epoch: update.snapshot_epoch,
            state_epoch: 0,
            leader_epoch: update.leader_epoch,
            start_offset: update.start_offset,
            delivery_complete_count: update.delivery_complete_count,
            create_timestamp_ms: 0,
            write_timestamp_ms: 0,
            batches: update.batches.clone(),
        },
        leader_epoch_max: update.leader_epoch,
        state_epoch_max: i32::MIN,
        updates: 1,
        snapshot_offset: record_offset,
    }
}
