//! Which partitions have a state at a share coordinator, and which are on the way there or away.

use std::collections::{BTreeMap, BTreeSet};

use wire::stored::group::ShareGroupStatePartitionMetadataValue;
use wire::stored::group::share_group_state_partition_metadata_value::{
    TopicInfo, TopicPartitionsInfo,
};
use wire::{Str, Uuid};

use crate::cluster::Cluster;
use crate::consumer::Partitions;

/// What Apache Kafka writes for a topic that is gone.
const UNKNOWN: Str = Str::from_static("<UNKNOWN>");

/// Partitions of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The topic's name.
    pub name: Str,
    /// The partitions.
    pub partitions: BTreeSet<i32>,
    /// Since when, in milliseconds; 0 for what was loaded. It is not stored.
    pub since_ms: i64,
}

/// The states of a group's share partitions, by topic id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// Their states shall begin.
    pub initializing: BTreeMap<Uuid, Tracked>,
    /// They have states.
    pub initialized: BTreeMap<Uuid, Tracked>,
    /// Topics whose states shall end.
    pub deleting: BTreeMap<Uuid, Str>,
}

impl States {
    /// As they are stored.
    pub(crate) fn stored(&self) -> ShareGroupStatePartitionMetadataValue {
        let partitions = |topics: &BTreeMap<Uuid, Tracked>| {
            let infos = topics.iter().map(|(topic_id, tracked)| TopicPartitionsInfo {
                topic_id: *topic_id,
                topic_name: tracked.name.clone(),
                partitions: tracked.partitions.iter().copied().collect(),
                ..TopicPartitionsInfo::default()
            });
            infos.collect()
        };
        let deleting = self.deleting.iter().map(|(topic_id, name)| TopicInfo {
            topic_id: *topic_id,
            topic_name: name.clone(),
            ..TopicInfo::default()
        });
        ShareGroupStatePartitionMetadataValue {
            initializing_topics: partitions(&self.initializing),
            initialized_topics: partitions(&self.initialized),
            deleting_topics: deleting.collect(),
            ..ShareGroupStatePartitionMetadataValue::default()
        }
    }

    /// Out of what is stored.
    pub(crate) fn load(stored: ShareGroupStatePartitionMetadataValue) -> Self {
        let load = |topics: Vec<TopicPartitionsInfo>| {
            let topics = topics.into_iter().map(|topic| {
                let partitions = topic.partitions.into_iter().collect();
                let name = topic.topic_name.detach();
                (topic.topic_id, Tracked { name, partitions, since_ms: 0 })
            });
            topics.collect()
        };
        let deleting = stored.deleting_topics.into_iter();
        Self {
            initializing: load(stored.initializing_topics),
            initialized: load(stored.initialized_topics),
            deleting: deleting.map(|topic| (topic.topic_id, topic.topic_name.detach())).collect(),
        }
    }

    /// Partitions whose states shall begin, besides others that shall.
    pub(super) fn begin(&mut self, topics: BTreeMap<Uuid, Tracked>) {
        for (topic_id, tracked) in topics {
            self.deleting.remove(&topic_id);
            add(&mut self.initializing, topic_id, tracked);
        }
    }

    /// The states of partitions have begun.
    pub(super) fn begun(&mut self, topics: &Partitions, cluster: &dyn Cluster, now_ms: i64) {
        for (topic_id, partitions) in topics {
            take(&mut self.initializing, topic_id, partitions);
            let name = cluster.topic_name(*topic_id).unwrap_or(UNKNOWN);
            let partitions = partitions.clone();
            add(&mut self.initialized, *topic_id, Tracked { name, partitions, since_ms: now_ms });
        }
    }

    /// The states of partitions could not begin; another heartbeat tries again.
    pub(super) fn failed(&mut self, topics: &Partitions) {
        for (topic_id, partitions) in topics {
            take(&mut self.initializing, topic_id, partitions);
        }
    }

    /// Topics are gone; whether that changed anything.
    pub(super) fn topics_gone(&mut self, topic_ids: &BTreeSet<Uuid>) -> bool {
        let before = self.initializing.len() + self.initialized.len() + self.deleting.len();
        self.initializing.retain(|topic_id, _| !topic_ids.contains(topic_id));
        self.initialized.retain(|topic_id, _| !topic_ids.contains(topic_id));
        self.deleting.retain(|topic_id, _| !topic_ids.contains(topic_id));
        before != self.initializing.len() + self.initialized.len() + self.deleting.len()
    }

    /// Whether a partition has a state, or is to get one since less than `retry_ms`.
    pub(super) fn is_under_way(
        &self,
        topic_id: &Uuid,
        partition: i32,
        now_ms: i64,
        retry_ms: i64,
    ) -> bool {
        let has = |tracked: &Tracked| tracked.partitions.contains(&partition);
        self.initialized.get(topic_id).is_some_and(has)
            || self.initializing.get(topic_id).is_some_and(|tracked| {
                has(tracked) && now_ms.saturating_sub(tracked.since_ms) < retry_ms
            })
    }
}

fn add(topics: &mut BTreeMap<Uuid, Tracked>, topic_id: Uuid, tracked: Tracked) {
    match topics.get_mut(&topic_id) {
        Some(known) => {
            known.partitions.extend(tracked.partitions);
            known.since_ms = known.since_ms.max(tracked.since_ms);
        }
        None => drop(topics.insert(topic_id, tracked)),
    }
}

fn take(topics: &mut BTreeMap<Uuid, Tracked>, topic_id: &Uuid, partitions: &BTreeSet<i32>) {
    let Some(known) = topics.get_mut(topic_id) else { return };
    known.partitions.retain(|partition| !partitions.contains(partition));
    if known.partitions.is_empty() {
        topics.remove(topic_id);
    }
}
