//! What the log holds and the high watermark has not passed yet: how to take it back, and what
//! readers see instead.

use std::collections::{BTreeMap, VecDeque};

use wire::Str;

use crate::groups::Group;
use crate::offsets::{Entry, Offsets};

/// A change and the offset of the record that made it.
#[derive(Debug)]
struct Change {
    record_offset: i64,
    before: Before,
}

/// What was there before a change.
#[derive(Debug)]
pub(crate) enum Before {
    /// An offset of a partition, committed or of a producer's open transaction.
    Offset {
        producer_id: Option<i64>,
        group_id: Str,
        topic: Str,
        partition: i32,
        entry: Option<Entry>,
    },
    /// A group.
    Group { group_id: Str, group: Option<Group> },
}

/// The changes since the high watermark, oldest first. Their number is bounded by what the driver
/// has in flight.
#[derive(Debug, Default)]
pub(crate) struct Uncommitted {
    changes: VecDeque<Change>,
}

impl Uncommitted {
    pub(crate) fn push(&mut self, record_offset: i64, before: Before) {
        self.changes.push_back(Change { record_offset, before });
    }

    /// Records below the high watermark are there to stay.
    pub(crate) fn commit(&mut self, high_watermark: i64) {
        while self.changes.front().is_some_and(|change| change.record_offset < high_watermark) {
            self.changes.pop_front();
        }
    }

    /// Takes back what records from `offset` on did.
    pub(crate) fn revert(
        &mut self,
        offset: i64,
        groups: &mut BTreeMap<Str, Group>,
        offsets: &mut Offsets,
    ) {
        while self.changes.back().is_some_and(|change| change.record_offset >= offset) {
            match self.changes.pop_back().map(|change| change.before) {
                Some(Before::Offset { producer_id, group_id, topic, partition, entry }) => {
                    offsets.set(producer_id, &group_id, (&topic, partition), entry);
                }
                Some(Before::Group { group_id, group: Some(group) }) => {
                    groups.insert(group_id, group);
                }
                Some(Before::Group { group_id, group: None }) => {
                    groups.remove(&group_id);
                }
                None => {}
            }
        }
    }

    /// Offsets of a group that differ from the committed ones, with what is committed instead.
    pub(crate) fn offsets_before(&self, of_group: &str) -> BTreeMap<(&Str, i32), Option<&Entry>> {
        let mut overlay = BTreeMap::new();
        for change in &self.changes {
            if let Before::Offset { producer_id: None, group_id, topic, partition, entry } =
                &change.before
                && *group_id == *of_group
            {
                overlay.entry((topic, *partition)).or_insert(entry.as_ref());
            }
        }
        overlay
    }

    /// Groups that were added, removed or replaced, with what is committed instead.
    pub(crate) fn groups_before(&self) -> BTreeMap<&Str, Option<&Group>> {
        let mut overlay = BTreeMap::new();
        for change in &self.changes {
            if let Before::Group { group_id, group } = &change.before {
                overlay.entry(group_id).or_insert(group.as_ref());
            }
        }
        overlay
    }
}
