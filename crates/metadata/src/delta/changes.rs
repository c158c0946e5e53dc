//! What a delta changed, by kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::Uuid;

use crate::image::{ConfigResource, Election, Image, QuotaEntity, Replayed, ResourceType, Topic};

/// Everything that is different in the new image.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Whether a feature level changed.
    pub features: bool,
    /// Brokers that were registered, changed or removed.
    pub brokers: BTreeSet<i32>,
    /// Controllers that were registered.
    pub controllers: BTreeSet<i32>,
    /// Topics of the new image that were created or changed.
    pub topics: BTreeMap<Uuid, TopicChange>,
    /// Topics of the old image that are gone.
    pub deleted_topics: Vec<Arc<Topic>>,
    /// Resources whose configurations changed, those of deleted topics included.
    pub configs: BTreeSet<ConfigResource>,
    /// Entities whose quotas changed.
    pub client_quotas: BTreeSet<QuotaEntity>,
    /// Whether producer ids were handed out.
    pub producer_ids: bool,
    /// ACLs that were added or removed.
    pub acls: BTreeSet<Uuid>,
    /// Whether a SCRAM credential changed.
    pub scram: bool,
    /// Whether a delegation token changed.
    pub delegation_tokens: bool,
    /// Leaders elected from the eligible leader replicas.
    pub elr_election_count: u64,
    /// Leaders elected from outside ISR and ELR.
    pub unclean_election_count: u64,
}

/// How a topic changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicChange {
    /// It is new, with all its partitions.
    Created,
    /// These partitions are new or changed.
    Changed(BTreeSet<i32>),
}

impl Changes {
    /// Whether nothing anybody follows changed.
    pub fn is_empty(&self) -> bool {
        !self.features
            && self.brokers.is_empty()
            && self.controllers.is_empty()
            && self.topics.is_empty()
            && self.deleted_topics.is_empty()
            && self.configs.is_empty()
            && self.client_quotas.is_empty()
            && !self.producer_ids
            && self.acls.is_empty()
            && !self.scram
            && !self.delegation_tokens
    }

    pub(super) fn collect(&mut self, replayed: Replayed, before: &Image) {
        match replayed {
            Replayed::Nothing => {}
            Replayed::Features => self.features = true,
            Replayed::Broker(id) => {
                self.brokers.insert(id);
            }
            Replayed::Controller(id) => {
                self.controllers.insert(id);
            }
            Replayed::TopicCreated(id) => {
                self.topics.insert(id, TopicChange::Created);
            }
            Replayed::TopicRemoved(topic, configs) => {
                self.topics.remove(&topic.id);
                self.deleted_topics.extend(before.topics.by_id(topic.id).cloned());
                self.configs.extend(configs);
            }
            Replayed::Partition { topic_id, index, election } => {
                self.partition(topic_id, index);
                match election {
                    Election::Ordinary => {}
                    Election::EligibleLeaderReplica => self.elr_election_count += 1,
                    Election::Unclean => self.unclean_election_count += 1,
                }
            }
            Replayed::ElrCleared(partitions) => {
                partitions.into_iter().for_each(|(id, index)| self.partition(id, index));
            }
            Replayed::Config(resource) => {
                self.configs.insert(resource);
            }
            Replayed::ClientQuota(entity) => {
                self.client_quotas.insert(entity);
            }
            Replayed::ProducerIds => self.producer_ids = true,
            Replayed::Acl(id) => {
                self.acls.insert(id);
            }
            Replayed::Scram => self.scram = true,
            Replayed::DelegationTokens => self.delegation_tokens = true,
        }
    }

    fn partition(&mut self, topic_id: Uuid, index: i32) {
        let change = self.topics.entry(topic_id);
        match change.or_insert_with(|| TopicChange::Changed(BTreeSet::new())) {
            TopicChange::Created => {}
            TopicChange::Changed(partitions) => {
                partitions.insert(index);
            }
        }
    }

    /// The differences between two images.
    pub(super) fn between(before: &Image, after: &Image) -> Self {
        let mut changes = Self {
            features: before.features != after.features,
            producer_ids: before.next_producer_id != after.next_producer_id,
            scram: before.scram != after.scram,
            delegation_tokens: before.delegation_tokens != after.delegation_tokens,
            brokers: differing(&before.cluster.brokers, &after.cluster.brokers),
            controllers: differing(&before.cluster.controllers, &after.cluster.controllers),
            acls: differing(&before.acls.acls, &after.acls.acls),
            client_quotas: differing(&before.client_quotas.entities, &after.client_quotas.entities),
            ..Self::default()
        };
        changes.topics_between(before, after);
        let (old, new) = (&before.configs, &after.configs);
        let resources = old.iter().chain(new.iter()).map(|(resource, _)| resource);
        let differing = resources.filter(|resource| old.get(resource) != new.get(resource));
        changes.configs = differing.cloned().collect();
        changes
    }

    fn topics_between(&mut self, before: &Image, after: &Image) {
        for topic in after.topics.iter() {
            let Some(old) = before.topics.by_id(topic.id) else {
                self.topics.insert(topic.id, TopicChange::Created);
                continue;
            };
            let changed = |(index, partition)| old.partition(index) != Some(partition);
            let indexes = topic.partitions().filter(|p| changed(*p)).map(|(index, _)| index);
            let indexes: BTreeSet<i32> = indexes.collect();
            if !indexes.is_empty() {
                self.topics.insert(topic.id, TopicChange::Changed(indexes));
            }
        }
        let gone = before.topics.iter().filter(|topic| after.topics.by_id(topic.id).is_none());
        self.deleted_topics.extend(gone.cloned());
    }

    /// Whether configurations of any resource of this type changed.
    pub fn configs_changed(&self, resource_type: ResourceType) -> bool {
        self.configs.iter().any(|resource| resource.resource_type == resource_type)
    }
}

fn differing<K: Ord + Clone, V: PartialEq>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
) -> BTreeSet<K> {
    let keys = before.keys().chain(after.keys());
    keys.filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}
