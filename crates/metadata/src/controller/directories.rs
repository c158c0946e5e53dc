//! Brokers say in which directory a replica is (KIP-858).

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::Uuid;

use super::error::{Error, Reason, Result};
use super::leadership::BrokerChange;
use super::partition_change::PartitionChange;
use super::{ByTopic, Controller, Decision};
use crate::image::{Partition, Topic};
use wire::stored::metadata::MetadataRecord;

/// Where replicas of a broker are.
#[derive(Clone, Debug)]
pub struct AssignReplicas {
    /// The broker.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
    /// The partitions by directory and topic.
    pub directories: Vec<(Uuid, ByTopic<Uuid, i32>)>,
}

/// What became of each replica, by directory and topic.
pub type AssignReplicasResult = Vec<(Uuid, ByTopic<Uuid, (i32, Result<(), Reason>)>)>;

impl Controller {
    /// Takes assignments of replicas to directories.
    ///
    /// A replica in a directory that is not online loses leadership and ISR.
    ///
    /// # Errors
    /// `UnsupportedVersion` below metadata.version 3.7, `StaleBrokerEpoch`.
    pub fn assign_replicas(
        &self,
        request: &AssignReplicas,
    ) -> Result<Decision<AssignReplicasResult>> {
        if !self.metadata_version().is_directory_assignment_supported() {
            let text = "Directory assignment is not supported yet.";
            return Err(Error::new(Reason::UnsupportedVersion, text));
        }
        let broker = self.check_broker_epoch(request.broker_id, request.broker_epoch)?;
        let mut records = Vec::new();
        let mut offline = BTreeSet::new();
        let mut results = Vec::with_capacity(request.directories.len());
        for (directory, topics) in &request.directories {
            let is_online = broker.has_online_directory(*directory);
            let mut of_directory = Vec::with_capacity(topics.len());
            for (topic_id, indexes) in topics {
                let of_topic = indexes.iter().map(|index| {
                    let record = self.assign(broker.id, *directory, *topic_id, *index);
                    let result = record.map(|record| {
                        records.extend(record);
                        if !is_online {
                            offline.insert((*topic_id, *index));
                        }
                    });
                    (*index, result)
                });
                of_directory.push((*topic_id, of_topic.collect()));
            }
            results.push((*directory, of_directory));
        }
        let in_offline = |topic: &Topic, index, _: &Partition| offline.contains(&(topic.id, index));
        if !offline.is_empty() {
            let removed = BrokerChange::removed(broker.id);
            self.leader_and_isr_updates(removed, in_offline, &mut records);
        }
        Ok(Decision::of(records, results))
    }

    fn assign(
        &self,
        broker_id: i32,
        directory: Uuid,
        topic_id: Uuid,
        index: i32,
    ) -> Result<Option<MetadataRecord>, Reason> {
        let topic: &Arc<Topic> = self.image.topics.by_id(topic_id).ok_or(Reason::UnknownTopicId)?;
        let partition = topic.partition(index).ok_or(Reason::UnknownTopicOrPartition)?;
        if !partition.replicas.contains(&broker_id) {
            return Err(Reason::NotLeaderOrFollower);
        }
        let may_lead = |id| self.may_lead(partition, id);
        let default_directory = |id| self.default_directory(id);
        let change = PartitionChange {
            directory: Some((broker_id, directory)),
            ..self.partition_change(topic, index, partition, &may_lead, &default_directory)
        };
        Ok(change.build().map(MetadataRecord::PartitionChange))
    }
}
