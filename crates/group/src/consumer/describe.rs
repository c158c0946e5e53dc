//! How ConsumerGroupDescribe shows a group.

use std::collections::{BTreeMap, BTreeSet};

use wire::{Str, Uuid};

use super::assign::Assignor;
use super::member::{Member, Subscription};
use super::request::{DescribedConsumer, DescribedConsumerGroup};
use super::state::ConsumerGroup;
use crate::cluster::Cluster;

/// Partitions by topic, with the topic's name.
type Assignment = Vec<(Uuid, Str, Vec<i32>)>;

impl ConsumerGroup {
    /// The group as it is shown.
    pub(crate) fn describe(
        &self,
        default_assignor: Assignor,
        cluster: &dyn Cluster,
    ) -> DescribedConsumerGroup {
        let preferred = self.assignor_counts.iter().max_by_key(|(_, count)| **count);
        let members = self.members().map(|(member_id, member, subscription)| {
            self.describe_member(member_id, member, subscription, cluster)
        });
        DescribedConsumerGroup {
            group_id: self.id.clone(),
            state: self.state_name(),
            epoch: self.epoch.epoch,
            assignment_epoch: self.target_epoch.epoch,
            assignor: match preferred {
                Some((name, _)) => name.clone(),
                None => Str::from_static(default_assignor.name()),
            },
            members: members.collect(),
        }
    }

    /// A member answers for what it has to give back until it has done so.
    fn describe_member(
        &self,
        member_id: &Str,
        member: &Member,
        subscription: &Subscription,
        cluster: &dyn Cluster,
    ) -> DescribedConsumer {
        let mut owned: BTreeMap<Uuid, BTreeSet<i32>> = BTreeMap::new();
        for (topic_id, index) in member.current.iter().flat_map(|current| current.owned()) {
            owned.entry(topic_id).or_default().insert(index);
        }
        let target = self.targets.get(member_id);
        DescribedConsumer {
            member_id: member_id.clone(),
            epoch: member.epoch(),
            subscription: subscription.clone(),
            assignment: named(&owned, cluster),
            target: target.map(|target| named(target, cluster)).unwrap_or_default(),
        }
    }
}

/// Topics that are gone are not shown.
fn named(partitions: &BTreeMap<Uuid, BTreeSet<i32>>, cluster: &dyn Cluster) -> Assignment {
    let topics = partitions.iter().filter_map(|(topic_id, indexes)| {
        let name = cluster.topic_name(*topic_id)?;
        Some((*topic_id, name, indexes.iter().copied().collect()))
    });
    topics.collect()
}
