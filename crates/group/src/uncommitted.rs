//! What the log holds and the high watermark has not passed yet: how to take it back, and what
//! readers see instead.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use wire::Str;

use crate::groups::Group;
use crate::offsets::{Entry, Offsets};
use crate::part::Part;

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
    /// A part of a group.
    Part { group_id: Str, part: Part },
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
                Some(Before::Part { group_id, part }) => {
                    if let Some(group) = groups.get_mut(&group_id) {
                        group.apply(part);
                    }
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

    /// Groups that were added, removed or changed, with what is committed instead: all of them, or
    /// one.
    pub(crate) fn groups_before<'a>(
        &'a self,
        groups: &'a BTreeMap<Str, Group>,
        one: Option<&Str>,
    ) -> BTreeMap<&'a Str, Option<Cow<'a, Group>>> {
        let is_wanted = |group_id: &Str| one.is_none_or(|one| one == group_id);
        let mut overlay = BTreeMap::new();
        for change in self.changes.iter().rev() {
            match &change.before {
                Before::Group { group_id, group } if is_wanted(group_id) => {
                    overlay.insert(group_id, group.as_ref().map(Cow::Borrowed));
                }
                Before::Part { group_id, part } if is_wanted(group_id) => {
                    let now = || groups.get(group_id).map(Cow::Borrowed);
                    if let Some(group) = overlay.entry(group_id).or_insert_with(now) {
                        group.to_mut().apply(part.clone());
                    }
                }
                Before::Group { .. } | Before::Part { .. } | Before::Offset { .. } => {}
            }
        }
        overlay
    }
}
