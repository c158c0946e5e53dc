//! One record applied to an image: the same code when the log is loaded and while the cluster runs.

use std::sync::Arc;

use wire::Uuid;
use wire::stored::metadata::{MetadataRecord, PartitionChangeRecord};

use super::{ConfigResource, Image, LeaderRecoveryState, Partition, QuotaEntity, Topic};
use crate::error::{ReplayError, Result};

/// What a record changed, for [`crate::Delta`] to collect.
#[derive(Debug)]
pub(crate) enum Replayed {
    /// Nothing anybody follows.
    Nothing,
    Features,
    Broker(i32),
    Controller(i32),
    TopicCreated(Uuid),
    /// The topic that is gone, and its configurations if it had any.
    TopicRemoved(Arc<Topic>, Option<ConfigResource>),
    /// A partition of a topic, and what kind of election gave it its leader.
    Partition {
        topic_id: Uuid,
        index: i32,
        election: Election,
    },
    /// Partitions whose eligible leader replicas are forgotten.
    ElrCleared(Vec<(Uuid, i32)>),
    Config(ConfigResource),
    ClientQuota(QuotaEntity),
    ProducerIds,
    Acl(Uuid),
    Scram,
    DelegationTokens,
}

/// How the leader of a change was elected, as far as anybody counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Election {
    /// From the ISR, or not at all.
    Ordinary,
    /// From the eligible leader replicas.
    EligibleLeaderReplica,
    /// From outside both: records may be lost.
    Unclean,
}

impl Image {
    /// Applies the record at `offset` in place. Whoever holds a clone keeps what it saw.
    pub(crate) fn replay(&mut self, offset: i64, record: &MetadataRecord) -> Result<Replayed> {
        match record {
            MetadataRecord::RegisterBroker(record) => {
                Arc::make_mut(&mut self.cluster).register_broker(record, offset);
                Ok(Replayed::Broker(record.broker_id))
            }
            MetadataRecord::UnregisterBroker(record) => {
                let cluster = Arc::make_mut(&mut self.cluster);
                cluster.unregister_broker(record.broker_id, record.broker_epoch)?;
                Ok(Replayed::Broker(record.broker_id))
            }
            MetadataRecord::FenceBroker(record) => {
                Arc::make_mut(&mut self.cluster).set_fenced(record.id, record.epoch, true)?;
                Ok(Replayed::Broker(record.id))
            }
            MetadataRecord::UnfenceBroker(record) => {
                Arc::make_mut(&mut self.cluster).set_fenced(record.id, record.epoch, false)?;
                Ok(Replayed::Broker(record.id))
            }
            MetadataRecord::BrokerRegistrationChange(record) => {
                Arc::make_mut(&mut self.cluster).change_broker(record)?;
                Ok(Replayed::Broker(record.broker_id))
            }
            MetadataRecord::RegisterController(record) => {
                Arc::make_mut(&mut self.cluster).register_controller(record);
                Ok(Replayed::Controller(record.controller_id))
            }
            MetadataRecord::FeatureLevel(record) => {
                Arc::make_mut(&mut self.features).replay(record)?;
                Ok(Replayed::Features)
            }
            MetadataRecord::ProducerIds(record) => {
                self.next_producer_id = Some(record.next_producer_id);
                Ok(Replayed::ProducerIds)
            }
            MetadataRecord::Topic(_)
            | MetadataRecord::RemoveTopic(_)
            | MetadataRecord::Partition(_)
            | MetadataRecord::PartitionChange(_)
            | MetadataRecord::ClearElr(_) => self.replay_topic(record),
            MetadataRecord::Config(record) => {
                let changed = self.configs.replay(record)?;
                Ok(changed.map_or(Replayed::Nothing, Replayed::Config))
            }
            MetadataRecord::ClientQuota(record) => {
                let quotas = Arc::make_mut(&mut self.client_quotas);
                Ok(Replayed::ClientQuota(quotas.replay(record)))
            }
            MetadataRecord::AccessControlEntry(_)
            | MetadataRecord::RemoveAccessControlEntry(_)
            | MetadataRecord::UserScramCredential(_)
            | MetadataRecord::RemoveUserScramCredential(_)
            | MetadataRecord::DelegationToken(_)
            | MetadataRecord::RemoveDelegationToken(_) => self.replay_security(record),
            MetadataRecord::NoOp(_)
            | MetadataRecord::ZkMigrationState(_)
            | MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => Ok(Replayed::Nothing),
        }
    }

    fn replay_topic(&mut self, record: &MetadataRecord) -> Result<Replayed> {
        match record {
            MetadataRecord::Topic(record) => {
                self.topics.create(record.name.detach(), record.topic_id)?;
                Ok(Replayed::TopicCreated(record.topic_id))
            }
            MetadataRecord::RemoveTopic(record) => {
                let topic = self.topics.remove(record.topic_id)?;
                let configs = self.configs.remove_topic(&topic.name);
                Ok(Replayed::TopicRemoved(topic, configs))
            }
            MetadataRecord::Partition(record) => {
                let partition = Partition::from_record(record)?;
                let (topic_id, index) = (record.topic_id, record.partition_id);
                self.topics.set_partition(topic_id, index, partition)?;
                Ok(Replayed::Partition { topic_id, index, election: Election::Ordinary })
            }
            MetadataRecord::PartitionChange(record) => self.change_partition(record),
            MetadataRecord::ClearElr(record) => self.clear_elr(&record.topic_name),
            _ => Ok(Replayed::Nothing),
        }
    }

    fn change_partition(&mut self, record: &PartitionChangeRecord) -> Result<Replayed> {
        let (topic_id, index) = (record.topic_id, record.partition_id);
        let topic = self.topics.by_id(topic_id).ok_or(ReplayError::UnknownTopicId(topic_id))?;
        let unknown = ReplayError::UnknownPartition { topic_id, index };
        let before = topic.partition(index).ok_or(unknown)?;
        let election = if record.leader_recovery_state == LeaderRecoveryState::Recovering.value() {
            Election::Unclean
        } else if before.eligible_leader_replicas.contains(&record.leader) {
            Election::EligibleLeaderReplica
        } else {
            Election::Ordinary
        };
        let after = before.merge(record)?;
        self.topics.set_partition(topic_id, index, after)?;
        Ok(Replayed::Partition { topic_id, index, election })
    }

    /// Forgets the eligible leader replicas of a topic, or of all for the empty name:
    /// `min.insync.replicas` changed, and with it what they mean (kafka-semantics 59).
    fn clear_elr(&mut self, name: &str) -> Result<Replayed> {
        let topics: Vec<Arc<Topic>> = if name.is_empty() {
            self.topics.iter().cloned().collect()
        } else {
            let topic = self.topics.by_name(name).cloned();
            vec![topic.ok_or_else(|| ReplayError::UnknownTopicName(name.to_owned()))?]
        };
        let clear = PartitionChangeRecord {
            eligible_leader_replicas: Some(Vec::new()),
            last_known_elr: Some(Vec::new()),
            ..PartitionChangeRecord::default()
        };
        let mut cleared = Vec::new();
        for topic in topics {
            for (index, partition) in topic.partitions() {
                let (elr, last) = (&partition.eligible_leader_replicas, &partition.last_known_elr);
                if !elr.is_empty() || !last.is_empty() {
                    self.topics.set_partition(topic.id, index, partition.merge(&clear)?)?;
                    cleared.push((topic.id, index));
                }
            }
        }
        Ok(Replayed::ElrCleared(cleared))
    }

    fn replay_security(&mut self, record: &MetadataRecord) -> Result<Replayed> {
        match record {
            MetadataRecord::AccessControlEntry(record) => {
                Arc::make_mut(&mut self.acls).replay(record);
                Ok(Replayed::Acl(record.id))
            }
            MetadataRecord::RemoveAccessControlEntry(record) => {
                Arc::make_mut(&mut self.acls).replay_removal(record)?;
                Ok(Replayed::Acl(record.id))
            }
            MetadataRecord::UserScramCredential(record) => {
                Arc::make_mut(&mut self.scram).replay(record)?;
                Ok(Replayed::Scram)
            }
            MetadataRecord::RemoveUserScramCredential(record) => {
                let scram = Arc::make_mut(&mut self.scram);
                scram.replay_removal(record.mechanism, &record.name);
                Ok(Replayed::Scram)
            }
            MetadataRecord::DelegationToken(record) => {
                Arc::make_mut(&mut self.delegation_tokens).replay(record);
                Ok(Replayed::DelegationTokens)
            }
            MetadataRecord::RemoveDelegationToken(record) => {
                Arc::make_mut(&mut self.delegation_tokens).replay_removal(&record.token_id);
                Ok(Replayed::DelegationTokens)
            }
            _ => Ok(Replayed::Nothing),
        }
    }
}
