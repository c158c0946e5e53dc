//! The state of a shard, and how records change it: the same way when they are written and when
//! they are loaded.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use wire::{Bytes, Str};

use crate::classic::ClassicGroup;
use crate::consumer::ConsumerGroup;
use crate::groups::{Group, GroupType};
use crate::journal::Record;
use crate::offsets::{CommittedOffset, Entry, Offsets, OffsetsByTopic};
use crate::part::Part;
use crate::share::ShareGroup;
use crate::streams::StreamsGroup;
use crate::uncommitted::{Before, Uncommitted};

/// Everything one partition of `__consumer_offsets` says, and the soft state of its classic groups.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<Str, Group>,
    pub(crate) offsets: Offsets,
    pub(crate) uncommitted: Uncommitted,
    /// Groups that a join created and whose first record is not committed.
    unwritten_groups: BTreeSet<Str>,
    /// Streams groups that wait for more members; each has a timer.
    pub(crate) delayed_groups: BTreeSet<Str>,
    /// The shard takes requests. Classic groups are ahead of their records from then on.
    pub(crate) is_live: bool,
}

impl State {
    /// Applies one record.
    pub(crate) fn replay(
        &mut self,
        record_offset: i64,
        producer_id: Option<i64>,
        record: Record,
        now_ms: i64,
    ) {
        match record {
            Record::Offset { group_id, topic, partition, value: Some(committed) } => {
                if !self.groups.contains_key(&group_id) {
                    let group = ClassicGroup::new(group_id.detach(), now_ms);
                    self.set_group(record_offset, &group_id, Some(group.into()));
                }
                let entry = Entry { record_offset, committed: detach(committed) };
                let key = (&topic, partition);
                self.set_offset(record_offset, producer_id, &group_id, key, Some(entry));
            }
            Record::Offset { group_id, topic, partition, value: None } => {
                let key = (&topic, partition);
                for producer_id in self.offsets.producers_of(&group_id) {
                    self.set_offset(record_offset, Some(producer_id), &group_id, key, None);
                }
                self.set_offset(record_offset, None, &group_id, key, None);
            }
            Record::Group { group_id, value: None } => {
                self.set_group(record_offset, &group_id, None);
            }
            Record::Group { group_id, value: Some(value) } => {
                // Once requests come a group is ahead of its records.
                let is_ahead = self.is_live && self.groups.contains_key(&group_id);
                if !is_ahead {
                    let group = ClassicGroup::load(group_id.detach(), &value);
                    self.set_group(record_offset, &group_id, Some(group.into()));
                }
            }
            Record::Part { group_id, part } => self.replay_part(record_offset, &group_id, part),
            Record::Other { group_id, group_type, key, value } => {
                self.replay_other(record_offset, &group_id, group_type, (&key, value.is_none()));
            }
        }
    }

    /// Ends a transaction: its offsets are committed unless a later record outran them, or dropped
    /// (kafka-semantics 110).
    pub(crate) fn replay_marker(&mut self, record_offset: i64, producer_id: i64, commits: bool) {
        let Some(groups) = self.offsets.of_transaction(producer_id).cloned() else { return };
        for (group_id, topic, partition, entry) in entries(groups) {
            let key = (&topic, partition);
            self.set_offset(record_offset, Some(producer_id), &group_id, key, None);
            let current = self.offsets.get(&group_id, &topic, partition);
            let is_newest = current.is_none_or(|now| now.record_offset < entry.record_offset);
            if commits && is_newest {
                self.set_offset(record_offset, None, &group_id, key, Some(entry));
            }
        }
    }

    fn replay_part(&mut self, record_offset: i64, group_id: &Str, part: Part) {
        if !self.groups.get(group_id).is_some_and(|group| group.is_of_kind(&part)) {
            // A tombstone of what is not there, such as one left by compaction.
            if part.is_tombstone() {
                return;
            }
            let group = match part {
                Part::Consumer(_) => Group::from(ConsumerGroup::new(group_id.detach())),
                Part::Streams(_) => Group::from(StreamsGroup::new(group_id.detach())),
                Part::Share(_) => Group::from(ShareGroup::new(group_id.detach())),
            };
            self.set_group(record_offset, group_id, Some(group));
        }
        if part.ends_group() {
            self.set_group(record_offset, group_id, None);
        } else if let Some(group) = self.groups.get_mut(group_id) {
            let before = group.apply(part);
            let before = Before::Part { group_id: group.id().clone(), part: before };
            self.uncommitted.push(record_offset, before);
        }
    }

    fn replay_other(
        &mut self,
        record_offset: i64,
        group_id: &Str,
        group_type: GroupType,
        (key, is_tombstone): (&Bytes, bool),
    ) {
        let mut group = match self.groups.get(group_id) {
            Some(Group::Other(group)) if group.group_type == group_type => group.clone(),
            // A tombstone of what is not there, such as one left by compaction.
            _ if is_tombstone => return,
            _ => crate::other::OtherGroup::new(group_id.detach(), group_type),
        };
        let is_left = group.apply(key, is_tombstone);
        self.set_group(record_offset, group_id, is_left.then_some(Group::Other(group)));
    }

    fn set_group(&mut self, record_offset: i64, group_id: &Str, group: Option<Group>) {
        let before = match group {
            Some(group) => self.groups.insert(group_id.detach(), group),
            None => self.groups.remove(group_id),
        };
        let before = Before::Group { group_id: group_id.detach(), group: before };
        self.uncommitted.push(record_offset, before);
    }

    fn set_offset(
        &mut self,
        record_offset: i64,
        producer_id: Option<i64>,
        group_id: &Str,
        (topic, partition): (&Str, i32),
        entry: Option<Entry>,
    ) {
        let before = self.offsets.set(producer_id, group_id, (topic, partition), entry);
        self.uncommitted.push(
            record_offset,
            Before::Offset {
                producer_id,
                group_id: group_id.clone(),
                topic: topic.clone(),
                partition,
                entry: before,
            },
        );
    }

    pub(crate) fn revert(&mut self, offset: i64) {
        self.uncommitted.revert(offset, &mut self.groups, &mut self.offsets);
    }

    /// A join creates the group; it counts as committed once its first record does.
    pub(crate) fn create_group(&mut self, group: ClassicGroup) {
        self.unwritten_groups.insert(group.id.clone());
        self.groups.insert(group.id.clone(), group.into());
    }

    /// The first record of a group that a join created is committed, or failed.
    pub(crate) fn group_written(&mut self, group_id: &Str) {
        self.unwritten_groups.remove(group_id);
    }

    pub(crate) fn is_unwritten(&self, group_id: &Str) -> bool {
        self.unwritten_groups.contains(group_id)
    }

    /// The group as far as it is committed.
    pub(crate) fn committed_group(&self, group_id: &Str) -> Option<Cow<'_, Group>> {
        match self.uncommitted.groups_before(&self.groups, Some(group_id)).remove(group_id) {
            Some(before) => before,
            None if self.is_unwritten(group_id) => None,
            None => self.groups.get(group_id).map(Cow::Borrowed),
        }
    }

    /// All groups as far as they are committed.
    pub(crate) fn committed_groups(&self) -> impl Iterator<Item = Cow<'_, Group>> {
        let overlay = self.uncommitted.groups_before(&self.groups, None);
        let written = self.groups.iter().filter(|(group_id, _)| !self.is_unwritten(group_id));
        let mut groups: BTreeMap<&Str, Cow<'_, Group>> =
            written.map(|(group_id, group)| (group_id, Cow::Borrowed(group))).collect();
        for (group_id, before) in overlay {
            match before {
                Some(group) => groups.insert(group_id, group),
                None => groups.remove(group_id),
            };
        }
        groups.into_values()
    }
}

impl From<ClassicGroup> for Group {
    fn from(group: ClassicGroup) -> Self {
        Self::Classic(Box::new(group))
    }
}

impl From<StreamsGroup> for Group {
    fn from(group: StreamsGroup) -> Self {
        Self::Streams(Box::new(group))
    }
}

impl From<ConsumerGroup> for Group {
    fn from(group: ConsumerGroup) -> Self {
        Self::Consumer(Box::new(group))
    }
}

impl From<ShareGroup> for Group {
    fn from(group: ShareGroup) -> Self {
        Self::Share(Box::new(group))
    }
}

fn entries(groups: BTreeMap<Str, OffsetsByTopic>) -> impl Iterator<Item = (Str, Str, i32, Entry)> {
    groups.into_iter().flat_map(|(group_id, topics)| {
        topics.into_iter().flat_map(move |(topic, partitions)| {
            let group_id = group_id.clone();
            partitions
                .into_iter()
                .map(move |(index, entry)| (group_id.clone(), topic.clone(), index, entry))
        })
    })
}

/// A copy that keeps no frame alive.
fn detach(mut committed: CommittedOffset) -> CommittedOffset {
    committed.metadata = committed.metadata.detach();
    committed
}
