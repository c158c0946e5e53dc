//! A share group as its records say, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::Str;

use super::member::{Current, Member, Subscription};
use super::part::{Epoch, Part, TargetEpoch};
use super::states::States;
use crate::consumer::Partitions;
use crate::journal::Record;

/// A group of the protocol of KIP-932.
///
/// The first block of fields is what the records say; the second follows from it and is kept up to
/// date with every part; the last is soft.
#[derive(Clone, Debug)]
pub(crate) struct ShareGroup {
    pub(crate) id: Str,
    pub(super) epoch: Epoch,
    pub(super) target_epoch: TargetEpoch,
    pub(super) members: BTreeMap<Str, Member>,
    pub(super) targets: BTreeMap<Str, Arc<Partitions>>,
    pub(super) states: Option<Arc<States>>,

    /// How many members there are: those with a subscription.
    size: usize,
    /// How many members are subscribed to a topic.
    pub(super) topic_counts: BTreeMap<Str, usize>,

    /// The group epoch in which the topics were last looked at; none if they have to be.
    pub(super) checked_in_epoch: Option<i32>,
}

impl ShareGroup {
    /// A group without members.
    pub(crate) fn new(id: Str) -> Self {
        Self {
            id,
            epoch: Epoch::default(),
            target_epoch: TargetEpoch::default(),
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            states: None,
            size: 0,
            topic_counts: BTreeMap::new(),
            checked_in_epoch: None,
        }
    }

    /// Applies a part and gives the one that was there before.
    pub(crate) fn apply(&mut self, part: Part) -> Part {
        match part {
            Part::Epoch(epoch) => {
                let epoch = epoch.unwrap_or_default();
                Part::Epoch(Some(std::mem::replace(&mut self.epoch, epoch)))
            }
            Part::Member(member_id, value) => {
                let before = self.set_subscription(&member_id, value);
                Part::Member(member_id, before)
            }
            Part::TargetEpoch(value) => {
                let value = value.unwrap_or_default();
                Part::TargetEpoch(Some(std::mem::replace(&mut self.target_epoch, value)))
            }
            Part::Target(member_id, value) => {
                let before = match value {
                    Some(value) => self.targets.insert(member_id.detach(), value),
                    None => self.targets.remove(&member_id),
                };
                Part::Target(member_id, before)
            }
            Part::Current(member_id, value) => {
                let before = self.set_current(&member_id, value);
                Part::Current(member_id, before)
            }
            Part::States(value) => Part::States(std::mem::replace(&mut self.states, value)),
        }
    }

    fn set_subscription(
        &mut self,
        member_id: &Str,
        value: Option<Arc<Subscription>>,
    ) -> Option<Arc<Subscription>> {
        for topic in value.iter().flat_map(|after| &after.topics) {
            *self.topic_counts.entry(topic.clone()).or_default() += 1;
        }
        self.size += usize::from(value.is_some());
        let member = self.members.entry(member_id.detach()).or_default();
        let before = std::mem::replace(&mut member.subscription, value);
        self.drop_if_gone(member_id);
        self.size -= usize::from(before.is_some());
        for topic in before.iter().flat_map(|before| &before.topics) {
            uncount(&mut self.topic_counts, topic);
        }
        before
    }

    fn set_current(
        &mut self,
        member_id: &Str,
        value: Option<Arc<Current>>,
    ) -> Option<Arc<Current>> {
        let member = self.members.entry(member_id.detach()).or_default();
        let before = std::mem::replace(&mut member.current, value);
        self.drop_if_gone(member_id);
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

    /// The ids of all members.
    pub(crate) fn member_ids(&self) -> impl Iterator<Item = &Str> {
        self.members().map(|(member_id, ..)| member_id)
    }

    /// Whether a member is subscribed to the topic.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        self.topic_counts.contains_key(topic)
    }

    /// The topics that members are subscribed to, with one member's subscription replaced.
    pub(super) fn topics_with(
        &self,
        member_id: &str,
        subscription: Option<&Subscription>,
    ) -> BTreeSet<Str> {
        let before = self.member(member_id).map(|(_, subscription)| subscription);
        let only_theirs = |topic: &Str| {
            before.is_some_and(|before| before.topics.contains(topic))
                && self.topic_counts.get(topic) == Some(&1)
        };
        let others = self.topic_counts.keys().filter(|topic| !only_theirs(topic));
        let own = subscription.into_iter().flat_map(|subscription| &subscription.topics);
        others.chain(own).cloned().collect()
    }

    /// Topics have changed: they are looked at with the next heartbeat.
    pub(crate) fn topics_changed(&mut self) {
        self.checked_in_epoch = None;
    }

    /// Whether the topics have to be looked at. An epoch that was not written takes its look back.
    pub(super) fn is_check_due(&self) -> bool {
        self.checked_in_epoch.is_none_or(|checked| self.epoch.epoch < checked)
    }

    /// The name of the state that clients see.
    pub(crate) fn state_name(&self) -> &'static str {
        if self.is_empty() { "Empty" } else { "Stable" }
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
            .chain([Part::States(None), Part::Epoch(None)]);
        records.extend(parts.map(|part| self.record(part)));
    }
}

/// A record of a group.
pub(super) fn record(group_id: &Str, part: Part) -> Record {
    Record::Part { group_id: group_id.clone(), part: crate::part::Part::Share(part) }
}

fn uncount(counts: &mut BTreeMap<Str, usize>, key: &Str) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
