//! A consumer group as its records say, and what follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use wire::{Str, Uuid};

use super::member::{Current, Member, Partitions, Subscription};
use super::part::{Epoch, Part, Resolved, TargetEpoch};
use crate::journal::Record;

/// A group of the protocol of KIP-848.
///
/// The first block of fields is what the records say; the second follows from it and is kept up to
/// date with every part; the last is soft.
#[derive(Clone, Debug)]
pub(crate) struct ConsumerGroup {
    pub(crate) id: Str,
    pub(super) epoch: Epoch,
    pub(super) target_epoch: TargetEpoch,
    pub(super) members: BTreeMap<Str, Member>,
    pub(super) targets: BTreeMap<Str, Arc<Partitions>>,
    pub(super) regexes: BTreeMap<Str, Arc<Resolved>>,
    pub(super) partition_metadata: Option<wire::Bytes>,

    /// How many members there are: those with a subscription.
    size: usize,
    /// Who has a partition, or has still to give it back.
    owners: HashMap<(Uuid, i32), Str>,
    /// Members by instance id.
    static_members: BTreeMap<Str, Str>,
    /// How many members are subscribed to a topic by name.
    pub(super) topic_counts: BTreeMap<Str, usize>,
    /// How many members are subscribed to a pattern.
    pub(super) regex_counts: BTreeMap<Str, usize>,
    /// How many members prefer an assignor.
    pub(super) assignor_counts: BTreeMap<Str, usize>,

    /// The group epoch in which the topics were last looked at; none if they have to be.
    pub(super) checked_in_epoch: Option<i32>,
    /// Classic members that were sent to join again.
    pub(super) rejoining: BTreeSet<Str>,
    /// Since when patterns are being matched, in milliseconds.
    pub(super) resolving_since_ms: Option<i64>,
}

impl ConsumerGroup {
    /// A group without members.
    pub(crate) fn new(id: Str) -> Self {
        Self {
            id,
            epoch: Epoch::FIRST,
            target_epoch: TargetEpoch::FIRST,
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            regexes: BTreeMap::new(),
            partition_metadata: None,
            size: 0,
            owners: HashMap::new(),
            static_members: BTreeMap::new(),
            topic_counts: BTreeMap::new(),
            regex_counts: BTreeMap::new(),
            assignor_counts: BTreeMap::new(),
            checked_in_epoch: None,
            rejoining: BTreeSet::new(),
            resolving_since_ms: None,
        }
    }

    /// Applies a part and gives the one that was there before.
    pub(crate) fn apply(&mut self, part: Part) -> Part {
        match part {
            Part::Epoch(epoch) => {
                let epoch = epoch.unwrap_or(Epoch::FIRST);
                Part::Epoch(Some(std::mem::replace(&mut self.epoch, epoch)))
            }
            Part::PartitionMetadata(value) => {
                Part::PartitionMetadata(std::mem::replace(&mut self.partition_metadata, value))
            }
            Part::Member(member_id, value) => {
                let before = self.set_subscription(&member_id, value);
                Part::Member(member_id, before)
            }
            Part::TargetEpoch(value) => {
                let value = value.unwrap_or(TargetEpoch::GONE);
                Part::TargetEpoch(Some(std::mem::replace(&mut self.target_epoch, value)))
            }
            Part::Target(member_id, value) => {
                let before = set(&mut self.targets, &member_id, value);
                Part::Target(member_id, before)
            }
            Part::Current(member_id, value) => {
                let before = self.set_current(&member_id, value);
                Part::Current(member_id, before)
            }
            Part::Regex(regex, value) => {
                let before = set(&mut self.regexes, &regex, value);
                Part::Regex(regex, before)
            }
        }
    }

    fn set_subscription(
        &mut self,
        member_id: &Str,
        value: Option<Arc<Subscription>>,
    ) -> Option<Arc<Subscription>> {
        let after = value.clone();
        let member = self.members.entry(member_id.detach()).or_default();
        let before = std::mem::replace(&mut member.subscription, value);
        self.drop_if_gone(member_id);
        self.size = self.size + usize::from(after.is_some()) - usize::from(before.is_some());
        if let Some(before) = &before {
            before.topics.iter().for_each(|topic| uncount(&mut self.topic_counts, topic));
            before.pattern().iter().for_each(|regex| uncount(&mut self.regex_counts, regex));
            let assignor = before.server_assignor.iter();
            assignor.for_each(|name| uncount(&mut self.assignor_counts, name));
            if let Some(instance_id) = &before.instance_id
                && self.static_members.get(instance_id) == Some(member_id)
            {
                self.static_members.remove(instance_id);
            }
        }
        if let Some(after) = &after {
            after.topics.iter().for_each(|topic| count(&mut self.topic_counts, topic));
            after.pattern().iter().for_each(|regex| count(&mut self.regex_counts, regex));
            let assignor = after.server_assignor.iter();
            assignor.for_each(|name| count(&mut self.assignor_counts, name));
            if let Some(instance_id) = &after.instance_id {
                self.static_members.insert(instance_id.clone(), member_id.detach());
            }
        }
        before
    }

    fn set_current(
        &mut self,
        member_id: &Str,
        value: Option<Arc<Current>>,
    ) -> Option<Arc<Current>> {
        let after = value.clone();
        let member = self.members.entry(member_id.detach()).or_default();
        let before = std::mem::replace(&mut member.current, value);
        self.drop_if_gone(member_id);
        for partition in before.iter().flat_map(|current| current.owned()) {
            if self.owners.get(&partition) == Some(member_id) {
                self.owners.remove(&partition);
            }
        }
        for partition in after.iter().flat_map(|current| current.owned()) {
            self.owners.insert(partition, member_id.detach());
        }
        before
    }

    fn drop_if_gone(&mut self, member_id: &Str) {
        if self.members.get(member_id).is_some_and(|member| *member == Member::default()) {
            self.members.remove(member_id);
        }
    }

    /// How many members there are.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// A member that is one.
    pub(super) fn member(&self, member_id: &str) -> Option<(&Member, &Arc<Subscription>)> {
        let member = self.members.get(member_id)?;
        member.subscription.as_ref().map(|subscription| (member, subscription))
    }

    /// All members.
    pub(super) fn members(&self) -> impl Iterator<Item = (&Str, &Member, &Arc<Subscription>)> {
        self.members.iter().filter_map(|(member_id, member)| {
            member.subscription.as_ref().map(|subscription| (member_id, member, subscription))
        })
    }

    /// The member with an instance id.
    pub(super) fn static_member(&self, instance_id: &str) -> Option<&Str> {
        self.static_members.get(instance_id)
    }

    /// Who has a partition, or has still to give it back.
    pub(super) fn owner(&self, topic_id: Uuid, partition: i32) -> Option<&Str> {
        self.owners.get(&(topic_id, partition))
    }

    /// Whether a member is subscribed to the topic.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        self.topic_counts.contains_key(topic)
            || self.regexes.values().any(|resolved| resolved.topics.contains(topic))
    }

    /// Topics have changed: they are looked at with the next heartbeat.
    pub(crate) fn topics_changed(&mut self) {
        self.checked_in_epoch = None;
    }

    /// Whether the topics have to be looked at. An epoch that was not written takes its look back.
    pub(super) fn is_check_due(&self) -> bool {
        self.checked_in_epoch.is_none_or(|checked| self.epoch.epoch < checked)
    }

    /// The name of the state that clients see (kafka-semantics 134).
    pub(crate) fn state_name(&self) -> &'static str {
        let target_epoch = self.target_epoch.epoch;
        if self.is_empty() {
            "Empty"
        } else if self.epoch.epoch > target_epoch {
            "Assigning"
        } else if self.members().all(|(_, member, _)| member.is_reconciled_to(target_epoch)) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// A record of this group.
    pub(crate) fn record(&self, part: Part) -> Record {
        record(&self.id, part)
    }

    /// What removes the group, in Kafka's order.
    pub(crate) fn add_tombstones(&self, records: &mut Vec<Record>) {
        let ids = || self.members.keys().cloned();
        let parts = ids()
            .map(|member_id| Part::Current(member_id, None))
            .chain(ids().map(|member_id| Part::Target(member_id, None)))
            .chain([Part::TargetEpoch(None)])
            .chain(ids().map(|member_id| Part::Member(member_id, None)))
            .chain(self.regexes.keys().cloned().map(|regex| Part::Regex(regex, None)))
            .chain([Part::PartitionMetadata(None), Part::Epoch(None)]);
        records.extend(parts.map(|part| self.record(part)));
    }
}

/// A record of a group.
pub(super) fn record(group_id: &Str, part: Part) -> Record {
    Record::Part { group_id: group_id.clone(), part: crate::part::Part::Consumer(part) }
}

fn set<T>(map: &mut BTreeMap<Str, T>, key: &Str, value: Option<T>) -> Option<T> {
    match value {
        Some(value) => map.insert(key.detach(), value),
        None => map.remove(key),
    }
}

fn count(counts: &mut BTreeMap<Str, usize>, key: &Str) {
    match counts.get_mut(key) {
        Some(count) => *count += 1,
        None => drop(counts.insert(key.clone(), 1)),
    }
}

fn uncount(counts: &mut BTreeMap<Str, usize>, key: &Str) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
