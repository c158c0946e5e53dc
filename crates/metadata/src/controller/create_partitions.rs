//! Topics that grow.

use std::collections::BTreeMap;

use wire::Str;

use super::create_topics::all_inactive;
use super::error::{Error, Reason, Result};
use super::{Controller, Decision, Random, check_record_count, placement};
use crate::image::{Partition, Topic};
use wire::stored::metadata::MetadataRecord;

/// Topics to give more partitions.
#[derive(Clone, Debug, Default)]
pub struct CreatePartitions {
    /// The topics.
    pub topics: Vec<GrowTopic>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// One topic to give more partitions.
#[derive(Clone, Debug)]
pub struct GrowTopic {
    /// The topic.
    pub name: Str,
    /// How many partitions it is to have.
    pub count: i32,
    /// The replicas of each new partition, chosen by hand.
    pub assignments: Option<Vec<Vec<i32>>>,
}

/// What became of each topic.
pub type CreatePartitionsResult = Vec<(Str, Result<()>)>;

impl Controller {
    /// Adds partitions to topics (kafka-semantics 201).
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn create_partitions(
        &self,
        request: &CreatePartitions,
        random: &mut dyn Random,
    ) -> Result<Decision<CreatePartitionsResult>> {
        let mut counts = BTreeMap::<&Str, usize>::new();
        for topic in &request.topics {
            *counts.entry(&topic.name).or_default() += 1;
        }
        let duplicate = || Error::new(Reason::InvalidRequest, "Duplicate topic name.");
        let mut results: CreatePartitionsResult = counts
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(name, _)| ((*name).clone(), Err(duplicate())))
            .collect();
        let mut records = Vec::new();
        for topic in request.topics.iter().filter(|topic| counts[&topic.name] == 1) {
            let result = self.grow_topic(topic, random);
            results.push((topic.name.clone(), result.map(|mut new| records.append(&mut new))));
            check_record_count(&records)?;
        }
        if request.validate_only {
            records.clear();
        }
        Ok(Decision::atomic(records, results))
    }

    fn grow_topic(
        &self,
        request: &GrowTopic,
        random: &mut dyn Random,
    ) -> Result<Vec<MetadataRecord>> {
        let unknown = || Error::without_text(Reason::UnknownTopicOrPartition);
        let topic = self.image.topics.by_name(&request.name).ok_or_else(unknown)?;
        let added = added_count(topic, request)?;
        let replication_factor = topic.partitions().next().map_or(0, |(_, p)| p.replicas.len());
        let start = topic.partition_count() as i32;
        let partitions = match &request.assignments {
            Some(assignments) => self.assigned(assignments, start, replication_factor)?,
            None => self.placed(added, replication_factor, random)?,
        };
        let options = self.image.features.record_options();
        let records = (start..).zip(&partitions).map(|(index, partition)| {
            MetadataRecord::Partition(partition.to_record(topic.id, index, options))
        });
        Ok(records.collect())
    }

    fn assigned(
        &self,
        assignments: &[Vec<i32>],
        start: i32,
        replication_factor: usize,
    ) -> Result<Vec<Partition>> {
        let assigned = (start..).zip(assignments).map(|(index, replicas)| {
            self.validate_replicas(replicas, Some(replication_factor))?;
            self.new_partition(replicas)
                .ok_or_else(|| Error::new(Reason::InvalidReplicaAssignment, all_inactive(index)))
        });
        assigned.collect()
    }

    fn placed(
        &self,
        count: usize,
        replication_factor: usize,
        random: &mut dyn Random,
    ) -> Result<Vec<Partition>> {
        if count > super::PARTITIONS_PER_REQUEST_MAX {
            return Err(super::too_large());
        }
        let brokers = self.usable_brokers();
        let wanted = i16::try_from(replication_factor).unwrap_or(i16::MAX);
        let placed = placement::place(&brokers, count, wanted, random)
            .map_err(|text| Error::new(Reason::InvalidReplicationFactor, text))?;
        let partitions = placed.iter().map(|replicas| {
            self.new_partition(replicas).ok_or_else(|| {
                let text = format!(
                    "Unable to replicate the partition {replication_factor} time(s): All brokers \
                     are currently fenced or in controlled shutdown."
                );
                Error::new(Reason::InvalidReplicationFactor, text)
            })
        });
        partitions.collect()
    }
}

/// How many partitions the topic is to get.
fn added_count(topic: &Topic, request: &GrowTopic) -> Result<usize> {
    let current = topic.partition_count();
    let wanted = usize::try_from(request.count).unwrap_or(0);
    if request.count >= 0 && wanted == current {
        let text = format!("Topic already has {current} partition(s).");
        return Err(Error::new(Reason::InvalidPartitions, text));
    }
    if wanted < current {
        let text = format!(
            "The topic {} currently has {current} partition(s); {} would not be an increase.",
            request.name, request.count
        );
        return Err(Error::new(Reason::InvalidPartitions, text));
    }
    let added = wanted - current;
    match &request.assignments {
        Some(assignments) if assignments.len() != added => {
            let text = format!(
                "Attempted to add {added} additional partition(s), but only {} assignment(s) were \
                 specified.",
                assignments.len()
            );
            Err(Error::new(Reason::InvalidReplicaAssignment, text))
        }
        _ => Ok(added),
    }
}
