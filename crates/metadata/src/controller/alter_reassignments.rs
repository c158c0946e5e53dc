//! Reassignments somebody asks for or asks about.

use std::collections::BTreeSet;

use wire::Str;

use super::error::{Error, Reason, Result};
use super::partition_change::PartitionChange;
use super::{ByTopic, Controller, Decision, check_record_count};
use crate::ids::BrokerIds;
use crate::image::{Image, Partition, Topic};
use wire::stored::metadata::MetadataRecord;

/// Reassignments to start or cancel.
#[derive(Clone, Debug)]
pub struct AlterReassignments {
    /// The partitions by topic.
    pub topics: ByTopic<Str, Reassign>,
    /// Whether the number of replicas may change (KIP-860).
    pub allow_replication_factor_change: bool,
}

/// One partition to move.
#[derive(Clone, Debug)]
pub struct Reassign {
    /// The partition.
    pub index: i32,
    /// Its new replicas; `None` cancels what runs.
    pub replicas: Option<Vec<i32>>,
}

/// What became of each partition, by topic.
pub type AlterReassignmentsResult = ByTopic<Str, (i32, Result<()>)>;

/// A reassignment that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OngoingReassignment {
    /// The partition.
    pub index: i32,
    /// Current and target replicas.
    pub replicas: BrokerIds,
    /// Replicas that are added.
    pub adding_replicas: BrokerIds,
    /// Replicas that will be removed.
    pub removing_replicas: BrokerIds,
}

impl Controller {
    /// Starts and cancels reassignments (kafka-semantics 203, 204).
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn alter_reassignments(
        &self,
        request: &AlterReassignments,
    ) -> Result<Decision<AlterReassignmentsResult>> {
        let mut records = Vec::new();
        let mut results = Vec::with_capacity(request.topics.len());
        for (name, partitions) in &request.topics {
            let of_topic = partitions.iter().map(|wanted| {
                let may_change = request.allow_replication_factor_change;
                let result = self.alter_reassignment(name, wanted, may_change);
                (wanted.index, result.map(|record| records.extend(record)))
            });
            results.push((name.clone(), of_topic.collect()));
        }
        check_record_count(&records)?;
        Ok(Decision::atomic(records, results))
    }

    fn alter_reassignment(
        &self,
        name: &str,
        wanted: &Reassign,
        may_change_replication_factor: bool,
    ) -> Result<Option<MetadataRecord>> {
        let unknown = |text: String| Error::new(Reason::UnknownTopicOrPartition, text);
        let Some(topic) = self.image.topics.by_name(name) else {
            return Err(unknown(format!("Unable to find a topic named {name}.")));
        };
        let index = wanted.index;
        let Some(partition) = topic.partition(index) else {
            return Err(unknown(format!("Unable to find partition {name}:{index}.")));
        };
        match &wanted.replicas {
            None => self.cancel_reassignment(topic, index, partition),
            Some(replicas) => {
                self.validate_replicas(replicas, None)?;
                if !may_change_replication_factor {
                    check_replication_factor(partition, replicas.len())?;
                }
                Ok(self.start_reassignment(topic, index, partition, replicas))
            }
        }
    }

    /// Replicas become the wanted ones and, behind them, those to be removed.
    fn start_reassignment(
        &self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
        wanted: &[i32],
    ) -> Option<MetadataRecord> {
        let sorted_difference = |a: &[i32], b: &[i32]| -> BTreeSet<i32> {
            a.iter().filter(|id| !b.contains(id)).copied().collect()
        };
        let removing = sorted_difference(&partition.replicas, wanted);
        let adding = sorted_difference(wanted, &partition.replicas);
        let replicas: BrokerIds = wanted.iter().chain(&removing).copied().collect();
        let may_lead = |id| self.may_lead(partition, id);
        let default_directory = |id| self.default_directory(id);
        let mut change =
            self.partition_change(topic, index, partition, &may_lead, &default_directory);
        change.replicas = replicas;
        if !removing.is_empty() {
            change.removing_replicas = removing.into_iter().collect();
        }
        if !adding.is_empty() {
            change.adding_replicas = adding.into_iter().collect();
        }
        change.build().map(MetadataRecord::PartitionChange)
    }

    /// Replicas become what they were; with nobody of them in sync that is an unclean election.
    fn cancel_reassignment(
        &self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
    ) -> Result<Option<MetadataRecord>> {
        if !partition.is_reassigning() {
            return Err(Error::without_text(Reason::NoReassignmentInProgress));
        }
        let is_original = |id: &i32| !partition.adding_replicas.contains(id);
        let replicas: BrokerIds = partition.replicas.iter().copied().filter(is_original).collect();
        let mut isr: BrokerIds = partition.isr.iter().copied().filter(is_original).collect();
        if isr.is_empty() {
            let Some(first) = replicas.first() else {
                let text = "Invalid replica assignment: addingReplicas contains all replicas.";
                return Err(Error::new(Reason::InvalidReplicaAssignment, text));
            };
            if !self.is_unclean_election_enabled(&topic.name) {
                let text = format!(
                    "Unable to revert partition assignment for {}:{index} because it would require \
                     an unclean leader election.",
                    topic.name
                );
                return Err(Error::new(Reason::InvalidReplicaAssignment, text));
            }
            isr = BrokerIds::from([*first]);
        }
        let may_lead = |id| self.may_lead(partition, id);
        let default_directory = |id| self.default_directory(id);
        let change = PartitionChange {
            election: self.election_of(&topic.name),
            isr,
            replicas,
            removing_replicas: BrokerIds::EMPTY,
            adding_replicas: BrokerIds::EMPTY,
            ..self.partition_change(topic, index, partition, &may_lead, &default_directory)
        };
        Ok(change.build().map(MetadataRecord::PartitionChange))
    }
}

impl Image {
    /// The reassignments that run: of all topics, or of these partitions.
    pub fn list_reassignments(
        &self,
        wanted: Option<&[(Str, Vec<i32>)]>,
    ) -> ByTopic<Str, OngoingReassignment> {
        let topics = &self.topics;
        let found: ByTopic<Str, OngoingReassignment> = match wanted {
            None => topics
                .sorted_by_name()
                .into_iter()
                .map(|topic| {
                    let ongoing = topic.partitions().filter_map(|(i, p)| ongoing(i, p));
                    (topic.name.clone(), ongoing.collect())
                })
                .collect(),
            Some(wanted) => wanted
                .iter()
                .filter_map(|(name, indexes)| Some((topics.by_name(name)?, indexes)))
                .map(|(topic, indexes)| {
                    let partitions =
                        indexes.iter().filter_map(|i| Some((*i, topic.partition(*i)?)));
                    let ongoing = partitions.filter_map(|(i, p)| ongoing(i, p));
                    (topic.name.clone(), ongoing.collect())
                })
                .collect(),
        };
        found.into_iter().filter(|(_, ongoing)| !ongoing.is_empty()).collect()
    }
}

fn ongoing(index: i32, partition: &Partition) -> Option<OngoingReassignment> {
    partition.is_reassigning().then(|| OngoingReassignment {
        index,
        replicas: partition.replicas.clone(),
        adding_replicas: partition.adding_replicas.clone(),
        removing_replicas: partition.removing_replicas.clone(),
    })
}

/// The number of replicas once a running reassignment is done must stay.
fn check_replication_factor(partition: &Partition, wanted: usize) -> Result<()> {
    let stays = |id: &&i32| !partition.removing_replicas.contains(id);
    let current = match partition.is_reassigning() {
        true => partition
            .replicas
            .iter()
            .chain(&partition.adding_replicas)
            .filter(stays)
            .collect::<BTreeSet<_>>()
            .len(),
        false => partition.replicas.len(),
    };
    if current == wanted {
        return Ok(());
    }
    let text = format!("The replication factor is changed from {current} to {wanted}");
    Err(Error::new(Reason::InvalidReplicationFactor, text))
}
