//! What happens to leaders and in-sync replicas when brokers come and go.

use std::sync::Arc;

use wire::Uuid;
use wire::stored::metadata::{
    BrokerRegistrationChangeRecord, MetadataRecord, UnregisterBrokerRecord,
};

use super::Controller;
use super::partition_change::{Election, PartitionChange};
use crate::ids::{BrokerIds, NO_LEADER};
use crate::image::{BrokerRegistration, Partition, Topic};

/// A broker that comes or goes, while the image does not show it yet.
#[derive(Clone, Copy, Default)]
pub(super) struct BrokerChange {
    /// Leaves every ISR and leads nothing.
    pub(super) removed: Option<i32>,
    /// May lead although it is still fenced.
    pub(super) added: Option<i32>,
    /// Leaves every ISR and ELR: it may have lost records.
    pub(super) unclean_shutdown: Option<i32>,
}

impl BrokerChange {
    pub(super) fn removed(broker: i32) -> Self {
        Self { removed: Some(broker), ..Self::default() }
    }
}

impl Controller {
    /// A partition with no change yet.
    pub(super) fn partition_change<'a>(
        &self,
        topic: &Topic,
        index: i32,
        partition: &'a Partition,
        is_acceptable_leader: &'a dyn Fn(i32) -> bool,
        default_directory: &'a dyn Fn(i32) -> Uuid,
    ) -> PartitionChange<'a> {
        PartitionChange {
            topic_id: topic.id,
            index,
            partition,
            options: self.image.features.record_options(),
            min_isr: self.effective_min_isr(&topic.name),
            is_acceptable_leader,
            default_directory,
            election: Election::Online,
            isr: partition.isr.clone(),
            replicas: partition.replicas.clone(),
            removing_replicas: partition.removing_replicas.clone(),
            adding_replicas: partition.adding_replicas.clone(),
            leader_recovery_state: partition.leader_recovery_state,
            unclean_shutdown: None,
            directory: None,
        }
    }

    /// Whether a broker is active and its replica's directory online.
    pub(super) fn may_lead(&self, partition: &Partition, broker: i32) -> bool {
        self.image.cluster.is_active(broker) && self.has_online_replica(partition, broker)
    }

    fn has_online_replica(&self, partition: &Partition, broker: i32) -> bool {
        let registration = self.image.cluster.broker(broker);
        registration
            .zip(partition.directory(broker))
            .is_some_and(|(registration, directory)| registration.has_online_directory(directory))
    }

    /// The election a topic allows when nobody in sync is left.
    pub(super) fn election_of(&self, topic: &str) -> Election {
        match self.is_unclean_election_enabled(topic) {
            true => Election::Unclean,
            false => Election::Online,
        }
    }

    /// New leaders and ISRs for the partitions that `concerns` picks (kafka-semantics 62).
    pub(super) fn leader_and_isr_updates(
        &self,
        change: BrokerChange,
        concerns: impl Fn(&Topic, i32, &Partition) -> bool,
        records: &mut Vec<MetadataRecord>,
    ) {
        for topic in self.image.topics.iter() {
            for (index, partition) in topic.partitions() {
                if concerns(topic, index, partition) {
                    records.extend(self.leader_and_isr_update(change, topic, index, partition));
                }
            }
        }
    }

    fn leader_and_isr_update(
        &self,
        change: BrokerChange,
        topic: &Arc<Topic>,
        index: i32,
        partition: &Partition,
    ) -> Option<MetadataRecord> {
        let may_lead = |id: i32| {
            let gone = change.removed == Some(id) || change.unclean_shutdown == Some(id);
            let is_active = change.added == Some(id) || self.image.cluster.is_active(id);
            !gone && is_active && self.has_online_replica(partition, id)
        };
        let default_directory = |id| self.default_directory(id);
        let gone = [change.removed, change.unclean_shutdown];
        let isr: BrokerIds =
            partition.isr.iter().copied().filter(|id| !gone.contains(&Some(*id))).collect();
        let change = PartitionChange {
            election: self.election_of(&topic.name),
            isr,
            unclean_shutdown: change.unclean_shutdown,
            ..self.partition_change(topic, index, partition, &may_lead, &default_directory)
        };
        change.build().map(MetadataRecord::PartitionChange)
    }

    /// Takes a broker out of every ISR, then fences it.
    pub(super) fn fence_records(&self, broker: &BrokerRegistration) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        let id = broker.id;
        let in_isr = |_: &Topic, _, partition: &Partition| partition.isr.contains(&id);
        self.leader_and_isr_updates(BrokerChange::removed(id), in_isr, &mut records);
        records.push(MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
            fenced: 1,
            ..registration_change(broker)
        }));
        records
    }

    /// Unfences a broker, then lets it lead what nobody leads.
    pub(super) fn unfence_records(&self, broker: &BrokerRegistration) -> Vec<MetadataRecord> {
        let mut records =
            vec![MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
                fenced: -1,
                ..registration_change(broker)
            })];
        let added = BrokerChange { added: Some(broker.id), ..BrokerChange::default() };
        let leaderless = |_: &Topic, _, partition: &Partition| partition.leader == NO_LEADER;
        self.leader_and_isr_updates(added, leaderless, &mut records);
        records
    }

    /// Marks a broker as shutting down, then takes it out of every ISR (kafka-semantics 210).
    pub(super) fn controlled_shutdown_records(
        &self,
        broker: &BrokerRegistration,
    ) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        if !broker.in_controlled_shutdown {
            let change = BrokerRegistrationChangeRecord {
                in_controlled_shutdown: 1,
                ..registration_change(broker)
            };
            records.push(MetadataRecord::BrokerRegistrationChange(change));
        }
        let id = broker.id;
        let in_isr = |_: &Topic, _, partition: &Partition| partition.isr.contains(&id);
        self.leader_and_isr_updates(BrokerChange::removed(id), in_isr, &mut records);
        records
    }

    /// Takes a broker out of every ISR and ELR, then forgets it.
    pub(super) fn unregister_records(&self, broker: &BrokerRegistration) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        let (id, removed) = (broker.id, BrokerChange::removed(broker.id));
        let in_isr = |_: &Topic, _, partition: &Partition| partition.isr.contains(&id);
        self.leader_and_isr_updates(removed, in_isr, &mut records);
        let in_elr = |_: &Topic, _, p: &Partition| p.eligible_leader_replicas.contains(&id);
        self.leader_and_isr_updates(removed, in_elr, &mut records);
        records.push(MetadataRecord::UnregisterBroker(UnregisterBrokerRecord {
            broker_id: id,
            broker_epoch: broker.epoch,
            ..UnregisterBrokerRecord::default()
        }));
        records
    }

    /// What the last incarnation of a broker leaves behind (kafka-semantics 56).
    pub(super) fn shutdown_records(&self, id: i32, is_clean: bool) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        let in_isr = |_: &Topic, _, partition: &Partition| partition.isr.contains(&id);
        if is_clean || !self.image.features.is_elr_enabled() {
            self.leader_and_isr_updates(BrokerChange::removed(id), in_isr, &mut records);
            return records;
        }
        let unclean = BrokerChange { unclean_shutdown: Some(id), ..BrokerChange::default() };
        self.leader_and_isr_updates(unclean, in_isr, &mut records);
        let in_elr = |_: &Topic, _, p: &Partition| p.eligible_leader_replicas.contains(&id);
        self.leader_and_isr_updates(unclean, in_elr, &mut records);
        records
    }

    /// Whether a broker leads anything.
    pub(super) fn has_leaderships(&self, id: i32) -> bool {
        let mut partitions = self.image.topics.iter().flat_map(|topic| topic.partitions());
        partitions.any(|(_, partition)| partition.leader == id)
    }
}

/// A change of a registration that changes nothing yet.
pub(super) fn registration_change(broker: &BrokerRegistration) -> BrokerRegistrationChangeRecord {
    BrokerRegistrationChangeRecord {
        broker_id: broker.id,
        broker_epoch: broker.epoch,
        ..BrokerRegistrationChangeRecord::default()
    }
}
