//! New topics.

use std::collections::{BTreeMap, BTreeSet};

use wire::stored::metadata::{MetadataRecord, TopicRecord};
use wire::{Str, Uuid};

use super::configs::EffectiveConfig;
use super::error::{Error, Reason, Result};
use super::names::{has_collision_characters, validate_topic_name};
use super::{Controller, Decision, PARTITIONS_PER_REQUEST_MAX, Random, placement};
use crate::image::{ConfigResource, Partition};

/// The topic of the metadata log itself.
const CLUSTER_METADATA_TOPIC: &str = "__cluster_metadata";

/// Topics to create.
#[derive(Clone, Debug, Default)]
pub struct CreateTopics {
    /// The topics.
    pub topics: Vec<NewTopic>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// Whether a broker checked the request and passed it on.
    pub is_forwarded: bool,
}

/// One topic to create.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// The name.
    pub name: Str,
    /// The number of partitions; -1 for the default, or with `assignments`.
    pub partition_count: i32,
    /// The number of replicas; -1 for the default, or with `assignments`.
    pub replication_factor: i16,
    /// The replicas of every partition, chosen by hand.
    pub assignments: Vec<ReplicaAssignment>,
    /// Configurations of the topic; Kafka refuses those without a value.
    pub configs: Vec<(Str, Option<Str>)>,
    /// Whether the response may show the topic's configurations.
    pub may_describe_configs: bool,
}

/// Replicas chosen by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaAssignment {
    /// The partition.
    pub index: i32,
    /// Its replicas, the preferred leader first.
    pub brokers: Vec<i32>,
}

/// A topic that was created.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTopic {
    /// Its id.
    pub id: Uuid,
    /// What the creator may see of it; `None` without the right to describe its configurations.
    pub description: Option<TopicDescription>,
}

/// How a new topic turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicDescription {
    /// The number of partitions.
    pub partition_count: i32,
    /// The number of replicas of each.
    pub replication_factor: i16,
    /// The configurations in effect, sorted by name.
    pub configs: Vec<EffectiveConfig>,
}

/// What became of each topic.
pub type CreateTopicsResult = Vec<(Str, Result<CreatedTopic>)>;

impl Controller {
    /// Creates topics (kafka-semantics 197, 198).
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn create_topics(
        &self,
        request: &CreateTopics,
        random: &mut dyn Random,
    ) -> Result<Decision<CreateTopicsResult>> {
        let mut refused = TakenNames::of(&request.topics);
        let topics: Vec<&NewTopic> =
            request.topics.iter().filter(|topic| !refused.contains(&topic.name)).collect();
        self.check_partition_total(&topics)?;
        let mut records = Vec::new();
        let mut results: CreateTopicsResult = Vec::with_capacity(request.topics.len());
        for topic in topics {
            let result = self.create_topic(topic, request.is_forwarded, random);
            let result = result.map(|(created, mut of_topic)| {
                records.append(&mut of_topic);
                created
            });
            results.push((topic.name.clone(), result));
        }
        super::check_record_count(&records)?;
        results.append(&mut refused.results);
        if request.validate_only {
            records.clear();
        }
        Ok(Decision::atomic(records, results))
    }

    fn check_partition_total(&self, topics: &[&NewTopic]) -> Result<()> {
        let of_topic = |topic: &&NewTopic| match (topic.assignments.len(), topic.partition_count) {
            (0, -1) => self.settings.server.node.num_partitions.max(0) as usize,
            (0, count) => count.max(0) as usize,
            (assigned, _) => assigned,
        };
        if topics.iter().map(of_topic).sum::<usize>() > PARTITIONS_PER_REQUEST_MAX {
            let text = "Excessively large number of partitions per request.";
            return Err(Error::new(Reason::PolicyViolation, text));
        }
        Ok(())
    }

    /// The topic and its records: the topic first, then its configurations, then its partitions.
    fn create_topic(
        &self,
        topic: &NewTopic,
        is_forwarded: bool,
        random: &mut dyn Random,
    ) -> Result<(CreatedTopic, Vec<MetadataRecord>)> {
        self.check_new_name(&topic.name)?;
        let configs = values(topic)?;
        let resource = ConfigResource::topic(topic.name.clone());
        let config_records = match configs.is_empty() {
            true => Vec::new(),
            false => self.set_configs_of_new_resource(&resource, &configs, is_forwarded)?,
        };
        let partitions = match topic.assignments.is_empty() {
            true => self.place_partitions(topic, random)?,
            false => self.assign_partitions(topic)?,
        };
        let id = random.uuid();
        let options = self.image.features.record_options();
        let mut records = vec![MetadataRecord::Topic(TopicRecord {
            name: topic.name.clone(),
            topic_id: id,
            ..TopicRecord::default()
        })];
        records.extend(config_records);
        records.extend((0..).zip(&partitions).map(|(index, partition)| {
            MetadataRecord::Partition(partition.to_record(id, index, options))
        }));
        let description = topic.may_describe_configs.then(|| TopicDescription {
            partition_count: partitions.len() as i32,
            replication_factor: partitions.first().map_or(0, |p| p.replicas.len() as i16),
            configs: self.effective_topic_configs(&configs),
        });
        Ok((CreatedTopic { id, description }, records))
    }

    fn check_new_name(&self, name: &str) -> Result<()> {
        // An existing name collides with itself; that it exists is the better answer.
        if self.image.topics.id(name).is_some() {
            let text = format!("Topic '{name}' already exists.");
            return Err(Error::new(Reason::TopicAlreadyExists, text));
        }
        if has_collision_characters(name)
            && let Some(existing) = self.image.topics.colliding_with(name)
        {
            let text = format!("Topic '{name}' collides with existing topic: {existing}");
            return Err(Error::new(Reason::InvalidTopic, text));
        }
        validate_topic_name(name)
    }

    fn assign_partitions(&self, topic: &NewTopic) -> Result<Vec<Partition>> {
        let refuse = |reason, text: String| Err(Error::new(reason, text));
        if topic.replication_factor != -1 {
            return refuse(
                Reason::InvalidRequest,
                "A manual partition assignment was specified, but replication factor was not set \
                 to -1."
                    .to_owned(),
            );
        }
        if topic.partition_count != -1 {
            return refuse(
                Reason::InvalidRequest,
                "A manual partition assignment was specified, but numPartitions was not set to -1."
                    .to_owned(),
            );
        }
        let mut partitions = BTreeMap::new();
        let mut replication_factor = None;
        for ReplicaAssignment { index, brokers } in &topic.assignments {
            if partitions.contains_key(index) {
                return refuse(
                    Reason::InvalidReplicaAssignment,
                    format!("Found multiple manual partition assignments for partition {index}"),
                );
            }
            self.validate_replicas(brokers, replication_factor)?;
            replication_factor = Some(brokers.len());
            let Some(partition) = self.new_partition(brokers) else {
                return refuse(Reason::InvalidReplicaAssignment, all_inactive(*index));
            };
            partitions.insert(*index, partition);
        }
        if !(0..).zip(partitions.keys()).all(|(expected, index)| expected == *index) {
            return refuse(
                Reason::InvalidReplicaAssignment,
                "partitions should be a consecutive 0-based integer sequence".to_owned(),
            );
        }
        Ok(partitions.into_values().collect())
    }

    fn place_partitions(
        &self,
        topic: &NewTopic,
        random: &mut dyn Random,
    ) -> Result<Vec<Partition>> {
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            let text = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(Error::new(Reason::InvalidReplicationFactor, text));
        }
        if topic.partition_count < -1 || topic.partition_count == 0 {
            let text = "Number of partitions was set to an invalid non-positive value.";
            return Err(Error::new(Reason::InvalidPartitions, text));
        }
        let replication_factor = match topic.replication_factor {
            -1 => self.settings.default_replication_factor(),
            replication_factor => replication_factor,
        };
        let partition_count = match topic.partition_count {
            -1 => self.settings.server.node.num_partitions,
            partition_count => partition_count,
        };
        let refused = |why: String| {
            let text =
                format!("Unable to replicate the partition {replication_factor} time(s): {why}");
            Error::new(Reason::InvalidReplicationFactor, text)
        };
        let brokers = self.usable_brokers();
        let placed =
            placement::place(&brokers, partition_count.max(0) as usize, replication_factor, random)
                .map_err(refused)?;
        let partitions = placed.iter().map(|replicas| self.new_partition(replicas));
        let partitions: Option<Vec<Partition>> = partitions.collect();
        partitions.ok_or_else(|| {
            refused("All brokers are currently fenced or in controlled shutdown.".to_owned())
        })
    }
}

/// What to say about a partition none of whose replicas could lead.
pub(super) fn all_inactive(index: i32) -> String {
    format!(
        "All brokers specified in the manual partition assignment for partition {index} are fenced \
         or in controlled shutdown."
    )
}

/// The configurations of a new topic by name; of several with one name the last counts.
fn values(topic: &NewTopic) -> Result<BTreeMap<Str, Str>> {
    let without: Vec<&str> = topic
        .configs
        .iter()
        .filter(|(_, value)| value.is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !without.is_empty() {
        let text = format!("Null value not supported for topic configs: {}", without.join(","));
        return Err(Error::new(Reason::InvalidConfig, text));
    }
    let given = topic.configs.iter();
    Ok(given.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect())
}

/// Names that are refused without a look at the rest.
struct TakenNames {
    names: BTreeSet<Str>,
    results: CreateTopicsResult,
}

impl TakenNames {
    fn of(topics: &[NewTopic]) -> Self {
        let mut counts = BTreeMap::<&Str, usize>::new();
        for topic in topics {
            *counts.entry(&topic.name).or_default() += 1;
        }
        let mut taken = Self { names: BTreeSet::new(), results: Vec::new() };
        for (name, _) in counts.iter().filter(|(_, count)| **count > 1) {
            taken.refuse(name, "Duplicate topic name.".to_owned());
        }
        for (name, _) in counts.iter().filter(|(_, count)| **count == 1) {
            if **name == CLUSTER_METADATA_TOPIC {
                let text =
                    format!("Creation of internal topic {CLUSTER_METADATA_TOPIC} is prohibited.");
                taken.refuse(name, text);
            }
        }
        taken
    }

    fn refuse(&mut self, name: &Str, text: String) {
        self.names.insert(name.clone());
        self.results.push((name.clone(), Err(Error::new(Reason::InvalidRequest, text))));
    }

    fn contains(&self, name: &Str) -> bool {
        self.names.contains(name)
    }
}
