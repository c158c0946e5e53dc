//! All committed offsets of a shard, and those of open transactions.

use std::collections::{BTreeMap, BTreeSet};

use wire::Str;

use super::CommittedOffset;

/// A committed offset and where it stands in the log: between commits inside and outside of
/// transactions the later record wins, also after compaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) record_offset: i64,
    pub(crate) committed: CommittedOffset,
}

/// Offsets by group, topic and partition.
pub(crate) type OffsetsByTopic = BTreeMap<Str, BTreeMap<i32, Entry>>;

/// The offsets of a shard. It changes through `set` only, which tells what was there before.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    by_group: BTreeMap<Str, OffsetsByTopic>,
    /// Offsets of open transactions, by producer id: invisible until a marker ends them.
    pending: BTreeMap<i64, BTreeMap<Str, OffsetsByTopic>>,
    /// The producers with a transaction open in a group.
    producers: BTreeMap<Str, BTreeSet<i64>>,
}

impl Offsets {
    /// The committed offsets of a group.
    pub(crate) fn of_group(&self, group_id: &str) -> Option<&OffsetsByTopic> {
        self.by_group.get(group_id)
    }

    /// All groups with committed offsets.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&Str, &OffsetsByTopic)> {
        self.by_group.iter()
    }

    /// The offsets of a transaction that is open.
    pub(crate) fn of_transaction(
        &self,
        producer_id: i64,
    ) -> Option<&BTreeMap<Str, OffsetsByTopic>> {
        self.pending.get(&producer_id)
    }

    /// All open transactions.
    pub(crate) fn transactions(&self) -> impl Iterator<Item = &BTreeMap<Str, OffsetsByTopic>> {
        self.pending.values()
    }

    /// The producers with a transaction open in the group.
    pub(crate) fn producers_of(&self, group_id: &str) -> Vec<i64> {
        self.producers.get(group_id).into_iter().flatten().copied().collect()
    }

    /// Whether an open transaction has offsets of the group.
    pub(crate) fn has_transaction(&self, group_id: &str) -> bool {
        self.producers.contains_key(group_id)
    }

    /// Whether an open transaction has an offset of the partition.
    pub(crate) fn is_pending(&self, group_id: &str, topic: &str, partition: i32) -> bool {
        self.pending_of(group_id).any(|topics| {
            topics.get(topic).is_some_and(|partitions| partitions.contains_key(&partition))
        })
    }

    fn pending_of(&self, group_id: &str) -> impl Iterator<Item = &OffsetsByTopic> {
        self.producers
            .get(group_id)
            .into_iter()
            .flatten()
            .filter_map(move |producer_id| self.pending.get(producer_id)?.get(group_id))
    }

    /// The committed offset of a partition.
    pub(crate) fn get(&self, group_id: &str, topic: &str, partition: i32) -> Option<&Entry> {
        self.by_group.get(group_id)?.get(topic)?.get(&partition)
    }

    /// Partitions of the group with an offset, committed or of an open transaction.
    pub(crate) fn partitions(&self, group_id: &str) -> BTreeSet<(&Str, i32)> {
        self.pending_of(group_id)
            .chain(self.by_group.get(group_id))
            .flatten()
            .flat_map(|(topic, partitions)| partitions.keys().map(move |index| (topic, *index)))
            .collect()
    }

    /// Sets or removes the offset of a partition: the committed one, or the one of a producer's
    /// open transaction. What was there before is returned.
    pub(crate) fn set(
        &mut self,
        producer_id: Option<i64>,
        group_id: &Str,
        (topic, partition): (&Str, i32),
        entry: Option<Entry>,
    ) -> Option<Entry> {
        let Some(producer_id) = producer_id else {
            return put(&mut self.by_group, group_id, (topic, partition), entry);
        };
        let groups = self.pending.entry(producer_id).or_default();
        let before = put(groups, group_id, (topic, partition), entry);
        if groups.contains_key(group_id) {
            self.producers.entry(group_id.detach()).or_default().insert(producer_id);
        } else if let Some(producers) = self.producers.get_mut(group_id) {
            producers.remove(&producer_id);
            if producers.is_empty() {
                self.producers.remove(group_id);
            }
        }
        if groups.is_empty() {
            self.pending.remove(&producer_id);
        }
        before
    }
}

/// Sets or removes one entry and drops maps that become empty. Names that are kept are copied out
/// of their frames.
fn put(
    groups: &mut BTreeMap<Str, OffsetsByTopic>,
    group_id: &Str,
    (topic, partition): (&Str, i32),
    entry: Option<Entry>,
) -> Option<Entry> {
    if let Some(entry) = entry {
        if !groups.contains_key(group_id) {
            groups.insert(group_id.detach(), OffsetsByTopic::new());
        }
        let topics = groups.get_mut(group_id)?;
        if !topics.contains_key(topic) {
            topics.insert(topic.detach(), BTreeMap::new());
        }
        return topics.get_mut(topic)?.insert(partition, entry);
    }
    let topics = groups.get_mut(group_id)?;
    let partitions = topics.get_mut(topic)?;
    let before = partitions.remove(&partition);
    if partitions.is_empty() {
        topics.remove(topic);
    }
    if topics.is_empty() {
        groups.remove(group_id);
    }
    before
}
